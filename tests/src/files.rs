//! Finds vector files.

use std::fs;
use std::path::Path;

use crate::report::Report;
use crate::vectors;

pub(crate) struct VectorFile {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The file itself, or every vector file in the folder and the folders in it, in the order of their names. In a
/// folder, JSON of another shape is not ours (a lock file, the licence's list) and only mentioned.
pub(crate) fn vector_files(path: &Path, report: &mut Report) -> Vec<VectorFile> {
    let mut found = Vec::new();
    if path.is_dir() {
        walk(path, &mut found, report);
    } else {
        read(path, &mut found, report);
    }
    found
}

fn walk(folder: &Path, found: &mut Vec<VectorFile>, report: &mut Report) {
    let mut paths: Vec<_> = match fs::read_dir(folder) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
        Err(error) => return report.fail(&folder.display().to_string(), "the folder", &error.to_string()),
    };
    paths.sort();
    for path in paths {
        if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules") {
            walk(&path, found, report);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            read(&path, found, report);
            // What cannot be read at all was reported there; what can but is something else is not run.
            if found.last().is_some_and(|file| vectors::is_something_else(&file.text)) {
                found.pop();
                report.mention(&format!("{}: not a vector file", path.display()));
            }
        }
    }
}

fn read(path: &Path, found: &mut Vec<VectorFile>, report: &mut Report) {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    match fs::read_to_string(path) {
        Ok(text) => found.push(VectorFile { name, text }),
        Err(error) => report.fail(&path.display().to_string(), "the file", &error.to_string()),
    }
}
