//! Changes of a part (RFC 7644 §3.5.2), as Entra and Okta write them, too: operations in any case, values without a
//! path, dotted names in them, booleans as texts.

use serde_json::{Map, Value, json};

use super::person::{self, ENTRIES, LISTS, USER, known, part_of, part_value, too_much, value_of};
use super::refusal::{ScimError, ScimType};

/// Most operations of one request, and most members of a value that names them.
const MOST: usize = 100;

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    attribute: &'static str,
    /// Of a list: the entries whose part has this value.
    entry: Option<(&'static str, String)>,
    part: Option<&'static str>,
}

/// Applies the operations in their order, all of them or none.
///
/// INVARIANT: after each operation the person is one that [`person::read`] would have taken: a hundred operations make
/// nothing that one could not.
pub(super) fn apply(person: &Map<String, Value>, request: &Value) -> Result<Map<String, Value>, ScimError> {
    let syntax = |why| ScimError::Invalid(ScimType::InvalidSyntax, why);
    let member = |object: &Value, name: &str| {
        let object = object.as_object()?;
        object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone())
    };
    let operations = member(request, "Operations").and_then(|all| all.as_array().cloned());
    let operations = operations.ok_or(syntax("the body must have a list of Operations"))?;
    if operations.is_empty() || operations.len() > MOST {
        return Err(syntax("there must be 1 to 100 Operations"));
    }
    let mut person = person.clone();
    for operation in operations {
        let op = member(&operation, "op").and_then(|op| op.as_str().map(str::to_ascii_lowercase));
        let path = member(&operation, "path").filter(|path| !path.is_null());
        let path = match &path {
            Some(path) => Some(path.as_str().ok_or(bad_path())?),
            None => None,
        };
        let value = member(&operation, "value");
        match (op.as_deref(), path, value) {
            (Some("add"), Some(path), Some(value)) => set(&mut person, path, &value, true)?,
            (Some("replace"), Some(path), Some(value)) => set(&mut person, path, &value, false)?,
            (Some(op @ ("add" | "replace")), None, Some(Value::Object(values))) => {
                if values.len() > MOST {
                    return Err(syntax("a value has at most 100 members"));
                }
                for (path, value) in &values {
                    set(&mut person, path, value, op == "add")?;
                }
            }
            (Some("remove"), Some(path), value) => remove(&mut person, path, value.as_ref())?,
            (Some("remove"), None, _) => {
                return Err(ScimError::Invalid(ScimType::NoTarget, "remove needs a path"));
            }
            _ => return Err(syntax("an operation is add, replace or remove, with a value where it needs one")),
        }
        person = person::read(&Value::Object(person))?;
    }
    Ok(person)
}

