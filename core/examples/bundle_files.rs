//! Writes bundles of a store of documents for `cargo xtask bench edge`: `bundle_files FOLDER TUPLES…`.
//!
//! For each number of tuples: `N.full`, `N.delta` of a hundred changes, `N.slice`, the one of a hundred users' that is of median
//! length, and `N.jsonl`, the tuples themselves; beside them the model, `model.fga`. What must be known to open them, and what they must
//! answer, is printed as JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/bundles.rs"]
mod bundles;
#[path = "../tests/support/folders.rs"]
mod folders;
#[path = "../tests/support/signed.rs"]
mod signed;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use bundles::{AUDIENCE, ISSUER, body, workspace};
use folders::{MODEL, deep, people, tuples, user};
use sentinel_core::bundle::{Change, Draft, Kind, Manifest, Scope, slice};
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Index};
use signed::{jwks, key, seal};

/// Seconds for which the bundles hold: a benchmark's time, several times over.
const LIFE: i64 = 6 * 3600;
/// Most questions of a size.
const QUESTIONS: usize = 1_000;

fn draft(scope: Scope, revision: u64) -> Draft {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
    Draft { issuer: ISSUER.into(), audience: AUDIENCE.into(), scope, revision, issued_at: now, not_after: now + LIFE }
}

fn full(scope: Scope, content: &[u8]) -> (Manifest, Vec<u8>) {
    let manifest = draft(scope, 1).full(Kind::Full, content, None, None);
    let file = seal(&manifest, content);
    (manifest, file)
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("the folder to write to");
    let folder = Path::new(&folder);
    let model = AuthorizationModel::from_dsl(MODEL).unwrap();
    std::fs::write(folder.join("model.fga"), MODEL).unwrap();
    let sizes: Vec<String> = arguments.map(|count| of_size(folder, &model, count.parse().unwrap())).collect();
    println!(
        r#"{{"issuer":"{ISSUER}","audience":"{AUDIENCE}","workspace":"w1","jwks":{},"sizes":[{}]}}"#,
        jwks(&key(7)),
        sizes.join(",")
    );
}

/// Writes the files of one size, and says as JSON what is in them.
fn of_size(folder: &Path, model: &AuthorizationModel, count: usize) -> String {
    let compiled = CompiledModel::compile(model).unwrap();
    let all = tuples(count);
    let index = Index::from_tuples(&all).unwrap();
    let write = |kind: &str, file: &[u8]| std::fs::write(folder.join(format!("{count}.{kind}")), file).unwrap();

    let line = |tuple: &TupleKey| {
        let (user, relation, object) = (tuple.user(), tuple.relation(), tuple.object());
        format!("{{\"user\":\"{user}\",\"relation\":\"{relation}\",\"object\":\"{object}\"}}\n")
    };
    write("jsonl", index.tuples().map(|tuple| line(&tuple)).collect::<String>().as_bytes());

    let (manifest, file) = full(workspace(), &body(model, &index, &[]));
    write("full", &file);

    let added: Vec<TupleKey> =
        (0..50).map(|n| TupleKey::parse(&format!("document:new-{n}#owner@{}", user(n))).unwrap()).collect();
    let removed: Vec<TupleKey> = all.iter().rev().take(50).cloned().collect();
    let change = Change { added: &added, removed: &removed, ..Change::default() }.body().unwrap();
    let from = (manifest.revision, manifest.state);
    let delta = seal(&draft(workspace(), 2).following(Kind::Delta, &change, from, None), &change);
    write("delta", &delta);

    let mut slices: Vec<(Vec<u8>, String)> = (0..101)
        .map(|n| user(n * people(count) / 101))
        .map(|user| {
            let own = slice(&compiled, &index, &user, &[], u64::MAX).unwrap();
            (full(workspace().of_user(&user), &body(model, &own, &[])).1, user)
        })
        .collect();
    slices.sort_by_key(|(file, _)| file.len());
    let (median, whose) = &slices[slices.len() / 2];
    write("slice", median);

    let step = (deep(count).count() / QUESTIONS).max(1);
    let questions: Vec<String> = deep(count)
        .step_by(step)
        .take(QUESTIONS)
        .map(|(document, user)| format!(r#"["{document}","can_read","{user}"]"#))
        .collect();
    format!(
        r#"{{"count":{count},"tuples":{},"full":{},"delta":{},"slice":{},"user":"{whose}","questions":[{}]}}"#,
        index.len(),
        file.len(),
        delta.len(),
        median.len(),
        questions.join(",")
    )
}
