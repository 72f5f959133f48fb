//! A bundle that was read: an index, its model, and what stands beside them. Deltas keep it current.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::Bounds;
use super::body::{Kind, Sections, invalid, section};
use super::content::{Content, Sources, is_ascending};
use super::known::Known;
use super::manifest::{Digest, Manifest};
use super::revoked::RevocationList;
use super::roles::Roles;
use super::verify::Opened;
use super::wire::Reader;
use crate::policy::index::Tuple;
use crate::policy::model::AuthorizationModel;
use crate::policy::tuple::TupleKey;
use crate::policy::{Binding, CompiledModel, Index, Memory};
use crate::{Error, ErrorCode};

/// Largest model in JSON: what is stored was written from a text that is several times shorter.
const MODEL_BYTES: usize = 4 << 20;

/// A tuple without its condition.
pub(super) type Triple = (String, String, String);

/// A bundle ready to be asked.
#[derive(Debug)]
pub struct Bundle {
    pub(super) manifest: Manifest,
    pub(super) model: Model,
    pub(super) index: Index,
    pub(super) binding: Binding,
    /// The contextual tuples that a slice is prepared for.
    pub(super) claims: BTreeSet<Triple>,
    /// The types of objects that it holds all tuples of. None: of all.
    pub(super) types: Option<Vec<Box<str>>>,
    roles: Roles,
    revocations: RevocationList,
    /// Something failed half-way: nothing is decided any more.
    pub(super) spoilt: bool,
}

#[derive(Debug)]
pub(super) struct Model {
    pub(super) compiled: CompiledModel,
    #[cfg(feature = "conditions")]
    pub(super) conditions: crate::policy::ModelConditions,
}

impl Model {
    fn read(document: &[u8]) -> Result<Self, Error> {
        const MODEL: Error = invalid("the bundle's model is not one");
        let source = AuthorizationModel::from_json_within(document, MODEL_BYTES).map_err(|_| MODEL)?;
        Ok(Self {
            compiled: CompiledModel::compile(&source).map_err(|_| MODEL)?,
            #[cfg(feature = "conditions")]
            conditions: crate::policy::ModelConditions::compile(&source).map_err(|_| MODEL)?,
        })
    }
}

const CONTENT: Error = invalid("the body's names or tuples are not sorted, not whole or beyond their bounds");
const ASIDE: Error = invalid("the body's types, roles or revocations are not whole");

