//! Where things are, and whether they have changed.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Where cargo puts what it builds for this machine.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// Our own corner of cargo's target directory.
pub(crate) fn state(name: &str) -> PathBuf {
    root().join("target/xtask").join(name)
}

/// A file for what one program prints.
pub(crate) fn log(label: &str) -> Result<File> {
    let name: String = label.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let path = state("logs").join(format!("{name}.log"));
    fs::create_dir_all(state("logs"))?;
    File::create(&path).with_context(|| format!("cannot write {}", path.display()))
}

/// Held while set-up or a build runs: two terminals must not install into one folder at once.
pub(crate) fn lock() -> Result<File> {
    fs::create_dir_all(state(""))?;
    let file = File::create(state("lock"))?;
    if file.try_lock().is_err() {
        println!("   another `cargo xtask` is setting up or building: waiting for it");
        file.lock()?;
    }
    Ok(file)
}

/// A number that stands for the contents of files and folders; build outputs in them do not count.
pub(crate) fn fingerprint(paths: &[PathBuf], extra: &str) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    extra.hash(&mut hasher);
    for path in paths {
        hash(path, &mut hasher).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        entries.sort();
        for entry in entries {
            let name = entry.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if !matches!(name.as_str(), "node_modules" | "dist" | "target") {
                hash(&entry, hasher)?;
            }
        }
    } else if path.exists() {
        path.strip_prefix(root()).unwrap_or(path).hash(hasher);
        fs::read(path)?.hash(hasher);
    }
    Ok(())
}

/// Whether `stamp` says that this fingerprint was dealt with.
pub(crate) fn is_fresh(stamp: &Path, fingerprint: &str) -> bool {
    fs::read_to_string(stamp).is_ok_and(|text| text == fingerprint)
}

/// Every file that git tracks or would track.
pub(crate) fn tracked() -> Result<Vec<PathBuf>> {
    let list = std::process::Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .context("git is needed: install it")?;
    anyhow::ensure!(list.status.success(), "git ls-files failed: is this a checkout?");
    let text = String::from_utf8_lossy(&list.stdout).into_owned();
    Ok(text
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .filter(|p| root().join(p).is_file())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_follows_contents_and_ignores_outputs() {
        let dir = state("test-fingerprint");
        fs::create_dir_all(dir.join("node_modules")).unwrap();
        fs::write(dir.join("a"), "1").unwrap();
        let print = |extra: &str| fingerprint(std::slice::from_ref(&dir), extra).unwrap();
        let first = print("");
        fs::write(dir.join("node_modules/b"), "x").unwrap();
        assert_eq!(first, print(""));
        assert_ne!(first, print("flags"));
        fs::write(dir.join("a"), "2").unwrap();
        assert_ne!(first, print(""));
        fs::remove_dir_all(dir).unwrap();
    }
}
