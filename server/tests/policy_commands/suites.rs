//! Store files and their tests.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::{examples, folder, run, store_files};

#[test]
fn the_examples_pass_their_own_tests() {
    let files = store_files(&examples());
    assert_eq!(files.len(), 2);
    let tested = run(&["model", "test"], &files);
    let passed = "passed: tests 5 of 5, checks 20 of 20, list_objects 1 of 1, list_users 3 of 3";
    assert_eq!((tested.status, tested.stdout.trim_end(), tested.stderr.as_str()), (0, passed, ""));
    assert_eq!(run(&["model", "validate"], &files).status, 0);
    let models = [examples().join("documents.fga"), examples().join("wiki/fga.mod")];
    assert_eq!(run(&["model", "validate"], &models).status, 0);
    let modules =
        [examples().join("documents.fga"), examples().join("wiki/core.fga"), examples().join("wiki/wiki.fga")];
    let formatted = run(&["model", "format", "--check"], &modules);
    assert_eq!((formatted.status, formatted.stdout.as_str()), (0, ""), "{}", formatted.stderr);
}

/// The stores that OpenFGA publishes (openfga/sample-stores, Apache-2.0), from a folder outside: they are in no published
/// package. Each passes; with what they expect of checks turned around, each of these fails. Where `SENTINEL_FGA` names
/// OpenFGA's own program it is asked the same.
#[test]
fn openfga_sample_stores() {
    let Ok(folder) = std::env::var("SENTINEL_SAMPLE_STORES") else {
        // Past the capture of a passing test's output: what did not run is always told.
        let _ =
            writeln!(std::io::stderr(), "SENTINEL_SAMPLE_STORES names no folder: OpenFGA's sample stores did not run");
        return;
    };
    let files = store_files(Path::new(&folder));
    assert_eq!(files.len(), 32);
    let tested = run(&["--json", "model", "test"], &files);
    let json = tested.json();
    assert_eq!((tested.status, &json["ok"]), (0, &json!(true)), "{json}");
    println!("{} tests, {} checks", json["tests"]["all"], json["check"]["all"]);
    let counts = ["tests", "check", "list_objects", "list_users"].map(|kind| json[kind]["passed"].as_u64().unwrap());
    assert_eq!(counts, [102, 327, 17, 19]);
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let turned = file.with_file_name("sentinel-turned-around.fga.yaml");
        let (turn, marks) = (|text: &str| text.replace(": true", ": \0").replace(": false", ": true"), ": \0");
        std::fs::write(&turned, turn(&text).replace(marks, ": false")).unwrap();
        let ours = run(&["--json", "model", "test"], std::slice::from_ref(&turned));
        let theirs = std::env::var("SENTINEL_FGA").ok().map(|fga| {
            let output = Command::new(fga).args(["model", "test", "--tests"]).arg(&turned).output().unwrap();
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
        });
        std::fs::remove_file(&turned).unwrap();
        let json = ours.json();
        assert_eq!(json["check"]["passed"], 0, "{}: {json}", file.display());
        assert_eq!(ours.status, i32::from(json["check"]["all"] != 0), "{}", file.display());
        if let Some(theirs) = theirs {
            for (kind, name) in [("check", "Checks"), ("list_objects", "ListObjects"), ("list_users", "ListUsers")] {
                let line = theirs.lines().rev().find(|line| line.starts_with(name)).unwrap_or("0/0");
                let count = line.trim_start_matches(|c: char| !c.is_ascii_digit()).split(' ').next().unwrap();
                let ours = format!("{}/{}", json[kind]["passed"], json[kind]["all"]);
                assert_eq!(ours, count, "{} {name}:\n{theirs}", file.display());
            }
        }
    }
}

#[test]
fn a_failed_test_is_told_with_its_place() {
    let folder = folder();
    let expect = |reads: bool, objects: &str, users: &str| {
        format!(
            "model_file: model.fga\ntuple_file: tuples.yaml\ntests:\n  - name: reading\n    check:\n      - user: user:anne\n        object: document:1\n        \
             assertions:\n          can_read: {reads}\n    list_objects:\n      - {{user: user:anne, type: document, assertions: {{can_read: [{objects}]}}}}\n    \
             list_users:\n      - object: document:1\n        user_filter: [{{type: user}}]\n        context: {{hour: 3}}\n        assertions:\n          \
             can_read: {{users: [{users}]}}\n"
        )
    };
    folder.write("t.fga.yaml", &expect(true, "document:1", "user:anne"));
    let run = folder.run("model test t.fga.yaml", "");
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    folder.write("t.fga.yaml", &expect(false, "document:1, document:2", "user:bob"));
    let run = folder.run("model test t.fga.yaml", "");
    assert_eq!(run.status, 1);
    for told in [
        "FAILED t.fga.yaml:9:11: test \"reading\": check user:anne can_read document:1: expected false, got true\n  9 |           can_read: false\n    |           ^^^^^^^^\n",
        "FAILED t.fga.yaml:11:56: test \"reading\": list_objects user:anne can_read document: expected [document:1, document:2], got [document:1]; missing: [document:2]\n",
        "expected [user:bob], got [user:anne]; missing: [user:bob]; too many: [user:anne]\n",
        "passed: tests 0 of 1, checks 0 of 1, list_objects 0 of 1, list_users 0 of 1\n",
    ] {
        assert!(run.stdout.contains(told), "{told}{}", run.stdout);
    }
    let json = folder.run("--json model test t.fga.yaml", "").json();
    assert_eq!(json["tests"], json!({ "passed": 0, "all": 1 }));
    let failure = &json["failures"][0];
    assert_eq!((&failure["expected"], &failure["got"], &failure["line"]), (&json!(false), &json!(true), &json!(9)));
    // An answer that there is none fails, whatever was expected.
    folder.write("t.fga.yaml", &expect(true, "document:1", "user:anne").replace("{hour: 3}", "{}"));
    let run = folder.run("model test t.fga.yaml", "");
    assert!(run.status == 1 && run.stdout.contains("got an error: condition 'at_night'"), "{}", run.stdout);
    assert_eq!(folder.run("model test t.fga.yaml none.fga.yaml", "").status, 2, "a file that cannot be read");
    folder.write(
        "t.fga.yaml",
        &(expect(true, "", "") + "    tuples: [{user: user:anne, relation: member, object: group:eng}]\n"),
    );
    let run = folder.run("model test t.fga.yaml", "");
    assert!(
        run.status == 2 && run.stderr.contains("t.fga.yaml:18:14: group:eng#member@user:anne: the tuple is among"),
        "{}",
        run.stderr
    );
}
