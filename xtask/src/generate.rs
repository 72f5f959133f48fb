//! `cargo xtask generate`: the files that are written by programs and committed, so that every reader has them.

use std::fs;

use anyhow::{Context, Result, bail};

use crate::process::Job;
use crate::workspace;

/// A committed file, and the crate and its example that print it, with the features it needs.
const FILES: [(&str, &str, &str, &str); 4] = [
    ("npm/src/codes.ts", "sentinel-core", "codes", ""),
    ("tests/policy/bundles.json", "sentinel-core", "bundle_vectors", "bundle-write"),
    ("tests/policy/generated.json", "sentinel-core", "policy_cases", ""),
    ("docs/reference/settings.md", "sentinel-server", "settings_reference", ""),
];

/// Writes them anew.
pub(crate) fn write() -> Result<()> {
    for (file, package, example, features) in FILES {
        fs::write(workspace::root().join(file), printed(package, example, features, false)?)?;
        println!("{file}");
    }
    Ok(())
}

/// Fails where a committed file is not what its program prints now.
pub(crate) fn check(built: bool) -> Result<()> {
    for (file, package, example, features) in FILES {
        let committed =
            fs::read_to_string(workspace::root().join(file)).with_context(|| format!("cannot read {file}"))?;
        if committed != printed(package, example, features, built)? {
            bail!("{file} is stale: run `cargo xtask generate` and commit it");
        }
    }
    Ok(())
}

/// What an example of a crate prints.
pub(crate) fn printed(package: &str, example: &str, features: &str, built: bool) -> Result<String> {
    let label = format!("generate {example}");
    let job = if built {
        Job::new(label, workspace::target().join("debug/examples").join(example))
    } else {
        Job::cargo(label).args(["run", "--quiet", "--package", package, "--features", features, "--example", example])
    };
    job.only_output().succeed()
}
