//! The committed vectors under `cargo test`, and that the runner can fail.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

#[test]
fn every_vector_passes() {
    let report = sentinel_tests::run(&[vectors()]);
    assert!(report.is_good(), "\n{report}");
}

/// A good case of the corpus, as JSON text, with a change.
fn changed(change: impl Fn(&mut serde_json::Value)) -> String {
    let text = fs::read_to_string(vectors().join("rfc/rfc7515.json")).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let case = &mut document["cases"][0];
    change(case);
    let path = std::env::temp_dir().join(format!("sentinel-vector-{:016x}.json", rand(case)));
    fs::write(&path, serde_json::json!({ "suite": "changed", "cases": [case] }).to_string()).unwrap();
    let report = sentinel_tests::run(slice::from_ref(&path)).to_string();
    fs::remove_file(path).unwrap();
    report
}

fn rand(case: &serde_json::Value) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(case.to_string())
}

#[test]
fn what_is_not_as_expected_fails() {
    assert!(changed(|_| {}).ends_with("1 passed, 0 failed\n"));
    for (change, reason) in [
        (("/expect", r#"{"ok":false}"#), "accepted, must be refused"),
        (("/expect/claims", r#"{"iss":"jim"}"#), "the claim iss"),
        (("/expect/claims", r#"{"sub":"joe"}"#), "the claim sub is missing"),
        (("/options/now", "1300819380"), "refused as token_expired, must be accepted"),
        (("/options/leewaay", "1"), "unknown field"),
        (("/surprise", "1"), "unknown field"),
        (("/expect/surprise", "1"), "unknown field"),
        (("/token_repeat", r#"[["a",1]]"#), "exactly one of"),
        (("/options/issuer", "[]"), "configuration_invalid"),
    ] {
        let report = changed(|case| {
            let (place, value) = change;
            let (parent, name) = place.rsplit_once('/').unwrap();
            case.pointer_mut(parent).unwrap()[name] = serde_json::from_str(value).unwrap();
        });
        assert!(report.contains(reason) && report.ends_with("0 passed, 1 failed\n"), "{change:?}: {report}");
    }
    let report = changed(|case| case["expect"] = serde_json::json!({ "ok": false, "code": "token_stale" }));
    assert!(report.contains("which does not exist"), "{report}");
}

#[test]
fn the_corpus_is_what_its_generator_makes() {
    let generator = vectors().join("generate");
    let output = std::process::Command::new("python3").arg(generator).arg("--check").output();
    let output = output.unwrap_or_else(|error| panic!("python3 is needed (`apt-get install -y python3`): {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
