//! The statement that runs on every request.

use sentinel_storage::{
    AccessState, Action, NewAction, NewRole, RevocationKind, RevokedFor, SessionDialect, SessionState, Store,
    WorkspaceRole,
};
use uuid::Uuid;

use crate::groups::group;
use crate::harness::{NOW, begin, cases, read};
use crate::sessions::{LATER, begun, end};
use crate::users::people;
use crate::workspaces::workspace;

async fn state(store: &Store, user: Uuid, workspace: Option<Uuid>, session: Option<Uuid>) -> AccessState {
    read(store).await.access_state(user, workspace, session, "jti", None).await.unwrap().unwrap()
}

async fn every_change_shows_at_once(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Admin), (bob, WorkspaceRole::Viewer)]).await;
    let id = begun(&store, ada, lab).await;
    let known = |revoked_at| SessionState::Known {
        user_id: ada,
        workspace_id: lab,
        expires_at: LATER,
        revoked_at,
        dialect: SessionDialect::Sentinel,
        last_used_at: NOW,
        federation_id: None,
    };
    let account = read(&store).await.user(ada).await.unwrap().unwrap();
    let mut expected = AccessState {
        email: account.email,
        name: account.name,
        is_active: true,
        is_admin: false,
        admin_generation: 0,
        sessions_invalidated_at: None,
        role: Some(WorkspaceRole::Admin),
        session: known(None),
        token_revoked: false,
        groups: vec![],
        actions: vec![],
    };
    assert_eq!(state(&store, ada, Some(lab), Some(id)).await, expected);

    let mut db = begin(&store).await;
    db.set_user_active(ada, false, NOW).await.unwrap();
    db.set_user_admin(ada, true, NOW).await.unwrap();
    db.invalidate_user_sessions(ada, NOW + 1).await.unwrap();
    db.set_member_role(lab, ada, WorkspaceRole::Viewer, NOW).await.unwrap();
    db.revoke_session(id, end(RevokedFor::Logout, NOW + 2)).await.unwrap();
    db.insert_revocation(RevocationKind::Token, "jti", NOW, LATER).await.unwrap();
    db.commit().await.unwrap();
    expected = AccessState {
        is_active: false,
        is_admin: true,
        admin_generation: 1,
        sessions_invalidated_at: Some(NOW + 1),
        role: Some(WorkspaceRole::Viewer),
        session: known(Some(NOW + 2)),
        token_revoked: true,
        ..expected
    };
    assert_eq!(state(&store, ada, Some(lab), Some(id)).await, expected);

    let mut db = begin(&store).await;
    db.delete_member(lab, ada, NOW).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(state(&store, ada, Some(lab), None).await.role, None);
    // Another user is not concerned, and sees that the session is not theirs.
    let others = read(&store).await.access_state(bob, Some(lab), Some(id), "other", None).await.unwrap().unwrap();
    assert_eq!((others.is_active, others.role, others.token_revoked), (true, Some(WorkspaceRole::Viewer), false));
    assert!(matches!(others.session, SessionState::Known { user_id, .. } if user_id == ada));

    let mut db = begin(&store).await;
    db.delete_workspace(lab).await.unwrap();
    db.commit().await.unwrap();
    let gone = state(&store, ada, Some(lab), Some(id)).await;
    assert_eq!((gone.role, gone.session), (None, SessionState::Unknown));
}

async fn what_is_not_asked_or_not_there(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", []).await;
    assert_eq!(state(&store, ada, None, None).await.session, SessionState::NotAsked);
    assert_eq!(state(&store, ada, Some(lab), Some(Uuid::new_v4())).await.session, SessionState::Unknown);
    for scope in [None, Some("notes")] {
        let nobody = read(&store).await.access_state(Uuid::new_v4(), Some(lab), None, "jti", scope).await.unwrap();
        assert_eq!(nobody, None);
        let known = read(&store).await.access_state(ada, None, None, "jti", scope).await.unwrap().unwrap();
        assert_eq!((known.role, known.groups, known.actions), (None, vec![], vec![]));
    }
}

