//! Every response of the corpus under `tests/saml/corpus`, made by real providers and then broken: the good ones say
//! what they were made to say, the others are refused, each for a reason that its case names.
#![cfg(feature = "saml")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "support/saml.rs"]
mod support;

use std::collections::BTreeSet;

use sentinel_idp::saml::SamlFault;
use support::{Case, Corpus, Expect};

/// The providers, each with a file of its own.
const PROVIDERS: [&str; 2] = ["pysaml2", "samlify"];

#[test]
fn every_case_ends_as_it_must() {
    let mut wrong = Vec::new();
    for provider in PROVIDERS {
        let corpus = Corpus::load(provider);
        for case in &corpus.cases {
            if let Some(why) = difference(&corpus, case) {
                wrong.push(format!("{provider}: {}: {why}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

fn difference(corpus: &Corpus, case: &Case) -> Option<String> {
    match (corpus.judge(case), &case.expect) {
        (Ok(assertion), Expect::Good { subject, attributes }) => {
            let same = assertion.name_id == *subject && assertion.attributes == *attributes;
            (!same).then(|| format!("another person: {assertion:?}"))
        }
        (Ok(_), Expect::Refused(_)) => Some("ACCEPTED".into()),
        (Err(fault), Expect::Good { .. }) => Some(format!("refused: {}", fault.code())),
        (Err(fault), Expect::Refused(codes)) => {
            (!codes.iter().any(|code| code == fault.code())).then(|| format!("{} instead of {codes:?}", fault.code()))
        }
    }
}

/// Whoever loses cases notices.
#[test]
fn the_corpus_is_as_large_as_it_was() {
    for provider in PROVIDERS {
        let corpus = Corpus::load(provider);
        let (good, hostile): (Vec<_>, Vec<_>) =
            corpus.cases.iter().partition(|case| matches!(case.expect, Expect::Good { .. }));
        assert!(good.len() >= 12 && hostile.len() >= 100, "{provider}: {} good, {} hostile", good.len(), hostile.len());
        let names: BTreeSet<&str> = corpus.cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), corpus.cases.len(), "{provider}: a name twice");
        for form in 1..=8 {
            let found = names.iter().any(|name| name.starts_with(&format!("XSW {form}")));
            assert!(found, "{provider}: no XSW {form}");
        }
    }
}

/// Every fault that judging can end in does end a case, and no case names one that there is not.
#[test]
fn every_fault_occurs() {
    let known: BTreeSet<&str> = SamlFault::ALL.iter().map(|fault| fault.code()).collect();
    let (mut seen, mut named) = (BTreeSet::new(), BTreeSet::new());
    for provider in PROVIDERS {
        let corpus = Corpus::load(provider);
        for case in &corpus.cases {
            if let Expect::Refused(codes) = &case.expect {
                named.extend(codes.clone());
                seen.extend(corpus.judge(case).err().map(SamlFault::code));
            }
        }
    }
    let unknown: Vec<&String> = named.iter().filter(|code| !known.contains(code.as_str())).collect();
    assert!(unknown.is_empty(), "no such code: {unknown:?}");
    // Asked of the assertion afterwards, or signed by no real provider: in the room's own tests.
    let elsewhere = ["name_id_transient", "name_id_qualifier", "subject_attribute", "authn_statement"];
    let missing: Vec<&&str> = known.iter().filter(|code| !seen.contains(*code) && !elsewhere.contains(code)).collect();
    assert!(missing.is_empty(), "never met: {missing:?}");
}
