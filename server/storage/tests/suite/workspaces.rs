use sentinel_storage::{
    NewWorkspace, PageRequest, StorageError, Store, Workspace, WorkspaceChange, WorkspaceRole as Role,
};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;

/// A new workspace whose slug is its name.
pub(crate) fn named(slug: &str) -> NewWorkspace<'_> {
    NewWorkspace { id: Uuid::new_v4(), slug, name: slug, description: None, created_by: None }
}

/// Makes a workspace with these members.
pub(crate) async fn workspace<const N: usize>(store: &Store, slug: &str, members: [(Uuid, Role); N]) -> Uuid {
    let mut db = begin(store).await;
    let new = named(slug);
    db.insert_workspace(&new, NOW).await.unwrap();
    for (user, role) in members {
        db.insert_member(new.id, user, role, NOW).await.unwrap();
    }
    db.commit().await.unwrap();
    new.id
}

async fn made_changed_deleted(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let mut db = begin(&store).await;
    let new = NewWorkspace {
        name: "Research",
        description: Some("What we do not know yet"),
        created_by: Some(ada),
        ..named("research")
    };
    let mut expected = Workspace {
        id: new.id,
        slug: "research".into(),
        name: "Research".into(),
        description: Some("What we do not know yet".into()),
        created_by: Some(ada),
        created_at: NOW,
        updated_at: NOW,
    };
    assert_eq!(db.insert_workspace(&new, NOW).await.unwrap(), expected);
    assert_eq!(db.workspace(new.id).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.workspace_by_slug("research").await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.workspace_by_slug("Research").await.unwrap(), None);
    let change = WorkspaceChange { name: Some("R & D"), ..Default::default() };
    expected.name = "R & D".into();
    expected.updated_at = NOW + 1;
    assert_eq!(db.update_workspace(new.id, &change, NOW + 1).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.count_workspaces(Some("r & d")).await.unwrap(), 1);
    let change = WorkspaceChange { slug: Some("rnd"), description: Some(None), ..Default::default() };
    expected.slug = "rnd".into();
    expected.description = None;
    assert_eq!(db.update_workspace(new.id, &change, NOW + 1).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.update_workspace(Uuid::new_v4(), &change, NOW).await.unwrap(), None);
    assert!(db.delete_workspace(new.id).await.unwrap());
    assert!(!db.delete_workspace(new.id).await.unwrap());
    assert_eq!(db.workspace(new.id).await.unwrap(), None);
}

async fn a_slug_is_taken_once(store: Store) {
    workspace(&store, "one", []).await;
    let two = workspace(&store, "two", []).await;
    let change = WorkspaceChange { slug: Some("one"), ..Default::default() };
    let refused = begin(&store).await.update_workspace(two, &change, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
    for round in 0..10 {
        let both = [0, 1].map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut db = begin(&store).await;
                let made = db.insert_workspace(&named(&format!("race-{round}")), NOW).await;
                if made.is_ok() {
                    db.commit().await.unwrap();
                }
                made
            })
        });
        let mut refused = 0;
        for one in both {
            if let Err(error) = one.await.unwrap() {
                assert!(matches!(error, StorageError::Conflict), "{error}");
                refused += 1;
            }
        }
        assert_eq!(refused, 1);
    }
}

async fn listed_for_all_and_for_a_user(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    // Many of one name: the id decides their order, and no page loses one.
    for at in 0..7 {
        let slug = format!("same-{at}");
        let new = NewWorkspace { name: "Same", ..named(&slug) };
        let mut db = begin(&store).await;
        db.insert_workspace(&new, NOW).await.unwrap();
        if at % 2 == 0 {
            db.insert_member(new.id, ada, Role::Editor, NOW).await.unwrap();
        }
        db.commit().await.unwrap();
    }
    workspace(&store, "aaa", [(ada, Role::Owner), (bob, Role::Viewer)]).await;
    let mut db = read(&store).await;
    let mut page = PageRequest::first(2);
    let mut seen = Vec::new();
    loop {
        let found = db.workspaces(None, &page).await.unwrap();
        seen.extend(found.rows.into_iter().map(|row| (row.workspace.slug, row.members)));
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    assert_eq!(seen[0], ("aaa".into(), 2));
    seen.sort();
    assert_eq!(seen.iter().map(|(_, members)| *members).collect::<Vec<_>>(), [2, 1, 0, 1, 0, 1, 0, 1]);
    seen.dedup();
    assert_eq!(seen.len(), 8);
    assert_eq!(db.count_workspaces(None).await.unwrap(), 8);
    assert_eq!(db.count_workspaces(Some("SAME-")).await.unwrap(), 7);
    assert_eq!(db.workspaces(Some("same-3"), &PageRequest::first(9)).await.unwrap().rows.len(), 1);

    let found = db.workspaces_of_user(ada, None, &PageRequest::first(2)).await.unwrap();
    assert_eq!(found.rows[0].workspace.slug, "aaa");
    assert_eq!(found.rows.iter().map(|row| row.role).collect::<Vec<_>>(), [Role::Owner, Role::Editor]);
    let rest = db.workspaces_of_user(ada, None, &PageRequest { after: found.next, limit: 9 }).await.unwrap();
    assert_eq!((rest.rows.len(), rest.next), (3, None));
    let found = db.workspaces_of_user(ada, Some("AA"), &PageRequest::first(9)).await.unwrap();
    assert_eq!(found.rows.len(), 1);
    assert_eq!(db.workspaces_of_user(Uuid::new_v4(), None, &PageRequest::first(9)).await.unwrap().rows, []);
}

cases! { made_changed_deleted, a_slug_is_taken_once, listed_for_all_and_for_a_user }
