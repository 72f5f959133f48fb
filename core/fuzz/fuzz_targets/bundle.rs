//! A bundle as it came, or a body that is signed here: no panic, bounded memory, and nothing is applied by halves.
#![no_main]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../../tests/support/bundles.rs"]
mod bundles;
#[path = "../../tests/support/bundle_judge.rs"]
mod judge;

libfuzzer_sys::fuzz_target!(|input: &[u8]| judge::judge(input));
