//! npm packages, exactly as the lock files name them.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Result, ensure};

use crate::process::Job;
use crate::workspace;

/// `npm ci` in a folder, unless what is there is younger than the lock file. A folder without a manifest needs none.
pub(crate) fn install(folder: &str) -> Result<()> {
    let dir = workspace::root().join(folder);
    let lock = dir.join("package-lock.json");
    if !dir.join("package.json").is_file() {
        return Ok(());
    }
    ensure!(lock.is_file(), "{folder}/package-lock.json is missing: run `npm install` there and commit it");
    if !fs::read_to_string(&lock)?.contains("\"node_modules/") {
        return Ok(());
    }
    // npm writes this file last, so that an interrupted installation leaves none.
    let installed = modified(&dir.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= modified(&lock) {
        return Ok(());
    }
    println!("   installs the npm packages of {folder}");
    Job::new(format!("npm ci in {folder}"), "npm").args(["ci", "--no-audit", "--no-fund"]).dir(&dir).succeed()?;
    Ok(())
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
