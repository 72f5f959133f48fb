//! What bundles take: `cargo bench -p sentinel-core --features bundle-write --bench bundle`. One table, by the number of tuples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark")]
#![allow(dead_code, reason = "what the tests use besides")]

#[path = "../tests/support/bundles.rs"]
mod bundles;

use std::time::Instant;

use bundles::{NOW, body, draft, full, keys, load, sealed, verifier, workspace};
use sentinel_core::bundle::{Change, Kind, slice};
use sentinel_core::jose::signature::PureRust;
use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{CompiledModel, Index};

const MODEL: &str = "model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
type document
  relations
    define parent: [folder]
    define owner: [user]
    define blocked: [user]
    define viewer: [user, group#member] or owner or viewer from parent
    define can_read: viewer but not blocked
";

/// A user for every hundred tuples, each in a group of twenty and owner of as many documents as the others; of fifty tuples one puts a
/// document into a folder, one shares one, one blocks somebody, and one lets a group see a folder.
fn tuples(count: usize) -> Vec<TupleKey> {
    let users = (count / 100).max(100);
    let mut all = Vec::with_capacity(count + 8);
    let mut add = |text: String| all.push(TupleKey::parse(&text).unwrap());
    let groups = users / 20;
    for user in 0..users {
        add(format!("group:{}#member@user:{user:06}", user % groups));
    }
    let mut document = 0;
    for at in users..count {
        match at % 50 {
            0 => add(format!("document:{document}#parent@folder:{}", document % (groups * 2))),
            1 => add(format!("document:{document}#viewer@user:{:06}", (document * 7919) % users)),
            2 => add(format!("document:{document}#blocked@user:{:06}", (document * 104_729) % users)),
            3 => add(format!("folder:{}#viewer@group:{}#member", document % (groups * 2), document % groups)),
            _ => {
                document += 1;
                add(format!("document:{document}#owner@user:{:06}", (document * 31) % users));
            }
        }
    }
    all
}

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
            let new = |n: u64| TupleKey::parse(&format!("document:new-{round}-{n}#owner@user:{n:06}")).unwrap();
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
        for user in (0..101).map(|n| format!("user:{:06}", n * (count / 100).max(100) / 101)) {
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
