use std::borrow::Cow;
use std::fmt;

use sentinel_storage::StorageError;

/// Why a use case did not happen. The detail is for the caller: it names what to change, and never holds
/// a token, a secret, SQL or a name from the source. What is behind it goes into the log alone.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    detail: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Ask differently: a value is wrong in itself.
    Invalid,
    /// Authenticate: no credential, or one that does not hold.
    Unauthenticated,
    /// Not with these credentials.
    Forbidden,
    /// There is no such thing, or none that the caller may know of.
    NotFound,
    /// It exists already, or contradicts what exists.
    Conflict,
    /// Later, after so many seconds.
    RateLimited {
        /// Whole seconds until it is worth asking again.
        retry_after: u64,
    },
    /// Later: something that is needed cannot be reached.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Error {
    /// An error with what the caller is told.
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, detail: detail.into(), source: None }
    }

    /// [`ErrorKind::Invalid`].
    pub fn invalid(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, detail)
    }

    /// [`ErrorKind::Unauthenticated`].
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unauthenticated, detail)
    }

    /// [`ErrorKind::Forbidden`].
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Forbidden, detail)
    }

    /// [`ErrorKind::NotFound`].
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::NotFound, detail)
    }

    /// [`ErrorKind::Conflict`].
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Conflict, detail)
    }

    /// [`ErrorKind::Internal`], with what is behind it for the log.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: ErrorKind::Internal, detail: "Internal error".into(), source: Some(source.into()) }
    }

    /// [`ErrorKind::Unavailable`], with what is behind it for the log.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind: ErrorKind::Unavailable, detail: "Temporarily unavailable".into(), source: Some(source.into()) }
    }

    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the caller is told.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A use case that expects a conflict or a missing parent says so itself, with a detail of its own;
/// what arrives here is a fault.
impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Unavailable(_) => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}

impl From<sentinel_keys::KeysError> for Error {
    fn from(error: sentinel_keys::KeysError) -> Self {
        Self::internal(error)
    }
}

/// What a provider refused is the caller's; what is wrong with the provider is for the log.
impl From<sentinel_idp::IdpError> for Error {
    fn from(error: sentinel_idp::IdpError) -> Self {
        use sentinel_idp::IdpError;
        match error {
            IdpError::UnknownProvider => Self::not_found("No identity provider of this name is configured"),
            IdpError::TokenRefused(why) => {
                Self::unauthenticated(format!("The identity provider's token is refused: {}", why.code().as_str()))
            }
            IdpError::LoginRefused(_) => Self::unauthenticated("The identity provider's answer is refused"),
            IdpError::Unreachable { .. } => Self::unavailable(error),
            _ => Self::internal(error),
        }
    }
}
