use sentinel_storage::{
    AccessibleQuery, Coordinates, Grantee, MAX_COORDINATES, NewResource, PageRequest, Permission, Resource,
    ResourceFilter, StorageError, Store, Visibility, WorkspaceRole as Role,
};
use uuid::Uuid;

use crate::groups::group;
use crate::harness::{NOW, begin, cases, read};
use crate::shares::share;
use crate::users::people;
use crate::workspaces::workspace;

pub(crate) fn document(workspace_id: Uuid, owner_id: Uuid, visibility: Visibility) -> NewResource<'static> {
    let at = Coordinates { service_name: "notes", resource_type: "document", resource_id: Uuid::new_v4() };
    NewResource { id: Uuid::new_v4(), at, workspace_id, owner_id, visibility }
}

async fn registered_found_changed_deleted(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let new = document(lab, ada, Visibility::Private);
    let mut db = begin(&store).await;
    let mut expected = Resource {
        id: new.id,
        service_name: "notes".into(),
        resource_type: "document".into(),
        resource_id: new.at.resource_id,
        workspace_id: lab,
        owner_id: ada,
        visibility: Visibility::Private,
        created_at: NOW,
        updated_at: NOW,
    };
    assert_eq!(db.insert_resource(&new, NOW).await.unwrap(), expected);
    assert_eq!(db.resource(new.id).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.resource_at(&new.at).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.resource_at(&Coordinates { service_name: "tasks", ..new.at }).await.unwrap(), None);
    assert_eq!(db.resource_at(&Coordinates { resource_type: "folder", ..new.at }).await.unwrap(), None);
    expected.visibility = Visibility::Workspace;
    expected.updated_at = NOW + 1;
    let changed = db.set_resource_visibility(new.id, Visibility::Workspace, NOW + 1).await.unwrap();
    assert_eq!(changed.as_ref(), Some(&expected));
    expected.owner_id = bob;
    assert_eq!(db.set_resource_owner(new.id, bob, NOW + 1).await.unwrap().as_ref(), Some(&expected));
    assert!(db.delete_resource(new.id, NOW).await.unwrap());
    assert!(!db.delete_resource(new.id, NOW).await.unwrap());
    assert_eq!(db.set_resource_visibility(new.id, Visibility::Workspace, NOW).await.unwrap(), None);
    assert_eq!(db.set_resource_owner(new.id, bob, NOW).await.unwrap(), None);
    assert_eq!(db.resource(new.id).await.unwrap(), None);
}

async fn refused(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let new = document(lab, ada, Visibility::Private);
    let mut db = begin(&store).await;
    db.insert_resource(&new, NOW).await.unwrap();
    db.commit().await.unwrap();
    let again = NewResource { id: Uuid::new_v4(), ..new.clone() };
    let taken = begin(&store).await.insert_resource(&again, NOW).await.unwrap_err();
    assert!(matches!(taken, StorageError::Conflict), "{taken}");
    for (workspace, owner) in [(Uuid::new_v4(), ada), (lab, Uuid::new_v4())] {
        let unknown = document(workspace, owner, Visibility::Private);
        let unknown = begin(&store).await.insert_resource(&unknown, NOW).await.unwrap_err();
        assert!(matches!(unknown, StorageError::Reference), "{unknown}");
    }
    let unknown = begin(&store).await.set_resource_owner(new.id, Uuid::new_v4(), NOW).await.unwrap_err();
    assert!(matches!(unknown, StorageError::Reference), "{unknown}");
}

