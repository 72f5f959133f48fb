//! The JSON form of a model: what OpenFGA's API carries and its transformer writes.
//!
//! Read strictly (RFC 8259, no member twice) and within bounds; unknown fields and `null` are ignored, as protocol buffers' JSON
//! mapping has it (the official transformer writes `"metadata": null`).

mod read;
mod write;

#[cfg(feature = "bundle-write")]
pub(crate) use write::string as write_string;

use super::{AuthorizationModel, ModelErrors};
use alloc::string::String;

/// Largest model in bytes: OpenFGA's default (`OPENFGA_MAX_AUTHORIZATION_MODEL_SIZE_IN_BYTES`).
pub const MODEL_BYTES: usize = 256 * 1024;

/// How deep operators may nest in one relation. What is read as JSON within 64 levels has at most this, and so has the DSL.
pub const NESTING: usize = 16;

/// Most relations of one type, and conditions of a model. Finding duplicates costs the square of it.
pub const MEMBERS: u16 = 2048;

impl AuthorizationModel {
    /// Reads the JSON form. The model is not validated yet.
    ///
    /// # Errors
    /// Too large, not strict JSON, or not the form of a model.
    pub fn from_json(document: &[u8]) -> Result<Self, ModelErrors> {
        read::read(document, MODEL_BYTES)
    }

    /// Reads the JSON form of a model that may be larger: what is stored was written from a text that is several times shorter.
    ///
    /// # Errors
    /// As [`Self::from_json`].
    pub fn from_json_within(document: &[u8], bytes: usize) -> Result<Self, ModelErrors> {
        read::read(document, bytes)
    }

    /// Writes the JSON form, compact, members in the transformer's order.
    #[must_use]
    pub fn to_json(&self) -> String {
        write::write(self)
    }
}
