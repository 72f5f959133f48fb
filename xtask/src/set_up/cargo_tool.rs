//! Programs that cargo installs: the one on PATH, else one of our own under `target/tools`.

use std::path::PathBuf;

use anyhow::Result;

use super::on_path;
use crate::process::Job;
use crate::workspace;

/// Finds or builds it. Unoptimised: what runs for a second is built in half the time.
pub(crate) fn find(name: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    let tools = workspace::root().join("target/tools");
    let own = tools.join("bin").join(name);
    if own.is_file() {
        return Ok(own);
    }
    if let Some(path) = on_path(name) {
        return Ok(path);
    }
    println!("   builds {name} {version} into target/tools, once (a minute or two)");
    Job::cargo(format!("cargo install {name}"))
        .args(["install", "--locked", "--debug", "--version", version, "--root"])
        .args([tools.as_os_str(), name.as_ref()])
        .args(options)
        .env("CARGO_TARGET_DIR", tools.join("build"))
        .succeed()?;
    std::fs::remove_dir_all(tools.join("build"))?;
    Ok(own)
}
