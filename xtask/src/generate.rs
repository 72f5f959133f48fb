//! `cargo xtask generate`: the files that are written by programs and committed, so that every reader has them.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::Job;
use crate::workspace;

/// A committed file, and the cargo command that prints it.
const FILES: [(&str, &[&str]); 1] =
    [("npm/src/codes.ts", &["run", "--quiet", "--package", "sentinel-core", "--example", "codes"])];

/// Writes them anew.
pub(crate) fn write() -> Result<()> {
    for (file, command) in FILES {
        fs::write(workspace::root().join(file), printed(file, command)?)?;
        println!("{file}");
    }
    Ok(())
}

/// Fails where a committed file is not what its program prints now.
pub(crate) fn check() -> Result<()> {
    for (file, command) in FILES {
        let committed =
            fs::read_to_string(workspace::root().join(file)).with_context(|| format!("cannot read {file}"))?;
        if committed != printed(file, command)? {
            bail!("{file} is stale: run `cargo xtask generate` and commit it");
        }
    }
    Ok(())
}

fn printed(file: &str, command: &[&str]) -> Result<String> {
    Job::cargo(format!("generate {file}")).args(command).only_output().succeed()
}
