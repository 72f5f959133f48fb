use sentinel_storage::{
    JourneyPurpose, JourneyTaken, RevokedFor, SsoCode, SsoCodeUse, SsoEnded, SsoJourney, StorageError, Store,
};
use uuid::Uuid;

use crate::clients::client;
use crate::harness::{NOW, begin, cases, read};
use crate::sessions::{end, session};
use crate::sso_connections::connected;

async fn a_journey_is_taken_once(store: Store) {
    let (_, _, connection_id) = connected(&store, "ada").await;
    let new =
        SsoJourney { connection_id, purpose: JourneyPurpose::Leave, sealed: b"sealed".to_vec(), expires_at: NOW + 10 };
    let mut db = begin(&store).await;
    db.insert_sso_journey(b"one", &new).await.unwrap();
    db.commit().await.unwrap();
    let take = |hash: &'static [u8], purpose, at| {
        let store = store.clone();
        async move {
            let mut db = begin(&store).await;
            let taken = db.take_sso_journey(hash, purpose, at).await.unwrap();
            db.commit().await.unwrap();
            taken
        }
    };
    assert_eq!(take(b"two", JourneyPurpose::Leave, NOW).await, JourneyTaken::Unknown);
    assert_eq!(take(b"one", JourneyPurpose::Arrive, NOW).await, JourneyTaken::Unknown, "it is for something else");
    assert_eq!(take(b"one", JourneyPurpose::Leave, NOW + 10).await, JourneyTaken::Unknown, "it has expired");
    let mut both = tokio::task::JoinSet::new();
    for _ in 0..2 {
        both.spawn(take(b"one", JourneyPurpose::Leave, NOW));
    }
    let mut both = both.join_all().await;
    both.sort_by_key(|taken| matches!(taken, JourneyTaken::Used));
    assert_eq!(both, [JourneyTaken::Taken(new), JourneyTaken::Used]);
    let mut db = begin(&store).await;
    assert_eq!(db.prune_expired(NOW + 11, 9).await.unwrap().sso_journeys, 1);
}

async fn what_is_said_once_is_taken_once(store: Store) {
    let mut both = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let store = store.clone();
        both.spawn(async move {
            let mut db = begin(&store).await;
            let is_new = db.insert_sso_replay(b"assertion", NOW + 10).await.unwrap();
            db.commit().await.unwrap();
            is_new
        });
    }
    assert_eq!(both.join_all().await.iter().filter(|is_new| **is_new).count(), 1);
    let mut db = begin(&store).await;
    assert!(db.insert_sso_replay(b"another", NOW + 10).await.unwrap());
    assert_eq!(db.prune_expired(NOW + 11, 9).await.unwrap().sso_replays, 2);
    assert!(db.insert_sso_replay(b"assertion", NOW + 20).await.unwrap(), "it was forgotten after its end");
}

/// A code of Ada's, by its hash.
async fn issued(store: &Store, hash: &[u8], of: (Uuid, Uuid)) -> SsoCode {
    let new = client("App", &["https://app.example/callback"], &[]);
    let mut db = begin(store).await;
    db.insert_client(&new.as_new(), NOW).await.unwrap();
    let code = SsoCode {
        connection_id: of.1,
        user_id: of.0,
        client_id: new.id,
        code_challenge: "challenge".into(),
        subject: b"ada".to_vec(),
        provider_session: Some(b"1".to_vec()),
        created_at: NOW,
        expires_at: NOW + 60_000,
    };
    db.insert_sso_code(hash, &code).await.unwrap();
    db.commit().await.unwrap();
    code
}

async fn a_code_is_used_once(store: Store) {
    let (ada, _, connection) = connected(&store, "ada").await;
    let code = issued(&store, b"code", (ada, connection)).await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let mut db = begin(&store).await;
    assert_eq!(db.consume_sso_code(b"other", first, NOW).await.unwrap(), SsoCodeUse::Unknown);
    assert_eq!(db.consume_sso_code(b"code", first, NOW + 60_000).await.unwrap(), SsoCodeUse::Unknown);
    assert_eq!(db.consume_sso_code(b"code", first, NOW).await.unwrap(), SsoCodeUse::Consumed(code.clone()));
    assert_eq!(db.consume_sso_code(b"code", second, NOW).await.unwrap(), SsoCodeUse::Replayed(first));
    // It is no code of other logins, whose holders choose their workspace.
    assert_eq!(db.authorization_code(b"code", NOW).await.unwrap(), None);
    assert_eq!(db.prune_expired(NOW + 60_001, 9).await.unwrap().sso_codes, 1);
    let nobody = SsoCode { user_id: Uuid::new_v4(), ..code };
    assert!(matches!(db.insert_sso_code(b"x", &nobody).await.unwrap_err(), StorageError::Reference));
}

/// Whoever exchanges a code when the login at the provider ends has no session afterwards.
async fn an_exchange_under_way_does_not_outlive_the_login(store: Store) {
    let (ada, lab, connection) = connected(&store, "ada").await;
    let code = issued(&store, b"first", (ada, connection)).await;
    for round in 0..20_u8 {
        let mut db = begin(&store).await;
        db.insert_sso_code(&[round], &code).await.unwrap();
        db.commit().await.unwrap();
        let began = session(ada, lab);
        let exchange = async {
            let mut db = begin(&store).await;
            if let SsoCodeUse::Consumed(code) = db.consume_sso_code(&[round], began.id, NOW).await.unwrap() {
                db.insert_session(&began, NOW).await.unwrap();
                let of = code.provider_session.as_deref();
                db.bind_session_to_sso(began.id, connection, &code.subject, of).await.unwrap();
            }
            db.commit().await.unwrap();
        };
        let logout = async {
            let mut db = begin(&store).await;
            let which = SsoEnded { subject: Some(b"ada"), provider_session: Some(b"1") };
            db.end_sessions_of_sso(connection, which, end(RevokedFor::Logout, NOW)).await.unwrap();
            db.commit().await.unwrap();
        };
        tokio::join!(exchange, logout);
        let left = read(&store).await.session(began.id).await.unwrap();
        assert!(left.is_none_or(|session| session.revoked_at.is_some()), "round {round}");
    }
}

cases! {
    a_journey_is_taken_once, what_is_said_once_is_taken_once, a_code_is_used_once,
    an_exchange_under_way_does_not_outlive_the_login,
}
