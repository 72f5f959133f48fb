use sentinel_storage::{Grantee, NewShare, Permission, Share, StorageError, Store, Visibility, WorkspaceRole as Role};
use uuid::Uuid;

use crate::groups::group;
use crate::harness::{NOW, begin, cases, read};
use crate::resources::document;
use crate::users::people;
use crate::workspaces::workspace;

pub(crate) fn share(permission_id: Uuid, grantee: Grantee, permission: Permission) -> NewShare {
    NewShare { id: Uuid::new_v4(), permission_id, grantee, permission, granted_by: None }
}

async fn given_changed_taken_back(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner), (bob, Role::Viewer)]).await;
    let writers = group(lab, "Writers");
    let document = document(lab, ada, Visibility::Private);
    let mut db = begin(&store).await;
    db.insert_group(&writers, NOW).await.unwrap();
    db.insert_resource(&document, NOW).await.unwrap();
    let to_bob = NewShare { granted_by: Some(ada), ..share(document.id, Grantee::User(bob), Permission::View) };
    let to_writers = share(document.id, Grantee::Group(writers.id), Permission::Edit);
    db.insert_share(&to_bob, NOW).await.unwrap();
    db.insert_share(&to_writers, NOW + 1).await.unwrap();
    let expected = [
        Share {
            id: to_bob.id,
            permission_id: document.id,
            grantee: Grantee::User(bob),
            permission: Permission::View,
            granted_by: Some(ada),
            granted_at: NOW,
            grantee_name: "bob".into(),
            grantee_email: Some("bob@example.com".into()),
        },
        Share {
            id: to_writers.id,
            permission_id: document.id,
            grantee: Grantee::Group(writers.id),
            permission: Permission::Edit,
            granted_by: None,
            granted_at: NOW + 1,
            grantee_name: "Writers".into(),
            grantee_email: None,
        },
    ];
    assert_eq!(db.shares(document.id).await.unwrap(), expected);
    assert_eq!(db.shares(Uuid::new_v4()).await.unwrap(), []);

    let (user, group) = (Grantee::User(bob), Grantee::Group(writers.id));
    assert!(db.set_share_permission(document.id, user, Permission::Edit, None, NOW + 2).await.unwrap());
    let found = db.shares(document.id).await.unwrap();
    let changed = found.iter().find(|one| one.grantee == user).unwrap();
    assert_eq!((changed.permission, changed.granted_by, changed.granted_at), (Permission::Edit, None, NOW + 2));
    // A user's id names no group, nor the other way round.
    for confused in [Grantee::Group(bob), Grantee::User(writers.id), Grantee::User(ada)] {
        assert!(!db.set_share_permission(document.id, confused, Permission::Edit, None, NOW).await.unwrap());
        assert_eq!(db.delete_share(document.id, confused, NOW).await.unwrap(), None);
    }
    assert_eq!(db.delete_share(document.id, user, NOW).await.unwrap(), Some(Permission::Edit));
    assert_eq!(db.delete_share(document.id, user, NOW).await.unwrap(), None);
    assert_eq!(db.delete_share(document.id, group, NOW).await.unwrap(), Some(Permission::Edit));
    assert_eq!(db.shares(document.id).await.unwrap(), []);
}

