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

use sentinel_core::policy::model::{AuthorizationModel, ModelErrorKind, ModelErrors, ModuleFile};
use std::io::Write;
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
    let Some(folder) = std::env::var_os("SENTINEL_LANGUAGE_SUITE") else {
        // Past the capture of a passing test's output: what did not run is always told.
        let _ =
            writeln!(std::io::stderr(), "SENTINEL_LANGUAGE_SUITE names no folder: the reference's cases did not run");
        return;
    };
    run(Path::new(&folder));
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

#[test]
fn limits_hold_for_every_form() {
    let kind = |result: Result<AuthorizationModel, ModelErrors>| result.unwrap_err().0[0].kind;
    let head = "model\n  schema 1.1\ntype user\n  relations\n";
    let nested = |levels: usize| format!("{head}    define a: {}a or b{}\n", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(AuthorizationModel::from_dsl(&nested(15)).map(|model| model.types.len()), Ok(1));
    assert_eq!(kind(AuthorizationModel::from_dsl(&nested(16))), ModelErrorKind::TooLarge);
    // The deepest text has a JSON form that is read again.
    let deep = format!("{head}    define a: {}a{}\n", "b and (c or (".repeat(7), "))".repeat(7));
    let deep = AuthorizationModel::from_dsl(&deep).unwrap();
    assert_eq!(AuthorizationModel::from_json(deep.to_json().as_bytes()), Ok(deep));
    let json = format!(
        r#"{{"schema_version":"1.1","type_definitions":[{{"type":"a","relations":{{"a":{}{{"this":{{}}}}{}}}}}]}}"#,
        r#"{"union":{"child":["#.repeat(17),
        "]}}".repeat(17)
    );
    assert_eq!(kind(AuthorizationModel::from_json(json.as_bytes())), ModelErrorKind::TooLarge);

    let many =
        |count: usize| head.to_owned() + &(0..count).map(|n| format!("    define a{n}: [user]\n")).collect::<String>();
    assert!(AuthorizationModel::from_dsl(&many(2048)).is_ok());
    assert_eq!(kind(AuthorizationModel::from_dsl(&many(2049))), ModelErrorKind::TooLarge);
    let long = " ".repeat(256 * 1024 + 1);
    assert_eq!(kind(AuthorizationModel::from_dsl(&long)), ModelErrorKind::TooLarge);
    assert_eq!(kind(AuthorizationModel::from_json(long.as_bytes())), ModelErrorKind::TooLarge);
    let half = "x".repeat(128 * 1024 + 1);
    let files = [ModuleFile { name: "a.fga", text: &half }, ModuleFile { name: "b.fga", text: &half }];
    assert_eq!(kind(AuthorizationModel::from_modules(&files, "1.2")), ModelErrorKind::TooLarge);
}

#[test]
fn the_diagnosis_ends_however_deep_the_text_is() {
    // Each parenthesis doubles the ways that the reference's grammar could go.
    let text = format!(
        "model\n  schema 1.1\ntype user\n  relations\n    define b: a or or\n    define a: {}a\n",
        "(".repeat(5000)
    );
    let errors = AuthorizationModel::from_dsl(&text).unwrap_err();
    assert!(errors.0[0].message.starts_with("mismatched input 'or' expecting"), "{errors}");
}
