//! What OpenFGA's API asks of the parts of a request before anything else looks at them: the rules beside the fields of its
//! protocol buffers (`openfga/v1/*.proto`, `validate.rules`), and the codes that its server makes of them
//! (`pkg/server/errors/encoded_errors.go`). Left out is one: contextual tuples are bounded by the body, not by 100.

use serde_json::{Map, Value};

use super::wire::TupleKeyIn;
use crate::service::policy::{PolicyError, Question, RefusalCode};

type Judged = Result<(), PolicyError>;

/// Most contextual tuples of an assertion.
const ASSERTION_TUPLES: usize = 20;
/// Longest continuation token in octets.
const TOKEN_BYTES: usize = 5120;

/// Whether all characters may stand in a name: `[^:#@\s]`. `\s` is ASCII's here, as in Go's expressions.
fn is_name(text: &str, most: usize) -> bool {
    is_within(text, 1, most) && !text.contains([':', '#', '@'])
}

/// `[^\s]`, and so many characters.
fn is_within(text: &str, least: usize, most: usize) -> bool {
    let is_space = |character: char| matches!(character, '\t' | '\n' | '\x0c' | '\r' | ' ');
    !text.contains(is_space) && (least..=most).contains(&text.chars().count())
}

fn pattern(is_so: bool, code: RefusalCode, field: &str, pattern: &str) -> Judged {
    if is_so {
        return Ok(());
    }
    Err(PolicyError::refused(code, format!("invalid {field}: value does not match regex pattern \"{pattern}\"")))
}

pub(super) fn type_name(field: &str, text: &str) -> Judged {
    pattern(is_name(text, 254), RefusalCode::TypeInvalidPattern, field, "^[^:#@\\s]{1,254}$")
}

pub(super) fn relation(field: &str, text: &str) -> Judged {
    pattern(is_name(text, 50), RefusalCode::ValidationError, field, "^[^:#@\\s]{1,50}$")
}

fn object(field: &str, text: &str) -> Judged {
    pattern(is_within(text, 2, 256), RefusalCode::ValidationError, field, "^[^\\s]{2,256}$")
}

/// A question that must be there.
pub(super) fn question(of: &str, key: Option<TupleKeyIn>) -> Result<Question, PolicyError> {
    let asked = required(of, key)?;
    let field = |name: &str| format!("{of}TupleKey.{name}");
    let user = is_within(&asked.user, 2, 512);
    pattern(user, RefusalCode::ValidationError, &field("User"), "^[^\\s]{2,512}$")?;
    relation(&field("Relation"), &asked.relation)?;
    object(&field("Object"), &asked.object)?;
    Ok(asked)
}

/// As [`question`], where its parts may be judged otherwise.
pub(super) fn required(of: &str, key: Option<TupleKeyIn>) -> Result<Question, PolicyError> {
    let missing =
        || PolicyError::refused(RefusalCode::TupleKeyMissing, format!("invalid {of}.TupleKey: value is required"));
    Ok(key.ok_or_else(missing)?.question())
}

/// What is listed: its type, its relation, and for whom.
pub(super) fn listed(type_name_: &str, relation_: &str, user: &str) -> Judged {
    type_name("ListObjectsRequest.Type", type_name_)?;
    relation("ListObjectsRequest.Relation", relation_)?;
    if (1..=512).contains(&user.len()) {
        return Ok(());
    }
    let why = "invalid ListObjectsRequest.User: value length must be between 1 and 512 bytes, inclusive";
    Err(PolicyError::validation(why))
}

/// Tuples to write or delete: at least one, where there is a list of them.
pub(super) fn some_tuples(of: &str, keys: Option<&[TupleKeyIn]>) -> Judged {
    if keys.unwrap_or_default().is_empty() {
        let why = format!("invalid {of}.TupleKeys: value must contain at least 1 item(s)");
        return Err(PolicyError::validation(why));
    }
    Ok(())
}

/// A continuation token, before anybody reads it.
pub(super) fn token(of: &str, text: &str) -> Judged {
    if text.len() > TOKEN_BYTES {
        let why = format!("invalid {of}.ContinuationToken: value length must be at most {TOKEN_BYTES} bytes");
        return Err(PolicyError::validation(why));
    }
    let body = text.trim_end_matches('=');
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    let is_token = text.is_empty() || (!body.is_empty() && text.len() - body.len() <= 2 && body.bytes().all(fits));
    let field = format!("{of}.ContinuationToken");
    pattern(is_token, RefusalCode::ValidationError, &field, "^$|^[A-Za-z0-9-_]+={0,2}$")
}

