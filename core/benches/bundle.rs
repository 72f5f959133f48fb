//! What bundles take: `cargo bench -p sentinel-core --features bundle-write --bench bundle`. One table, by the number of tuples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark")]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/bundles.rs"]
mod bundles;
#[path = "../tests/support/folders.rs"]
mod folders;

use std::time::Instant;

use bundles::{NOW, body, draft, full, keys, load, sealed, verifier, workspace};
use folders::{MODEL, people, tuples, user};
use sentinel_core::bundle::{Change, Kind, slice};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Index};

/// The length of a section of a body.
fn section(body: &[u8], wanted: u8) -> usize {
    let mut rest = &body[2..];
    while let Some((number, mut after)) = rest.split_first() {
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = after[0];
            after = &after[1..];
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        if *number == wanted {
            return length;
        }
        rest = &after[length..];
    }
    0
}

fn milliseconds<T>(what: impl Fn() -> T) -> (f64, T) {
    let mut best = f64::MAX;
    let mut last = what();
    for _ in 0..3 {
        let start = Instant::now();
        last = what();
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    (best, last)
}

fn main() {
    let model = AuthorizationModel::from_valid_dsl(MODEL).unwrap();
    let compiled = CompiledModel::compile(&model).unwrap();
    println!(
        "{:<10}{:>10}{:>14}{:>14}{:>11}{:>11}{:>11}{:>12}{:>11}{:>11}",
        "tuples",
        "KB",
        "bytes/tuple",
        "names/tuple",
        "write ms",
        "verify ms",
        "load ms",
        "delta us",
        "slice ms",
        "slice KB"
    );
    for count in [10_000, 100_000, 1_000_000] {
        let index = Index::from_tuples(&tuples(count)).unwrap();
        let (write, content) = milliseconds(|| body(&model, &index, &[]));
        let file = full(workspace(), 1, &content);
        let (verifier, keys) = (verifier(workspace()), keys());
        let (verify, _) = milliseconds(|| verifier.verify(&file, &keys, &PureRust, NOW).is_ok());
        let (both, _) = milliseconds(|| load(workspace(), &file).unwrap().memory());

        let mut bundle = load(workspace(), &file).unwrap();
        let mut delta = f64::MAX;
        for round in 0..20u64 {
            let new =
                |n: u64| TupleKey::parse(&format!("document:new-{round}-{n}#owner@{}", user(n as usize))).unwrap();
            let added: Vec<TupleKey> = (0..50).map(new).collect();
            let removed: Vec<TupleKey> = bundle.tuples().take(50).collect();
            let change = Change { added: &added, removed: &removed, ..Change::default() }.body().unwrap();
            let from = (bundle.known().revision, bundle.known().state);
            let file = sealed(&draft(workspace(), round + 2).following(Kind::Delta, &change, from, None), &change);
            let opened = verifier.verify(&file, &keys, &PureRust, NOW).unwrap();
            let start = Instant::now();
            bundle.apply(&opened).unwrap();
            delta = delta.min(start.elapsed().as_secs_f64() * 1e6);
        }

        let (mut times, mut sizes) = (Vec::new(), Vec::new());
        for user in (0..101).map(|n| user(n * people(count) / 101)) {
            let start = Instant::now();
            let own = slice(&compiled, &index, &user, &[], u64::MAX).unwrap();
            let own = full(workspace().of_user(&user), 1, &body(&model, &own, &[]));
            times.push(start.elapsed().as_secs_f64() * 1e3);
            sizes.push(own.len());
        }
        times.sort_by(f64::total_cmp);
        sizes.sort_unstable();
        let each = |bytes: usize| bytes as f64 / index.len() as f64;
        println!(
            "{:<10}{:>10.0}{:>14.2}{:>14.2}{write:>11.1}{verify:>11.1}{:>11.1}{delta:>12.0}{:>11.2}{:>11.2}",
            index.len(),
            file.len() as f64 / 1e3,
            each(section(&content, 6) + section(&content, 4)),
            each(section(&content, 3) + section(&content, 2)),
            both - verify,
            times[50],
            sizes[50] as f64 / 1e3,
        );
    }
}
