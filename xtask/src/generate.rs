//! `cargo xtask generate`: the files that are written by programs and committed, so that every reader has them.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::Job;
use crate::workspace;

/// A committed file, and the example of core that prints it.
const FILES: [(&str, &str); 1] = [("npm/src/codes.ts", "codes")];

/// Writes them anew.
pub(crate) fn write() -> Result<()> {
    for (file, example) in FILES {
        fs::write(workspace::root().join(file), printed(example, false)?)?;
        println!("{file}");
    }
    Ok(())
}

/// Fails where a committed file is not what its program prints now.
pub(crate) fn check(built: bool) -> Result<()> {
    for (file, example) in FILES {
        let committed =
            fs::read_to_string(workspace::root().join(file)).with_context(|| format!("cannot read {file}"))?;
        if committed != printed(example, built)? {
            bail!("{file} is stale: run `cargo xtask generate` and commit it");
        }
    }
    Ok(())
}

fn printed(example: &str, built: bool) -> Result<String> {
    let label = format!("generate {example}");
    let job = if built {
        Job::new(label, workspace::target().join("debug/examples").join(example))
    } else {
        Job::cargo(label).args(["run", "--quiet", "--package", "sentinel-core", "--example", example])
    };
    job.only_output().succeed()
}
