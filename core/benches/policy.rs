//! What a check costs: `cargo bench -p sentinel-core --bench policy`. One table: nanoseconds a check, by the number of
//! stored tuples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a benchmark")]

use std::hint::black_box;
use std::time::Instant;

use sentinel_core::policy::model::{
    AuthorizationModel, Relation, RestrictionKind, Rewrite, TypeDefinition, TypeRestriction,
};
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{Binding, CompiledModel, Evaluator, Index};

fn relation(name: &str, rewrite: Rewrite, users: &[&str]) -> Relation {
    let restriction = |user: &&str| {
        let (of, kind) = match user.split_once('#') {
            Some((of, relation)) => (of, RestrictionKind::Userset(relation.into())),
            None => (*user, RestrictionKind::Object),
        };
        TypeRestriction { type_name: of.into(), kind, condition: None }
    };
    Relation { name: name.into(), rewrite, restrictions: users.iter().map(restriction).collect(), origin: None }
}

fn model() -> CompiledModel {
    let viewer = |users: &[&str]| {
        let inherited = Rewrite::TupleToUserset { tupleset: "parent".into(), computed: "viewer".into() };
        relation("viewer", Rewrite::Union(vec![Rewrite::This, inherited]), users)
    };
    let but_not = Rewrite::Difference(
        Box::new(Rewrite::Computed("viewer".into())),
        Box::new(Rewrite::Computed("blocked".into())),
    );
    let types = [
        ("user", vec![]),
        ("group", vec![relation("member", Rewrite::This, &["user", "group#member"])]),
        ("folder", vec![relation("parent", Rewrite::This, &["folder"]), viewer(&["user", "group#member"])]),
        (
            "document",
            vec![
                relation("parent", Rewrite::This, &["folder"]),
                relation("owner", Rewrite::This, &["user"]),
                relation("blocked", Rewrite::This, &["user"]),
                viewer(&["user", "group#member"]),
                relation("can_read", but_not, &[]),
            ],
        ),
    ];
    let types = types.map(|(name, relations)| TypeDefinition { name: name.into(), relations, origin: None });
    CompiledModel::compile(&AuthorizationModel {
        schema_version: "1.1".into(),
        types: types.into(),
        conditions: vec![],
    })
    .unwrap()
}

/// Mostly owners of documents, and for every thousandth document a chain of ten folders and one of three groups.
fn tuples(count: usize) -> Vec<TupleKey> {
    let mut all = Vec::with_capacity(count + 64);
    let mut add = |text: String| all.push(TupleKey::parse(&text).unwrap());
    for n in 0..count {
        if n % 1000 == 0 {
            add(format!("document:{n}#parent@folder:{n}-1"));
            for depth in 1..10 {
                add(format!("folder:{n}-{depth}#parent@folder:{n}-{}", depth + 1));
            }
            add(format!("folder:{n}-10#viewer@user:deep-{n}"));
            add(format!("document:{n}#viewer@group:{n}-1#member"));
            add(format!("group:{n}-1#member@group:{n}-2#member"));
            add(format!("group:{n}-2#member@group:{n}-3#member"));
            add(format!("group:{n}-3#member@user:grouped-{n}"));
            add(format!("document:{n}#blocked@user:blocked-{n}"));
        } else if n % 1000 > 16 {
            add(format!("document:{n}#owner@user:{}", n % 10_000));
        }
    }
    all
}

fn main() {
    let model = model();
    println!(
        "{:<12}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}{:>14}",
        "tuples", "direct", "deny", "3 groups", "depth 10", "but not", "deny 10", "bytes a tuple"
    );
    for count in [10_000, 100_000, 1_000_000] {
        let index = Index::from_tuples(&tuples(count)).unwrap();
        let binding = Binding::new(&model, &index);
        let evaluator = Evaluator::bound(&model, &index, &binding);
        let every = |step: usize, expected: bool, ask: &dyn Fn(usize) -> [String; 3]| {
            // Far apart, so that no two questions share a cache line.
            let some: Vec<[String; 3]> = (0..4096).map(|n| ask((n * 7919 * step) % count / step * step)).collect();
            let run = || {
                for [object, relation, user] in &some {
                    let allowed = evaluator.check(black_box(object), black_box(relation), black_box(user));
                    assert_eq!(allowed, Ok(expected));
                }
            };
            run();
            let mut best = f64::MAX;
            for _ in 0..20 {
                let start = Instant::now();
                run();
                best = best.min(start.elapsed().as_nanos() as f64 / some.len() as f64);
            }
            best
        };
        let text = |object: String, relation: &str, user: String| [object, relation.to_owned(), user];
        let owner = |n: usize| text(format!("document:{}", n + 17), "owner", format!("user:{}", (n + 17) % 10_000));
        let stranger = |n: usize| text(format!("document:{}", n + 17), "owner", format!("user:{}", (n + 18) % 10_000));
        let grouped = |n: usize| text(format!("document:{n}"), "viewer", format!("user:grouped-{n}"));
        let deep = |n: usize| text(format!("document:{n}"), "viewer", format!("user:deep-{n}"));
        let but_not = |n: usize| text(format!("document:{n}"), "can_read", format!("user:grouped-{n}"));
        let nobody = |n: usize| text(format!("document:{n}"), "viewer", format!("user:{}", n % 10_000));
        let row = [
            every(1000, true, &owner),
            every(1000, false, &stranger),
            every(1000, true, &grouped),
            every(1000, true, &deep),
            every(1000, true, &but_not),
            every(1000, false, &nobody),
        ];
        let memory = index.memory();
        print!("{:<12}", index.len());
        for time in row {
            print!("{time:>10.0}");
        }
        println!(
            "{:>9.1} +{:>3.0}",
            memory.tuple_bytes as f64 / memory.tuples as f64,
            memory.name_bytes as f64 / memory.tuples as f64
        );
    }
}
