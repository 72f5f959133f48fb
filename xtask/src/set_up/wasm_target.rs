//! A Rust toolchain that compiles for `wasm32-unknown-unknown`.
//!
//! rustup's target is the ordinary way. Where rustup cannot have it (no rustup, or no way to its server), Debian's
//! `rustc-web` with its library's source takes its place: std is compiled once into a sysroot of our own, after which
//! a build is as quick as with rustup.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{apt, debian_sysroot};
use crate::process::{Job, ask};
use crate::workspace;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler comes without a linker for WebAssembly; the package `lld-22` has one of the same LLVM.
const LINKER: &str = "/usr/lib/llvm-22/bin/wasm-ld";

/// Set to `debian` or `rustup` to demand one of the two ways.
const CHOICE: &str = "SENTINEL_WASM_TOOLCHAIN";

/// Where the wasm32 toolchain comes from.
pub(crate) enum WasmTarget {
    /// The ambient `cargo` and `rustc` have it.
    Rustup,
    /// `/usr/bin/cargo` and `/usr/bin/rustc` with this sysroot.
    Debian(PathBuf),
}

impl WasmTarget {
    /// Finds a toolchain, else installs one.
    pub(crate) fn find() -> Result<Self> {
        let choice = std::env::var(CHOICE).ok();
        if choice.as_deref() != Some("debian") {
            if ambient() {
                return Ok(Self::Rustup);
            }
            if choice.is_none()
                && let Some(sysroot) = debian_sysroot::ready()
            {
                return Ok(Self::Debian(sysroot));
            }
            println!("   installs the Rust target {TARGET}");
            let add = Job::new("rustup target add", "rustup").args(["target", "add", TARGET]);
            // Without a way to the server rustup may try for long; a machine without rustup is a machine with Debian's.
            if add.limit(Duration::from_secs(180)).run().is_ok_and(|outcome| outcome.success) && ambient() {
                return Ok(Self::Rustup);
            }
            anyhow::ensure!(choice.is_none(), "`rustup target add {TARGET}` failed");
            println!("   rustup cannot add it here: Debian's rustc-web takes its place");
        }
        if let Some(sysroot) = debian_sysroot::ready() {
            return Ok(Self::Debian(sysroot));
        }
        apt::install(&["rustc-web", "cargo-web", "rust-web-src", "lld-22"])
            .with_context(|| format!("no Rust toolchain for {TARGET}: run `rustup target add {TARGET}`, or"))?;
        Ok(Self::Debian(debian_sysroot::build()?))
    }

    /// cargo for this target, with a target directory of its own so that it never waits for a host build.
    pub(crate) fn cargo(&self, label: impl Into<String>, command: &str) -> Job {
        let sysroot = match self {
            Self::Rustup => None,
            Self::Debian(sysroot) => Some(sysroot.as_path()),
        };
        // Rolled up, the hash functions are 17 KB smaller and no slower.
        let small = ["--cfg", "sha2_backend_soft=\"compact\""].map(String::from);
        self.job(label, command, sysroot, [path_flags().as_slice(), &small].concat())
    }

    /// cargo for this target, with no libraries but those of another sysroot.
    pub(crate) fn cargo_with_sysroot(&self, label: &str, command: &str, sysroot: &Path) -> Job {
        self.job(label, command, Some(sysroot), Vec::new())
    }

    /// Where the target's libraries are.
    pub(crate) fn libdir(&self) -> Result<PathBuf> {
        match self {
            Self::Rustup => {
                let dir = ask("rustc", &["--print", "target-libdir", "--target", TARGET]);
                dir.map(PathBuf::from).context("rustc --print target-libdir failed")
            }
            Self::Debian(sysroot) => Ok(debian_sysroot::libdir(sysroot)),
        }
    }

    fn job(&self, label: impl Into<String>, command: &str, sysroot: Option<&Path>, mut flags: Vec<String>) -> Job {
        let program = if matches!(self, Self::Rustup) { "cargo" } else { "/usr/bin/cargo" };
        let mut job = Job::new(label, program).args([command, "--target", TARGET]);
        if let Some(sysroot) = sysroot {
            flags.push(format!("--sysroot={}", sysroot.display()));
        }
        if matches!(self, Self::Debian(_)) {
            flags.push(format!("-Clinker={LINKER}"));
            job = job.env("RUSTC", "/usr/bin/rustc").without_env("LD_LIBRARY_PATH").without_env("RUSTUP_TOOLCHAIN");
        }
        // The encoded form stands above every other, so that all builds have the same flags and none is done twice.
        job.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"))
            .env("CARGO_TARGET_DIR", workspace::root().join("target/wasm"))
    }

    /// clippy of the same release as the compiler.
    pub(crate) fn clippy(&self, label: &str) -> Result<Job> {
        if matches!(self, Self::Debian(_)) {
            apt::install(&["rust-web-clippy"])?;
            return Ok(self.cargo(label, "clippy").env("PATH", super::path_with("/usr/bin")?));
        }
        Ok(self.cargo(label, "clippy"))
    }
}

/// Whether the `rustc` on PATH has the target's core library.
fn ambient() -> bool {
    ask("rustc", &["--print", "target-libdir", "--target", TARGET]).is_some_and(|dir| has_core(Path::new(&dir)))
}

pub(super) fn has_core(libdir: &Path) -> bool {
    let Ok(entries) = fs::read_dir(libdir) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

/// Panic messages name source files: no path of this machine, and no registry's host, may end up in what ships.
fn path_flags() -> Vec<String> {
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).unwrap_or_default();
    // rustc lets the last match win: general first, the registries' folders after.
    let mut flags = vec![remap(&home, "cargo")];
    let mut registries: Vec<PathBuf> =
        fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    registries.sort();
    flags.extend(registries.iter().map(|registry| remap(registry, "crates")));
    flags.extend(workspace::root().canonicalize().iter().map(|root| remap(root, "sentinel")));
    flags
}
