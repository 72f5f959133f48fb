//! `cargo xtask test`: every test of the project, lane by lane; the last line is `N passed, N failed`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::checks::{self, Checks};
use crate::postgres::{self, Postgres};
use crate::process::Job;
use crate::set_up::{self, chromium, node, npm, python, xmlsec};
use crate::summary::{Count, Format};
use crate::{build, conformance, demo, lint, size, workspace};

/// Compiled for wasm32 alone, or for a minute and without tests.
const NOT_ON_HOST: [&str; 2] = ["sentinel-edge-worker", "xtask-bindgen"];

/// Folders whose `*.test.mjs` drive the built package and program from outside.
const NODE_TESTS: [(&str, &str); 8] = [
    ("conformance runners", "tests/runners"),
    ("edge worker", "edge-worker/test"),
    ("end to end", "tests/e2e"),
    ("browser client", "tests/browser"),
    ("services", "tests/frameworks"),
    ("Team Notes", "tests/team-notes"),
    ("packaging", "tests/packaging"),
    ("benchmark, quick", "tests/bench"),
];

/// What the tests in Python import: the published SDK, and what runs it.
fn python() -> Result<PathBuf> {
    python::environment("python", "tests/sdk/requirements.txt")
}

/// What makes SAML's answers in Python: `pysaml2`, and `xmlsec1` beneath it.
fn saml_python() -> Result<PathBuf> {
    xmlsec::find()?;
    python::environment("saml", "tests/saml/requirements.txt")
}

/// Where a guide's Python is run from Node.
const USES_PYTHON: &str = "tests/e2e";
/// Who logs in with a company's provider, one of which is in Python.
const USES_SAML: &str = "tests/browser";
/// Who starts Team Notes: its own tests, and those of the demo.
const RUN_TEAM_NOTES: [&str; 2] = ["tests/e2e", "tests/team-notes"];

pub(crate) fn all() -> Result<()> {
    let mut checks = Checks::new();
    // Without a server the run goes on: every test that needs one says so and fails.
    let database = Postgres::start().map_err(|error| checks.holds("PostgreSQL", || Err(error))).ok();
    let environment = Environment { database };
    checks.counts("cargo test", || cargo(&environment));
    lint::run(&mut checks, true);
    checks.holds("build", build::all);
    if let Err(error) = conformance::all(&mut checks) {
        checks.holds("conformance", || Err(error));
    }
    npm_on_every_node(&mut checks);
    for (name, folder) in NODE_TESTS {
        checks.counts(name, || node_tests(name, folder, &environment));
    }
    checks.counts("Python SDK", || sdk(&environment));
    checks.counts("SAML", saml);
    if let Err(error) = size::all(&mut checks) {
        checks.holds("size", || Err(error));
    }
    checks.close()
}

/// `cargo xtask test sdk`: that lane alone.
pub(crate) fn only_sdk() -> Result<()> {
    let mut checks = Checks::new();
    Job::cargo("build the sentinel binary").args(["build", "--package", "sentinel-server"]).succeed()?;
    let environment = Environment { database: Some(Postgres::start()?) };
    checks.counts("Python SDK", || sdk(&environment));
    checks.close()
}

/// The published Python SDK, and what attacks the same server, under pytest.
fn sdk(environment: &Environment) -> Result<Count> {
    npm::install("tests/e2e")?;
    let python = python()?;
    let job = environment.of(Job::new("Python SDK", python)).env("PYTHONDONTWRITEBYTECODE", "1");
    let job = job.args(["-m", "pytest", "-p", "no:cacheprovider", "--no-header", "--quiet"]).dir("tests/sdk");
    checks::count(job, Format::Pytest)
}

/// `cargo xtask test saml`: that lane alone.
pub(crate) fn only_saml() -> Result<()> {
    let mut checks = Checks::new();
    checks.counts("SAML", saml);
    checks.close()
}

/// The identity providers of `tests/saml`, and whether the corpus that is made with them is honest.
fn saml() -> Result<Count> {
    npm::install("tests/saml")?;
    let job = Job::new("SAML", saml_python()?).env("PYTHONDONTWRITEBYTECODE", "1");
    let job = job.args(["-m", "pytest", "-p", "no:cacheprovider", "--no-header", "--quiet"]).dir("tests/saml");
    checks::count(job, Format::Pytest)
}

/// What every lane may rely on.
struct Environment {
    database: Option<Postgres>,
}

impl Environment {
    fn of(&self, job: Job) -> Job {
        // `cargo test` has built it, with the features of the whole workspace: built alone, half of it would be built anew.
        let job = job.env("SENTINEL_BIN", workspace::target().join("debug/sentinel"));
        match &self.database {
            Some(database) => job.env(postgres::VARIABLE, database.url()),
            None => job,
        }
    }
}

fn cargo(environment: &Environment) -> Result<Count> {
    let job = Job::cargo("cargo test").args(["test", "--workspace", "--all-features", "--no-fail-fast"]);
    // OpenFGA's own engine, which the policy engine is compared with, comes with the Python packages.
    let job = environment.of(job).env("SENTINEL_FGA", python()?.with_file_name("fga"));
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

/// The test files of a folder under node's own test runner.
fn node_tests(name: &str, folder: &str, environment: &Environment) -> Result<Count> {
    // The server and the provider that others' tests start, too, are at home in `tests/e2e`.
    for folder in ["tests/hosts", "tests/e2e", folder] {
        npm::install(folder)?;
    }
    let mut files: Vec<_> =
        fs::read_dir(workspace::root().join(folder))?.flatten().map(|entry| entry.file_name()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    ensure!(!files.is_empty(), "{folder} holds no test");
    let mut job = environment.of(Job::new(name, "node"));
    if folder == USES_PYTHON {
        job = job.env("SENTINEL_PYTHON", python()?);
    }
    if folder == USES_SAML {
        npm::install("tests/saml")?;
        job = job.env("SENTINEL_SAML_PYTHON", saml_python()?);
    }
    if RUN_TEAM_NOTES.contains(&folder) {
        npm::install(demo::FRONT_END)?;
        job = job.env(demo::PYTHON, demo::python()?);
    }
    let job = job.args(["--test", "--test-reporter=spec"]).args(files).dir(folder);
    checks::count(job.env(chromium::VARIABLE, chromium::find()?), Format::Node)
}
