//! Policy on the command line, the real program: out of files, and on a deployment's database.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod asked;
mod files;
mod stores;
mod suites;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Folder, Run};

pub(crate) const MODEL: &str = "\
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type document
  relations
    define owner: [user]
    define viewer: [user, user:*, group#member, user with at_night] or owner
    define blocked: [user]
    define can_read: viewer but not blocked
condition at_night(hour: int) {
  hour >= 22
}
";

pub(crate) const TUPLES: &str = "\
- {user: user:anne, relation: member, object: group:eng}
- {user: group:eng#member, relation: viewer, object: document:1}
- {user: user:bob, relation: viewer, object: document:1}
- {user: user:bob, relation: blocked, object: document:1}
- user: user:cleo
  relation: viewer
  object: document:1
  condition: {name: at_night}
";

pub(crate) const ON: &str = "--model model.fga --tuples tuples.yaml";

pub(crate) fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("model.fga", MODEL);
    folder.write("tuples.yaml", TUPLES);
    folder
}

pub(crate) fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/authorization-models")
}

pub(crate) fn store_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(store_files(&path));
        } else if path.to_str().unwrap().ends_with(".fga.yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

pub(crate) fn run(arguments: &[&str], files: &[PathBuf]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_sentinel")).args(arguments).args(files).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
