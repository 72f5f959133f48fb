//! Relationship tuples and the log of their changes.

use sentinel_storage::{
    ChangeFilter, NewTuple, Preconditions, Store, StoredTuple, TupleChange, TupleFilter, TupleName, Written,
};

use crate::harness::{NOW, begin, cases, read};
use crate::policy_stores::policy_store;

/// Whatever was there before.
pub(crate) const ANY: Preconditions = Preconditions { ignore_duplicates: true, ignore_missing: true, most: i64::MAX };
/// Nothing of it may be there, and all that is to go.
const STRICT: Preconditions = Preconditions { ignore_duplicates: false, ignore_missing: false, most: i64::MAX };

/// `type:id#relation@user`.
pub(crate) fn name(text: &str) -> TupleName {
    let (object, user) = text.split_once('@').unwrap();
    let (object, relation) = object.split_once('#').unwrap();
    let (object_type, object_id) = object.split_once(':').unwrap();
    let [object_type, object_id, relation, subject] = [object_type, object_id, relation, user].map(str::to_owned);
    TupleName { object_type, object_id, relation, subject }
}

/// A tuple without a condition.
pub(crate) fn tuple(text: &str) -> NewTuple {
    NewTuple { name: name(text), condition: None, context: None, expires_at: None }
}

fn conditional(text: &str, condition: &str, context: &str) -> NewTuple {
    NewTuple { condition: Some(condition.into()), context: Some(context.into()), ..tuple(text) }
}

fn texts<'a>(names: impl IntoIterator<Item = &'a TupleName>) -> Vec<String> {
    let text = |name: &TupleName| format!("{}:{}#{}@{}", name.object_type, name.object_id, name.relation, name.subject);
    names.into_iter().map(text).collect()
}

async fn all(store: &Store, number: i64) -> Vec<StoredTuple> {
    read(store).await.tuples(number, &TupleFilter::default(), None, 1000, NOW).await.unwrap()
}

async fn log(store: &Store, number: i64) -> Vec<TupleChange> {
    read(store).await.tuple_changes(number, &ChangeFilter::default(), (0, 0), 100_000).await.unwrap()
}

/// Writes and commits.
async fn write(store: &Store, number: i64, writes: &[NewTuple], deletes: &[&str], how: Preconditions) -> Written {
    let deletes: Vec<_> = deletes.iter().map(|text| name(text)).collect();
    let mut db = begin(store).await;
    let written = db.write_tuples(number, writes, &deletes, how, NOW).await.unwrap();
    db.commit().await.unwrap();
    written
}

