//! Accounts of people who log in with a username and a PIN.

use sentinel_storage::{
    LocalAccountChange, NewIdentity, NewLocalAccount, NewPassword, SecretKind, StorageError, Store, WorkspaceRole,
};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

async fn an_account_and_what_is_said_of_it(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner), (bob, WorkspaceRole::Viewer)]).await;
    let other = workspace(&store, "other", []).await;
    let web = ["web".to_owned()];
    let new = NewLocalAccount {
        user_id: ada,
        workspace_id: lab,
        has_default_pin: true,
        trust_level: 10,
        channels: &web,
        created_by: None,
    };
    let mut db = begin(&store).await;
    for (user_id, username) in [(ada, "ada"), (bob, "bob")] {
        assert!(db.claim_username(user_id, username, NOW).await.unwrap());
    }
    assert!(!db.has_local_accounts().await.unwrap());
    db.insert_local_account(&new, NOW).await.unwrap();
    assert!(db.has_local_accounts().await.unwrap());
    let bobs = NewLocalAccount {
        user_id: bob,
        has_default_pin: false,
        trust_level: 0,
        channels: &[],
        created_by: Some(ada),
        ..new
    };
    db.insert_local_account(&bobs, NOW + 1).await.unwrap();
    let password = NewPassword { user_id: ada, kind: SecretKind::Pin, hash: "hash", must_change: true };
    assert!(db.put_password(&password, None, 4, NOW).await.unwrap());
    db.commit().await.unwrap();

    let mut db = read(&store).await;
    let found = db.local_account(ada).await.unwrap().unwrap();
    assert_eq!((found.user_id, found.workspace_id, found.username.as_str()), (ada, lab, "ada"));
    assert_eq!((found.has_default_pin, found.must_change_pin, found.trust_level), (true, true, 10));
    assert_eq!((found.channels.as_slice(), found.role, found.created_at), (&web[..], Some(WorkspaceRole::Owner), NOW));
    assert_eq!((found.is_active, found.is_admin, found.is_known_elsewhere), (true, false, false));
    assert_eq!(db.local_account_by_username("ada").await.unwrap().as_ref(), Some(&found));
    assert_eq!(db.local_account_by_username("Ada").await.unwrap(), None);
    assert_eq!(db.local_account(Uuid::new_v4()).await.unwrap(), None);
    let names = |accounts: Vec<sentinel_storage::LocalAccount>| {
        accounts.into_iter().map(|account| account.username).collect::<Vec<_>>()
    };
    assert_eq!(names(db.local_accounts(lab, "", 9).await.unwrap()), ["ada", "bob"]);
    assert_eq!(names(db.local_accounts(lab, "", 1).await.unwrap()), ["ada"]);
    assert_eq!(names(db.local_accounts(lab, "ada", 9).await.unwrap()), ["bob"]);
    assert!(db.local_accounts(other, "", 9).await.unwrap().is_empty());
    drop(db);

    let mut db = begin(&store).await;
    let change = LocalAccountChange { trust_level: Some(3), ..Default::default() };
    assert!(db.update_local_account(ada, &change).await.unwrap());
    let one = db.local_account(ada).await.unwrap().unwrap();
    assert_eq!((one.trust_level, one.has_default_pin, one.channels.len()), (3, true, 1));
    let change = LocalAccountChange { has_default_pin: Some(false), channels: Some(&[]), ..Default::default() };
    assert!(db.update_local_account(ada, &change).await.unwrap());
    let one = db.local_account(ada).await.unwrap().unwrap();
    assert_eq!((one.trust_level, one.has_default_pin, one.channels.len()), (3, false, 0));
    assert!(!db.update_local_account(Uuid::new_v4(), &change).await.unwrap());
    // A password is no PIN.
    let password = NewPassword { kind: SecretKind::Password, ..password };
    assert!(db.put_password(&password, None, 4, NOW).await.unwrap());
    assert!(!db.local_account(ada).await.unwrap().unwrap().must_change_pin);
    db.delete_member(lab, bob, NOW).await.unwrap();
    assert_eq!(db.local_account(bob).await.unwrap().unwrap().role, None);
    db.insert_member(other, ada, WorkspaceRole::Viewer, NOW).await.unwrap();
    assert!(db.local_account(ada).await.unwrap().unwrap().is_known_elsewhere);
    let identity = NewIdentity {
        issuer: "https://idp.test",
        subject: "bob",
        user_id: bob,
        provider: "real",
        email: None,
        email_verified: false,
    };
    db.insert_identity(&identity, NOW).await.unwrap();
    assert!(db.local_account(bob).await.unwrap().unwrap().is_known_elsewhere);
    db.commit().await.unwrap();
    let again = begin(&store).await.insert_local_account(&new, NOW).await.unwrap_err();
    assert!(matches!(again, StorageError::Conflict), "{again}");
    let nobody = NewLocalAccount { user_id: Uuid::new_v4(), ..new };
    let nobody = begin(&store).await.insert_local_account(&nobody, NOW).await.unwrap_err();
    assert!(matches!(nobody, StorageError::Reference), "{nobody}");
    let mut db = begin(&store).await;
    db.delete_workspace(lab).await.unwrap();
    assert_eq!(db.local_account(ada).await.unwrap(), None);
}

cases! { an_account_and_what_is_said_of_it }
