//! From figures to text: for the terminal, and `docs/benchmarks-policy.md` from its template.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use sentinel_bench_server::machine::Machine;

use crate::cases::CASES;
use crate::goals::{goals, plain};
use crate::http::{OURS, SPICEDB};
use crate::{Options, http, javascript, server};

/// Everything that was measured in a run.
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) engine: Option<javascript::Outcome>,
    pub(crate) http: Option<http::Outcome>,
    pub(crate) server: Option<Vec<server::Outcome>>,
}

impl Report {
    /// For a terminal.
    pub(crate) fn text(&self, options: &Options) -> String {
        let mut text = String::new();
        let parts =
            [self.engine_table(), self.memory_table(), self.http_table(), self.processes_table(), self.server_table()];
        for part in parts.into_iter().flatten() {
            let _ = writeln!(text, "{part}");
        }
        let _ = writeln!(text, "{}\n{}", self.goals_table(), self.machine_line(options));
        if options.quick {
            text.push_str("A quick run: its figures mean little.\n");
        }
        text
    }

    /// Fills `{{name}}` in the template; what was not measured must not be published.
    pub(crate) fn document(&self, template: &str, options: &Options) -> Result<String> {
        let missing = "not everything was measured";
        let engine = self.engine.as_ref().context(missing)?;
        let unable =
            engine.unable.iter().map(|unable| format!("- {}: not measured with {}.", unable.contender, unable.why));
        let http = self.http.as_ref().context(missing)?;
        let parts = [
            ("machine", self.machine_line(options)),
            ("goals", self.goals_table()),
            ("engine", self.engine_table().context(missing)?),
            ("unable", unable.collect::<Vec<_>>().join("\n")),
            ("memory", self.memory_table().context(missing)?),
            ("http", self.http_table().context(missing)?),
            ("http_tuples", http.tuples.to_string()),
            ("front_cpu", format!("{:.4}", http.front.cpu)),
            ("spicedb_version", http.spicedb_version.clone()),
            ("processes", self.processes_table().context(missing)?),
            ("server", self.server_table().context(missing)?),
        ];
        let mut text = template.to_owned();
        for (name, part) in parts {
            text = text.replace(&format!("{{{{{name}}}}}"), part.trim_end());
        }
        ensure!(!text.contains("{{"), "the template asks for more than was measured");
        Ok(text)
    }

    fn machine_line(&self, options: &Options) -> String {
        let Machine { date, cores, load_before, load_after } = &self.machine;
        let node = self.engine.as_ref().map(|engine| format!(", Node {}", engine.node)).unwrap_or_default();
        format!(
            "Measured on {date}: {cores} cores{node}, load average {load_before:.2} at the start and {load_after:.2} at the end \
             (the run's own load included), {} connections, {:.0} s a line over HTTP.",
            options.connections,
            options.time.as_secs_f64()
        )
    }

    fn goals_table(&self) -> String {
        let rows = goals(self).into_iter().map(|goal| {
            let met = if goal.met { "met" } else { "**missed**" };
            vec![goal.what, goal.wanted, goal.reached, met.to_owned()]
        });
        table(&["", "goal", "reached", ""], rows)
    }

    fn engine_table(&self) -> Option<String> {
        let engine = self.engine.as_ref()?;
        let mut sizes: Vec<usize> = engine.bytes.iter().map(|bytes| bytes.size).collect();
        sizes.sort_unstable();
        let mut contenders: Vec<&str> = Vec::new();
        for cell in &engine.cells {
            if !contenders.contains(&cell.contender.as_str()) {
                contenders.push(&cell.contender);
            }
        }
        let rows = CASES.iter().flat_map(|case| contenders.iter().map(move |contender| (case, *contender)));
        let rows = rows.map(|(case, contender)| {
            let mut row = vec![case.name.to_owned(), contender.to_owned()];
            row.extend(sizes.iter().map(|size| {
                let cells =
                    &mut engine.cells.iter().filter(|cell| cell.contender == contender && cell.case == case.key);
                let cell = cells.find(|cell| cell.tuples == *size);
                cell.map(|cell| [cell.ns.min, cell.ns.p10, cell.ns.median].map(|ns| format!("{ns:.0}")).join(" / "))
                    .unwrap_or_default()
            }));
            row
        });
        let sizes: Vec<_> = sizes.iter().map(|size| format!("{size} tuples")).collect();
        let mut head = vec!["ns a check: min / p10 / median", ""];
        head.extend(sizes.iter().map(String::as_str));
        Some(table(&head, rows))
    }

