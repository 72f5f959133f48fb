use sentinel_storage::{Member, MemberFilter, PageRequest, StorageError, Store, WorkspaceRole as Role};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

async fn added_changed_removed(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let mut db = begin(&store).await;
    db.insert_member(lab, bob, Role::Viewer, NOW + 1).await.unwrap();
    db.commit().await.unwrap();
    let mut expected = Member {
        user_id: bob,
        email: "bob@example.com".into(),
        name: "bob".into(),
        avatar_url: None,
        is_active: true,
        role: Role::Viewer,
        created_at: NOW + 1,
    };
    let mut db = begin(&store).await;
    assert_eq!(db.member(lab, bob).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.member_role(lab, bob).await.unwrap(), Some(Role::Viewer));
    assert!(db.set_member_role(lab, bob, Role::Admin, NOW).await.unwrap());
    expected.role = Role::Admin;
    assert_eq!(db.member(lab, bob).await.unwrap(), Some(expected));
    assert!(db.delete_member(lab, bob, NOW).await.unwrap());
    assert!(!db.delete_member(lab, bob, NOW).await.unwrap());
    assert!(!db.set_member_role(lab, bob, Role::Admin, NOW).await.unwrap());
    assert_eq!(db.member(lab, bob).await.unwrap(), None);
    assert_eq!(db.member_role(lab, bob).await.unwrap(), None);
    assert_eq!(db.member_role(Uuid::new_v4(), ada).await.unwrap(), None);
}

async fn refused(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let again = begin(&store).await.insert_member(lab, ada, Role::Viewer, NOW).await.unwrap_err();
    assert!(matches!(again, StorageError::Conflict), "{again}");
    for (workspace, user) in [(Uuid::new_v4(), ada), (lab, Uuid::new_v4())] {
        let unknown = begin(&store).await.insert_member(workspace, user, Role::Viewer, NOW).await.unwrap_err();
        assert!(matches!(unknown, StorageError::Reference), "{unknown}");
    }
}

async fn listed_and_searched_in_pages(store: Store) {
    let [ada, bob, cyd, dan] = people(&store, ["Ada", "bob", "Cyd", "dan"]).await;
    let lab =
        workspace(&store, "lab", [(dan, Role::Viewer), (cyd, Role::Viewer), (bob, Role::Admin), (ada, Role::Owner)])
            .await;
    workspace(&store, "other", [(ada, Role::Viewer)]).await;
    let mut db = read(&store).await;
    let all = MemberFilter::default();
    let first = db.members(lab, &all, &PageRequest::first(3)).await.unwrap();
    assert_eq!(first.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [ada, bob, cyd]);
    let rest = db.members(lab, &all, &PageRequest { after: first.next, limit: 3 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), [dan]);
    assert_eq!(rest.next, None);
    for (search, role, expected) in [
        (Some("AD"), None, vec![ada]),
        (Some("D@example"), None, vec![cyd]),
        (None, Some(Role::Viewer), vec![cyd, dan]),
        (Some("d"), Some(Role::Owner), vec![ada]),
        (Some("%"), None, vec![]),
    ] {
        let filter = MemberFilter { search, role };
        let found = db.members(lab, &filter, &PageRequest::first(9)).await.unwrap();
        assert_eq!(found.rows.iter().map(|member| member.user_id).collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(db.count_members(lab, &filter).await.unwrap(), i64::try_from(expected.len()).unwrap());
    }
}

/// Takes an owner's role, one way or the other, where another owner remains.
async fn step_down(store: Store, workspace: Uuid, owner: Uuid, leave: bool) -> bool {
    let mut db = begin(&store).await;
    let owners = db.lock_owners(workspace).await.unwrap();
    let may = owners.iter().any(|one| *one != owner);
    if may && leave {
        assert!(db.delete_member(workspace, owner, NOW).await.unwrap());
    } else if may {
        assert!(db.set_member_role(workspace, owner, Role::Viewer, NOW).await.unwrap());
    }
    db.commit().await.unwrap();
    may
}

async fn of_two_owners_who_step_down_at_once_one_stays(store: Store) {
    let [ada, bob, cyd] = people(&store, ["ada", "bob", "cyd"]).await;
    for round in 0..10 {
        let owners = [(ada, Role::Owner), (bob, Role::Owner), (cyd, Role::Admin)];
        let lab = workspace(&store, &format!("lab-{round}"), owners).await;
        let first = tokio::spawn(step_down(store.clone(), lab, ada, round % 2 == 0));
        let second = tokio::spawn(step_down(store.clone(), lab, bob, round % 3 == 0));
        assert!(first.await.unwrap() ^ second.await.unwrap());
        assert_eq!(begin(&store).await.lock_owners(lab).await.unwrap().len(), 1);
    }
}

async fn who_waits_too_long_is_told_so(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let mut first = begin(&store).await;
    first.lock_owners(lab).await.unwrap();
    // SQLite has one writer, PostgreSQL has locked the row: neither keeps a request for ever.
    let refused = match store.begin().await {
        Ok(mut second) => second.set_member_role(lab, ada, Role::Viewer, NOW).await.unwrap_err(),
        Err(refused) => refused,
    };
    assert!(matches!(refused, StorageError::Unavailable(_)), "{refused}");
    // And the one who holds it loses nothing by that.
    assert!(first.set_member_role(lab, ada, Role::Admin, NOW).await.unwrap());
    first.commit().await.unwrap();
    assert_eq!(read(&store).await.member_role(lab, ada).await.unwrap(), Some(Role::Admin));
}

async fn gone_with_the_workspace(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let mut db = begin(&store).await;
    db.delete_workspace(lab).await.unwrap();
    assert_eq!(db.member_role(lab, ada).await.unwrap(), None);
    assert!(db.lock_owners(lab).await.unwrap().is_empty());
    assert!(db.user(ada).await.unwrap().is_some());
}

cases! {
    added_changed_removed,
    refused,
    listed_and_searched_in_pages,
    of_two_owners_who_step_down_at_once_one_stays,
    who_waits_too_long_is_told_so,
    gone_with_the_workspace,
}
