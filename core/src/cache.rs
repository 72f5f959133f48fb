//! Verified tokens, kept so that the same token need not be verified twice.
//!
//! INVARIANT: an entry answers only for the very same token (every byte is
//! compared), and only after [`Verifier::recheck`] at the caller's time, so it
//! cannot outlive `exp`. Whoever changes the keys, the verifier or a policy
//! calls [`TokenCache::clear`] in the same step; revocations are asked for
//! after a hit as after a verification.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::{Error, VerifiedToken, Verifier};

/// Entries that share a place in the table; the one used longest ago makes room.
const WAYS: usize = 4;
/// What an entry may cost on average; four times that is the most for a single one.
const ENTRY_BYTES: usize = 2048;
/// How much of a token's end is hashed: at least an Ed25519 or P-256 signature in
/// base64url has its entropy there, and only tokens that verified are ever stored.
const HASHED_BYTES: usize = 64;

/// A bounded table of verified tokens.
pub struct TokenCache {
    slots: Vec<Option<Box<Entry>>>,
    entries: usize,
    bytes: usize,
    seed: [u64; 2],
    /// Counts uses, to know which entry was used longest ago.
    clock: u64,
    /// The next slot to give way when the table holds too many bytes.
    hand: usize,
}

/// A token that was found, still in time.
#[derive(Debug)]
pub struct Recalled<'a> {
    /// As it was verified.
    pub token: &'a VerifiedToken,
    /// Where it is in the table: for who keeps something beside it. Another token may be there next time.
    pub place: usize,
}

struct Entry {
    hash: u64,
    used: u64,
    token: Box<str>,
    verified: VerifiedToken,
}

impl Entry {
    /// The token twice, encoded and decoded, and what describes it.
    fn bytes(&self) -> usize {
        cost(&self.token)
    }
}

fn cost(token: &str) -> usize {
    2 * token.len() + 256
}

impl TokenCache {
    /// A table of about this many entries, 2 KiB each on average; 0 keeps nothing. The seed must be random, so
    /// that nobody can choose tokens that share a place.
    #[must_use]
    pub fn new(entries: usize, seed: [u64; 2]) -> Self {
        let entries = entries.min(1 << 20).next_multiple_of(WAYS);
        Self { slots: Vec::new(), entries, bytes: 0, seed, clock: 0, hand: 0 }
    }

    /// The token as it was verified, if it is still in time; the error if it no longer is. It comes as bytes: what
    /// equals a verified token is text.
    pub fn recall(&mut self, token: &[u8], verifier: &Verifier, now: i64) -> Option<Result<Recalled<'_>, Error>> {
        let hash = self.hash(token);
        self.clock += 1;
        let used = self.clock;
        let places = self.places(hash);
        let mut slots = self.slots.get_mut(places.clone())?.iter_mut().zip(places);
        let (slot, place) = slots.find(|(slot, _)| {
            slot.as_ref().is_some_and(|entry| entry.hash == hash && same(entry.token.as_bytes(), token))
        })?;
        let outcome = verifier.recheck(&slot.as_ref()?.verified, now);
        if let Err(error) = outcome {
            self.bytes -= slot.take().map_or(0, |entry| entry.bytes());
            return Some(Err(error));
        }
        let entry = slot.as_mut()?;
        entry.used = used;
        Some(Ok(Recalled { token: &entry.verified, place }))
    }

    /// Keeps a token that was just verified, unless it is too long to be worth it.
    pub fn insert(&mut self, token: &str, verified: VerifiedToken) {
        if self.entries == 0 || cost(token) > 4 * ENTRY_BYTES {
            return;
        }
        if self.slots.is_empty() {
            self.slots.resize_with(self.entries, || None);
        }
        let hash = self.hash(token.as_bytes());
        self.clock += 1;
        let entry = Entry { hash, used: self.clock, token: token.into(), verified };
        let places = self.places(hash);
        let Some(slots) = self.slots.get_mut(places) else { return };
        let Some(slot) = slots.iter_mut().min_by_key(|slot| match slot {
            Some(old) if old.hash == hash && *old.token == *token => 0,
            Some(old) => old.used + 1,
            None => 1,
        }) else {
            return;
        };
        self.bytes += entry.bytes();
        self.bytes -= slot.replace(Box::new(entry)).map_or(0, |old| old.bytes());
        while self.bytes > self.entries * ENTRY_BYTES {
            self.hand = (self.hand + 1) % self.entries;
            self.bytes -= self.slots.get_mut(self.hand).and_then(Option::take).map_or(0, |old| old.bytes());
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.slots = Vec::new();
        self.bytes = 0;
    }

    /// How many tokens are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    /// Whether none is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn places(&self, hash: u64) -> core::ops::Range<usize> {
        let sets = (self.entries / WAYS).max(1) as u64;
        // At most `entries`, which is a usize.
        let first = (hash % sets) as usize * WAYS;
        first..first + WAYS
    }

    fn hash(&self, bytes: &[u8]) -> u64 {
        let tail = bytes.get(bytes.len().saturating_sub(HASHED_BYTES)..).unwrap_or(bytes);
        let mut hasher = SipHasher13::new_with_keys(self.seed[0], self.seed[1]);
        hasher.write(tail);
        hasher.write_usize(bytes.len());
        hasher.finish()
    }
}

