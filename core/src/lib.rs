//! Sentinel's core: verifies JSON Web Tokens and decides what they allow.
//!
//! The same code runs natively, in browsers, in Node and in edge workers. It is
//! `no_std`, forbids `unsafe`, and never asks a clock, a random number
//! generator or the network: the time, the keys and the limits are arguments.
//!
//! ```
//! use sentinel_core::{Algorithm, Algorithms, Expected, KeySet, Limits, SymmetricKeys, Verifier};
//! # #[cfg(feature = "pure")] {
//! use sentinel_core::jose::signature::PureRust;
//!
//! # let jwks = br#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
//! # let token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
//! # let now = 0;
//! let keys = KeySet::from_jwks(jwks, SymmetricKeys::Refuse, &Limits::DEFAULT)?;
//! let verifier = Verifier::new(
//!     Expected::exactly("https://login.example.com"),
//!     Expected::exactly("my-service"),
//!     Algorithms::of(&[Algorithm::EdDsa]),
//! );
//! match verifier.verify(token, &keys, &PureRust, now) {
//!     Ok(verified) => println!("{:?}", verified.claims().subject()),
//!     Err(error) => println!("refused: {}", error.code()),
//! }
//! # }
//! # Ok::<(), sentinel_core::Error>(())
//! ```
//!
//! A token's way is always the same and can be read on one screen in
//! [`verifier`]: limits, split, header with the algorithm allow-list, exactly
//! one key, signature, and only then the payload and its claims.
//!
//! An [`UnverifiedToken`] becomes a [`VerifiedToken`] only by passing a
//! [`Verifier`], and nothing but a [`VerifiedToken`] answers who someone is.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(feature = "policy")]
mod action;
#[cfg(feature = "bundle")]
pub mod bundle;
mod cache;
pub mod claims;
pub mod config;
#[cfg(feature = "policy")]
mod decision;
mod error;
#[cfg(feature = "policy")]
pub mod gateway;
#[cfg(feature = "policy")]
mod identity;
pub mod jose;
mod limits;
#[cfg(feature = "policy")]
pub mod pair;
#[cfg(feature = "engine")]
pub mod policy;
#[cfg(any(feature = "policy", feature = "bundle"))]
pub mod revocation;
#[cfg(feature = "policy")]
mod role;
#[cfg(feature = "policy")]
pub mod route;
mod token;
pub mod verifier;

#[cfg(feature = "policy")]
pub use action::{ACTION_BYTES, Action, is_action};
pub use cache::{Recalled, TokenCache};
pub use claims::Claims;
#[cfg(feature = "policy")]
pub use claims::ClaimsProfile;
#[cfg(feature = "policy")]
pub use decision::{Decision, Reason};
pub use error::{Error, ErrorCode};
#[cfg(feature = "policy")]
pub use identity::{Identity, Text};
pub use jose::algorithm::{Algorithm, Algorithms};
pub use jose::jwk::{Key, KeySet, SymmetricKeys};
pub use limits::Limits;
#[cfg(feature = "policy")]
pub use pair::TokenPair;
#[cfg(any(feature = "policy", feature = "bundle"))]
pub use revocation::RevocationFeed;
#[cfg(feature = "policy")]
pub use revocation::Revocations;
#[cfg(feature = "policy")]
pub use role::{ROLE_BYTES, ROLES, RoleOrder};
#[cfg(feature = "policy")]
pub use route::{Policy, Request};
pub use token::{UnverifiedToken, VerifiedBytes, VerifiedToken};
pub use verifier::{Challenge, Expected, Verifier};

/// The guide's examples, run as tests.
#[cfg(all(doctest, feature = "pure"))]
#[doc = include_str!("../../docs/guide/keys-and-jwks.md")]
pub struct KeysAndKeySets;

/// The guide's examples of claims as relations, run as tests.
#[cfg(all(doctest, feature = "relations", feature = "dsl"))]
#[doc = include_str!("../../docs/guide/profiles.md")]
pub struct ProfilesAndRelations;
