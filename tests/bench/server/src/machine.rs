//! When and where something was measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

/// What a reader must know of the machine.
pub struct Machine {
    /// `2026-11-22`.
    pub date: String,
    pub cores: usize,
    /// Load average of the last minute.
    pub load_before: f64,
    pub load_after: f64,
}

impl Machine {
    /// At the start of a run.
    ///
    /// # Errors
    /// Where it is no Linux.
    pub fn now() -> Result<Self> {
        let load = load()?;
        let cores = std::thread::available_parallelism()?.get();
        Ok(Self { date: date()?, cores, load_before: load, load_after: load })
    }

    /// At its end.
    ///
    /// # Errors
    /// Where it is no Linux.
    pub fn ended(&mut self) -> Result<()> {
        self.load_after = load()?;
        Ok(())
    }
}

/// The project's folder.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    Ok(text.split(' ').next().context("/proc/loadavg")?.parse()?)
}

fn date() -> Result<String> {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
