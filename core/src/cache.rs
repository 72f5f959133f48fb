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

    /// The token as it was verified, if it is still in time; the error if it no longer is.
    pub fn recall(&mut self, token: &str, verifier: &Verifier, now: i64) -> Option<Result<&VerifiedToken, Error>> {
        let hash = self.hash(token);
        self.clock += 1;
        let used = self.clock;
        let places = self.places(hash);
        let slots = self.slots.get_mut(places)?;
        let slot = slots
            .iter_mut()
            .find(|slot| slot.as_ref().is_some_and(|entry| entry.hash == hash && same(&entry.token, token)))?;
        let outcome = verifier.recheck(&slot.as_ref()?.verified, now);
        if let Err(error) = outcome {
            self.bytes -= slot.take().map_or(0, |entry| entry.bytes());
            return Some(Err(error));
        }
        let entry = slot.as_mut()?;
        entry.used = used;
        Some(Ok(&entry.verified))
    }

    /// Keeps a token that was just verified, unless it is too long to be worth it.
    pub fn insert(&mut self, token: &str, verified: VerifiedToken) {
        if self.entries == 0 || cost(token) > 4 * ENTRY_BYTES {
            return;
        }
        if self.slots.is_empty() {
            self.slots.resize_with(self.entries, || None);
        }
        let hash = self.hash(token);
        self.clock += 1;
        let entry = Entry { hash, used: self.clock, token: token.into(), verified };
        let places = self.places(hash);
        let Some(slots) = self.slots.get_mut(places) else { return };
        let Some(slot) = slots.iter_mut().min_by_key(|slot| match slot {
            Some(old) if old.hash == hash && same(&old.token, token) => 0,
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

    fn hash(&self, token: &str) -> u64 {
        let bytes = token.as_bytes();
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
fn same(one: &str, other: &str) -> bool {
    fn word(bytes: &[u8]) -> u64 {
        bytes.try_into().map_or(0, u64::from_ne_bytes)
    }
    let (ones, others) = (one.as_bytes().chunks_exact(8), other.as_bytes().chunks_exact(8));
    one.len() == other.len()
        && ones.remainder() == others.remainder()
        && ones.zip(others).all(|(one, other)| word(one) == word(other))
}
