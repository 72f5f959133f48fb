//! Writes the corpus as seeds for the fuzz target: `cargo run --example fuzz_seeds -- FOLDER`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a tool of the tests")]

#[path = "../tests/support/seeds.rs"]
mod seeds;

fn main() {
    let folder = std::path::PathBuf::from(std::env::args_os().nth(1).expect("the folder for the seeds"));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    for (number, input) in seeds::seeds().iter().enumerate() {
        std::fs::write(folder.join(format!("{number:05}")), input).expect("a seed can be written");
    }
}
