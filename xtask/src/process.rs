//! Runs other programs: shows that they are alive, keeps what they print, ends them by their id.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::summary::{Count, Format};
use crate::workspace;

/// How often a quiet program is reported to be alive.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long output may trickle in after its program has ended (a child of its own may hold the pipe).
const DRAIN: Duration = Duration::from_secs(2);
/// How long a program may take to end by itself after it was asked to.
const FAREWELL: Duration = Duration::from_secs(10);
/// How much of a failed program's output is shown: its last lines, and those after a failure; the rest is in its log.
const TAIL_LINES: usize = 60;
const AFTER_FAILURE: usize = 20;
const MOST_LINES: usize = 400;

/// One run of a program.
pub(crate) struct Job {
    label: String,
    command: Command,
    limit: Duration,
    live: bool,
}

/// What came of a [`Job`].
pub(crate) struct Outcome {
    pub(crate) success: bool,
    /// Standard output and standard error, line by line as they came.
    pub(crate) text: String,
}

impl Job {
    /// A program in the project's root, without input, colours, or the variables that `cargo run` sets for us alone.
    pub(crate) fn new(label: impl Into<String>, program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(workspace::root()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            // Build scripts (ring's) watch these: left in, each would be built anew under every other caller.
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST") || name == "CARGO_BIN_NAME" {
                command.env_remove(name.as_ref());
            }
        }
        command.env("NO_COLOR", "1").env("FORCE_COLOR", "0").env("CARGO_TERM_COLOR", "never");
        Self { label: label.into(), command, limit: Duration::from_secs(45 * 60), live: false }
    }

    pub(crate) fn cargo(label: impl Into<String>) -> Self {
        Self::new(label, "cargo")
    }

    #[must_use]
    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    #[must_use]
    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(workspace::root().join(dir));
        self
    }

    #[must_use]
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    #[must_use]
    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Ends the program when it takes longer.
    #[must_use]
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Passes on what the program prints, as it comes.
    #[must_use]
    pub(crate) fn live(mut self) -> Self {
        self.live = true;
        self
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live
    }

    /// Hands our own output to the program, colours and all: for what a person watches.
    pub(crate) fn attached(mut self) -> Result<()> {
        for name in ["NO_COLOR", "FORCE_COLOR", "CARGO_TERM_COLOR"] {
            match std::env::var_os(name) {
                Some(value) => self.command.env(name, value),
                None => self.command.env_remove(name),
            };
        }
        let status = self.command.stdout(Stdio::inherit()).stderr(Stdio::inherit()).status();
        if !status.with_context(|| format!("{}: cannot start", self.label))?.success() {
            bail!("{} failed", self.label);
        }
        Ok(())
    }

    /// Leaves out standard error, which then goes where ours goes.
    #[must_use]
    pub(crate) fn only_output(mut self) -> Self {
        self.command.stderr(Stdio::inherit());
        self
    }

    /// Runs to the end; an error only when the program could not be started.
    pub(crate) fn run(mut self) -> Result<Outcome> {
        let start = Instant::now();
        let program = self.command.get_program().to_string_lossy().into_owned();
        let mut child = self.command.spawn().with_context(|| format!("{}: cannot start {program}", self.label))?;
        let (lines, incoming) = mpsc::channel();
        if let Some(out) = child.stdout.take() {
            forward(out, lines.clone());
        }
        if let Some(err) = child.stderr.take() {
            forward(err, lines);
        }

        let mut log = workspace::log(&self.label)?;
        let mut text = String::new();
        let mut spoken = Instant::now();
        let mut ended: Option<(ExitStatus, Instant)> = None;
        let mut over_limit = false;
        loop {
            match incoming.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => {
                    log.write_all(line.as_bytes())?;
                    // A closing line is for whoever adds them up: several in one output would contradict each other.
                    if self.live && Count::read(Format::Plain, &line).is_none() {
                        print!("   {line}");
                        spoken = Instant::now();
                    }
                    text.push_str(&line);
                }
                Err(RecvTimeoutError::Disconnected) if ended.is_some() => break,
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(10)),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if ended.is_none() {
                ended = child.try_wait()?.map(|status| (status, Instant::now()));
            }
            match ended {
                Some((_, when)) if when.elapsed() > DRAIN => break,
                None if start.elapsed() > self.limit => {
                    over_limit = true;
                    ended = Some((end(&mut child)?, Instant::now()));
                }
                _ => {}
            }
            if spoken.elapsed() > HEARTBEAT {
                println!("   … {} ({} s) {}", self.label, start.elapsed().as_secs(), last_line(&text));
                spoken = Instant::now();
            }
        }
        if over_limit {
            text.push_str(&format!("\n{}: ended after its limit of {} s\n", self.label, self.limit.as_secs()));
        }
        let success = !over_limit && ended.is_some_and(|(status, _)| status.success());
        Ok(Outcome { success, text })
    }

    /// Runs to the end and gives what was printed; an error that shows the last lines when the program failed.
    pub(crate) fn succeed(self) -> Result<String> {
        let (label, live) = (self.label.clone(), self.live);
        let outcome = self.run()?;
        if !outcome.success {
            let shown = if live { String::new() } else { outcome.tail() };
            bail!("{label} failed\n{shown}");
        }
        Ok(outcome.text)
    }
}

