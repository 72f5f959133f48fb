//! The body: a version, what it is, and sections in the order of their numbers.

use super::wire::Reader;
use crate::{Error, ErrorCode};

/// Of the format. Another one is refused: nothing of it would be understood.
pub(super) const VERSION: u8 = 1;

/// The sections by their numbers.
pub(super) mod section {
    pub(crate) const MODEL: usize = 1;
    pub(crate) const WORDS: usize = 2;
    pub(crate) const NAMES: usize = 3;
    pub(crate) const USERSETS: usize = 4;
    pub(crate) const CONTEXTS: usize = 5;
    pub(crate) const TUPLES: usize = 6;
    pub(crate) const REMOVED: usize = 7;
    pub(crate) const CLAIMS: usize = 8;
    pub(crate) const TYPES: usize = 9;
    pub(crate) const ROLES: usize = 10;
    pub(crate) const REVOCATIONS: usize = 11;
    pub(crate) const LAST: usize = REVOCATIONS;
}

/// What a bundle is. The manifest says it, and the body says it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything of its scope.
    Full,
    /// What changed since an earlier revision.
    Delta,
    /// Revocations alone.
    Revocations,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Full, Self::Delta, Self::Revocations];

    /// As the manifest names it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Delta => "delta",
            Self::Revocations => "revocations",
        }
    }

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Full => 1,
            Self::Delta => 2,
            Self::Revocations => 3,
        }
    }

    /// Which sections it may have.
    const fn has(self, number: usize) -> bool {
        match self {
            Self::Full => number != section::REMOVED,
            Self::Delta => number != section::TYPES,
            Self::Revocations => number == section::REVOCATIONS,
        }
    }
}

pub(super) const fn invalid(detail: &'static str) -> Error {
    Error::with(ErrorCode::BundleInvalid, detail)
}

/// The sections of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sections<'a> {
    found: [Option<&'a [u8]>; section::LAST + 1],
}

impl<'a> Sections<'a> {
    /// The body is what its manifest says it is: its length and hash were compared.
    pub(super) fn read(body: &'a [u8], kind: Kind) -> Result<Self, Error> {
        Self::split(body, kind).ok_or(invalid("the body's sections are not what its kind has"))
    }

    fn split(body: &'a [u8], kind: Kind) -> Option<Self> {
        let mut reader = Reader::new(body);
        if reader.byte()? != VERSION || reader.byte()? != kind.byte() {
            return None;
        }
        let mut found = [None; section::LAST + 1];
        let mut last = 0;
        while !reader.is_empty() {
            let number = usize::from(reader.byte()?);
            let length = reader.count(1)?;
            if number <= last || !kind.has(number) {
                return None;
            }
            *found.get_mut(number)? = Some(reader.take(length)?);
            last = number;
        }
        Some(Self { found })
    }

    /// A section, where it is there.
    pub(super) fn get(&self, number: usize) -> Option<&'a [u8]> {
        self.found.get(number).copied().flatten()
    }

    /// A list: one that is not there is empty.
    pub(super) fn list(&self, number: usize) -> &'a [u8] {
        self.get(number).unwrap_or_default()
    }
}
