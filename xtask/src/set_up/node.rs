//! Node.js: the one on PATH, and the other releases that the npm package is tested on.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::npm;
use crate::process::ask;
use crate::workspace;

const OLDEST: u32 = 20;
const RUNTIMES: &str = "tests/runtimes";

/// Fails unless `node` is recent enough.
pub(crate) fn check() -> Result<String> {
    let advice = || format!("Node.js {OLDEST} or later is needed: install it and put `node` and `npm` on PATH");
    let version = ask("node", &["--version"]).with_context(advice)?;
    ensure!(major(&version).is_some_and(|major| major >= OLDEST), "found {version}. {}", advice());
    ask("npm", &["--version"]).with_context(advice)?;
    Ok(version)
}

/// The releases beside the one on PATH, each with its binary (npm ships them for Linux on x64).
pub(crate) fn others() -> Result<Vec<(String, PathBuf)>> {
    npm::install(RUNTIMES)?;
    let found = ["node22", "node24"].into_iter().map(|name| {
        let binary = workspace::root().join(RUNTIMES).join("node_modules").join(name).join("bin/node");
        let version = ask(&binary, &["--version"]).with_context(|| format!("{} does not run", binary.display()))?;
        Ok((version, binary))
    });
    found.collect()
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v9.0.0-nightly"), Some(9));
        assert_eq!(major("20.1.0"), None);
    }
}
