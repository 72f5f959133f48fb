//! Models: read, judged, printed.

use sentinel_core::policy::model::AuthorizationModel;
#[cfg(feature = "dsl")]
use sentinel_core::policy::model::ModelErrors;

#[cfg(feature = "dsl")]
use crate::engine::{Answer, Engine};
#[cfg(feature = "dsl")]
use crate::json;
use crate::refusal::Refusal;

/// Reads a model: JSON where it begins as an object, else text.
pub(crate) fn read(document: &str) -> Result<AuthorizationModel, Refusal> {
    if document.trim_start().starts_with('{') {
        return Ok(AuthorizationModel::from_json(document.as_bytes())?);
    }
    #[cfg(feature = "dsl")]
    return Ok(AuthorizationModel::from_dsl(document)?);
    #[cfg(not(feature = "dsl"))]
    Err(Refusal::model("this engine takes models as JSON"))
}

/// Everything that is wrong with a document: what the language says, with places in a text, and else what a server says.
#[cfg(feature = "dsl")]
fn mistakes(document: &str) -> Result<(), ModelErrors> {
    let model = if document.trim_start().starts_with('{') {
        let model = AuthorizationModel::from_json(document.as_bytes())?;
        model.validate_language()?;
        model
    } else {
        AuthorizationModel::from_valid_dsl(document)?
    };
    model.validate()
}

#[cfg(feature = "dsl")]
impl Engine {
    /// Says what there is to say of the model in the input. 0: whether it is valid. 1: as JSON. 2: as text.
    pub(crate) fn judge(&mut self, kind: u32, length: usize) -> Answer {
        let document = crate::engine::text(&self.input, 0, length)?;
        self.output.clear();
        match kind {
            0 => mistakes(document)?,
            1 => self.output.push_str(&read(document)?.to_json()),
            2 => json::text(&mut self.output, &read(document)?.to_dsl()?),
            _ => return Err(Refusal::malformed("this engine cannot do that")),
        }
        Ok(self.tell())
    }
}
