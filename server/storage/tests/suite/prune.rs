use sentinel_storage::{
    NewRelayCode, OneTimeLink, Pruned, RevocationKind, RevokedFor, SessionState, Store, WorkspaceRole,
};

use crate::authorization_codes::issued;
use crate::harness::{NOW, begin, cases, read};
use crate::services::service;
use crate::sessions::{LATER, begun, end};
use crate::single_use::login;
use crate::workspaces::workspace;

async fn what_expired_goes_a_part_at_a_time(store: Store) {
    let user = issued(&store, b"code").await.user_id;
    let lab = workspace(&store, "lab", [(user, WorkspaceRole::Viewer)]).await;
    let session = begun(&store, user, lab).await;
    let mut db = begin(&store).await;
    db.revoke_session(session, end(RevokedFor::Logout, NOW)).await.unwrap();
    for at in 0..5 {
        let expires_at = NOW + at;
        db.insert_login_state(&[at as u8], &sentinel_storage::LoginState { expires_at, ..login() }).await.unwrap();
        db.insert_revocation(RevocationKind::Token, &at.to_string(), NOW, expires_at).await.unwrap();
    }
    let link = OneTimeLink { purpose: "x".into(), user_id: None, expires_at: NOW + 1 };
    db.insert_one_time_link(b"link", &link, NOW).await.unwrap();
    let new = service("notes");
    db.insert_service(&new, NOW).await.unwrap();
    let code =
        NewRelayCode { service_id: new.id, provider: "github", code_challenge: "c", sealed: b"s", expires_at: NOW + 1 };
    db.insert_relay_code(b"relay", &code).await.unwrap();
    db.rotate_service_key(new.id, b"old", "sk_1", NOW, NOW).await.unwrap();
    db.rotate_service_key(new.id, b"new", "sk_2", NOW + 2, NOW).await.unwrap();

    assert_eq!(db.prune_expired(NOW, 10).await.unwrap(), Pruned::default());
    let first = db.prune_expired(NOW + 4, 3).await.unwrap();
    let expected = Pruned {
        login_states: 3,
        relay_codes: 1,
        revocations: 3,
        one_time_links: 1,
        service_keys: 1,
        ..Pruned::default()
    };
    assert_eq!((first, first.total()), (expected, 9));
    let second = db.prune_expired(NOW + 4, 3).await.unwrap();
    assert_eq!(second, Pruned { login_states: 1, revocations: 1, ..Pruned::default() });
    assert_eq!(db.prune_expired(NOW + 4, 3).await.unwrap().total(), 0);
    assert_eq!(db.service_keys(new.id).await.unwrap().len(), 1);
    // The session outlives its revocation's publication: it is revoked until it is gone.
    let third = db.prune_expired(LATER, 3).await.unwrap();
    // The last revocation stays, for its number.
    assert_eq!((third.sessions, third.authorization_codes, third.revocations), (0, 1, 1));
    assert!(db.session(session).await.unwrap().unwrap().revoked_at.is_some());
    assert_eq!(db.prune_expired(LATER + 1, 3).await.unwrap(), Pruned { sessions: 1, ..Pruned::default() });
    db.commit().await.unwrap();
    let state = read(&store).await.access_state(user, Some(lab), Some(session), "0", None).await.unwrap().unwrap();
    assert_eq!(state.session, SessionState::Unknown);
    // Numbers go on: one that a follower has seen never comes again.
    let mut db = begin(&store).await;
    db.insert_revocation(RevocationKind::Token, "after", NOW, LATER).await.unwrap();
    assert_eq!(db.last_revocation().await.unwrap(), 7);
}

cases! { what_expired_goes_a_part_at_a_time }
