//! What no tracked text may hold: a machine's paths, a registry's host, a skipped test, a file too long to read.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::report;
use crate::workspace;

/// Registries are reached through their clients' own settings; a host in a lock file breaks everyone else's mirror.
const HOSTS: [&str; 3] =
    [concat!("registry.", "npmjs.org"), concat!("registry.", "yarnpkg.com"), concat!("static.", "crates.io")];

/// A test that is left out is a hole that nobody sees.
const SKIPS: [&str; 11] = [
    concat!("#[", "ignore"),
    concat!("it.", "skip("),
    concat!("it.", "todo("),
    concat!("test.", "skip("),
    concat!("test.", "todo("),
    concat!("test.", "only("),
    concat!("describe.", "skip("),
    concat!("describe.", "only("),
    concat!("pytest.mark.", "skip"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
];

/// Longer than this, a source file wants to be two.
const LONGEST: usize = 500;
const SOURCES: [&str; 5] = ["rs", "ts", "tsx", "mjs", "js"];
/// Written by programs, or kept as others wrote them.
const NOT_OURS: [&str; 3] = ["vectors/", "generated", "vendor/"];

pub(super) fn check() -> Result<()> {
    let mut machine: Vec<String> = vec![workspace::root().canonicalize()?.to_string_lossy().into_owned()];
    machine.extend(std::env::home_dir().map(|home| home.to_string_lossy().into_owned()));
    // A root directory as home or checkout would match every path there is.
    machine.retain(|path| path.matches('/').count() > 1 || path == "/root");
    let mut findings = Vec::new();
    for path in workspace::tracked()? {
        let Ok(text) = fs::read_to_string(workspace::root().join(&path)) else { continue };
        findings.extend(file(&path, &text, &machine));
    }
    report(findings)
}

fn file(path: &Path, text: &str, machine: &[String]) -> Vec<String> {
    let name = path.to_string_lossy();
    let extension = path.extension().map(|extension| extension.to_string_lossy()).unwrap_or_default();
    let source = SOURCES.contains(&extension.as_ref()) || extension == "py";
    let ours = !NOT_OURS.iter().any(|part| name.contains(part));
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut finding = |what: String| findings.push(format!("{name}:{}: {what}", number + 1));
        if let Some(host) = HOSTS.iter().find(|host| line.contains(**host)) {
            finding(format!("names the registry {host}"));
        }
        if let Some(folder) = machine.iter().find(|folder| line.contains(&format!("{folder}/"))) {
            finding(format!("names a folder of this machine, {folder}"));
        }
        if name.ends_with("package-lock.json") && line.trim_start().starts_with("\"resolved\": \"http") {
            finding(
                "names a registry: write it with omit-lockfile-registry-resolved=true in the folder's .npmrc".into(),
            );
        }
        if name.ends_with("Cargo.lock") && line.starts_with("source = ") && !line.contains("crates.io-index") {
            finding("comes from elsewhere than crates.io".into());
        }
        if let Some(skip) = SKIPS.iter().find(|skip| source && ours && line.contains(**skip)) {
            finding(format!("{skip} leaves something out in silence"));
        }
    }
    let lines = text.lines().count();
    if SOURCES.contains(&extension.as_ref()) && ours && lines > LONGEST {
        findings.push(format!("{name}: {lines} lines; a reader would want them apart (at most {LONGEST})"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        file(Path::new(path), text, &["/home/someone".to_owned()]).len()
    }

    #[test]
    fn finds_what_belongs_to_one_machine() {
        assert_eq!(findings("docs/a.md", "see /home/someone/project"), 1);
        assert_eq!(findings("docs/a.md", "see /home/someoneelse"), 0);
        assert_eq!(findings("npm/package-lock.json", "  \"resolved\": \"https://mirror/x.tgz\","), 1);
        assert_eq!(findings("npm/package-lock.json", "  \"resolved\": \"../shared\","), 0);
        assert_eq!(findings("README.md", concat!("https://registry.", "npmjs.org/x")), 1);
        assert_eq!(findings("Cargo.lock", "source = \"git+https://elsewhere\""), 1);
    }

    #[test]
    fn finds_tests_left_out_in_source_only() {
        let skipped = concat!("#[", "ignore]");
        assert_eq!(findings("core/src/a.rs", skipped), 1);
        assert_eq!(findings("docs/a.md", skipped), 0);
    }

    #[test]
    fn finds_long_sources_but_not_generated_ones() {
        let long = "x\n".repeat(LONGEST + 1);
        assert_eq!(findings("core/src/a.rs", &long), 1);
        assert_eq!(findings("npm/src/generated/codes.ts", &long), 0);
        assert_eq!(findings("docs/a.md", &long), 0);
    }
}
