//! One command, one file.

pub(crate) mod backup;
pub(crate) mod data;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod open;
pub(crate) mod openapi;
pub(crate) mod policy;
mod revocations;
pub(crate) mod serve;
pub(crate) mod settings;
mod signing_keys;
pub(crate) mod verify;
mod watch;

use crate::outcome::Failure;
use sentinel_server::service::{Error, ErrorKind};

/// Why a use case said no, as an answer of this program.
pub(crate) fn failure(error: &Error) -> Failure {
    let code = match error.kind() {
        ErrorKind::Invalid => "invalid",
        ErrorKind::NotFound => "not_found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Forbidden | ErrorKind::Unauthenticated => "forbidden",
        ErrorKind::Internal => "internal",
        _ => "unavailable",
    };
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    Failure::Unanswered(code, format!("{error}{causes}"))
}
