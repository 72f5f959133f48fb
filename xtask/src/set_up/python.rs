//! A Python that the published SDK runs on.

use std::fs;
use std::path::PathBuf;

use super::on_path;
use crate::process::ask;

const OLDEST: (u32, u32) = (3, 12);

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