async fn listed_in_pages(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", []).await;
    let other = workspace(&store, "other", []).await;
    let mut db = begin(&store).await;
    let mut ids = Vec::new();
    for at in 0..6 {
        let mut new = document(if at == 5 { other } else { lab }, if at == 1 { bob } else { ada }, Visibility::Private);
        if at == 2 {
            new.at.resource_type = "folder";
        } else if at == 3 {
            new.at.service_name = "tasks";
        }
        // Two of one moment: the id decides.
        db.insert_resource(&new, NOW + at / 2).await.unwrap();
        ids.push((NOW + at / 2, new.id));
    }
    db.commit().await.unwrap();
    ids.sort_by(|one, other| other.cmp(one));
    let mut db = read(&store).await;
    let mut page = PageRequest::first(4);
    let mut seen = Vec::new();
    loop {
        let found = db.resources(&ResourceFilter::default(), &page).await.unwrap();
        seen.extend(found.rows.iter().map(|row| (row.created_at, row.id)));
        let Some(next) = found.next else { break };
        page.after = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(seen, ids);
    for (filter, count) in [
        (ResourceFilter { workspace_id: Some(lab), ..Default::default() }, 5),
        (ResourceFilter { owner_id: Some(bob), ..Default::default() }, 1),
        (ResourceFilter { service_name: Some("tasks"), ..Default::default() }, 1),
        (ResourceFilter { resource_type: Some("document"), workspace_id: Some(lab), ..Default::default() }, 4),
        (ResourceFilter { service_name: Some("nobody"), ..Default::default() }, 0),
    ] {
        assert_eq!(db.count_resources(&filter).await.unwrap(), count, "{filter:?}");
        let found = db.resources(&filter, &PageRequest::first(9)).await.unwrap();
        assert_eq!(i64::try_from(found.rows.len()).unwrap(), count, "{filter:?}");
    }
    // A place in a list that is ordered by names.
    let foreign = PageRequest { after: Some("00112233445566778899aabbccddeeff61".parse().unwrap()), limit: 1 };
    let refused = db.resources(&ResourceFilter::default(), &foreign).await.unwrap_err();
    assert!(matches!(refused, StorageError::Invalid), "{refused}");
}

async fn looked_up_by_many_coordinates_at_once(store: Store) {
    let [ada, bob, cyd] = people(&store, ["ada", "bob", "cyd"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner), (bob, Role::Viewer), (cyd, Role::Viewer)]).await;
    let [writers, readers] = [group(lab, "writers"), group(lab, "readers")];
    let mut db = begin(&store).await;
    for one in [&writers, &readers] {
        db.insert_group(one, NOW).await.unwrap();
        db.insert_group_member(lab, one.id, bob, NOW).await.unwrap();
    }
    let documents: Vec<_> = (0..MAX_COORDINATES).map(|_| document(lab, ada, Visibility::Private)).collect();
    for new in &documents {
        db.insert_resource(new, NOW).await.unwrap();
    }
    let given = [
        (0, Grantee::User(bob), Permission::View),
        (1, Grantee::User(bob), Permission::Edit),
        (2, Grantee::Group(readers.id), Permission::View),
        (3, Grantee::Group(readers.id), Permission::View),
        (3, Grantee::Group(writers.id), Permission::Edit),
        (4, Grantee::User(bob), Permission::View),
        (4, Grantee::Group(writers.id), Permission::Edit),
        (5, Grantee::User(cyd), Permission::Edit),
    ];
    for (at, grantee, permission) in given {
        db.insert_share(&share(documents[at].id, grantee, permission), NOW).await.unwrap();
    }
    db.commit().await.unwrap();

    let mut db = read(&store).await;
    let coordinates: Vec<_> = documents.iter().map(|new| new.at).collect();
    for count in [1, 2, 3, 7, 64, 65, MAX_COORDINATES] {
        let found = db.resources_for_user(bob, &coordinates[..count]).await.unwrap();
        assert_eq!(found.len(), count);
    }
    let found = db.resources_for_user(bob, &coordinates).await.unwrap();
    let (view, edit) = (Some(Permission::View), Some(Permission::Edit));
    let expected = [(view, None), (edit, None), (None, view), (None, edit), (view, edit), (None, None), (None, None)];
    for (new, expected) in documents.iter().zip(expected) {
        let row = found.iter().find(|row| row.resource.id == new.id).unwrap();
        assert_eq!((row.user_share, row.group_share), expected);
        assert_eq!((row.resource.owner_id, row.resource.resource_id), (ada, new.at.resource_id));
    }
    // What is not registered is not found, by none of its coordinates; what comes twice is answered once.
    let at = coordinates[0];
    let some = [
        Coordinates { service_name: "tasks", ..at },
        Coordinates { resource_type: "folder", ..at },
        Coordinates { resource_id: Uuid::new_v4(), ..at },
        at,
        at,
    ];
    assert_eq!(db.resources_for_user(bob, &some).await.unwrap().len(), 1);
    assert_eq!(db.resources_for_user(bob, &[]).await.unwrap(), []);
    let too_many: Vec<_> = coordinates.iter().copied().chain([Coordinates { service_name: "tasks", ..at }]).collect();
    let refused = db.resources_for_user(bob, &too_many).await.unwrap_err();
    assert!(matches!(refused, StorageError::Invalid), "{refused}");
}