async fn refused(store: Store) {
    let [ada, eve] = people(&store, ["ada", "eve"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let other = workspace(&store, "other", [(eve, Role::Owner)]).await;
    let foreigners = group(other, "foreigners");
    let document = document(lab, ada, Visibility::Private);
    let mut db = begin(&store).await;
    db.insert_group(&foreigners, NOW).await.unwrap();
    db.insert_resource(&document, NOW).await.unwrap();
    db.insert_share(&share(document.id, Grantee::User(ada), Permission::View), NOW).await.unwrap();
    db.commit().await.unwrap();
    let again = share(document.id, Grantee::User(ada), Permission::Edit);
    let taken = begin(&store).await.insert_share(&again, NOW).await.unwrap_err();
    assert!(matches!(taken, StorageError::Conflict), "{taken}");
    // Whoever is not of the resource's workspace, and what is not there.
    for (resource, grantee) in [
        (document.id, Grantee::User(eve)),
        (document.id, Grantee::User(Uuid::new_v4())),
        (document.id, Grantee::Group(foreigners.id)),
        (document.id, Grantee::Group(ada)),
        (Uuid::new_v4(), Grantee::User(ada)),
    ] {
        let outside = share(resource, grantee, Permission::View);
        let outside = begin(&store).await.insert_share(&outside, NOW).await.unwrap_err();
        assert!(matches!(outside, StorageError::Reference), "{outside}");
    }
}

async fn gone_with_the_grantee_and_the_resource(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner), (bob, Role::Viewer)]).await;
    let writers = group(lab, "writers");
    let first = document(lab, ada, Visibility::Private);
    let bobs_own = document(lab, bob, Visibility::Private);
    let mut db = begin(&store).await;
    db.insert_group(&writers, NOW).await.unwrap();
    for resource in [&first, &bobs_own] {
        db.insert_resource(resource, NOW).await.unwrap();
        for grantee in [Grantee::User(bob), Grantee::Group(writers.id)] {
            db.insert_share(&share(resource.id, grantee, Permission::View), NOW).await.unwrap();
        }
    }
    assert!(db.delete_member(lab, bob, NOW).await.unwrap());
    for resource in [&first, &bobs_own] {
        let left = db.shares(resource.id).await.unwrap();
        assert_eq!(left.iter().map(|one| one.grantee).collect::<Vec<_>>(), [Grantee::Group(writers.id)]);
    }
    // Back again, and without what was shared before. What they own stayed theirs.
    db.insert_member(lab, bob, Role::Viewer, NOW).await.unwrap();
    assert_eq!(db.shares(first.id).await.unwrap().len(), 1);
    assert_eq!(db.resource(bobs_own.id).await.unwrap().unwrap().owner_id, bob);
    assert!(db.delete_group(lab, writers.id, NOW).await.unwrap());
    assert_eq!(db.shares(first.id).await.unwrap(), []);
    db.insert_share(&share(first.id, Grantee::User(bob), Permission::View), NOW).await.unwrap();
    assert!(db.delete_resource(first.id, NOW).await.unwrap());
    assert_eq!(db.shares(first.id).await.unwrap(), []);
    assert!(db.delete_workspace(lab).await.unwrap());
    assert_eq!(db.resource(bobs_own.id).await.unwrap(), None);
}

async fn shared_while_the_member_leaves(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let document = document(lab, ada, Visibility::Private);
    let mut db = begin(&store).await;
    db.insert_resource(&document, NOW).await.unwrap();
    db.commit().await.unwrap();
    for _ in 0..10 {
        let mut db = begin(&store).await;
        db.insert_member(lab, bob, Role::Viewer, NOW).await.unwrap();
        db.commit().await.unwrap();
        let leaving = tokio::spawn({
            let store = store.clone();
            async move {
                let mut db = begin(&store).await;
                assert!(db.delete_member(lab, bob, NOW).await.unwrap());
                db.commit().await.unwrap();
            }
        });
        let sharing = tokio::spawn({
            let store = store.clone();
            async move {
                let mut db = begin(&store).await;
                match db.insert_share(&share(document.id, Grantee::User(bob), Permission::Edit), NOW).await {
                    Ok(()) => db.commit().await.unwrap(),
                    Err(refused) => assert!(matches!(refused, StorageError::Reference), "{refused}"),
                }
            }
        });
        leaving.await.unwrap();
        sharing.await.unwrap();
        assert_eq!(read(&store).await.shares(document.id).await.unwrap(), []);
    }
}

async fn a_grantee_has_one_share(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner), (bob, Role::Viewer)]).await;
    let document = document(lab, ada, Visibility::Private);
    let mut db = begin(&store).await;
    db.insert_resource(&document, NOW).await.unwrap();
    db.commit().await.unwrap();
    let both = [Permission::View, Permission::Edit].map(|permission| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut db = begin(&store).await;
            let given = db.insert_share(&share(document.id, Grantee::User(bob), permission), NOW).await;
            if given.is_ok() {
                db.commit().await.unwrap();
            }
            given
        })
    });
    let mut given = 0;
    for one in both {
        match one.await.unwrap() {
            Ok(()) => given += 1,
            Err(refused) => assert!(matches!(refused, StorageError::Conflict), "{refused}"),
        }
    }
    assert_eq!(given, 1);
    assert_eq!(read(&store).await.shares(document.id).await.unwrap().len(), 1);
}

cases! {
    given_changed_taken_back,
    refused,
    gone_with_the_grantee_and_the_resource,
    shared_while_the_member_leaves,
    a_grantee_has_one_share,
}
