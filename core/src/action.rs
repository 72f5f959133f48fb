//! RBAC actions: what a role of a service allows, e.g. `notes:export`.

use crate::{Error, ErrorCode};
use alloc::boxed::Box;

/// Longest name of an action in bytes: over twice the 50 that OpenFGA gives to
/// a relation, which is what an action becomes in a model.
pub const ACTION_BYTES: usize = 128;

/// The name of an action: `^[a-z][a-z0-9_.:-]*$`, as Sentinel Auth registers them.
///
/// There are no wildcards: `*` is no name, so a token that lists it is granted
/// nothing by it.
///
/// ```
/// use sentinel_core::Action;
/// assert_eq!(Action::new("notes:export")?.as_str(), "notes:export");
/// for name in ["", "*", "notes:*", "Notes:export", "9lives", "notes export"] {
///     assert!(Action::new(name).is_err(), "{name}");
/// }
/// # Ok::<(), sentinel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action(Box<str>);

impl Action {
    /// The action of this name.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] where it is no name of an action, or longer than [`ACTION_BYTES`].
    pub fn new(name: &str) -> Result<Self, Error> {
        if is_action(name) {
            Ok(Self(name.into()))
        } else {
            Err(Error::with(ErrorCode::ConfigurationInvalid, "not the name of an action: ^[a-z][a-z0-9_.:-]*$"))
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether the text is the name of an action.
#[must_use]
pub fn is_action(name: &str) -> bool {
    let follows = |b: &u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b':' | b'-');
    name.len() <= ACTION_BYTES
        && name
            .as_bytes()
            .split_first()
            .is_some_and(|(first, rest)| first.is_ascii_lowercase() && rest.iter().all(follows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    #[test]
    fn names() {
        for name in ["a", "notes:export", "reports.generate", "x-1_2", "a:b:c"] {
            assert!(is_action(name), "{name}");
        }
        for name in ["", "A", "-a", ":a", "a b", "a\n", "a/b", "é", "a*", "*", "\u{212a}"] {
            assert!(!is_action(name), "{name:?}");
        }
        let longest: String = "a".repeat(ACTION_BYTES);
        assert!(is_action(&longest) && !is_action(&(longest + "a")));
    }
}
