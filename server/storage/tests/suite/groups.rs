use sentinel_storage::{Group, GroupChange, NewGroup, PageRequest, StorageError, Store, WorkspaceRole as Role};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

/// A new group.
pub(crate) fn group(workspace_id: Uuid, name: &str) -> NewGroup<'_> {
    NewGroup { id: Uuid::new_v4(), workspace_id, name, description: None, created_by: None }
}

async fn made_changed_deleted(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let other = workspace(&store, "other", []).await;
    let new = NewGroup { description: Some("They write"), created_by: Some(ada), ..group(lab, "Writers") };
    let mut db = begin(&store).await;
    db.insert_group(&new, NOW).await.unwrap();
    db.insert_group_member(lab, new.id, ada, NOW).await.unwrap();
    let mut expected = Group {
        id: new.id,
        workspace_id: lab,
        name: "Writers".into(),
        description: Some("They write".into()),
        created_by: Some(ada),
        created_at: NOW,
        members: 1,
    };
    assert_eq!(db.group(lab, new.id).await.unwrap().as_ref(), Some(&expected));
    // Another workspace does not reach it by any statement.
    let change = GroupChange { name: Some("Editors"), description: Some(None) };
    assert_eq!(db.group(other, new.id).await.unwrap(), None);
    assert!(!db.update_group(other, new.id, &change).await.unwrap());
    assert!(!db.delete_group(other, new.id, NOW).await.unwrap());
    assert!(!db.delete_group_member(other, new.id, ada, NOW).await.unwrap());
    assert!(db.update_group(lab, new.id, &GroupChange::default()).await.unwrap());
    assert_eq!(db.group(lab, new.id).await.unwrap().as_ref(), Some(&expected));
    assert!(db.update_group(lab, new.id, &change).await.unwrap());
    expected.name = "Editors".into();
    expected.description = None;
    assert_eq!(db.group(lab, new.id).await.unwrap(), Some(expected));
    assert!(db.delete_group(lab, new.id, NOW).await.unwrap());
    assert!(!db.delete_group(lab, new.id, NOW).await.unwrap());
    assert_eq!(db.groups_of_user(lab, ada).await.unwrap(), []);
}

