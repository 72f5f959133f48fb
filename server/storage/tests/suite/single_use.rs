//! What is taken or used once: login states and one-time links.

use sentinel_storage::{LoginPurpose, LoginState, OneTimeLink, StorageError, Store};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;

pub(crate) fn login() -> LoginState {
    LoginState {
        purpose: LoginPurpose::Admin,
        provider: "google".into(),
        sealed: vec![0, 1, 255],
        expires_at: NOW + 600_000,
    }
}

async fn a_login_state_is_taken_once(store: Store) {
    let mut db = begin(&store).await;
    db.insert_login_state(b"state", &login()).await.unwrap();
    assert_eq!(db.take_login_state(b"other", NOW).await.unwrap(), None);
    assert_eq!(db.take_login_state(b"state", NOW + 600_000).await.unwrap(), None);
    db.commit().await.unwrap();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            let taken = db.take_login_state(b"state", NOW).await.unwrap();
            db.commit().await.unwrap();
            taken
        });
    }
    let taken: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken, [login()]);
    let mut db = begin(&store).await;
    db.insert_login_state(b"state", &login()).await.unwrap();
    let refused = db.insert_login_state(b"state", &login()).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
}

async fn a_link_is_used_once_and_for_its_purpose(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let link = OneTimeLink { purpose: "bootstrap".into(), user_id: None, expires_at: NOW + 1000 };
    let personal = OneTimeLink { user_id: Some(ada), ..link.clone() };
    let mut db = begin(&store).await;
    db.insert_one_time_link(b"link", &link, NOW).await.unwrap();
    db.insert_one_time_link(b"personal", &personal, NOW).await.unwrap();
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    assert_eq!(db.one_time_link(b"link", NOW).await.unwrap().as_ref(), Some(&link));
    assert_eq!(db.one_time_link(b"link", NOW + 1000).await.unwrap(), None);
    assert_eq!(db.one_time_link(b"other", NOW).await.unwrap(), None);
    drop(db);
    let mut db = begin(&store).await;
    assert_eq!(db.use_one_time_link(b"link", "invitation", NOW).await.unwrap(), None);
    assert_eq!(db.use_one_time_link(b"link", "bootstrap", NOW + 1000).await.unwrap(), None);
    assert_eq!(db.use_one_time_link(b"personal", "bootstrap", NOW).await.unwrap(), Some(personal));
    db.commit().await.unwrap();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        attempts.spawn(async move {
            let mut db = begin(&store).await;
            let used = db.use_one_time_link(b"link", "bootstrap", NOW).await.unwrap();
            db.commit().await.unwrap();
            used
        });
    }
    let used: Vec<_> = attempts.join_all().await.into_iter().flatten().collect();
    assert_eq!(used, std::slice::from_ref(&link));
    assert_eq!(read(&store).await.one_time_link(b"link", NOW).await.unwrap(), None);
    let lost = OneTimeLink { user_id: Some(Uuid::new_v4()), ..link };
    let refused = begin(&store).await.insert_one_time_link(b"lost", &lost, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
}

cases! { a_login_state_is_taken_once, a_link_is_used_once_and_for_its_purpose }
