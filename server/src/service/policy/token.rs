//! Tokens that callers pass back as they got them: where a page goes on, and which state a write led to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{PolicyError, RefusalCode};

/// Longest token that is looked at.
const LONGEST: usize = 5120;

/// Where a list goes on: the list's name and what its order knows the last entry by.
pub(super) fn page_write<const N: usize>(list: &str, place: [&str; N]) -> String {
    let parts: Vec<&str> = std::iter::once(list).chain(place).collect();
    URL_SAFE_NO_PAD.encode(serde_json::Value::from_iter(parts).to_string())
}

/// The place of [`page_write`]; empty texts for an empty token.
pub(super) fn page_read<const N: usize>(list: &str, token: &str) -> Result<[String; N], PolicyError> {
    if token.is_empty() {
        return Ok(std::array::from_fn(|_| String::new()));
    }
    read(list, token)
        .ok_or_else(|| PolicyError::refused(RefusalCode::InvalidContinuationToken, "Invalid continuation token"))
}

/// Where a list of names goes on after one.
#[must_use]
pub fn list_token(list: &str, last: &str) -> String {
    page_write(list, [last])
}

/// The name of [`list_token`]; empty for an empty token.
///
/// # Errors
/// [`RefusalCode::InvalidContinuationToken`].
pub fn list_place(list: &str, token: &str) -> Result<String, PolicyError> {
    page_read(list, token).map(|[last]| last)
}

fn read<const N: usize>(list: &str, token: &str) -> Option<[String; N]> {
    if token.len() > LONGEST {
        return None;
    }
    let octets = URL_SAFE_NO_PAD.decode(token).ok()?;
    let parts: Vec<String> = serde_json::from_slice(&octets).ok()?;
    let place = parts.split_first().filter(|(name, _)| *name == list)?.1;
    let place: [String; N] = place.to_vec().try_into().ok()?;
    // PostgreSQL's text holds no NUL.
    place.iter().all(|part| !part.contains('\0')).then_some(place)
}

/// The state of a store that a write led to. A question that carries it is answered from that state or a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyToken {
    /// The store's id.
    pub store: String,
    /// Its revision.
    pub revision: i64,
}

impl ConsistencyToken {
    /// The token as text, opaque to who carries it.
    #[must_use]
    pub fn encode(&self) -> String {
        page_write("v1", [&self.store, &self.revision.to_string()])
    }

    /// From its text.
    ///
    /// # Errors
    /// [`RefusalCode::ValidationError`] where it is none of ours.
    pub fn parse(token: &str) -> Result<Self, PolicyError> {
        let wrong = || PolicyError::validation("the consistency token is not one of ours");
        let [store, revision] = read("v1", token).ok_or_else(wrong)?;
        let revision = revision.parse().ok().filter(|revision| *revision >= 0).ok_or_else(wrong)?;
        Ok(Self { store, revision })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        let token = page_write("tuples", ["a", "ü\u{1f600}"]);
        assert_eq!(page_read("tuples", &token).unwrap(), ["a".to_owned(), "ü\u{1f600}".to_owned()]);
        assert_eq!(page_read::<1>("tuples", "").unwrap(), [String::new()]);
        let nul = page_write("tuples", ["a", "\0"]);
        for (list, foreign) in
            [("stores", token.as_str()), ("tuples", "%%%"), ("tuples", "bm90IGpzb24"), ("tuples", &nul)]
        {
            let refused = page_read::<2>(list, foreign).unwrap_err();
            assert_eq!(refused.code(), Some(RefusalCode::InvalidContinuationToken));
        }
        assert!(page_read::<3>("tuples", &token).is_err());
    }

    #[test]
    fn consistency_tokens() {
        let token = ConsistencyToken { store: "01ARZ3NDEKTSV4RRFFQ69G5FAV".into(), revision: 7 };
        assert_eq!(ConsistencyToken::parse(&token.encode()).unwrap(), token);
        let negative = page_write("v1", ["x", "-1"]);
        for wrong in ["", "x", &negative, &page_write("v2", ["x", "1"])] {
            assert!(ConsistencyToken::parse(wrong).is_err(), "{wrong}");
        }
    }
}
