//! OpenFGA's own suites (`assets/tests` of openfga/openfga, Apache-2.0), run from a folder outside: they are in no published
//! package.
//!
//! `SENTINEL_POLICY_SUITE=/folder cargo test -p sentinel-core --test policy_suites -- --nocapture`, where the folder holds
//! `consolidated_1_1_tests.yaml` and `abac_tests.yaml`. Every assertion runs with the tuples stored, and, as in the
//! reference, a second time with them contextual where a test has one stage.
#![cfg(all(feature = "engine", feature = "dsl", feature = "conditions"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "policy/driver.rs"]
mod driver;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use sentinel_core::Limits;
use sentinel_core::policy::condition::Map;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{
    CompiledModel, ConditionsInContext, Evaluator, Index, ModelConditions, Outcome, Query, QueryError, Resolver,
};
use serde_json::Value;

#[derive(Default)]
struct Report {
    counts: BTreeMap<&'static str, (u32, u32)>,
    failures: Vec<String>,
}

impl Report {
    fn tell(&mut self, kind: &'static str, ok: bool, what: impl Fn() -> String) {
        let count = self.counts.entry(kind).or_default();
        count.0 += 1;
        count.1 += u32::from(ok);
        if !ok {
            self.failures.push(what());
        }
    }
}

#[test]
fn openfga_suites() {
    let Ok(folder) = std::env::var("SENTINEL_POLICY_SUITE") else {
        // Past the capture of a passing test's output: what did not run is always told.
        let _ = writeln!(std::io::stderr(), "SENTINEL_POLICY_SUITE names no folder: OpenFGA's suites did not run");
        return;
    };
    for (name, assertions) in [("consolidated_1_1_tests.yaml", 925), ("abac_tests.yaml", 291)] {
        let mut report = Report::default();
        suite(&std::fs::read_to_string(Path::new(&folder).join(name)).unwrap(), &mut report);
        assert_passed(name, &report, assertions);
    }
}

