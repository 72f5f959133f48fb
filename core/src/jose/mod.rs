//! JOSE: compact serialization, headers, keys, algorithms and signatures.

pub mod algorithm;
pub mod base64url;
mod compact;
mod header;
pub mod json;
pub mod jwk;
pub mod key;
#[cfg(feature = "pem")]
mod pem;
pub mod signature;
mod swar;

pub(crate) use compact::Compact;
pub use header::Header;
