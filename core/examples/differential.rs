//! Compares the pure Rust signatures with ring and RustCrypto for as many cases as asked for.
//!
//! `cargo run --release -p sentinel-core --example differential -- CASES [SEED]`
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test: whatever is not as expected shall end it"
)]

extern crate alloc;

#[path = "../tests/differential/cases/mod.rs"]
mod cases;

use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let (Some(Ok(count)), Ok(seed)) = (arguments.next(), arguments.next().unwrap_or(Ok(1))) else {
        eprintln!("usage: differential CASES [SEED]");
        std::process::exit(2);
    };
    let start = Instant::now();
    let tally = cases::run(count, seed, |done, tally| {
        println!("{done} of {count} cases in {} s\n{tally}", start.elapsed().as_secs());
    });
    tally.assert_meaningful();
    println!("{count} cases agree (seed {seed}, {} s)\n{tally}", start.elapsed().as_secs());
}
