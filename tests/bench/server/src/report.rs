//! From figures to text: for the terminal, and `docs/benchmarks-server.md` from its template.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use sentinel_bench_server::machine::Machine;

use crate::run::{LINES, Line, Options, Outcome};

const MOST_MEMORY: f64 = 60.0;
const MOST_FIRST_START: f64 = 2000.0;
const MOST_SECOND_START: f64 = 300.0;
/// Of the peer.
const PEER_IDLE: f64 = 115.0;
const PEER_START: f64 = 13_000.0;

struct Goal {
    what: String,
    at_most: f64,
    reached: f64,
    unit: &'static str,
}

impl Goal {
    fn met(&self) -> bool {
        self.reached <= self.at_most
    }
}

impl Line {
    fn goal(&self) -> f64 {
        self.peer / self.part
    }
}

pub(crate) fn machine(machine: &Machine, options: &Options) -> String {
    let Machine { date, cores, load_before, load_after } = machine;
    format!(
        "Measured on {date}: {cores} cores, load average {load_before:.2} at the start and {load_after:.2} at the end (the run's own \
         load included), {} connections, {:.0} s a line.",
        options.connections,
        options.time.as_secs_f64()
    )
}

pub(crate) fn table(outcome: &Outcome) -> String {
    let mut text = String::from(
        "| | requests/s | p50, ms | p99, ms | CPU, ms | the peer's CPU, ms | ratio | goal |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (line, found) in LINES.iter().zip(&outcome.lines) {
        let (name, peer, part) = (line.name, line.peer, line.part);
        let ratio = peer / found.cpu;
        let met = if found.cpu <= line.goal() { "" } else { ", **missed**" };
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.2} | {:.2} | {:.3} | {peer} | 1/{ratio:.0} | 1/{part:.0}{met} |",
            found.per_second, found.p50, found.p99, found.cpu
        );
    }
    text
}

pub(crate) fn other(outcomes: &[Outcome]) -> String {
    let mut text = String::from("| | at most | reached | the peer | met |\n| --- | ---: | ---: | ---: | --- |\n");
    for outcome in outcomes {
        for (goal, peer) in goals(outcome) {
            let Goal { what, at_most, reached, unit } = &goal;
            let met = if goal.met() { "yes" } else { "**no**" };
            let _ = writeln!(text, "| {what} | {at_most:.0} {unit} | {reached:.0} {unit} | {peer} | {met} |");
        }
    }
    text
}

fn goals(outcome: &Outcome) -> Vec<(Goal, String)> {
    let median = outcome.second_starts.get(outcome.second_starts.len() / 2).copied().unwrap_or(f64::NAN);
    let name = outcome.database;
    let goal = |what: &str, at_most, reached, unit, peer: String| {
        (Goal { what: format!("{name}: {what}"), at_most, reached, unit }, peer)
    };
    let start = |text: &str| format!("{:.0} s{text}", PEER_START / 1000.0);
    vec![
        goal("memory when idle (RSS)", MOST_MEMORY, outcome.idle, "MiB", format!("{PEER_IDLE:.0} MiB")),
        goal("memory after all lines (RSS)", MOST_MEMORY, outcome.loaded, "MiB", String::new()),
        goal(
            "first start, with a schema and a signing key to make",
            MOST_FIRST_START,
            outcome.first_start,
            "ms",
            start(""),
        ),
        goal("second start, median of five", MOST_SECOND_START, median, "ms", start("")),
    ]
}

/// Fills `{{name}}` in the template.
pub(crate) fn document(template: &str, machine: &str, outcomes: &[Outcome]) -> Result<String> {
    let tables = |outcome: &Outcome| format!("## {}\n\n{}", outcome.database, table(outcome));
    let tables: Vec<_> = outcomes.iter().map(tables).collect();
    let text = template.replace("{{machine}}", machine).replace("{{other}}", other(outcomes).trim_end());
    let text = text.replace("{{tables}}", tables.join("\n").trim_end());
    ensure!(!text.contains("{{"), "the template asks for more than was measured");
    Ok(text)
}
