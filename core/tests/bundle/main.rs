//! Bundles: what is written is what is read, what is changed is refused, and a slice answers as the whole.
#![cfg(all(feature = "bundle-write", feature = "pure", feature = "dsl", feature = "conditions"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod agree;
#[path = "../support/bundles.rs"]
mod bundles;
mod delta;
mod format;
#[allow(dead_code, reason = "what the engine's own tests use besides")]
#[path = "../policy/generate.rs"]
mod generate;
#[path = "../support/bundle_judge.rs"]
mod judge;
mod refused;
mod revocations;
mod slices;

#[test]
fn slice_workspace_and_store_agree() {
    let mut count = agree::Count::default();
    // The last two: what is undefined is denied and not false; a claim about an object to which nothing else leads.
    for seed in (0..1_500).chain([1_016_978, 1_017_752]) {
        agree::one(seed, &mut count);
    }
    // A generator that asks nothing of interest would agree with anything.
    assert!(count.questions > 150_000 && count.allowed > count.questions / 60, "{count:?}");
    assert!(count.settled > 100 && count.undecided > 1_000 && count.left_out > 1_000 && count.names > 100, "{count:?}");
    println!("{count:?}");
}
