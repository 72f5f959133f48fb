//! The pure Rust signatures against ring and RustCrypto, on inputs made from a seed. A short run:
//! the long one is `cargo run --release -p sentinel-core --example differential -- CASES`.
#![cfg(feature = "pure")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: whatever is not as expected shall end it"
)]

extern crate alloc;

mod cases;

#[test]
fn agrees_with_ring_and_rustcrypto() {
    let tally = cases::run(12_000, 1, |_, _| {});
    println!("{tally}");
    tally.assert_meaningful();
}
