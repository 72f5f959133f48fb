//! `cargo xtask test`: every test of the project, lane by lane; the last line is `N passed, N failed`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::checks::{self, Checks};
use crate::process::Job;
use crate::set_up::{self, chromium, node, npm};
use crate::summary::{Count, Format};
use crate::{build, conformance, lint, size};

/// Compiled for wasm32 alone, or for a minute and without tests.
const NOT_ON_HOST: [&str; 3] = ["sentinel-wasm", "sentinel-edge-worker", "xtask-bindgen"];

pub(crate) fn all() -> Result<()> {
    let mut checks = Checks::default();
    lint::run(&mut checks);
    checks.counts("cargo test", cargo);
    checks.holds("build", build::all);
    if let Err(error) = conformance::all(&mut checks) {
        checks.holds("conformance", || Err(error));
    }
    npm_on_every_node(&mut checks);
    checks.counts("packaging", || node_tests("packaging", "tests/packaging", &["packaging.test.mjs"]));
    checks.holds("demo", crate::demo::run);
    if let Err(error) = size::all(&mut checks) {
        checks.holds("size", || Err(error));
    }
    checks.close()
}

fn cargo() -> Result<Count> {
    let job = Job::cargo("cargo test").args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    let job = NOT_ON_HOST.iter().fold(job, |job, name| job.args(["--exclude", name]));
    checks::count(job, Format::Cargo)
}

/// The npm package's own tests on the Node of this machine and on the other supported releases.
fn npm_on_every_node(checks: &mut Checks) {
    match releases() {
        Ok(releases) => {
            for (version, folder) in releases {
                let name = format!("npm tests on Node {version}");
                checks.counts(&name, || {
                    npm::install("npm")?;
                    let job = Job::new(&name, "npm").args(["test"]).dir("npm");
                    checks::count(job.env("PATH", set_up::path_with(&folder)?), Format::Node)
                });
            }
        }
        Err(error) => checks.holds("npm tests", || Err(error)),
    }
}

/// Each release's version and the folder that holds its `node`.
fn releases() -> Result<Vec<(String, PathBuf)>> {
    let here = set_up::on_path("node").context("node is not on PATH")?;
    let mut releases = vec![(node::check()?, here)];
    releases.extend(node::others()?);
    let folder = |binary: &Path| binary.parent().map(Path::to_owned).context("node has no folder");
    releases.into_iter().map(|(version, binary)| Ok((version, folder(&binary)?))).collect()
}

/// Test files of a folder under node's own test runner.
fn node_tests(label: &str, folder: &str, files: &[&str]) -> Result<Count> {
    npm::install(folder)?;
    npm::install("tests/hosts")?;
    let job = Job::new(label, "node").args(["--test"]).args(files).dir(folder);
    let count = checks::count(job.env(chromium::VARIABLE, chromium::find()?), Format::Node)?;
    ensure!(count.passed + count.failed > 0, "{folder} ran no test");
    Ok(count)
}
