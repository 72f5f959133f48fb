//! The engine's contenders in Node: our WebAssembly, and what JavaScript has otherwise. `engine.mjs` is the other half.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use sentinel_bench_server::machine::root;
use serde::Deserialize;
use serde_json::json;

use crate::Options;
use crate::cases::{CASES, MODEL, questions, tuples};
use crate::engine::{self, Bytes, Cell};

const PROGRAM: &str = "tests/bench/policy/engine.mjs";

/// The engine everywhere.
pub(crate) struct Outcome {
    pub(crate) cells: Vec<Cell>,
    pub(crate) bytes: Vec<Bytes>,
    /// What a contender was not asked, and why.
    pub(crate) unable: Vec<Unable>,
    pub(crate) wasm: Vec<Memory>,
    pub(crate) node: String,
}

/// All memory of the WebAssembly module with so many tuples.
#[derive(Deserialize)]
pub(crate) struct Memory {
    pub(crate) tuples: usize,
    pub(crate) bytes: f64,
}

#[derive(Deserialize)]
pub(crate) struct Unable {
    pub(crate) contender: String,
    pub(crate) why: String,
}

#[derive(Deserialize)]
struct Found {
    cells: Vec<Cell>,
    unable: Vec<Unable>,
    wasm: Vec<Memory>,
    node: String,
}

pub(crate) fn with_native(folder: &Path, options: &Options) -> Result<Outcome> {
    println!("== engine: native, {:?} tuples", options.sizes);
    let (mut cells, bytes) = engine::measure(&options.sizes, options.rounds)?;
    println!("== engine: Node");
    let mut sizes = Vec::new();
    for size in options.sizes.iter().copied() {
        let file = folder.join(format!("{size}.tuples"));
        let lines: Vec<_> = tuples(size).iter().map(|tuple| tuple.text()).collect();
        fs::write(&file, lines.join("\n"))?;
        let cases = CASES.iter().map(|case| {
            let asked = questions(case.kind, size)?;
            let asked =
                asked.iter().map(|one| json!([one.triple.0, one.triple.1, one.triple.2, one.allowed, one.document]));
            Ok(json!({ "key": case.key, "questions": asked.collect::<Vec<_>>() }))
        });
        sizes.push(json!({ "tuples": size, "file": file, "cases": cases.collect::<Result<Vec<_>>>()? }));
    }
    let input = folder.join("engine.json");
    let plan = json!({ "model": MODEL, "rounds": options.rounds, "sizes": sizes });
    fs::write(&input, plan.to_string())?;
    let output = Command::new("node")
        .arg(root().join(PROGRAM))
        .arg(&input)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start node")?;
    ensure!(output.status.success(), "{PROGRAM} failed");
    let found: Found = serde_json::from_slice(&output.stdout).context(PROGRAM)?;
    cells.extend(found.cells);
    Ok(Outcome { cells, bytes, unable: found.unable, wasm: found.wasm, node: found.node })
}
