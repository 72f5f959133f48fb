//! `cargo xtask bench policy`: the engine and the server next to others.

use anyhow::Result;

use super::load;
use crate::build;
use crate::set_up::npm;

pub(super) fn run(options: &[String]) -> Result<()> {
    build::npm_package()?;
    npm::install("tests/bench/policy")?;
    load::run("policy", "sentinel-bench-policy", options)
}
