//! cargo-deny: the one on PATH, else one of our own under `target/tools`.

use std::path::PathBuf;

use anyhow::Result;

use super::on_path;
use crate::process::Job;
use crate::workspace;

const VERSION: &str = "0.20.2";

pub(crate) fn find() -> Result<PathBuf> {
    let tools = workspace::root().join("target/tools");
    let own = tools.join("bin/cargo-deny");
    if own.is_file() {
        return Ok(own);
    }
    if let Some(path) = on_path("cargo-deny") {
        return Ok(path);
    }
    println!("   builds cargo-deny {VERSION} into target/tools, once (about a minute)");
    // Unoptimised: it runs for a second and is built in half the time.
    Job::cargo("cargo install cargo-deny")
        .args(["install", "--locked", "--debug", "--no-default-features", "--version", VERSION, "--root"])
        .args([tools.as_os_str(), "cargo-deny".as_ref()])
        .env("CARGO_TARGET_DIR", tools.join("build"))
        .succeed()?;
    std::fs::remove_dir_all(tools.join("build"))?;
    Ok(own)
}
