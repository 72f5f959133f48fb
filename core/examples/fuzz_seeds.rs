//! Writes the seeds of a fuzz target: `cargo run --features bundle-write --example fuzz_seeds -- verify|bundle FOLDER`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a tool of the tests"
)]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/bundles.rs"]
mod bundles;
#[path = "../tests/support/bundle_judge.rs"]
mod judge;
#[path = "../tests/support/seeds.rs"]
mod seeds;

fn main() {
    let target = std::env::args().nth(1).expect("verify or bundle");
    let folder = std::path::PathBuf::from(std::env::args_os().nth(2).expect("the folder for the seeds"));
    let seeds = match target.as_str() {
        "verify" => seeds::seeds(),
        "bundle" => judge::seeds(),
        other => panic!("no target {other}"),
    };
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    for (number, input) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("{number:05}")), input).expect("a seed can be written");
    }
}
