//! Writes bundles: a body, its manifest to be signed, and both in one frame.
//!
//! The same content gives the same bytes: a server can compare, cache and name them by their digest.

use alloc::string::String;
use alloc::vec::Vec;

use super::body::{Kind, VERSION, section};
use super::encode::{Encoded, encode};
use super::manifest::{Digest, Manifest, Scope};
use super::revoked::RevocationList;
use super::roles::Roles;
use super::verify::MAGIC;
use super::wire::{number, text};
use crate::policy::model::AuthorizationModel;
use crate::policy::tuple::TupleKey;
use crate::policy::{Index, IndexFull};

/// The content of a full bundle.
#[derive(Clone, Copy, Debug)]
pub struct Snapshot<'a> {
    /// The authorization model.
    pub model: &'a AuthorizationModel,
    /// The tuples.
    pub index: &'a Index,
    /// The actions of roles; for a slice, of the user's own.
    pub roles: &'a Roles,
    /// What was revoked; for a slice, of the user's own.
    pub revocations: &'a RevocationList,
    /// For a slice, the contextual tuples that it was closed over.
    pub claims: &'a [TupleKey],
    /// The types of objects that the tuples are complete for, where not all.
    pub types: Option<&'a [&'a str]>,
}

impl Snapshot<'_> {
    /// The body.
    ///
    /// # Errors
    /// [`IndexFull`]: with the claims there are more names than can be numbered.
    pub fn body(&self) -> Result<Vec<u8>, IndexFull> {
        let mut out = Body::new(Kind::Full);
        let encoded = if self.claims.is_empty() {
            encode(self.index, &[&self.index.all_in_numbers(), &[]])
        } else {
            // The claims' names are numbered beside the tuples'.
            let mut both = Index::default();
            both.extend(&self.index.tuples().collect::<Vec<_>>())?;
            let claims: Vec<_> = self.claims.iter().map(|claim| both.in_numbers(claim)).collect::<Result<_, _>>()?;
            // Whether a claim is under a condition is for its token to say.
            let plain: Vec<_> = claims.into_iter().map(|claim| claim.without_context()).collect();
            encode(&both, &[&both.all_in_numbers(), &plain])
        };
        out.section(section::MODEL, self.model.to_json().as_bytes());
        let [tuples, claims] = out.content(encoded);
        out.section(section::TUPLES, &tuples);
        if !self.claims.is_empty() {
            out.section(section::CLAIMS, &claims);
        }
        if let Some(types) = self.types {
            let mut types = Vec::from(types);
            types.sort_unstable();
            types.dedup();
            let mut list = Vec::new();
            number(&mut list, types.len() as u64);
            for name in types {
                text(&mut list, name);
            }
            out.section(section::TYPES, &list);
        }
        if *self.roles != Roles::default() {
            out.section(section::ROLES, &self.roles.write());
        }
        if !self.revocations.is_empty() {
            out.section(section::REVOCATIONS, &self.revocations.write());
        }
        Ok(out.bytes)
    }
}

/// What a delta carries: tuples, and whatever else is another than before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change<'a> {
    /// Another model.
    pub model: Option<&'a AuthorizationModel>,
    /// Tuples that are new, or under another condition than before.
    pub added: &'a [TupleKey],
    /// Tuples that are no more: each was there before, and none of them is among `added`.
    pub removed: &'a [TupleKey],
    /// Other roles.
    pub roles: Option<&'a Roles>,
    /// Other revocations.
    pub revocations: Option<&'a RevocationList>,
    /// For a slice, other contextual tuples.
    pub claims: Option<&'a [TupleKey]>,
}

