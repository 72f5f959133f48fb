//! From bytes to a bundle that is what it says: the whole order of checks on one screen.
//!
//! Sizes, split, the manifest as any token (algorithm allow-list, `typ`, exactly one key, signature, issuer, audience,
//! time), then its scope, then the body's length and hash. Nothing of the body is read before.

use alloc::string::ToString;

use super::Bounds;
use super::body::{Kind, invalid};
use super::manifest::{Digest, Manifest, Scope, TYPE};
use crate::jose::signature::SignatureBackend;
use crate::{Algorithms, Challenge, Error, ErrorCode, Expected, KeySet, Verifier};

/// The first bytes of every bundle.
pub const MAGIC: &[u8; 4] = b"SNTB";

/// What a holder demands of bundles: one issuer, one audience, one scope. Made once, used for every bundle.
#[derive(Clone, Debug)]
pub struct BundleVerifier {
    verifier: Verifier,
    scope: Scope,
    bounds: Bounds,
}

impl BundleVerifier {
    /// For bundles of this issuer for this audience about this scope, signed with one of these algorithms.
    #[must_use]
    pub fn new(issuer: &str, audience: &str, scope: Scope, algorithms: Algorithms) -> Self {
        let claims = ["iss", "aud", "iat", "exp", "bundle"];
        let verifier = Verifier::new(Expected::exactly(issuer), Expected::exactly(audience), algorithms);
        Self { verifier: verifier.typ(TYPE).required(claims.map(str::to_string)), scope, bounds: Bounds::DEFAULT }
    }

    /// Other bounds than [`Bounds::DEFAULT`].
    #[must_use]
    pub const fn bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// Everything before the signature. A host whose cryptography answers later asks [`Sealed::challenge`] itself.
    ///
    /// # Errors
    /// [`ErrorCode::BundleInvalid`]; the key's own codes (`key_not_found` and its kin) where the choice of a key failed, so
    /// that a host can fetch keys anew.
    pub fn begin<'a>(&'a self, bundle: &'a [u8], keys: &'a KeySet) -> Result<Sealed<'a>, Error> {
        const SPLIT: Error = invalid("not a bundle: its frame is not whole");
        let rest = bundle.strip_prefix(MAGIC).ok_or(SPLIT)?;
        let (length, rest) = rest.split_first_chunk().ok_or(SPLIT)?;
        let (manifest, body) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(SPLIT)?;
        if body.len() > self.bounds.body_bytes {
            return Err(invalid("the bundle is larger than the limit"));
        }
        let manifest = core::str::from_utf8(manifest).map_err(|_| SPLIT)?;
        let challenge = self.verifier.begin(manifest, keys).map_err(of_manifest)?;
        Ok(Sealed { demands: self, challenge, body })
    }

    /// Verifies in one go. `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// As [`Self::begin`] and [`Sealed::open`].
    pub fn verify<'a>(
        &'a self,
        bundle: &'a [u8],
        keys: &'a KeySet,
        backend: &impl SignatureBackend,
        now: i64,
    ) -> Result<Opened<'a>, Error> {
        let sealed = self.begin(bundle, keys)?;
        let holds = sealed.challenge().ask(backend)?;
        sealed.open(holds, now)
    }
}

/// A bundle before its signature: one question to a signature backend.
#[derive(Debug)]
pub struct Sealed<'a> {
    demands: &'a BundleVerifier,
    challenge: Challenge<'a>,
    body: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// What is asked of a signature backend.
    #[must_use]
    pub const fn challenge(&self) -> &Challenge<'a> {
        &self.challenge
    }

    /// Everything after the signature, given that it holds.
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`] past `not_after`, [`ErrorCode::BundleInvalid`] for everything else.
    pub fn open(self, signature_holds: bool, now: i64) -> Result<Opened<'a>, Error> {
        let token = self.challenge.finish(signature_holds, now).map_err(of_manifest)?;
        let manifest = Manifest::from_claims(token.claims())?;
        if manifest.scope != self.demands.scope {
            return Err(invalid("the bundle is of another scope"));
        }
        if manifest.length != self.body.len() as u64 || manifest.sha256 != Digest::of(self.body) {
            return Err(invalid("the body is not the one that was signed"));
        }
        Ok(Opened { manifest, body: self.body, bounds: self.demands.bounds })
    }
}

/// A bundle whose manifest and body are what was signed for this holder. Its content has not been read yet.
#[derive(Debug)]
pub struct Opened<'a> {
    manifest: Manifest,
    body: &'a [u8],
    bounds: Bounds,
}

impl<'a> Opened<'a> {
    /// What the manifest says.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    pub(super) fn of_kind(&self, kind: Kind) -> Result<(&'a [u8], &Bounds), Error> {
        if self.manifest.kind != kind {
            return Err(invalid("the bundle is of another kind"));
        }
        Ok((self.body, &self.bounds))
    }
}

/// A token's error as a bundle's.
fn of_manifest(error: Error) -> Error {
    match error.code() {
        ErrorCode::TokenExpired => Error::with(ErrorCode::BundleStale, "the bundle is past its `not_after`"),
        ErrorCode::KeyNotFound | ErrorCode::KeyAmbiguous | ErrorCode::KeyUnusable | ErrorCode::AlgorithmUnavailable => {
            error
        }
        ErrorCode::SignatureInvalid => invalid("the manifest's signature does not hold"),
        ErrorCode::IssuerMismatch => invalid("the bundle is from another issuer"),
        ErrorCode::AudienceMismatch => invalid("the bundle is for another audience"),
        _ => invalid("the manifest is not one, or not signed as it must be"),
    }
}
