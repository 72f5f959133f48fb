//! `cargo xtask build`: the WebAssembly modules and the npm package around them.
//!
//! cargo build -> wasm-bindgen -> wasm-opt -> `npm run build`. A step whose inputs are unchanged is left out.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::process::Job;
use crate::set_up::wasm_target::{TARGET, WasmTarget};
use crate::set_up::{node, npm};
use crate::workspace;

/// One way to compile `wasm/`.
struct Variant {
    name: &'static str,
    /// A profile of the workspace's `Cargo.toml`.
    profile: &'static str,
    features: &'static [&'static str],
    /// wasm-opt's level.
    optimise: &'static str,
}

const VARIANTS: [Variant; 2] = [
    // The host's crypto verifies; everything is for size.
    Variant { name: "slim", profile: "wasm-slim", features: &[], optimise: "-Oz" },
    // Carries pure Rust signature verification, which the profile compiles for speed.
    Variant { name: "full", profile: "wasm-full", features: &["pure"], optimise: "-O3" },
];

/// Named one by one: with `--all-features` wasm-opt emits what workerd rejects.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Where a variant's `lib.js`, `lib.d.ts` and `lib.wasm` are put for `npm/scripts/build.mjs`.
fn package(variant: &Variant) -> PathBuf {
    workspace::root().join("target/wasm/pkg").join(variant.name)
}

/// Brings the npm package up to date.
pub(crate) fn all() -> Result<()> {
    let _lock = workspace::lock()?;
    node::check()?;
    let target = WasmTarget::find()?;
    for variant in &VARIANTS {
        module(&target, variant)?;
    }
    npm_package()
}

fn module(target: &WasmTarget, variant: &Variant) -> Result<()> {
    let start = Instant::now();
    target
        .cargo(format!("compile wasm {}", variant.name), "build")
        .args(["--package", "sentinel-wasm", "--lib", "--profile", variant.profile, "--no-default-features"])
        .args(["--features", &variant.features.join(",")])
        .succeed()?;
    let compiled = workspace::root().join("target/wasm").join(TARGET).join(variant.profile).join("sentinel_wasm.wasm");
    let out = package(variant);
    let fingerprint = workspace::fingerprint(
        &[
            compiled.clone(),
            workspace::root().join("xtask/bindgen/src"),
            workspace::root().join("xtask/wasm-opt/package-lock.json"),
        ],
        &format!("{}{FEATURES:?}", variant.optimise),
    )?;
    let stamp = out.join("stamp");
    if workspace::is_fresh(&stamp, &fingerprint) {
        return Ok(());
    }
    fs::create_dir_all(&out)?;
    bindgen(&compiled, &out).with_context(|| format!("variant {}", variant.name))?;
    optimise(variant, &out)?;
    check_paths(&out.join("lib.wasm"))?;
    fs::write(stamp, fingerprint)?;
    println!(
        "   wasm {}: {} bytes ({:.1} s)",
        variant.name,
        fs::metadata(out.join("lib.wasm"))?.len(),
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

fn bindgen(wasm: &Path, out: &Path) -> Result<()> {
    Job::cargo("wasm-bindgen")
        .args(["run", "--quiet", "--package", "xtask-bindgen", "--profile", "tool", "--"])
        .args([wasm.as_os_str(), out.as_os_str(), "lib".as_ref()])
        .succeed()
        .map(drop)
}

fn optimise(variant: &Variant, out: &Path) -> Result<()> {
    npm::install("xtask/wasm-opt")?;
    Job::new(format!("wasm-opt {}", variant.name), "node")
        .args(["xtask/wasm-opt/node_modules/binaryen/bin/wasm-opt", variant.optimise])
        .args(["--strip-debug", "--strip-producers"])
        .args(FEATURES)
        .args([out.join("lib_bg.wasm").as_os_str(), "-o".as_ref(), out.join("lib.wasm").as_os_str()])
        .succeed()
        .map(drop)
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
            "{} names a folder of this machine ({needle}): see path_flags in xtask/src/set_up",
            wasm.display()
        );
    }
    Ok(())
}

fn npm_package() -> Result<()> {
    npm::install("npm")?;
    let npm = workspace::root().join("npm");
    let mut inputs =
        ["src", "scripts", "package.json", "package-lock.json", "tsconfig.json"].map(|name| npm.join(name)).to_vec();
    inputs.extend(VARIANTS.iter().map(|variant| package(variant).join("stamp")));
    let fingerprint = workspace::fingerprint(&inputs, "")?;
    let stamp = workspace::state("npm-build");
    if workspace::is_fresh(&stamp, &fingerprint) && npm.join("dist").is_dir() {
        return Ok(());
    }
    let start = Instant::now();
    Job::new("npm run build", "npm").args(["run", "build"]).dir("npm").succeed()?;
    fs::write(stamp, fingerprint)?;
    println!("   npm package built ({:.1} s)", start.elapsed().as_secs_f32());
    Ok(())
}
