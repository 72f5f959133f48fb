use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use crate::{Error, ErrorCode};

/// A shared secret for HMAC. Wiped from memory when it is dropped; never shown by `Debug`.
#[derive(Clone)]
pub struct HmacKey(Zeroizing<Vec<u8>>);

impl HmacKey {
    /// A secret of at least 32 bytes, the size of the smallest hash: shorter ones
    /// can be guessed offline from a single token (RFC 7518 §3.2, RFC 8725 §3.5).
    ///
    /// # Errors
    /// `key_unusable` for a shorter secret.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < 32 {
            return Err(Error::with(ErrorCode::KeyUnusable, "an HMAC key must be at least as long as the hash"));
        }
        Ok(Self(Zeroizing::new(secret.to_vec())))
    }

    /// The secret, for a backend.
    #[must_use]
    pub fn secret(&self) -> &[u8] {
        &self.0
    }

    /// The secret's length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey(..)")
    }
}
