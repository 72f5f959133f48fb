//! Policy on the command line, out of files: the real program.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::{Folder, Run};

const MODEL: &str = "\
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define owner: [user]
    define viewer: [user, user:*, group#member, user with at_night] or owner
    define blocked: [user]
    define can_read: viewer but not blocked
condition at_night(hour: int) {
  hour >= 22
}
";

const TUPLES: &str = "\
- {user: user:anne, relation: member, object: group:eng}
- {user: group:eng#member, relation: viewer, object: document:1}
- {user: user:bob, relation: viewer, object: document:1}
- {user: user:bob, relation: blocked, object: document:1}
- user: user:cleo
  relation: viewer
  object: document:1
  condition: {name: at_night}
";

const ON: &str = "--model model.fga --tuples tuples.yaml";

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("model.fga", MODEL);
    folder.write("tuples.yaml", TUPLES);
    folder
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/authorization-models")
}

fn store_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(store_files(&path));
        } else if path.to_str().unwrap().ends_with(".fga.yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn run(arguments: &[&str], files: &[PathBuf]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_sentinel")).args(arguments).args(files).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

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
fn a_check_exits_with_its_answer() {
    let folder = folder();
    for (question, more, status, told) in [
        ("user:anne can_read document:1", "", 0, "allowed"),
        ("user:bob can_read document:1", "", 1, "denied"),
        ("user:bob viewer document:1", "", 0, "allowed"),
        ("group:eng#member viewer document:1", "", 0, "allowed"),
        ("user:dan can_read document:1", "", 1, "denied"),
        ("user:dan can_read document:1", "--contextual-tuple group:eng#member@user:dan", 0, "allowed"),
        ("user:dan can_read document:1", "--contextual-tuple document:1#viewer@user:*", 0, "allowed"),
        ("user:cleo can_read document:1", r#"--context {"hour":23}"#, 0, "allowed"),
        ("user:cleo can_read document:1", r#"--context {"hour":12}"#, 1, "denied"),
        // What has no answer is neither an allow nor a deny.
        ("user:cleo can_read document:1", "", 2, "condition 'at_night': context parameters are missing: hour"),
        ("user:anne can_raed document:1", "", 2, "relation 'document#can_raed' not found"),
        ("user:anne can_read documnet:1", "", 2, "type 'documnet' not found"),
        ("anne can_read document:1", "", 2, "the 'user' field is malformed"),
        ("user:anne can_read document:1", "--contextual-tuple document:1#viewer", 2, "object#relation@user"),
        ("user:anne can_read document:1", "--contextual-tuple document:1#can_read@user:x", 2, "type restriction"),
        ("user:anne can_read document:1", "--context {", 2, "this is no JSON object"),
        ("user:anne can_read document:1", "--tuples none.yaml", 2, "none.yaml: cannot be read"),
        ("user:anne can_read document:1", "--tuples model.fga", 2, "files that end in .yaml, .json, .jsonl or .csv"),
        ("user:anne can_read document:1", "--tuples tuples.yaml", 2, "the tuple stands at tuples.yaml:1:3, too"),
    ] {
        let run = folder.run(&format!("check {question} {ON} {more}"), "");
        assert_eq!(run.status, status, "{question} {more}: {}{}", run.stdout, run.stderr);
        let (answer, other) = if status == 2 { (&run.stderr, &run.stdout) } else { (&run.stdout, &run.stderr) };
        assert!(answer.contains(told) && other.is_empty(), "{question} {more}: {answer}");
        let run = folder.run(&format!("--json check {question} {ON} {more}"), "");
        let json = run.json();
        assert_eq!(run.status, status);
        match status {
            2 => assert!(json["ok"] == false && json["mistakes"][0]["message"].as_str().is_some(), "{json}"),
            _ => assert_eq!(json, json!({ "allowed": status == 0 })),
        }
    }
    assert_eq!(folder.run("check user:anne can_read document:1", "").status, 2, "of what?");
}

#[test]
fn an_explanation_is_the_shortest_chain_or_what_was_tried() {
    let folder = folder();
    let run = folder.run(&format!("explain user:anne can_read document:1 {ON}"), "");
    let expected = "\
document:1#can_read@user:anne: allowed
  document:1#can_read: this holds, and what is excluded does not
    document:1#viewer: through the tuple document:1#viewer@group:eng#member
      group:eng#member: by the tuple group:eng#member@user:anne
";
    assert_eq!((run.status, run.stdout.as_str()), (0, expected));
    let json = folder.run(&format!("--json explain user:anne can_read document:1 {ON}"), "").json();
    let chain = json!([
        { "level": 0, "relation": "document:1#can_read", "by": "exclusion" },
        { "level": 1, "relation": "document:1#viewer", "by": "userset", "tuple": "document:1#viewer@group:eng#member" },
        { "level": 2, "relation": "group:eng#member", "by": "tuple", "tuple": "group:eng#member@user:anne" },
    ]);
    assert_eq!((&json["allowed"], &json["steps"]), (&json!(true), &chain));

    let run = folder.run(&format!("explain user:bob can_read document:1 {ON}"), "");
    assert_eq!(run.status, 1);
    for told in [
        "document:1#can_read@user:bob: denied. Tried:\n",
        "  document:1#can_read: it would hold, but the user is excluded\n",
        "  document:1#blocked: there is the tuple document:1#blocked@user:bob\n",
        "  document:1#owner: there is no tuple document:1#owner@user:bob that holds\n",
        "  document:1#viewer: there is no tuple document:1#viewer@user:* that holds\n",
    ] {
        assert!(run.stdout.contains(told), "{told}{}", run.stdout);
    }
    assert!(!run.stdout.contains("owner@user:*"), "there cannot be one: {}", run.stdout);
    let json = folder.run(&format!("--json explain user:bob can_read document:1 {ON}"), "").json();
    let blocked =
        json!({ "level": 0, "relation": "document:1#blocked", "by": "tuple", "tuple": "document:1#blocked@user:bob" });
    assert!(json["allowed"] == false && json["steps"].as_array().unwrap().contains(&blocked), "{json}");
}

#[test]
fn lists_and_expansions() {
    let folder = folder();
    for (command, answer) in [
        ("list objects user:anne can_read document", "document:1\n"),
        ("list objects user:bob can_read document", ""),
        ("list users document:1 viewer group#member", "group:eng#member\n"),
        ("list relations user:anne document:1", "can_read\nviewer\n"),
        ("list relations user:anne document:1 owner viewer", "viewer\n"),
        (
            "expand can_read document:1",
            "document:1#can_read: the first without the second of\n  whoever has document:1#viewer\n  whoever has document:1#blocked\n",
        ),
        ("expand member group:eng", "group:eng#member: user:anne\n"),
        ("expand owner document:1", "document:1#owner: nobody\n"),
    ] {
        let run = folder.run(&format!(r#"{command} {ON} --context {{"hour":1}}"#), "");
        assert_eq!((run.status, run.stdout.as_str()), (0, answer), "{command} {}", run.stderr);
    }
    let json = |command: &str| folder.run(&format!(r#"--json {command} {ON} --context {{"hour":1}}"#), "").json();
    assert_eq!(json("list users document:1 viewer user"), json!({ "users": ["user:anne", "user:bob"] }));
    let leaf = json!({ "name": "group:eng#member", "leaf": { "users": { "users": ["user:anne"] } } });
    assert_eq!(json("expand member group:eng"), json!({ "tree": { "root": leaf } }));
    assert_eq!(folder.run(&format!("list objects user:anne owner none {ON}"), "").status, 2);
}

#[test]
fn mistakes_have_their_places() {
    let folder = folder();
    let store = |rest: &str| {
        let model = MODEL.lines().map(|line| format!("  {line}\n")).collect::<String>();
        format!("name: a store\nmodel: |\n{model}{rest}")
    };
    let mut wrong = Vec::new();
    let json_model = run(&["model", "format", "--to", "json"], &[folder.path("model.fga")]).stdout;
    for (file, text, place) in [
        ("m.fga", MODEL.replace("or owner", "or ownr"), "m.fga:10:72: the relation `ownr` does not exist."),
        ("m.fga", MODEL.replace("[user, group#member]\n", "[usr]\n"), "m.fga:6:21: `usr` is not a valid type."),
        ("m.fga", MODEL.replace("owner: ", "owner "), "m.fga:9:18: missing ':'"),
        ("m.fga", MODEL.replace("hour >= 22", "hour >= \"22\""), "m.fga:14:8: condition `at_night`: "),
        ("m.fga", MODEL.replace(", user with at_night", ""), "m.fga:13:11: `at_night` condition is not used"),
        ("m.fga", "module m\ntype user\n".to_owned(), "m.fga: this is one module of a model"),
        ("m.json", json_model.replace("\"1.1\",", "\"1.1\""), "m.json:"),
        ("m.json", json_model.replace("\"ownr\"", ""), ""),
        ("fga.mod", "schema: '1.2'\ncontents:\n  - none.fga\n".to_owned(), "fga.mod:3:5: "),
        ("fga.mod", "schema: '1.2'\ncontents:\n  - ../m.fga\n".to_owned(), "fga.mod:3:5: invalid contents item"),
        // In the lines of a block, as deep as it is indented.
        (
            "s.fga.yaml",
            store("").replace("or owner", "or ownr"),
            "s.fga.yaml:12:74: the relation `ownr` does not exist.",
        ),
        ("s.fga.yaml", store("").replace("hour >= 22", "hour > true"), "s.fga.yaml:16:10: condition `at_night`: "),
        (
            "s.fga.yaml",
            store("tuples:\n  - {user: user:a, relation: viewr, object: document:1}\n"),
            "s.fga.yaml:19:5: document:1#viewr@user:a: ",
        ),
        (
            "s.fga.yaml",
            store("tuples:\n  - {user: user:a, object: document:1}\n"),
            "s.fga.yaml:19:5: the tuple has no `relation`",
        ),
        ("s.fga.yaml", store("tuple_file: ./none.yaml\n"), "s.fga.yaml:18:13: "),
        ("s.fga.yaml", store("tuple_file: /etc/passwd\n"), "s.fga.yaml:18:13: /etc/passwd lies outside of the folder"),
        ("s.fga.yaml", store("testz: []\n"), "s.fga.yaml:18:1: a store file has no field `testz`"),
        ("s.fga.yaml", store("name: twice\n"), "s.fga.yaml:18:1: `name` stands here twice"),
        ("s.fga.yaml", store("tests: [\n"), "s.fga.yaml:"),
        (
            "s.fga.yaml",
            store("tests:\n  - check:\n    - object: document:1\n"),
            "s.fga.yaml:20:7: `user` or `users` is missing",
        ),
        (
            "s.fga.yaml",
            store("tests:\n  - check:\n    - {user: user:a, object: document:1, assertions: {viewer: maybe}}\n"),
            "s.fga.yaml:20:63: an assertion must be true or false",
        ),
        (
            "s.fga.yaml",
            store(
                "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
            ),
            "s.fga.yaml:2",
        ),
        ("s.fga.yaml", format!("name: {}1{}\n", "[".repeat(70), "]".repeat(70)), "s.fga.yaml:1:7"),
        ("s.fga.yaml", "name: no model\n".to_owned(), "s.fga.yaml: there is no `model`"),
    ] {
        if text == json_model || text == MODEL {
            continue;
        }
        folder.write(file, &text);
        let run = folder.run(&format!("model validate {file}"), "");
        assert_eq!(run.status, 1, "{file}: {text}");
        if !run.stderr.starts_with(place) {
            wrong.push(format!("{place}\n{}", run.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let run = folder.run("model validate model.fga none.fga", "");
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("none.fga: cannot be read") && run.stdout.contains("model.fga: valid"));
}

#[test]
fn the_line_stands_below_a_mistake_with_a_caret() {
    let folder = folder();
    folder.write("m.fga", &MODEL.replace("or owner", "or \u{1b}[31mownr"));
    let run = folder.run("model validate m.fga", "");
    assert!(!run.stderr.contains('\u{1b}'), "nothing steers the terminal: {:?}", run.stderr);
    folder.write("m.fga", &MODEL.replace("[user]\n    define viewer", "[usr]\n\tdefine viewer"));
    let run = folder.run("model validate m.fga", "");
    let expected = "m.fga:9:20: `usr` is not a valid type. [invalid-type]\n  9 |     define owner: [usr]\n    |                    ^^^\n";
    assert_eq!(run.stderr, expected);
    let json = folder.run("--json model validate m.fga", "").json();
    let told = json!({ "file": "m.fga", "line": 9, "column": 20, "kind": "invalid-type", "message": "`usr` is not a valid type." });
    assert_eq!(json, json!({ "ok": false, "mistakes": [told] }));
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

#[test]
fn tuples_are_the_same_in_every_form() {
    let folder = folder();
    folder.write(
        "t.csv",
        "user_type,user_id,user_relation,relation,object_type,object_id,condition_name,condition_context,expires_at\n\
         user,anne,,member,group,eng,,,\ngroup,eng,member,viewer,document,1,,,\n\
         user,cleo,,viewer,document,1,at_night,\"{\"\"hour\"\": 23}\",\nuser,old,,viewer,document,1,,,2020-01-01T00:00:00Z\n",
    );
    let rows = [
        json!({ "user": "user:anne", "relation": "member", "object": "group:eng" }),
        json!({ "user": "group:eng#member", "relation": "viewer", "object": "document:1" }),
        json!({ "user": "user:cleo", "relation": "viewer", "object": "document:1", "condition": { "name": "at_night", "context": { "hour": 23 } } }),
        json!({ "user": "user:old", "relation": "viewer", "object": "document:1", "expires_at": "2020-01-01T00:00:00Z" }),
    ];
    folder.write("t.jsonl", &rows.iter().map(|row| format!("{row}\n\n")).collect::<String>());
    folder.write("t.json", &serde_json::to_string_pretty(&rows).unwrap());
    folder.write("t.yaml", &serde_json::to_string_pretty(&rows).unwrap());
    folder.write("t.fga.yaml", &json!({ "tuples": rows }).to_string());
    for file in ["t.csv", "t.jsonl", "t.json", "t.yaml", "t.fga.yaml"] {
        let run =
            folder.run(&format!("--json list users document:1 can_read user --model model.fga --tuples {file}"), "");
        assert_eq!(run.json(), json!({ "users": ["user:anne", "user:cleo"] }), "{file}: {}", run.stderr);
    }
    for (file, text, place) in [
        (
            "t.csv",
            "user_type,user_id,relation,object_type\n",
            "t.csv:1:1: the first line has to name the columns: `object_id` is missing",
        ),
        ("t.csv", "user_type,user_id,relation,object_type,object_id,x\n", "t.csv:1:1: there is no column `x`"),
        (
            "t.csv",
            "user_type,user_id,relation,object_type,object_id\nuser,a,viewer,document\n",
            "t.csv:2:1: 4 columns where there are 5",
        ),
        (
            "t.csv",
            "user_type,user_id,relation,object_type,object_id\nuser,a,viewer,document,1\nuser,b,viewr,document,1\n",
            "t.csv:3:1: document:1#viewr@user:b: relation",
        ),
        (
            "t.jsonl",
            "{\"user\":\"user:a\",\"relation\":\"viewer\",\"object\":\"document:1\"}\n{\"user\":1}\n",
            "t.jsonl:2:1: invalid type: integer",
        ),
        (
            "t.jsonl",
            "{\"user\":\"user:a\",\"relation\":\"viewer\",\"objct\":\"document:1\"}\n",
            "t.jsonl:1:1: unknown field `objct`",
        ),
        (
            "t.json",
            "[\n  {\"user\":\"user:a\",\"relation\":\"viewer\",\"object\":\"document:1\"},\n  {}\n]",
            "t.json:3:3: missing field `user`",
        ),
        ("t.json", "[\n  {\"user\":\n]", "t.json:3:1: this is not a list of tuples in JSON"),
        ("t.yaml", "tuples: []\n", "t.yaml:1:1: tuples are a list"),
        (
            "t.yaml",
            "- user: user:a\n  relation: viewer\n  object: document:1\n  expires_at: tomorrow\n",
            "t.yaml:4:15: tomorrow is no moment",
        ),
        (
            "t.yaml",
            "- user: user:a\n  relation: viewer\n  object: document:1\n  condition: {name: at_night, context: {hour: .nan}}\n",
            "t.yaml:4:47: .nan is no number",
        ),
    ] {
        folder.write(file, text);
        let run = folder.run(&format!("check user:anne viewer document:1 --model model.fga --tuples {file}"), "");
        assert_eq!(run.status, 2, "{file}: {text}");
        assert!(run.stderr.starts_with(place), "{place}\n{}", run.stderr);
    }
}

#[test]
fn a_model_is_formatted_and_keeps_its_comments() {
    let folder = folder();
    let wild = "# The model.\nmodel\n  schema   1.1\ntype  user # people\ntype document\n  relations\n    # who reads\n\n    # and more\n    define viewer :  [ user,user:* ]   or   editor # any\n    define editor: [user,\n      user with at_night]\n\n\n    # end\ncondition at_night(hour:int,b:string) {\n   hour >= 9 && b == \"x\"\n}\n# over\n";
    let tidy = "# The model.\nmodel\n  schema 1.1\n\ntype user # people\n\ntype document\n  relations\n    # who reads\n\n    # and more\n    define viewer: [user, user:*] or editor # any\n    define editor: [user, user with at_night]\n\n# end\ncondition at_night(hour: int, b: string) {\n  hour >= 9 && b == \"x\"\n}\n\n# over\n";
    folder.write("w.fga", wild);
    let run = folder.run("model format w.fga", "");
    assert_eq!((run.status, run.stdout.as_str()), (0, tidy), "{}", run.stderr);
    assert_eq!(folder.read("w.fga"), wild, "printed only");
    let run = folder.run("model format --check w.fga model.fga", "");
    assert_eq!((run.status, run.stdout.as_str()), (1, "w.fga: not formatted\nmodel.fga: not formatted\n"));
    assert_eq!(folder.run("model format --write w.fga model.fga", "").status, 0);
    assert_eq!(folder.read("w.fga"), tidy);
    assert_eq!(folder.run("model format --check w.fga model.fga", "").status, 0);
    assert_eq!(std::fs::read_dir(folder.path(".")).unwrap().count(), 3, "nothing else is left");
    // There and back again.
    let json = folder.run("model format --to json model.fga", "").stdout;
    folder.write("m.json", &json);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["schema_version"], "1.1");
    assert_eq!(folder.run("model format --to fga m.json", "").stdout, folder.read("model.fga"));
    assert_eq!(folder.run("model format --check m.json", "").status, 0);
    // Where a comment cannot stay in its place the text stays as it is.
    folder.write("c.fga", &MODEL.replace("  hour >= 22\n", "  hour >= 22 # late\n"));
    let run = folder.run("model format --write c.fga", "");
    assert_eq!(run.status, 0, "{}", run.stderr);
    assert!(folder.read("c.fga").ends_with("condition at_night(hour: int) {\n  hour >= 22 # late\n}\n"));
    folder.write("c.fga", "model\n  schema 1.1\ntype user\n  relations\n    define a: b");
    assert_eq!(folder.run("model format c.fga", "").status, 0, "what it means is not judged");
    folder.write("c.fga", "model\n  schema 1.1\ntipe user\n");
    let run = folder.run("model format --write c.fga", "");
    assert!(run.status == 2 && run.stderr.starts_with("c.fga:3:1: "), "{}", run.stderr);
    assert_eq!(folder.run("model format w.fga model.fga", "").status, 2, "one at a time is printed");
}

#[cfg(unix)]
#[test]
fn a_store_file_reaches_no_further_than_its_folder() {
    let folder = folder();
    std::fs::create_dir(folder.path("inner")).unwrap();
    std::os::unix::fs::symlink("../model.fga", folder.path("inner/link.fga")).unwrap();
    for name in ["../model.fga", "link.fga", "./../inner/../model.fga"] {
        folder.write("inner/s.fga.yaml", &format!("model_file: {name}\n"));
        let run = folder.run("model test inner/s.fga.yaml", "");
        assert!(run.status == 2 && run.stderr.contains("lies outside of the folder"), "{name}: {}", run.stderr);
        let run = folder.run("model test --allow-external-files inner/s.fga.yaml", "");
        assert_eq!(run.status, 0, "{name}: {}", run.stderr);
    }
    folder.write("inner/s.fga.yaml", "model_file: /dev/zero\n");
    let run = folder.run("model test --allow-external-files inner/s.fga.yaml", "");
    assert!(run.status == 2 && run.stderr.contains("no regular file"), "{}", run.stderr);
}
