//! What a test runner says at its end, in numbers.

use std::fmt;
use std::iter::Sum;
use std::ops::AddAssign;

/// How many cases passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// What the runner itself left out.
    pub(crate) skipped: u64,
}

/// Whose closing words they are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once a binary.
    Cargo,
    /// node's own test runner: `# pass 3` or `ℹ pass 3`, `fail`, `cancelled`, `skipped`, `todo`.
    Node,
    /// pytest's last line: `1 failed, 2 passed, 3 skipped, 1 error in 0.12s`, in an order of its own.
    Pytest,
    /// Our own: `N passed, N failed` alone on the last such line; `, N skipped` may follow.
    Plain,
}

impl Count {
    pub(crate) const ONE_PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    pub(crate) const ONE_FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    /// Reads a runner's output; nothing where it never came to its end.
    pub(crate) fn read(format: Format, text: &str) -> Option<Self> {
        match format {
            Format::Cargo => {
                let mut counts = text.lines().filter_map(cargo_line).peekable();
                counts.peek()?;
                Some(counts.sum())
            }
            Format::Node => node(text),
            Format::Pytest => text.lines().rev().find_map(pytest_line),
            Format::Plain => text.lines().rev().find_map(plain_line),
        }
    }

    /// A lane is good when something ran and nothing failed.
    pub(crate) fn is_good(self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl Sum for Count {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, count| {
            sum += count;
            sum
        })
    }
}

fn cargo_line(line: &str) -> Option<Count> {
    let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| counts.split("; ").find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
    Some(Count { passed: number("passed")?, failed: number("failed")?, skipped: number("ignored")? })
}

fn node(text: &str) -> Option<Count> {
    let number = |what: &str| {
        text.lines().rev().find_map(|line| {
            let line = line.trim().strip_prefix(['#', 'ℹ'])?.trim_start();
            line.strip_prefix(what)?.strip_prefix(' ')?.trim().parse::<u64>().ok()
        })
    };
    Some(Count {
        passed: number("pass")?,
        // A test that was cut short has shown nothing.
        failed: number("fail")? + number("cancelled").unwrap_or(0),
        skipped: number("skipped").unwrap_or(0) + number("todo").unwrap_or(0),
    })
}

fn pytest_line(line: &str) -> Option<Count> {
    let (counts, seconds) = line.trim_matches(['=', ' ']).rsplit_once(" in ")?;
    seconds.split(' ').next()?.strip_suffix('s')?.parse::<f64>().ok()?;
    let mut count = Count::default();
    for part in counts.split(", ") {
        let (number, what) = part.split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        match what {
            "passed" => count.passed += number,
            // What was expected to fail and did not, and fixtures that broke, have shown nothing good.
            "failed" | "error" | "errors" | "xpassed" => count.failed += number,
            "skipped" | "xfailed" | "deselected" => count.skipped += number,
            _ => {}
        }
    }
    Some(count)
}

fn plain_line(line: &str) -> Option<Count> {
    let mut parts = line.trim().split(", ");
    let mut number = |what: &str| parts.next()?.strip_suffix(what)?.strip_suffix(' ')?.parse().ok();
    let (passed, failed) = (number("passed")?, number("failed")?);
    let skipped = number("skipped").unwrap_or(0);
    parts.next().is_none().then_some(Count { passed, failed, skipped })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(passed: u64, failed: u64, skipped: u64) -> Option<Count> {
        Some(Count { passed, failed, skipped })
    }

    #[test]
    fn adds_up_the_binaries_of_cargo_test() {
        let text = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test result: FAILED. 1 passed; 3 failed; 4 ignored; 0 measured; 0 filtered out; finished in 1.2s\n";
        assert_eq!(Count::read(Format::Cargo, text), count(3, 3, 4));
        assert_eq!(Count::read(Format::Cargo, "error: could not compile"), None);
    }

    #[test]
    fn reads_both_of_nodes_reporters() {
        let tap =
            "# tests 5\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 0\n# duration_ms 1.5\n";
        assert_eq!(Count::read(Format::Node, tap), count(3, 2, 0));
        let spec = "ℹ tests 5\nℹ pass 4\nℹ fail 0\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0\n";
        assert_eq!(Count::read(Format::Node, spec), count(4, 0, 1));
        assert_eq!(Count::read(Format::Node, "# pass 3\n"), None);
    }

    #[test]
    fn reads_pytests_last_line() {
        let read = |text: &str| Count::read(Format::Pytest, text);
        assert_eq!(read("= 3 passed in 0.12s =\n"), count(3, 0, 0));
        let long = "1 failed, 20 passed, 2 skipped, 1 xfailed, 4 warnings, 2 errors in 71.10s (0:01:11)";
        assert_eq!(read(&format!("FAILED a.py::b - x in 3\n{long}\n")), count(20, 3, 3));
        assert_eq!(read("no tests ran in 0.01s\n"), None);
        assert_eq!(read("INTERNALERROR> boom\n"), None);
    }

    #[test]
    fn our_own_line_stands_alone_and_the_last_one_counts() {
        assert_eq!(Count::read(Format::Plain, "node: 3 passed, 0 failed\n7 passed, 1 failed\n"), count(7, 1, 0));
        assert_eq!(Count::read(Format::Plain, "7 passed, 1 failed, 2 skipped\nbye\n"), count(7, 1, 2));
        assert_eq!(Count::read(Format::Plain, "7 passed, 1 failed of 9\n"), None);
        assert_eq!(Count::read(Format::Plain, "-7 passed, 1 failed\n"), None);
        assert_eq!(Count::read(Format::Plain, ""), None);
    }

    #[test]
    fn a_lane_that_ran_nothing_is_not_good() {
        assert!(!Count::default().is_good());
        assert!(Count::ONE_PASSED.is_good());
        let both: Count = [Count::ONE_PASSED, Count::ONE_FAILED].into_iter().sum();
        assert!(!both.is_good());
        assert_eq!(both.to_string(), "1 passed, 1 failed");
    }
}
