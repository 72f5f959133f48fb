use sentinel_storage::{AuthorizationCode, CodeConsumption, StorageError, Store};
use uuid::Uuid;

use crate::clients::client;
use crate::harness::{NOW, begin, cases, read};
use crate::users::people;

/// Stores a code that is good for a minute.
pub(crate) async fn issued(store: &Store, hash: &[u8]) -> AuthorizationCode {
    let [user_id] = people(store, ["ada"]).await;
    let mut db = begin(store).await;
    let new = client("App", &["https://app.example/callback"], &[]);
    db.insert_client(&new.as_new(), NOW).await.unwrap();
    let code = AuthorizationCode {
        user_id,
        client_id: new.id,
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
        expires_at: NOW + 60_000,
        sso_id: None,
    };
    db.insert_authorization_code(hash, &code, NOW).await.unwrap();
    db.commit().await.unwrap();
    code
}

async fn looked_at_and_used_once(store: Store) {
    let code = issued(&store, b"hash").await;
    let mut db = read(&store).await;
    assert_eq!(db.authorization_code(b"hash", NOW).await.unwrap().as_ref(), Some(&code));
    assert_eq!(db.authorization_code(b"hash", NOW).await.unwrap().as_ref(), Some(&code));
    assert_eq!(db.authorization_code(b"other", NOW).await.unwrap(), None);
    assert_eq!(db.authorization_code(b"hash", NOW + 60_000).await.unwrap(), None);
    drop(db);
    let mut db = begin(&store).await;
    let [first, second] = [Uuid::new_v4(), Uuid::new_v4()];
    assert_eq!(db.consume_authorization_code(b"other", first, NOW).await.unwrap(), CodeConsumption::Unknown);
    assert_eq!(db.consume_authorization_code(b"hash", first, NOW + 60_000).await.unwrap(), CodeConsumption::Unknown);
    let consumed = db.consume_authorization_code(b"hash", first, NOW).await.unwrap();
    assert_eq!(consumed, CodeConsumption::Consumed(code.clone()));
    assert_eq!(db.authorization_code(b"hash", NOW).await.unwrap(), None);
    for at in [NOW, NOW + 60_000] {
        let again = db.consume_authorization_code(b"hash", second, at).await.unwrap();
        assert_eq!(again, CodeConsumption::Replayed { session_id: Some(first) });
    }
    let refused = db.insert_authorization_code(b"hash", &code, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
}

async fn a_hundred_attempts_on_one_code_give_one_session(store: Store) {
    issued(&store, b"hash").await;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        attempts.spawn(async move {
            let session = Uuid::new_v4();
            let mut db = begin(&store).await;
            let outcome = db.consume_authorization_code(b"hash", session, NOW).await.unwrap();
            db.commit().await.unwrap();
            (session, outcome)
        });
    }
    let outcomes = attempts.join_all().await;
    let mut winners = outcomes.iter().filter(|(_, outcome)| matches!(outcome, CodeConsumption::Consumed(_)));
    let (winner, _) = winners.next().unwrap();
    assert_eq!(winners.next(), None);
    let replayed = CodeConsumption::Replayed { session_id: Some(*winner) };
    assert_eq!(outcomes.iter().filter(|(_, outcome)| *outcome == replayed).count(), 99);
}

async fn what_was_not_committed_did_not_use_it(store: Store) {
    let code = issued(&store, b"hash").await;
    let mut db = begin(&store).await;
    db.consume_authorization_code(b"hash", Uuid::new_v4(), NOW).await.unwrap();
    drop(db);
    let mut db = begin(&store).await;
    let consumed = db.consume_authorization_code(b"hash", Uuid::new_v4(), NOW).await.unwrap();
    assert_eq!(consumed, CodeConsumption::Consumed(code));
}

cases! {
    looked_at_and_used_once,
    a_hundred_attempts_on_one_code_give_one_session,
    what_was_not_committed_did_not_use_it,
}
