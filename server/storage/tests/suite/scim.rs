use sentinel_storage::{ScimClient, ScimFilter, ScimUser, StorageError, Store, WorkspaceRole};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

cases! { clients_are_found_by_their_key, people_are_found_and_changed, a_name_is_one_persons }

fn client(workspace_id: Uuid) -> ScimClient {
    ScimClient {
        id: Uuid::new_v4(),
        name: "directory".into(),
        workspace_id,
        prefix: "scim_abc".into(),
        domains: vec!["firm.example".into(), "firm.test".into()],
        role: WorkspaceRole::Viewer,
        created_at: NOW,
    }
}

fn person(workspace_id: Uuid, user_id: Uuid, name: &str) -> ScimUser {
    ScimUser {
        workspace_id,
        user_id,
        user_name_key: name.into(),
        email_key: Some(format!("{name}@firm.example")),
        external_id: Some(format!("x-{name}")),
        is_active: true,
        role: WorkspaceRole::Viewer,
        is_managed: true,
        resource: "{}".into(),
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

async fn clients_are_found_by_their_key(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let new = client(lab);
    let mut db = begin(&store).await;
    db.insert_scim_client(&new, b"hash").await.unwrap();
    db.commit().await.unwrap();
    let mut db = begin(&store).await;
    assert_eq!(db.scim_client_by_key(b"hash").await.unwrap().as_ref(), Some(&new));
    assert_eq!(db.scim_client_by_key(b"other").await.unwrap(), None);
    assert_eq!(db.scim_client(new.id).await.unwrap().as_ref(), Some(&new));
    assert_eq!(db.scim_clients(9).await.unwrap(), std::slice::from_ref(&new));
    assert!(db.delete_scim_client(new.id).await.unwrap() && !db.delete_scim_client(new.id).await.unwrap());
    let nowhere = db.insert_scim_client(&client(Uuid::new_v4()), b"hash").await;
    assert!(matches!(nowhere.unwrap_err(), StorageError::Reference));
}

async fn people_are_found_and_changed(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let mut db = begin(&store).await;
    for (user, name) in [(ada, "ada"), (bob, "bob")] {
        db.insert_scim_user(&person(lab, user, name)).await.unwrap();
    }
    let changed = ScimUser {
        is_active: false,
        external_id: None,
        resource: "[]".into(),
        updated_at: NOW + 1,
        ..person(lab, bob, "bobby")
    };
    assert!(db.update_scim_user(&changed).await.unwrap());
    assert!(!db.update_scim_user(&changed).await.unwrap(), "it has another version");
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    let expected = ScimUser { version: 2, ..changed };
    assert_eq!(db.scim_user(lab, bob).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.scim_user(Uuid::new_v4(), bob).await.unwrap(), None);
    for (filter, count) in [
        (ScimFilter::default(), 2),
        (ScimFilter { user_name_key: Some("bobby"), ..Default::default() }, 1),
        (ScimFilter { external_id: Some("x-ada"), ..Default::default() }, 1),
        (ScimFilter { email_key: Some("bobby@firm.example"), ..Default::default() }, 1),
        (ScimFilter { email_key: Some("eve@firm.example"), ..Default::default() }, 0),
    ] {
        assert_eq!(db.count_scim_users(lab, &filter).await.unwrap(), count);
        assert_eq!(db.scim_users(lab, &filter, 0, 9).await.unwrap().len(), usize::try_from(count).unwrap());
    }
    assert_eq!(db.scim_users(lab, &ScimFilter::default(), 1, 9).await.unwrap().len(), 1);
    assert_eq!(db.count_scim_users(Uuid::new_v4(), &ScimFilter::default()).await.unwrap(), 0);
    drop(db);
    let mut db = begin(&store).await;
    assert!(!db.is_ended_by_scim(lab, ada).await.unwrap());
    assert!(db.is_ended_by_scim(lab, bob).await.unwrap(), "inactive is ended, too");
    assert!(db.delete_scim_user(lab, bob, NOW).await.unwrap() && !db.delete_scim_user(lab, bob, NOW).await.unwrap());
    assert!(db.is_ended_by_scim(lab, bob).await.unwrap());
    db.commit().await.unwrap();
}

async fn a_name_is_one_persons(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner)]).await;
    let mut db = begin(&store).await;
    db.insert_scim_user(&person(lab, ada, "ada")).await.unwrap();
    let taken = db.insert_scim_user(&person(lab, bob, "ada")).await;
    assert!(matches!(taken.unwrap_err(), StorageError::Conflict));
}
