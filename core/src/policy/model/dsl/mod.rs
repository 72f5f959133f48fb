//! Models as text: OpenFGA's DSL, read and printed.
//!
//! The grammar, the sentences of its errors and the formatting are those of openfga/language. The parser goes straight through a
//! correct text; only where it stops, the text is read again for the reference's diagnosis.

mod diagnose;
mod grammar;
mod lexer;
mod parser;
mod printer;

use super::{AuthorizationModel, ModelErrors};
use alloc::string::String;

pub(crate) use parser::{Parsed, parse};
pub(crate) use printer::is_modular;

impl AuthorizationModel {
    /// Reads the DSL. The model is not validated yet.
    ///
    /// # Errors
    /// Too large, or against the grammar: all that the reference would report, with lines and columns.
    ///
    /// ```
    /// use sentinel_core::policy::model::AuthorizationModel;
    /// let model = AuthorizationModel::from_dsl("model\n  schema 1.1\ntype user\n")?;
    /// assert_eq!(model.types.len(), 1);
    /// let errors = AuthorizationModel::from_dsl("model\ntype user").unwrap_err();
    /// assert_eq!(errors.0[0].message, "mismatched input 'type' expecting 'schema'");
    /// # Ok::<(), sentinel_core::policy::model::ModelErrors>(())
    /// ```
    pub fn from_dsl(text: &str) -> Result<Self, ModelErrors> {
        parse(text).map(|parsed| parsed.model)
    }

    /// Prints the DSL as the reference formats it.
    ///
    /// # Errors
    /// A relation that the DSL has no words for: direct assignment more than once, or not in the first place.
    pub fn to_dsl(&self) -> Result<String, ModelErrors> {
        printer::print(self, false).map_err(Into::into)
    }

    /// Prints the DSL with the module and the file that each part comes from as comments.
    ///
    /// # Errors
    /// As [`Self::to_dsl`].
    pub fn to_dsl_with_origins(&self) -> Result<String, ModelErrors> {
        printer::print(self, true).map_err(Into::into)
    }
}