fn assert_passed(name: &str, report: &Report, assertions: u32) {
    let stored: u32 = report.counts.iter().filter(|(kind, _)| !kind.contains(' ')).map(|(_, count)| count.0).sum();
    println!("{name}: {stored} assertions; passed of all, with the tuples stored and contextual:");
    for (kind, (all, passed)) in &report.counts {
        println!("  {kind}: {passed} of {all}");
    }
    for failure in report.failures.iter().take(40) {
        println!("FAILED {failure}");
    }
    assert_eq!(stored, assertions, "{name} has another number of assertions");
    assert!(report.failures.is_empty(), "{name}: {} failed", report.failures.len());
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn suite(text: &str, report: &mut Report) {
    let suite: Value = serde_yaml_ng::from_str(text).unwrap();
    for test in list(&suite, "tests") {
        let stages = list(test, "stages");
        // Stored tuples stay from stage to stage, and the later stages' models may not allow them any more.
        let mut index = Index::default();
        for stage in stages {
            let name = test["name"].as_str().unwrap();
            let source = AuthorizationModel::from_dsl(stage["model"].as_str().unwrap());
            let source = source.unwrap_or_else(|error| panic!("{name}: {error}"));
            let model = CompiledModel::compile(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
            let conditions = ModelConditions::compile(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
            let tuples: Vec<TupleKey> = list(stage, "tuples").iter().map(|one| tuple(one).unwrap()).collect();
            for tuple in &tuples {
                let all = conditions.in_context(None);
                Evaluator::new(&model, &index).with_conditions(&all).validate(tuple).unwrap();
                index.insert(tuple).unwrap();
            }
            run(name, stage, &model, &conditions, &index, None, report);
            if stages.len() == 1 {
                run(name, stage, &model, &conditions, &Index::default(), Some(&tuples), report);
            }
        }
    }
}

fn tuple(value: &Value) -> Result<TupleKey, QueryError> {
    let part = |name: &str| value[name].as_str().unwrap();
    let tuple = TupleKey::new(part("object"), part("relation"), part("user"));
    let tuple = tuple.map_err(|error| QueryError::InvalidTuple(value.to_string(), error.to_string()))?;
    Ok(match value["condition"]["name"].as_str() {
        Some(name) => {
            let context = &value["condition"]["context"];
            tuple.with_condition(name, &if context.is_null() { String::new() } else { context.to_string() })
        }
        None => tuple,
    })
}

fn run(
    name: &str,
    stage: &Value,
    model: &CompiledModel,
    conditions: &ModelConditions,
    index: &Index,
    contextual: Option<&[TupleKey]>,
    report: &mut Report,
) {
    let also = contextual.is_some();
    for (section, stored, second) in [
        ("checkAssertions", "check", "check contextual"),
        ("listObjectsAssertions", "list_objects", "list_objects contextual"),
        ("listUsersAssertions", "list_users", "list_users contextual"),
    ] {
        for assertion in list(stage, section) {
            let context = &assertion["context"];
            let request =
                (!context.is_null()).then(|| Map::from_json(context.to_string().as_bytes(), &Limits::DEFAULT).unwrap());
            let conditions: ConditionsInContext<'_> = conditions.in_context(request.as_ref());
            let found: Result<Vec<String>, QueryError> = (|| {
                let own = list(assertion, "contextualTuples").iter().map(tuple).collect::<Result<Vec<_>, _>>()?;
                let evaluator = Evaluator::new(model, index).with_conditions(&conditions);
                let evaluator = evaluator.with_tuples(own.iter().chain(contextual.unwrap_or_default()))?;
                ask(section, assertion, &evaluator)
            })();
            // The same without an index: a storage that is read in rounds. What is not valid is told before any read.
            let stored_tuples: Vec<TupleKey> = index.tuples().collect();
            let in_rounds: Result<Vec<String>, QueryError> = (|| {
                let own = list(assertion, "contextualTuples").iter().map(tuple).collect::<Result<Vec<_>, _>>()?;
                let resolver = Resolver::new(model, query(section, assertion)).with_conditions(&conditions);
                let resolver = resolver.with_tuples(own.iter().chain(contextual.unwrap_or_default()))?;
                Ok(match driver::drive(resolver, &stored_tuples, &mut |_| true).0? {
                    Outcome::Decision(allowed) => vec![allowed.to_string()],
                    Outcome::Names(names) => names,
                    other => panic!("{other:?}"),
                })
            })();
            report.tell(if also { "rounds contextual" } else { "rounds (stored)" }, in_rounds == found, || {
                format!("{name}, in rounds: {in_rounds:?} and not {found:?} for {assertion}")
            });
            let ok = match (&found, assertion["errorCode"].as_u64().unwrap_or(0)) {
                (Err(error), code) => u64::from(error.openfga_code().1) == code,
                (Ok(found), 0) => *found == expected(section, assertion),
                _ => false,
            };
            report.tell(if also { second } else { stored }, ok, || {
                format!("{name}, contextual {also}: {found:?} for {assertion}")
            });
        }
    }
}

fn query<'a>(section: &str, assertion: &'a Value) -> Query<'a> {
    let request = &assertion[if section == "checkAssertions" { "tuple" } else { "request" }];
    let part = |name: &str| request[name].as_str().unwrap();
    match section {
        "checkAssertions" => Query::Check { object: part("object"), relation: part("relation"), user: part("user") },
        "listObjectsAssertions" => {
            Query::ListObjects { type_name: part("type"), relation: part("relation"), user: part("user") }
        }
        _ => {
            let filter = list(request, "filters")[0].as_str().unwrap();
            let (type_name, userset) = filter.split_once('#').map_or((filter, None), |(of, name)| (of, Some(name)));
            Query::ListUsers { object: part("object"), relation: part("relation"), type_name, userset }
        }
    }
}

fn ask(section: &str, assertion: &Value, evaluator: &Evaluator<'_>) -> Result<Vec<String>, QueryError> {
    let request = &assertion[if section == "checkAssertions" { "tuple" } else { "request" }];
    let part = |name: &str| request[name].as_str().unwrap();
    match section {
        "checkAssertions" => {
            let allowed = evaluator.check(part("object"), part("relation"), part("user"))?;
            Ok(vec![allowed.to_string()])
        }
        "listObjectsAssertions" => {
            let found = evaluator.list_objects(part("type"), part("relation"), part("user"))?;
            for object in &found {
                assert!(evaluator.check(object, part("relation"), part("user"))?, "{object} of {request}");
            }
            Ok(found)
        }
        _ => {
            let filter = list(request, "filters")[0].as_str().unwrap();
            let (of, relation) = filter.split_once('#').map_or((filter, None), |(of, name)| (of, Some(name)));
            let found = evaluator.list_users(part("object"), part("relation"), of, relation)?;
            for user in &found {
                assert!(evaluator.check(part("object"), part("relation"), user)?, "{user} of {request}");
            }
            Ok(found)
        }
    }
}

fn expected(section: &str, assertion: &Value) -> Vec<String> {
    let expectation = &assertion["expectation"];
    if section == "checkAssertions" {
        return vec![expectation.as_bool().unwrap_or(false).to_string()];
    }
    let mut all: Vec<String> =
        list(assertion, "expectation").iter().map(|one| one.as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}
