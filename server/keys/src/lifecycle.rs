//! The life of a signing key: published, waiting until every verifier can know it, signing, published still while
//! tokens that it signed are alive, retired.
//!
//! Pure functions over stored records and a time. They say what is to be stored; that it is stored in one
//! transaction with the reading of the records is the caller's part.
//!
//! INVARIANT: while there is any key, there is one without an end. [`rotate`] adds one before it gives the others
//! theirs, and [`retire`] refuses the last.

use std::cmp::Reverse;

use crate::{KeyRecord, KeysError, Millis, NewKey, SigningAlgorithm};

/// How long keys stay published beyond the last expiry of what they signed: for clocks that differ, and for a
/// replica that takes up a new key late.
pub const MARGIN: Millis = 5 * 60 * 1000;

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Published so that verifiers can know it; its time to sign has not come.
    Waiting,
    /// What new tokens are signed with.
    Signing,
    /// Published, so that what it signed stays valid.
    Published,
    /// No longer published: what it signed is refused.
    Retired,
}

impl Phase {
    /// The name, in lower case.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Signing => "signing",
            Self::Published => "published",
            Self::Retired => "retired",
        }
    }
}

/// What a rotation changes: to be stored together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The key that takes over.
    pub new: KeyRecord,
    /// When each of the others retires.
    pub retirements: Vec<Retirement>,
}

/// A key's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// The key.
    pub kid: String,
    /// From when on it is neither published nor accepted.
    pub retires_at: Millis,
}

/// Whether the key is neither published nor accepted any more.
#[must_use]
pub fn is_retired(record: &KeyRecord, now: Millis) -> bool {
    record.retires_at.is_some_and(|at| at <= now)
}

/// The key that signs: of those that are not retired, the youngest of the configured algorithm whose time has come.
/// Where there is none, the youngest of another algorithm whose time has come (the algorithm was changed a moment
/// ago); and where there is none either, the one whose time comes first, since a token that some verifier cannot
/// check yet is better than none.
#[must_use]
pub fn signing(records: &[KeyRecord], algorithm: SigningAlgorithm, now: Millis) -> Option<&KeyRecord> {
    records.iter().filter(|record| !is_retired(record, now)).min_by_key(|record| {
        let waits_for = record.signs_from.saturating_sub(now).max(0);
        // The id last, so that all replicas choose the same key whatever the order of their records.
        (waits_for > 0, record.algorithm != algorithm, waits_for, Reverse(age(record)))
    })
}

/// Where a key is in its life, among all the others.
#[must_use]
pub fn phase(record: &KeyRecord, records: &[KeyRecord], algorithm: SigningAlgorithm, now: Millis) -> Phase {
    if is_retired(record, now) {
        Phase::Retired
    } else if signing(records, algorithm, now).is_some_and(|signing| signing.kid == record.kid) {
        Phase::Signing
    } else if record.signs_from > now {
        Phase::Waiting
    } else {
        Phase::Published
    }
}

/// The published keys, in the order of the key set: the one that signs first, then the youngest first. The first is
/// what a client takes that does not look for a `kid`.
#[must_use]
pub fn published(records: &[KeyRecord], algorithm: SigningAlgorithm, now: Millis) -> Vec<&KeyRecord> {
    let signing = signing(records, algorithm, now).map(|record| record.kid.as_str());
    let mut published: Vec<_> = records.iter().filter(|record| !is_retired(record, now)).collect();
    published.sort_by_key(|record| (Some(record.kid.as_str()) != signing, Reverse(age(record))));
    published
}

/// When the next key starts to sign or retires: a [`KeyRing`](crate::KeyRing) holds until then.
#[must_use]
pub fn next_change(records: &[KeyRecord], now: Millis) -> Option<Millis> {
    let ends = records.iter().filter_map(|record| record.retires_at);
    let starts = records.iter().filter(|record| !is_retired(record, now)).map(|record| record.signs_from);
    ends.chain(starts).filter(|at| *at > now).min()
}

/// Whether a key of the configured algorithm is there to stay. Where not, one has to be made and [`rotate`]d in: at
/// the first start, and when the algorithm was changed.
#[must_use]
pub fn is_provided(records: &[KeyRecord], algorithm: SigningAlgorithm) -> bool {
    records.iter().any(|record| record.algorithm == algorithm && record.retires_at.is_none())
}

/// Brings in a new key. It signs after `wait` ms, in which verifiers fetch it; at once where no key signs now, since
/// there is nothing that could sign meanwhile. All the others are published for as long as anything lives that they
/// may have signed: `longest_life` ms of a token, counted from when the new key takes over, and [`MARGIN`]. An end
/// that was settled before is only ever moved back, never forward: until the new key signs, any of them may have to.
#[must_use]
pub fn rotate(records: &[KeyRecord], new: NewKey, now: Millis, wait: Millis, longest_life: Millis) -> Rotation {
    let youngest = records.iter().map(|record| record.created_at).max();
    // Clocks of replicas differ; the order of keys must not.
    let created_at = youngest.map_or(now, |youngest| now.max(youngest.saturating_add(1)));
    let present: Vec<_> = records.iter().filter(|record| !is_retired(record, now)).collect();
    let wait = if present.is_empty() { 0 } else { wait.max(0) };
    let signs_from = now.saturating_add(wait);
    let end = signs_from.saturating_add(longest_life).saturating_add(MARGIN);
    let retirements = present
        .into_iter()
        .map(|record| Retirement { kid: record.kid.clone(), retires_at: record.retires_at.unwrap_or(end).max(end) })
        .collect();
    Rotation { new: new.into_record(created_at, signs_from), retirements }
}

/// Ends a key now: everything that it signed is refused from here on. For a key that others may have got hold of.
///
/// # Errors
/// [`KeysError::KeyUnknown`]; [`KeysError::LastKey`] where no key without an end would be left.
pub fn retire(records: &[KeyRecord], kid: &str, now: Millis) -> Result<Retirement, KeysError> {
    let record = records.iter().find(|record| record.kid == kid);
    let record = record.ok_or_else(|| KeysError::KeyUnknown { kid: kid.to_owned() })?;
    if !records.iter().any(|other| other.kid != kid && other.retires_at.is_none()) {
        return Err(KeysError::LastKey { kid: kid.to_owned() });
    }
    let retires_at = record.retires_at.map_or(now, |at| at.min(now));
    Ok(Retirement { kid: kid.to_owned(), retires_at })
}

/// What orders keys: no two are equal.
fn age(record: &KeyRecord) -> (Millis, Millis, &str) {
    (record.created_at, record.signs_from, &record.kid)
}

#[cfg(test)]
mod tests;
