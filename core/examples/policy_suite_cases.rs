//! Prints OpenFGA's own suites, from the folder that `SENTINEL_POLICY_SUITE` names, for the runners that ask the policy engine in
//! WebAssembly. See `core/tests/policy_suites.rs` for where they come from and how they run natively.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use std::path::Path;

use serde_json::{Value, json};

fn main() {
    let folder = std::env::var("SENTINEL_POLICY_SUITE").expect("SENTINEL_POLICY_SUITE names the suites' folder");
    let mut policies = Vec::new();
    let mut assertions = 0;
    for name in ["consolidated_1_1_tests.yaml", "abac_tests.yaml"] {
        let suite: Value =
            serde_yaml_ng::from_str(&std::fs::read_to_string(Path::new(&folder).join(name)).unwrap()).unwrap();
        for test in list(&suite, "tests") {
            let stages = list(test, "stages");
            for (at, stage) in stages.iter().enumerate() {
                let asked = asserted(stage);
                assertions += asked.len();
                // Stored tuples stay from stage to stage, and the later stages' models may not allow them any more.
                let before: Vec<Value> = stages[..at]
                    .iter()
                    .map(|stage| json!({ "model": stage["model"], "tuples": list(stage, "tuples") }))
                    .collect();
                policies.push(json!({
                    "name": format!("{name}: {}, stage {at}", test["name"].as_str().unwrap()),
                    "before": before,
                    "model": stage["model"],
                    "tuples": list(stage, "tuples"),
                    "contextual": stages.len() == 1,
                    "assertions": asked,
                }));
            }
        }
    }
    assert_eq!(assertions, 1216, "the suites have another number of assertions");
    println!("{}", json!({ "suite": "OpenFGA", "policies": policies }));
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn asserted(stage: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for (section, kind) in
        [("checkAssertions", "check"), ("listObjectsAssertions", "list_objects"), ("listUsersAssertions", "list_users")]
    {
        for assertion in list(stage, section) {
            let mut asked = assertion[if kind == "check" { "tuple" } else { "request" }].clone();
            if kind == "list_users" {
                asked["filter"] = list(&asked, "filters")[0].clone();
                asked.as_object_mut().unwrap().remove("filters");
            }
            asked["kind"] = kind.into();
            asked["contextualTuples"] = list(assertion, "contextualTuples").into();
            if !assertion["context"].is_null() {
                asked["context"] = assertion["context"].clone();
            }
            asked["code"] = assertion["errorCode"].as_u64().unwrap_or(0).into();
            asked["expect"] = match &assertion["expectation"] {
                Value::Null if kind == "check" => false.into(),
                Value::Null => json!([]),
                expected => expected.clone(),
            };
            all.push(asked);
        }
    }
    all
}