impl core::fmt::Debug for TokenCache {
    /// Tokens are credentials: only their number is shown.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "TokenCache({} tokens)", self.len())
    }
}

/// Equality eight bytes at a time: WebAssembly has no `memcmp`, and the library's goes byte by byte.
fn same(one: &[u8], other: &[u8]) -> bool {
    fn word(bytes: &[u8]) -> u64 {
        bytes.try_into().map_or(0, u64::from_ne_bytes)
    }
    let (ones, others) = (one.chunks_exact(8), other.chunks_exact(8));
    one.len() == other.len()
        && ones.remainder() == others.remainder()
        && ones.zip(others).all(|(one, other)| word(one) == word(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, Algorithms, ErrorCode, Expected, KeySet, Limits, SymmetricKeys};
    use std::format;
    use std::string::String;

    const SEED: [u64; 2] = [3, 5];
    const KEY: &[u8] = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    /// Of the right form; whether it holds is what the tests say.
    const SIGNATURE: &str = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn verifier() -> Verifier {
        Verifier::new(Expected::any(), Expected::any(), Algorithms::of(&[Algorithm::EdDsa]))
    }

    fn base64url(bytes: &[u8]) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let sextet =
            |chunk: &[u8]| (0..6).fold(0, |value, bit| value << 1 | usize::from(*chunk.get(bit).unwrap_or(&0)));
        bits.chunks(6).map(|chunk| char::from(ALPHABET[sextet(chunk)])).collect()
    }

    /// `{"alg":"EdDSA"}`, and claims that expire; the number makes them differ.
    fn token(exp: i64, number: usize) -> String {
        let claims = format!(r#"{{"exp":{exp},"n":{number}}}"#);
        format!("eyJhbGciOiJFZERTQSJ9.{}.{SIGNATURE}", base64url(claims.as_bytes()))
    }

    fn verified(token: &str) -> VerifiedToken {
        let keys = KeySet::from_jwks(KEY, SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
        verifier().begin(token, &keys).unwrap().finish(true, 0).unwrap()
    }

    fn ask(cache: &mut TokenCache, token: &str, now: i64) -> Option<Result<i64, ErrorCode>> {
        let found = cache.recall(token.as_bytes(), &verifier(), now)?;
        Some(found.map(|hit| hit.token.claims().expires_at().unwrap().seconds()).map_err(|error| error.code()))
    }

    #[test]
    fn answers_for_the_same_token_while_it_is_in_time() {
        let mut cache = TokenCache::new(8, SEED);
        let token = token(100, 0);
        assert_eq!(ask(&mut cache, &token, 50), None);
        cache.insert(&token, verified(&token));
        assert_eq!(ask(&mut cache, &token, 99), Some(Ok(100)));
        assert_eq!(ask(&mut cache, &token, 100), Some(Err(ErrorCode::TokenExpired)));
        assert_eq!(ask(&mut cache, &token, 99), None, "what has expired once is gone");
        assert_eq!((cache.len(), cache.bytes), (0, 0));
    }

    #[test]
    fn answers_for_no_other_token() {
        let mut cache = TokenCache::new(8, SEED);
        let kept = token(100, 0);
        cache.insert(&kept, verified(&kept));
        // The same end, so the same hash: only the comparison tells them apart.
        assert_eq!(ask(&mut cache, &token(100, 1), 50), None);
        for at in 0..kept.len() {
            let mut other = kept.clone().into_bytes();
            other[at] ^= 1;
            assert_eq!(ask(&mut cache, &String::from_utf8(other).unwrap(), 50), None, "{at}");
        }
        assert_eq!(ask(&mut cache, &kept[1..], 50), None);
        assert_eq!(ask(&mut cache, &kept, 50), Some(Ok(100)));
        cache.clear();
        assert_eq!(ask(&mut cache, &kept, 50), None);
    }

    #[test]
    fn is_bounded_in_entries_and_bytes() {
        let mut cache = TokenCache::new(8, SEED);
        for number in 0..100 {
            let token = token(100, number);
            cache.insert(&token, verified(&token));
            cache.insert(&token, verified(&token));
            assert_eq!(ask(&mut cache, &token, 50), Some(Ok(100)));
            assert!(cache.len() <= 8 && cache.bytes <= 8 * ENTRY_BYTES);
            assert_eq!(cache.bytes, cache.slots.iter().flatten().map(|entry| entry.bytes()).sum::<usize>());
        }
        let mut none = TokenCache::new(0, SEED);
        let token = token(100, 0);
        none.insert(&token, verified(&token));
        assert_eq!((ask(&mut none, &token, 50), none.is_empty()), (None, true));
    }

    #[test]
    fn the_token_used_longest_ago_makes_room() {
        let mut cache = TokenCache::new(WAYS, SEED);
        let tokens: Vec<String> = (0..=WAYS).map(|number| token(100, number)).collect();
        for token in tokens.iter().take(WAYS) {
            cache.insert(token, verified(token));
        }
        assert!(ask(&mut cache, &tokens[0], 50).is_some());
        cache.insert(&tokens[WAYS], verified(&tokens[WAYS]));
        let kept: Vec<bool> = tokens.iter().map(|token| ask(&mut cache, token, 50).is_some()).collect();
        assert_eq!(kept, [true, false, true, true, true]);
    }

    #[test]
    fn a_token_stays_in_its_place_until_another_takes_it() {
        let mut cache = TokenCache::new(WAYS, SEED);
        let tokens: Vec<String> = (0..=WAYS).map(|number| token(100, number)).collect();
        let place = |cache: &mut TokenCache, token: &str| {
            cache.recall(token.as_bytes(), &verifier(), 50).map(|hit| hit.unwrap().place)
        };
        for token in tokens.iter().take(WAYS) {
            cache.insert(token, verified(token));
        }
        let places: Vec<_> = tokens.iter().map(|token| place(&mut cache, token)).collect();
        let mut distinct: Vec<usize> = places.iter().flatten().copied().collect();
        distinct.sort_unstable();
        assert_eq!(distinct, [0, 1, 2, 3]);
        cache.insert(&tokens[WAYS], verified(&tokens[WAYS]));
        assert_eq!(place(&mut cache, &tokens[0]), None);
        assert_eq!(place(&mut cache, &tokens[1]), places[1]);
        assert_eq!(place(&mut cache, &tokens[WAYS]), places[0]);
    }

    #[test]
    fn debug_shows_no_token() {
        let mut cache = TokenCache::new(8, SEED);
        cache.insert(&token(100, 0), verified(&token(100, 0)));
        assert_eq!(format!("{cache:?}"), "TokenCache(1 tokens)");
    }
}
