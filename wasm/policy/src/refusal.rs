//! Why something was not answered.

use alloc::string::String;
use alloc::vec::Vec;

use sentinel_core::ErrorCode;
use sentinel_core::policy::QueryError;
use sentinel_core::policy::model::{ModelError, ModelErrors};

/// An error on its way to JavaScript. None of it is ever an allow.
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    /// The code in OpenFGA's API, where it has one for this.
    pub(crate) openfga: &'static str,
    pub(crate) message: String,
    /// What is wrong with a model.
    pub(crate) mistakes: Vec<ModelError>,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, openfga: &'static str, message: &str) -> Self {
        Self { code, openfga, message: message.into(), mistakes: Vec::new() }
    }

    /// What was asked has another form than it must have.
    pub(crate) fn malformed(message: &str) -> Self {
        Self::new(ErrorCode::ConfigurationInvalid, "validation_error", message)
    }

    pub(crate) fn invalid_tuple(tuple: &str, why: &str) -> Self {
        let message = ["invalid tuple '", tuple, "': ", why].concat();
        Self::new(ErrorCode::ConfigurationInvalid, "invalid_tuple", &message)
    }

    pub(crate) fn model(message: &str) -> Self {
        Self::new(ErrorCode::ModelInvalid, "invalid_authorization_model", message)
    }
}

impl From<QueryError> for Refusal {
    fn from(error: QueryError) -> Self {
        Self { code: error.code(), openfga: error.openfga_code().0, message: error.message(), mistakes: Vec::new() }
    }
}

impl From<ModelErrors> for Refusal {
    fn from(errors: ModelErrors) -> Self {
        let message = errors.0.first().map_or("the model is not valid", |first| &*first.message);
        Self { mistakes: errors.0.clone(), ..Self::model(message) }
    }
}
