//! The proof that core needs no std: it is compiled against a sysroot that has none.
//!
//! wasm32-unknown-unknown comes with a std, so that a build for it shows nothing by itself. Here the target's `core`,
//! `alloc` and `compiler_builtins` alone are laid out as a sysroot; a dependency that asks for std cannot be compiled.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::set_up::wasm_target::{TARGET, WasmTarget};
use crate::workspace;

const LIBRARIES: [&str; 3] = ["libcore-", "liballoc-", "libcompiler_builtins-"];

pub(super) fn check() -> Result<()> {
    let _lock = workspace::lock()?;
    let target = WasmTarget::find()?;
    let sysroot = sysroot(&target.libdir()?)?;
    for features in ["", "policy,pure"] {
        let job = target.cargo_with_sysroot("core without std", "check", &sysroot);
        job.args(["--package", "sentinel-core", "--no-default-features", "--features", features])
            .env("CARGO_TARGET_DIR", workspace::root().join("target/no-std"))
            .succeed()?;
    }
    Ok(())
}

fn sysroot(libdir: &Path) -> Result<PathBuf> {
    let sysroot = workspace::root().join("target/no-std-sysroot");
    let to = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if to.exists() {
        fs::remove_dir_all(&to)?;
    }
    fs::create_dir_all(&to)?;
    let mut copied = 0;
    for entry in fs::read_dir(libdir).with_context(|| format!("cannot read {}", libdir.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if LIBRARIES.iter().any(|library| name.starts_with(library)) {
            fs::copy(entry.path(), to.join(&name))?;
            copied += usize::from(name.ends_with(".rlib"));
        }
    }
    ensure!(copied == LIBRARIES.len(), "{} holds {copied} of {LIBRARIES:?}", libdir.display());
    Ok(sysroot)
}
