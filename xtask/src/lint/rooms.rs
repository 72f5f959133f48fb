//! Who may import whom: between our crates by their manifests, inside them by the names that a source file uses.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::report;
use crate::process::ask;
use crate::workspace;

/// A crate of ours, and the crates of ours that it may depend on.
const ROOMS: [(&str, &[&str]); 20] = [
    ("sentinel-core", &[]),
    ("sentinel-wasm", &["sentinel-core"]),
    ("sentinel-wasm-bundle", &["sentinel-core"]),
    ("sentinel-wasm-policy", &["sentinel-core", "sentinel-wasm-policy-check"]),
    ("sentinel-wasm-policy-check", &["sentinel-core"]),
    ("sentinel-edge-worker", &["sentinel-core"]),
    ("sentinel-tower", &["sentinel-core"]),
    ("sentinel-server", &["sentinel-core", "sentinel-idp", "sentinel-keys", "sentinel-storage", "sentinel-tower"]),
    ("sentinel-idp", &["sentinel-core", "sentinel-tower"]),
    ("sentinel-keys", &["sentinel-core"]),
    ("sentinel-storage", &[]),
    ("sentinel-tests", &["sentinel-core"]),
    ("sentinel-bench-native", &["sentinel-core"]),
    ("sentinel-bench-policy", &["sentinel-bench-server", "sentinel-core"]),
    ("sentinel-bench-server", &[]),
    ("axum-service", &["sentinel-core", "sentinel-tower"]),
    ("team-notes", &["sentinel-core", "sentinel-tower"]),
    ("user-files", &["sentinel-core", "sentinel-tower"]),
    ("xtask", &["sentinel-core"]),
    ("xtask-bindgen", &[]),
];

/// A crate from outside, the name its items have in a source file, and the only places where they may be used.
const OUTSIDE: [(&str, &str, &[&str]); 8] = [
    ("axum", "axum::", &["tower/", "server/src/http/", "server/tests/", "server/idp/tests/", "examples/"]),
    ("sqlx", "sqlx::", &["server/storage/", "server/tests/"]),
    ("js-sys", "js_sys::", &["wasm/", "edge-worker/"]),
    ("web-sys", "web_sys::", &["wasm/", "edge-worker/"]),
    ("wasm-bindgen", "wasm_bindgen::", &["wasm/", "edge-worker/"]),
    ("wasm-bindgen-futures", "wasm_bindgen_futures::", &["wasm/", "edge-worker/"]),
    ("serde-wasm-bindgen", "serde_wasm_bindgen::", &["wasm/", "edge-worker/"]),
    ("worker", "worker::", &["edge-worker/"]),
];

/// Inside the server: `http -> service`, and what they stand on are crates of their own, which the compiler keeps apart.
const SERVER: [(&str, &[&str]); 1] = [("server/src/service/", &["crate::http"])];

pub(super) fn check() -> Result<()> {
    let metadata = ask("cargo", &["metadata", "--format-version=1", "--no-deps", "--offline"])
        .or_else(|| ask("cargo", &["metadata", "--format-version=1", "--no-deps"]))
        .context("cargo metadata failed: run it by hand to see why")?;
    let root = workspace::root().canonicalize()?;
    let mut findings = manifests(&serde_json::from_str(&metadata)?, &root);
    for path in workspace::tracked()?.iter().filter(|path| path.extension().is_some_and(|e| e == "rs")) {
        let path_text = path.to_string_lossy();
        findings.extend(source(&path_text, &fs::read_to_string(workspace::root().join(path))?));
    }
    report(findings)
}

