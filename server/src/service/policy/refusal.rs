//! Why a question of policy was not answered, in the words and codes that OpenFGA's clients know
//! (`openfga/v1/errors_ignore.proto`).

use std::fmt;

use sentinel_storage::StorageError;

use crate::service::Error;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal;)*) => {
        /// OpenFGA's name for what is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum RefusalCode {
            $($(#[$doc])* $variant,)*
        }

        impl RefusalCode {
            /// As clients read it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

codes! {
    /// Something in the request is not as it must be.
    ValidationError = "validation_error";
    /// There is no such model.
    ModelNotFound = "authorization_model_not_found";
    /// The store has no model yet.
    LatestModelNotFound = "latest_authorization_model_not_found";
    /// The question takes more work than is allowed.
    TooComplex = "authorization_model_resolution_too_complex";
    /// A write of nothing.
    InvalidWriteInput = "invalid_write_input";
    /// A tuple stands in a request twice.
    DuplicateTuple = "cannot_allow_duplicate_tuples_in_one_request";
    /// Not a token of ours, or of another list.
    InvalidContinuationToken = "invalid_continuation_token";
    /// A token of the same list with another type.
    TokenTypeMismatch = "query_string_type_continuation_token_mismatch";
    /// A tuple to write exists, or one to delete does not.
    WriteFailed = "write_failed_due_to_invalid_input";
    /// The model has no such type.
    TypeNotFound = "type_not_found";
    /// The type has no such relation.
    RelationNotFound = "relation_not_found";
    /// A contextual tuple that the model does not allow.
    InvalidTuple = "invalid_tuple";
    /// Too small or too large.
    PageSizeInvalid = "page_size_invalid";
    /// Too many expectations of a model.
    TooManyAssertions = "assertions_too_many_items";
    /// A question about nothing.
    TupleKeyMissing = "tuple_key_value_not_specified";
    /// An expansion of no object or no relation.
    InvalidExpandInput = "invalid_expand_input";
    /// A model without types.
    TypeDefinitionsTooFew = "type_definitions_too_few_items";
    /// The name of a type that cannot be one.
    TypeInvalidPattern = "type_invalid_pattern";
    /// The name of a relation that cannot be one.
    RelationsInvalidPattern = "relations_invalid_pattern";
    /// An exclusion from nothing.
    DifferenceBaseMissing = "difference_base_missing_value";
    /// An exclusion of nothing.
    SubtractBaseMissing = "subtract_base_missing_value";
    /// More than a limit allows.
    ExceededEntityLimit = "exceeded_entity_limit";
    /// The model is not valid.
    InvalidModel = "invalid_authorization_model";
    /// There is no such store, or none that the key opens.
    StoreNotFound = "store_id_not_found";
    /// The tuple exists with another condition.
    Aborted = "Aborted";
}

/// Why a question of policy was not answered.
#[derive(Debug)]
pub enum PolicyError {
    /// The caller can do something about it.
    Refused {
        /// OpenFGA's name for it.
        code: RefusalCode,
        /// What is wrong, for people.
        message: String,
    },
    /// As every use case fails: who is asking, or a fault of ours.
    Failed(Error),
}

impl PolicyError {
    /// A refusal.
    pub fn refused(code: RefusalCode, message: impl Into<String>) -> Self {
        Self::Refused { code, message: message.into() }
    }

    /// [`RefusalCode::ValidationError`].
    pub fn validation(message: impl Into<String>) -> Self {
        Self::refused(RefusalCode::ValidationError, message)
    }

    /// What the caller is told.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Refused { message, .. } => message,
            Self::Failed(error) => error.detail(),
        }
    }

    /// OpenFGA's name for it, where it is a refusal.
    #[must_use]
    pub fn code(&self) -> Option<RefusalCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Failed(_) => None,
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl From<Error> for PolicyError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StorageError> for PolicyError {
    fn from(error: StorageError) -> Self {
        if matches!(error, StorageError::TooMuch) {
            return Self::refused(RefusalCode::TooComplex, "the answer depends on more tuples than are read at once");
        }
        Self::Failed(error.into())
    }
}
