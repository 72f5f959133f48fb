//! std for wasm32, compiled once from Debian's `rust-web-src`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::wasm_target::{TARGET, has_core};
use crate::process::{Job, ask};
use crate::workspace;

const RUSTC: &str = "/usr/bin/rustc";
const SEED: &str =
    "[package]\nname = \"seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n";

fn folder() -> PathBuf {
    workspace::root().join("target/wasm-sysroot")
}

/// The sysroot, where it is complete and was made by the compiler that is installed now.
pub(super) fn ready() -> Option<PathBuf> {
    let version = ask(RUSTC, &["-vV"])?;
    let sysroot = folder().join("sysroot");
    let made_by = fs::read_to_string(sysroot.join("rustc")).ok()?;
    (made_by == version && has_core(&libdir(&sysroot))).then_some(sysroot)
}

/// Compiles std and lays it out as a sysroot.
pub(super) fn build() -> Result<PathBuf> {
    println!("   builds the Rust standard library for {TARGET}, once (about two minutes)");
    let version = ask(RUSTC, &["-vV"]).with_context(|| format!("{RUSTC} does not run"))?;
    let folder = folder();
    let (seed, sysroot) = (folder.join("seed"), folder.join("sysroot"));
    fs::create_dir_all(&seed)?;
    fs::write(seed.join("Cargo.toml"), SEED)?;
    fs::write(seed.join("lib.rs"), "#![no_std]\n")?;
    Job::new("build std", "/usr/bin/cargo")
        .args(["build", "--release", "--target", TARGET, "-Z", "build-std=std,panic_abort"])
        .dir(&seed)
        .env("RUSTC", RUSTC)
        .env("RUSTC_BOOTSTRAP", "1") // -Z build-std is unstable
        .env("CARGO_TARGET_DIR", folder.join("build"))
        .without_env("LD_LIBRARY_PATH")
        .without_env("RUSTUP_TOOLCHAIN")
        // Both kinds of code: our profiles ask for link-time optimisation, a debug build does not.
        .env("CARGO_ENCODED_RUSTFLAGS", "-Cembed-bitcode=yes")
        .succeed()?;

    // What was compiled against another std does not fit this one, and cargo would not notice.
    for old in [&sysroot, &workspace::root().join("target/wasm")] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    let libdir = libdir(&sysroot);
    fs::create_dir_all(&libdir)?;
    for entry in fs::read_dir(folder.join("build").join(TARGET).join("release/deps"))? {
        let path = entry?.path();
        let Some(name) = path.file_name().map(|name| name.to_string_lossy().into_owned()) else { continue };
        if name.ends_with(".rlib") && !name.starts_with("libseed") {
            fs::copy(&path, libdir.join(name))?;
        }
    }
    ensure!(has_core(&libdir), "the build of std left no core library");
    fs::remove_dir_all(folder.join("build"))?;
    fs::write(sysroot.join("rustc"), version)?;
    Ok(sysroot)
}

/// Where the target's libraries are.
pub(super) fn libdir(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET).join("lib")
}
