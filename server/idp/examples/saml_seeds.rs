//! Writes the seeds of the fuzz target: `cargo run --features saml --example saml_seeds -- saml FOLDER`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a tool of the tests"
)]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/saml_judge.rs"]
mod judge;
#[path = "../tests/support/saml_mutate.rs"]
mod mutate;
#[path = "../tests/support/saml.rs"]
mod support;

fn main() {
    let folder = std::path::PathBuf::from(std::env::args_os().nth(2).expect("saml, and the folder for the seeds"));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    for (number, input) in judge::Judge::new().seeds().iter().enumerate() {
        std::fs::write(folder.join(format!("{number:05}")), input).expect("a seed can be written");
    }
}
