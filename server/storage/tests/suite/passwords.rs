//! Passwords, those before them, and networks that are known.

use sentinel_storage::{NewPassword, Pruned, SecretKind, SessionDialect, StorageError, Store, WorkspaceRole};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::sessions::session;
use crate::users::people;
use crate::workspaces::workspace;

fn password(user_id: Uuid, hash: &str) -> NewPassword<'_> {
    NewPassword { user_id, kind: SecretKind::Password, hash, must_change: false }
}

async fn an_account_has_one_and_its_history(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    assert_eq!(read(&store).await.password(ada).await.unwrap(), None);
    let mut db = begin(&store).await;
    for (number, hash) in ["h1", "h2", "h3", "h4"].into_iter().enumerate() {
        assert!(db.put_password(&password(ada, hash), None, 2, NOW + number as i64).await.unwrap());
    }
    assert!(db.put_password(&password(bob, "other"), None, 2, NOW).await.unwrap());
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    let found = db.password(ada).await.unwrap().unwrap();
    assert_eq!((found.hash.as_str(), found.kind, found.changed_at), ("h4", SecretKind::Password, NOW + 3));
    assert!(!found.must_change);
    assert_eq!(db.retired_passwords(ada).await.unwrap(), ["h3", "h2"], "the last two, the latest first");
    assert!(db.retired_passwords(bob).await.unwrap().is_empty());
    drop(db);

    let mut db = begin(&store).await;
    let pin = NewPassword { kind: SecretKind::Pin, must_change: true, ..password(ada, "pin") };
    assert!(!db.put_password(&pin, Some("h3"), 2, NOW).await.unwrap(), "another one is there");
    assert!(db.put_password(&pin, Some("h4"), 2, NOW).await.unwrap());
    let found = db.password(ada).await.unwrap().unwrap();
    assert_eq!((found.kind, found.must_change), (SecretKind::Pin, true));
    assert!(!db.put_password(&password(Uuid::new_v4(), "x"), Some("x"), 2, NOW).await.unwrap());
    db.commit().await.unwrap();
    let lost = begin(&store).await.put_password(&password(Uuid::new_v4(), "x"), None, 2, NOW).await.unwrap_err();
    assert!(matches!(lost, StorageError::Reference), "{lost}");

    let mut db = begin(&store).await;
    assert!(db.hold_password(ada, "pin").await.unwrap() && !db.hold_password(ada, "h4").await.unwrap());
    assert!(!db.rehash_password(ada, "h4", "h5").await.unwrap(), "changed meanwhile");
    assert!(db.rehash_password(ada, "pin", "pin again").await.unwrap());
    assert_eq!(db.retired_passwords(ada).await.unwrap(), ["h4", "h3"], "the same password is no other one");
    assert!(db.delete_password(ada).await.unwrap() && !db.delete_password(ada).await.unwrap());
    assert_eq!(db.password(ada).await.unwrap(), None);
    assert!(db.retired_passwords(ada).await.unwrap().is_empty());
    assert_eq!(db.password(bob).await.unwrap().unwrap().hash, "other");
}

async fn one_of_two_changes_at_the_same_moment_counts(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let mut db = begin(&store).await;
    db.put_password(&password(ada, "first"), None, 5, NOW).await.unwrap();
    db.commit().await.unwrap();
    let mut changing = tokio::task::JoinSet::new();
    for number in 0..10 {
        let store = store.clone();
        changing.spawn(async move {
            let hash = format!("h{number}");
            let mut db = begin(&store).await;
            let put = db.put_password(&password(ada, &hash), Some("first"), 5, NOW).await.unwrap();
            db.commit().await.unwrap();
            put
        });
    }
    let put = changing.join_all().await.into_iter().filter(|put| *put).count();
    assert_eq!(put, 1);
    assert_eq!(read(&store).await.retired_passwords(ada).await.unwrap(), ["first"]);
}

async fn networks_are_known_for_a_while(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let mut db = begin(&store).await;
    db.remember_network(ada, b"home", NOW + 10).await.unwrap();
    db.remember_network(ada, b"home", NOW + 20).await.unwrap();
    for (user, network, now, known) in [
        (ada, &b"home"[..], NOW + 19, true),
        (ada, b"home", NOW + 20, false),
        (ada, b"hotel", NOW, false),
        (bob, b"home", NOW, false),
    ] {
        assert_eq!(db.knows_network(user, network, now).await.unwrap(), known);
    }
    assert_eq!(db.prune_expired(NOW + 20, 10).await.unwrap(), Pruned::default());
    assert_eq!(db.prune_expired(NOW + 21, 10).await.unwrap(), Pruned { known_networks: 1, ..Pruned::default() });
    db.commit().await.unwrap();
    let lost = begin(&store).await.remember_network(Uuid::new_v4(), b"x", NOW).await.unwrap_err();
    assert!(matches!(lost, StorageError::Reference), "{lost}");
}

async fn a_session_keeps_its_dialect(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Editor)]).await;
    let mut db = begin(&store).await;
    for dialect in SessionDialect::ALL {
        let new = sentinel_storage::NewSession { dialect: *dialect, ..session(ada, lab) };
        db.insert_session(&new, NOW).await.unwrap();
        assert_eq!(db.session(new.id).await.unwrap().unwrap().dialect, *dialect);
        assert_eq!(db.session_for_refresh(new.id).await.unwrap().unwrap().session.dialect, *dialect);
    }
    db.commit().await.unwrap();
}

cases! {
    an_account_has_one_and_its_history,
    one_of_two_changes_at_the_same_moment_counts,
    networks_are_known_for_a_while,
    a_session_keeps_its_dialect,
}
