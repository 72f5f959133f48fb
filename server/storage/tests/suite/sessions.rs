use sentinel_storage::{
    NewSession, RevocationKind, RevokedFor, SessionDialect, SessionEnd, StorageError, Store, WorkspaceRole,
};
use uuid::Uuid;

use crate::clients::client;
use crate::groups::group;
use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

pub(crate) const LATER: i64 = NOW + 30 * 24 * 3600 * 1000;

/// What a session of this user in this workspace begins with.
pub(crate) fn session(user_id: Uuid, workspace_id: Uuid) -> NewSession<'static> {
    NewSession {
        id: Uuid::new_v4(),
        user_id,
        workspace_id,
        client_id: None,
        sealed_secret: b"sealed",
        user_agent: Some("curl"),
        ip_address: None,
        expires_at: LATER,
        sso_id: None,
        dialect: SessionDialect::Sentinel,
    }
}

/// Makes a session.
pub(crate) async fn begun(store: &Store, user_id: Uuid, workspace_id: Uuid) -> Uuid {
    let new = session(user_id, workspace_id);
    let mut db = begin(store).await;
    db.insert_session(&new, NOW).await.unwrap();
    db.commit().await.unwrap();
    new.id
}

pub(crate) fn end(why: RevokedFor, at: i64) -> SessionEnd {
    SessionEnd { why, at, tokens_until: at + 900_000 }
}

async fn moves_on_one_generation_at_a_time(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Editor)]).await;
    let id = begun(&store, ada, lab).await;
    let mut db = begin(&store).await;
    let first = db.session(id).await.unwrap().unwrap();
    assert_eq!((first.generation, first.rotated_at, first.expires_at), (0, NOW, LATER));
    assert_eq!((first.user_id, first.workspace_id, first.client_id), (ada, lab, None));
    assert_eq!((first.user_agent.as_deref(), first.ip_address), (Some("curl"), None));
    assert_eq!((first.sealed_secret.as_slice(), first.revoked_at, first.revoked_for), (&b"sealed"[..], None, None));
    assert!(!db.rotate_session(id, 1, LATER, NOW).await.unwrap(), "from a generation to come");
    assert!(db.rotate_session(id, 0, LATER + 5, NOW + 5).await.unwrap());
    assert!(!db.rotate_session(id, 0, LATER + 6, NOW + 6).await.unwrap(), "from a generation that is past");
    assert!(!db.rotate_session(Uuid::new_v4(), 0, LATER, NOW).await.unwrap());
    let second = db.session(id).await.unwrap().unwrap();
    assert_eq!((second.generation, second.rotated_at, second.last_used_at), (1, NOW + 5, NOW + 5));
    assert_eq!((second.created_at, second.expires_at), (NOW, LATER + 5));
    assert!(!db.rotate_session(id, 1, LATER + 99, LATER + 5).await.unwrap(), "after its end");
    for (at, expected) in [(NOW + 9, NOW + 9), (NOW + 7, NOW + 9)] {
        db.touch_session(id, at).await.unwrap();
        assert_eq!(db.session(id).await.unwrap().unwrap().last_used_at, expected);
    }
    let until = async |db: &mut sentinel_storage::Transaction| {
        let session = db.session(id).await.unwrap().unwrap();
        (session.expires_at, session.last_used_at)
    };
    assert!(!db.extend_session(id, LATER + 5, NOW + 10).await.unwrap(), "it lasts as long already");
    assert!(db.extend_session(id, LATER + 6, NOW + 10).await.unwrap());
    assert_eq!(until(&mut db).await, (LATER + 6, NOW + 10));
    assert!(!db.extend_session(id, LATER + 9, LATER + 6).await.unwrap(), "after its end");
    assert!(!db.extend_session(Uuid::new_v4(), LATER + 9, NOW).await.unwrap());
    db.revoke_session(id, end(RevokedFor::Logout, NOW)).await.unwrap();
    assert!(!db.extend_session(id, LATER + 9, NOW).await.unwrap(), "what was revoked stays so");
    assert_eq!(until(&mut db).await, (LATER + 6, NOW + 10));
    let refused = db.insert_session(&session(Uuid::new_v4(), lab), NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
}

