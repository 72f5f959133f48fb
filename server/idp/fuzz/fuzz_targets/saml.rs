//! A good SAML response, torn apart and put together otherwise: never taken for anything that no provider signed.
#![no_main]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../../tests/support/saml_judge.rs"]
mod judge;
#[path = "../../tests/support/saml_mutate.rs"]
mod mutate;
#[path = "../../tests/support/saml.rs"]
mod support;

use std::sync::LazyLock;

static JUDGE: LazyLock<judge::Judge> = LazyLock::new(judge::Judge::new);

libfuzzer_sys::fuzz_target!(
    // Before the first input, which would be charged with it.
    init: {
        LazyLock::force(&JUDGE);
    },
    |input: &[u8]| {
        JUDGE.judge(input);
    }
);
