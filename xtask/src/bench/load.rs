//! The release build of `sentinel` under load from a second process, on both databases.

use std::fs;

use anyhow::{Context, Result};

use crate::postgres::Postgres;
use crate::process::Job;
use crate::workspace;

/// Builds a package as it is installed.
pub(super) fn build(package: &str) -> Result<()> {
    let job = Job::cargo(format!("build {package} for release"));
    job.args(["build", "--release", "--package", package]).succeed().map(drop)
}

/// Builds the server and this load generator, a crate of the workspace, and runs the latter.
pub(super) fn run(name: &str, generator: &str, options: &[String]) -> Result<()> {
    // Apart: together, the one's features would be the other's.
    for package in ["sentinel-server", generator] {
        build(package)?;
    }
    let postgres = Postgres::start()?;
    let database = postgres.database()?;
    let folder = workspace::state(&format!("bench-{name}"));
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let release = workspace::target().join("release");
    let job = Job::new(format!("bench {name}"), release.join(generator))
        .args([release.join("sentinel").as_os_str(), folder.as_os_str(), database.url().as_ref()])
        .args(options);
    let done = job.attached();
    // Its logs are worth a look where something failed.
    if done.is_ok() {
        fs::remove_dir_all(&folder)?;
    }
    done
}
