//! The conformance tests of the Common Expression Language.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "part of tests")]

#[path = "../support/parameter_type.rs"]
mod parameter_type;

use parameter_type::parameter_type;
use sentinel_core::Limits;
use sentinel_core::policy::condition::{Context, Map, Program};
use sentinel_core::policy::model::{Condition, Parameter};
use serde_json::Value;

/// Whether an expression holds in a case's context.
fn holds(case: &Value, expression: String) -> Result<bool, String> {
    let parameters = case["parameters"].as_object().unwrap().iter().map(|(name, type_name)| Parameter {
        name: name.clone(),
        type_name: parameter_type(type_name.as_str().unwrap()),
    });
    let condition = Condition { name: "case".into(), expression, parameters: parameters.collect(), origin: None };
    let program = Program::compile(&condition).map_err(|error| error.to_string())?;
    let context = Map::from_json(case["context"].to_string().as_bytes(), &Limits::DEFAULT).unwrap();
    let context = if condition.parameters.is_empty() { None } else { Some(&context) };
    program.evaluate(&Context::new(context, None), u64::MAX).map_err(|error| error.to_string())
}

fn outcome(case: &Value) -> Result<(), String> {
    // On a line of its own: an expression may end in a comment.
    let expr = format!("(\n{}\n)", case["expr"].as_str().unwrap());
    match case["value"].as_str() {
        None => match holds(case, format!("dyn({expr}) == dyn({expr})")) {
            Ok(_) => Err("no error".to_string()),
            Err(_) => Ok(()),
        },
        Some(value) => {
            let same = match value {
                "double(\"NaN\")" => format!("{expr} != {expr}"),
                _ => format!("type({expr}) == type({value}) && dyn({expr}) == dyn({value})"),
            };
            match holds(case, same)? {
                true => Ok(()),
                false => Err(format!("is not {value}")),
            }
        }
    }
}

/// What we do otherwise: part of a case's name, and why.
const OTHERWISE: [(&str, &str); 8] = [
    ("map_bad_key_type_or_true", "a key of a wrong type is refused when compiled, as cel-go's optimizer does"),
    ("map_bad_key_type_and_false", "a key of a wrong type is refused when compiled, as cel-go's optimizer does"),
    ("map_key_float", "cel-go takes keys of any plain type"),
    ("map_value_repeat_key", "a key written twice: in cel-go the later one stays"),
    ("selectors_tz/getDate", "there is no table of named time zones here"),
    ("selectors_tz/getDayOfMonth_name", "there is no table of named time zones here"),
    ("selectors_tz/getDayOfYear", "there is no table of named time zones here"),
    ("selectors_tz/getMinutes", "there is no table of named time zones here"),
];

#[test]
fn conformance_of_the_expression_language() {
    let document: Value = serde_json::from_str(include_str!("cases.json")).unwrap();
    let cases = document["cases"].as_array().unwrap();
    let mut failed = Vec::new();
    let mut used = [false; OTHERWISE.len()];
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let known = OTHERWISE.iter().position(|(part, _)| name.contains(part));
        match (outcome(case), known) {
            (Ok(()), None) => {}
            (Err(_), Some(index)) => used[index] = true,
            (Ok(()), Some(_)) => failed.push(format!("{name} passes, although it is listed")),
            (Err(why), None) => failed.push(format!("{name}: {}: {why}", case["expr"])),
        }
    }
    assert!(failed.is_empty(), "{} of {} fail\n{}", failed.len(), cases.len(), failed.join("\n"));
    assert!(used.iter().all(|used| *used), "a listed case is gone");
    assert!(cases.len() > 1_000);
}
