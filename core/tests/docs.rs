//! The reference names every code and every reason, with core's own words.
#![cfg(feature = "policy")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "part of tests")]

use sentinel_core::{ErrorCode, Reason};

/// The first cells of the table whose header begins so.
fn rows(header: &str) -> Vec<Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/errors.md");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    lines.take_while(|line| line.starts_with('|')).map(cells).collect()
}

#[test]
fn names_every_error_code_in_order() {
    let documented: Vec<_> = rows("| code |").iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let codes = ErrorCode::ALL.iter().map(|code| (format!("`{code}`"), code.message().to_owned()));
    assert_eq!(documented, codes.collect::<Vec<_>>());
}

#[test]
fn names_every_reason_in_order() {
    let documented = rows("| reason |");
    let reasons = Reason::ALL
        .iter()
        .map(|reason| vec![format!("`{reason}`"), reason.sentence().to_owned(), reason.status().to_string()]);
    assert_eq!(documented, reasons.collect::<Vec<_>>());
}
