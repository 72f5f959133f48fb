use sentinel_storage::{StorageError, Store, StoreOptions, WorkspaceRole};

use crate::harness::{NOW, Place, begin, cases, places, read};
use crate::sessions::begun;
use crate::users::people;
use crate::workspaces::workspace;

/// A copy holds what was committed when it was made, and nothing of an open transaction or of later.
async fn a_copy_is_one_moment(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("copy.db");
    store.backup(&file).await.unwrap();
    let [late] = people(&store, ["late"]).await;
    let copy = Store::open(&StoreOptions::Sqlite { file: file.clone() }, NOW).await.unwrap();
    assert!(read(&copy).await.user(ada).await.unwrap().is_some());
    assert!(read(&copy).await.user(late).await.unwrap().is_none());
    copy.close().await;
    // What lies there already is kept.
    assert!(matches!(store.backup(&file).await, Err(StorageError::Broken(_))));
}

/// What has tools of its own says so instead of writing half a copy.
async fn a_copy_or_a_reason(place: Place) {
    let store = place.open().await;
    match place.options {
        StoreOptions::Sqlite { .. } => a_copy_is_one_moment(store.clone()).await,
        StoreOptions::Postgres { .. } => {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("copy.db");
            assert!(matches!(store.backup(&file).await, Err(StorageError::Settings(why)) if why.contains("pg_dump")));
            assert!(!file.exists());
        }
    }
    store.close().await;
}

/// After a restore nothing that was issued before holds: what was revoked since the copy is not known any more.
async fn all_sessions_end(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, WorkspaceRole::Owner), (bob, WorkspaceRole::Viewer)]).await;
    let sessions = [begun(&store, ada, lab).await, begun(&store, bob, lab).await];
    let mut db = begin(&store).await;
    db.invalidate_all_sessions(NOW + 7).await.unwrap();
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    for id in sessions {
        assert_eq!(db.session(id).await.unwrap().unwrap().revoked_at, Some(NOW + 7));
    }
    for user in [ada, bob] {
        assert_eq!(db.user(user).await.unwrap().unwrap().sessions_invalidated_at, Some(NOW + 7));
    }
}

mod copies {
    use super::*;
    places! { a_copy_or_a_reason => super::a_copy_or_a_reason }
}

cases! { all_sessions_end }
