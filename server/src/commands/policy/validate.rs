//! `sentinel model validate`: everything that is wrong with models and store files, and where.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::ask::is_store_file;
use super::model::{self, Model, Rules};
use super::text::{Folder, Mistake};
use super::world::World;
use super::{Answer, now, store};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Models: .fga, .json or fga.mod; or store files, .fga.yaml
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Let files name files outside of their own folders
    #[arg(long)]
    allow_external_files: bool,
}

/// 0: nothing is wrong; 1: something is.
pub(super) fn run(args: &Args) -> Answer {
    let (mut lines, mut valid, mut mistakes) = (Vec::new(), Vec::new(), Vec::new());
    for path in &args.files {
        match of_file(path, args.allow_external_files) {
            Ok(json) => {
                let count = |name: &str| json.get(name).map(Value::to_string).unwrap_or_default();
                let (types, relations, conditions) = (count("types"), count("relations"), count("conditions"));
                let told = format!("{types} types, {relations} relations, {conditions} conditions");
                lines.push(format!("{}: valid ({told})", path.display()));
                valid.push(json);
            }
            Err(found) => mistakes.extend(found),
        }
    }
    if !mistakes.is_empty() {
        return Answer { text: lines.join("\n"), ..Answer::mistaken(1, mistakes) };
    }
    Answer { status: 0, text: lines.join("\n"), json: json!({ "ok": true, "models": valid }), mistakes }
}

fn of_file(path: &Path, outside: bool) -> Result<Value, Vec<Mistake>> {
    if !is_store_file(path) {
        return Ok(told(path, &model::of_file(path, &Folder::of(path, outside), Rules::Language)?));
    }
    let file = store::of_file(path, outside, Rules::Language)?;
    let name = path.display().to_string();
    let model = file.model.ok_or_else(|| Mistake::of_file(&name, "there is no `model` and no `model_file`"))?;
    let told = told(path, &model);
    let world = World::new(model, &file.tuples, now())?;
    for test in &file.tests {
        world.keys(&test.tuples)?;
    }
    Ok(told)
}

fn told(path: &Path, model: &Model) -> Value {
    let relations: usize = model.source.types.iter().map(|of| of.relations.len()).sum();
    json!({
        "file": path.display().to_string(),
        "schema_version": model.source.schema_version,
        "types": model.source.types.len(),
        "relations": relations,
        "conditions": model.source.conditions.len(),
    })
}