async fn groups_of_the_user_in_the_workspace(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer), (bob, WorkspaceRole::Viewer)]).await;
    let other = workspace(&store, "other", [(ada, WorkspaceRole::Viewer)]).await;
    let [first, second, bobs, elsewhere] =
        [group(lab, "first"), group(lab, "second"), group(lab, "bobs"), group(other, "elsewhere")];
    let mut db = begin(&store).await;
    for (group, user) in [(&first, ada), (&second, ada), (&bobs, bob), (&elsewhere, ada)] {
        db.insert_group(group, NOW).await.unwrap();
        db.insert_group_member(group.workspace_id, group.id, user, NOW).await.unwrap();
    }
    db.commit().await.unwrap();
    let sorted = |mut ids: Vec<Uuid>| {
        ids.sort();
        ids
    };
    assert_eq!(sorted(state(&store, ada, Some(lab), None).await.groups), sorted(vec![first.id, second.id]));
    assert_eq!(state(&store, ada, Some(other), None).await.groups, [elsewhere.id]);
    assert_eq!(state(&store, ada, None, None).await.groups, Vec::<Uuid>::new());
    assert_eq!(state(&store, bob, Some(lab), None).await.groups, [bobs.id]);
    let mut db = begin(&store).await;
    db.delete_group_member(lab, first.id, ada, NOW).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(state(&store, ada, Some(lab), None).await.groups, [second.id]);
}

async fn actions_that_roles_grant_in_a_scope(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Viewer), (bob, WorkspaceRole::Viewer)]).await;
    let other = workspace(&store, "other", [(ada, WorkspaceRole::Viewer)]).await;
    let action = |action| NewAction { id: Uuid::new_v4(), action, description: None };
    let role =
        |workspace_id, name| NewRole { id: Uuid::new_v4(), workspace_id, name, description: None, created_by: None };
    let [first, second, elsewhere] = [role(lab, "first"), role(lab, "second"), role(other, "elsewhere")];
    let mut db = begin(&store).await;
    let notes = db.register_actions("notes", &["read", "write", "purge"].map(action), NOW).await.unwrap();
    let mail = db.register_actions("mail", &["read"].map(action), NOW).await.unwrap();
    let id = |of: &[Action], name: &str| of.iter().find(|one| one.action == name).unwrap().id;
    for role in [&first, &second, &elsewhere] {
        db.insert_role(role, NOW).await.unwrap();
        db.insert_role_member(role.workspace_id, role.id, ada, None, NOW).await.unwrap();
    }
    for (role, action) in [
        (&first, id(&notes, "read")),
        (&second, id(&notes, "read")),
        (&second, id(&notes, "write")),
        (&second, id(&mail, "read")),
        (&elsewhere, id(&notes, "purge")),
    ] {
        db.insert_role_action(role.workspace_id, role.id, action).await.unwrap();
    }
    db.commit().await.unwrap();
    for (user, workspace, scope, expected) in [
        (ada, Some(lab), Some("notes"), &["read", "write"][..]),
        (ada, Some(lab), Some("mail"), &["read"]),
        (ada, Some(other), Some("notes"), &["purge"]),
        (ada, Some(lab), Some("none"), &[]),
        (ada, Some(lab), None, &[]),
        (ada, None, Some("notes"), &[]),
        (bob, Some(lab), Some("notes"), &[]),
    ] {
        let state = read(&store).await.access_state(user, workspace, None, "jti", scope).await.unwrap().unwrap();
        let mut actions = state.actions;
        actions.sort();
        assert_eq!(actions, expected, "{workspace:?} {scope:?}");
    }
    let mut db = begin(&store).await;
    db.delete_member(lab, ada, NOW).await.unwrap();
    db.commit().await.unwrap();
    let left = read(&store).await.access_state(ada, Some(lab), None, "jti", Some("notes")).await.unwrap().unwrap();
    assert_eq!((left.role, left.actions), (None, vec![]));
}

cases! {
    every_change_shows_at_once,
    what_is_not_asked_or_not_there,
    groups_of_the_user_in_the_workspace,
    actions_that_roles_grant_in_a_scope,
}
