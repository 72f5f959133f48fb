//! `xtask-bindgen WASM OUT NAME`: writes `OUT/NAME.js`, `OUT/NAME.d.ts` and `OUT/NAME_bg.wasm`.
//!
//! A crate of its own because it takes a minute to build, which only those who build the WebAssembly modules should
//! wait for. Being in our lock file it can never differ from the `wasm-bindgen` that the modules were compiled with.

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, out, name] = arguments.as_slice() else {
        bail!("usage: xtask-bindgen WASM OUT NAME");
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .out_name(name)
        .web(true)?
        .typescript(true)
        // Who loads the module says where it is: bundlers must not find a URL to follow.
        .omit_default_module_path(true);
    bindgen.generate(out).with_context(|| format!("wasm-bindgen failed on {wasm}"))
}
