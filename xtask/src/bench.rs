//! `cargo xtask bench [NAME [OPTIONS…]]`: runs `tests/bench/NAME.mjs`, by default `verify`; `policy` and `server` are programs of
//! their own.

mod load;
mod policy;
mod server;

use anyhow::{Result, ensure};

use crate::build;
use crate::process::Job;
use crate::set_up::{chromium, npm};
use crate::workspace;

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let (name, options) =
        arguments.split_first().map_or(("verify", [].as_slice()), |(name, rest)| (name.as_str(), rest));
    match name {
        "policy" => return policy::run(options),
        "server" => return server::run(options),
        _ => {}
    }
    let script = format!("tests/bench/{name}.mjs");
    let known = name.chars().all(|c| c.is_ascii_lowercase() || c == '-') && workspace::root().join(&script).is_file();
    ensure!(known, "no benchmark {name}: {script} is missing");
    build::npm_package()?;
    if name == "edge" {
        build::edge_worker()?;
        load::build("sentinel-server")?;
    }
    for folder in ["tests/hosts", "tests/bench"] {
        npm::install(folder)?;
    }
    let job = Job::new(format!("bench {name}"), "node").args([script]).args(options);
    job.env(chromium::VARIABLE, chromium::find()?).attached()
}
