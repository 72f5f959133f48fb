//! Why something with a user's files was not done.

use std::fmt;
use std::io;

use http::StatusCode;

use crate::refusal::Rejection;

/// Why something with a user's files was not done. None of it names a path, and nothing tells what lies outside the user's
/// own folder.
#[derive(Debug)]
#[non_exhaustive]
pub enum FilesError {
    /// It cannot be told whose files: as [`current`](crate::current()) says.
    Caller(Rejection),
    /// Whoever this is has no folder here.
    Owner(&'static str),
    /// The path is refused, whatever lies there.
    Path(&'static str),
    /// There is no such file or folder. So is answered, too, for what is none: a link, a device, a file with a second name.
    NotFound,
    /// Something else is there.
    Conflict(&'static str),
    /// It is longer than the caller takes.
    TooLarge,
    /// The system failed.
    System(io::Error),
}

impl FilesError {
    /// The HTTP status for it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Caller(rejection) => rejection.refusal().status(),
            Self::Owner(_) => StatusCode::FORBIDDEN,
            Self::Path(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::System(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for FilesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller(rejection) => rejection.fmt(f),
            Self::Owner(why) | Self::Path(why) | Self::Conflict(why) => f.write_str(why),
            Self::NotFound => f.write_str("there is no such file or folder"),
            Self::TooLarge => f.write_str("the file is larger than what is taken"),
            Self::System(_) => f.write_str("the files cannot be had"),
        }
    }
}

impl std::error::Error for FilesError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Caller(rejection) => Some(rejection),
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

impl From<Rejection> for FilesError {
    fn from(rejection: Rejection) -> Self {
        Self::Caller(rejection)
    }
}

impl From<io::Error> for FilesError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Kind;
        // A link where a name is opened without following one, on Linux and macOS; and a socket's name.
        #[cfg(unix)]
        if [rustix::io::Errno::LOOP, rustix::io::Errno::NXIO]
            .iter()
            .any(|no| error.raw_os_error() == Some(no.raw_os_error()))
        {
            return Self::NotFound;
        }
        match error.kind() {
            Kind::NotFound | Kind::NotADirectory => Self::NotFound,
            Kind::AlreadyExists => Self::Conflict("there is something of that name"),
            Kind::IsADirectory => Self::Conflict("there is a folder of that name"),
            Kind::DirectoryNotEmpty => Self::Conflict("the folder is not empty"),
            _ => Self::System(error),
        }
    }
}

#[cfg(feature = "axum")]
impl axum::response::IntoResponse for FilesError {
    fn into_response(self) -> axum::response::Response {
        let (status, text) = (self.status(), self.to_string());
        match self {
            Self::Caller(rejection) => rejection.response(),
            Self::System(error) => {
                tracing::error!(%error, "a user's files cannot be had");
                (status, text).into_response()
            }
            _ => (status, text).into_response(),
        }
    }
}