fn set(person: &mut Map<String, Value>, path: &str, value: &Value, is_add: bool) -> Result<(), ScimError> {
    let Some(Target { attribute, entry, part }) = target(path)? else { return Ok(()) };
    match (entry, part) {
        (None, None) => {
            let Some(value) = value_of(attribute, value)? else {
                person.remove(attribute);
                return Ok(());
            };
            match (person.get_mut(attribute), value) {
                // The parts that are named, and of a list one entry more.
                (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
                (Some(Value::Array(old)), Value::Array(new)) if is_add => merge(old, new)?,
                (_, value) => _ = person.insert(attribute.to_owned(), value),
            }
        }
        (None, Some(part)) => {
            let value = part_value(part, value)?;
            // Of a list that is not there: of its first entry.
            let none = || if LISTS.contains(&attribute) { json!([{}]) } else { json!({}) };
            match person.entry(attribute).or_insert_with(none) {
                Value::Object(parts) => _ = parts.insert(part.to_owned(), value),
                // Of a list without a filter: of every entry.
                Value::Array(list) => {
                    for entry in list.iter_mut().filter_map(Value::as_object_mut) {
                        entry.insert(part.to_owned(), value.clone());
                    }
                }
                _ => return Err(bad_path()),
            }
        }
        (Some((by, wanted)), part) => {
            let list = person.entry(attribute).or_insert_with(|| Value::Array(Vec::new()));
            let list = list.as_array_mut().ok_or(bad_path())?;
            let new = match part {
                Some(part) => json!({ part: part_value(part, value)? }),
                None => match value_of(attribute, value)? {
                    Some(Value::Array(mut list)) => list.pop().unwrap_or_default(),
                    _ => return Err(bad_path()),
                },
            };
            let Value::Object(new) = new else { return Err(bad_path()) };
            take_primary(list, &new);
            let mut found = false;
            for entry in list.iter_mut().filter(|entry| entry_has(entry, by, &wanted)) {
                found = true;
                if let Value::Object(entry) = entry {
                    entry.extend(new.clone());
                }
            }
            if !found {
                // Entra sets the work address of who has none so.
                let mut entry = new;
                entry.entry(by).or_insert(part_value(by, &Value::String(wanted))?);
                push(list, Value::Object(entry))?;
            }
        }
    }
    Ok(())
}

/// Entries that are not there yet; a new primary one takes the mark from the one before.
fn merge(old: &mut Vec<Value>, new: Vec<Value>) -> Result<(), ScimError> {
    for entry in new {
        if old.contains(&entry) {
            continue;
        }
        if let Value::Object(parts) = &entry {
            take_primary(old, parts);
        }
        push(old, entry)?;
    }
    Ok(())
}

/// Where a primary entry comes, none of those before is it any more (RFC 7643 §2.4).
fn take_primary(list: &mut [Value], new: &Map<String, Value>) {
    if new.get("primary") == Some(&Value::Bool(true)) {
        for primary in list.iter_mut().filter_map(|entry| entry.get_mut("primary")) {
            *primary = false.into();
        }
    }
}

/// One entry more, where there may be one.
fn push(list: &mut Vec<Value>, entry: Value) -> Result<(), ScimError> {
    if list.len() >= ENTRIES {
        return Err(too_much());
    }
    list.push(entry);
    Ok(())
}

fn remove(person: &mut Map<String, Value>, path: &str, value: Option<&Value>) -> Result<(), ScimError> {
    let Some(Target { attribute, entry, part }) = target(path)? else { return Ok(()) };
    if attribute == "userName" {
        return Err(ScimError::Invalid(ScimType::Mutability, "userName is required"));
    }
    let Some(kept) = person.get_mut(attribute) else { return Ok(()) };
    let is_empty = match (kept, entry, part) {
        (Value::Array(list), Some((by, wanted)), None) => {
            list.retain(|entry| !entry_has(entry, by, &wanted));
            list.is_empty()
        }
        (Value::Array(list), entry, Some(part)) => {
            for one in list.iter_mut() {
                let is_meant = entry.as_ref().is_none_or(|(by, wanted)| entry_has(one, by, wanted));
                if let Value::Object(parts) = one
                    && is_meant
                {
                    parts.remove(part);
                }
            }
            list.retain(|entry| entry.as_object().is_some_and(|parts| !parts.is_empty()));
            list.is_empty()
        }
        // Some clients name what is to go in the value.
        (Value::Array(list), None, None) if value.is_some_and(|value| !value.is_null()) => {
            let gone = value.map(|value| value_of(attribute, value)).transpose()?.flatten();
            let gone = gone.as_ref().and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            list.retain(|entry| !gone.iter().any(|gone| gone.get("value") == entry.get("value")));
            list.is_empty()
        }
        (Value::Object(parts), None, Some(part)) => {
            parts.remove(part);
            parts.is_empty()
        }
        (_, None, None) => true,
        _ => return Err(bad_path()),
    };
    if is_empty {
        person.remove(attribute);
    }
    Ok(())
}

fn entry_has(entry: &Value, part: &str, wanted: &str) -> bool {
    match entry.get(part) {
        Some(Value::String(text)) => text.eq_ignore_ascii_case(wanted),
        Some(Value::Bool(value)) => wanted.eq_ignore_ascii_case(if *value { "true" } else { "false" }),
        _ => false,
    }
}

/// What a path names; `None` for an attribute that is not kept, whose changes do nothing.
fn target(path: &str) -> Result<Option<Target>, ScimError> {
    let path = path.trim();
    let path = match path.get(..USER.len()) {
        Some(start) if start.eq_ignore_ascii_case(USER) => {
            path.get(USER.len()..).unwrap_or_default().trim_start_matches(':')
        }
        // Another schema's: an extension's.
        _ if path.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) => return Ok(None),
        _ => path,
    };
    let (head, rest) = match path.find(['[', '.']) {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    if head.is_empty()
        || !head.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'$' | b'-' | b'_'))
    {
        return Err(bad_path());
    }
    let Some(attribute) = known(head) else { return Ok(None) };
    let (entry, rest) = match rest.strip_prefix('[') {
        None => (None, rest),
        Some(rest) => {
            let (filter, rest) = rest.split_once(']').ok_or(bad_path())?;
            let (by, wanted) = equality(filter).ok_or(bad_path())?;
            (Some((part_of(attribute, by).ok_or(bad_path())?, wanted)), rest)
        }
    };
    let part = match rest.strip_prefix('.') {
        Some(part) => Some(part_of(attribute, part).ok_or(bad_path())?),
        None if rest.is_empty() => None,
        None => return Err(bad_path()),
    };
    if entry.is_some() && attribute == "name" {
        return Err(bad_path());
    }
    Ok(Some(Target { attribute, entry, part }))
}