async fn accessible_in_every_way(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let members = [(ada, Role::Owner), (bob, Role::Editor)];
    let lab = workspace(&store, "lab", members).await;
    let other = workspace(&store, "other", members).await;
    let writers = group(lab, "writers");
    let mut db = begin(&store).await;
    db.insert_group(&writers, NOW).await.unwrap();
    db.insert_group_member(lab, writers.id, bob, NOW).await.unwrap();
    let own = document(lab, bob, Visibility::Private);
    let hidden = document(lab, ada, Visibility::Private);
    let shown = document(lab, ada, Visibility::Workspace);
    let to_view = document(lab, ada, Visibility::Private);
    let to_edit = document(lab, ada, Visibility::Private);
    let group_views = document(lab, ada, Visibility::Private);
    let group_edits = document(lab, ada, Visibility::Private);
    // In more than one way: once in the answer.
    let both = document(lab, bob, Visibility::Workspace);
    let mut folder = document(lab, bob, Visibility::Workspace);
    folder.at.resource_type = "folder";
    let mut task = document(lab, bob, Visibility::Workspace);
    task.at.service_name = "tasks";
    let foreign = document(other, bob, Visibility::Workspace);
    for new in [&own, &hidden, &shown, &to_view, &to_edit, &group_views, &group_edits, &both, &folder, &task, &foreign]
    {
        db.insert_resource(new, NOW).await.unwrap();
    }
    for (on, grantee, permission) in [
        (&to_view, Grantee::User(bob), Permission::View),
        (&to_edit, Grantee::User(bob), Permission::Edit),
        (&group_views, Grantee::Group(writers.id), Permission::View),
        (&group_edits, Grantee::Group(writers.id), Permission::Edit),
        (&both, Grantee::Group(writers.id), Permission::Edit),
        (&folder, Grantee::Group(writers.id), Permission::Edit),
    ] {
        db.insert_share(&share(on.id, grantee, permission), NOW).await.unwrap();
    }
    db.commit().await.unwrap();

    let sorted = |new: &[&NewResource<'_>]| {
        let mut ids: Vec<_> = new.iter().map(|new| new.at.resource_id).collect();
        ids.sort();
        ids
    };
    let query = AccessibleQuery {
        workspace_id: lab,
        service_name: "notes",
        resource_type: "document",
        user_id: bob,
        permission: Permission::View,
        by_visibility: true,
        limit: None,
    };
    let mut db = begin(&store).await;
    let viewed = sorted(&[&own, &shown, &to_view, &to_edit, &group_views, &group_edits, &both]);
    assert_eq!(db.accessible_resources(&query).await.unwrap(), viewed);
    let limited = AccessibleQuery { limit: Some(3), ..query };
    assert_eq!(db.accessible_resources(&limited).await.unwrap(), viewed[..3]);
    let edit = AccessibleQuery { permission: Permission::Edit, ..query };
    assert_eq!(db.accessible_resources(&edit).await.unwrap(), sorted(&[&own, &shown, &to_edit, &group_edits, &both]));
    let viewer = AccessibleQuery { by_visibility: false, ..edit };
    assert_eq!(db.accessible_resources(&viewer).await.unwrap(), sorted(&[&own, &to_edit, &group_edits, &both]));
    let stranger = AccessibleQuery { user_id: Uuid::new_v4(), by_visibility: false, ..query };
    assert!(db.accessible_resources(&stranger).await.unwrap().is_empty());
    let all = sorted(&[&own, &hidden, &shown, &to_view, &to_edit, &group_views, &group_edits, &both]);
    let mut found = db.workspace_resources(lab, "notes", "document", 100).await.unwrap();
    found.sort();
    assert_eq!(found, all);
    assert_eq!(db.workspace_resources(lab, "notes", "document", 2).await.unwrap().len(), 2);
    // Out of the group: at once without what it was given.
    db.delete_group_member(lab, writers.id, bob, NOW).await.unwrap();
    assert_eq!(db.accessible_resources(&query).await.unwrap(), sorted(&[&own, &shown, &to_view, &to_edit, &both]));
}

cases! {
    registered_found_changed_deleted,
    refused,
    listed_in_pages,
    looked_up_by_many_coordinates_at_once,
    accessible_in_every_way,
}
