//! Slow hashes of what people remember: Argon2id (RFC 9106) as PHC strings, which say what they were made with.
//!
//! Slow and large by intent: who calls it bounds how many run at once, and runs them where they block nothing else.

use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::{KeysError, secrets};

/// What a hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Memory of one hash, in KiB.
    pub memory: u32,
    /// Passes over it.
    pub iterations: u32,
    /// Lanes. They are computed one after another, by one thread.
    pub lanes: u32,
}

impl Default for Parameters {
    /// 64 MiB, 3 passes, 4 lanes: the second recommendation of RFC 9106 §4.
    fn default() -> Self {
        Self { memory: 64 * 1024, iterations: 3, lanes: 4 }
    }
}

/// Octets of the salt and of the hash (RFC 9106 §4).
const SALT: usize = 16;
const HASH: usize = 32;
/// Most memory that a stored hash may ask for, in KiB: more was not made here.
const MOST_MEMORY: u32 = 4 * 1024 * 1024;

impl Parameters {
    fn argon2(self) -> Result<Argon2<'static>, KeysError> {
        let params = Params::new(self.memory, self.iterations, self.lanes, Some(HASH));
        let params = params.map_err(|_| KeysError::Password("the parameters are none of Argon2"))?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }

    /// Hashes a secret under a new salt, as a PHC string.
    ///
    /// # Errors
    /// [`KeysError::Password`] where the parameters are none of Argon2 or memory cannot be had,
    /// [`KeysError::Randomness`].
    pub fn hash(self, secret: &SecretString) -> Result<String, KeysError> {
        let salt: [u8; SALT] = secrets::random_bytes()?;
        let hash = self.argon2()?.hash_password_with_salt(secret.expose_secret().as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| KeysError::Password("a secret could not be hashed"))
    }

    /// Random bits in the form of a hash, for comparing where there is none: it costs what others cost, and nobody has
    /// what it would be the hash of.
    ///
    /// # Errors
    /// As [`Self::hash`].
    pub fn dummy(self) -> Result<String, KeysError> {
        self.argon2()?;
        let Self { memory, iterations, lanes } = self;
        let salt = STANDARD_NO_PAD.encode(secrets::random_bytes::<SALT>()?);
        let hash = STANDARD_NO_PAD.encode(secrets::random_bytes::<HASH>()?);
        Ok(format!("$argon2id$v=19$m={memory},t={iterations},p={lanes}${salt}${hash}"))
    }

    /// Whether a stored hash was made with other parameters than these.
    #[must_use]
    pub fn differ_from(self, stored: &str) -> bool {
        let made_with = PasswordHash::new(stored).ok().filter(|hash| hash.algorithm == ARGON2ID_IDENT);
        let made_with = made_with.and_then(|hash| Params::try_from(&hash).ok());
        made_with.is_none_or(|made_with| {
            let other = Self { memory: made_with.m_cost(), iterations: made_with.t_cost(), lanes: made_with.p_cost() };
            other != self || made_with.output_len() != Some(HASH)
        })
    }
}

/// Whether a secret is the one of a stored hash, in a time that depends on the hash's parameters alone.
///
/// # Errors
/// [`KeysError::Password`] for a text that is no hash of ours, or where memory cannot be had.
pub fn verify(secret: &SecretString, stored: &str) -> Result<bool, KeysError> {
    let malformed = || KeysError::Password("a stored hash is not one of Argon2id");
    let parsed = PasswordHash::new(stored).map_err(|_| malformed())?;
    let params = Params::try_from(&parsed).map_err(|_| malformed())?;
    let (Some(salt), Some(expected)) = (&parsed.salt, &parsed.hash) else { return Err(malformed()) };
    if parsed.algorithm != ARGON2ID_IDENT
        || parsed.version != Some(Version::V0x13.into())
        || params.m_cost() > MOST_MEMORY
    {
        return Err(malformed());
    }
    let mut found = Zeroizing::new(vec![0; expected.as_bytes().len()]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hashed = argon2.hash_password_into(secret.expose_secret().as_bytes(), salt.as_ref(), &mut found);
    hashed.map_err(|_| KeysError::Password("a secret could not be hashed"))?;
    Ok(secrets::equal(&found, expected.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little as Argon2 takes, so that tests are quick.
    const SMALL: Parameters = Parameters { memory: 32, iterations: 1, lanes: 1 };

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_hash_is_a_phc_string_that_only_its_secret_verifies() {
        let (one, other) =
            (SMALL.hash(&secret("correct horse")).unwrap(), SMALL.hash(&secret("correct horse")).unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=32,t=1,p=1$"), "{one}");
        assert_ne!(one, other, "each has a salt of its own");
        for hash in [&one, &other] {
            assert!(verify(&secret("correct horse"), hash).unwrap());
            for wrong in ["", "correct hors", "correct horse ", "Correct horse"] {
                assert!(!verify(&secret(wrong), hash).unwrap(), "{wrong}");
            }
        }
    }

    #[test]
    fn it_is_the_argon2id_of_others() {
        // The reference implementation's test (phc-winner-argon2, src/test.c), also in the crate's own.
        let known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify(&secret("password"), known).unwrap());
        assert!(!verify(&secret("sassword"), known).unwrap());
    }

    #[test]
    fn other_parameters_are_noticed() {
        let hash = SMALL.hash(&secret("x")).unwrap();
        assert!(!SMALL.differ_from(&hash));
        for other in [
            Parameters { memory: 64, ..SMALL },
            Parameters { iterations: 2, ..SMALL },
            Parameters { memory: 64, lanes: 2, ..SMALL },
            Parameters::default(),
        ] {
            assert!(other.differ_from(&hash), "{other:?}");
        }
        let shorter = "$argon2id$v=19$m=32,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q";
        assert!(SMALL.differ_from(shorter) && SMALL.differ_from("") && SMALL.differ_from("$2b$12$x"));
    }

    #[test]
    fn nobody_has_the_dummy() {
        let dummy = SMALL.dummy().unwrap();
        assert!(!SMALL.differ_from(&dummy));
        assert!(!verify(&secret(""), &dummy).unwrap());
    }

    #[test]
    fn what_is_no_hash_of_ours_is_an_error_and_never_a_match() {
        for stored in [
            "",
            "password",
            "$argon2i$v=19$m=32,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2d$v=19$m=32,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=16$m=32,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=32,t=1,p=1$c29tZXNhbHQ",
            "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            assert!(verify(&secret("password"), stored).is_err(), "{stored}");
        }
    }

    #[test]
    fn parameters_that_are_none_are_refused() {
        for wrong in
            [Parameters { memory: 1, ..SMALL }, Parameters { iterations: 0, ..SMALL }, Parameters { lanes: 0, ..SMALL }]
        {
            assert!(wrong.hash(&secret("x")).is_err(), "{wrong:?}");
        }
    }
}
