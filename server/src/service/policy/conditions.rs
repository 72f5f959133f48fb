//! What a question knows besides tuples, for the conditions of its model.

use sentinel_core::Limits;
use sentinel_core::policy::condition::Map;
use serde_json::Value;

/// A context as conditions read it; an empty one where there is none.
///
/// # Errors
/// It is beyond the limits.
pub(super) fn context(request: Option<&serde_json::Map<String, Value>>) -> Result<Map, String> {
    let Some(request) = request else { return Ok(Map::default()) };
    let limits = Limits { json_depth: 32, ..Limits::DEFAULT };
    let text = Value::Object(request.clone()).to_string();
    Map::from_json(text.as_bytes(), &limits).map_err(|_| "the context is too large or too deep".to_owned())
}
