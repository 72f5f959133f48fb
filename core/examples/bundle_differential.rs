//! The long run of slices and workspace bundles against the store's engine: `cargo run --release -p sentinel-core --features
//! bundle-write --example bundle_differential -- --cases 10000000 [--from SEED]`. A case is one question; each is asked of the store, of its
//! workspace bundle and, where a user asks it, of the user's slice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/bundle/agree.rs"]
mod agree;
#[path = "../tests/support/bundles.rs"]
mod bundles;
#[path = "../tests/policy/generate.rs"]
mod generate;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let cases = number("--cases").unwrap_or(1_000_000);
    let mut seed = number("--from").unwrap_or(1_000_000);
    let mut count = agree::Count::default();
    let mut told = 0;
    while count.questions < cases {
        agree::one(seed, &mut count);
        seed += 1;
        if count.questions / 1_000_000 > told {
            told = count.questions / 1_000_000;
            println!("{told} million questions, next seed {seed}: {count:?}");
        }
    }
    println!("no disagreement in {count:?}, seeds before {seed}");
}
