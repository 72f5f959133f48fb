//! Why something was not done, in SCIM's words (RFC 7644 §3.12).

use crate::service::Error;

/// Why.
#[derive(Debug)]
pub enum ScimError {
    /// 400, with the `scimType` that says what is wrong.
    Invalid(ScimType, &'static str),
    /// 409: somebody else has it.
    Uniqueness(&'static str),
    /// 412: it was changed meanwhile (RFC 7644 §3.14).
    Changed,
    /// As the rest of the server says it.
    Failed(Error),
}

/// What is wrong with a request (RFC 7644 §3.12, table 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScimType {
    /// A filter that cannot be read, or not be answered.
    InvalidFilter,
    /// The body is no such message.
    InvalidSyntax,
    /// The path of a change cannot be read, or is of nothing that there is.
    InvalidPath,
    /// A change without a target.
    NoTarget,
    /// A value that it must not have.
    InvalidValue,
    /// It does not change.
    Mutability,
}

impl ScimType {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::InvalidValue => "invalidValue",
            Self::Mutability => "mutability",
        }
    }
}

impl<E: Into<Error>> From<E> for ScimError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}
