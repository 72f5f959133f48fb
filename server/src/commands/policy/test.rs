//! `sentinel model test`: what store files expect, asked of their own models and tuples.

use std::path::PathBuf;

use sentinel_core::policy::Evaluator;
use sentinel_core::policy::QueryError;
use sentinel_core::policy::tuple::TupleKey;
use serde_json::{Value, json};

use super::model::Rules;
use super::store::{self, Assertion, Expected, Question, StoreFile};
use super::text::Mistake;
use super::world::World;
use super::{Answer, now};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Store files: a model, tuples, and `tests`
    #[arg(required = true, value_name = "FILE.fga.yaml")]
    files: Vec<PathBuf>,
    /// Let store files name files outside of their own folders
    #[arg(long)]
    allow_external_files: bool,
}

/// How many were asked, and how many of them were answered as expected.
#[derive(Clone, Copy, Default)]
struct Count {
    all: usize,
    passed: usize,
}

#[derive(Default)]
struct Report {
    tests: Count,
    check: Count,
    list_objects: Count,
    list_users: Count,
    lines: Vec<String>,
    failures: Vec<Value>,
    mistakes: Vec<Mistake>,
}

impl Report {
    fn count(&mut self, question: &Question) -> &mut Count {
        match question {
            Question::Check { .. } => &mut self.check,
            Question::ListObjects { .. } => &mut self.list_objects,
            Question::ListUsers { .. } => &mut self.list_users,
        }
    }
}

/// Runs the tests of all files. 0: all passed; 1: some did not; 2: a file cannot be used.
pub(super) fn run(args: &Args) -> Answer {
    let mut report = Report::default();
    for path in &args.files {
        let read = store::of_file(path, args.allow_external_files, Rules::Server);
        if let Err(mistakes) = read.and_then(|file| run_file(&path.display().to_string(), file, &mut report)) {
            report.mistakes.extend(mistakes);
        }
    }
    answer(args.files.len(), report)
}

fn answer(files: usize, report: Report) -> Answer {
    let Report { tests, check, list_objects, list_users, mut lines, failures, mistakes } = report;
    let of = |count: Count| json!({ "passed": count.passed, "all": count.all });
    let json = json!({
        "ok": failures.is_empty() && mistakes.is_empty(),
        "files": files,
        "tests": of(tests),
        "check": of(check),
        "list_objects": of(list_objects),
        "list_users": of(list_users),
        "failures": failures,
        "mistakes": mistakes.iter().map(Mistake::json).collect::<Vec<_>>(),
    });
    let asked = [("checks", check), ("list_objects", list_objects), ("list_users", list_users)];
    let asked = asked.into_iter().filter(|(_, count)| count.all > 0);
    let asked: String = asked.map(|(what, count)| format!(", {what} {} of {}", count.passed, count.all)).collect();
    if tests.all > 0 || mistakes.is_empty() {
        lines.push(format!("passed: tests {} of {}{asked}", tests.passed, tests.all));
    }
    let status = match (mistakes.is_empty(), failures.is_empty()) {
        (false, _) => 2,
        (true, false) => 1,
        (true, true) => 0,
    };
    Answer { status, text: lines.join("\n"), json, mistakes }
}

fn run_file(name: &str, file: StoreFile, report: &mut Report) -> Result<(), Vec<Mistake>> {
    let StoreFile { model, tuples, tests } = file;
    let model = model.ok_or_else(|| Mistake::of_file(name, "there is no `model` and no `model_file`"))?;
    let world = World::new(model, &tuples, now())?;
    for test in &tests {
        let own = world.keys(&test.tuples)?;
        let mut passed = true;
        for assertion in &test.assertions {
            let got = ask(&world, &own, assertion);
            let holds = got.as_ref() == Ok(&assertion.expected);
            let count = report.count(&assertion.question);
            count.all += 1;
            count.passed += usize::from(holds);
            if !holds {
                passed = false;
                let (line, failure) = failed(&test.name, assertion, &got);
                report.lines.push(line);
                report.failures.push(failure);
            }
        }
        report.tests.all += 1;
        report.tests.passed += usize::from(passed);
    }
    Ok(())
}

fn ask(world: &World, own: &[TupleKey], assertion: &Assertion) -> Result<Expected, String> {
    let question = |evaluator: &Evaluator<'_>| -> Result<Expected, QueryError> {
        match &assertion.question {
            Question::Check { user, relation, object } => {
                evaluator.check(object, relation, user).map(Expected::Decision)
            }
            Question::ListObjects { user, relation, type_name } => {
                evaluator.list_objects(type_name, relation, user).map(Expected::Names)
            }
            Question::ListUsers { object, relation, type_name, userset } => {
                evaluator.list_users(object, relation, type_name, userset.as_deref()).map(Expected::Names)
            }
        }
    };
    let mut got = world.ask(own, assertion.context.as_deref(), question)?;
    if let Expected::Names(names) = &mut got {
        names.sort();
    }
    Ok(got)
}

/// A failure for people, and as JSON.
fn failed(test: &str, assertion: &Assertion, got: &Result<Expected, String>) -> (String, Value) {
    let names = |names: &[String]| format!("[{}]", names.join(", "));
    let shown = |value: &Expected| match value {
        Expected::Decision(decision) => decision.to_string(),
        Expected::Names(found) => names(found),
    };
    let value = |value: &Expected| match value {
        Expected::Decision(decision) => json!(decision),
        Expected::Names(found) => json!(found),
    };
    let (kind, mut members) = match &assertion.question {
        Question::Check { user, relation, object } => {
            ("check", json!({ "user": user, "relation": relation, "object": object }))
        }
        Question::ListObjects { user, relation, type_name } => {
            ("list_objects", json!({ "user": user, "relation": relation, "type": type_name }))
        }
        Question::ListUsers { object, relation, type_name, userset } => {
            let filter = userset.as_ref().map_or(type_name.clone(), |userset| format!("{type_name}#{userset}"));
            ("list_users", json!({ "object": object, "relation": relation, "user_type": filter }))
        }
    };
    let words = ["user", "relation", "object", "type", "user_type"];
    let asked =
        words.iter().filter_map(|name| members.get(*name).and_then(Value::as_str)).collect::<Vec<_>>().join(" ");
    let mut told = format!("test \"{test}\": {kind} {asked}: expected {}", shown(&assertion.expected));
    match got {
        Ok(got) => told.push_str(&format!(", got {}", shown(got))),
        Err(why) => told.push_str(&format!(", got an error: {why}")),
    }
    if let (Expected::Names(expected), Ok(Expected::Names(found))) = (&assertion.expected, got) {
        let without = |of: &[String], others: &[String]| {
            of.iter().filter(|name| !others.contains(name)).cloned().collect::<Vec<_>>()
        };
        for (what, which) in [("missing", without(expected, found)), ("too many", without(found, expected))] {
            if !which.is_empty() {
                told.push_str(&format!("; {what}: {}", names(&which)));
            }
        }
    }
    if let Some(members) = members.as_object_mut() {
        let place = [
            ("test", json!(test)),
            ("kind", json!(kind)),
            ("file", json!(assertion.at.text.name)),
            ("line", json!(assertion.at.line)),
            ("column", json!(assertion.at.column)),
            ("expected", value(&assertion.expected)),
        ];
        members.extend(place.map(|(name, value)| (name.to_owned(), value)));
        match got {
            Ok(got) => members.insert("got".to_owned(), value(got)),
            Err(why) => members.insert("error".to_owned(), json!(why)),
        };
    }
    (format!("FAILED {}", assertion.at.mistake(told).shown()), members)
}
