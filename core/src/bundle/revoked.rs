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
use crate::claims::{Claims, NumericDate};
use crate::{Error, ErrorCode};

/// Bits of a hash that are kept.
const BITS: u32 = 48;
/// Longest salt in bytes.
pub(super) const SALT: usize = 32;

/// What a revocation takes back. The names are those of `GET /revocations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revoked<'a> {
    /// The token with this `jti`.
    Token(&'a str),
    /// Every token of the session with this `sid`.
    Session(&'a str),
    /// Every token of the user (`sub`) issued before this second.
    User(&'a str, i64),
    /// Every token of the user (`sub`) in the workspace (`wid`) issued before this second.
    Member(&'a str, &'a str, i64),
    /// Every token in the workspace (`wid`) issued before this second.
    Workspace(&'a str, i64),
    /// Every token issued before this second.
    All(i64),
}

/// What revocations look at in a token.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named<'a> {
    /// `jti`.
    pub jwt_id: Option<&'a str>,
    /// `sid`.
    pub session: Option<&'a str>,
    /// `sub`.
    pub subject: Option<&'a str>,
    /// `wid`.
    pub workspace: Option<&'a str>,
    /// `iat`.
    pub issued_at: Option<NumericDate>,
}

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
    /// [`ErrorCode::TokenRevoked`], [`ErrorCode::ClaimMissing`].
    pub fn check(&self, claims: Claims<'_>) -> Result<(), Error> {
        let (jwt_id, session) = (claims.jwt_id(), claims.string("sid"));
        let (subject, workspace) = (claims.subject(), claims.string("wid"));
        self.check_named(&Named {
            jwt_id: jwt_id.as_deref(),
            session: session.as_deref(),
            subject: subject.as_deref(),
            workspace: workspace.as_deref(),
            issued_at: claims.issued_at(),
        })
    }

    /// As [`Self::check`], for a host that holds the claims of a verified token in a form of its own.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_named(&self, token: &Named<'_>) -> Result<(), Error> {
        let missing = |name| Error::claim(ErrorCode::ClaimMissing, name);
        let jwt_id = token.jwt_id.ok_or(missing("jti"))?;
        let by_session = token.session.is_some_and(|session| self.find(Revoked::Session(session)).is_some());
        if by_session || self.is_token_revoked(jwt_id) {
            return Err(ErrorCode::TokenRevoked.into());
        }
        let subject = token.subject.unwrap_or_default();
        let workspace = token.workspace.unwrap_or_default();
        let times = [
            Revoked::User(subject, 0),
            Revoked::Member(subject, workspace, 0),
            Revoked::Workspace(workspace, 0),
            Revoked::All(0),
        ];
        match times.into_iter().filter_map(|one| self.find(one)).max() {
            None => Ok(()),
            Some(void_before) if token.issued_at.ok_or(missing("iat"))?.is_before(void_before) => {
                Err(ErrorCode::TokenRevoked.into())
            }
            Some(_) => Ok(()),
        }
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
