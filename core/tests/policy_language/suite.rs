//! Runs a folder of cases in the layout of openfga/language's `tests/data`.

use sentinel_core::policy::model::{
    AuthorizationModel, Located, Manifest, ModelError, ModelErrors, ModuleFile, Position,
};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// What came of one file or folder of cases.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) name: String,
    pub(crate) passed: usize,
    pub(crate) failed: Vec<String>,
    pub(crate) skipped: Vec<String>,
}

impl Report {
    fn check(&mut self, case: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.failed.push(format!("{}: {case}: {why}", self.name)),
        }
    }
}

fn cases(folder: &Path, name: &str) -> Vec<Value> {
    let Ok(text) = fs::read_to_string(folder.join(name)) else { return Vec::new() };
    let yaml: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    serde_json::to_value(yaml).unwrap().as_array().unwrap().clone()
}

fn folders(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut folders: Vec<_> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .collect();
    folders.sort();
    folders
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_default()
}

/// What the reference's tests compare: the number of errors, and of each what the case names.
fn compare<T>(found: &Result<T, ModelErrors>, expected: &Value, with_places: bool) -> Result<(), String> {
    let none = Vec::new();
    let found: &[ModelError] = found.as_ref().err().map_or(&[], |errors| &errors.0);
    let expected = expected.as_array().unwrap_or(&none);
    let fail = |what: &str| Err(format!("{what}\n  found {found:#?}\n  expected {expected:#?}"));
    if found.len() != expected.len() {
        return fail("the number of errors");
    }
    for (found, expected) in found.iter().zip(expected) {
        if expected["msg"].as_str() != Some(&found.message) {
            return fail("a message");
        }
        let metadata = &expected["metadata"];
        if metadata["symbol"].as_str().is_some_and(|symbol| symbol != found.symbol) {
            return fail("a symbol");
        }
        if metadata["errorType"].as_str().is_some_and(|kind| kind != found.kind.as_str()) {
            return fail("a kind");
        }
        if expected["file"].as_str().is_some_and(|file| found.file.as_deref() != Some(file)) {
            return fail("a file");
        }
        if with_places && expected.get("line").is_some() {
            let Some(at) = found.position else { return fail("no place") };
            let at = [at.line, at.end_line, at.column, at.end_column].map(u64::from);
            let number = |what: &str, which: &str| expected[what][which].as_u64().unwrap();
            let expected =
                [number("line", "start"), number("line", "end"), number("column", "start"), number("column", "end")];
            if at != expected {
                return fail("a place");
            }
        }
    }
    Ok(())
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}\n  found {found:#?}\n  expected {expected:#?}")) }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn to_dsl(text: &str) -> Result<String, ModelErrors> {
    AuthorizationModel::from_json(text.as_bytes())?.to_dsl()
}

/// Runs all that is in the folder.
pub(crate) fn run(folder: &Path) -> Vec<Report> {
    vec![
        syntax(folder),
        semantic(folder),
        json_validation(folder),
        json_to_dsl(folder),
        transformer(folder),
        manifests(folder),
        modules(folder),
        server(folder),
    ]
}

fn report(name: &str) -> Report {
    Report { name: name.into(), ..Report::default() }
}

fn syntax(folder: &Path) -> Report {
    let mut report = report("dsl-syntax-validation-cases.yaml");
    for case in cases(folder, &report.name) {
        let found = AuthorizationModel::from_valid_dsl(text(&case, "dsl"));
        report.check(text(&case, "name"), compare(&found, &case["expected_errors"], true));
    }
    report
}

fn semantic(folder: &Path) -> Report {
    let mut report = report("dsl-semantic-validation-cases.yaml");
    for case in cases(folder, &report.name) {
        let dsl = text(&case, "dsl");
        if case["skip"].as_bool() == Some(true) {
            // The reference skips its own case: its validator does not report what the case expects, and its tests say so.
            report.skipped.push(format!("{}: {} (the reference skips it)", report.name, text(&case, "name")));
            continue;
        }
        let found = AuthorizationModel::from_valid_dsl(dsl);
        report.check(text(&case, "name"), compare(&found, &case["expected_errors"], true));
        // The same model without its text.
        let found = AuthorizationModel::from_dsl(dsl).and_then(|model| {
            let model = AuthorizationModel::from_json(model.to_json().as_bytes())?;
            model.validate_language().map(|()| model)
        });
        report.check(&format!("{} (as JSON)", text(&case, "name")), compare(&found, &case["expected_errors"], false));
        // And as a module, where it is a text that becomes one by its first lines.
        if dsl.contains("model\n  schema 1.1") {
            let module = dsl.replacen("model\n  schema 1.1", "module test\n", 1);
            let found = AuthorizationModel::from_modules(&[ModuleFile { name: "test.fga", text: &module }], "1.2");
            report.check(
                &format!("{} (as module)", text(&case, "name")),
                compare(&found, &case["expected_errors"], true),
            );
        }
    }
    report
}

