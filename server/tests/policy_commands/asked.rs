//! Questions.

use serde_json::json;

use crate::{ON, folder};

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
