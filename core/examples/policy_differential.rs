//! The long run of the policy engine against its oracle: `cargo run --release -p sentinel-core --example
//! policy_differential -- --cases 10000000 [--from SEED]`. A case is one check; each is also asked of other sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "../tests/policy/compare.rs"]
mod compare;
#[path = "../tests/policy/driver.rs"]
mod driver;
#[path = "../tests/policy/generate.rs"]
mod generate;
#[path = "../tests/policy/oracle.rs"]
mod oracle;
#[path = "../tests/policy/proof.rs"]
mod proof;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let cases = number("--cases").unwrap_or(1_000_000);
    let mut seed = number("--from").unwrap_or(1_000_000);
    let mut count = compare::Count::default();
    let mut told = 0;
    while count.checks < cases {
        compare::one(seed, &mut count);
        seed += 1;
        if count.checks / 1_000_000 > told {
            told = count.checks / 1_000_000;
            println!("{told} million checks, next seed {seed}: {count:?}");
        }
    }
    println!("no disagreement in {count:?}, seeds before {seed}");
}
