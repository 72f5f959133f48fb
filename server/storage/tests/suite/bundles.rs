use sentinel_storage::{
    NewTuple, Preconditions, RevocationKind, RoleAction, RoleHolder, SessionOwner, Store, TupleName, WorkspaceMarks,
    WorkspaceRole, Written,
};
use uuid::Uuid;

use crate::actions::actions;
use crate::harness::{NOW, begin, cases, read};
use crate::sessions::{LATER, begun};
use crate::users::people;
use crate::workspaces::workspace;

async fn marks(store: &Store, of: Uuid) -> WorkspaceMarks {
    read(store).await.workspace_marks(&[of]).await.unwrap().remove(0)
}

/// Every change of what roles grant shows in the number of their workspace, and in that of no other.
async fn changes_of_roles_are_counted(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let other = workspace(&store, "other", [(ada, WorkspaceRole::Owner)]).await;
    let [export, import] = actions(&store, "notes", ["export", "import"]).await;
    let role = Uuid::new_v4();
    let new =
        sentinel_storage::NewRole { id: role, workspace_id: lab, name: "Porter", description: None, created_by: None };
    let mut db = begin(&store).await;
    db.insert_role(&new, NOW).await.unwrap();
    db.commit().await.unwrap();
    let (mut before, elsewhere) = (marks(&store, lab).await, marks(&store, other).await);
    for step in 0..7 {
        let mut db = begin(&store).await;
        match step {
            0 => db.insert_role_action(lab, role, export).await.unwrap(),
            1 => db.insert_role_member(lab, role, ada, None, NOW).await.unwrap(),
            2 => db.insert_role_action(lab, role, import).await.unwrap(),
            3 => assert!(db.delete_role_action(lab, role, import).await.unwrap()),
            4 => assert!(db.delete_role_member(lab, role, ada).await.unwrap()),
            5 => assert!(db.delete_action(export).await.unwrap()),
            _ => assert!(db.delete_role(lab, role).await.unwrap()),
        }
        db.commit().await.unwrap();
        let now = marks(&store, lab).await;
        assert!(now.roles_revision > before.roles_revision, "step {step}");
        assert_eq!(WorkspaceMarks { roles_revision: before.roles_revision, ..now.clone() }, before, "step {step}");
        before = now;
    }
    assert_eq!(marks(&store, other).await, elsewhere);
    let mut both = read(&store).await.workspace_marks(&[lab, Uuid::new_v4(), other]).await.unwrap();
    both.sort_by_key(|one| one.workspace_id != lab);
    assert_eq!(both, [before, elsewhere]);
}

async fn grants(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let members = [(ada, WorkspaceRole::Owner), (bob, WorkspaceRole::Viewer)];
    let lab = workspace(&store, "lab", members).await;
    let other = workspace(&store, "other", members).await;
    let [export, import] = actions(&store, "notes", ["export", "import"]).await;
    let [run] = actions(&store, "tasks", ["run"]).await;
    let mut db = begin(&store).await;
    for (of, name, granted, who) in [
        (lab, "Porter", &[export, import][..], ada),
        (lab, "Runner", &[run, export], bob),
        (other, "Else", &[run], ada),
    ] {
        let id = Uuid::new_v4();
        let new = sentinel_storage::NewRole { id, workspace_id: of, name, description: None, created_by: None };
        db.insert_role(&new, NOW).await.unwrap();
        for action in granted {
            db.insert_role_action(of, id, *action).await.unwrap();
        }
        db.insert_role_member(of, id, who, None, NOW).await.unwrap();
    }
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    let row = |(role, action): (&str, &str)| RoleAction { role: role.into(), action: action.into() };
    let all = [("Porter", "export"), ("Porter", "import"), ("Runner", "export"), ("Runner", "run")].map(row);
    assert_eq!(db.role_grants(lab, None, None, 9).await.unwrap(), all);
    assert_eq!(db.role_grants(lab, None, None, 3).await.unwrap(), all[..3]);
    assert_eq!(db.role_grants(lab, Some("notes"), None, 9).await.unwrap(), all[..3]);
    assert_eq!(db.role_grants(lab, None, Some(bob), 9).await.unwrap(), all[2..]);
    assert_eq!(db.role_grants(lab, Some("tasks"), Some(bob), 9).await.unwrap(), all[3..]);
    assert_eq!(db.role_grants(lab, Some("tasks"), Some(ada), 9).await.unwrap(), []);
    let mut held = [(ada, "Porter"), (bob, "Runner")].map(|(user_id, role)| RoleHolder { user_id, role: role.into() });
    held.sort();
    assert_eq!(db.role_holders(lab, 9).await.unwrap(), held);
    assert_eq!(db.role_holders(lab, 1).await.unwrap(), held[..1]);
    assert_eq!(db.role_holders(Uuid::new_v4(), 9).await.unwrap(), []);
}

async fn owners_of_sessions(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let session = begun(&store, ada, lab).await;
    let found = read(&store).await.session_owners(&[Uuid::new_v4(), session]).await.unwrap();
    assert_eq!(found, [SessionOwner { id: session, user_id: ada, workspace_id: lab }]);
}

/// After a restore nothing has a number that something else had before it.
async fn numbers_go_on_above_those_that_were_told(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let mut db = begin(&store).await;
    db.renumber(NOW - 10).await.unwrap();
    db.insert_revocation(RevocationKind::Token, "a", NOW, LATER).await.unwrap();
    assert!(db.last_revocation().await.unwrap() > NOW - 10);
    db.renumber(NOW).await.unwrap();
    db.insert_revocation(RevocationKind::Token, "b", NOW, LATER).await.unwrap();
    db.commit().await.unwrap();
    let after = marks(&store, lab).await;
    assert_eq!(after.revision, NOW);
    assert!(after.last_revocation > NOW, "{after:?}");
    // They go on one by one, and a second time changes nothing that is above already.
    let name = TupleName {
        object_type: "note".into(),
        object_id: "1".into(),
        relation: "viewer".into(),
        subject: format!("user:{ada}"),
    };
    let tuple = NewTuple { name, condition: None, context: None, expires_at: None };
    let all = Preconditions { most: i64::MAX, ..Preconditions::default() };
    let mut db = begin(&store).await;
    let written = db.write_tuples(after.store_number, &[tuple], &[], all, NOW).await.unwrap();
    assert_eq!(written, Written::Done(NOW + 1));
    db.renumber(NOW).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(marks(&store, lab).await, WorkspaceMarks { revision: NOW + 1, ..after });
}

cases! {
    changes_of_roles_are_counted,
    grants,
    owners_of_sessions,
    numbers_go_on_above_those_that_were_told,
}