impl Change<'_> {
    /// The body.
    ///
    /// # Errors
    /// [`IndexFull`].
    pub fn body(&self) -> Result<Vec<u8>, IndexFull> {
        let mut names = Index::default();
        let mut in_numbers =
            |list: &[TupleKey]| list.iter().map(|tuple| names.in_numbers(tuple)).collect::<Result<Vec<_>, _>>();
        let without = |list: Vec<crate::policy::index::Tuple>| -> Vec<_> {
            list.into_iter().map(|tuple| tuple.without_context()).collect()
        };
        let added = in_numbers(self.added)?;
        let removed = without(in_numbers(self.removed)?);
        let claims = without(in_numbers(self.claims.unwrap_or_default())?);
        let mut out = Body::new(Kind::Delta);
        if let Some(model) = self.model {
            out.section(section::MODEL, model.to_json().as_bytes());
        }
        let [added, removed, claims] = out.content(encode(&names, &[&added, &removed, &claims]));
        if !self.added.is_empty() {
            out.section(section::TUPLES, &added);
        }
        if !self.removed.is_empty() {
            out.section(section::REMOVED, &removed);
        }
        if self.claims.is_some() {
            out.section(section::CLAIMS, &claims);
        }
        if let Some(roles) = self.roles {
            out.section(section::ROLES, &roles.write());
        }
        if let Some(revocations) = self.revocations {
            out.section(section::REVOCATIONS, &revocations.write());
        }
        Ok(out.bytes)
    }
}

/// The body of a bundle of revocations.
#[must_use]
pub fn revocations(list: &RevocationList) -> Vec<u8> {
    let mut out = Body::new(Kind::Revocations);
    out.section(section::REVOCATIONS, &list.write());
    out.bytes
}

/// What a manifest says besides what its body is.
#[derive(Clone, Debug)]
pub struct Draft {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// What it speaks of.
    pub scope: Scope,
    /// The revision that it shows.
    pub revision: u64,
    /// `iat`, in seconds.
    pub issued_at: i64,
    /// `exp`, in seconds.
    pub not_after: i64,
}

impl Draft {
    /// Of a full bundle, or a full list of revocations. `state` names the state at its revision, where the publisher has
    /// come to it by deltas; otherwise a chain begins with the body's digest.
    #[must_use]
    pub fn full(self, kind: Kind, body: &[u8], state: Option<Digest>, previous: Option<Digest>) -> Manifest {
        let sha256 = Digest::of(body);
        self.manifest(kind, body, sha256, state.unwrap_or(sha256), previous, None)
    }

    /// Of a delta, or of more revocations, from a revision and its state. `state` as for [`Draft::full`]: for a delta over
    /// several steps it is the last one's; otherwise the body's own follows the previous.
    #[must_use]
    pub fn following(self, kind: Kind, body: &[u8], from: (u64, Digest), state: Option<Digest>) -> Manifest {
        let state = state.unwrap_or_else(|| from.1.followed_by(body));
        self.manifest(kind, body, Digest::of(body), state, Some(from.1), Some(from.0))
    }

    fn manifest(
        self,
        kind: Kind,
        body: &[u8],
        sha256: Digest,
        state: Digest,
        previous: Option<Digest>,
        from: Option<u64>,
    ) -> Manifest {
        let Self { issuer, audience, scope, revision, issued_at, not_after } = self;
        let length = body.len() as u64;
        Manifest {
            issuer,
            audience,
            scope,
            kind,
            revision,
            state,
            previous,
            from,
            issued_at,
            not_after,
            length,
            sha256,
        }
    }
}

/// A signed manifest (compact JWS) and its body as one file.
#[must_use]
pub fn frame(manifest: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(MAGIC.len() + 4 + manifest.len() + body.len());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&(manifest.len() as u32).to_le_bytes());
    out.extend_from_slice(manifest.as_bytes());
    out.extend_from_slice(body);
    out
}

struct Body {
    bytes: Vec<u8>,
}

impl Body {
    fn new(kind: Kind) -> Self {
        Self { bytes: [VERSION, kind.byte()].into() }
    }

    fn section(&mut self, of: usize, content: &[u8]) {
        self.bytes.push(of as u8);
        number(&mut self.bytes, content.len() as u64);
        self.bytes.extend_from_slice(content);
    }

    /// The sections that the lists need; gives the lists.
    fn content<const N: usize>(&mut self, encoded: Encoded) -> [Vec<u8>; N] {
        let sections = [
            (section::WORDS, &encoded.words),
            (section::NAMES, &encoded.names),
            (section::USERSETS, &encoded.usersets),
            (section::CONTEXTS, &encoded.contexts),
        ];
        for (of, content) in sections {
            // All of it is counts of nothing.
            if content.iter().any(|byte| *byte != 0) {
                self.section(of, content);
            }
        }
        let mut lists = encoded.lists.into_iter();
        core::array::from_fn(|_| lists.next().unwrap_or_default())
    }
}
