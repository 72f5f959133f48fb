//! Every statement is executed by some case: each public asynchronous function of the crate is called in this suite.

use std::fs;
use std::path::Path;

fn sources(folder: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().filter(|file| file.is_file()).map(|file| fs::read_to_string(file).unwrap()).collect()
}

#[test]
fn every_public_function_is_called() {
    let suite = sources("tests/suite");
    let source = sources("src");
    let mut names: Vec<_> = source
        .split("pub async fn ")
        .skip(1)
        .map(|rest| rest.split(|character: char| !character.is_alphanumeric() && character != '_').next().unwrap())
        .collect();
    names.sort_unstable();
    assert!(names.len() > 20, "only {names:?} found");
    names.retain(|name| !suite.contains(&format!(".{name}(")) && !suite.contains(&format!("::{name}(")));
    assert!(names.is_empty(), "no case calls {names:?}");
}
