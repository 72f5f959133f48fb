//! Prints `tests/policy/generated.json`: random models, tuples and what follows from them, for the runners that ask the policy
//! engine in WebAssembly. Every answer is the independent oracle's, and the engine here agrees with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![allow(dead_code, reason = "the generator is shared with the tests")]

#[path = "../tests/policy/generate.rs"]
mod generate;
#[path = "../tests/policy/oracle.rs"]
mod oracle;

use std::collections::{BTreeMap, BTreeSet};

use generate::{Case, Random, case, user};
use oracle::{Answer, Oracle, type_of};
use sentinel_core::policy::model::{Parameter, ParameterType};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Budget, CompiledModel, Evaluator, Index, ModelConditions, QueryError};

/// How many checks are to be printed at least.
const CHECKS: usize = 20_000;
const DEPTH: u32 = 10_000;

fn main() {
    let mut cases = Vec::new();
    let (mut checks, mut errors) = (0, 0);
    for seed in 0.. {
        if let Some((case, asked, failed)) = one(seed) {
            cases.push(case);
            checks += asked;
            errors += failed;
        }
        if checks >= CHECKS {
            break;
        }
    }
    assert!(errors > 100, "hardly any condition fails: {errors} of {checks}");
    println!("{{\"suite\":\"policy, generated\",\"policies\":[\n{}\n]}}", cases.join(",\n"));
}

/// As JSON, whose members' order is not left to the features of a library.
fn text(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

fn texts<'a>(values: impl IntoIterator<Item = &'a String>) -> String {
    format!("[{}]", values.into_iter().map(|value| text(value)).collect::<Vec<_>>().join(","))
}

fn key(tuple: &TupleKey) -> String {
    let [user, relation, object] = [tuple.user(), tuple.relation(), tuple.object()].map(text);
    let condition = match tuple.condition() {
        Some(condition) if condition.context.is_empty() => {
            format!(",\"condition\":{{\"name\":{}}}", text(&condition.name))
        }
        Some(condition) => {
            format!(",\"condition\":{{\"name\":{},\"context\":{}}}", text(&condition.name), condition.context)
        }
        None => String::new(),
    };
    format!("{{\"user\":{user},\"relation\":{relation},\"object\":{object}{condition}}}")
}

/// A case with the numbers of its checks and of those that have no answer; `None` where the model would not be accepted.
fn one(seed: u64) -> Option<(String, usize, usize)> {
    let mut random = Random(seed);
    let Case { mut model, tuples } = case(&mut random);
    for condition in &mut model.conditions {
        // Met where the tuple says so, and without an answer where nothing says anything.
        condition.parameters = vec![Parameter { name: "v".into(), type_name: ParameterType::String }];
    }
    model.validate().ok()?;
    let compiled = CompiledModel::compile(&model).unwrap();
    let conditions = ModelConditions::compile(&model).unwrap();
    let in_context = conditions.in_context(None);
    let oracle = Oracle::new(&model, &[]);
    let mut kept: BTreeMap<[String; 3], TupleKey> = BTreeMap::new();
    for tuple in tuples.into_iter().filter(|tuple| oracle.is_allowed(tuple)) {
        kept.entry([tuple.object(), tuple.relation(), tuple.user()].map(String::from)).or_insert(tuple);
    }
    let tuples: Vec<TupleKey> = kept.into_values().collect();
    if tuples.len() < 8 {
        return None;
    }
    let oracle = Oracle::new(&model, &tuples);
    let index = Index::from_tuples(&tuples).unwrap();
    let budget = Budget { depth: DEPTH, ..Budget::DEFAULT };
    let evaluator = Evaluator::new(&compiled, &index).with_conditions(&in_context).with_budget(budget);

    let users: BTreeSet<String> = (0..4).map(|_| user(&mut random)).collect();
    let mut objects = BTreeSet::new();
    let mut answers = Vec::new();
    let (mut checks, mut errors) = (0, 0);
    for user in users {
        if user.contains("#b") && !compiled.has_relation(user.split(':').next().unwrap(), "b") {
            continue;
        }
        let mut by_relation: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
        for ((object, relation), expected) in oracle.all(&user, &["document:new"]) {
            let found = match evaluator.check(&object, &relation, &user) {
                Ok(true) => Answer::Yes,
                Ok(false) => Answer::No,
                Err(QueryError::Condition(..)) => Answer::Error,
                Err(other) => panic!("seed {seed}: {other}"),
            };
            assert_eq!(found, expected, "seed {seed}: {object}#{relation}@{user}");
            let (yes, error) = by_relation.entry(relation).or_default();
            match expected {
                Answer::Yes => yes.push(object.clone()),
                Answer::Error => error.push(object.clone()),
                _ => {}
            }
            checks += 1;
            errors += usize::from(expected == Answer::Error);
            objects.insert(object);
        }
        let by_relation = by_relation.into_iter().map(|(relation, (yes, error))| {
            format!("{}:{{\"yes\":{},\"error\":{}}}", text(&relation), texts(&yes), texts(&error))
        });
        answers.push(format!("{}:{{{}}}", text(&user), by_relation.collect::<Vec<_>>().join(",")));
    }
    let mut lists = Vec::new();
    for object in objects.iter().filter(|object| oracle.relation(type_of(object), "a").is_some()).take(3) {
        for of in ["user", "group"] {
            if let Ok(found) = evaluator.list_users(object, "a", of, None) {
                let (of, object) = (text(of), text(object));
                lists.push(format!(
                    "{{\"object\":{object},\"relation\":\"a\",\"type\":{of},\"users\":{}}}",
                    texts(&found)
                ));
            }
        }
    }
    let case = format!(
        "{{\"name\":\"seed {seed}\",\"model\":{},\"max_depth\":{DEPTH},\"tuples\":[{}],\"objects\":{},\"answers\":{{{}}},\"list_users\":[{}]}}",
        model.to_json(),
        tuples.iter().map(key).collect::<Vec<_>>().join(","),
        texts(&objects),
        answers.join(","),
        lists.join(",")
    );
    Some((case, checks, errors))
}
