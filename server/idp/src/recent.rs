//! What a provider said of a token a moment ago. GitHub counts what an app asks: neither one token that comes again and
//! again nor one that was refused may spend what all of its users share.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};

use crate::{IdpError, ProvenIdentity};

/// How long a token that was accepted is: what it opens here lives longer anyway.
const ACCEPTED: Duration = Duration::from_secs(30);
/// How long one that was refused is.
const REFUSED: Duration = Duration::from_secs(60);
/// Most tokens that are remembered.
const MOST: usize = 10_000;

/// The provider's word; `Err` is a token that it refused.
type Word = Result<ProvenIdentity, IdpError>;

/// What was said, by the hash of the token.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<HashMap<[u8; 32], (Instant, Word)>>);

impl Recent {
    /// What was said of this token, where it still counts at `now`.
    pub(crate) fn word(&self, token: &str, now: Instant) -> Option<Word> {
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        words.get(&hash(token)).filter(|(until, _)| *until > now).map(|(_, word)| word.clone())
    }

    /// Remembers a judgement. That a provider could not be asked is none.
    pub(crate) fn remember(&self, token: &str, word: &Word, now: Instant) {
        let life = match word {
            Ok(_) => ACCEPTED,
            Err(IdpError::TokenRefused(_)) => REFUSED,
            Err(_) => return,
        };
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() >= MOST {
            words.retain(|_, (until, _)| *until > now);
            // Still as many: a flood, which shall not keep out what comes now.
            if words.len() >= MOST {
                words.clear();
            }
        }
        words.insert(hash(token), (now + life, word.clone()));
    }
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use sentinel_core::ErrorCode;

    #[test]
    fn a_word_counts_for_a_while_and_memory_is_bounded() {
        let (recent, now) = (Recent::default(), Instant::now());
        let refused = || Err(IdpError::token(ErrorCode::AudienceMismatch, "not ours"));
        let unreachable = Err(IdpError::Unreachable { provider: "github".into(), why: "down" });
        recent.remember("down", &unreachable, now);
        assert_eq!(recent.word("down", now), None);
        recent.remember("bad", &refused(), now);
        assert_eq!(recent.word("bad", now + Duration::from_secs(59)), Some(refused()));
        assert_eq!(recent.word("bad", now + REFUSED), None);
        assert_eq!(recent.word("bad ", now), None);
        for number in 0..=MOST {
            recent.remember(&number.to_string(), &refused(), now);
        }
        assert!(recent.0.lock().unwrap().len() <= MOST);
        assert_eq!(recent.word(&MOST.to_string(), now), Some(refused()));
    }
}
