//! PostgreSQL's own programs: `initdb` and `pg_ctl`, which Debian keeps off PATH.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{apt, on_path};
use crate::process::ask;

/// Where Debian puts them, one folder for each major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder that holds `initdb` and `pg_ctl`: Debian's newest, else the one on PATH, else installed.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(folder) = present() {
        return Ok(folder);
    }
    apt::install(&["postgresql"]).context("no PostgreSQL (initdb and pg_ctl)")?;
    present().with_context(|| format!("Debian's postgresql was installed, yet {DEBIAN} holds no initdb"))
}

/// What `initdb` calls itself.
pub(crate) fn version(folder: &Path) -> Option<String> {
    ask(folder.join("initdb"), &["--version"])
}

fn present() -> Option<PathBuf> {
    let debian = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = debian
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| complete(folder))
        .collect();
    versions.sort();
    let on_path = || on_path("initdb").and_then(|file| file.parent().map(Path::to_owned)).filter(|dir| complete(dir));
    versions.pop().map(|(_, folder)| folder).or_else(on_path)
}

fn complete(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file())
}
