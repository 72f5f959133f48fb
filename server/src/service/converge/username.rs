//! The normalization that many logins share.

use std::fmt;

/// Longest username: the longest local part of an address (RFC 5321 §4.5.3.1.1).
const LONGEST: usize = 64;
/// What stands before a username where an id is written.
const ALIAS: &str = "uid-";

/// What a person is called: 1 to 64 of `a-z`, `0-9`, `_` and `-`, at least one of them a letter or a digit.
///
/// It is a name and not a proof: nothing is decided by it, and two people never have the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Username(String);

/// Why a text is no username; the text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAUsername {
    /// Nothing is left of it that people could say.
    #[error("a username must have a letter or a digit")]
    Empty,
    /// It is longer than 64 characters.
    #[error("a username must have at most 64 characters")]
    TooLong,
    /// It has a character that no username has.
    #[error("a username must have nothing but a-z, 0-9, _, - and dots, which become _")]
    Character,
}

impl Username {
    /// The username that a text means: white space around it is cut off, of an address the part before the first `@`
    /// counts, letters are in lower case, and dots are underscores.
    ///
    /// ```
    /// use sentinel_server::service::converge::Username;
    ///
    /// let username = |text| Username::normalize(text).map(|username| username.to_string());
    /// // What people type where they log in, and what a provider says of them, is one name.
    /// assert_eq!(username("John.Doe@firm.example")?, "john_doe");
    /// assert_eq!(username("  john.doe ")?, "john_doe");
    /// assert_eq!(username("JOHN_DOE")?, "john_doe");
    /// assert_eq!(username("john.doe@another.example")?, "john_doe");
    /// assert_eq!(username("jean-luc.p@firm.example")?, "jean-luc_p");
    /// assert_eq!(Username::normalize("John.Doe@firm.example")?.alias(), "uid-john_doe");
    /// # Ok::<(), sentinel_server::service::converge::NotAUsername>(())
    /// ```
    ///
    /// Beyond ASCII nothing is a username, and nothing is turned into one: a Cyrillic `а` looks like an `a`, and the
    /// sign for Kelvin becomes a `k` where letters are made small by Unicode's rules (UTS 39 §4). Who has such a name
    /// is called by what is left of it, with a mark of their own (see [`Person`](super::Person)).
    ///
    /// ```
    /// use sentinel_server::service::converge::{NotAUsername, Username};
    ///
    /// for text in ["аda", "\u{212a}elvin", "jürgen@firm.example", "o'brien", "ada+news@firm.example", "a da", "a\0"] {
    ///     assert_eq!(Username::normalize(text), Err(NotAUsername::Character), "{text}");
    /// }
    /// assert_eq!(Username::normalize(" @firm.example"), Err(NotAUsername::Empty));
    /// assert_eq!(Username::normalize("..."), Err(NotAUsername::Empty));
    /// assert_eq!(Username::normalize(&"a".repeat(65)), Err(NotAUsername::TooLong));
    /// ```
    ///
    /// # Errors
    /// [`NotAUsername`] where there is none in it.
    pub fn normalize(text: &str) -> Result<Self, NotAUsername> {
        let local = local_part(text);
        if local.len() > LONGEST {
            return Err(NotAUsername::TooLong);
        }
        let name: String = local.chars().map(normal).collect::<Option<_>>().ok_or(NotAUsername::Character)?;
        if name.contains(|letter: char| letter.is_ascii_alphanumeric()) {
            Ok(Self(name))
        } else {
            Err(NotAUsername::Empty)
        }
    }

    /// The username that an alias is of: `uid-john_doe`.
    #[must_use]
    pub fn of_alias(alias: &str) -> Option<Self> {
        let name = alias.strip_prefix(ALIAS)?;
        Self::normalize(name).ok().filter(|username| username.0 == name)
    }

    /// The id in the form that is made of the name: `uid-john_doe`. It stands for the account's id, which is random; since
    /// a username is given once, so is this.
    #[must_use]
    pub fn alias(&self) -> String {
        Self::alias_of(&self.0)
    }

    /// As [`Self::alias`], of a username as it is stored.
    pub(crate) fn alias_of(username: &str) -> String {
        format!("{ALIAS}{username}")
    }

    /// What people read.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is left of a text that is no username, and a mark behind it.
    pub(super) fn marked(text: &str, mark: &str) -> Self {
        let stem = local_part(text).chars().map(|letter| normal(letter).unwrap_or('_'));
        let room = LONGEST.saturating_sub(mark.len()).saturating_sub(1);
        let stem: String = stem.take(room).collect();
        let is_name = stem.contains(|letter: char| letter.is_ascii_alphanumeric());
        Self(format!("{}-{mark}", if is_name { &stem } else { "user" }))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn local_part(text: &str) -> &str {
    let text = text.trim();
    text.split_once('@').map_or(text, |(local, _)| local)
}

/// The letter as usernames have it.
fn normal(letter: char) -> Option<char> {
    match letter {
        '.' => Some('_'),
        'a'..='z' | '0'..='9' | '_' | '-' => Some(letter),
        'A'..='Z' => Some(letter.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_normal_stays() {
        for text in ["john_doe", "a", "0", "_a", "a-b", &"a".repeat(64)] {
            assert_eq!(Username::normalize(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn an_alias_is_of_a_username_alone() {
        assert_eq!(Username::of_alias("uid-john_doe").unwrap().as_str(), "john_doe");
        for alias in ["john_doe", "uid-", "uid-John", "uid-john.doe", "uid-a@b", "UID-a", "uid- a"] {
            assert_eq!(Username::of_alias(alias), None, "{alias}");
        }
    }

    #[test]
    fn a_marked_name_is_a_username() {
        for (text, name) in
            [("jürgen@firm.example", "j_rgen-x"), ("李", "user-x"), ("", "user-x"), ("O'Brien", "o_brien-x")]
        {
            assert_eq!(Username::marked(text, "x").as_str(), name);
        }
        let long = Username::marked(&"é".repeat(100), &"x".repeat(26));
        assert_eq!(Username::normalize(long.as_str()), Ok(long.clone()));
        assert!(long.as_str().len() <= LONGEST);
    }
}
