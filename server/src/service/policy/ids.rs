//! ULIDs: ids that sort by when they were made (<https://github.com/ulid/spec>).

use std::sync::{Mutex, PoisonError};

use sentinel_keys::secrets;
use sentinel_storage::Millis;
use ulid::Ulid;

use crate::service::Error;

/// How long a ULID is.
pub(super) const LENGTH: usize = 26;

/// Makes ULIDs of which each is greater than the one before it, also within one millisecond and when the clock goes back.
#[derive(Debug, Default)]
pub(super) struct Ids(Mutex<Option<Ulid>>);

impl Ids {
    /// The next one, greater also than `least`.
    ///
    /// # Errors
    /// Where there is no randomness.
    pub(super) fn next(&self, now: Millis, least: Option<&str>) -> Result<String, Error> {
        let random = u128::from_be_bytes(secrets::random_bytes()?);
        // Its top bit stays free: 2^79 more fit into the same millisecond.
        let fresh = Ulid::from_parts(u64::try_from(now).unwrap_or_default(), random >> 49);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let least = least.and_then(|least| Ulid::from_string(least).ok()).max(*last);
        let next = match least {
            Some(least) if least >= fresh => {
                least.increment().map_err(|_| Error::internal("no ULID is greater than the last one"))?
            }
            _ => fresh,
        };
        *last = Some(next);
        Ok(next.to_string())
    }
}

/// Whether this is how OpenFGA's clients write an id: `[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}`.
#[must_use]
pub fn is_ulid(text: &str) -> bool {
    let letter = |octet: u8| matches!(octet, b'0'..=b'9' | b'A'..=b'Z') && !matches!(octet, b'I' | b'L' | b'O' | b'U');
    text.len() == LENGTH && text.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_greater_than_the_one_before() {
        let ids = Ids::default();
        let mut last = ids.next(1_000, None).unwrap();
        for now in [1_000, 1_000, 999, 0, 1_001, 5_000] {
            let next = ids.next(now, None).unwrap();
            assert!(next > last && is_ulid(&next), "{next} after {last}");
            last = next;
        }
        let elsewhere = "7ZZZZZZZZZ0000000000000000";
        assert!(ids.next(5_000, Some(elsewhere)).unwrap().as_str() > elsewhere);
    }

    #[test]
    fn what_an_id_looks_like() {
        assert!(is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
        for bad in ["", "01ARZ3NDEKTSV4RRFFQ69G5FA", "01arz3ndektsv4rrffq69g5fav", "01ARZ3NDEKTSV4RRFFQ69G5FAI"] {
            assert!(!is_ulid(bad), "{bad}");
        }
    }
}