impl Outcome {
    /// What a reader wants of a failed program, indented.
    pub(crate) fn tail(&self) -> String {
        let lines: Vec<&str> = self.text.lines().collect();
        let last = lines.len().saturating_sub(TAIL_LINES);
        let mut until = 0;
        let mut shown = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            if says_failure(line) {
                until = number + AFTER_FAILURE;
            }
            if number < until || number >= last {
                shown.push(format!("      {line}\n"));
            }
        }
        let cut = shown.len().saturating_sub(MOST_LINES);
        shown.split_off(cut).concat()
    }
}

/// What a program prints in one short run, or nothing where it is missing or fails.
pub(crate) fn ask(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn forward(source: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while matches!(source.read_until(b'\n', &mut line), Ok(1..)) {
            if lines.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                break;
            }
            line.clear();
        }
    });
}

/// How the runners of cargo, node and Python name a case that failed, and compilers an error.
fn says_failure(line: &str) -> bool {
    let line = line.trim_start();
    let starts = ["not ok ", "✖ ", "error:", "error[", "thread '", "FAILED ", "ERROR ", "E  "];
    starts.iter().any(|start| line.starts_with(start)) || line.ends_with("... FAILED")
}

/// Asks first, so that a test runner can end its own browser and servers.
fn end(child: &mut Child) -> Result<ExitStatus> {
    ask("kill", &["-TERM", &child.id().to_string()]);
    let asked = Instant::now();
    while asked.elapsed() < FAREWELL {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    Ok(child.wait()?)
}

fn last_line(text: &str) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().chars().take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_both_streams_and_the_exit() {
        let outcome = Job::new("process-test", "sh").args(["-c", "echo out; echo err >&2; exit 3"]).run().unwrap();
        assert!(!outcome.success);
        assert!(outcome.text.contains("out\n") && outcome.text.contains("err\n"), "{}", outcome.text);
    }

    #[test]
    fn ends_what_takes_too_long() {
        let (start, limit) = (Instant::now(), Duration::from_millis(300));
        let outcome = Job::new("process-limit", "sleep").args(["30"]).limit(limit).run().unwrap();
        assert!(!outcome.success && outcome.text.contains("limit"));
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn does_not_wait_for_a_grandchild_that_holds_the_pipe() {
        let start = Instant::now();
        let outcome = Job::new("process-drain", "sh").args(["-c", "sleep 20 & echo done"]).run().unwrap();
        assert!(outcome.success && outcome.text == "done\n");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn shows_a_failure_far_from_the_end() {
        let far = format!("not ok 3 - far\n  because\n{}", "ok\n".repeat(500));
        let shown = Outcome { success: false, text: far }.tail();
        assert!(shown.contains("far") && shown.contains("because"));
        assert_eq!(shown.lines().count(), AFTER_FAILURE + TAIL_LINES);
        let many = Outcome { success: false, text: "not ok 1\n".repeat(5_000) }.tail();
        assert_eq!(many.lines().count(), MOST_LINES);
    }

    #[test]
    fn shows_why_a_program_failed() {
        let error = Job::new("process-why", "sh").args(["-c", "echo the reason; false"]).succeed().unwrap_err();
        assert!(error.to_string().contains("the reason"));
    }
}
