//! (token, key set, configuration) -> no panic, and nothing accepted that must not be.
#![no_main]

#[path = "../../tests/support/judge.rs"]
mod judge;

libfuzzer_sys::fuzz_target!(|input: &[u8]| judge::judge(input));
