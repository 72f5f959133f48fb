//! What a command reads: tokens, files, key sets by URL. All of it bounded.

use crate::outcome::Failure;
use sentinel_core::Limits;
use sentinel_tower::fetch::{FetchPolicy, Fetcher};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most bytes read for one token: far above what is accepted, so that a longer one is refused by the verifier and
/// not cut.
const TOKEN_BYTES: u64 = 2 * 1024 * 1024;

/// The token itself, or standard input for `-`.
pub(crate) fn token(argument: &str) -> Result<String, Failure> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(TOKEN_BYTES).read_to_end(&mut bytes);
    read.map_err(|why| Failure::unavailable("standard input", why))?;
    // What is no UTF-8 becomes U+FFFD, which no token may hold: the verifier refuses it.
    Ok(String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned())
}

/// A file of at most `limit` bytes.
pub(crate) fn file(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::unavailable(path.display(), why);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|why| failed(&why))?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|why| failed(&why))?;
    if bytes.len() > limit {
        return Err(failed(&format_args!("longer than {limit} bytes")));
    }
    Ok(bytes)
}

/// A file, or what a URL answers with. The URL is the caller's own choice, so
/// private networks may be reached; plain `http` only on loopback.
pub(crate) fn file_or_url(place: &str) -> Result<Vec<u8>, Failure> {
    let limit = Limits::DEFAULT.jwks_bytes;
    if !place.starts_with("https://") && !place.starts_with("http://") {
        return file(Path::new(place), limit);
    }
    let policy = FetchPolicy { max_bytes: limit, private_networks: true, loopback: true, ..FetchPolicy::default() };
    let fetch = async {
        let answer = Fetcher::new(policy)?.get(place, "application/jwk-set+json, application/json").await?;
        Ok(answer.body)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|why| Failure::unavailable("the runtime", why))?;
    runtime.block_on(fetch).map_err(|why: sentinel_tower::fetch::FetchError| Failure::unavailable(place, why))
}
