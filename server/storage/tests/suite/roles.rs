use sentinel_storage::{NewRole, PageRequest, Role, RoleChange, StorageError, Store, WorkspaceRole};
use uuid::Uuid;

use crate::actions::actions;
use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

fn role(workspace_id: Uuid, name: &str) -> NewRole<'_> {
    NewRole { id: Uuid::new_v4(), workspace_id, name, description: None, created_by: None }
}

/// Makes a role with these actions.
async fn made(store: &Store, workspace_id: Uuid, name: &str, actions: &[Uuid]) -> Uuid {
    let mut db = begin(store).await;
    let new = role(workspace_id, name);
    db.insert_role(&new, NOW).await.unwrap();
    for action in actions {
        db.insert_role_action(workspace_id, new.id, *action).await.unwrap();
    }
    db.commit().await.unwrap();
    new.id
}

async fn made_changed_deleted(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let other = workspace(&store, "other", [(ada, WorkspaceRole::Owner)]).await;
    let [export, import] = actions(&store, "notes", ["notes:export", "notes:import"]).await;
    let new = NewRole { description: Some("May export"), created_by: Some(ada), ..role(lab, "Exporter") };
    let mut db = begin(&store).await;
    db.insert_role(&new, NOW).await.unwrap();
    db.insert_role_action(lab, new.id, export).await.unwrap();
    db.insert_role_member(lab, new.id, ada, Some(ada), NOW).await.unwrap();
    let mut expected = Role {
        id: new.id,
        workspace_id: lab,
        name: "Exporter".into(),
        description: Some("May export".into()),
        created_by: Some(ada),
        created_at: NOW,
        actions: 1,
        members: 1,
    };
    assert_eq!(db.role(lab, new.id).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.roles_of_user(lab, ada).await.unwrap(), [expected.clone()]);
    // Another workspace does not reach it by any statement.
    let change = RoleChange { name: Some("Porter"), description: Some(None) };
    assert_eq!(db.role(other, new.id).await.unwrap(), None);
    assert!(!db.update_role(other, new.id, &change).await.unwrap());
    assert!(!db.delete_role(other, new.id).await.unwrap());
    assert!(!db.delete_role_action(other, new.id, export).await.unwrap());
    assert!(!db.delete_role_member(other, new.id, ada).await.unwrap());
    assert!(matches!(db.insert_role_action(other, new.id, import).await.unwrap_err(), StorageError::Reference));

    assert!(db.update_role(lab, new.id, &change).await.unwrap());
    expected.name = "Porter".into();
    expected.description = None;
    assert_eq!(db.role(lab, new.id).await.unwrap(), Some(expected));
    db.insert_role_action(lab, new.id, import).await.unwrap();
    let found = db.role_actions(new.id).await.unwrap();
    assert_eq!(found.iter().map(|one| one.action.as_str()).collect::<Vec<_>>(), ["notes:export", "notes:import"]);
    assert!(db.delete_role_action(lab, new.id, export).await.unwrap());
    assert!(!db.delete_role_action(lab, new.id, export).await.unwrap());
    assert!(db.delete_action(import).await.unwrap());
    assert_eq!(db.role_actions(new.id).await.unwrap(), []);
    assert!(db.delete_role(lab, new.id).await.unwrap());
    assert!(!db.delete_role(lab, new.id).await.unwrap());
    assert_eq!(db.roles_of_user(lab, ada).await.unwrap(), []);
}

