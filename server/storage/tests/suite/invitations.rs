use sentinel_storage::{Invitation, PageRequest, Pruned, StorageError, Store, WorkspaceRole as Role};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

fn invitation(workspace_id: Uuid, email: &str, invited_by: Uuid) -> Invitation {
    let (created_at, expires_at) = (NOW, NOW + 10);
    Invitation {
        id: Uuid::new_v4(),
        workspace_id,
        email: email.into(),
        role: Role::Editor,
        invited_by,
        created_at,
        expires_at,
    }
}

async fn one_for_each_address_and_workspace(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    let other = workspace(&store, "other", [(ada, Role::Owner)]).await;
    let mut db = begin(&store).await;
    let first = invitation(lab, "Bob@Example.com", ada);
    assert_eq!(db.put_invitation(&first).await.unwrap(), first);
    let again = Invitation { role: Role::Viewer, expires_at: NOW + 20, ..invitation(lab, "bob@example.com", ada) };
    assert_eq!(db.put_invitation(&again).await.unwrap(), Invitation { id: first.id, ..again.clone() });
    for email in ["cyd@example.com", "dan@example.com"] {
        db.put_invitation(&invitation(lab, email, ada)).await.unwrap();
    }
    db.put_invitation(&invitation(other, "bob@example.com", ada)).await.unwrap();
    db.commit().await.unwrap();

    let mut db = read(&store).await;
    let page = db.invitations(lab, NOW, &PageRequest::first(2)).await.unwrap();
    assert_eq!(
        page.rows.iter().map(|row| row.email.as_str()).collect::<Vec<_>>(),
        ["bob@example.com", "cyd@example.com"]
    );
    let rest = db.invitations(lab, NOW, &PageRequest { after: page.next, limit: 2 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|row| row.email.as_str()).collect::<Vec<_>>(), ["dan@example.com"]);
    assert_eq!(db.invitation_of(lab, "BOB@example.com").await.unwrap().map(|one| one.id), Some(first.id));
    assert_eq!(db.invitation_of(other, "cyd@example.com").await.unwrap(), None);
    let live = db.invitations(lab, NOW + 10, &PageRequest::first(9)).await.unwrap();
    assert_eq!(live.rows, [Invitation { id: first.id, ..again }]);
    drop(db);

    // Taken once, in every workspace, whatever the case; the Kelvin sign is no k.
    let mut db = begin(&store).await;
    assert_eq!(db.take_invitations("BOB@example.com").await.unwrap().len(), 2);
    assert_eq!(db.take_invitations("bob@example.com").await.unwrap(), []);
    db.put_invitation(&invitation(lab, "kim@example.com", ada)).await.unwrap();
    assert_eq!(db.take_invitations("\u{212a}im@example.com").await.unwrap(), []);
}

async fn refused_and_gone(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner)]).await;
    for (workspace, user) in [(Uuid::new_v4(), ada), (lab, Uuid::new_v4())] {
        let unknown = begin(&store).await.put_invitation(&invitation(workspace, "b@example.com", user)).await;
        assert!(matches!(unknown.unwrap_err(), StorageError::Reference));
    }
    let mut db = begin(&store).await;
    let new = invitation(lab, "bob@example.com", ada);
    db.put_invitation(&new).await.unwrap();
    assert_eq!(db.delete_invitation(Uuid::new_v4(), new.id).await.unwrap(), None);
    assert_eq!(db.delete_invitation(lab, new.id).await.unwrap(), Some(new.clone()));
    assert_eq!(db.delete_invitation(lab, new.id).await.unwrap(), None);
    db.put_invitation(&new).await.unwrap();
    assert!(!db.drop_invitation(lab, "cyd@example.com").await.unwrap());
    assert!(db.drop_invitation(lab, "BOB@example.com").await.unwrap());
    db.put_invitation(&new).await.unwrap();
    assert_eq!(db.prune_expired(NOW + 10, 9).await.unwrap().invitations, 0);
    assert_eq!(db.prune_expired(NOW + 11, 9).await.unwrap(), Pruned { invitations: 1, ..Pruned::default() });
}

cases! { one_for_each_address_and_workspace, refused_and_gone }
