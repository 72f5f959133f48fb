//! A Python that the published SDK runs on, and an environment of its own for what the tests import.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::on_path;
use crate::process::{Job, ask};
use crate::workspace;

const OLDEST: (u32, u32) = (3, 12);

/// The Python of the environment `name`, which holds exactly what a `requirements.txt` names, by version and by hash. It is
/// kept until that file or the Python changes.
pub(crate) fn environment(name: &str, requirements: &str) -> Result<PathBuf> {
    let (python, version) = find()
        .with_context(|| format!("Python {}.{} or later is needed: put python3.12 on PATH", OLDEST.0, OLDEST.1))?;
    let _lock = workspace::lock()?;
    let folder = workspace::state(name);
    let (own, stamp) = (folder.join("bin/python"), folder.join("requirements-stamp"));
    let extra = format!("{version} {}", python.display());
    let fingerprint = workspace::fingerprint(&[workspace::root().join(requirements)], &extra)?;
    if own.is_file() && workspace::is_fresh(&stamp, &fingerprint) {
        return Ok(own);
    }
    println!("   installs the Python packages of {requirements}");
    Job::new("python venv", python).args(["-m", "venv", "--clear"]).args([&folder]).succeed()?;
    let pip = Job::new("pip install", &own).args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--progress-bar=off",
    ]);
    pip.args(["--require-hashes", "--only-binary=:all:", "--requirement", requirements]).succeed()?;
    fs::write(stamp, fingerprint)?;
    Ok(own)
}

/// The first Python 3.12 or later on PATH or under pyenv.
pub(crate) fn find() -> Option<(PathBuf, String)> {
    let named = (12..=20).filter_map(|minor| on_path(&format!("python3.{minor}")));
    let candidates = named.chain(on_path("python3")).chain(under_pyenv());
    candidates.into_iter().find_map(|path| {
        let version = ask(&path, &["--version"])?;
        recent(&version).then_some((path, version))
    })
}

fn under_pyenv() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let Some(root) = root.or_else(|| Some(std::env::home_dir()?.join(".pyenv"))) else { return Vec::new() };
    let versions = fs::read_dir(root.join("versions")).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|entry| entry.path().join("bin/python3")).filter(|p| p.is_file()).collect();
    found.sort();
    found
}

fn recent(version: &str) -> bool {
    let mut numbers = version.trim_start_matches("Python ").split('.').map_while(|part| part.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_versions_as_numbers() {
        assert!(recent("Python 3.12.1") && recent("Python 3.13.0rc1") && recent("Python 4.0.0"));
        assert!(!recent("Python 3.9.2") && !recent("Python 3.11.7") && !recent("Python 2.7.18") && !recent(""));
    }
}