fn manifests(metadata: &Value, root: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for package in array(metadata, "packages") {
        let name = text(package, "name");
        let manifest = text(package, "manifest_path");
        let place = Path::new(manifest).strip_prefix(root).unwrap_or(Path::new(manifest)).display().to_string();
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == name) else {
            findings.push(format!("{place}: the crate {name} has no place in the house (xtask/src/lint/rooms.rs)"));
            continue;
        };
        for dependency in array(package, "dependencies") {
            let other = text(dependency, "name");
            let ours = ROOMS.iter().any(|(room, _)| *room == other);
            let test_only = text(dependency, "kind") == "dev";
            if ours && other != name && !test_only && !allowed.contains(&other) {
                findings.push(format!("{place}: {name} may not depend on {other}"));
            }
            let outside = OUTSIDE.iter().find(|(krate, ..)| *krate == other);
            if outside.is_some_and(|(.., places)| !places.iter().any(|allowed| in_same_crate(&place, allowed))) {
                findings.push(format!("{place}: {other} does not belong into {name}"));
            }
        }
    }
    findings
}

/// Whether the crate of this manifest holds, or lies in, the allowed folder.
fn in_same_crate(manifest: &str, allowed: &str) -> bool {
    let folder = manifest.trim_end_matches("Cargo.toml");
    allowed.starts_with(folder) || folder.starts_with(allowed)
}

fn source(path: &str, code: &str) -> Vec<String> {
    // This file names them all.
    if path.starts_with("xtask/") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let line = line.split("//").next().unwrap_or_default();
        let outside = OUTSIDE.iter().filter(|(.., places)| !places.iter().any(|place| path.starts_with(place)));
        let forbidden = outside.map(|(_, name, _)| *name);
        let inside =
            SERVER.iter().filter(|(room, _)| path.starts_with(room)).flat_map(|(_, names)| names.iter().copied());
        for name in forbidden.chain(inside).filter(|name| names(line, name)) {
            findings.push(format!("{path}:{}: {} may not be used here", number + 1, name.trim_end_matches(':')));
        }
    }
    findings
}

/// Whether the line has this path, and not another that merely ends like it.
fn names(line: &str, name: &str) -> bool {
    let before = |at: usize| line.get(..at).and_then(|text| text.chars().next_back());
    line.match_indices(name).any(|(at, _)| !before(at).is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':'))
}

fn array<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value.get(member).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one_package(name: &str, manifest: &str, dependency: Value) -> Vec<String> {
        let package = json!({ "name": name, "manifest_path": manifest, "dependencies": [dependency] });
        manifests(&json!({ "packages": [package] }), Path::new("/p"))
    }

    #[test]
    fn core_depends_on_none_of_ours() {
        let on_wasm = json!({ "name": "sentinel-wasm", "kind": null });
        assert_eq!(one_package("sentinel-core", "/p/core/Cargo.toml", on_wasm).len(), 1);
        let on_core = json!({ "name": "sentinel-core", "kind": null });
        assert!(one_package("sentinel-wasm", "/p/wasm/Cargo.toml", on_core).is_empty());
    }

    #[test]
    fn javascript_types_stay_in_their_rooms() {
        let js = json!({ "name": "js-sys", "kind": null });
        assert_eq!(one_package("sentinel-tower", "/p/tower/Cargo.toml", js.clone()).len(), 1);
        assert!(one_package("sentinel-edge-worker", "/p/edge-worker/Cargo.toml", js).is_empty());
        assert_eq!(source("tower/src/lib.rs", "use js_sys::Date;").len(), 1);
        assert!(source("wasm/src/lib.rs", "use js_sys::Date;").is_empty());
    }

    #[test]
    fn axum_in_the_server_is_for_http_alone() {
        assert_eq!(
            source("server/src/service/login.rs", "fn f() -> axum::Router {}"),
            ["server/src/service/login.rs:1: axum may not be used here"]
        );
        assert!(source("server/src/http/login.rs", "use axum::Router;").is_empty());
        assert!(source("server/src/service/login.rs", "// as axum::Router does").is_empty());
        assert!(source("server/src/service/login.rs", "use my_axum::Router;").is_empty());
        assert_eq!(source("server/src/service/users.rs", "use crate::http::login;").len(), 1);
    }

    #[test]
    fn an_unknown_crate_is_a_finding() {
        assert_eq!(one_package("stranger", "/p/stranger/Cargo.toml", json!({ "name": "serde" })).len(), 1);
    }
}
