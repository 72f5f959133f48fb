use super::*;
use alloc::collections::{BTreeMap as Map, BTreeSet};
use alloc::format;
use std::prelude::v1::*;

fn key(text: &str) -> TupleKey {
    TupleKey::parse(text).unwrap()
}

fn all(index: &Index) -> BTreeSet<TupleKey> {
    index.tuples().collect()
}

/// Inserts and removals in any order, compared with a map, through many mergings.
#[test]
fn like_a_map() {
    let mut seed = 7u64;
    let mut below = move |bound: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % bound
    };
    let mut index = Index::default();
    let mut map: Map<(String, String, String), TupleKey> = Map::new();
    for round in 0..40_000 {
        let user = match below(4) {
            0 => "user:*".into(),
            1 => format!("group:{}#member", below(20)),
            _ => format!("user:{}", below(40)),
        };
        let (object, relation) = (format!("document:{}", below(30)), format!("r{}", below(3)));
        let place = (object.clone(), relation.clone(), user.clone());
        if below(3) == 0 {
            assert_eq!(index.remove(&object, &relation, &user), map.remove(&place).is_some());
        } else {
            let mut tuple = TupleKey::new(&object, &relation, &user).unwrap();
            if below(5) == 0 {
                tuple = tuple.with_condition("c", &format!("{{\"x\":{}}}", below(3)));
            }
            let new = map.insert(place, tuple.clone()).is_none();
            assert_eq!(index.insert(&tuple).unwrap(), new);
        }
        if round % 997 == 0 {
            index.compact();
        }
        if round % 1999 == 0 {
            assert_eq!(all(&index), map.values().cloned().collect());
        }
        assert_eq!(index.len(), map.len());
    }
    assert_eq!(all(&index), map.values().cloned().collect());
    // Both directions tell the same.
    for tuple in map.values() {
        let (object, relation, user) = index.numbers(tuple.object(), tuple.relation(), tuple.user()).unwrap();
        let mut seen = Vec::new();
        index.scan_reverse(user, relation, &mut |object, context| {
            seen.push((object, context));
            true
        });
        let context = index.find(object, relation, user).unwrap();
        assert_eq!(seen.iter().filter(|found| **found == (object, context)).count(), 1);
        let mut seen = 0;
        index.scan((object, relation), (user, user + 1), &mut |found, same| {
            seen += usize::from(found == user && same == context);
            true
        });
        assert_eq!(seen, 1);
    }
}

#[test]
fn the_later_of_two() {
    let plain = key("d:1#r@user:a");
    let conditional = plain.clone().with_condition("c", "");
    let index = Index::from_tuples([&plain, &conditional]).unwrap();
    assert_eq!(all(&index), BTreeSet::from([conditional.clone()]));
    let mut index = Index::from_tuples([&conditional]).unwrap();
    assert!(!index.insert(&plain).unwrap());
    assert_eq!(all(&index), BTreeSet::from([plain]));
    assert!(!index.remove("d:1", "r", "user:b") && !index.contains("d:1", "r", "nobody"));
}

#[test]
fn staged_tuples_stand_for_nothing_until_they_are_taken_in() {
    let conditional = key("d:1#r@user:a").with_condition("c", "{}");
    let mut index = Index::from_tuples([&key("d:1#r@user:a"), &key("d:2#r@user:a")]).unwrap();
    let mut batch = Batch::new();
    for tuple in [&conditional, &key("d:3#r@g:1#m")] {
        index.stage(&mut batch, tuple).unwrap();
    }
    assert_eq!((index.len(), index.get("d:1", "r", "user:a")), (2, Some(key("d:1#r@user:a"))));
    index.extend_staged(batch);
    assert_eq!((index.len(), index.get("d:1", "r", "user:a")), (3, Some(conditional)));
    assert_eq!((index.get("d:3", "r", "g:1#m"), index.get("d:3", "r", "g:1")), (Some(key("d:3#r@g:1#m")), None));
}

#[test]
fn what_a_tuple_takes() {
    // The worst case: every document and every user has one tuple.
    let tuples: Vec<TupleKey> = (0..100_000).map(|n| key(&format!("document:{n}#viewer@user:{n}"))).collect();
    let memory = Index::from_tuples(&tuples).unwrap().memory();
    assert_eq!(memory.tuples, 100_000);
    assert!(memory.tuple_bytes <= 24 * memory.tuples, "{memory:?}");
}

/// Whoever writes and deletes again and again makes nothing grow: names, usersets and contexts go with their tuples.
#[test]
fn words_that_no_tuple_has_any_more_go() {
    let mut index = Index::default();
    index.insert(&key("d:stays#r@g:stays#m").with_condition("c", "{\"stays\":1}")).unwrap();
    let mut most = 0;
    for n in 0..3_000 {
        let long = alloc::format!("{n:0>200}");
        let context = alloc::format!("{{\"x\":\"{n:0>5000}\"}}");
        let tuple = key(&alloc::format!("d:{long}#r@g:{long}#m")).with_condition("c", &context);
        index.insert(&tuple).unwrap();
        assert!(index.remove(tuple.object(), tuple.relation(), tuple.user()));
        most = most.max(index.memory().name_bytes);
    }
    // 30 MB of them came.
    assert!(most < 6 << 20, "{most}");
    assert!(index.contains("d:stays", "r", "g:stays#m") && index.len() == 1);
    assert_eq!(all(&index).len(), 1);
}

#[test]
fn gathered_as_if_at_once() {
    let tuples: Vec<TupleKey> =
        (0..1_000).map(|n| key(&alloc::format!("d:{}#r@u:{}", n % 300, n % 7)).with_condition("c", "")).collect();
    let plain = key("d:1#r@u:1");
    let mut gathering = Gathering::new(Index::default());
    for part in tuples.chunks(64) {
        gathering.add(part).unwrap();
    }
    gathering.add([&plain]).unwrap();
    let index = gathering.finish();
    let expected = Index::from_tuples(tuples.iter().chain([&plain])).unwrap();
    assert_eq!(all(&index), all(&expected));
    assert!(all(&index).contains(&plain));
}

/// Names that came with a bundle are no growth: one change does not make the whole index anew.
#[cfg(feature = "bundle")]
#[test]
fn what_came_whole_is_not_made_anew_by_the_first_change() {
    let ids: Vec<String> = (0..WORDS / 64).map(|n| format!("{n:0>64}")).collect();
    let mut parts =
        Parts { types: ["document".into()].into(), relations: ["viewer".into()].into(), ..Parts::default() };
    for id in &ids {
        parts.text.push_str(id);
        parts.ends.push(parts.text.len() as u32);
        parts.type_of.push(0);
    }
    let tuples: Vec<Tuple> = (0..ids.len() as u32)
        .map(|object| Tuple { object, relation: 0, subject: object, context: NO_CONTEXT })
        .collect();
    let mut index = Index::from_parts((1, 2), parts, &tuples);
    assert!(index.word_bytes() > WORDS);
    let identity = index.identity;
    assert!(index.insert(&key("document:new#viewer@document:newer")).unwrap());
    assert!(index.remove("document:new", "viewer", "document:newer"));
    assert_eq!((index.identity, index.len()), (identity, ids.len()));
}
