//! Where a claim is: the names of the members that lead to it.

use super::Claims;
use crate::jose::json::Value;
use alloc::borrow::Cow;
use alloc::string::String;

/// Longest member path of a mapping. Keycloak's deepest is three: `resource_access`, client, `roles`.
pub const PATH_MEMBERS: usize = 8;

/// What stands between the names of a path. No claim's name in a path can have it, see [`add`].
const SEPARATOR: char = '\0';

/// Adds a name to a claim's path. `None`: it has a NUL, or the path is too long.
pub(crate) fn add(claim: &mut Option<String>, name: &str) -> Option<()> {
    let path = match claim {
        Some(path) => {
            path.push(SEPARATOR);
            path
        }
        None => claim.insert(String::new()),
    };
    path.push_str(name);
    let invalid = name.contains(SEPARATOR) || path.split(SEPARATOR).nth(PATH_MEMBERS).is_some();
    (!invalid).then_some(())
}

/// Reads a path of a configuration: a string is the name of one claim (its dots mean nothing), an array a path of member names.
pub(crate) fn read(path: Value<'_>) -> Option<String> {
    let mut claim = None;
    match path.elements() {
        Some(names) => {
            for name in names {
                add(&mut claim, &name.as_str()?)?;
            }
        }
        None => add(&mut claim, &path.as_str()?)?,
    }
    claim
}

/// The claim's value. Absent where any member on the way is; an error where one is no object.
pub(crate) fn find<'a>(claims: Claims<'a>, claim: &str) -> Result<Option<Value<'a>>, ()> {
    let mut names = claim.split(SEPARATOR);
    let mut value = names.next().and_then(|name| present(claims.get(name)));
    for name in names {
        let Some(object) = value else { return Ok(None) };
        if !object.is_object() {
            return Err(());
        }
        value = present(object.member(name));
    }
    Ok(value)
}

/// `null` says that there is none: Sentinel's own convergence writes `"first_name": null`.
pub(crate) fn present(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

/// One of a list: a string, or an object with a string `value` (RFC 7643 §2.4, as RFC 9068 §2.2.3.1 allows).
pub(crate) fn text(entry: Value<'_>) -> Option<Cow<'_, str>> {
    entry.as_str().or_else(|| entry.member("value")?.as_str())
}
