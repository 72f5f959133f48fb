//! The shape of vector files. A case is read strictly: what a runner does not know it cannot have tested.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub(crate) struct Document<'a> {
    pub(crate) suite: Option<String>,
    /// Each is read on its own, so that one that is not understood fails alone.
    #[serde(borrow, default)]
    pub(crate) cases: Vec<&'a RawValue>,
    /// Groups of raw signatures: see [`crate::signatures`].
    #[serde(borrow, default)]
    pub(crate) signatures: Vec<&'a RawValue>,
    /// What a conversion left out, and why.
    #[serde(default)]
    pub(crate) excluded: Vec<Remark>,
    /// What the original accepts and we refuse, and why. They are run, as refusals.
    #[serde(default)]
    pub(crate) stricter: Vec<Remark>,
}

/// About one vector of the original.
#[derive(Deserialize)]
pub(crate) struct Remark {
    pub(crate) name: String,
    pub(crate) why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case<'a> {
    #[serde(rename = "name")]
    _name: String,
    token: Option<Text>,
    token_repeat: Option<Vec<(Text, usize)>>,
    #[serde(borrow)]
    pub(crate) keys: &'a RawValue,
    pub(crate) options: Options,
    pub(crate) expect: Expect,
    #[serde(rename = "why")]
    _why: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    pub(crate) algorithms: Vec<String>,
    pub(crate) issuer: Option<Value>,
    pub(crate) audience: Option<Value>,
    #[serde(rename = "type")]
    pub(crate) typ: Option<String>,
    pub(crate) token_use: Option<String>,
    pub(crate) now: i64,
    pub(crate) leeway: Option<u32>,
    pub(crate) required: Option<Vec<String>>,
    pub(crate) max_age: Option<u32>,
    pub(crate) max_token_bytes: Option<usize>,
    pub(crate) payload: Option<Payload>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Payload {
    Claims,
    Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) ok: bool,
    pub(crate) claims: Option<Map<String, Value>>,
    pub(crate) payload: Option<String>,
    code: Option<Value>,
}

pub(crate) fn document(text: &str) -> Result<Document<'_>, String> {
    let document: Document<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if document.cases.is_empty() && document.signatures.is_empty() && document.excluded.is_empty() {
        return Err("neither `cases` nor `signatures`".into());
    }
    Ok(document)
}

/// Whether this is good JSON, but of another shape.
pub(crate) fn is_something_else(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.get("cases").or(value.get("signatures")).is_none())
}

/// The name for the report, also of a case that is otherwise not understood.
pub(crate) fn name_of(case: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Named {
        name: String,
    }
    serde_json::from_str(case.get()).map_or_else(|_| "a case without a name".into(), |Named { name }| name)
}

impl<'a> Case<'a> {
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("the case is not understood: {error}"))
    }

    pub(crate) fn token(&self) -> Result<String, String> {
        match (&self.token, &self.token_repeat) {
            (Some(token), None) => Ok(token.0.clone()),
            (None, Some(pieces)) => Ok(pieces.iter().map(|(piece, times)| piece.0.repeat(*times)).collect()),
            _ => Err("exactly one of `token` and `token_repeat` must be given".into()),
        }
    }
}

/// Text that may have been written with half a surrogate pair: such a half arrives as U+FFFD, as a host's string does
/// that is encoded as UTF-8.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Octets;
        impl Visitor<'_> for Octets {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E>(self, octets: &[u8]) -> Result<Text, E> {
                Ok(Text(String::from_utf8_lossy(octets).into_owned()))
            }
        }
        deserializer.deserialize_bytes(Octets)
    }
}

impl Expect {
    /// The allowed codes; none where any refusal will do.
    pub(crate) fn codes(&self) -> Result<Vec<String>, String> {
        self.code.as_ref().map_or(Ok(Vec::new()), |code| one_or_more(code, "expect.code"))
    }
}

/// A string, or a list of strings that is not empty.
pub(crate) fn one_or_more(value: &Value, name: &str) -> Result<Vec<String>, String> {
    let list = match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(list) => list.iter().map(|entry| entry.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    list.filter(|list| !list.is_empty()).ok_or(format!("{name} must be a string or a list of them"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_any_text() {
        let token = |token: &str| {
            let text = format!(
                r#"{{"name":"n",{token},"keys":{{"keys":[]}},"options":{{"algorithms":[],"now":0}},"expect":{{"ok":false}}}}"#
            );
            Case::read(&text).and_then(|case| case.token())
        };
        assert_eq!(token(r#""token":"\u0000\u00fc\ud83d\ude00""#).unwrap(), "\0ü😀");
        assert_eq!(token(r#""token":"a\ud800b""#).unwrap(), "a\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(token(r#""token_repeat":[["ab",2],[".",1]]"#).unwrap(), "abab.");
        assert!(token(r#""token":[97]"#).is_err());
        assert!(token(r#""token":"a","token_repeat":[]"#).is_err());
        assert!(token(r#""why":"neither""#).is_err());
    }
}
