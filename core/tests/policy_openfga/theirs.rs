//! What OpenFGA's engine answers: the program's report, read.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::sample::{Kind, Question};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Theirs {
    Decision(bool),
    Names(Vec<String>),
    /// A condition's parameters are missing.
    Condition,
    /// Code 2002.
    TooDeep,
    /// An error of which nothing more is told.
    Error(String),
}

/// By the names of the tests.
pub(crate) type Answers = BTreeMap<String, BTreeMap<Question, Theirs>>;

/// The answers to all questions of the files, or what the program says of the file at which it stopped.
pub(crate) fn answers(program: &str, files: &Path) -> Result<Answers, String> {
    let output = Command::new(program).args(["model", "test", "--verbose", "--tests"]).arg(files).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else { return Err(said.into_owned()) };
    let errors = errors(&said);
    let each = report.as_array().unwrap().iter().map(|test| {
        let name = test["name"].as_str().unwrap();
        let mut found = BTreeMap::new();
        for (list, kind) in [
            ("check_results", Kind::Check),
            ("list_objects_results", Kind::ListObjects),
            ("list_users_results", Kind::ListUsers),
        ] {
            for result in test[list].as_array().unwrap() {
                let (question, called) = question(kind, &result["request"]);
                let error = errors.get(&(name.to_owned(), called));
                found.insert(question, answer(kind, result, error));
            }
        }
        (name.to_owned(), found)
    });
    Ok(each.collect())
}

/// The question, and what the program calls it where it speaks of an error.
fn question(kind: Kind, request: &Value) -> (Question, String) {
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    let (of, user, called) = match kind {
        Kind::Check => {
            let called = format!("Check(user={},relation={},object={}", text("user"), text("relation"), text("object"));
            (text("object").to_owned(), text("user"), called)
        }
        Kind::ListObjects => {
            let called =
                format!("ListObjects(user={},relation={},type={}", text("user"), text("relation"), text("type"));
            (text("type").to_owned(), text("user"), called)
        }
        Kind::ListUsers => {
            let part = |name: &str| request["object"][name].as_str().unwrap();
            let of = format!("{}:{}", part("type"), part("id"));
            let user = request["user_filters"][0]["type"].as_str().unwrap();
            let (of_type, id) = (part("type"), part("id"));
            let called = format!(
                "ListUsers(object={{Type:{of_type} Id:{id}}},relation={},user_filter={{Type:{user} Relation:<nil>}}",
                text("relation")
            );
            (of, user, called)
        }
    };
    (Question { kind, of, relation: text("relation").into(), user: user.into() }, called)
}

fn answer(kind: Kind, result: &Value, error: Option<&String>) -> Theirs {
    let names = |value: &Value| {
        let mut names: Vec<String> =
            value.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect();
        names.sort();
        Theirs::Names(names)
    };
    if !result["error"].is_null() {
        return match error {
            Some(error) if error.contains("missing context parameters") => Theirs::Condition,
            Some(error) if error.contains("Code(2002)") => Theirs::TooDeep,
            other => Theirs::Error(other.cloned().unwrap_or_default()),
        };
    }
    match kind {
        Kind::Check => Theirs::Decision(result["got"].as_bool().unwrap()),
        Kind::ListObjects => names(&result["got"]),
        Kind::ListUsers => names(&result["got"]["users"]),
    }
}

/// What went wrong, by test and question: `(FAILING) 7: …` and then a line for each that is not as expected.
fn errors(said: &str) -> BTreeMap<(String, String), String> {
    let mut test = "";
    let mut found = BTreeMap::new();
    for line in said.lines() {
        if let Some((name, _)) = line.strip_prefix("(FAILING) ").and_then(|rest| rest.split_once(':')) {
            test = name;
        } else if let Some((called, error)) = line.split_once("error=") {
            let called = called.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
            let called = called.split_once("):").map_or(called, |(called, _)| called);
            found.insert((test.to_owned(), called.to_owned()), error.to_owned());
        }
    }
    found
}
