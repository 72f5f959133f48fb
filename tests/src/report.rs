//! What came out.

use std::collections::BTreeMap;
use std::fmt;

/// A case that passed, with what a backend lacks for it; or why it failed.
pub(crate) type Outcome = Result<Vec<String>, String>;

/// The report over all files: a line per failing case, what was left out and why, and the count.
#[derive(Debug, Default)]
pub struct Report {
    passed: usize,
    failures: Vec<String>,
    /// Kind, suite and reason, then the vectors: many share one reason.
    remarks: BTreeMap<(&'static str, String, String), Vec<String>>,
    lacking: BTreeMap<String, usize>,
    mentions: Vec<String>,
}

impl Report {
    /// Whether something was run and nothing failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.passed > 0 && self.failures.is_empty()
    }

    pub(crate) fn note(&mut self, suite: &str, name: &str, outcome: Outcome) {
        match outcome {
            Ok(lacking) => {
                self.passed += 1;
                for what in lacking {
                    *self.lacking.entry(what).or_default() += 1;
                }
            }
            Err(reason) => self.fail(suite, name, &reason),
        }
    }

    pub(crate) fn fail(&mut self, suite: &str, name: &str, reason: &str) {
        self.failures.push(format!("{suite} / {name}: {reason}"));
    }

    pub(crate) fn remark(&mut self, kind: &'static str, suite: &str, why: &str, vector: &str) {
        self.remarks.entry((kind, suite.into(), why.into())).or_default().push(vector.into());
    }

    pub(crate) fn mention(&mut self, what: &str) {
        self.mentions.push(what.into());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mention in &self.mentions {
            writeln!(f, "note      {mention}")?;
        }
        for ((kind, suite, why), vectors) in &self.remarks {
            // The number of a vector is enough to find it.
            let short: Vec<_> = vectors.iter().map(|name| name.split(':').next().unwrap_or(name)).collect();
            writeln!(f, "{kind}  {suite}: {why}: {}", short.join(", "))?;
        }
        for (what, count) in &self.lacking {
            writeln!(f, "lacking   {what} ({count} cases)")?;
        }
        for failure in &self.failures {
            writeln!(f, "FAILED    {failure}")?;
        }
        writeln!(f, "{} passed, {} failed", self.passed, self.failures.len())
    }
}
