//! What names, texts and pages may look like. Every limit is one of storage or of what people can read.

use std::str::FromStr;

use sentinel_storage::{Cursor, PageRequest};

use super::Error;

/// Longest name in characters: what a list can show.
const NAME: usize = 200;
/// Longest description in characters.
const DESCRIPTION: usize = 2000;
/// Longest slug: a DNS label (RFC 1035 §2.3.4), so that it can become one.
const SLUG: usize = 63;
/// Longest e-mail address (RFC 5321 §4.5.3.1.3: a path of 256 octets with its brackets).
const EMAIL: usize = 254;
/// Longest picture address.
const URL: usize = 2048;
/// Most rows of one answer, and how many come where none says how many.
const PAGE: u32 = 1000;

/// A name that people see: not empty, no control characters.
pub(crate) fn name(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > NAME || text.chars().any(char::is_control) {
        return Err(Error::invalid(format!("name must have 1 to {NAME} characters and no control characters")));
    }
    Ok(text)
}

/// A description: may be empty, may have lines.
pub(crate) fn description(text: &str) -> Result<&str, Error> {
    let bad = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if text.chars().count() > DESCRIPTION || text.chars().any(bad) {
        return Err(Error::invalid(format!("description must have at most {DESCRIPTION} characters")));
    }
    Ok(text)
}

/// A slug: `^[a-z0-9][a-z0-9-]*[a-z0-9]$`.
pub(crate) fn slug(text: &str) -> Result<&str, Error> {
    let inner = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
    let good =
        (2..=SLUG).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-');
    if !good {
        return Err(Error::invalid(format!(
            "slug must have 2 to {SLUG} of a-z, 0-9 and -, and begin and end with a letter or digit"
        )));
    }
    Ok(text)
}

/// An e-mail address, as far as it can be told without sending to it: one `@` with something on both sides.
pub(crate) fn email(text: &str) -> Result<&str, Error> {
    let text = text.trim();
    let parts = text.split_once('@').filter(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains('@')
    });
    if parts.is_none() || text.len() > EMAIL || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid("email must be an e-mail address"));
    }
    Ok(text)
}

/// The address of a picture: `https`, since it ends up in other people's pages.
pub(crate) fn picture(text: &str) -> Result<&str, Error> {
    let https = url::Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host());
    if !https || text.len() > URL {
        return Err(Error::invalid("avatar_url must be an https URL"));
    }
    Ok(text)
}

/// What part of a list: `limit` rows after the row that the cursor names.
pub(crate) fn page(limit: Option<u32>, cursor: Option<&str>) -> Result<PageRequest, Error> {
    let limit = limit.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(Error::invalid(format!("limit must be 1 to {PAGE}")));
    }
    let after = cursor.map(Cursor::from_str).transpose();
    let after = after.map_err(|_| Error::invalid("cursor must be one that an earlier answer gave"))?;
    Ok(PageRequest { after, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for good in ["ab", "a-b", "a1", "0-0", &"a".repeat(63)] {
            assert!(slug(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "-a", "a-", "A1", "a_b", "ä1", "a b", &"a".repeat(64)] {
            assert!(slug(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn emails() {
        for good in ["a@b.c", " a@b.c ", "a+b@c.example"] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@b.c", "a@", "a@b", "a@b@c.d", "a b@c.d", "a@.c", "a@c.", "a@b.c\n\u{7}"] {
            assert!(email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_and_pictures() {
        assert_eq!(name("  A B ").unwrap(), "A B");
        assert!(name(" ").is_err() && name("a\tb").is_err() && name(&"x".repeat(201)).is_err());
        assert!(picture("https://example.com/a.png").is_ok());
        assert!(picture("javascript:alert(1)").is_err() && picture("http://example.com/a.png").is_err());
    }

    #[test]
    fn pages() {
        assert_eq!(page(None, None).unwrap().limit, PAGE);
        assert!(page(Some(0), None).is_err() && page(Some(PAGE + 1), None).is_err() && page(None, Some("x")).is_err());
    }
}
