//! Random secrets, what is stored of them, and how they are compared.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::{digest, hmac};
use subtle::ConstantTimeEq as _;

use crate::KeysError;

/// Random octets of the operating system.
///
/// # Errors
/// [`KeysError::Randomness`].
pub fn random_bytes<const N: usize>() -> Result<[u8; N], KeysError> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// A new secret or id that cannot be guessed: 256 random bits in base64url, 43 characters.
///
/// # Errors
/// [`KeysError::Randomness`].
pub fn random_token() -> Result<String, KeysError> {
    Ok(URL_SAFE_NO_PAD.encode(random_bytes::<32>()?))
}

/// What is stored of a secret that is compared only: SHA-256. For secrets of 256 random bits, where there is nothing
/// to guess; a password or a PIN needs a slow hash instead.
#[must_use]
pub fn hash(secret: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    // SHA-256 has 32 octets: nothing is cut, nothing stays zero.
    for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, secret).as_ref()) {
        *to = *from;
    }
    hash
}

/// The `jti` of the one child that a refresh token can have: HMAC-SHA256 under its family's secret over the
/// parent's `jti`, in base64url. Who asks twice gets the same child; who does not know the secret cannot name it.
#[must_use]
pub fn derive_child(family_secret: &[u8; 32], parent_jti: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, family_secret);
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, parent_jti.as_bytes()))
}

/// Whether two secrets are equal, in a time that depends on their lengths alone.
#[must_use]
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_tokens_differ_and_are_whole() {
        let (one, other) = (random_token().unwrap(), random_token().unwrap());
        assert_ne!(one, other);
        assert_eq!(URL_SAFE_NO_PAD.decode(one).unwrap().len(), 32);
    }

    #[test]
    fn the_hash_is_sha_256() {
        // FIPS 180-4, the example "abc".
        let hex: String = hash(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn a_parent_has_one_child_in_each_family() {
        let (family, other) = ([1; 32], [2; 32]);
        let child = derive_child(&family, "parent");
        assert_eq!(child, derive_child(&family, "parent"));
        assert_ne!(child, derive_child(&family, &child));
        assert_ne!(child, derive_child(&other, "parent"));
        // HMAC-SHA256 under 32 octets of 1 over "parent", by Python's `hmac`.
        assert_eq!(child, "cHYk6QOIvUyVPo4K3DcZAWyactriTud6xz65kTVRJx8");
    }

    #[test]
    fn equality_is_that_of_slices() {
        for (one, other) in [(&b""[..], &b""[..]), (b"a", b"a"), (b"a", b"b"), (b"a", b"ab"), (b"", b"a")] {
            assert_eq!(equal(one, other), one == other, "{one:?} {other:?}");
        }
    }
}