async fn a_hundred_refreshes_of_one_token_make_one_child(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer)]).await;
    let id = begun(&store, ada, lab).await;
    let mut attempts = tokio::task::JoinSet::new();
    for at in 0..100 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            db.session_for_refresh(id).await.unwrap().unwrap();
            let rotated = db.rotate_session(id, 0, LATER, NOW + at).await.unwrap();
            db.commit().await.unwrap();
            rotated
        });
    }
    let children = attempts.join_all().await.into_iter().filter(|rotated| *rotated).count();
    assert_eq!(children, 1);
    assert_eq!(read(&store).await.session(id).await.unwrap().unwrap().generation, 1);
}

async fn a_refresh_tells_what_the_next_tokens_say(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Admin), (bob, WorkspaceRole::Viewer)]).await;
    let other = workspace(&store, "other", [(ada, WorkspaceRole::Viewer)]).await;
    let [mine, others, elsewhere] = [group(lab, "mine"), group(lab, "others"), group(other, "mine")];
    let id = begun(&store, ada, lab).await;
    let mut db = begin(&store).await;
    let new = db.session_for_refresh(id).await.unwrap().unwrap();
    assert_eq!((new.email.as_str(), new.name.as_str(), new.workspace_slug.as_str()), ("ada@example.com", "ada", "lab"));
    assert_eq!((new.role, new.groups, new.is_active), (Some(WorkspaceRole::Admin), vec![], true));
    assert_eq!(Some(new.session), db.session(id).await.unwrap());
    for new in [&mine, &others, &elsewhere] {
        db.insert_group(new, NOW).await.unwrap();
    }
    for (workspace, group, user) in [(lab, mine.id, ada), (lab, others.id, bob), (other, elsewhere.id, ada)] {
        db.insert_group_member(workspace, group, user, NOW).await.unwrap();
    }
    db.set_user_active(ada, false, NOW).await.unwrap();
    db.invalidate_user_sessions(ada, NOW + 1).await.unwrap();
    let now = db.session_for_refresh(id).await.unwrap().unwrap();
    assert_eq!((now.groups, now.is_active, now.sessions_invalidated_at), (vec![mine.id], false, Some(NOW + 1)));
    db.delete_member(lab, ada, NOW).await.unwrap();
    let now = db.session_for_refresh(id).await.unwrap().unwrap();
    assert_eq!((now.role, now.groups), (None, vec![]));
    assert_eq!(db.session_for_refresh(Uuid::new_v4()).await.unwrap(), None);
}

async fn revoked_once_and_for_good(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer)]).await;
    let id = begun(&store, ada, lab).await;
    let mut db = begin(&store).await;
    assert!(db.revoke_session(id, end(RevokedFor::Reuse, NOW + 3)).await.unwrap());
    assert!(!db.revoke_session(id, end(RevokedFor::Logout, NOW + 4)).await.unwrap());
    assert!(!db.revoke_session(Uuid::new_v4(), end(RevokedFor::Logout, NOW)).await.unwrap());
    assert!(!db.rotate_session(id, 0, LATER, NOW + 5).await.unwrap());
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    let revoked = db.session(id).await.unwrap().unwrap();
    assert_eq!(
        (revoked.revoked_at, revoked.revoked_for, revoked.generation),
        (Some(NOW + 3), Some(RevokedFor::Reuse), 0)
    );
    let [published] = &db.revocations_after(0, 10).await.unwrap()[..] else { panic!("it is published once") };
    assert_eq!((published.kind, published.value.as_str()), (RevocationKind::Session, id.to_string().as_str()));
    assert_eq!((published.at, published.expires_at), (NOW + 3, NOW + 900_003));
}

async fn a_revocation_holds_against_refreshes_at_the_same_time(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer)]).await;
    let id = begun(&store, ada, lab).await;
    let mut attempts = tokio::task::JoinSet::new();
    for at in 0..40 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            if at == 20 {
                assert!(db.revoke_session(id, end(RevokedFor::Logout, NOW)).await.unwrap());
                db.commit().await.unwrap();
                return false;
            }
            let generation = db.session(id).await.unwrap().unwrap().generation;
            let rotated = db.rotate_session(id, generation, LATER, NOW).await.unwrap();
            db.commit().await.unwrap();
            rotated
        });
    }
    let rotations = attempts.join_all().await.into_iter().filter(|rotated| *rotated).count();
    let mut db = begin(&store).await;
    let left = db.session(id).await.unwrap().unwrap();
    assert_eq!((left.generation, left.revoked_at), (i64::try_from(rotations).unwrap(), Some(NOW)));
    assert!(!db.rotate_session(id, left.generation, LATER, NOW).await.unwrap());
}

