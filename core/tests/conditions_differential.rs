//! Our expression language against another implementation of it, the crate `cel`, on random well-typed expressions.
//!
//! What the two may differ in is listed in [`excused`], each with its reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "part of tests")]

#[path = "support/expressions.rs"]
mod expressions;
#[path = "support/parameter_type.rs"]
mod parameter_type;

use expressions::{Expressions, Kind, PARAMETERS, Random, context};
use parameter_type::parameter_type;
use sentinel_core::Limits;
use sentinel_core::policy::condition::{Context, EvaluationError, Map, Program};
use sentinel_core::policy::model::{Condition, Parameter};

/// A value of the context as a literal of the language, typed as the parameter is.
fn literal(type_name: &str, value: &serde_json::Value) -> String {
    let number = || value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap());
    match type_name {
        "int" if value.is_string() => value.as_str().unwrap().to_string(),
        "int" => format!("{}", number() as i64),
        "uint" => format!("{}u", number() as u64),
        "double" => format!("{:?}", number()),
        "timestamp" | "duration" => format!("{type_name}({value})"),
        "any" if value.is_number() => format!("{:?}", number()),
        _ => match value {
            serde_json::Value::Array(items) => {
                let of = type_name.strip_prefix("list<").map_or("any", |of| of.trim_end_matches('>'));
                format!("[{}]", items.iter().map(|item| literal(of, item)).collect::<Vec<_>>().join(", "))
            }
            serde_json::Value::Object(entries) => {
                let of = type_name.strip_prefix("map<").map_or("any", |of| of.trim_end_matches('>'));
                let entries = entries.iter().map(|(key, item)| format!("\"{key}\": {}", literal(of, item)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            other => other.to_string(),
        },
    }
}

fn theirs(expression: &str, context: &str) -> Result<bool, String> {
    let values: serde_json::Value = serde_json::from_str(context).unwrap();
    let mut variables = cel::Context::default();
    for (name, type_name) in PARAMETERS.iter().filter(|(_, type_name)| *type_name != "ipaddress") {
        let text = literal(type_name, &values[*name]);
        let value = cel::Program::compile(&text).unwrap().execute(&cel::Context::default()).unwrap();
        variables.add_variable_from_value(*name, value);
    }
    match cel::Program::compile(expression).map_err(|error| error.to_string())?.execute(&variables) {
        Ok(cel::Value::Bool(truth)) => Ok(truth),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    }
}

fn ours(expression: &str, context: &str) -> Option<Result<bool, String>> {
    let parameters = PARAMETERS
        .iter()
        .map(|(name, type_name)| Parameter { name: (*name).to_string(), type_name: parameter_type(type_name) });
    let condition = Condition {
        name: "random".into(),
        expression: expression.into(),
        parameters: parameters.collect(),
        origin: None,
    };
    // A constant that cannot be computed is refused when compiled, in cel-go too.
    let program = match Program::compile(&condition) {
        Ok(program) => program,
        Err(error) if error.message.starts_with("condition expression construction") => return None,
        // What an empty literal holds is not known, and becomes what it is first used as.
        Err(_) if expression.contains("[]") || expression.contains("{}") => return None,
        Err(error) => panic!("{expression}: {error}"),
    };
    let request = Map::from_json(context.as_bytes(), &Limits::DEFAULT).unwrap();
    Some(match program.evaluate(&Context::new(Some(&request), None), u64::MAX) {
        Ok(truth) => Ok(truth),
        Err(EvaluationError::Failed(why)) => Err(why),
        Err(other) => panic!("{expression}: {other}"),
    })
}

/// Where the crate is known to answer otherwise. In all of it we do as cel-go does.
fn excused(expression: &str, context: &str, theirs: &Result<bool, String>) -> bool {
    // It reads clock and calendar in the offset that a moment was written with; the language says UTC.
    let offset = expression.contains(".get") && (expression.contains("+02:00") || context.contains("+02:00"));
    // It refuses a map literal that has a key twice; in cel-go the later one stays.
    let repeated = theirs.as_ref().is_err_and(|why| why.contains("repeated key"));
    // cel-go computes `x in []` without evaluating `x`.
    let nowhere = expression.contains(" in []") && theirs.is_err();
    offset || repeated || nowhere
}

#[test]
fn random_expressions_evaluate_as_elsewhere() {
    let (mut compared, mut differing) = (0, Vec::new());
    for seed in 0..3_000 {
        let mut random = Random(seed);
        let depth = 1 + random.below(4);
        let expression = Expressions::new(&mut random).expression(Kind::Bool, depth);
        let context = context(&mut random, true);
        if expression.contains("p1") {
            continue;
        }
        let Some(ours) = ours(&expression, &context) else { continue };
        let theirs = theirs(&expression, &context);
        compared += 1;
        let same = match (&ours, &theirs) {
            (Ok(a), Ok(b)) => a == b,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if !same && !excused(&expression, &context, &theirs) {
            differing.push(format!("{seed}: {expression}\n  ours {ours:?}\n  theirs {theirs:?}\n  {context}"));
        }
    }
    assert!(compared > 2_500, "{compared}");
    assert!(differing.is_empty(), "{} differ\n{}", differing.len(), differing[..differing.len().min(20)].join("\n"));
}
