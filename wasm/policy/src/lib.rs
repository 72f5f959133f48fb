//! Sentinel's policy engine for JavaScript hosts: bindings, no rules.
//!
//! One instance of the module is one engine: a model and an index of tuples. Texts cross as UTF-8 in an input buffer, an
//! answer as a number and a record of words at a fixed address, everything off the hot path as JSON;
//! `npm/src/policy/instance.ts` is the other side. See `docs/decisions/wasm-boundary.md` for why.
#![cfg_attr(target_arch = "wasm32", no_std)]
#![deny(unsafe_code)]

extern crate alloc;

mod answer;
mod check;
mod engine;
#[allow(unsafe_code)]
mod exports;
#[path = "../../src/json.rs"]
mod json;
mod load;
#[allow(unsafe_code)]
#[path = "../../src/memory.rs"]
mod memory;
mod model;
mod question;
mod refusal;
