//! Whether a model makes sense.
//!
//! Two judges, as in OpenFGA: the language's, who finds all mistakes in a text or a document and says where they are, and the
//! server's, who refuses a model at its first mistake before it is stored. Neither admits all that the other does: the language
//! wants every condition used, the server no relation defined by itself through others.

mod index;
mod language;
pub(crate) mod places;
mod server;

use super::{AuthorizationModel, ModelErrors};

impl AuthorizationModel {
    /// Judges the model as the language does (openfga/language, `validateJSON`).
    ///
    /// # Errors
    /// All mistakes found, without places.
    pub fn validate_language(&self) -> Result<(), ModelErrors> {
        ModelErrors::none_in(language::mistakes(self, None))
    }

    /// Judges the model as OpenFGA's server does before it stores one (`WriteAuthorizationModel`). What passes can be compiled.
    /// Expressions of conditions are judged where the feature `conditions` is there to read them.
    ///
    /// # Errors
    /// The first mistake.
    pub fn validate(&self) -> Result<(), ModelErrors> {
        server::judge(self).map_err(Into::into)
    }

    /// Reads a text and judges it as the language does (openfga/language, `validateDSL`).
    ///
    /// # Errors
    /// All mistakes found, with their lines and columns.
    #[cfg(feature = "dsl")]
    pub fn from_valid_dsl(text: &str) -> Result<Self, ModelErrors> {
        let model = Self::from_dsl(text)?;
        ModelErrors::none_in(language::mistakes(&model, Some(text)))?;
        Ok(model)
    }
}

/// Whether a name is that of a type or relation: `[^:#@\*\s]{1,n}`, counted as the reference counts, in UTF-16.
fn is_name(name: &str, longest: usize) -> bool {
    (1..=longest).contains(&name.encode_utf16().count())
        && !name.chars().any(|c| matches!(c, ':' | '#' | '@' | '*') || c.is_whitespace())
}

/// Words that stand for something else in older schemas.
fn is_reserved(name: &str) -> bool {
    matches!(name, "self" | "this")
}

const TYPE_NAME: usize = 254;
const RELATION_NAME: usize = 50;