async fn revoked_by_user_and_workspace(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer), (bob, WorkspaceRole::Viewer)]).await;
    let other = workspace(&store, "other", [(ada, WorkspaceRole::Viewer)]).await;
    let [first, second, elsewhere] =
        [begun(&store, ada, lab).await, begun(&store, ada, lab).await, begun(&store, ada, other).await];
    let bobs = begun(&store, bob, lab).await;
    let mut db = begin(&store).await;
    db.touch_session(elsewhere, NOW + 2).await.unwrap();
    db.touch_session(first, NOW + 1).await.unwrap();
    let ids = |sessions: Vec<sentinel_storage::Session>| sessions.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(db.live_sessions(ada, NOW, 10).await.unwrap()), [elsewhere, first, second]);
    assert_eq!(ids(db.live_sessions(ada, NOW, 2).await.unwrap()), [elsewhere, first]);
    assert_eq!(ids(db.live_sessions(ada, LATER, 10).await.unwrap()), Vec::<Uuid>::new());
    let left = end(RevokedFor::Membership, NOW + 5);
    assert_eq!(db.revoke_sessions_of_user(ada, Some(lab), Some(second), left).await.unwrap(), 1);
    assert_eq!(ids(db.live_sessions(ada, NOW, 10).await.unwrap()), [elsewhere, second]);
    assert_eq!(db.revoke_sessions_of_user(ada, Some(lab), None, left).await.unwrap(), 1);
    assert_eq!(db.revoke_sessions_of_user(ada, None, None, end(RevokedFor::Admin, NOW + 6)).await.unwrap(), 1);
    assert_eq!(db.revoke_sessions_of_user(ada, None, None, end(RevokedFor::Admin, NOW + 7)).await.unwrap(), 0);
    assert_eq!(ids(db.live_sessions(ada, NOW, 10).await.unwrap()), Vec::<Uuid>::new());
    assert_eq!(ids(db.live_sessions(bob, NOW, 10).await.unwrap()), [bobs]);
    let revoked = db.revocations_after(0, 10).await.unwrap();
    let values: Vec<_> = revoked.iter().map(|one| one.value.clone()).collect();
    assert_eq!(values, [first, second, elsewhere].map(|id| id.to_string()));
    assert!(revoked.is_sorted_by(|one, next| one.seq < next.seq));
}

async fn revoked_by_client(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner), (bob, WorkspaceRole::Viewer)]).await;
    let [one, other] =
        [client("one", &["https://one.example/"], &[]), client("other", &["https://other.example/"], &[])];
    let mut db = begin(&store).await;
    db.insert_client(&one.as_new(), NOW).await.unwrap();
    db.insert_client(&other.as_new(), NOW).await.unwrap();
    let made = [(ada, one.id), (bob, one.id), (ada, other.id)]
        .map(|(user, client)| NewSession { client_id: Some(client), ..session(user, lab) });
    for new in &made {
        db.insert_session(new, NOW).await.unwrap();
    }
    assert_eq!(db.revoke_sessions_of_client(one.id, end(RevokedFor::Admin, NOW + 1)).await.unwrap(), 2);
    assert_eq!(db.revoke_sessions_of_client(one.id, end(RevokedFor::Admin, NOW + 2)).await.unwrap(), 0);
    for (new, expected) in made.iter().zip([Some(NOW + 1), Some(NOW + 1), None]) {
        assert_eq!(db.session(new.id).await.unwrap().unwrap().revoked_at, expected);
    }
    let mut published: Vec<_> = db.revocations_after(0, 10).await.unwrap().into_iter().map(|one| one.value).collect();
    let mut expected: Vec<_> = made[..2].iter().map(|new| new.id.to_string()).collect();
    published.sort();
    expected.sort();
    assert_eq!(published, expected);
    // What was published stays when the client goes.
    db.delete_client(one.id).await.unwrap();
    assert_eq!(db.revocations_after(0, 10).await.unwrap().len(), 2);
}

cases! {
    moves_on_one_generation_at_a_time,
    a_hundred_refreshes_of_one_token_make_one_child,
    a_refresh_tells_what_the_next_tokens_say,
    revoked_once_and_for_good,
    a_revocation_holds_against_refreshes_at_the_same_time,
    revoked_by_user_and_workspace,
    revoked_by_client,
}
