//! A Chromium that can run headless.

use anyhow::{Context, Result};

use super::{apt, on_path};

const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// Where those who run a browser look for it.
pub(crate) const VARIABLE: &str = "CHROMIUM";

/// The browser's path: the one that the variable names, one on PATH, else Debian's.
pub(crate) fn find() -> Result<String> {
    if let Ok(path) = std::env::var(VARIABLE) {
        return Ok(path);
    }
    if let Some(path) = NAMES.iter().find_map(|name| on_path(name)) {
        return Ok(path.display().to_string());
    }
    apt::install(&["chromium"]).with_context(|| format!("no Chromium on PATH or in ${VARIABLE}"))?;
    let path = on_path("chromium").context("Debian's chromium was installed, yet is not on PATH")?;
    Ok(path.display().to_string())
}
