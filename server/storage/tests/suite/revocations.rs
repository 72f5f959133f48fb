use std::time::Duration;

use sentinel_storage::{RevocationKind, Store};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};

const LATER: i64 = NOW + 900_000;

async fn by_token_session_and_user(store: Store) {
    let [user, session, other] = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    let mut db = begin(&store).await;
    db.insert_revocation(RevocationKind::Token, "jti", NOW, LATER).await.unwrap();
    db.insert_revocation(RevocationKind::Session, &session.to_string(), NOW, LATER).await.unwrap();
    db.insert_revocation(RevocationKind::User, &user.to_string(), NOW, LATER).await.unwrap();
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    for (jti, session_id, user_id, issued_at, expected) in [
        ("jti", None, None, NOW, true),
        ("JTI", None, None, NOW, false),
        ("new", Some(session), None, NOW, true),
        ("new", Some(other), None, NOW, false),
        ("new", None, Some(user), NOW - 1, true),
        ("new", None, Some(user), NOW, false),
        ("new", Some(other), Some(other), NOW - 1, false),
        // What one kind names is nothing to another.
        (&session.to_string(), Some(user), Some(session), NOW - 1, false),
    ] {
        let revoked = db.is_revoked(jti, session_id, user_id, issued_at).await.unwrap();
        assert_eq!(revoked, expected, "{jti} {session_id:?} {user_id:?} {issued_at}");
    }
}

async fn by_all_that_was_given_before(store: Store) {
    let mut db = begin(&store).await;
    db.insert_revocation(RevocationKind::Member, "a/b", NOW, LATER).await.unwrap();
    db.insert_revocation(RevocationKind::Workspace, "b", NOW, LATER).await.unwrap();
    assert!(!db.is_revoked("jti", None, None, NOW - 1).await.unwrap());
    db.insert_revocation(RevocationKind::All, "", NOW, LATER).await.unwrap();
    assert!(db.is_revoked("jti", None, None, NOW - 1).await.unwrap());
    assert!(!db.is_revoked("jti", None, None, NOW).await.unwrap());
    let kinds: Vec<_> = db.revocations_after(0, 10).await.unwrap().iter().map(|one| one.kind.as_str()).collect();
    assert_eq!(kinds, ["member", "workspace", "all"]);
}

async fn the_lock_is_for_those_who_number(store: Store) {
    let mut held = begin(&store).await;
    held.lock_revocations().await.unwrap();
    let waits = tokio::spawn({
        let store = store.clone();
        async move {
            let mut db = begin(&store).await;
            db.insert_revocation(RevocationKind::Token, "second", NOW, LATER).await.unwrap();
            db.commit().await.unwrap();
        }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    held.insert_revocation(RevocationKind::Token, "first", NOW, LATER).await.unwrap();
    held.commit().await.unwrap();
    waits.await.unwrap();
    let all = read(&store).await.revocations_after(0, 10).await.unwrap();
    assert_eq!(all.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["first", "second"]);
}

async fn listed_in_order_and_the_same_one_once(store: Store) {
    assert_eq!(read(&store).await.last_revocation().await.unwrap(), 0);
    for (jti, at) in [("one", NOW), ("two", NOW), ("one", NOW), ("one", NOW + 1), ("three", NOW)] {
        let mut db = begin(&store).await;
        db.insert_revocation(RevocationKind::Token, jti, at, LATER).await.unwrap();
        db.commit().await.unwrap();
    }
    let mut db = read(&store).await;
    let all = db.revocations_after(0, 10).await.unwrap();
    let found: Vec<_> = all.iter().map(|one| (one.value.as_str(), one.at)).collect();
    assert_eq!(found, [("one", NOW), ("two", NOW), ("one", NOW + 1), ("three", NOW)]);
    assert_eq!(all[0].expires_at, LATER);
    assert_eq!(db.revocations_after(0, 2).await.unwrap(), all[..2]);
    assert_eq!(db.revocations_after(all[1].seq, 10).await.unwrap(), all[2..]);
    assert_eq!(db.last_revocation().await.unwrap(), all[3].seq);
}

async fn a_number_is_never_overtaken(store: Store) {
    let mut slow = begin(&store).await;
    slow.insert_revocation(RevocationKind::Token, "slow", NOW, LATER).await.unwrap();
    let quick = tokio::spawn({
        let store = store.clone();
        async move {
            let mut db = begin(&store).await;
            db.insert_revocation(RevocationKind::Token, "quick", NOW, LATER).await.unwrap();
            db.commit().await.unwrap();
        }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Were the quick one visible now, a follower would go on from its number and never see the slow one.
    assert_eq!(read(&store).await.revocations_after(0, 10).await.unwrap(), []);
    slow.commit().await.unwrap();
    quick.await.unwrap();
    let all = read(&store).await.revocations_after(0, 10).await.unwrap();
    assert_eq!(all.iter().map(|one| one.value.as_str()).collect::<Vec<_>>(), ["slow", "quick"]);
}

async fn a_follower_misses_none_of_many_writers(store: Store) {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..5_u64 {
        let store = store.clone();
        writers.spawn(async move {
            for at in 0..8_u64 {
                let mut db = begin(&store).await;
                db.insert_revocation(RevocationKind::Token, &format!("{writer}/{at}"), NOW, LATER).await.unwrap();
                tokio::time::sleep(Duration::from_millis((writer * 7 + at * 3) % 5)).await;
                if at % 4 == 3 {
                    drop(db);
                } else {
                    db.commit().await.unwrap();
                }
            }
        });
    }
    let (mut seen, mut followed) = (0, Vec::new());
    loop {
        let ended = writers.is_empty();
        for one in read(&store).await.revocations_after(seen, 3).await.unwrap() {
            seen = one.seq;
            followed.push(one.value);
        }
        if ended && read(&store).await.last_revocation().await.unwrap() == seen {
            break;
        }
        while let Some(ended) = writers.try_join_next() {
            ended.unwrap();
        }
    }
    followed.sort();
    let mut expected: Vec<_> =
        (0..5).flat_map(|writer| [0, 1, 2, 4, 5, 6].map(|at| format!("{writer}/{at}"))).collect();
    expected.sort();
    assert_eq!(followed, expected);
}

cases! {
    by_token_session_and_user,
    by_all_that_was_given_before,
    the_lock_is_for_those_who_number,
    listed_in_order_and_the_same_one_once,
    a_number_is_never_overtaken,
    a_follower_misses_none_of_many_writers,
}
