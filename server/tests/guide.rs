//! The guide's commands do what it says they do.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use jwt_simple::prelude::*;
use std::path::Path;
use std::process::Command;
use support::Folder;

/// The commands and what they print, `…` standing for anything.
fn commands(page: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match (line, inside) {
            ("```console", _) => inside = true,
            ("```", _) => inside = false,
            (_, false) => {}
            (line, true) => match line.strip_prefix("$ ") {
                Some(command) => found.push((command.to_owned(), String::new())),
                None => {
                    let expected = &mut found.last_mut().unwrap().1;
                    if !expected.is_empty() {
                        expected.push('\n');
                    }
                    expected.push_str(line);
                }
            },
        }
    }
    found
}

/// The files that stand in the page: a block whose first line has a name behind the language.
fn files(page: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide").join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let mut found: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(head) => {
                let name = head.split_once(' ').map(|(_, name)| name);
                inside = name.is_some();
                found.extend(name.map(|name| (name.to_owned(), String::new())));
            }
            None if inside => found.last_mut().unwrap().1.extend([line, "\n"]),
            None => {}
        }
    }
    found
}

/// A token of the guide's key, once there is one.
fn token(folder: &Folder) -> String {
    if !folder.path("key.pem").exists() {
        return String::new();
    }
    let jwks: serde_json::Value = serde_json::from_str(&folder.read("key.jwks.json")).unwrap();
    let key = ES256KeyPair::from_pem(&folder.read("key.pem")).unwrap();
    let claims = Claims::create(Duration::from_secs(60)).with_issuer("https://login.example.com");
    let claims = claims.with_audience("my-service").with_subject("ada");
    key.with_key_id(jwks["keys"][0]["kid"].as_str().unwrap()).sign(claims).unwrap()
}

fn matches(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('…');
    let mut rest = text.strip_prefix(pieces.next().unwrap_or_default());
    for piece in pieces {
        rest = rest.and_then(|rest| rest.split_once(piece)).map(|(_, rest)| rest);
    }
    rest.is_some_and(|rest| rest.is_empty() || pattern.ends_with('…'))
}

fn holds(page: &str) {
    let folder = Folder::new();
    for (name, text) in files(page) {
        folder.write(&name, &text);
    }
    let binary = Path::new(env!("CARGO_BIN_EXE_sentinel")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let commands = commands(page);
    assert!(commands.len() > 1, "{page}");
    for (command, expected) in commands {
        let mut shell = Command::new("sh");
        // What the tests are told is no setting of the server, which refuses what it does not know.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SENTINEL_")) {
            shell.env_remove(name);
        }
        let output = shell
            .args(["-c", &command])
            .current_dir(folder.path("."))
            .envs([("PATH", path.as_str()), ("TOKEN", &token(&folder)), ("DATA_DIR", "data")])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let same = matches(&expected, printed.trim_end());
        assert!(same, "{page}: {command}\nprints {printed}the guide says\n{expected}");
    }
}

#[test]
fn the_command_line() {
    holds("command-line.md");
}

#[test]
fn authorization_models() {
    holds("authorization-models.md");
}

#[test]
fn keys_and_key_sets() {
    holds("keys-and-jwks.md");
}

#[test]
fn a_difference_is_seen() {
    assert!(matches("a…c", "abc") && matches("…", "x") && matches("a…", "abc") && matches("a", "a"));
    assert!(!matches("a…c", "abd") && !matches("a", "ab") && !matches("b…", "ab") && !matches("a…c", "acd"));
}
