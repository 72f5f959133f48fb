//! The native runner of the conformance vectors (`vectors/README.md` has their format).
//!
//! A case passes when every native way to verify gives the same answer and that
//! answer is the expected one: both signature backends in one go, both in two
//! phases as a host does that verifies signatures itself, and a verifier made
//! from its JSON configuration. Raw signatures go through both backends.
//!
//! ```no_run
//! let report = sentinel_tests::run(&["tests/vectors".into()]);
//! print!("{report}");
//! assert!(report.is_good());
//! ```

mod claims;
mod files;
mod report;
mod signatures;
mod tokens;
mod vectors;
mod watch;

use std::path::PathBuf;

pub use report::Report;

/// Runs every vector file at these paths: files, or folders with all that is in them.
#[must_use]
pub fn run(paths: &[PathBuf]) -> Report {
    let mut report = Report::default();
    let mut watch = watch::Watch::default();
    for path in paths {
        for file in files::vector_files(path, &mut report) {
            run_file(&file, &mut watch, &mut report);
        }
    }
    report
}

fn run_file(file: &files::VectorFile, watch: &mut watch::Watch, report: &mut Report) {
    let document = match vectors::document(&file.text) {
        Ok(document) => document,
        Err(error) => return report.fail(&file.name, "the whole file", &error),
    };
    let suite = document.suite.as_deref().unwrap_or(&file.name);
    for (kind, remarks) in [("left out", &document.excluded), ("stricter", &document.stricter)] {
        for remark in remarks {
            report.remark(kind, suite, &remark.why, &remark.name);
        }
    }
    for case in document.cases {
        let name = vectors::name_of(case);
        let text = case.get().to_owned();
        report.note(suite, &name, watch.run(move || tokens::judge(&text)));
    }
    for group in document.signatures {
        let text = group.get().to_owned();
        match signatures::group(&text) {
            Err(error) => report.fail(suite, "a group of signatures", &error),
            Ok(tests) => {
                for test in tests {
                    let name = test.name().to_owned();
                    report.note(suite, &name, watch.run(move || test.judge()));
                }
            }
        }
    }
}
