//! Signed bundles of policy: decisions with no network.
//!
//! A bundle is a snapshot of what decides in a workspace: the authorization model, the tuples, the actions of roles, and
//! what was revoked. A small JWS, the [`Manifest`], says of which revision it is, for whom, and until when, and holds the
//! body's length and SHA-256. [`BundleVerifier`] checks all of that before a byte of the body is read; [`Bundle`] then
//! answers allow or deny, or with an error: `bundle_stale` past its time or behind the revision that was asked for,
//! `undecided` for what its scope does not hold. Nothing but an allow opens.
//!
//! The format is documented byte by byte in `docs/reference/bundle-format.md`, the reasons in `docs/decisions/bundles.md`.

mod asked;
mod body;
mod content;
#[cfg(feature = "bundle-write")]
mod encode;
mod held;
mod known;
mod manifest;
mod revocations;
mod revoked;
mod roles;
#[cfg(feature = "bundle-write")]
mod slice;
#[cfg(feature = "bundle-write")]
mod types;
mod verify;
mod wire;
#[cfg(feature = "bundle-write")]
mod write;
#[cfg(feature = "bundle-write")]
mod written;

pub use asked::{Current, Given};
pub use body::Kind;
pub use held::Bundle;
pub use known::Known;
pub use manifest::{Digest, Manifest, Scope, TYPE};
pub use revocations::RevocationBundle;
pub use revoked::RevocationList;
pub use roles::Roles;
#[cfg(feature = "bundle-write")]
pub use slice::slice;
#[cfg(feature = "bundle-write")]
pub use types::of_types;
pub use verify::{BundleVerifier, MAGIC, Opened, Sealed};
#[cfg(feature = "bundle-write")]
pub use write::{Change, Draft, Snapshot, frame, revocations};
#[cfg(feature = "bundle-write")]
pub use written::tuples;

pub use crate::revocation::{Named, Revoked};

/// What a bundle may take before it is refused. Its signer is trusted with what it says, not with the holder's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest body in bytes. A million tuples with short names take about 5 MB.
    pub body_bytes: usize,
    /// Most bytes of names: what is shared with the name before is written once and read in full.
    pub name_bytes: usize,
    /// Most tuples. In memory each takes up to 22 bytes, and some 60 for a moment while it is loaded.
    pub tuples: usize,
}

impl Bounds {
    /// 64 MiB, 256 MiB of names, 16 million tuples.
    pub const DEFAULT: Self = Self { body_bytes: 64 << 20, name_bytes: 256 << 20, tuples: 16_000_000 };
}

impl Default for Bounds {
    fn default() -> Self {
        Self::DEFAULT
    }
}
