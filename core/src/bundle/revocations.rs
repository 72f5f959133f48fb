//! Bundles of revocations alone: short-lived, so that what was taken back is known long before the next snapshot.

use alloc::vec::Vec;

use super::body::{Kind, Sections, invalid};
use super::held::read_revocations;
use super::known::Known;
use super::manifest::Manifest;
use super::revoked::RevocationList;
use super::verify::Opened;
use crate::claims::Claims;
use crate::revocation::Named;
use crate::{Error, ErrorCode};

/// Most deltas behind one full list: each is looked through, and a full list is small.
const LISTS: usize = 64;

/// What is known to be revoked, until its `not_after`.
#[derive(Clone, Debug)]
pub struct RevocationBundle {
    manifest: Manifest,
    lists: Vec<RevocationList>,
}

impl RevocationBundle {
    /// Reads a full list. `known` as for [`Bundle::load`](super::Bundle::load).
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`] where a newer one was seen before; [`ErrorCode::BundleInvalid`].
    pub fn load(opened: &Opened<'_>, known: Option<&Known>) -> Result<Self, Error> {
        let list = read(opened)?;
        if opened.manifest().from.is_some() {
            return Err(invalid("a delta of revocations where a full list is needed"));
        }
        if let Some(known) = known {
            known.admits(opened.manifest())?;
        }
        Ok(Self { manifest: opened.manifest().clone(), lists: [list].into() })
    }

    /// Adds the revocations since the number that is held. Whatever the error, the way on is a full list.
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`] where the delta does not follow, [`ErrorCode::BundleInvalid`].
    pub fn apply(&mut self, opened: &Opened<'_>) -> Result<(), Error> {
        const GAP: Error =
            Error::with(ErrorCode::BundleStale, "the revocations do not follow what is held: a full list is needed");
        let list = read(opened)?;
        let (next, held) = (opened.manifest(), &self.manifest);
        if (&next.issuer, &next.audience, &next.scope) != (&held.issuer, &held.audience, &held.scope) {
            return Err(invalid("the revocations are of another place"));
        }
        if (next.from, next.previous) != (Some(held.revision), Some(held.state))
            || next.issued_at < held.issued_at
            || self.lists.len() >= LISTS
        {
            return Err(GAP);
        }
        if !list.is_empty() {
            self.lists.push(list);
        }
        self.manifest = next.clone();
        Ok(())
    }

    /// What its manifest says; after a delta, the delta's.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What a host keeps under [`Manifest::place`], for the next start.
    #[must_use]
    pub const fn known(&self) -> Known {
        Known::of(&self.manifest)
    }

    /// Refuses a token that was taken back, at this second.
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`] past `not_after`: what was revoked since is not known. Else as
    /// [`RevocationList::check`].
    pub fn check(&self, claims: Claims<'_>, now: i64) -> Result<(), Error> {
        self.is_good(now)?;
        self.lists.iter().try_for_each(|list| list.check(claims))
    }

    /// As [`Self::check`], for a host that holds the claims of a verified token in a form of its own.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_named(&self, token: &Named<'_>, now: i64) -> Result<(), Error> {
        self.is_good(now)?;
        self.lists.iter().try_for_each(|list| list.check_named(token))
    }

    fn is_good(&self, now: i64) -> Result<(), Error> {
        if now >= self.manifest.not_after {
            return Err(Error::with(ErrorCode::BundleStale, "the revocations are past their `not_after`"));
        }
        Ok(())
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lists.iter().map(RevocationList::len).sum()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn read(opened: &Opened<'_>) -> Result<RevocationList, Error> {
    let (body, _) = opened.of_kind(Kind::Revocations)?;
    let sections = Sections::read(body, Kind::Revocations)?;
    read_revocations(&sections)?.ok_or(invalid("the bundle has no revocations"))
}
