use std::io;
use std::path::PathBuf;

/// Why something with a key was not done. Holds no secret, no token and no claim.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The file with the master key is missing or cannot be read.
    #[error("the master key {path} cannot be read: {source}")]
    MasterKeyUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read or change the file with the master key.
    #[error("the master key {path} is open to others than its owner (mode {mode:o}): chmod 600 {path}")]
    MasterKeyExposed {
        /// The file.
        path: PathBuf,
        /// Its permissions, as `chmod` writes them.
        mode: u32,
    },
    /// The file holds something else.
    #[error("the master key {path} is not 256 bits in hex or base64url: make one by `openssl rand -hex 32`")]
    MasterKeyMalformed {
        /// The file.
        path: PathBuf,
    },
    /// A file with a new master key cannot be written.
    #[error("no master key can be written to {path}: {source}")]
    MasterKeyUnwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The operating system gave no random numbers.
    #[error("the system gives no random numbers")]
    Randomness,
    /// A sealed value was changed, cut, moved to another row or purpose, or sealed under another master key.
    #[error("a sealed value does not open: it was changed or moved, or sealed under another master key")]
    Sealed,
    /// A key could not be made.
    #[error("the key could not be made: {0}")]
    Generation(String),
    /// A stored signing key cannot be used: its parts do not belong together, or it does not open.
    #[error("the signing key {kid} cannot be used: {why}")]
    KeyUnusable {
        /// The key.
        kid: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A stored private key does not open under this master key.
    #[error("the signing key {kid} does not open: it was changed, or sealed under another master key")]
    KeySealed {
        /// The key.
        kid: String,
    },
    /// There is no such key.
    #[error("there is no signing key {kid}")]
    KeyUnknown {
        /// What was asked for.
        kid: String,
    },
    /// It is the only key that is not about to retire.
    #[error("{kid} is the last signing key: rotate first, then retire it")]
    LastKey {
        /// The key.
        kid: String,
    },
    /// Every key has retired, or there is none.
    #[error("there is no key to sign with")]
    NoSigningKey,
    /// The claims cannot be written as JSON.
    #[error("the claims cannot be written as JSON")]
    Claims(#[source] serde_json::Error),
    /// A password could not be hashed or compared.
    #[error("passwords: {0}")]
    Password(&'static str),
    /// `ring` refused to sign.
    #[error("the token could not be signed")]
    Signing,
    /// Core refused a key.
    #[error("a key was refused: {}", .0.message())]
    Refused(sentinel_core::Error),
}

impl From<ring::error::Unspecified> for KeysError {
    /// For `ring`'s random numbers, the one thing that fails without saying how and is passed on by `?`.
    fn from(_: ring::error::Unspecified) -> Self {
        Self::Randomness
    }
}
