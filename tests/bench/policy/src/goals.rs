//! What was promised, against what was measured.

use crate::engine::NATIVE;
use crate::http::{OURS, SPICEDB};
use crate::report::Report;

/// The contender in `engine.mjs`.
pub(crate) const WASM: &str = "sentinel-edge/policy (WebAssembly)";
/// Tuples of the goals for WebAssembly.
const TUPLES: usize = 100_000;

pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) wanted: String,
    pub(crate) reached: String,
    pub(crate) met: bool,
}

fn at_most(what: impl Into<String>, reached: f64, limit: f64, unit: &str) -> Goal {
    let (wanted, shown) = (format!("<= {}{unit}", plain(limit)), format!("{}{unit}", plain(reached)));
    Goal { what: what.into(), wanted, reached: shown, met: reached <= limit }
}

fn at_least(what: impl Into<String>, reached: f64, limit: f64, unit: &str) -> Goal {
    let (wanted, shown) = (format!(">= {}{unit}", plain(limit)), format!("{}{unit}", plain(reached)));
    Goal { what: what.into(), wanted, reached: shown, met: reached >= limit }
}

/// As many digits as mean something.
pub(crate) fn plain(value: f64) -> String {
    match value.abs() {
        value_abs if value_abs >= 100.0 || value.fract() == 0.0 => format!("{value:.0}"),
        value_abs if value_abs >= 10.0 => format!("{value:.1}"),
        value_abs if value_abs >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Of everything that was measured.
pub(crate) fn goals(report: &Report) -> Vec<Goal> {
    let mut goals = Vec::new();
    if let Some(engine) = &report.engine {
        let p10 = |contender: &str, case: &str, tuples: Option<usize>| {
            let mut cells = engine.cells.iter().filter(|cell| cell.contender == contender && cell.case == case);
            cells.find(|cell| tuples.is_none_or(|tuples| cell.tuples == tuples)).map(|cell| cell.ns.p10)
        };
        for (case, limit) in [("direct", 150.0), ("depth", 2000.0)] {
            if let Some(ns) = p10(WASM, case, Some(TUPLES)) {
                goals.push(at_most(format!("WebAssembly, {case}, 100,000 tuples"), ns, limit, " ns"));
            }
        }
        for contender in [NATIVE, WASM] {
            let ends = engine.bytes.iter().map(|bytes| bytes.size);
            if let (Some(least), Some(most)) = (ends.clone().min(), ends.max())
                && let (Some(small), Some(large)) =
                    (p10(contender, "direct", Some(least)), p10(contender, "direct", Some(most)))
                && most > least
            {
                let what = format!("{contender}: a direct check with {most} tuples, of one with {least} (flat)");
                goals.push(at_most(what, large / small, 2.0, "x"));
            }
        }
        if let Some(bytes) = engine.bytes.last() {
            goals.push(at_most(
                format!("index, {} tuples, without names", bytes.tuples),
                bytes.index,
                24.0,
                " bytes a tuple",
            ));
        }
    }
    if let Some(http) = &report.http {
        for ours in http.lines.iter().filter(|line| line.server == OURS) {
            let other = http.lines.iter().find(|line| line.server == SPICEDB && line.case == ours.case);
            if let Some(other) = other {
                let rate = ours.measured.per_second / other.measured.per_second;
                goals.push(at_least(format!("HTTP, {}: checks/s, of SpiceDB's", ours.case), rate, 10.0, "x"));
                let theirs = http.cpu(other);
                goals.push(at_most(
                    format!("HTTP, {}: CPU a check, of SpiceDB's", ours.case),
                    ours.measured.cpu / theirs,
                    0.1,
                    "x",
                ));
            }
        }
    }
    for outcome in report.server.iter().flatten() {
        let name = outcome.database;
        goals.push(at_most(
            format!("{name}, {} tuples: 1,000 objects listed, p50", outcome.tuples),
            outcome.list.p50,
            20.0,
            " ms",
        ));
        goals.push(at_most(
            format!("{name}: a replica's answer after 10,000 writes elsewhere, median"),
            outcome.caught_up(),
            100.0,
            " ms",
        ));
    }
    goals
}