/// `attribute eq "value"` (RFC 7644 §3.4.2.2); a boolean stands without quotes.
pub(super) fn equality(filter: &str) -> Option<(&str, String)> {
    let mut words = filter.trim().splitn(3, ' ');
    let (attribute, operator, value) = (words.next()?, words.next()?, words.next()?.trim());
    if !operator.eq_ignore_ascii_case("eq") {
        return None;
    }
    let value = match serde_json::from_str(value).ok()? {
        // PostgreSQL knows no text with one, and nobody has it.
        Value::String(text) if !text.contains('\0') => text,
        Value::Bool(value) => value.to_string(),
        _ => return None,
    };
    Some((attribute, value))
}

fn bad_path() -> ScimError {
    ScimError::Invalid(ScimType::InvalidPath, "the path cannot be read, or names nothing that there is")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(person: Value, operations: Value) -> Result<Value, ScimError> {
        let request = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        apply(person.as_object().unwrap(), &request).map(Value::Object)
    }

    fn ada() -> Value {
        json!({ "userName": "ada", "name": { "givenName": "Ada" }, "emails": [{ "value": "a@b.example", "type": "work" }] })
    }

    #[test]
    fn as_entra_writes_it() {
        let done = patched(
            ada(),
            json!([
                { "op": "Replace", "path": "active", "value": "False" },
                { "op": "Add", "path": "emails[type eq \"work\"].value", "value": "c@d.example" },
                { "op": "Add", "path": "emails[type eq \"home\"].value", "value": "e@f.example" },
                { "op": "Replace", "value": { "name.familyName": "Lovelace", "displayName": "Ada L." } },
                { "op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "x" },
                { "op": "Remove", "path": "name.givenName" },
            ]),
        );
        let expected = json!({
            "userName": "ada", "active": false, "name": { "familyName": "Lovelace" }, "displayName": "Ada L.",
            "emails": [{ "value": "c@d.example", "type": "work" }, { "type": "home", "value": "e@f.example" }],
        });
        assert_eq!(done.unwrap(), expected);
    }

    #[test]
    fn as_okta_writes_it() {
        let done = patched(ada(), json!([{ "op": "replace", "value": { "active": false } }])).unwrap();
        assert_eq!(done["active"], json!(false));
        let done = patched(
            ada(),
            json!([{ "op": "replace", "path": "emails", "value": [{ "value": "n@b.example", "primary": true }] }]),
        );
        assert_eq!(done.unwrap()["emails"], json!([{ "value": "n@b.example", "primary": true }]));
        let done =
            patched(ada(), json!([{ "op": "add", "path": "emails", "value": [{ "value": "n@b.example" }] }])).unwrap();
        assert_eq!(done["emails"].as_array().unwrap().len(), 2);
        let done = patched(ada(), json!([{ "op": "remove", "path": "emails[value eq \"a@b.example\"]" }])).unwrap();
        assert_eq!(done.get("emails"), None);
    }

    #[test]
    fn what_cannot_be_done_is_refused_whole() {
        for (operations, expected) in [
            (json!([]), ScimType::InvalidSyntax),
            (json!([{ "op": "move", "path": "title" }]), ScimType::InvalidSyntax),
            (json!([{ "op": "remove" }]), ScimType::NoTarget),
            (json!([{ "op": "remove", "path": "userName" }]), ScimType::Mutability),
            (json!([{ "op": "replace", "path": "name.shoe", "value": "x" }]), ScimType::InvalidPath),
            (json!([{ "op": "replace", "path": "emails[type ne \"x\"]", "value": {} }]), ScimType::InvalidPath),
            (json!([{ "op": "replace", "path": "emails[type", "value": {} }]), ScimType::InvalidPath),
            (json!([{ "op": "replace", "path": "", "value": "x" }]), ScimType::InvalidPath),
            (json!([{ "op": "replace", "path": 1, "value": "x" }]), ScimType::InvalidPath),
            (json!([{ "op": "add", "path": "title", "value": 1 }]), ScimType::InvalidValue),
            (json!([{ "op": "add", "path": "active", "value": "maybe" }]), ScimType::InvalidValue),
        ] {
            match patched(ada(), operations.clone()) {
                Err(ScimError::Invalid(found, _)) => assert_eq!(found, expected, "{operations}"),
                other => panic!("{operations}: {other:?}"),
            }
        }
    }

    #[test]
    fn nothing_grows_beyond_what_could_be_said_at_once() {
        let many = |from: usize, to: usize| -> Vec<Value> {
            (from..to).map(|n| json!({ "value": format!("{n}@b.example"), "type": "x" })).collect()
        };
        let add = |entries: Vec<Value>| json!({ "op": "add", "path": "emails", "value": entries });
        let done = patched(ada(), json!([add(many(0, 10)), add(many(5, 19))])).unwrap();
        assert_eq!(done["emails"].as_array().unwrap().len(), 20);
        let one = |n: usize| json!({ "op": "add", "path": format!("emails[type eq \"{n}\"].value"), "value": "x" });
        let long = json!({ "op": "replace", "path": "emails.display", "value": "d".repeat(1000) });
        let longer = json!({ "op": "replace", "path": "phoneNumbers", "value": vec![
            json!({ "value": "v".repeat(1000), "display": "d".repeat(1000), "type": "t".repeat(1000) }); 20] });
        let named: Map<_, _> = (0..101).map(|n| (format!("{}title", " ".repeat(n)), json!("x"))).collect();
        for operations in [
            json!([add(many(0, 10)), add(many(10, 20))]),
            json!([add(many(0, 19)), one(20)]),
            (0..20).map(one).collect::<Vec<_>>().into(),
            json!([add(many(0, 19)), long.clone(), longer]),
        ] {
            assert!(matches!(patched(ada(), operations), Err(ScimError::Invalid(ScimType::InvalidValue, _))));
        }
        let named = patched(ada(), json!([{ "op": "add", "value": named }]));
        assert!(matches!(named, Err(ScimError::Invalid(ScimType::InvalidSyntax, _))));
        assert!(patched(ada(), json!([add(many(0, 19)), long])).is_ok());
    }

    #[test]
    fn a_list_stays_a_list() {
        let bob = json!({ "userName": "bob" });
        let done =
            patched(bob.clone(), json!([{ "op": "add", "path": "emails.value", "value": "b@c.example" }])).unwrap();
        assert_eq!(done["emails"], json!([{ "value": "b@c.example" }]));
        let done = patched(bob, json!([{ "op": "add", "path": "name.givenName", "value": "Bob" }])).unwrap();
        assert_eq!(done["name"], json!({ "givenName": "Bob" }));
        // One is primary: the one that was made so last.
        let two = json!([{ "value": "n@b.example", "type": "home", "primary": true }]);
        let done = patched(
            ada(),
            json!([
                { "op": "add", "path": "emails", "value": two },
                { "op": "add", "path": "emails[type eq \"work\"].primary", "value": true },
            ]),
        );
        let primary: Vec<_> =
            done.unwrap()["emails"].as_array().unwrap().iter().map(|one| one["primary"].clone()).collect();
        assert_eq!(primary, [json!(true), json!(false)]);
    }

    #[test]
    fn equalities() {
        assert_eq!(equality(r#"userName eq "a \"b\" c""#), Some(("userName", "a \"b\" c".to_owned())));
        for bad in [
            "",
            "userName",
            "userName eq",
            "userName pr",
            "userName eq a",
            r#"userName co "a""#,
            r#"a eq "b" or c eq "d""#,
            r#"userName eq "\u0000""#,
            r#"userName eq "a\u0000b""#,
        ] {
            assert_eq!(equality(bad), None, "{bad}");
        }
    }
}
