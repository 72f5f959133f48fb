//! Sentinel's core for JavaScript hosts: bindings, no rules.
//!
//! A token crosses as UTF-8 in a static input buffer, an answer as a number
//! and a record of words at a fixed address; `npm/src/engine.ts` is the other
//! side. See `docs/decisions/wasm-boundary.md` for why.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

#[cfg(feature = "policy")]
mod answer;
mod desk;
#[allow(unsafe_code)]
mod exports;
#[cfg(feature = "policy")]
mod json;
#[allow(unsafe_code)]
mod memory;
#[cfg(feature = "policy")]
mod policy;
mod record;
mod state;
