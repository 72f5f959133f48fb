//! `cargo xtask fuzz [--long]`: hostile input. Short, what the tests run too; long, ten million signatures
//! compared with other libraries and ten minutes of libFuzzer for each target. The last results are in `docs/fuzzing.md`.

use std::ffi::OsStr;
use std::fs;

use anyhow::{Result, bail};

use crate::process::Job;
use crate::set_up::cargo_tool;
use crate::workspace;

const CASES: &str = "10000000";
const SECONDS: u32 = 600;
/// Tokens, bundles, and SAML responses.
const TARGETS: [Target; 3] = [
    Target { name: "verify", folder: "core/fuzz", seeds: CORE },
    Target { name: "bundle", folder: "core/fuzz", seeds: CORE },
    Target { name: "saml", folder: "server/idp/fuzz", seeds: ["sentinel-idp", "saml", "saml_seeds"] },
];
const CORE: [&str; 3] = ["sentinel-core", "bundle-write", "fuzz_seeds"];

/// A target of libFuzzer, the folder it is in, and what writes its seeds: package, feature, example.
struct Target {
    name: &'static str,
    folder: &'static str,
    seeds: [&'static str; 3],
}

pub(crate) fn command(options: &[String]) -> Result<()> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    match options[..] {
        [] => short(),
        ["--long"] => long(),
        _ => bail!("usage: cargo xtask fuzz [--long]"),
    }
}

fn short() -> Result<()> {
    let tests = ["test", "--package", "sentinel-core", "--test", "mutations", "--test", "differential"];
    Job::cargo("mutations, and signatures compared").args(tests).attached()?;
    let tests = ["test", "--package", "sentinel-core", "--features", "bundle-write", "--test", "bundle"];
    Job::cargo("bundles").args(tests).attached()?;
    let tests = ["test", "--package", "sentinel-idp", "--features", "saml", "--test", "saml_mutations"];
    Job::cargo("SAML responses").args(tests).attached()
}

fn long() -> Result<()> {
    let example = |name| ["run", "--release", "--package", "sentinel-core", "--example", name, "--"];
    println!("== {CASES} signatures, compared with ring and RustCrypto");
    Job::cargo("signatures compared").args(example("differential")).args([CASES]).attached()?;
    println!("== {CASES} questions, bundles and slices compared with the store");
    let bundles = ["run", "--release", "--package", "sentinel-core", "--features", "bundle-write"];
    let campaign = ["--example", "bundle_differential", "--", "--cases", CASES];
    Job::cargo("bundles compared").args(bundles).args(campaign).attached()?;

    TARGETS.into_iter().try_for_each(libfuzzer)
}

fn libfuzzer(target: Target) -> Result<()> {
    let Target { name: target, folder: apart, seeds: [package, feature, example] } = target;
    println!("== libFuzzer over {target}, {SECONDS} s");
    let folder = workspace::root().join("target/fuzz");
    let corpus = folder.join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    let seeds = folder.join("seeds").join(target);
    let write = ["run", "--package", package, "--features", feature, "--example", example, "--"];
    Job::cargo("seeds").args(write).args([OsStr::new(target), seeds.as_os_str()]).succeed()?;
    Job::new("cargo-fuzz", cargo_tool::find("cargo-fuzz", "0.13.2", &[])?)
        .args(["fuzz", "run", "--fuzz-dir", apart, "--target-dir", "target/fuzz/build", target])
        .args([corpus.as_os_str(), seeds.as_os_str()])
        .args(["--", &format!("-max_total_time={SECONDS}"), "-max_len=20000", "-timeout=5", "-rss_limit_mb=2048"])
        // libFuzzer's instrumentation is a compiler's unstable option.
        .env("RUSTUP_TOOLCHAIN", "nightly")
        .attached()
}
