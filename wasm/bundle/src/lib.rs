//! Sentinel's signed bundles for JavaScript hosts: bindings, no rules.
//!
//! One instance of the module is one holder: what it demands of bundles, the keys, and the bundle that it holds. A bundle
//! is opened in two steps, since the host's cryptography answers later: `Holder::begin` says which
//! signature is asked about, `Holder::finish` is told whether it holds, and reads the body only
//! then. `npm/src/bundle/instance.ts` is the other side. See `docs/decisions/wasm-boundary.md` for why.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

mod demands;
#[allow(unsafe_code)]
mod exports;
mod holder;
#[allow(unsafe_code)]
#[path = "../../src/memory.rs"]
mod memory;
#[cfg(feature = "policy")]
mod policy;
mod question;
mod record;
#[cfg(feature = "revocations")]
mod revocations;
