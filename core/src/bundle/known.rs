//! What was seen before: no older bundle is taken after a newer one.

use alloc::format;
use alloc::string::String;

use super::body::{Kind, invalid};
use super::manifest::{Digest, Manifest, Scope};
use crate::{Error, ErrorCode};

/// The newest bundle of a place that was loaded. A host that keeps it (a file, KV, local storage) under
/// [`Manifest::place`] refuses a rollback also after a restart; one that cannot is bounded by `not_after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its revision.
    pub revision: u64,
    /// When it was published, in seconds.
    pub issued_at: i64,
    /// Its state.
    pub state: Digest,
}

impl Known {
    /// What a manifest says that is to be remembered.
    #[must_use]
    pub const fn of(manifest: &Manifest) -> Self {
        Self { revision: manifest.revision, issued_at: manifest.issued_at, state: manifest.state }
    }

    /// Whether a bundle is not older than this. What has no revision of its own (roles, revocations) is ordered by its
    /// time within one revision. [`Bundle::load`](super::Bundle::load) asks; who applies a delta while others write the
    /// same memory asks as well.
    ///
    /// # Errors
    /// [`ErrorCode::BundleStale`] where a newer one was seen; [`ErrorCode::BundleInvalid`] where another one of the same
    /// revision and time was.
    pub fn admits(&self, manifest: &Manifest) -> Result<(), Error> {
        if (manifest.revision, manifest.issued_at) < (self.revision, self.issued_at) {
            return Err(Error::with(ErrorCode::BundleStale, "a newer bundle was seen before"));
        }
        if (manifest.revision, manifest.issued_at) == (self.revision, self.issued_at) && manifest.state != self.state {
            return Err(invalid("another bundle of the same revision and time was seen before"));
        }
        Ok(())
    }

    /// As a text to be kept.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("1.{}.{}.{}", self.revision, self.issued_at, self.state)
    }

    /// Reads what [`Known::to_text`] wrote. A text that is not one is not to be taken for "nothing known".
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let mut part = || parts.next();
        let (version, revision, issued_at, state) = (part()?, part()?, part()?, part()?);
        if version != "1" || part().is_some() {
            return None;
        }
        Some(Self {
            revision: revision.parse().ok()?,
            issued_at: issued_at.parse().ok()?,
            state: Digest::parse(state)?,
        })
    }
}

impl Manifest {
    /// Under which a host keeps what it knows: one for each issuer, audience and scope, and another for their revocations. 43
    /// characters of base64url.
    #[must_use]
    pub fn place(&self) -> String {
        self.scope.place(&self.issuer, &self.audience, self.kind)
    }
}

impl Scope {
    /// As [`Manifest::place`], for a holder that has no bundle yet.
    #[must_use]
    pub fn place(&self, issuer: &str, audience: &str, kind: Kind) -> String {
        let family = if kind == Kind::Revocations { "revocations" } else { "policy" };
        let parts = [
            family,
            issuer,
            audience,
            &self.workspace,
            self.service.as_deref().unwrap_or(""),
            self.user.as_deref().unwrap_or(""),
        ];
        let mut text = String::new();
        for part in parts {
            // Lengths keep neighbours apart.
            text.push_str(&format!("{}:{part}", part.len()));
        }
        format!("{}", Digest::of(text.as_bytes()))
    }
}