impl Bundle {
    /// Reads a full bundle. `known` is what the host remembers of [`Manifest::place`], where it remembers anything.
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`] where a newer one was seen before; [`ErrorCode::BundleInvalid`].
    pub fn load(opened: &Opened<'_>, known: Option<&Known>) -> Result<Self, Error> {
        let (body, bounds) = opened.of_kind(Kind::Full)?;
        if let Some(known) = known {
            known.admits(opened.manifest())?;
        }
        let sections = Sections::read(body, Kind::Full)?;
        let content = read_content(&sections, bounds)?;
        let tuples = content.tuples(sections.list(section::TUPLES), bounds).ok_or(CONTENT)?;
        let claims = content.tuples(sections.list(section::CLAIMS), bounds).ok_or(CONTENT)?;
        let model = Model::read(sections.get(section::MODEL).ok_or(CONTENT)?)?;
        let index = Index::from_parts(hash_key(&opened.manifest().sha256), content.parts, &tuples);
        Ok(Self {
            manifest: opened.manifest().clone(),
            binding: Binding::new(&model.compiled, &index),
            model,
            claims: triples(&index, &claims)?,
            index,
            types: sections.get(section::TYPES).map(|types| held(types).ok_or(ASIDE)).transpose()?,
            roles: read_roles(&sections)?.unwrap_or_default(),
            revocations: read_revocations(&sections)?.unwrap_or_default(),
            spoilt: false,
        })
    }

    /// Applies a delta. Whatever the error, the bundle answers as before and the way on is a full one; only a delta that
    /// does not fit in memory's numbers leaves it unable to answer.
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`] where the delta does not follow the state that is held; [`ErrorCode::BundleInvalid`].
    pub fn apply(&mut self, opened: &Opened<'_>) -> Result<(), Error> {
        const GAP: Error =
            Error::with(ErrorCode::BundleStale, "the delta does not follow what is held: a full bundle is needed");
        let (body, bounds) = opened.of_kind(Kind::Delta)?;
        let (next, held) = (opened.manifest(), &self.manifest);
        if (&next.issuer, &next.audience, &next.scope) != (&held.issuer, &held.audience, &held.scope) {
            return Err(invalid("the delta is of another place"));
        }
        if (next.from, next.previous) != (Some(held.revision), Some(held.state)) || next.issued_at < held.issued_at {
            return Err(GAP);
        }
        // Everything is read before anything is changed.
        let sections = Sections::read(body, Kind::Delta)?;
        let content = read_content(&sections, bounds)?;
        let list = |number| content.tuples(sections.list(number), bounds).ok_or(CONTENT);
        let (added, removed, claims) = (list(section::TUPLES)?, list(section::REMOVED)?, list(section::CLAIMS)?);
        let words = Index::from_parts(hash_key(&next.sha256), content.parts, &[]);
        let (added, removed) = (in_words(&words, &added)?, in_words(&words, &removed)?);
        let is_held = |tuple: &TupleKey| self.index.contains(tuple.object(), tuple.relation(), tuple.user());
        if !removed.iter().all(is_held) {
            return Err(GAP);
        }
        let model = sections.get(section::MODEL).map(Model::read).transpose()?;
        let claims = sections.get(section::CLAIMS).map(|_| triples(&words, &claims)).transpose()?;
        let (roles, revocations) = (read_roles(&sections)?, read_revocations(&sections)?);

        for tuple in &removed {
            self.index.remove(tuple.object(), tuple.relation(), tuple.user());
        }
        for tuple in &added {
            if self.index.insert(tuple).is_err() {
                self.spoilt = true;
                return Err(invalid("the tuples are more than an index can number"));
            }
        }
        if let Some(model) = model {
            self.model = model;
        }
        if let Some(claims) = claims {
            self.claims = claims;
        }
        if let Some(roles) = roles {
            self.roles = roles;
        }
        if let Some(revocations) = revocations {
            self.revocations = revocations;
        }
        if !self.binding.is_current(&self.model.compiled, &self.index) {
            self.binding = Binding::new(&self.model.compiled, &self.index);
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

    /// The actions of roles.
    #[must_use]
    pub const fn roles(&self) -> &Roles {
        &self.roles
    }

    /// What was revoked when it was published.
    #[must_use]
    pub const fn revocations(&self) -> &RevocationList {
        &self.revocations
    }

    /// Every tuple, in no promised order.
    pub fn tuples(&self) -> impl Iterator<Item = TupleKey> + '_ {
        self.index.tuples()
    }

    /// What its tuples take.
    #[must_use]
    pub fn memory(&self) -> Memory {
        self.index.memory()
    }
}

/// Nobody who chooses names knows the digest of all the others: what decides a name's place cannot be foreseen.
fn hash_key(digest: &Digest) -> (u64, u64) {
    let half = |bytes: &[u8]| bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let (first, second) = digest.0.split_at(16);
    (half(first), half(second))
}

pub(super) fn read_content(sections: &Sections<'_>, bounds: &Bounds) -> Result<Content, Error> {
    let from = Sources {
        words: sections.list(section::WORDS),
        names: sections.list(section::NAMES),
        usersets: sections.list(section::USERSETS),
        contexts: sections.list(section::CONTEXTS),
    };
    Content::read(from, bounds).ok_or(CONTENT)
}

fn in_words(index: &Index, tuples: &[Tuple]) -> Result<Vec<TupleKey>, Error> {
    tuples.iter().map(|tuple| index.in_words(tuple).ok_or(CONTENT)).collect()
}

fn triples(index: &Index, tuples: &[Tuple]) -> Result<BTreeSet<Triple>, Error> {
    let all = in_words(index, tuples)?;
    Ok(all.iter().map(triple).collect())
}

pub(super) fn triple(tuple: &TupleKey) -> Triple {
    (tuple.object().to_owned(), tuple.relation().to_owned(), tuple.user().to_owned())
}

fn held(section: &[u8]) -> Option<Vec<Box<str>>> {
    let mut reader = Reader::new(section);
    let count = reader.count(1)?;
    let types: Vec<Box<str>> = (0..count).map(|_| reader.text().map(Box::from)).collect::<Option<_>>()?;
    is_ascending(types.iter().map(|name| &**name))?;
    reader.end()?;
    Some(types)
}

fn read_roles(sections: &Sections<'_>) -> Result<Option<Roles>, Error> {
    sections.get(section::ROLES).map(|roles| Roles::read(roles).ok_or(ASIDE)).transpose()
}

pub(super) fn read_revocations(sections: &Sections<'_>) -> Result<Option<RevocationList>, Error> {
    sections.get(section::REVOCATIONS).map(|list| RevocationList::read(list).ok_or(ASIDE)).transpose()
}
