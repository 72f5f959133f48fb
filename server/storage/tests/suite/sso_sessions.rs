use sentinel_storage::{
    AuthorizationCode, CodeConsumption, NewSession, Pruned, RevokedFor, SsoSession, StorageError, Store, WorkspaceRole,
};
use uuid::Uuid;

use crate::clients::client;
use crate::harness::{NOW, begin, cases, read};
use crate::sessions::{LATER, end, session};
use crate::users::people;
use crate::workspaces::workspace;

fn login(user_id: Uuid) -> SsoSession {
    SsoSession { id: Uuid::new_v4(), user_id, created_at: NOW, expires_at: LATER }
}

async fn found_by_its_secret_alone(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let (of_ada, of_bob) = (login(ada), login(bob));
    let mut db = begin(&store).await;
    db.insert_sso_session(b"ada's", &of_ada).await.unwrap();
    db.insert_sso_session(b"bob's", &of_bob).await.unwrap();
    db.invalidate_user_sessions(bob, NOW + 5).await.unwrap();
    db.set_user_active(bob, false, NOW).await.unwrap();
    let found = db.sso_session(b"ada's").await.unwrap().unwrap();
    assert_eq!((found.session, found.is_active, found.sessions_invalidated_at), (of_ada.clone(), true, None));
    let found = db.sso_session(b"bob's").await.unwrap().unwrap();
    assert_eq!((found.session.id, found.is_active, found.sessions_invalidated_at), (of_bob.id, false, Some(NOW + 5)));
    assert_eq!(db.sso_session(b"nobody's").await.unwrap(), None);
    // Another login in the same browser: what it had before opens nothing.
    let anew = SsoSession { created_at: NOW + 7, expires_at: LATER + 7, ..of_ada.clone() };
    assert!(db.renew_sso_session(b"another", &anew).await.unwrap());
    assert_eq!(db.sso_session(b"ada's").await.unwrap(), None);
    assert_eq!(db.sso_session(b"another").await.unwrap().unwrap().session, anew);
    assert!(!db.renew_sso_session(b"x", &SsoSession { user_id: bob, ..anew.clone() }).await.unwrap(), "another user's");
    assert!(
        !db.renew_sso_session(b"x", &SsoSession { id: Uuid::new_v4(), ..anew }).await.unwrap(),
        "one that has ended"
    );
    assert_eq!(db.forget_sso_sessions_of_user(ada).await.unwrap(), 1);
    assert_eq!(db.sso_session(b"another").await.unwrap(), None);
    assert!(db.sso_session(b"bob's").await.unwrap().is_some());
    let lost = db.insert_sso_session(b"nobody's", &login(Uuid::new_v4())).await.unwrap_err();
    assert!(matches!(lost, StorageError::Reference), "{lost}");
}

async fn ends_with_all_that_came_of_it(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer)]).await;
    let new = client("App", &["https://app.example/callback"], &[]);
    let (one, other) = (login(ada), login(ada));
    let code = |sso_id| AuthorizationCode {
        user_id: ada,
        client_id: new.id,
        code_challenge: "challenge".into(),
        expires_at: LATER,
        sso_id,
    };
    let mut db = begin(&store).await;
    db.insert_client(&new.as_new(), NOW).await.unwrap();
    for (hash, login) in [(b"one", &one), (b"two", &other)] {
        db.insert_sso_session(hash, login).await.unwrap();
        db.insert_authorization_code(hash, &code(Some(login.id)), NOW).await.unwrap();
    }
    db.insert_authorization_code(b"own", &code(None), NOW).await.unwrap();
    let began =
        [Some(one.id), Some(one.id), Some(other.id), None].map(|sso_id| NewSession { sso_id, ..session(ada, lab) });
    for session in &began {
        db.insert_session(session, NOW).await.unwrap();
    }
    assert_eq!(db.session(began[0].id).await.unwrap().unwrap().sso_id, Some(one.id));
    assert_eq!(db.end_sso_session(one.id, end(RevokedFor::Logout, NOW)).await.unwrap(), 2);
    assert_eq!(db.end_sso_session(one.id, end(RevokedFor::Logout, NOW)).await.unwrap(), 0);
    assert_eq!(db.sso_session(b"one").await.unwrap(), None);
    for (at, ended) in [(0, true), (1, true), (2, false), (3, false)] {
        let found = db.session(began[at].id).await.unwrap().unwrap();
        assert_eq!(found.revoked_at.is_some(), ended, "{at}");
        // Which login it was is still known.
        assert_eq!(found.sso_id, began[at].sso_id);
    }
    assert_eq!(db.last_revocation().await.unwrap(), 2, "verifiers elsewhere are told of each");
    let consumed = db.consume_authorization_code(b"one", Uuid::new_v4(), NOW).await.unwrap();
    assert_eq!(consumed, CodeConsumption::Unknown, "its codes are gone");
    for hash in [b"two", b"own"] {
        let consumed = db.consume_authorization_code(hash, Uuid::new_v4(), NOW).await.unwrap();
        assert!(matches!(consumed, CodeConsumption::Consumed(_)), "{consumed:?}");
    }
    let late = db.insert_authorization_code(b"late", &code(Some(one.id)), NOW).await.unwrap_err();
    assert!(matches!(late, StorageError::Reference), "{late}");
}

/// Whoever is exchanging a code when the login ends has no session afterwards.
async fn an_exchange_under_way_does_not_outlive_it(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer)]).await;
    let new = client("App", &["https://app.example/callback"], &[]);
    let mut db = begin(&store).await;
    db.insert_client(&new.as_new(), NOW).await.unwrap();
    db.commit().await.unwrap();
    for round in 0..20_u8 {
        let one = login(ada);
        let mut db = begin(&store).await;
        db.insert_sso_session(&[round], &one).await.unwrap();
        let code = AuthorizationCode {
            user_id: ada,
            client_id: new.id,
            code_challenge: "challenge".into(),
            expires_at: LATER,
            sso_id: Some(one.id),
        };
        db.insert_authorization_code(&[round], &code, NOW).await.unwrap();
        db.commit().await.unwrap();
        let began = NewSession { sso_id: Some(one.id), ..session(ada, lab) };
        let exchange = async {
            let mut db = begin(&store).await;
            let consumed = db.consume_authorization_code(&[round], began.id, NOW).await.unwrap();
            if matches!(consumed, CodeConsumption::Consumed(_)) {
                db.insert_session(&began, NOW).await.unwrap();
            }
            db.commit().await.unwrap();
        };
        let logout = async {
            let mut db = begin(&store).await;
            db.end_sso_session(one.id, end(RevokedFor::Logout, NOW)).await.unwrap();
            db.commit().await.unwrap();
        };
        tokio::join!(exchange, logout);
        let left = read(&store).await.session(began.id).await.unwrap();
        assert!(left.is_none_or(|session| session.revoked_at.is_some()), "round {round}");
    }
}

async fn expired_ones_are_removed(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let mut db = begin(&store).await;
    db.insert_sso_session(b"old", &SsoSession { expires_at: NOW, ..login(ada) }).await.unwrap();
    db.insert_sso_session(b"new", &login(ada)).await.unwrap();
    assert_eq!(db.prune_expired(NOW + 1, 9).await.unwrap(), Pruned { sso_sessions: 1, ..Pruned::default() });
    assert!(db.sso_session(b"old").await.unwrap().is_none() && db.sso_session(b"new").await.unwrap().is_some());
}

cases! {
    found_by_its_secret_alone, ends_with_all_that_came_of_it, an_exchange_under_way_does_not_outlive_it,
    expired_ones_are_removed,
}