async fn written_and_logged(store: Store) {
    let own = policy_store(&store, "own").await;
    let first = [
        conditional("doc:1#viewer@user:anne", "in_region", r#"{"region":"eu"}"#),
        NewTuple { expires_at: Some(NOW + 9), ..tuple("doc:1#viewer@group:a#member") },
    ];
    assert_eq!(write(&store, own.number, &first, &[], STRICT).await, Written::Done(1));
    let second = [tuple("doc:1#editor@user:*")];
    let done = write(&store, own.number, &second, &["doc:1#viewer@user:anne"], STRICT).await;
    assert_eq!(done, Written::Done(2));

    let stored = all(&store, own.number).await;
    let expected = [
        StoredTuple {
            name: name("doc:1#editor@user:*"),
            condition: None,
            context: None,
            revision: 2,
            inserted_at: NOW,
            expires_at: None,
        },
        StoredTuple {
            name: name("doc:1#viewer@group:a#member"),
            condition: None,
            context: None,
            revision: 1,
            inserted_at: NOW,
            expires_at: Some(NOW + 9),
        },
    ];
    assert_eq!(stored, expected);
    let change = |text: &str, revision, position| TupleChange {
        name: name(text),
        is_delete: false,
        condition: None,
        context: None,
        expires_at: None,
        revision,
        position,
        at: NOW,
    };
    let expected = [
        TupleChange {
            condition: Some("in_region".into()),
            context: Some(r#"{"region":"eu"}"#.into()),
            ..change("doc:1#viewer@user:anne", 1, 0)
        },
        TupleChange { expires_at: Some(NOW + 9), ..change("doc:1#viewer@group:a#member", 1, 1) },
        TupleChange { is_delete: true, ..change("doc:1#viewer@user:anne", 2, 0) },
        change("doc:1#editor@user:*", 2, 1),
    ];
    assert_eq!(log(&store, own.number).await, expected);
    let found = read(&store).await.policy_store(&own.id).await.unwrap().unwrap();
    assert_eq!((found.revision, found.tuple_count), (2, 2));
}

async fn preconditions(store: Store) {
    let own = policy_store(&store, "own").await.number;
    let (anne, bob) = ("doc:1#viewer@user:anne", "doc:1#viewer@user:bob");
    let regional = conditional(anne, "in_region", "{}");
    assert_eq!(write(&store, own, std::slice::from_ref(&regional), &[], STRICT).await, Written::Done(1));
    let both = [tuple(bob), regional.clone()];
    assert_eq!(write(&store, own, &both, &[], STRICT).await, Written::Exists(name(anne)));
    assert_eq!(write(&store, own, &[], &[anne, bob], STRICT).await, Written::Missing(name(bob)));
    assert_eq!(all(&store, own).await.len(), 1, "nothing of what was refused");
    // Duplicates must be the same in all that they say.
    for other in [tuple(anne), conditional(anne, "in_region", r#"{"a":1}"#), conditional(anne, "other", "{}")] {
        assert_eq!(write(&store, own, &[tuple(bob), other], &[], ANY).await, Written::Differs(name(anne)));
    }
    assert_eq!(
        write(&store, own, std::slice::from_ref(&regional), &[bob], ANY).await,
        Written::Done(1),
        "nothing to do"
    );
    assert_eq!(log(&store, own).await.len(), 1);
    assert_eq!(write(&store, own, &both, &["doc:2#viewer@user:anne"], ANY).await, Written::Done(2));
    let full = Preconditions { most: 2, ..STRICT };
    let third = [tuple("doc:3#viewer@user:anne")];
    assert_eq!(write(&store, own, &third, &[], full).await, Written::Full);
    assert_eq!(write(&store, own, &third, &[bob], full).await, Written::Done(3), "no more than before");
    assert_eq!(write(&store, -1, &third, &[], ANY).await, Written::NoStore);
    assert_eq!(log(&store, own).await.iter().map(|change| change.revision).collect::<Vec<_>>(), [1, 2, 3, 3]);
}

async fn expired_tuples_say_nothing(store: Store) {
    let own = policy_store(&store, "own").await;
    let short = |text: &str, at| NewTuple { expires_at: Some(at), ..tuple(text) };
    let (anne, bob, eve) = ("doc:1#viewer@user:anne", "doc:1#viewer@user:bob", "doc:1#viewer@user:eve");
    let some = [short(anne, NOW), short(bob, NOW - 1), short(eve, NOW + 1), short("doc:2#viewer@user:*", NOW)];
    assert_eq!(write(&store, own.number, &some, &[], STRICT).await, Written::Done(1));
    let mut db = read(&store).await;
    assert_eq!(texts(all(&store, own.number).await.iter().map(|tuple| &tuple.name)), [eve]);
    assert_eq!(db.tuples_named(own.number, &[name(anne), name(eve)], NOW).await.unwrap().len(), 1);
    assert_eq!(db.tuples_named(own.number, &[name(anne), name(eve)], NOW - 1).await.unwrap().len(), 2);
    assert_eq!(db.tuples_of_objects(own.number, &[("doc", "2", "viewer")], true, NOW).await.unwrap(), []);
    assert_eq!(db.tuples_of_subjects(own.number, &[("user:bob", "doc", "viewer")], NOW).await.unwrap(), []);
    drop(db);
    // It can be written again, and cannot be deleted, as if it were gone. The log says that it went.
    assert_eq!(write(&store, own.number, &[], &[bob], STRICT).await, Written::Missing(name(bob)));
    assert_eq!(write(&store, own.number, &[tuple(anne)], &[], STRICT).await, Written::Done(2));
    let changes = log(&store, own.number).await;
    let last: Vec<_> = changes.iter().skip(4).map(|change| (change.is_delete, change.name.clone())).collect();
    assert_eq!(last, [(true, name(anne)), (false, name(anne))]);

    let mut db = begin(&store).await;
    assert_eq!(db.stores_with_expired_tuples(NOW, 9).await.unwrap(), [own.number]);
    assert_eq!(db.expire_tuples(own.number, NOW, 1).await.unwrap(), 1);
    assert_eq!(db.expire_tuples(own.number, NOW, 9).await.unwrap(), 1);
    assert_eq!(db.expire_tuples(own.number, NOW, 9).await.unwrap(), 0);
    assert_eq!(db.expire_tuples(-1, NOW, 9).await.unwrap(), 0);
    assert_eq!(db.stores_with_expired_tuples(NOW, 9).await.unwrap(), Vec::<i64>::new());
    let found = db.policy_store(&own.id).await.unwrap().unwrap();
    assert_eq!((found.revision, found.tuple_count), (4, 2));
    db.commit().await.unwrap();
    let changes = log(&store, own.number).await;
    assert!(changes.iter().skip(6).all(|change| change.is_delete), "{changes:?}");
}

async fn looked_up(store: Store) {
    let own = policy_store(&store, "own").await.number;
    let other = policy_store(&store, "other").await.number;
    let written = [
        "doc:1#viewer@user:anne",
        "doc:1#viewer@user:*",
        "doc:1#viewer@group:a#member",
        "doc:1#editor@user:anne",
        "doc:2#viewer@user:anne",
        "file:1#viewer@user:anne",
    ];
    write(&store, own, &written.map(tuple), &[], ANY).await;
    write(&store, other, &[tuple("doc:9#viewer@user:anne")], &[], ANY).await;
    let mut db = read(&store).await;
    let sorted = |found: Vec<StoredTuple>| {
        let mut texts = texts(found.iter().map(|tuple| &tuple.name));
        texts.sort();
        texts
    };
    let names = [name(written[0]), name("doc:9#viewer@user:anne"), name(written[5])];
    assert_eq!(sorted(db.tuples_named(own, &names, NOW).await.unwrap()), [written[0], written[5]]);
    assert_eq!(db.tuples_named(own, &[], NOW).await.unwrap(), []);
    let relations = [("doc", "1", "viewer"), ("doc", "2", "viewer"), ("doc", "3", "viewer")];
    let found = db.tuples_of_objects(own, &relations, false, NOW).await.unwrap();
    assert_eq!(sorted(found), [written[2], written[1], written[0], written[4]]);
    let found = db.tuples_of_objects(own, &relations, true, NOW).await.unwrap();
    assert_eq!(sorted(found), [written[2], written[1]]);
    let subjects = [("user:anne", "doc", "viewer"), ("user:*", "doc", "viewer"), ("user:anne", "folder", "viewer")];
    let found = db.tuples_of_subjects(own, &subjects, NOW).await.unwrap();
    assert_eq!(sorted(found), [written[1], written[0], written[4]]);
}

async fn read_in_pages(store: Store) {
    let own = policy_store(&store, "own").await.number;
    let sorted = [
        "doc:1#editor@user:anne",
        "doc:1#viewer@group:a#member",
        "doc:1#viewer@user:anne",
        "doc:10#viewer@user:anne",
        "doc:2#editor@user:anne",
        "file:1#viewer@user:anne",
    ];
    write(&store, own, &sorted.map(tuple), &[], ANY).await;
    let mut db = read(&store).await;
    let by = |object_type, object_id, relation, subject| TupleFilter { object_type, object_id, relation, subject };
    let (doc, one, viewer, anne) = (Some("doc"), Some("1"), Some("viewer"), Some("user:anne"));
    for (filter, expected) in [
        (by(None, None, None, None), vec![0, 1, 2, 3, 4, 5]),
        (by(doc, None, None, None), vec![0, 1, 2, 3, 4]),
        (by(doc, one, None, None), vec![0, 1, 2]),
        (by(doc, one, viewer, None), vec![1, 2]),
        (by(doc, one, viewer, anne), vec![2]),
        (by(doc, one, None, anne), vec![0, 2]),
        (by(doc, None, None, anne), vec![0, 4, 2, 3]),
        (by(doc, None, viewer, anne), vec![2, 3]),
        (by(None, None, None, Some("user:")), vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(|at: usize| sorted[at]).collect();
        for size in [1, 2, 10] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = db.tuples(own, &filter, after.as_ref(), size, NOW).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.name.clone());
                found.extend(texts(page.iter().map(|tuple| &tuple.name)));
            }
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}

async fn the_log_is_read_by_type_and_time_and_pruned(store: Store) {
    let own = policy_store(&store, "own").await.number;
    let mut db = begin(&store).await;
    for step in 0..4 {
        let both = [tuple(&format!("doc:{step}#viewer@user:a")), tuple(&format!("file:{step}#viewer@user:a"))];
        db.write_tuples(own, &both, &[], STRICT, NOW + step).await.unwrap();
    }
    db.commit().await.unwrap();
    let mut db = begin(&store).await;
    let places = |found: Vec<TupleChange>| {
        found.into_iter().map(|change| (change.revision, change.position)).collect::<Vec<_>>()
    };
    let any = ChangeFilter::default();
    assert_eq!(places(db.tuple_changes(own, &any, (0, 0), 3).await.unwrap()), [(1, 0), (1, 1), (2, 0)]);
    assert_eq!(places(db.tuple_changes(own, &any, (2, 0), 2).await.unwrap()), [(2, 1), (3, 0)]);
    assert_eq!(places(db.tuple_changes(own, &any, (4, 1), 2).await.unwrap()), []);
    let files = ChangeFilter { object_type: Some("file"), since: Some(NOW + 2) };
    assert_eq!(places(db.tuple_changes(own, &files, (0, 0), 9).await.unwrap()), [(3, 1), (4, 1)]);
    let unknown = ChangeFilter { object_type: Some("nothing"), since: None };
    assert_eq!(places(db.tuple_changes(own, &unknown, (0, 0), 9).await.unwrap()), []);

    assert_eq!(db.stores_with_old_changes(NOW, 9).await.unwrap(), Vec::<i64>::new());
    assert_eq!(db.prune_tuple_changes(own, NOW, 9).await.unwrap(), 0);
    assert_eq!(db.stores_with_old_changes(NOW + 3, 9).await.unwrap(), [own]);
    assert_eq!(db.prune_tuple_changes(own, NOW + 3, 3).await.unwrap(), 4, "writes go whole");
    assert_eq!(db.prune_tuple_changes(own, NOW + 3, 9).await.unwrap(), 2);
    assert_eq!(db.prune_tuple_changes(own, NOW + 3, 9).await.unwrap(), 0);
    assert_eq!(db.prune_tuple_changes(-1, NOW + 3, 9).await.unwrap(), 0);
    assert_eq!(places(db.tuple_changes(own, &any, (0, 0), 9).await.unwrap()), [(4, 0), (4, 1)]);
    assert_eq!(db.tuples(own, &TupleFilter::default(), None, 99, NOW).await.unwrap().len(), 8);
}

async fn the_log_is_entered_where_a_moment_is(store: Store) {
    let (own, other) = (policy_store(&store, "own").await.number, policy_store(&store, "other").await.number);
    let mut db = begin(&store).await;
    assert_eq!(db.place_in_changes(own, NOW).await.unwrap().0, -1);
    for step in 0..40 {
        // Another replica's clock is a little behind.
        let late = if step % 3 == 0 { 2_000 } else { 0 };
        let both = [tuple(&format!("doc:{step}#viewer@user:a")), tuple(&format!("file:{step}#viewer@user:a"))];
        db.write_tuples(own, &both, &[], STRICT, NOW + step * 60_000 - late).await.unwrap();
        db.write_tuples(other, &both, &[], STRICT, NOW).await.unwrap();
    }
    db.prune_tuple_changes(own, NOW + 5 * 60_000, 9).await.unwrap();
    let all = db.tuple_changes(own, &ChangeFilter::default(), (0, 0), 99).await.unwrap();
    assert!(all.len() < 80);
    for since in (-2..45).map(|step| NOW + step * 60_000 - 1_000) {
        let expected: Vec<_> = all.iter().filter(|change| change.at >= since).cloned().collect();
        let filter = ChangeFilter { object_type: None, since: Some(since) };
        let place = db.place_in_changes(own, since).await.unwrap();
        assert_eq!(db.tuple_changes(own, &filter, place, 99).await.unwrap(), expected, "{since}");
        // Of what is older no more is read than clocks differ by.
        let read = db.tuple_changes(own, &ChangeFilter::default(), place, 99).await.unwrap();
        assert!(read.len() <= expected.len() + 4, "{since}: {} of {}", read.len(), expected.len());
    }
}

/// What a follower relies on: once it has read that a store is at a revision, all up to it stands in the log, each
/// revision once, whoever wrote it, and what the log says is what the tuples are.
async fn writers_at_the_same_time(store: Store) {
    const WRITERS: usize = 6;
    const EACH: usize = 12;
    let own = policy_store(&store, "own").await;
    let writers = (0..WRITERS).map(|writer| {
        let (store, number) = (store.clone(), own.number);
        tokio::spawn(async move {
            for step in 0..EACH {
                let shared = tuple("doc:shared#viewer@user:anne");
                let mine = tuple(&format!("doc:{writer}-{step}#viewer@user:anne"));
                let deletes = if step % 2 == 0 { vec![] } else { vec![shared.name.clone()] };
                let writes = if step % 2 == 0 { vec![shared, mine] } else { vec![mine] };
                let mut db = begin(&store).await;
                let written = db.write_tuples(number, &writes, &deletes, ANY, NOW).await.unwrap();
                assert!(matches!(written, Written::Done(_)), "{written:?}");
                if step % 5 == 4 { drop(db) } else { db.commit().await.unwrap() }
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let follower = tokio::spawn({
        let (store, own) = (store.clone(), own.clone());
        async move {
            let (mut seen, mut rows) = (0, Vec::new());
            loop {
                let mut db = read(&store).await;
                let revision = db.policy_store_by_number(own.number).await.unwrap().unwrap().revision;
                let changes =
                    db.tuple_changes(own.number, &ChangeFilter::default(), (seen, i64::MAX), 10_000).await.unwrap();
                let up_to: Vec<_> = changes.into_iter().filter(|change| change.revision <= revision).collect();
                let mut revisions: Vec<_> = up_to.iter().map(|change| change.revision).collect();
                revisions.dedup();
                assert_eq!(revisions, (seen + 1..=revision).collect::<Vec<_>>(), "one is missing or out of order");
                seen = revision;
                rows.extend(up_to);
                drop(db);
                let committed = WRITERS * (EACH - EACH / 5);
                if seen == committed as i64 {
                    return rows;
                }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        }
    });
    for writer in writers {
        writer.await.unwrap();
    }
    let rows = tokio::time::timeout(std::time::Duration::from_secs(30), follower).await.unwrap().unwrap();
    let mut replayed = std::collections::BTreeSet::new();
    for change in rows {
        let known = if change.is_delete { replayed.remove(&change.name) } else { replayed.insert(change.name) };
        assert!(known, "a change that changes nothing");
    }
    let stored: std::collections::BTreeSet<_> =
        all(&store, own.number).await.into_iter().map(|tuple| tuple.name).collect();
    assert_eq!(stored, replayed);
    let found = read(&store).await.policy_store(&own.id).await.unwrap().unwrap();
    assert_eq!(found.tuple_count, stored.len() as i64);
}

async fn a_large_batch_is_one_write(store: Store) {
    let own = policy_store(&store, "own").await;
    let many: Vec<_> = (0..5000).map(|at| tuple(&format!("doc:{at}#viewer@user:anne"))).collect();
    assert_eq!(write(&store, own.number, &many, &[], STRICT).await, Written::Done(1));
    let names: Vec<_> = many.iter().map(|tuple| tuple.name.clone()).collect();
    let mut db = begin(&store).await;
    assert_eq!(db.write_tuples(own.number, &[], &names, STRICT, NOW).await.unwrap(), Written::Done(2));
    db.commit().await.unwrap();
    assert_eq!(read(&store).await.policy_store(&own.id).await.unwrap().unwrap().tuple_count, 0);
}

async fn a_snapshot_stays_as_it_was(store: Store) {
    let own = policy_store(&store, "own").await;
    write(&store, own.number, &[tuple("doc:1#viewer@user:anne")], &[], STRICT).await;
    let mut before = store.snapshot().await.unwrap();
    let revision = before.policy_store(&own.id).await.unwrap().unwrap().revision;
    write(&store, own.number, &[tuple("doc:2#viewer@user:anne")], &[], STRICT).await;
    let found = before.tuples(own.number, &TupleFilter::default(), None, 10, NOW).await.unwrap();
    assert_eq!((revision, found.len()), (1, 1), "of one moment");
    drop(before);
    let mut after = store.snapshot().await.unwrap();
    assert_eq!(after.tuples(own.number, &TupleFilter::default(), None, 10, NOW).await.unwrap().len(), 2);
}

cases! {
    a_snapshot_stays_as_it_was,
    written_and_logged,
    preconditions,
    expired_tuples_say_nothing,
    looked_up,
    read_in_pages,
    the_log_is_read_by_type_and_time_and_pruned,
    the_log_is_entered_where_a_moment_is,
    writers_at_the_same_time,
    a_large_batch_is_one_write,
}
