//! `cargo xtask demo`: the whole on this machine. Our server, a real OpenID provider, Team Notes behind its gateways; a real
//! login, what it allows there, and its tokens verified in four runtimes.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::build;
use crate::process::Job;
use crate::set_up::{chromium, npm, python};

/// The pages of Team Notes.
pub(crate) const FRONT_END: &str = "examples/team-notes/next";
/// Where its second backend finds a Python.
pub(crate) const PYTHON: &str = "TEAM_NOTES_PYTHON";

/// `--once`: ends also on a terminal, where it would go on serving.
pub(crate) fn run(options: &[String]) -> Result<()> {
    if let Some(unknown) = options.iter().find(|option| *option != "--once") {
        bail!("unknown: cargo xtask demo {unknown}");
    }
    println!("== set-up and build");
    build::npm_package()?;
    build::edge_worker()?;
    for folder in ["tests/hosts", "tests/e2e", FRONT_END] {
        npm::install(folder)?;
    }
    let browser = chromium::find()?;
    let python = python()?;
    let packages = ["--package", "sentinel-server", "--package", "team-notes"];
    Job::cargo("build the server and a backend").args(["build"]).args(packages).succeed()?;
    println!("== demo");
    let demo = Job::new("demo", "node").args(["tests/e2e/demo.mjs"]).args(options);
    demo.env(chromium::VARIABLE, browser).env(PYTHON, python).attached()
}

/// With what the FastAPI backend needs.
pub(crate) fn python() -> Result<PathBuf> {
    python::environment("python-team-notes", "examples/team-notes/fastapi/requirements.txt")
}
