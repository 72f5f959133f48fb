//! From a crate to a small module: cargo build, and wasm-opt.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::process::Job;
use crate::set_up::npm;
use crate::set_up::wasm_target::{TARGET, WasmTarget};
use crate::workspace;

/// What to compile, and how.
pub(super) struct Build {
    pub(super) package: &'static str,
    /// A profile of the workspace's `Cargo.toml`.
    pub(super) profile: &'static str,
    pub(super) features: &'static [&'static str],
}

/// Named one by one: with `--all-features` wasm-opt emits what workerd rejects.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// What no host reads is left out, and functions are put where they compress.
const FINISH: [&str; 4] = ["--strip-debug", "--strip-producers", "--strip-target-features", "--reorder-functions"];

/// Where finished modules are put, for those who bundle them.
pub(super) fn finished(name: &str) -> PathBuf {
    workspace::root().join("target/wasm/pkg").join(name)
}

/// Compiles; gives the path of the module.
pub(super) fn compile(target: &WasmTarget, build: &Build) -> Result<PathBuf> {
    target
        .cargo(format!("compile {} ({})", build.package, build.profile), "build")
        .args(["--package", build.package, "--lib", "--profile", build.profile, "--no-default-features"])
        .args(["--features", &build.features.join(",")])
        .succeed()?;
    let file = format!("{}.wasm", build.package.replace('-', "_"));
    Ok(workspace::root().join("target/wasm").join(TARGET).join(build.profile).join(file))
}

/// Does something with compiled modules, unless it was done with these very bytes and settings.
pub(super) fn unless_done(
    stamp: &Path,
    inputs: &[PathBuf],
    settings: &str,
    step: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let fingerprint = workspace::fingerprint(inputs, settings)?;
    if workspace::is_fresh(stamp, &fingerprint) {
        return Ok(());
    }
    step()?;
    Ok(fs::write(stamp, fingerprint)?)
}

/// wasm-opt; `level` is `-Oz` for size or `-O3` for speed.
pub(super) fn optimise(from: &Path, to: &Path, level: &str, more: &[&str]) -> Result<()> {
    npm::install("xtask/wasm-opt")?;
    Job::new(format!("wasm-opt {level}"), "node")
        .args(["xtask/wasm-opt/node_modules/binaryen/bin/wasm-opt", level])
        .args(FINISH)
        .args(FEATURES)
        .args(more)
        .args([from.as_os_str(), "-o".as_ref(), to.as_os_str()])
        .succeed()?;
    check_paths(to)?;
    let name = to.strip_prefix(finished("")).unwrap_or(to);
    println!("   {}: {} bytes", name.display(), fs::metadata(to)?.len());
    Ok(())
}

/// What wasm-opt depends on, beside its input.
pub(super) fn optimiser() -> PathBuf {
    workspace::root().join("xtask/wasm-opt/package-lock.json")
}

/// What ships must be the same bytes wherever it is built.
fn check_paths(wasm: &Path) -> Result<()> {
    let bytes = fs::read(wasm)?;
    let root = workspace::root().canonicalize()?;
    for path in [Some(root), std::env::home_dir()].into_iter().flatten().filter(|path| path.parent().is_some()) {
        let needle = path.to_string_lossy().into_owned();
        let found = bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        ensure!(
            !found,
            "{} names a folder of this machine ({needle}): see xtask/src/set_up/wasm_target.rs",
            wasm.display()
        );
    }
    Ok(())
}
