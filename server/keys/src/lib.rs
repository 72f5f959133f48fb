//! Signing keys of the Sentinel server: generated, sealed at rest, rotated, signing.
//!
//! Knows no database, no clock and no settings: records, times and choices are arguments. No arithmetic with a
//! secret is written here; it is done by `ring` (signing, sealing, hashing, random numbers) and by RustCrypto by way
//! of `jwt-simple` (making keys) and in `argon2` (passwords).
//!
//! ```
//! use sentinel_core::jose::signature::Ring;
//! use sentinel_core::{Expected, Verifier};
//! use sentinel_keys::{KeyRing, MasterKey, NewKey, RsaBits, SigningAlgorithm};
//!
//! let master = MasterKey::generate()?;
//! let now = 1_767_225_600_000;
//! // Slow for RSA, so it knows no time yet: what is stored gets its times when it is stored.
//! let record = NewKey::generate(SigningAlgorithm::Es256, RsaBits::default(), &master)?.into_record(now, now);
//!
//! let ring = KeyRing::new(&[record], &master, SigningAlgorithm::Es256, now)?;
//! let token = ring.sign(&serde_json::json!({ "iss": "i", "aud": "a", "exp": 1_767_225_660 }), "JWT")?;
//!
//! let verifier = Verifier::new(Expected::exactly("i"), Expected::exactly("a"), ring.algorithms());
//! assert!(verifier.verify(&token, ring.key_set(), &Ring, now / 1000).is_ok());
//! # Ok::<(), sentinel_keys::KeysError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod algorithm;
mod error;
mod generate;
pub mod lifecycle;
mod master;
pub mod passwords;
mod public;
mod record;
mod ring;
mod seal;
pub mod secrets;
mod sign;

pub use algorithm::{RsaBits, SigningAlgorithm, UnknownAlgorithm};
pub use error::KeysError;
pub use generate::{KeyPair, shared_secret};
pub use master::{MasterKey, Origin};
pub use public::PublicKey;
pub use record::{KeyRecord, NewKey};
pub use ring::KeyRing;
pub use seal::Purpose;

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
pub type Millis = i64;
