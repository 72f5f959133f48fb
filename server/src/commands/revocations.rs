//! `sentinel verify --revocations`: what the server took back before it expired, as `GET /revocations` answers.

use std::path::Path;

use sentinel_core::RevocationFeed;

use crate::input;
use crate::outcome::Failure;

/// Longest file: about a hundred thousand revocations.
const BYTES: usize = 16 * 1024 * 1024;

/// Reads one answer of `GET /revocations`.
pub(crate) fn read(path: &Path) -> Result<RevocationFeed, Failure> {
    let mut feed = RevocationFeed::default();
    feed.read(&input::file(path, BYTES)?).map_err(|why| Failure::unavailable(path.display(), why.message()))?;
    Ok(feed)
}
