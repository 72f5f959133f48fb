//! A person as SCIM says it (RFC 7643 §4.1): what is taken of it, and in which form it is kept.

use serde_json::{Map, Value};

use super::refusal::{ScimError, ScimType};

/// The schema of people.
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// Attributes that are one text.
pub const TEXTS: [&str; 9] = [
    "userName",
    "externalId",
    "displayName",
    "nickName",
    "title",
    "userType",
    "preferredLanguage",
    "locale",
    "timezone",
];
/// The parts of `name`.
pub const NAME: [&str; 6] =
    ["formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix"];
/// The parts of an entry of `emails` and of `phoneNumbers`, beside `primary`.
pub const ENTRY: [&str; 3] = ["value", "display", "type"];
/// Lists of such entries.
pub const LISTS: [&str; 2] = ["emails", "phoneNumbers"];
/// Longest text, and most entries of a list.
const TEXT: usize = 1000;
pub(super) const ENTRIES: usize = 20;
/// Most octets of what is kept of a person. All that anybody says of one is a few hundred.
const LONGEST: usize = 64 * 1024;
/// Longest name of an account.
const NAME_CHARACTERS: usize = 200;

/// The name as it is kept: SCIM's names have no case (RFC 7643 §2.1).
pub(super) fn known(name: &str) -> Option<&'static str> {
    let all = TEXTS.into_iter().chain(LISTS).chain(["name", "active"]);
    all.into_iter().find(|known| known.eq_ignore_ascii_case(name))
}

pub(super) fn part_of(attribute: &str, name: &str) -> Option<&'static str> {
    let parts: &[&'static str] = match attribute {
        "name" => &NAME,
        "emails" | "phoneNumbers" => &["value", "display", "type", "primary"],
        _ => &[],
    };
    parts.iter().copied().find(|known| known.eq_ignore_ascii_case(name))
}

/// What a client said of a person, as it is kept. What is not known is not kept, and neither is what only the server
/// says (RFC 7644 §3.3).
///
/// # Errors
/// [`ScimType::InvalidSyntax`] for what is no object, [`ScimType::InvalidValue`] for a value of another type, and for more than
/// 64 KiB.
pub fn read(said: &Value) -> Result<Map<String, Value>, ScimError> {
    let said = said.as_object().ok_or(ScimError::Invalid(ScimType::InvalidSyntax, "the body must be an object"))?;
    let mut person = Map::new();
    for (name, value) in said {
        if let Some(name) = known(name)
            && let Some(value) = value_of(name, value)?
        {
            person.insert(name.to_owned(), value);
        }
    }
    let whole = Value::Object(person);
    if whole.to_string().len() > LONGEST {
        return Err(too_much());
    }
    let Value::Object(person) = whole else { return Err(wrong()) };
    Ok(person)
}

/// A value of an attribute as it is kept; `None` for one that says nothing (RFC 7643 §2.5).
pub(super) fn value_of(name: &str, value: &Value) -> Result<Option<Value>, ScimError> {
    if value.is_null() {
        return Ok(None);
    }
    match name {
        "active" => Ok(Some(Value::Bool(boolean(value)?))),
        "name" => {
            let parts = value.as_object().ok_or(wrong())?;
            object("name", parts)
        }
        "emails" | "phoneNumbers" => {
            // One entry is a list of one (RFC 7644 §3.5.2.1).
            let one = std::slice::from_ref(value);
            let entries = value.as_array().map_or(one, Vec::as_slice);
            if entries.len() > ENTRIES {
                return Err(wrong());
            }
            let mut list = Vec::new();
            let mut has_primary = false;
            for entry in entries {
                let entry = match entry {
                    Value::Object(parts) => object(name, parts)?,
                    Value::String(_) => Some(serde_json::json!({ "value": text(entry)? })),
                    _ => return Err(wrong()),
                };
                if let Some(mut entry) = entry {
                    // At most one is (RFC 7643 §2.4): the first.
                    if let Some(primary) = entry.get_mut("primary").filter(|primary| **primary == Value::Bool(true))
                        && std::mem::replace(&mut has_primary, true)
                    {
                        *primary = Value::Bool(false);
                    }
                    list.push(entry);
                }
            }
            Ok(Some(Value::Array(list)).filter(|list| list.as_array().is_some_and(|list| !list.is_empty())))
        }
        _ => Ok(Some(Value::String(text(value)?))),
    }
}

