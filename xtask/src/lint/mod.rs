//! `cargo xtask lint`: what can be said about the code without running it.

mod docs;
mod no_std;
mod rooms;
mod text;

use anyhow::{Result, bail};

use crate::checks::Checks;
use crate::generate;
use crate::process::Job;
use crate::set_up::cargo_tool;
use crate::set_up::wasm_target::WasmTarget;
use crate::workspace;

/// What is compiled for wasm32, and is linted as such; the last cannot be compiled for this machine.
const FOR_WASM: [&str; 4] = ["sentinel-wasm", "sentinel-wasm-bundle", "sentinel-wasm-policy", WORKER];
const WORKER: &str = "sentinel-edge-worker";

/// Workspaces of their own, compiled by those who run them: their dependencies are no part of ours.
const APART: [&str; 3] = ["tests/bench/native/Cargo.toml", "core/fuzz/Cargo.toml", "server/idp/fuzz/Cargo.toml"];

/// Every check, then `N passed, N failed`.
pub(crate) fn all() -> Result<()> {
    let mut checks = Checks::new();
    run(&mut checks, false);
    checks.close()
}

/// `built`: whether `cargo test` has just built the programs that write files.
pub(crate) fn run(checks: &mut Checks, built: bool) {
    checks.holds("lint: formatting", formatting);
    checks.holds("lint: lock files are whole", lock_files);
    checks.holds("lint: who imports whom", rooms::check);
    checks.holds("lint: texts", text::check);
    checks.holds("lint: documents lead somewhere", docs::check);
    checks.holds("lint: generated files are fresh", || generate::check(built));
    checks.holds("lint: clippy", || {
        let job = Job::cargo("clippy").args([
            "clippy",
            "--quiet",
            "--keep-going",
            "--workspace",
            "--all-targets",
            "--all-features",
        ]);
        let job = FOR_WASM.iter().fold(job, |job, name| job.args(["--exclude", name]));
        job.args(["--", "-D", "warnings"]).succeed().map(drop)
    });
    checks.holds("lint: clippy for wasm32", clippy_wasm);
    checks.holds("lint: core with fewer features", core_features);
    checks.holds("lint: core needs no std", no_std::check);
    checks.holds("lint: documentation", || {
        let job = Job::cargo("cargo doc").args(["doc", "--workspace", "--no-deps", "--all-features"]);
        job.args(["--exclude", WORKER]).env("RUSTDOCFLAGS", "-D warnings").succeed().map(drop)
    });
    checks.holds("lint: licences, duplicates and bans of dependencies", || {
        let deny = cargo_tool::find("cargo-deny", "0.20.2", &["--no-default-features"])?;
        let job = Job::new("cargo deny", deny).args(["check", "--hide-inclusion-graph"]);
        job.args(["licenses", "bans", "sources"]).succeed().map(drop)
    });
}

fn formatting() -> Result<()> {
    for manifest in ["Cargo.toml"].iter().chain(&APART) {
        let job = Job::cargo(format!("cargo fmt {manifest}")).args(["fmt", "--all", "--manifest-path", manifest]);
        job.args(["--check", "--message-format", "short"]).succeed()?;
    }
    Ok(())
}

/// The main lock file is proven by every build; these would be found stale only by those who run them.
fn lock_files() -> Result<()> {
    for manifest in APART {
        let job = Job::cargo(format!("cargo update --locked {manifest}"));
        job.args(["update", "--workspace", "--locked", "--manifest-path", manifest]).succeed()?;
    }
    Ok(())
}

fn clippy_wasm() -> Result<()> {
    let _lock = workspace::lock()?;
    let target = WasmTarget::find()?;
    for name in FOR_WASM {
        let job = target.clippy(&format!("clippy {name}"))?;
        job.args(["--quiet", "--package", name, "--all-features", "--", "-D", "warnings"]).succeed()?;
    }
    Ok(())
}

/// What is dead code, or missing, only where a feature is off.
fn core_features() -> Result<()> {
    for features in ["", "policy", "pure", "ring", "policy,ring", "engine", "dsl", "conditions", "relations"] {
        let job = Job::cargo(format!("clippy core with {features:?}")).args(["clippy", "--quiet", "--package"]);
        let job = job.args(["sentinel-core", "--no-default-features", "--features", features]);
        job.args(["--", "-D", "warnings"]).succeed()?;
    }
    Ok(())
}

/// Fails with one line for each finding.
fn report(findings: Vec<String>) -> Result<()> {
    if !findings.is_empty() {
        bail!("{}", findings.join("\n   "));
    }
    Ok(())
}
