//! What is taken or used once: login states, relay codes and one-time links.

use sentinel_storage::{
    LoginPurpose, LoginState, NewRelayCode, OneTimeLink, ServiceChange, SocketTicket, StorageError, Store,
};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::services::service;
use crate::users::people;

pub(crate) fn login() -> LoginState {
    LoginState {
        purpose: LoginPurpose::Admin,
        provider: "google".into(),
        sealed: vec![0, 1, 255],
        expires_at: NOW + 600_000,
    }
}

async fn a_login_state_is_taken_once(store: Store) {
    let mut db = begin(&store).await;
    db.insert_login_state(b"state", &login()).await.unwrap();
    assert_eq!(db.take_login_state(b"other", NOW).await.unwrap(), None);
    assert_eq!(db.take_login_state(b"state", NOW + 600_000).await.unwrap(), None);
    db.commit().await.unwrap();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            let taken = db.take_login_state(b"state", NOW).await.unwrap();
            db.commit().await.unwrap();
            taken
        });
    }
    let taken: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, [login()]);
    let mut db = begin(&store).await;
    db.insert_login_state(b"state", &login()).await.unwrap();
    let refused = db.insert_login_state(b"state", &login()).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
}

async fn a_relay_code_is_taken_once_by_who_began(store: Store) {
    let new = service("notes");
    let code = NewRelayCode {
        service_id: new.id,
        provider: "github",
        code_challenge: "challenge",
        sealed: &[0, 1, 255],
        expires_at: NOW + 1000,
    };
    let mut db = begin(&store).await;
    db.insert_service(&new, NOW).await.unwrap();
    db.insert_relay_code(b"code", &code).await.unwrap();
    db.commit().await.unwrap();
    let lost = NewRelayCode { service_id: Uuid::new_v4(), ..code };
    let refused = begin(&store).await.insert_relay_code(b"lost", &lost).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
    let mut db = begin(&store).await;
    for (hash, provider, challenge, now) in [
        (&b"other"[..], "github", "challenge", NOW),
        (b"code", "other", "challenge", NOW),
        (b"code", "github", "Challenge", NOW),
        (b"code", "github", "challenge", NOW + 1000),
    ] {
        assert_eq!(db.take_relay_code(hash, provider, challenge, now).await.unwrap(), None);
    }
    let active = |is_active| ServiceChange { is_active: Some(is_active), ..Default::default() };
    db.update_service(new.id, &active(false), NOW).await.unwrap();
    assert_eq!(db.take_relay_code(b"code", "github", "challenge", NOW).await.unwrap(), None);
    db.update_service(new.id, &active(true), NOW).await.unwrap();
    db.commit().await.unwrap();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            let taken = db.take_relay_code(b"code", "github", "challenge", NOW).await.unwrap();
            db.commit().await.unwrap();
            taken
        });
    }
    let taken: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, [vec![0, 1, 255]]);
}

async fn a_link_is_used_once_and_for_its_purpose(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let link = OneTimeLink { purpose: "bootstrap".into(), user_id: None, expires_at: NOW + 1000 };
    let personal = OneTimeLink { user_id: Some(ada), ..link.clone() };
    let mut db = begin(&store).await;
    db.insert_one_time_link(b"link", &link, NOW).await.unwrap();
    db.insert_one_time_link(b"personal", &personal, NOW).await.unwrap();
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    assert_eq!(db.one_time_link(b"link", NOW).await.unwrap().as_ref(), Some(&link));
    assert_eq!(db.one_time_link(b"link", NOW + 1000).await.unwrap(), None);
    assert_eq!(db.one_time_link(b"other", NOW).await.unwrap(), None);
    drop(db);
    let mut db = begin(&store).await;
    assert_eq!(db.use_one_time_link(b"link", "invitation", NOW).await.unwrap(), None);
    assert_eq!(db.use_one_time_link(b"link", "bootstrap", NOW + 1000).await.unwrap(), None);
    assert_eq!(db.use_one_time_link(b"personal", "bootstrap", NOW).await.unwrap(), Some(personal));
    db.commit().await.unwrap();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            let used = db.use_one_time_link(b"link", "bootstrap", NOW).await.unwrap();
            db.commit().await.unwrap();
            used
        });
    }
    let used: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(used, std::slice::from_ref(&link));
    assert_eq!(read(&store).await.one_time_link(b"link", NOW).await.unwrap(), None);
    let mut db = begin(&store).await;
    for (hash, purpose) in [(b"a", "bootstrap"), (b"b", "bootstrap"), (b"c", "password")] {
        let link = OneTimeLink { purpose: purpose.into(), user_id: Some(ada), ..link.clone() };
        db.insert_one_time_link(hash, &link, NOW).await.unwrap();
    }
    assert_eq!(db.void_one_time_links("bootstrap", ada, NOW).await.unwrap(), 2);
    assert_eq!(db.void_one_time_links("bootstrap", ada, NOW).await.unwrap(), 0);
    assert_eq!(db.one_time_link(b"a", NOW).await.unwrap(), None);
    assert!(db.one_time_link(b"c", NOW).await.unwrap().is_some());
    drop(db);
    let lost = OneTimeLink { user_id: Some(Uuid::new_v4()), ..link };
    let refused = begin(&store).await.insert_one_time_link(b"lost", &lost, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
}

async fn a_ticket_is_taken_once_by_its_service(store: Store) {
    let (service_id, expires_at) = (Uuid::new_v4(), NOW + 30_000);
    let ticket = SocketTicket {
        service_id,
        user_id: Uuid::new_v4(),
        workspace_id: Uuid::new_v4(),
        session_id: None,
        token_use: "access".into(),
        jti: "jti".into(),
        issued_at: 1,
        ends_at: 2,
        expires_at,
    };
    let session = SocketTicket { session_id: Some(Uuid::new_v4()), ..ticket.clone() };
    let mut db = begin(&store).await;
    db.insert_socket_ticket(b"ticket", &ticket).await.unwrap();
    db.insert_socket_ticket(b"session", &session).await.unwrap();
    let refused = db.insert_socket_ticket(b"ticket", &ticket).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
    drop(db);
    let mut db = begin(&store).await;
    db.insert_socket_ticket(b"ticket", &ticket).await.unwrap();
    db.insert_socket_ticket(b"session", &session).await.unwrap();
    for (hash, service, now) in
        [(&b"other"[..], service_id, NOW), (b"ticket", Uuid::new_v4(), NOW), (b"ticket", service_id, expires_at)]
    {
        assert_eq!(db.take_socket_ticket(hash, service, now).await.unwrap(), None);
    }
    assert_eq!(db.take_socket_ticket(b"session", service_id, NOW).await.unwrap(), Some(session));
    db.commit().await.unwrap();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            let taken = db.take_socket_ticket(b"ticket", service_id, expires_at - 1).await.unwrap();
            db.commit().await.unwrap();
            taken
        });
    }
    let taken: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, std::slice::from_ref(&ticket));
    let mut db = begin(&store).await;
    db.insert_socket_ticket(b"left", &ticket).await.unwrap();
    assert_eq!(db.prune_expired(expires_at, 9).await.unwrap().socket_tickets, 0);
    assert_eq!(db.prune_expired(expires_at + 1, 9).await.unwrap().socket_tickets, 1);
}

cases! { a_ticket_is_taken_once_by_its_service,  a_login_state_is_taken_once, a_relay_code_is_taken_once_by_who_began, a_link_is_used_once_and_for_its_purpose }
