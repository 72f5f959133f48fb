//! The corpus as inputs of the fuzz target.

use serde_json::{Value, json};
use std::path::Path;

/// Every case of the corpus as an input: `configuration NUL key set NUL token NUL now`.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let mut seeds = Vec::new();
    for suite in ["corpus", "rfc"] {
        let mut files: Vec<_> =
            std::fs::read_dir(folder.join(suite)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "json")) {
            let suite: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            seeds.extend(suite["cases"].as_array().unwrap().iter().filter_map(seed));
        }
    }
    seeds
}

fn seed(case: &Value) -> Option<Vec<u8>> {
    let token = case["token"].as_str()?;
    let options = &case["options"];
    let mut configuration = json!({
        "issuer": options["issuer"], "audience": options["audience"], "algorithms": options["algorithms"],
        "rules": [{ "method": "GET", "path": "/documents/:id", "allow": { "role": "viewer" } }],
    });
    for (from, to) in [
        ("type", "type"),
        ("token_use", "tokenUse"),
        ("leeway", "leeway"),
        ("required", "required"),
        ("max_age", "maxAge"),
        ("max_token_bytes", "maxTokenBytes"),
    ] {
        if !options[from].is_null() {
            configuration[to] = options[from].clone();
        }
    }
    let parts = [configuration.to_string(), case["keys"].to_string(), token.to_owned(), options["now"].to_string()];
    Some(parts.join("\0").into_bytes())
}
