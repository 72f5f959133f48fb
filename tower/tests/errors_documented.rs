//! The reference says which status a refused token is answered with.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "part of tests")]

use sentinel_tower::core::{Error, ErrorCode};
use sentinel_tower::{Refusal, Which};

#[test]
fn every_status_is_the_one_that_is_answered() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/errors.md");
    let text = std::fs::read_to_string(path).unwrap();
    for code in ErrorCode::ALL {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{code}` |"))).unwrap();
        let documented = row.trim_end_matches(" |").rsplit("| ").next().unwrap();
        let status = Refusal::Token(Which::Request, Error::new(*code)).status().as_u16().to_string();
        assert!(documented == status || documented == "–", "{code}: {documented}, answered with {status}");
    }
}
