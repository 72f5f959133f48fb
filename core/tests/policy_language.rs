//! The language of authorization models: our own cases, and the reference's where a copy of them is at hand.
//!
//! `SENTINEL_LANGUAGE_SUITE=/path/to/openfga-language/tests/data cargo test -p sentinel-core --test policy_language -- --nocapture`
//! runs every case of openfga/language and prints the counts of each file.
#![cfg(feature = "dsl")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "policy_language/properties.rs"]
mod properties;
#[path = "policy_language/suite.rs"]
mod suite;

use sentinel_core::policy::model::AuthorizationModel;
use std::path::Path;

fn run(folder: &Path) {
    let reports = suite::run(folder);
    for report in &reports {
        println!(
            "{}: {} passed, {} failed, {} skipped",
            report.name,
            report.passed,
            report.failed.len(),
            report.skipped.len()
        );
        report.skipped.iter().for_each(|case| println!("  skipped {case}"));
    }
    let failed: Vec<String> = reports.iter().flat_map(|report| report.failed.clone()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(reports.iter().map(|report| report.passed).sum::<usize>() > 0, "no cases in {}", folder.display());
}

#[test]
fn our_cases() {
    run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy_language/cases"));
}

#[test]
fn the_references_cases_where_there_is_a_copy() {
    if let Some(folder) = std::env::var_os("SENTINEL_LANGUAGE_SUITE") {
        run(Path::new(&folder));
    }
}

#[test]
fn a_model_reads_the_same_as_text_and_as_json() {
    let text = "model\n  schema 1.1\n\ntype user\n\ntype group\n  relations\n    define member: [user, user:* with open, group#member]\n    \
                define other: (member or owner from parent) but not (member and other)\n\ncondition open(at: timestamp, tags: list<string>) {\n  \
                at > timestamp(\"2020-01-01T00:00:00Z\") && \"{}\" in tags\n}\n";
    let model = AuthorizationModel::from_dsl(text).unwrap();
    assert_eq!(model.to_dsl().unwrap(), text);
    let json = model.to_json();
    assert_eq!(AuthorizationModel::from_json(json.as_bytes()).unwrap(), model, "{json}");
}
