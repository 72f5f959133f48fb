//! `cargo xtask bench server`: what a request costs the server.

use anyhow::Result;

use super::load;
use crate::set_up::npm;

pub(super) fn run(options: &[String]) -> Result<()> {
    npm::install("tests/e2e")?;
    load::run("server", "sentinel-bench-server", options)
}