    fn memory_table(&self) -> Option<String> {
        let engine = self.engine.as_ref()?;
        let rows = engine.bytes.iter().map(|bytes| {
            let rate = bytes.tuples as f64 / bytes.built / 1e6;
            let wasm = engine.wasm.iter().find(|memory| memory.tuples == bytes.size);
            let wasm = wasm.map_or_else(String::new, |memory| plain(memory.bytes / bytes.tuples as f64));
            vec![bytes.tuples.to_string(), plain(bytes.index), plain(bytes.names), wasm, plain(rate)]
        });
        let head = [
            "tuples",
            "index, bytes a tuple",
            "names, bytes a tuple",
            "all memory of the WebAssembly, bytes a tuple",
            "built natively, million tuples/s",
        ];
        Some(table(&head, rows))
    }

    fn http_table(&self) -> Option<String> {
        let http = self.http.as_ref()?;
        let rows = http.lines.iter().map(|line| {
            let measured = &line.measured;
            let checks = line.checks as f64;
            let ours = http.lines.iter().find(|ours| ours.server == OURS && ours.case == line.case);
            let (rate, cpu) = (measured.per_second * checks, http.cpu(line) / checks);
            let mut row = vec![line.case.clone(), line.server.to_owned(), format!("{rate:.0}")];
            row.extend([measured.p50, measured.p99].map(|ms| format!("{ms:.2}")));
            row.push(format!("{cpu:.4}"));
            let ratios = ours
                .filter(|_| line.server != OURS)
                .map(|ours| [ours.measured.per_second / measured.per_second, http.cpu(line) / ours.measured.cpu]);
            row.extend(ratios.map_or_else(
                || [String::new(), String::new()],
                |ratios| ratios.map(|ratio| format!("{}x", plain(ratio))),
            ));
            row
        });
        let head = ["", "", "checks/s", "p50, ms", "p99, ms", "CPU, ms a check", "ours: checks/s", "its CPU, of ours"];
        Some(table(&head, rows))
    }

    fn processes_table(&self) -> Option<String> {
        let rows = self.http.as_ref()?.memory.iter();
        let rows =
            rows.map(|(name, before, after)| vec![(*name).to_owned(), format!("{before:.0}"), format!("{after:.0}")]);
        Some(table(&["memory (RSS), MiB", "with the tuples", "after all lines"], rows))
    }

    fn server_table(&self) -> Option<String> {
        let outcomes = self.server.as_ref()?;
        let mut head = vec![""];
        head.extend(outcomes.iter().map(|outcome| outcome.database));
        let row = |name: String, value: &dyn Fn(&server::Outcome) -> String| {
            let mut row = vec![name];
            row.extend(outcomes.iter().map(value));
            row
        };
        let mut rows = vec![
            row("tuples".to_owned(), &|outcome| outcome.tuples.to_string()),
            row("import, tuples/s".to_owned(), &|outcome| format!("{:.0}", outcome.tuples as f64 / outcome.import)),
            row("first question, the index is read, s".to_owned(), &|outcome| format!("{:.2}", outcome.first)),
            row("memory (RSS) with it, MiB".to_owned(), &|outcome| format!("{:.0}", outcome.memory)),
            row("1,000 objects listed, ms: p50 / p99".to_owned(), &|outcome| {
                format!("{:.2} / {:.2}", outcome.list.p50, outcome.list.p99)
            }),
            row("a replica after 10,000 writes, ms: least / median / most".to_owned(), &|outcome| {
                outcome.catch_up_text()
            }),
        ];
        for at in 0..2 {
            let size = outcomes.first().and_then(|outcome| outcome.writes.get(at)).map_or(0, |(size, _)| *size);
            rows.push(row(format!("writes of {size}: tuples/s"), &|outcome| {
                outcome
                    .writes
                    .get(at)
                    .map(|(size, line)| format!("{:.0}", line.per_second * *size as f64))
                    .unwrap_or_default()
            }));
            rows.push(row(format!("writes of {size}: p50 / p99, ms; CPU of a request, ms"), &|outcome| {
                let line = outcome.writes.get(at).map(|(_, line)| line);
                line.map(|line| format!("{:.2} / {:.2}; {:.2}", line.p50, line.p99, line.cpu)).unwrap_or_default()
            }));
        }
        Some(table(&head, rows))
    }
}

impl http::Outcome {
    /// Milliseconds of CPU a request, without what our HTTP before `SpiceDB` costs.
    pub(crate) fn cpu(&self, line: &http::Line) -> f64 {
        if line.server == SPICEDB { line.measured.cpu - self.front.cpu } else { line.measured.cpu }
    }
}

impl server::Outcome {
    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.catch_up.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The median, in milliseconds.
    pub(crate) fn caught_up(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    fn catch_up_text(&self) -> String {
        let sorted = self.sorted();
        let ends = [sorted.first().copied(), Some(self.caught_up()), sorted.last().copied()];
        ends.map(|ms| format!("{:.0}", ms.unwrap_or(f64::NAN))).join(" / ")
    }
}

fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let rule: Vec<_> = (0..head.len()).map(|at| if at == 0 { "---" } else { "---:" }).collect();
    let mut text = format!("| {} |\n| {} |\n", head.join(" | "), rule.join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}
