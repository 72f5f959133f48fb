//! Revocation: tokens that were taken back before they expire.

mod feed;
#[cfg(feature = "policy")]
mod host;
pub(crate) mod rule;

pub use feed::RevocationFeed;
#[cfg(feature = "policy")]
pub use host::{Revocations, check};
pub use rule::{Named, Revoked};