pub(super) fn part_value(part: &str, value: &Value) -> Result<Value, ScimError> {
    if part == "primary" { Ok(Value::Bool(boolean(value)?)) } else { Ok(Value::String(text(value)?)) }
}

fn object(attribute: &str, parts: &Map<String, Value>) -> Result<Option<Value>, ScimError> {
    let mut kept = Map::new();
    for (part, value) in parts {
        if let Some(part) = part_of(attribute, part)
            && !value.is_null()
        {
            kept.insert(part.to_owned(), part_value(part, value)?);
        }
    }
    Ok((!kept.is_empty()).then_some(Value::Object(kept)))
}

fn text(value: &Value) -> Result<String, ScimError> {
    let text = value.as_str().filter(|text| text.len() <= TEXT && !text.chars().any(char::is_control));
    text.map(str::to_owned).ok_or(wrong())
}

/// Some clients write it as a text.
fn boolean(value: &Value) -> Result<bool, ScimError> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(wrong()),
    }
}

pub(super) fn too_much() -> ScimError {
    ScimError::Invalid(ScimType::InvalidValue, "a list has at most 20 entries, and a person 64 KiB")
}

fn wrong() -> ScimError {
    ScimError::Invalid(ScimType::InvalidValue, "a value has another type than its attribute, or is too long")
}

/// The address that counts: the primary one, else the first, else a `userName` that is one.
pub(super) fn email(person: &Map<String, Value>) -> Option<&str> {
    let entries = person.get("emails").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let primary = entries.iter().find(|entry| entry.get("primary") == Some(&Value::Bool(true)));
    let value = primary.or(entries.first()).and_then(|entry| entry.get("value")).and_then(Value::as_str);
    value.or_else(|| person.get("userName").and_then(Value::as_str)).filter(|text| text.contains('@'))
}

/// The name to show.
pub(super) fn shown(person: &Map<String, Value>) -> Option<String> {
    let of = |name: &str| person.get(name).and_then(Value::as_str).map(str::to_owned);
    let part = |part: &str| person.get("name").and_then(|name| name.get(part)).and_then(Value::as_str);
    let whole = match (part("givenName"), part("familyName")) {
        (Some(given), Some(family)) => Some(format!("{given} {family}")),
        (one, other) => one.or(other).map(str::to_owned),
    };
    let formatted = part("formatted").map(str::to_owned);
    let name = [of("displayName"), formatted, whole, of("userName")].into_iter().flatten();
    name.map(|name| name.trim().chars().take(NAME_CHARACTERS).collect::<String>()).find(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_known_is_kept_in_its_form() {
        let said = json!({
            "schemas": [USER], "id": "x", "USERNAME": "ada@firm.example", "active": "False", "password": "s3cret",
            "name": { "GivenName": "Ada", "familyname": "Lovelace", "other": 1 }, "groups": [], "title": null,
            "emails": { "value": "ada@firm.example", "primary": true }, "urn:x:User": { "a": 1 },
        });
        let kept = read(&said).unwrap();
        let expected = json!({
            "userName": "ada@firm.example", "active": false, "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "emails": [{ "value": "ada@firm.example", "primary": true }],
        });
        assert_eq!(Value::Object(kept.clone()), expected);
        assert_eq!((email(&kept), shown(&kept).as_deref()), (Some("ada@firm.example"), Some("Ada Lovelace")));
    }

    #[test]
    fn what_has_another_type_is_refused() {
        for said in [
            json!([]),
            json!({ "userName": 1 }),
            json!({ "active": "maybe" }),
            json!({ "name": "Ada" }),
            json!({ "emails": [1] }),
            json!({ "emails": [{ "value": {} }] }),
            json!({ "displayName": "a\u{7}" }),
            json!({ "title": "x".repeat(1001) }),
            json!({ "emails": vec![json!({ "value": "x" }); 21] }),
            json!({ "emails": vec![json!({ "value": "x".repeat(1000), "display": "x".repeat(1000) }); 20],
                "phoneNumbers": vec![json!({ "value": "x".repeat(1000), "display": "x".repeat(1000) }); 20] }),
        ] {
            assert!(read(&said).is_err(), "{said}");
        }
    }
}