fn json_validation(folder: &Path) -> Report {
    let mut report = report("json-validation-cases.yaml");
    for case in cases(folder, &report.name) {
        let found = AuthorizationModel::from_json(text(&case, "json").as_bytes())
            .and_then(|model| model.validate_language().map(|()| model));
        report.check(text(&case, "name"), compare(&found, &case["expected_errors"], false));
    }
    report
}

fn json_to_dsl(folder: &Path) -> Report {
    let mut report = report("json-syntax-transformer-validation-cases.yaml");
    for case in cases(folder, &report.name) {
        let found = to_dsl(text(&case, "json")).err().map(|errors| errors.0[0].message.clone());
        let expected = case["error_message"].as_str().map(String::from);
        report.check(text(&case, "name"), equal("the error", found, expected));
    }
    report
}

fn transformer(folder: &Path) -> Report {
    let mut report = report("transformer");
    for (name, path) in folders(&folder.join("transformer")) {
        let dsl = fs::read_to_string(path.join("authorization-model.fga")).unwrap();
        let model = fs::read_to_string(path.join("authorization-model.json")).unwrap();
        let found =
            AuthorizationModel::from_dsl(&dsl).map(|model| json(&model.to_json())).map_err(|errors| errors.to_string());
        report.check(&format!("{name} (from DSL)"), equal("the JSON form", found, Ok(json(&model))));
        report.check(
            &format!("{name} (from JSON)"),
            equal("the DSL", to_dsl(&model).map_err(|e| e.to_string()), Ok(dsl)),
        );
    }
    report
}

fn located(value: Value, at: Position) -> Value {
    serde_json::json!({
        "value": value,
        "line": { "start": at.line, "end": at.end_line },
        "column": { "start": at.column, "end": at.end_column },
    })
}

fn manifests(folder: &Path) -> Report {
    let mut report = report("fga-mod-transformer-cases.yaml");
    for case in cases(folder, &report.name) {
        let found = Manifest::parse(text(&case, "modFile"));
        let outcome = match (case["json"].as_str(), &found) {
            (Some(expected), Ok(found)) => {
                let string = |file: &Located<String>| located(file.value.clone().into(), file.position);
                let files = found.contents.value.iter().map(string).collect();
                let found = serde_json::json!({
                    "schema": string(&found.schema),
                    "contents": located(files, found.contents.position),
                });
                equal("the manifest", found, json(expected))
            }
            _ => compare(&found, &case["expected_errors"], true),
        };
        report.check(text(&case, "name"), outcome);
    }
    report
}

fn modules(folder: &Path) -> Report {
    let mut report = report("transformer-module");
    for (name, path) in folders(&folder.join("transformer-module")) {
        let read = |file: &str| fs::read_to_string(path.join(file)).ok();
        let mut files: Vec<(String, String)> = fs::read_dir(path.join("module")).map_or(Vec::new(), |entries| {
            entries
                .map(|entry| entry.unwrap().path())
                .map(|path| {
                    (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
                })
                .collect()
        });
        files.sort();
        let files: Vec<_> = files.iter().map(|(name, text)| ModuleFile { name, text }).collect();
        let model = read("authorization-model.json");
        if !files.is_empty() {
            let found = AuthorizationModel::from_modules(&files, "1.2");
            let outcome = match &model {
                Some(model) => equal(
                    "the merged model",
                    found.map(|model| json(&model.to_json())).map_err(|errors| errors.to_string()),
                    Ok(json(model)),
                ),
                None => compare(&found, &json(&read("expected_errors.json").unwrap()), true),
            };
            report.check(&format!("{name} (merged)"), outcome);
        }
        let Some(model) = model.map(|model| AuthorizationModel::from_json(model.as_bytes()).unwrap()) else { continue };
        if let Some(expected) = read("combined.fga") {
            report.check(&format!("{name} (printed)"), equal("the DSL", model.to_dsl().unwrap(), expected));
        }
        if let Some(expected) = read("combined-sourceinfo.fga") {
            report.check(
                &format!("{name} (printed with origins)"),
                equal("the DSL", model.to_dsl_with_origins().unwrap(), expected),
            );
        }
        if let Some(expected) = read("expected_modules.json") {
            let found = serde_json::json!(model.modules().unwrap());
            report.check(&format!("{name} (modules)"), equal("the modules", found, json(&expected)));
        }
    }
    report
}

/// Our own kind of case: the server's judgement of a model.
fn server(folder: &Path) -> Report {
    let mut report = report("server-cases.yaml");
    for case in cases(folder, &report.name) {
        let model = match case["json"].as_str() {
            Some(json) => AuthorizationModel::from_json(json.as_bytes()),
            None => AuthorizationModel::from_dsl(text(&case, "dsl")),
        };
        let found = model
            .unwrap()
            .validate()
            .err()
            .map(|errors| (errors.0[0].message.clone(), errors.0[0].kind.as_str().into()));
        let expected = case["error"].as_str().map(|error| (String::from(error), String::from(text(&case, "kind"))));
        report.check(text(&case, "name"), equal("the mistake", found, expected));
    }
    report
}
