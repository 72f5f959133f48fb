//! Load for the server from a process of its own: seeds a deployment, asks as fast as answers come, and compares what
//! the server spends with its goals. `cargo xtask bench server` builds and starts it.

mod browser;
mod deployment;
mod flood;
mod report;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use sentinel_bench_server::machine::{Machine, root};
use sentinel_bench_server::processes::Provider;

use crate::run::{Options, Outcome};

const HELP: &str = "sentinel-bench-server BINARY FOLDER POSTGRES_URL [--write] [--seconds N] [--connections N] [--only sqlite|postgres] [--flood]";
const DOCUMENT: &str = "docs/benchmarks-server.md";
const TEMPLATE: &str = "tests/bench/server/template.md";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let [binary, folder, url, options @ ..] = arguments else { bail!(HELP) };
    let (mut seconds, mut connections, mut write, mut only, mut flood) = (4, 8, false, None, false);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut number = || -> Result<u64> { Ok(options.next().context(HELP)?.parse()?) };
        match option.as_str() {
            "--write" => write = true,
            "--flood" => flood = true,
            "--seconds" => seconds = number()?.clamp(1, 30),
            "--connections" => connections = usize::try_from(number()?.clamp(1, 64))?,
            "--only" => only = Some(options.next().context(HELP)?.as_str()),
            _ => bail!("{option}: {HELP}"),
        }
    }
    let options = Options { connections, time: Duration::from_secs(seconds) };
    // One thread: the server needs the others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut machine = Machine::now()?;
    let (binary, folder) = (PathBuf::from(binary).canonicalize()?, PathBuf::from(folder));
    if flood {
        runtime.block_on(floods(&binary, &folder, url, only, &options))?;
        machine.ended()?;
        println!("{}", report::machine(&machine, &options));
        return Ok(());
    }
    let outcomes = runtime.block_on(all(&binary, &folder, url, only, &options))?;
    machine.ended()?;
    let line = report::machine(&machine, &options);
    for outcome in &outcomes {
        println!("\n{}\n\n{}", outcome.database, report::table(outcome));
    }
    println!("{}\n{line}", report::other(&outcomes));
    if write {
        let template = std::fs::read_to_string(root().join(TEMPLATE))?;
        std::fs::write(root().join(DOCUMENT), report::document(&template, &line, &outcomes)?)?;
        println!("{DOCUMENT} is written");
    }
    Ok(())
}

async fn all(binary: &Path, folder: &Path, url: &str, only: Option<&str>, options: &Options) -> Result<Vec<Outcome>> {
    let provider = Provider::start(&root())?;
    let mut outcomes = Vec::new();
    for (name, word, url) in [("SQLite", "sqlite", None), ("PostgreSQL", "postgres", Some(url.to_owned()))] {
        if only.is_none_or(|only| only == word) {
            outcomes.push(run::database(name, binary, &folder.join(word), url, &provider, options).await?);
        }
    }
    Ok(outcomes)
}

/// Wrong passwords without end, and what it is to others.
async fn floods(binary: &Path, folder: &Path, url: &str, only: Option<&str>, options: &Options) -> Result<()> {
    for (name, word, url) in [("SQLite", "sqlite", None), ("PostgreSQL", "postgres", Some(url.to_owned()))] {
        if only.is_none_or(|only| only == word) {
            flood::flood(name, binary, &folder.join(word), url, options).await?;
        }
    }
    Ok(())
}
