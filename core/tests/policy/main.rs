//! The policy engine against an independent oracle, on random models and tuples.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod compare;
mod driver;
mod generate;
mod oracle;
mod proof;

#[test]
fn engine_and_oracle_agree() {
    let mut count = compare::Count::default();
    for seed in 0..3_000 {
        compare::one(seed, &mut count);
    }
    // A generator that asks nothing of interest would agree with anything.
    assert!(count.checks > 100_000 && count.allowed > count.checks / 50 && count.errors > 100, "{count:?}");
    println!("{count:?}");
}
