//! Why a question has no answer. None of it is ever an allow.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::{Error, ErrorCode};

/// Why a condition could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConditionFailure {
    /// Nothing here evaluates conditions.
    Unavailable,
    /// Parameters that the expression needs are in neither context.
    Missing(Vec<String>),
    /// A context is no JSON object, or a value is of another type than its parameter.
    Context(String),
    /// The expression failed, or cost more than it may.
    Evaluation(String),
}

/// Why a question about tuples could not be answered.
///
/// [`QueryError::code`] is the engine's own code; [`QueryError::openfga_code`] what OpenFGA's API says for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// The question is not well-formed, or speaks of what the model does not define.
    Validation(String),
    /// The type that is asked for is not defined (lists; a check answers [`QueryError::Validation`]).
    TypeNotFound(String),
    /// The relation that is asked for is not defined on the type (lists).
    RelationNotFound(String, String),
    /// A contextual tuple is not well-formed, or the model does not allow it: the tuple, and why.
    InvalidTuple(String, String),
    /// A condition that the answer depends on could not be evaluated.
    Condition(String, ConditionFailure),
    /// The answer depends on a longer chain than [`Budget::depth`](super::Budget).
    TooDeep,
    /// The work exceeded [`Budget::work`](super::Budget).
    BudgetExceeded,
    /// The answer depends on tuples that could not be read.
    Undecided,
}

impl QueryError {
    /// The engine's code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::TooDeep | Self::BudgetExceeded => ErrorCode::BudgetExceeded,
            Self::Undecided | Self::Condition(..) => ErrorCode::Undecided,
            _ => ErrorCode::ConfigurationInvalid,
        }
    }

    /// The code in OpenFGA's API (`openfga/v1/errors_ignore.proto`) and its number, where it has one for this.
    #[must_use]
    pub const fn openfga_code(&self) -> (&'static str, u16) {
        match self {
            Self::Validation(_) | Self::Condition(..) | Self::Undecided => ("validation_error", 2000),
            Self::TooDeep | Self::BudgetExceeded => ("authorization_model_resolution_too_complex", 2002),
            Self::TypeNotFound(_) => ("type_not_found", 2021),
            Self::RelationNotFound(..) => ("relation_not_found", 2022),
            Self::InvalidTuple(..) => ("invalid_tuple", 2027),
        }
    }
}

impl QueryError {
    /// A sentence for people. Put together without `core::fmt`, which would weigh more in WebAssembly than what it says.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Validation(why) => why.clone(),
            Self::TypeNotFound(name) => ["type '", name, "' not found"].concat(),
            Self::RelationNotFound(of, name) => ["relation '", of, "#", name, "' not found"].concat(),
            Self::InvalidTuple(tuple, why) => ["invalid tuple '", tuple, "': ", why].concat(),
            Self::Condition(name, failure) => ["condition '", name, "': ", &failure.message()].concat(),
            Self::TooDeep => "the relationships lead deeper than the limit".into(),
            Self::BudgetExceeded => "the evaluation exceeded its budget".into(),
            Self::Undecided => "what is known here does not suffice to decide".into(),
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl ConditionFailure {
    /// A sentence for people.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Unavailable => "conditions cannot be evaluated here".into(),
            Self::Missing(names) => ["context parameters are missing: ", &names.join(", ")].concat(),
            Self::Context(why) | Self::Evaluation(why) => why.clone(),
        }
    }
}

impl fmt::Display for ConditionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for QueryError {}

impl From<QueryError> for Error {
    fn from(error: QueryError) -> Self {
        Self::new(error.code())
    }
}
