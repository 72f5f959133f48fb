//! A list of named checks: each is run, timed and reported, and one that fails does not hide the next.

use std::time::Instant;

use anyhow::Result;

use crate::process::{Job, Outcome};
use crate::summary::{Count, Format};

/// What was counted so far.
pub(crate) struct Checks {
    count: Count,
    /// The names of those that did.
    failed: Vec<String>,
    start: Instant,
}

impl Checks {
    pub(crate) fn new() -> Self {
        Self { count: Count::default(), failed: Vec::new(), start: Instant::now() }
    }

    /// A check that holds or does not.
    pub(crate) fn holds(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        self.counts(name, || check().map(|()| Count::ONE_PASSED));
    }

    /// A check that counts cases of its own.
    pub(crate) fn counts(&mut self, name: &str, check: impl FnOnce() -> Result<Count>) {
        println!("== {name}");
        let start = Instant::now();
        let count = check().unwrap_or_else(|error| {
            println!("   {error:#}");
            Count::ONE_FAILED
        });
        // A lane that ran nothing would otherwise look like success.
        let count = if count.passed + count.failed == 0 { Count { failed: 1, ..count } } else { count };
        let word = if count.is_good() { "ok" } else { "FAILED" };
        println!("   {word}: {name}: {count} ({:.1} s)", start.elapsed().as_secs_f32());
        self.count += count;
        if !count.is_good() {
            self.failed.push(name.to_owned());
        }
    }

    /// The closing line, alone as those who read it by machine expect it, and the verdict.
    pub(crate) fn close(&self) -> Result<()> {
        println!("== {:.0} s", self.start.elapsed().as_secs_f32());
        for name in &self.failed {
            println!("   FAILED: {name}");
        }
        if self.count.skipped > 0 {
            println!("   {} left out by the runners themselves: see above", self.count.skipped);
        }
        println!("{} passed, {} failed", self.count.passed, self.count.failed);
        anyhow::ensure!(self.count.is_good(), "not all is well: see what FAILED above");
        Ok(())
    }
}

/// Runs a test runner and counts by its own summary. One that ends without a summary, or badly in spite of a good
/// one, adds a failure.
pub(crate) fn count(job: Job, format: Format) -> Result<Count> {
    let seen = job.is_live();
    let outcome = job.run()?;
    let count = judge(&outcome, format);
    if !count.is_good() && !seen {
        println!("{}", outcome.tail());
    }
    Ok(count)
}

fn judge(outcome: &Outcome, format: Format) -> Count {
    match Count::read(format, &outcome.text) {
        Some(count) if outcome.success == (count.failed == 0) => count,
        Some(count) if count.failed > 0 => count,
        Some(count) => Count { failed: 1, ..count },
        None => Count::ONE_FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(success: bool, text: &str) -> Count {
        judge(&Outcome { success, text: text.to_owned() }, Format::Plain)
    }

    #[test]
    fn trusts_neither_the_exit_nor_the_summary_alone() {
        assert_eq!(judged(true, "3 passed, 0 failed"), Count { passed: 3, failed: 0, skipped: 0 });
        assert_eq!(judged(false, "3 passed, 0 failed"), Count { passed: 3, failed: 1, skipped: 0 });
        assert_eq!(judged(true, "3 passed, 2 failed"), Count { passed: 3, failed: 2, skipped: 0 });
        assert_eq!(judged(true, "nothing to say"), Count::ONE_FAILED);
    }

    #[test]
    fn a_failing_check_does_not_end_the_list() {
        let mut checks = Checks::new();
        checks.holds("bad", || anyhow::bail!("no"));
        checks.holds("good", || Ok(()));
        checks.counts("empty", || Ok(Count::default()));
        assert_eq!(checks.count, Count { passed: 1, failed: 2, skipped: 0 });
        assert_eq!(checks.failed, ["bad", "empty"]);
        assert!(checks.close().is_err());
    }
}
