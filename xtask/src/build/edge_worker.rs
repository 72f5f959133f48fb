//! The Worker: wasm-bindgen's glue around the `worker` crate, for the entry in `edge-worker/` to import.

use std::fs;

use anyhow::Result;

use super::wasm::{self, Build};
use crate::process::Job;
use crate::set_up::wasm_target::WasmTarget;
use crate::workspace;

const WORKER: Build = Build { package: "sentinel-edge-worker", profile: "wasm-worker", features: &[] };

/// `target/wasm/pkg/edge-worker/lib.js` and `lib.wasm`.
pub(super) fn build(target: &WasmTarget) -> Result<()> {
    let compiled = wasm::compile(target, &WORKER)?;
    let out = wasm::finished("edge-worker");
    fs::create_dir_all(&out)?;
    let inputs = [compiled.clone(), wasm::optimiser(), workspace::root().join("xtask/bindgen")];
    wasm::unless_done(&out.join("stamp"), &inputs, "-Oz", || {
        Job::cargo("wasm-bindgen")
            .args(["run", "--quiet", "--package", "xtask-bindgen", "--profile", "tool", "--"])
            .args([compiled.as_os_str(), out.as_os_str(), "lib".as_ref()])
            .succeed()?;
        wasm::optimise(&out.join("lib_bg.wasm"), &out.join("lib.wasm"), "-Oz", &["--enable-exception-handling"])
    })
}
