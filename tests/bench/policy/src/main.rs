//! Policy next to others: in the engine, over HTTP, and what the server does with large stores.
//! `cargo xtask bench policy` builds and starts it.

mod cases;
mod cerbos;
mod engine;
mod goals;
mod http;
mod javascript;
mod report;
mod sentinel;
mod server;
mod spicedb;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sentinel_bench_server::machine::{Machine, root};

use crate::report::Report;

const HELP: &str =
    "sentinel-bench-policy BINARY FOLDER POSTGRES_URL [engine] [http] [server] [--write] [--quick] [--connections N]";
const DOCUMENT: &str = "docs/benchmarks-policy.md";
const TEMPLATE: &str = "tests/bench/policy/template.md";
/// Where the packages of the others are.
const PACKAGES: &str = "tests/bench/policy/node_modules";

/// How much is measured.
pub(crate) struct Options {
    /// A run that shows that all of it works; its figures mean little.
    pub(crate) quick: bool,
    pub(crate) connections: usize,
    /// For each line over HTTP.
    pub(crate) time: Duration,
    pub(crate) http_tuples: usize,
    /// In the engine.
    pub(crate) sizes: Vec<usize>,
    pub(crate) rounds: usize,
    /// Of the large store.
    pub(crate) server_tuples: usize,
}

impl Options {
    fn new(quick: bool) -> Self {
        let seconds = |time: f64| Duration::from_secs_f64(time);
        Self {
            quick,
            connections: 8,
            time: seconds(if quick { 0.3 } else { 3.0 }),
            http_tuples: if quick { 1_000 } else { 10_000 },
            sizes: if quick { vec![1_000, 10_000] } else { vec![10_000, 100_000, 1_000_000] },
            rounds: if quick { 2 } else { 20 },
            server_tuples: if quick { 20_000 } else { 1_000_000 },
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        // This program again, in a process whose CPU is SpiceDB's.
        [word, library] if word == "--spicedb" => spicedb::serve(Path::new(library)),
        _ => run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let [binary, folder, url, rest @ ..] = arguments else { bail!(HELP) };
    let mut parts = Vec::new();
    let (mut write, mut quick, mut connections) = (false, false, None);
    let mut rest = rest.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--write" => write = true,
            "--quick" => quick = true,
            "--connections" => connections = Some(rest.next().context(HELP)?.parse::<usize>()?.clamp(1, 64)),
            part @ ("engine" | "http" | "server") => parts.push(part),
            _ => bail!("{argument}: {HELP}"),
        }
    }
    ensure!(!write || (parts.is_empty() && !quick), "the document is written from a full run");
    let mut options = Options::new(quick);
    options.connections = connections.unwrap_or(options.connections);
    let wanted = |part| parts.is_empty() || parts.contains(&part);

    let (binary, folder) = (PathBuf::from(binary).canonicalize()?, PathBuf::from(folder).canonicalize()?);
    let packages = root().join(PACKAGES).canonicalize().context("the npm packages are not installed")?;
    // One thread: the servers need the others.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report { machine: Machine::now()?, engine: None, http: None, server: None };
    if wanted("engine") {
        report.engine = Some(javascript::with_native(&folder, &options)?);
    }
    if wanted("http") {
        report.http = Some(runtime.block_on(http::measure(&binary, &folder, &packages, &options))?);
    }
    if wanted("server") {
        report.server = Some(runtime.block_on(server::measure(&binary, &folder, url, &options))?);
    }
    report.machine.ended()?;
    println!("\n{}", report.text(&options));
    if write {
        let template = std::fs::read_to_string(root().join(TEMPLATE))?;
        std::fs::write(root().join(DOCUMENT), report.document(&template, &options)?)?;
        println!("{DOCUMENT} is written");
    }
    Ok(())
}
