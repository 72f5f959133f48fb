//! The short run of the fuzz target (`server/idp/fuzz`): good responses, torn apart and put together otherwise. None is
//! taken for anybody but whom the provider signed for this request.
#![cfg(feature = "saml")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "support/saml_judge.rs"]
mod judge;
#[path = "support/saml_mutate.rs"]
mod mutate;
#[path = "support/saml.rs"]
mod support;

use std::collections::BTreeMap;

use judge::{Judge, Verdict};

const ROUNDS: usize = 6_000;

#[test]
fn no_mutant_is_another_person() {
    let judge = Judge::new();
    let mut ends: BTreeMap<Verdict, usize> = BTreeMap::new();
    for seed in judge.seeds() {
        *ends.entry(judge.judge(&seed)).or_default() += 1;
    }
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..ROUNDS {
        // splitmix64 (Steele, Lea, Flood 2014): good enough to choose places.
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)).to_le_bytes()
        };
        let mut input = [next(), next(), next(), next()].concat();
        input[1] = 1 + input[1] % 2;
        *ends.entry(judge.judge(&input)).or_default() += 1;
    }
    // They get everywhere, so the judge has something to judge.
    for end in [
        Verdict::Same,
        Verdict::Refused("signature_invalid"),
        Verdict::Refused("signature_reference"),
        Verdict::Refused("assertion_count"),
        Verdict::Refused("unsigned"),
        Verdict::Refused("duplicate_id"),
        Verdict::Refused("xml_refused"),
        Verdict::Refused("decryption_failed"),
    ] {
        assert!(ends.contains_key(&end), "no mutant ends as {end:?}: {ends:?}");
    }
}
