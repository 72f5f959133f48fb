//! What the project needs of a machine: found first, installed where it is missing, named in one line where it cannot be.

pub(crate) mod apt;
pub(crate) mod cargo_tool;
pub(crate) mod chromium;
mod debian_sysroot;
pub(crate) mod node;
pub(crate) mod npm;
pub(crate) mod postgres;
pub(crate) mod python;
pub(crate) mod wasm_target;
pub(crate) mod xmlsec;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;

use wasm_target::WasmTarget;

/// `cargo xtask set-up`: all of it, and what was found.
pub(crate) fn all() -> Result<()> {
    let report = |what: &str, found: &str| println!("{what:<12} {found}");
    report("node", &node::check()?);
    let others: Vec<String> = node::others()?.into_iter().map(|(version, _)| version).collect();
    report("", &others.join(", "));
    report(
        "wasm32",
        match WasmTarget::find()? {
            WasmTarget::Rustup => "the Rust toolchain's own target",
            WasmTarget::Debian(_) => "Debian's rustc-web",
        },
    );
    report("chromium", &chromium::find()?);
    let postgres = postgres::find()?;
    report("postgresql", &postgres::version(&postgres).unwrap_or_default());
    xmlsec::find()?;
    report("xmlsec1", &xmlsec::version().unwrap_or_default());
    match python::find() {
        Some((path, version)) => report("python", &format!("{version}, {}", path.display())),
        None => report(
            "python",
            "none of 3.12 or later: install one (only the tests of the Python SDK and of SAML need it)",
        ),
    }
    Ok(())
}

/// An executable on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file())
}

/// PATH with one folder before all others.
pub(crate) fn path_with(first: impl Into<PathBuf>) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(std::iter::once(first.into()).chain(std::env::split_paths(&path)))?)
}