async fn refused(store: Store) {
    let [ada, eve] = people(&store, ["ada", "eve"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let other = workspace(&store, "other", [(ada, Role::Owner), (eve, Role::Owner)]).await;
    let [writers, readers] = [group(lab, "writers"), group(lab, "readers")];
    let mut db = begin(&store).await;
    db.insert_group(&writers, NOW).await.unwrap();
    db.insert_group(&readers, NOW).await.unwrap();
    db.insert_group(&group(other, "writers"), NOW).await.unwrap();
    db.insert_group_member(lab, writers.id, ada, NOW).await.unwrap();
    db.commit().await.unwrap();

    let taken = begin(&store).await.insert_group(&group(lab, "writers"), NOW).await.unwrap_err();
    assert!(matches!(taken, StorageError::Conflict), "{taken}");
    let change = GroupChange { name: Some("writers"), ..Default::default() };
    let taken = begin(&store).await.update_group(lab, readers.id, &change).await.unwrap_err();
    assert!(matches!(taken, StorageError::Conflict), "{taken}");
    let again = begin(&store).await.insert_group_member(lab, writers.id, ada, NOW).await.unwrap_err();
    assert!(matches!(again, StorageError::Conflict), "{again}");
    let unknown = begin(&store).await.insert_group(&group(Uuid::new_v4(), "x"), NOW).await.unwrap_err();
    assert!(matches!(unknown, StorageError::Reference), "{unknown}");
    // Not a member; a group of another workspace, by either workspace's name.
    for (workspace, user) in [(lab, eve), (other, eve), (lab, Uuid::new_v4())] {
        let outside = begin(&store).await.insert_group_member(workspace, writers.id, user, NOW).await.unwrap_err();
        assert!(matches!(outside, StorageError::Reference), "{outside}");
    }
}

async fn groups_in_groups(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let other = workspace(&store, "other", [(ada, Role::Owner)]).await;
    let [all, writers, readers] = [group(lab, "all"), group(lab, "Writers"), group(lab, "readers")];
    let elsewhere = group(other, "elsewhere");
    let mut db = begin(&store).await;
    for new in [&all, &writers, &readers, &elsewhere] {
        db.insert_group(new, NOW).await.unwrap();
    }
    db.insert_group_in_group(lab, all.id, writers.id, NOW).await.unwrap();
    db.insert_group_in_group(lab, all.id, readers.id, NOW).await.unwrap();
    db.insert_group_in_group(lab, writers.id, all.id, NOW).await.unwrap();
    db.commit().await.unwrap();

    let mut db = read(&store).await;
    let names = |page: sentinel_storage::Page<Group>| page.rows.into_iter().map(|one| one.name).collect::<Vec<_>>();
    let first = db.groups_in_group(lab, all.id, None, &PageRequest::first(1)).await.unwrap();
    let rest =
        db.groups_in_group(lab, all.id, None, &PageRequest { after: first.next.clone(), limit: 9 }).await.unwrap();
    assert_eq!((names(first), names(rest)), (vec!["readers".into()], vec!["Writers".into()]));
    let found = db.groups_in_group(lab, all.id, Some("WRIT"), &PageRequest::first(9)).await.unwrap();
    assert_eq!(names(found), ["Writers"]);
    assert_eq!(names(db.groups_in_group(lab, readers.id, None, &PageRequest::first(9)).await.unwrap()), [""; 0]);
    assert_eq!(db.group(lab, all.id).await.unwrap().unwrap().members, 0, "its own ones only");
    assert_eq!(db.count_groups_in_groups(lab).await.unwrap(), 3);
    assert_eq!(db.count_groups_in_groups(other).await.unwrap(), 0);
    drop(db);

    let again = begin(&store).await.insert_group_in_group(lab, all.id, writers.id, NOW).await.unwrap_err();
    assert!(matches!(again, StorageError::Conflict), "{again}");
    let itself = begin(&store).await.insert_group_in_group(lab, all.id, all.id, NOW).await.unwrap_err();
    assert!(matches!(itself, StorageError::Invalid), "{itself}");
    for (workspace, outer, inner) in [
        (lab, all.id, elsewhere.id),
        (other, all.id, elsewhere.id),
        (other, elsewhere.id, all.id),
        (other, readers.id, writers.id),
        (lab, all.id, Uuid::new_v4()),
    ] {
        let outside = begin(&store).await.insert_group_in_group(workspace, outer, inner, NOW).await.unwrap_err();
        assert!(matches!(outside, StorageError::Reference), "{outside}");
    }
    let mut db = begin(&store).await;
    assert!(!db.delete_group_in_group(other, all.id, writers.id, NOW).await.unwrap());
    assert!(db.delete_group_in_group(lab, all.id, writers.id, NOW).await.unwrap());
    assert!(!db.delete_group_in_group(lab, all.id, writers.id, NOW).await.unwrap());
    // Goes with either of them.
    assert!(db.delete_group(lab, all.id, NOW).await.unwrap());
    assert_eq!(db.count_groups_in_groups(lab).await.unwrap(), 0);
}

async fn listed_and_searched_in_pages(store: Store) {
    let [ada, bob, cyd] = people(&store, ["ada", "bob", "cyd"]).await;
    let members = [(ada, Role::Owner), (bob, Role::Viewer), (cyd, Role::Viewer)];
    let lab = workspace(&store, "lab", members).await;
    let other = workspace(&store, "other", members).await;
    let names = ["Alpha", "beta", "Gamma_1", "gamma-2"];
    let mut db = begin(&store).await;
    for name in names.iter().rev() {
        let new = group(lab, name);
        db.insert_group(&new, NOW).await.unwrap();
        db.insert_group_member(lab, new.id, bob, NOW).await.unwrap();
    }
    let elsewhere = group(other, "elsewhere");
    db.insert_group(&elsewhere, NOW).await.unwrap();
    db.insert_group_member(other, elsewhere.id, bob, NOW).await.unwrap();
    db.commit().await.unwrap();

    let mut db = begin(&store).await;
    let first = db.groups(lab, None, &PageRequest::first(2)).await.unwrap();
    assert_eq!(first.rows.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["Alpha", "beta"]);
    let rest = db.groups(lab, None, &PageRequest { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["gamma-2", "Gamma_1"]);
    assert_eq!(rest.next, None);
    let found = db.groups(lab, Some("GAMMA_"), &PageRequest::first(9)).await.unwrap();
    assert_eq!(found.rows.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(), ["Gamma_1"]);
    let of_bob = db.groups_of_user(lab, bob).await.unwrap();
    assert_eq!(
        of_bob.iter().map(|group| group.name.as_str()).collect::<Vec<_>>(),
        ["Alpha", "beta", "gamma-2", "Gamma_1"]
    );
    assert_eq!(db.groups_of_user(lab, ada).await.unwrap(), []);

    let alpha = first.rows[0].id;
    db.insert_group_member(lab, alpha, cyd, NOW).await.unwrap();
    db.insert_group_member(lab, alpha, ada, NOW).await.unwrap();
    let first = db.group_members(alpha, None, &PageRequest::first(2)).await.unwrap();
    assert_eq!(first.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [ada, bob]);
    assert_eq!(first.rows[0].role, Role::Owner);
    let rest = db.group_members(alpha, None, &PageRequest { after: first.next, limit: 2 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [cyd]);
    let found = db.group_members(alpha, Some("CYD@"), &PageRequest::first(2)).await.unwrap();
    assert_eq!(found.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [cyd]);
    assert!(db.delete_group_member(lab, alpha, cyd, NOW).await.unwrap());
    assert!(!db.delete_group_member(lab, alpha, cyd, NOW).await.unwrap());
    assert_eq!(db.group(lab, alpha).await.unwrap().unwrap().members, 2);
}

async fn who_leaves_the_workspace_leaves_its_groups(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let writers = group(lab, "writers");
    let mut db = begin(&store).await;
    db.insert_group(&writers, NOW).await.unwrap();
    db.commit().await.unwrap();
    // However an addition and a removal at the same time end, nobody is in a group of a workspace that they left.
    for _ in 0..10 {
        let mut db = begin(&store).await;
        db.insert_member(lab, bob, Role::Viewer, NOW).await.unwrap();
        db.commit().await.unwrap();
        let removing = tokio::spawn({
            let store = store.clone();
            async move {
                let mut db = begin(&store).await;
                assert!(db.delete_member(lab, bob, NOW).await.unwrap());
                db.commit().await.unwrap();
            }
        });
        let adding = tokio::spawn({
            let store = store.clone();
            async move {
                let mut db = begin(&store).await;
                match db.insert_group_member(lab, writers.id, bob, NOW).await {
                    Ok(()) => db.commit().await.unwrap(),
                    Err(refused) => assert!(matches!(refused, StorageError::Reference), "{refused}"),
                }
            }
        });
        removing.await.unwrap();
        adding.await.unwrap();
        let mut db = read(&store).await;
        assert_eq!(db.groups_of_user(lab, bob).await.unwrap(), []);
        assert_eq!(db.group(lab, writers.id).await.unwrap().unwrap().members, 0);
    }
}

cases! { made_changed_deleted, refused, groups_in_groups, listed_and_searched_in_pages, who_leaves_the_workspace_leaves_its_groups }
