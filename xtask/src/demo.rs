//! `cargo xtask demo`: our server, a real login through it, and its tokens verified in four runtimes.

use anyhow::Result;

use crate::build;
use crate::process::Job;
use crate::set_up::{chromium, npm};

pub(crate) fn run() -> Result<()> {
    println!("== set-up and build");
    build::npm_package()?;
    for folder in ["tests/hosts", "tests/e2e"] {
        npm::install(folder)?;
    }
    let browser = chromium::find()?;
    Job::cargo("build the sentinel binary").args(["build", "--package", "sentinel-server"]).succeed()?;
    println!("== demo");
    Job::new("demo", "node").args(["tests/e2e/demo.mjs"]).env(chromium::VARIABLE, browser).attached()
}
