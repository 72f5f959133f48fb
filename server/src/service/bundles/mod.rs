//! Bundles: signed snapshots of what decides in a workspace, for those who decide without asking. What is in one, and why
//! it names no one else, is told in `docs/decisions/bundles.md`; the bytes are written by [`sentinel_core::bundle`].

mod content;
mod delta;
mod events;
mod feed;
mod kept;
mod keys;
mod place;
mod publish;
mod revoked;
mod slices;
mod state;
mod tag;

use std::sync::Arc;

use sentinel_core::bundle::Digest;

use super::{Error, Service};
pub use events::{Events, Listener, Told};
pub use keys::BundleCaller;
pub use place::{OfRevocations, Place};

/// What is kept of bundles between requests: all of it can be made again.
#[derive(Debug, Default)]
pub(super) struct Bundles {
    feed: tokio::sync::Mutex<Arc<feed::Feed>>,
    kept: kept::Kept,
    hub: events::Hub,
}

/// What a holder has already.
#[derive(Clone, Debug, Default)]
pub struct Has {
    /// The state that it would go on from (`?since=`).
    pub since: Option<Digest>,
    /// The entity tags of `If-None-Match`.
    pub tags: Vec<String>,
}

/// What a holder gets.
#[derive(Clone, Debug)]
pub enum Published {
    /// What it has is good for a while yet, and nothing has changed. Its entity tag.
    Unchanged(String),
    /// A frame.
    Frame(Frame),
}

/// A manifest and its body, signed.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The bytes (`docs/reference/bundle-format.md`).
    pub bytes: Arc<[u8]>,
    /// The entity tag, quoted (RFC 9110 §8.8.3).
    pub tag: String,
}

impl Service {
    fn bundles(&self) -> &Bundles {
        &self.inner.bundles
    }
}

/// A state as it stands in a manifest and in `?since=`.
///
/// # Errors
/// Invalid where it is none.
pub fn state(text: &str) -> Result<Digest, Error> {
    Digest::parse(text).ok_or_else(|| Error::invalid("since is no state of a bundle"))
}
