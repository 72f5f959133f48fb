//! What was taken back before its time: hashes, sorted, with their differences written.
//!
//! Each entry is the first 48 bits of `SHA-256(length of the salt, salt, kind, name)`. What was revoked is always found:
//! the same name has the same hash (no false "not revoked"). A name that was not revoked is found by accident with
//! probability n/2^48 for n entries of a kind, below one in 280 million for a million of them; then someone who need not
//! logs in again. The salt is another one in each list, so an accident does not last.

use alloc::boxed::Box;
use alloc::vec::Vec;

use sha2::{Digest, Sha256};

use super::wire::Reader;
use crate::Error;
use crate::claims::Claims;
use crate::revocation::{Named, Revoked, rule};

/// Bits of a hash that are kept.
const BITS: u32 = 48;
/// Longest salt in bytes.
pub(super) const SALT: usize = 32;

/// The kinds in the order of the format: the first two have no times.
const KINDS: usize = 6;
const TIMELESS: usize = 2;

/// A list of revocations.
///
/// ```
/// use sentinel_core::bundle::{RevocationList, Revoked};
/// let list = RevocationList::new(b"another one each time", &[Revoked::Token("t1"), Revoked::User("u1", 1_000)]);
/// assert!(list.is_token_revoked("t1") && !list.is_token_revoked("t2"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationList {
    salt: Box<[u8]>,
    /// For each kind the hashes, sorted, with the seconds before which they void.
    entries: [Vec<(u64, i64)>; KINDS],
}

impl Revoked<'_> {
    const fn kind(&self) -> usize {
        match self {
            Self::Token(_) => 0,
            Self::Session(_) => 1,
            Self::User(..) => 2,
            Self::Member(..) => 3,
            Self::Workspace(..) => 4,
            Self::All(_) => 5,
        }
    }

    const fn void_before(&self) -> i64 {
        match self {
            Self::Token(_) | Self::Session(_) => 0,
            Self::User(_, at) | Self::Member(_, _, at) | Self::Workspace(_, at) | Self::All(at) => *at,
        }
    }

    fn hash(&self, salt: &[u8]) -> u64 {
        let (first, second) = match self {
            Self::Token(name) | Self::Session(name) | Self::User(name, _) | Self::Workspace(name, _) => (*name, ""),
            Self::Member(user, workspace, _) => (*user, *workspace),
            Self::All(_) => ("", ""),
        };
        // Every part has its length before it, so that no two names are hashed as one text.
        let digest = Sha256::new()
            .chain_update([salt.len() as u8])
            .chain_update(salt)
            .chain_update([self.kind() as u8])
            .chain_update((first.len() as u64).to_be_bytes())
            .chain_update(first)
            .chain_update(second)
            .finalize();
        digest.iter().take(BITS as usize / 8).fold(0, |hash, byte| hash << 8 | u64::from(*byte))
    }
}

impl RevocationList {
    /// A list of these. Of a salt only the first 32 bytes count. Of two times for the same the later stays.
    #[must_use]
    pub fn new(salt: &[u8], revoked: &[Revoked<'_>]) -> Self {
        let salt = salt.get(..SALT).unwrap_or(salt);
        let mut list = Self { salt: salt.into(), entries: Default::default() };
        for one in revoked {
            if let Some(entries) = list.entries.get_mut(one.kind()) {
                // A time before 1970 voids nothing.
                entries.push((one.hash(salt), one.void_before().max(0)));
            }
        }
        for entries in &mut list.entries {
            entries.sort_unstable();
            // Of equal hashes the last has the latest time.
            entries.reverse();
            entries.dedup_by_key(|(hash, _)| *hash);
            entries.reverse();
        }
        list
    }

    fn find(&self, one: Revoked<'_>) -> Option<i64> {
        let entries = self.entries.get(one.kind())?;
        if entries.is_empty() {
            return None;
        }
        let hash = one.hash(&self.salt);
        let at = entries.binary_search_by_key(&hash, |(known, _)| *known).ok()?;
        entries.get(at).map(|(_, void_before)| *void_before)
    }

    /// Whether the token with this `jti` was revoked.
    #[must_use]
    pub fn is_token_revoked(&self, jwt_id: &str) -> bool {
        self.find(Revoked::Token(jwt_id)).is_some()
    }

    /// Refuses a token that was taken back, and one that cannot be judged: without `jti`, or without `iat` where a time
    /// counts.
    ///
    /// # Errors
    /// [`ErrorCode::TokenRevoked`](crate::ErrorCode::TokenRevoked), [`ErrorCode::ClaimMissing`](crate::ErrorCode::ClaimMissing).
    pub fn check(&self, claims: Claims<'_>) -> Result<(), Error> {
        rule::check_claims(claims, &|one| self.find(one))
    }

    /// As [`Self::check`], for a host that holds the claims of a verified token in a form of its own.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_named(&self, token: &Named<'_>) -> Result<(), Error> {
        rule::check(token, &|one| self.find(one))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.iter().map(Vec::len).sum()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn read(section: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(section);
        let salt = reader.count(1).filter(|length| *length <= SALT)?;
        let mut list = Self { salt: reader.take(salt)?.into(), entries: Default::default() };
        for (kind, entries) in list.entries.iter_mut().enumerate() {
            let timed = kind >= TIMELESS;
            let count = reader.count(1 + usize::from(timed))?;
            entries.reserve_exact(count);
            let mut next = 0u64;
            for _ in 0..count {
                let hash = next.checked_add(reader.number()?).filter(|hash| hash >> BITS == 0)?;
                let void_before = if timed { i64::try_from(reader.number()?).ok()? } else { 0 };
                entries.push((hash, void_before));
                next = hash + 1;
            }
        }
        reader.end()?;
        Some(list)
    }

    #[cfg(feature = "bundle-write")]
    pub(super) fn write(&self) -> Vec<u8> {
        use super::wire;
        let mut out = Vec::new();
        wire::number(&mut out, self.salt.len() as u64);
        out.extend_from_slice(&self.salt);
        for (kind, entries) in self.entries.iter().enumerate() {
            wire::number(&mut out, entries.len() as u64);
            let mut next = 0;
            for (hash, void_before) in entries {
                wire::number(&mut out, hash - next);
                if kind >= TIMELESS {
                    wire::number(&mut out, void_before.unsigned_abs());
                }
                next = hash + 1;
            }
        }
        out
    }
}
