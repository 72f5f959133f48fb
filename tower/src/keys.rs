//! Where keys come from: fixed ones, a PEM file, a key set behind a URL.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use sentinel_core::jose::signature::Ring;
use sentinel_core::{Algorithm, Error, KeySet, VerifiedToken, Verifier};

#[cfg(feature = "http-client")]
use crate::jwks::{JwksSettings, RemoteKeys};

/// Longest PEM file that is read; an RSA key of 8192 bits takes 1,500 bytes.
const PEM_BYTES: u64 = 64 * 1024;

/// The keys that tokens are verified with. Cheap to clone: clones share one cache.
#[derive(Clone, Debug)]
pub struct Keys(Source);

#[derive(Clone, Debug)]
enum Source {
    Fixed(Arc<KeySet>),
    #[cfg(feature = "http-client")]
    Remote(RemoteKeys),
}

/// Why no keys could be had at the start.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeysError {
    /// The file could not be read.
    File(std::io::Error),
    /// The keys may not be used, or the setting makes no sense.
    Refused(Error),
}

impl Keys {
    /// These keys and no others.
    #[must_use]
    pub fn fixed(keys: KeySet) -> Self {
        Self(Source::Fixed(Arc::new(keys)))
    }

    /// The one public key in this PEM file (`PUBLIC KEY`), e.g. `keys/public.pem`. It is read once, and serves this
    /// algorithm only, whatever `kid` a token names.
    ///
    /// # Errors
    /// Where the file cannot be read or holds no key for the algorithm.
    pub fn pem_file(path: impl AsRef<Path>, algorithm: Algorithm) -> Result<Self, KeysError> {
        use std::io::Read;
        let mut pem = Vec::new();
        std::fs::File::open(path)?.take(PEM_BYTES).read_to_end(&mut pem)?;
        Ok(Self::fixed(KeySet::from_pem(&pem, Some(algorithm))?))
    }

    /// The key set at this `https` URL, with the default [`JwksSettings`].
    ///
    /// # Errors
    /// `configuration_invalid` where the URL may not be fetched.
    #[cfg(feature = "http-client")]
    pub fn jwks_url(url: &str) -> Result<Self, KeysError> {
        Self::jwks_url_with(url, JwksSettings::default())
    }

    /// The key set at this URL.
    ///
    /// # Errors
    /// As [`Self::jwks_url`].
    #[cfg(feature = "http-client")]
    pub fn jwks_url_with(url: &str, settings: JwksSettings) -> Result<Self, KeysError> {
        Ok(Self(Source::Remote(RemoteKeys::new(url, settings)?)))
    }

    /// Verifies a token; where no key fits it, once more with newer keys if there are any. `now` is in seconds since
    /// the epoch.
    ///
    /// # Errors
    /// `unavailable` where the keys cannot be had, else what the verifier refuses the token for.
    pub async fn verify(&self, verifier: &Verifier, token: &str, now: i64) -> Result<VerifiedToken, Error> {
        self.with(|keys| verifier.verify(token, keys, &Ring, now)).await
    }

    /// Does what needs keys; where none of them fits, once more with newer ones if there are any.
    pub(crate) async fn with<T>(&self, verify: impl Fn(&KeySet) -> Result<T, Error>) -> Result<T, Error> {
        match &self.0 {
            Source::Fixed(keys) => verify(keys),
            #[cfg(feature = "http-client")]
            Source::Remote(remote) => {
                let held = remote.current().await?;
                let verdict = verify(&held.keys);
                if !verdict.as_ref().is_err_and(|error| error.code() == sentinel_core::ErrorCode::KeyNotFound) {
                    return verdict;
                }
                match remote.newer_than(&held).await {
                    Some(newer) => verify(&newer.keys),
                    None => verdict,
                }
            }
        }
    }
}

impl std::fmt::Display for KeysError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let why: Cow<'_, str> = match self {
            Self::File(error) => format!("the key file could not be read: {error}").into(),
            Self::Refused(error) => error.message().into(),
        };
        f.write_str(&why)
    }
}

impl std::error::Error for KeysError {}

impl From<std::io::Error> for KeysError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<Error> for KeysError {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}
