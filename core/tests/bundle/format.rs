//! The example of `docs/reference/bundle-format.md` is what is written, byte for byte.

use crate::bundles::{NOW, body, full, load, workspace};
use sentinel_core::bundle::Given;
use sentinel_core::policy::Index;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;

const DOCUMENT: &str = include_str!("../../../docs/reference/bundle-format.md");

/// The text between a line and the end of the code block that follows it.
fn block(kind: &str) -> &'static str {
    let begin = format!("```{kind}\n");
    let (_, rest) = DOCUMENT.split_once(&begin).unwrap_or_else(|| panic!("no block {kind}"));
    rest.split_once("```").unwrap().0
}

/// Lines of bytes in hexadecimal, or of text in single quotes, each with a comment behind `#`.
fn documented() -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in block("bundle").lines() {
        match line.strip_prefix('\'') {
            Some(text) => bytes.extend_from_slice(text.rsplit_once('\'').unwrap().0.as_bytes()),
            None => {
                let digits = line.split('#').next().unwrap().split_whitespace();
                bytes.extend(digits.map(|digits| u8::from_str_radix(digits, 16).unwrap()));
            }
        }
    }
    bytes
}

#[test]
fn the_documented_example_is_what_is_written() {
    let model = AuthorizationModel::from_valid_dsl(block("fga")).unwrap();
    let tuples: Vec<TupleKey> = block("tuples").lines().map(|line| TupleKey::parse(line).unwrap()).collect();
    let index = Index::from_tuples(&tuples).unwrap();
    let file = full(workspace(), 1, &body(&model, &index, &[]));
    assert_eq!(String::from_utf8_lossy(&documented()), String::from_utf8_lossy(&file));
    assert_eq!(documented(), file);
    let bundle = load(workspace(), &documented()).unwrap();
    let current = bundle.at(NOW, None).unwrap();
    let check = |object: &str, user: &str| current.check(object, "viewer", user, &Given::default());
    assert_eq!(check("document:10", "user:anne"), Ok(true));
    assert_eq!(check("document:12", "user:beth"), Ok(true));
    assert_eq!(check("document:10", "user:beth"), Ok(false));
}
