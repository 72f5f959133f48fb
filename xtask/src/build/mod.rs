//! `cargo xtask build`: the WebAssembly modules and what is made of them. A step whose inputs are unchanged is left out.

mod edge_worker;
mod npm_package;
mod wasm;

use anyhow::Result;

use crate::set_up::node;
use crate::set_up::wasm_target::WasmTarget;
use crate::workspace;

/// Brings the npm package up to date.
pub(crate) fn npm_package() -> Result<()> {
    let _lock = workspace::lock()?;
    node::check()?;
    let modules = npm_package::modules(&WasmTarget::find()?)?;
    npm_package::bundle(&modules)
}

/// Brings the Worker up to date.
pub(crate) fn edge_worker() -> Result<()> {
    let _lock = workspace::lock()?;
    node::check()?;
    edge_worker::build(&WasmTarget::find()?)
}

/// Brings everything up to date.
pub(crate) fn all() -> Result<()> {
    npm_package()?;
    edge_worker()
}