async fn refused(store: Store) {
    let [ada, eve] = people(&store, ["ada", "eve"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let other = workspace(&store, "other", [(eve, WorkspaceRole::Owner)]).await;
    let [export] = actions(&store, "notes", ["notes:export"]).await;
    let exporter = made(&store, lab, "exporter", &[export]).await;
    let porter = made(&store, lab, "porter", &[]).await;
    made(&store, other, "exporter", &[]).await;
    let mut db = begin(&store).await;
    db.insert_role_member(lab, exporter, ada, None, NOW).await.unwrap();
    db.commit().await.unwrap();

    let taken = begin(&store).await.insert_role(&role(lab, "exporter"), NOW).await.unwrap_err();
    assert!(matches!(taken, StorageError::Conflict), "{taken}");
    let change = RoleChange { name: Some("exporter"), ..Default::default() };
    let taken = begin(&store).await.update_role(lab, porter, &change).await.unwrap_err();
    assert!(matches!(taken, StorageError::Conflict), "{taken}");
    let again = begin(&store).await.insert_role_action(lab, exporter, export).await.unwrap_err();
    assert!(matches!(again, StorageError::Conflict), "{again}");
    let again = begin(&store).await.insert_role_member(lab, exporter, ada, None, NOW).await.unwrap_err();
    assert!(matches!(again, StorageError::Conflict), "{again}");
    let unknown = begin(&store).await.insert_role_action(lab, exporter, Uuid::new_v4()).await.unwrap_err();
    assert!(matches!(unknown, StorageError::Reference), "{unknown}");
    let unknown = begin(&store).await.insert_role(&role(Uuid::new_v4(), "x"), NOW).await.unwrap_err();
    assert!(matches!(unknown, StorageError::Reference), "{unknown}");
    for (workspace, user) in [(lab, eve), (other, eve), (lab, Uuid::new_v4())] {
        let outside = begin(&store).await.insert_role_member(workspace, exporter, user, None, NOW).await.unwrap_err();
        assert!(matches!(outside, StorageError::Reference), "{outside}");
    }
}

async fn listed_and_searched_in_pages(store: Store) {
    let [ada, bob] = people(&store, ["ada", "Bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner), (bob, WorkspaceRole::Viewer)]).await;
    let other = workspace(&store, "other", []).await;
    for name in ["Gamma", "beta", "Alpha"] {
        made(&store, lab, name, &[]).await;
    }
    made(&store, other, "elsewhere", &[]).await;
    let mut db = begin(&store).await;
    let first = db.roles(lab, None, &PageRequest::first(2)).await.unwrap();
    assert_eq!(first.rows.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["Alpha", "beta"]);
    let rest = db.roles(lab, None, &PageRequest { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["Gamma"]);
    assert_eq!(db.roles(lab, Some("BET"), &PageRequest::first(2)).await.unwrap().rows.len(), 1);
    let alpha = first.rows[0].id;
    for user in [bob, ada] {
        db.insert_role_member(lab, alpha, user, Some(ada), NOW).await.unwrap();
    }
    let first = db.role_members(alpha, None, &PageRequest::first(1)).await.unwrap();
    assert_eq!(first.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [ada]);
    let rest = db.role_members(alpha, None, &PageRequest { after: first.next, limit: 1 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [bob]);
    assert_eq!(rest.next, None);
    assert_eq!(db.role_members(alpha, Some("BOB"), &PageRequest::first(9)).await.unwrap().rows, rest.rows);
}

async fn actions_follow_from_roles(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let members = [(ada, WorkspaceRole::Owner), (bob, WorkspaceRole::Viewer)];
    let lab = workspace(&store, "lab", members).await;
    let other = workspace(&store, "other", members).await;
    let [export, import] = actions(&store, "notes", ["export", "import"]).await;
    let [elsewhere] = actions(&store, "tasks", ["export"]).await;
    let exporter = made(&store, lab, "exporter", &[export, elsewhere]).await;
    let porter = made(&store, lab, "Porter", &[export, import]).await;
    let foreign = made(&store, other, "foreign", &[import]).await;
    let mut db = begin(&store).await;
    for role in [exporter, porter] {
        db.insert_role_member(lab, role, bob, None, NOW).await.unwrap();
    }
    db.insert_role_member(other, foreign, bob, None, NOW).await.unwrap();
    db.commit().await.unwrap();

    let mut db = begin(&store).await;
    assert_eq!(db.user_actions(lab, bob, "notes").await.unwrap(), ["export", "import"]);
    assert_eq!(db.user_actions(lab, bob, "tasks").await.unwrap(), ["export"]);
    assert_eq!(db.user_actions(other, bob, "notes").await.unwrap(), ["import"]);
    // A workspace's owner has no action by that.
    assert!(db.user_actions(lab, ada, "notes").await.unwrap().is_empty());
    assert_eq!(db.roles_granting(lab, bob, "notes", "export").await.unwrap(), ["Porter", "exporter"]);
    assert_eq!(db.roles_granting(lab, bob, "tasks", "export").await.unwrap(), ["exporter"]);
    assert!(db.roles_granting(other, bob, "notes", "export").await.unwrap().is_empty());
    assert!(db.roles_granting(lab, ada, "notes", "export").await.unwrap().is_empty());
    let who = db.members_with_action(lab, "notes", "export", &PageRequest::first(9)).await.unwrap();
    assert_eq!(who.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [bob]);
    db.insert_role_member(lab, exporter, ada, None, NOW).await.unwrap();
    let first = db.members_with_action(lab, "notes", "export", &PageRequest::first(1)).await.unwrap();
    assert_eq!(first.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [ada]);
    let rest =
        db.members_with_action(lab, "notes", "export", &PageRequest { after: first.next, limit: 1 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [bob]);
    assert_eq!(rest.next, None);

    // At once gone with the role, and with the membership.
    assert!(db.delete_role_member(lab, porter, bob).await.unwrap());
    assert!(!db.delete_role_member(lab, porter, bob).await.unwrap());
    assert_eq!(db.user_actions(lab, bob, "notes").await.unwrap(), ["export"]);
    assert!(db.delete_member(lab, bob, NOW).await.unwrap());
    db.insert_member(lab, bob, WorkspaceRole::Viewer, NOW).await.unwrap();
    assert!(db.user_actions(lab, bob, "notes").await.unwrap().is_empty());
    db.commit().await.unwrap();
    assert_eq!(read(&store).await.role(lab, exporter).await.unwrap().unwrap().members, 1);
}

cases! { made_changed_deleted, refused, listed_and_searched_in_pages, actions_follow_from_roles }
