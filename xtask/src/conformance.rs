//! `cargo xtask conformance [--vectors PATH]… [--runtime LIST]`: the vector files, in every runtime.
//!
//! One runner per runtime (`tests/src` natively, `tests/runners/*.mjs` for JavaScript) prints a line per failing case
//! and closes with `N passed, N failed`; here they are only chosen, started and added up.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::build;
use crate::checks::{self, Checks};
use crate::generate;
use crate::process::Job;
use crate::set_up::{chromium, npm};
use crate::summary::{Count, Format};
use crate::workspace;

/// The folder of OpenFGA's suites, as in `core/tests/policy_suites.rs`.
const SUITE: &str = "SENTINEL_POLICY_SUITE";

/// Where a vector file can be run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Runtime {
    Native,
    Node,
    Workerd,
    Chromium,
}

impl Runtime {
    const ALL: [Self; 4] = [Self::Native, Self::Node, Self::Workerd, Self::Chromium];

    fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Node => "node",
            Self::Workerd => "workerd",
            Self::Chromium => "chromium",
        }
    }

    fn named(name: &str) -> Result<Self> {
        let all = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|runtime| runtime.name() == name)
            .with_context(|| format!("no runtime {name}: one of {}", all()))
    }

    /// Installs what it needs, and says how it is started.
    fn runner(self, built: bool) -> Result<Job> {
        let label = format!("conformance {}", self.name());
        if self == Self::Native && built {
            return Ok(Job::new(label, workspace::target().join("debug/conformance")));
        }
        if self == Self::Native {
            let job = Job::cargo(label).args(["run", "--quiet", "--package", "sentinel-tests", "--bin", "conformance"]);
            return Ok(job.args(["--"]));
        }
        npm::install("tests/hosts")?;
        let job = Job::new(label, "node").args([format!("tests/runners/{}.mjs", self.name())]);
        Ok(if self == Self::Chromium { job.env(chromium::VARIABLE, chromium::find()?) } else { job })
    }
}

/// What was asked for on the command line.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    vectors: Vec<PathBuf>,
    runtimes: Vec<Runtime>,
}

impl Options {
    fn read(arguments: &[String]) -> Result<Self> {
        let (mut vectors, mut runtimes) = (Vec::new(), Vec::new());
        let mut arguments = arguments.iter();
        while let Some(option) = arguments.next() {
            let value = arguments.next().with_context(|| format!("{option} needs a value"));
            match option.as_str() {
                "--vectors" => vectors.push(PathBuf::from(value?)),
                "--runtime" => {
                    for name in value?.split(',') {
                        runtimes.push(Runtime::named(name.trim())?);
                    }
                }
                _ => bail!("unknown option {option}: cargo xtask conformance [--vectors PATH]… [--runtime LIST]"),
            }
        }
        if runtimes.is_empty() {
            runtimes = Runtime::ALL.to_vec();
        }
        Ok(Self { vectors, runtimes })
    }
}

pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let options = Options::read(arguments)?;
    let mut checks = Checks::new();
    run(&mut checks, &options, false)?;
    checks.close()
}

/// Our own vectors in every runtime, after `cargo test` has built the native runner.
pub(crate) fn all(checks: &mut Checks) -> Result<()> {
    run(checks, &Options::read(&[])?, true)
}

fn run(checks: &mut Checks, options: &Options, built: bool) -> Result<()> {
    // The runners are started elsewhere: a path means what it means where the command was given.
    let mut vectors = Vec::new();
    for path in &options.vectors {
        vectors.push(path.canonicalize().with_context(|| format!("no vectors at {}", path.display()))?);
    }
    let own = vectors.is_empty();
    if own {
        vectors.push(workspace::root().join("tests/vectors").canonicalize().context("tests/vectors is missing")?);
    }
    let mut policies = Vec::new();
    if options.runtimes.iter().any(|runtime| *runtime != Runtime::Native) {
        build::npm_package()?;
        if own {
            policies = policy_cases(built)?;
        }
    }
    for runtime in &options.runtimes {
        // Natively `cargo test` asks the policy engine: more of the same generator, and the same suites.
        let policies = if *runtime == Runtime::Native { &[] } else { policies.as_slice() };
        let vectors = [vectors.as_slice(), policies].concat();
        checks.counts(&format!("conformance: {}", runtime.name()), || one(*runtime, built, &vectors));
    }
    Ok(())
}

/// What the policy engine in WebAssembly is asked: generated cases, the same through bundles that are made for this run, and
/// OpenFGA's suites where a folder holds them. They are in no published package.
fn policy_cases(built: bool) -> Result<Vec<PathBuf>> {
    let mut files = vec![workspace::root().join("tests/policy").canonicalize().context("tests/policy is missing")?];
    let through_bundles = workspace::state("bundle-cases.json");
    fs::write(&through_bundles, generate::printed("sentinel-core", "bundle_cases", "bundle-write", built)?)?;
    files.push(through_bundles.canonicalize()?);
    if std::env::var_os(SUITE).is_none() {
        println!("   {SUITE} names no folder: OpenFGA's suites do not run in WebAssembly");
        return Ok(files);
    }
    let job = Job::cargo("OpenFGA's suites").args(["run", "--quiet", "--package", "sentinel-core"]);
    let cases = job.args(["--example", "policy_suite_cases"]).only_output().succeed()?;
    let file = workspace::state("openfga-suites.json");
    fs::write(&file, cases)?;
    files.push(file.canonicalize()?);
    Ok(files)
}

fn one(runtime: Runtime, built: bool, vectors: &[PathBuf]) -> Result<Count> {
    let count = checks::count(runtime.runner(built)?.args(vectors).live(), Format::Plain)?;
    ensure!(count.passed + count.failed > 0, "no case was run");
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Options> {
        Options::read(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn all_runtimes_unless_told() {
        assert_eq!(read(&[]).unwrap().runtimes, Runtime::ALL);
        let some = read(&["--runtime", "node, native", "--vectors", "a", "--vectors", "b.json"]).unwrap();
        assert_eq!(some.runtimes, [Runtime::Node, Runtime::Native]);
        assert_eq!(some.vectors, [PathBuf::from("a"), PathBuf::from("b.json")]);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        assert!(read(&["--runtime", "netscape"]).unwrap_err().to_string().contains("workerd"));
        assert!(read(&["--vectors"]).is_err());
        assert!(read(&["--quick", "yes"]).is_err());
    }
}
