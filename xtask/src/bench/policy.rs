//! `cargo xtask bench policy`: the engine and the release build of `sentinel` next to others.

use std::fs;

use anyhow::{Context, Result};

use crate::build;
use crate::postgres::Postgres;
use crate::process::Job;
use crate::set_up::npm;
use crate::workspace;

/// Its load generator, a crate of the workspace.
const LOAD: &str = "sentinel-bench-policy";

pub(super) fn run(options: &[String]) -> Result<()> {
    build::npm_package()?;
    npm::install("tests/bench/policy")?;
    // Apart: together, the one's features would be the other's.
    for package in ["sentinel-server", LOAD] {
        let job = Job::cargo(format!("build {package} for release"));
        job.args(["build", "--release", "--package", package]).succeed()?;
    }
    let postgres = Postgres::start()?;
    let database = postgres.database()?;
    let folder = workspace::state("bench-policy");
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let release = workspace::target().join("release");
    let job = Job::new("bench policy", release.join(LOAD))
        .args([release.join("sentinel").as_os_str(), folder.as_os_str(), database.url().as_ref()])
        .args(options);
    let done = job.attached();
    // Its logs are worth a look where something failed.
    if done.is_ok() {
        fs::remove_dir_all(&folder)?;
    }
    done
}
