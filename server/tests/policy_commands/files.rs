//! Models and tuples in files: mistakes and their places, forms, formatting.

use serde_json::{Value, json};

use crate::{MODEL, folder, run};

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
