//! The modules of `wasm/` and the npm package around them. Their exports are plain functions: no wasm-bindgen here.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;

use super::wasm::{self, Build};
use crate::process::Job;
use crate::set_up::npm;
use crate::set_up::wasm_target::WasmTarget;
use crate::workspace;

/// A name, what is compiled, and wasm-opt's level.
const VARIANTS: [(&str, Build, &str); 7] = [
    // The host's crypto verifies; everything is for size.
    ("slim", Build { package: "sentinel-wasm", profile: "wasm-slim", features: &[] }, "-Oz"),
    // Carries pure Rust signature verification, which the profile compiles for speed.
    ("full", Build { package: "sentinel-wasm", profile: "wasm-full", features: &["details", "policy", "pure"] }, "-O3"),
    // The policy engine alone, and with models as text and conditions: for size but for the check itself.
    ("policy-slim", Build { package: "sentinel-wasm-policy", profile: "wasm-slim", features: &[] }, "-Oz"),
    (
        "policy",
        Build { package: "sentinel-wasm-policy", profile: "wasm-slim", features: &["conditions", "dsl", "speed"] },
        "-Oz",
    ),
    // Signed bundles: browsers load them, too, so that both are for size.
    ("bundle-slim", Build { package: "sentinel-wasm-bundle", profile: "wasm-slim", features: &["policy"] }, "-Oz"),
    ("bundle", Build { package: "sentinel-wasm-bundle", profile: "wasm-slim", features: &["conditions"] }, "-Oz"),
    ("revocations", Build { package: "sentinel-wasm-bundle", profile: "wasm-slim", features: &["revocations"] }, "-Oz"),
];

/// `target/wasm/pkg/slim.wasm`, and so on.
pub(super) fn modules(target: &WasmTarget) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(wasm::finished(""))?;
    let module = |(name, build, level): &(&str, Build, &str)| {
        let compiled = wasm::compile(target, build)?;
        let module = wasm::finished(&format!("{name}.wasm"));
        let inputs = [compiled.clone(), wasm::optimiser()];
        // What is alike next to each other; where size counts, again until nothing is found any more.
        let more: &[&str] = match *level {
            "-Oz" => &["--converge", "--reorder-functions-by-name"],
            // What the passes before have made simpler becomes simpler again.
            _ => &["--optimize-instructions", "--vacuum", "--reorder-functions-by-name"],
        };
        let settings = format!("{level} {}", more.join(" "));
        wasm::unless_done(&wasm::finished(&format!("{name}.stamp")), &inputs, &settings, || {
            wasm::optimise(&compiled, &module, level, more)
        })?;
        Ok(module)
    };
    VARIANTS.iter().map(module).collect()
}

/// `npm run build`, which fills `npm/dist`.
pub(super) fn bundle(modules: &[PathBuf]) -> Result<()> {
    npm::install("npm")?;
    let npm = workspace::root().join("npm");
    if !npm.join("dist").is_dir() {
        fs::remove_file(stamp()).ok();
    }
    let sources = ["src", "scripts", "package.json", "package-lock.json", "tsconfig.json"].map(|name| npm.join(name));
    wasm::unless_done(&stamp(), &[sources.as_slice(), modules].concat(), "", || {
        let start = Instant::now();
        Job::new("npm run build", "npm").args(["run", "build"]).dir("npm").succeed()?;
        println!("   npm/dist ({:.1} s)", start.elapsed().as_secs_f32());
        Ok(())
    })
}

fn stamp() -> PathBuf {
    workspace::state("npm-build")
}
