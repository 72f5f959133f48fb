//! What the documents lead to: every relative link, and in `docs/threats.md` every test, vector and CVE.
//!
//! A row of a table there is `| attack | stopped by | shown by |`. After a link to a file, code spans in the same cell
//! are names in that file: of a vector's case where it is JSON, else any text of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::report;
use crate::workspace;

const THREATS: &str = "docs/threats.md";
/// Every CVE that these name has a row.
const SOURCES: [&str; 2] = ["tests/vectors/corpus/", "core/src/route/bypass_tests.rs"];

pub(super) fn check() -> Result<()> {
    let mut findings = Vec::new();
    let tracked = workspace::tracked()?;
    for path in tracked.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = fs::read_to_string(workspace::root().join(path))?;
        findings.extend(links(path, &text));
    }
    let threats = fs::read_to_string(workspace::root().join(THREATS)).context("docs/threats.md is missing")?;
    for (number, line) in threats.lines().enumerate().filter(|(_, line)| line.starts_with("| ")) {
        findings.extend(row(line).into_iter().map(|finding| format!("{THREATS}:{}: {finding}", number + 1)));
    }
    let named = vulnerabilities(&threats);
    for path in tracked.iter().filter(|path| SOURCES.iter().any(|source| path.starts_with(source))) {
        let text = fs::read_to_string(workspace::root().join(path))?;
        for missing in vulnerabilities(&text).difference(&named) {
            findings.push(format!("{}: {missing} has no row in {THREATS}", path.display()));
        }
    }
    report(findings)
}

/// Relative links to what is not there.
fn links(path: &Path, text: &str) -> Vec<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut fenced = false;
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let pieces = if fenced { Vec::new() } else { pieces(line) };
        for target in pieces.iter().filter_map(|piece| piece.link()).filter_map(local) {
            if !workspace::root().join(folder).join(target).exists() {
                findings.push(format!("{}:{}: {target} is not there", path.display(), number + 1));
            }
        }
    }
    findings
}

/// The part of a link that names a file of ours.
fn local(target: &str) -> Option<&str> {
    let file = target.split('#').next().unwrap_or_default();
    (!file.is_empty() && !file.contains("://") && !file.starts_with("mailto:")).then_some(file)
}

#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Link(&'a str),
    Code(&'a str),
}

impl<'a> Piece<'a> {
    fn link(&self) -> Option<&'a str> {
        match self {
            Self::Link(target) => Some(target),
            Self::Code(_) => None,
        }
    }
}

/// The links and the code spans of a line, in their order.
fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        let (code, link) = (rest.find('`'), rest.find("]("));
        let is_link = link.is_some_and(|link| code.is_none_or(|code| link < code));
        let (start, end) = if is_link { (link.map(|at| at + 2), ')') } else { (code.map(|at| at + 1), '`') };
        let inside = start.and_then(|start| rest.get(start..)?.split_once(end));
        let Some((inside, after)) = inside else { return found };
        found.push(if is_link { Piece::Link(inside) } else { Piece::Code(inside) });
        rest = after;
    }
}

/// What a row of the threats names and its files do not have.
fn row(line: &str) -> Vec<String> {
    let cells: Vec<&str> = line.trim_matches('|').split(" | ").collect();
    let &[attack, stopped, shown] = cells.as_slice() else { return Vec::new() };
    if stopped.starts_with("---") || attack.trim() == "attack" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut texts = String::new();
    for cell in [stopped, shown] {
        let mut file = None;
        for piece in pieces(cell) {
            match (piece, &file) {
                (Piece::Link(target), _) => {
                    let path = local(target).map(|target| workspace::root().join("docs").join(target));
                    let text = path.and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
                    texts.push_str(&text);
                    file = Some((target, text));
                }
                (Piece::Code(name), Some((target, text))) if !has(target, text, name) => {
                    findings.push(format!("{target} has no `{name}`"));
                }
                (Piece::Code(_), _) => {}
            }
        }
    }
    if !pieces(shown).iter().any(|piece| piece.link().is_some()) {
        findings.push("nothing shows it".to_owned());
    }
    let named = vulnerabilities(&texts);
    findings.extend(vulnerabilities(attack).difference(&named).map(|name| format!("{name} is in none of its files")));
    findings
}

fn has(target: &str, text: &str, name: &str) -> bool {
    let Some(document) = target.ends_with(".json").then(|| serde_json::from_str::<Value>(text).ok()) else {
        return text.contains(name);
    };
    let list = |value: &Value, member: &str| value.get(member).and_then(Value::as_array).cloned().unwrap_or_default();
    let document = document.unwrap_or_default();
    let groups = list(&document, "signatures");
    let tests = groups.iter().flat_map(|group| list(group, "tests"));
    list(&document, "cases").into_iter().chain(tests).any(|case| case.get("name").and_then(Value::as_str) == Some(name))
}

/// The names of vulnerabilities in a text: CVE-…, GHSA-….
fn vulnerabilities(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let is_name = |word: &&str| {
        let mut parts = word.split('-');
        match parts.next() {
            Some("CVE") => parts.clone().count() == 2 && parts.all(|part| part.parse::<u32>().is_ok()),
            Some("GHSA") => parts.count() == 3,
            _ => false,
        }
    };
    words.filter(is_name).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line() {
        let line = "see [a](b.md#c), `[x](y)` and [`d`](e)";
        let found: Vec<_> = pieces(line).iter().filter_map(Piece::link).collect();
        assert_eq!(found, ["b.md#c", "e"], "what is in a code span is no link");
        assert_eq!(pieces("`a` [b](c) `d"), [Piece::Code("a"), Piece::Link("c")]);
        assert_eq!((local("b.md#c"), local("#c"), local("https://x")), (Some("b.md"), None, None));
    }

    #[test]
    fn names_vulnerabilities_only() {
        let found = vulnerabilities("(CVE-2015-9235, CVE-2024-38473: x) CVE-list GHSA-vj59-8hwv-xxmv CVE-2015");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["CVE-2015-9235", "CVE-2024-38473", "GHSA-vj59-8hwv-xxmv"]);
    }

    #[test]
    fn a_row_must_hold() {
        let good = "| weak keys | [rsa.rs](../core/src/jose/key/rsa.rs) `MIN_BITS` | [keys.json](../tests/vectors/corpus/keys.json) `RSA 1024 bits` |";
        assert!(row(good).is_empty(), "{:?}", row(good));
        assert_eq!(row(&good.replace("RSA 1024", "RSA 1")).len(), 1);
        assert_eq!(row(&good.replace("MIN_BITS", "MIN_BYTES")).len(), 1);
        assert_eq!(row(&good.replace("weak keys", "CVE-1999-9999")).len(), 1);
        assert_eq!(row("| a | b | by hand |").len(), 1);
    }
}