/// The log's part: here a page of less than one entry has the general code.
pub(super) fn changes(type_name: &str, page_size: Option<i64>) -> Judged {
    let is_type = type_name.is_empty() || (is_within(type_name, 1, 254) && !type_name.contains([':', '#']));
    let field = "ReadChangesRequest.Type";
    pattern(is_type, RefusalCode::TypeInvalidPattern, field, "^[^:#\\s]{1,254}$")?;
    if page_size.is_some_and(|size| size < 1) {
        let why = "invalid ReadChangesRequest.PageSize: value must be greater than or equal to 1";
        return Err(PolicyError::validation(why));
    }
    Ok(())
}

/// Tuples that an assertion brings along.
pub(super) fn assertion_tuples(tuples: usize) -> Judged {
    if tuples > ASSERTION_TUPLES {
        let why =
            format!("invalid Assertion.ContextualTuples: value must contain no more than {ASSERTION_TUPLES} item(s)");
        return Err(PolicyError::validation(why));
    }
    Ok(())
}

/// A model in OpenFGA's JSON form. What it means is judged later.
pub(super) fn model(document: &Value) -> Judged {
    const OF: &str = "WriteAuthorizationModelRequest";
    let none = Vec::new();
    let types = document.get("type_definitions").and_then(Value::as_array).unwrap_or(&none);
    if types.is_empty() {
        let why = format!("invalid {OF}.TypeDefinitions: value must contain at least 1 item(s)");
        return Err(PolicyError::refused(RefusalCode::TypeDefinitionsTooFew, why));
    }
    if let Some(version) = document.get("schema_version").filter(|version| !version.is_null())
        && !["1.0", "1.1", "1.2"].iter().any(|known| version == known)
    {
        let why = format!("invalid {OF}.SchemaVersion: value must be in list [1.0 1.1 1.2]");
        return Err(PolicyError::validation(why));
    }
    for one in types {
        type_name("TypeDefinition.Type", one.get("type").and_then(Value::as_str).unwrap_or_default())?;
        for (name, rewrite) in one.get("relations").and_then(Value::as_object).into_iter().flatten() {
            let code = RefusalCode::RelationsInvalidPattern;
            let field = format!("TypeDefinition.Relations[{name}]");
            pattern(is_name(name, 50), code, &field, "^[^:#@\\s]{1,50}$")?;
            userset(rewrite)?;
        }
    }
    let conditions = document.get("conditions").and_then(Value::as_object);
    for name in conditions.into_iter().flat_map(Map::keys) {
        relation(&format!("{OF}.Conditions[{name}]"), name)?;
    }
    Ok(())
}

/// A difference has both its sides. The body is no deeper than what reads it allows.
fn userset(rewrite: &Value) -> Judged {
    if let Some(difference) = rewrite.get("difference").filter(|difference| difference.is_object()) {
        for (member, field, code) in [
            ("base", "Base", RefusalCode::DifferenceBaseMissing),
            ("subtract", "Subtract", RefusalCode::SubtractBaseMissing),
        ] {
            match difference.get(member).filter(|side| !side.is_null()) {
                Some(side) => userset(side)?,
                None => {
                    return Err(PolicyError::refused(code, format!("invalid Difference.{field}: value is required")));
                }
            }
        }
    }
    for operator in ["union", "intersection"] {
        let children = rewrite.get(operator).and_then(|of| of.get("child")).and_then(Value::as_array);
        children.into_iter().flatten().try_for_each(userset)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_tokens() {
        for good in ["a", "ä", &"t".repeat(254), "a\u{a0}b"] {
            assert!(type_name("T", good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "a:b", "a#b", "a@b", "a\tb", &"t".repeat(255)] {
            let code = type_name("T", bad).unwrap_err().code();
            assert_eq!(code, Some(RefusalCode::TypeInvalidPattern), "{bad}");
        }
        assert!(relation("R", &"r".repeat(50)).is_ok() && relation("R", &"r".repeat(51)).is_err());
        for good in ["", "YWJj", "a-_=", "a==", &"a".repeat(TOKEN_BYTES)] {
            assert!(token("T", good).is_ok(), "{good}");
        }
        for bad in ["=", "==", "a===", "a=b", "a+b", "%", &"a".repeat(TOKEN_BYTES + 1)] {
            assert!(token("T", bad).is_err(), "{bad}");
        }
    }
}
