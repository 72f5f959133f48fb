//! Values sealed at rest: AES-256-GCM (NIST SP 800-38D) by `ring`, under a key of its own for each purpose.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce};
use zeroize::Zeroizing;

use crate::{KeysError, MasterKey, secrets};

/// What sealed values are for. Each purpose has its own key, derived from the master key: what was sealed for one
/// does not open for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Purpose(&'static str);

impl Purpose {
    /// Private signing keys; the row is the `kid`.
    pub const SIGNING_KEY: Self = Self::new("signing-key");
    /// The secret of a refresh-token family; the row is the session's id.
    pub const SESSION: Self = Self::new("session");
    /// A login on its way to an identity provider and back; the row is the hash of its `state`.
    pub const LOGIN_STATE: Self = Self::new("login-state");
    /// A provider's token on its way to a front end; the row is the hash of its code.
    pub const RELAY_CODE: Self = Self::new("relay-code");

    /// Names and networks under which failed logins are counted.
    pub const LOGIN_FAILURES: Self = Self::new("login-failures");

    /// A purpose of this name. Two purposes must not share one, and a name must not change while values that were
    /// sealed for it exist.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    pub(crate) const fn name(self) -> &'static str {
        self.0
    }
}

/// The first octet of what is sealed, so that the rest can change one day.
const VERSION: u8 = 1;

impl MasterKey {
    /// Seals a value for one row of one purpose: version, nonce of 96 random bits, ciphertext, tag.
    ///
    /// Random nonces bound how often one key may seal: 2^32 times for each purpose (NIST SP 800-38D §8.3).
    ///
    /// # Errors
    /// [`KeysError::Randomness`].
    pub fn seal(&self, purpose: Purpose, row: &[u8], value: &[u8]) -> Result<Vec<u8>, KeysError> {
        let nonce: [u8; NONCE_LEN] = secrets::random_bytes()?;
        let mut ciphertext = Zeroizing::new(value.to_vec());
        let key = self.sealing_key(purpose)?;
        let tag = key.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            bound_to(purpose, row),
            &mut ciphertext,
        );
        let tag = tag.map_err(|_| KeysError::Sealed)?;
        Ok([&[VERSION], nonce.as_slice(), &ciphertext, tag.as_ref()].concat())
    }

    /// Opens what was sealed for this row of this purpose.
    ///
    /// # Errors
    /// [`KeysError::Sealed`] for anything else.
    pub fn open(&self, purpose: Purpose, row: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let (nonce, ciphertext) = match sealed {
            [VERSION, rest @ ..] => rest.split_first_chunk::<NONCE_LEN>().ok_or(KeysError::Sealed)?,
            _ => return Err(KeysError::Sealed),
        };
        let mut value = Zeroizing::new(ciphertext.to_vec());
        let key = self.sealing_key(purpose)?;
        let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), bound_to(purpose, row), &mut value);
        let length = opened.map_err(|_| KeysError::Sealed)?.len();
        value.truncate(length);
        Ok(value)
    }

    fn sealing_key(&self, purpose: Purpose) -> Result<LessSafeKey, KeysError> {
        // Derivation fails for lengths that HKDF cannot give; this one it can.
        self.derive(&["seal", purpose.name()], &AES_256_GCM, |okm| Ok(LessSafeKey::new(okm.into())))
    }
}

/// Where the value belongs, unambiguously: the version, the purpose with its length before it, the row.
fn bound_to(purpose: Purpose, row: &[u8]) -> Aad<Vec<u8>> {
    let name = purpose.name().as_bytes();
    Aad::from([&[VERSION], (name.len() as u64).to_be_bytes().as_slice(), name, row].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &[u8] = b"row";

    #[test]
    fn what_is_sealed_opens_where_it_belongs() {
        let master = MasterKey::generate().unwrap();
        for value in [&b""[..], b"v", &[7; 5_000]] {
            let sealed = master.seal(Purpose::SESSION, ROW, value).unwrap();
            assert_eq!(sealed.len(), 1 + 12 + value.len() + 16);
            assert_eq!(*master.open(Purpose::SESSION, ROW, &sealed).unwrap(), value);
        }
    }

    #[test]
    fn every_changed_bit_is_noticed_and_every_cut() {
        let master = MasterKey::generate().unwrap();
        let sealed = master.seal(Purpose::SESSION, ROW, b"value").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut tampered = sealed.clone();
            tampered[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(master.open(Purpose::SESSION, ROW, &tampered), Err(KeysError::Sealed)), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(master.open(Purpose::SESSION, ROW, &sealed[..length]).is_err(), "cut to {length}");
        }
        assert!(master.open(Purpose::SESSION, ROW, &[sealed, vec![0]].concat()).is_err(), "one octet more");
    }

    #[test]
    fn a_moved_value_does_not_open() {
        let master = MasterKey::generate().unwrap();
        let sealed = master.seal(Purpose::SESSION, ROW, b"value").unwrap();
        for (purpose, row) in [(Purpose::SESSION, &b"rov"[..]), (Purpose::SESSION, b""), (Purpose::LOGIN_STATE, ROW)] {
            assert!(matches!(master.open(purpose, row, &sealed), Err(KeysError::Sealed)), "{purpose:?} {row:?}");
        }
        // Names and rows cannot run into each other: the bound data differ even without the purpose's own key.
        let (short, long) = (bound_to(Purpose::new("a"), b"bc"), bound_to(Purpose::new("ab"), b"c"));
        assert_ne!(short.as_ref(), long.as_ref());
    }

    #[test]
    fn another_master_key_does_not_open_it() {
        let sealed = MasterKey::generate().unwrap().seal(Purpose::SESSION, ROW, b"value").unwrap();
        let other = MasterKey::generate().unwrap();
        assert!(matches!(other.open(Purpose::SESSION, ROW, &sealed), Err(KeysError::Sealed)));
    }

    #[test]
    fn the_same_value_is_never_sealed_the_same() {
        let master = MasterKey::generate().unwrap();
        let seal = || master.seal(Purpose::SESSION, ROW, b"value").unwrap();
        assert_ne!(seal(), seal());
    }
}
