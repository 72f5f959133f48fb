//! What the deployment remembers of itself: values, and the keys that sign.

use std::time::Duration;

use sentinel_storage::{SigningKey, StorageError, Store};

use crate::harness::{NOW, begin, cases, read};

async fn values_are_put_and_read(store: Store) {
    let mut db = begin(&store).await;
    assert_eq!(db.deployment_value("name").await.unwrap(), None);
    assert_eq!(db.put_deployment_value_if_absent("name", "first", NOW).await.unwrap(), "first");
    assert_eq!(db.put_deployment_value_if_absent("name", "second", NOW).await.unwrap(), "first");
    db.put_deployment_value("name", "third", NOW).await.unwrap();
    db.put_deployment_value("other", "", NOW).await.unwrap();
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    assert_eq!(db.deployment_value("name").await.unwrap().as_deref(), Some("third"));
    assert_eq!(db.deployment_value("other").await.unwrap().as_deref(), Some(""));
}

async fn of_many_replicas_the_first_decides(store: Store) {
    let mut replicas = tokio::task::JoinSet::new();
    for replica in 0..10 {
        let store = store.clone();
        replicas.spawn(async move {
            let mut db = begin(&store).await;
            let stands = db.put_deployment_value_if_absent("issuer", &replica.to_string(), NOW).await.unwrap();
            db.commit().await.unwrap();
            stands
        });
    }
    let mut answers = replicas.join_all().await;
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(read(&store).await.deployment_value("issuer").await.unwrap().as_ref(), answers.first());
}

pub(crate) fn key(kid: &str, signs_from: i64) -> SigningKey {
    SigningKey {
        kid: kid.into(),
        algorithm: "RS256".into(),
        public_jwk: format!("{{\"kid\":\"{kid}\"}}"),
        sealed_private: vec![7; 40],
        created_at: NOW,
        signs_from,
        retires_at: None,
    }
}

async fn keys_and_their_marker(store: Store) {
    let mut db = begin(&store).await;
    let mut markers = vec![db.signing_keys_marker().await.unwrap()];
    let [old, young] = [key("old", NOW), key("young", NOW + 10)];
    db.insert_signing_key(&old, NOW).await.unwrap();
    markers.push(db.signing_keys_marker().await.unwrap());
    db.insert_signing_key(&young, NOW).await.unwrap();
    markers.push(db.signing_keys_marker().await.unwrap());
    assert_eq!(db.signing_keys().await.unwrap(), [young.clone(), old.clone()]);
    assert!(db.set_signing_key_retires_at("old", Some(NOW + 50), NOW).await.unwrap());
    markers.push(db.signing_keys_marker().await.unwrap());
    assert!(db.reseal_signing_key("old", b"again", NOW).await.unwrap());
    markers.push(db.signing_keys_marker().await.unwrap());
    let changed = SigningKey { retires_at: Some(NOW + 50), sealed_private: b"again".to_vec(), ..old };
    assert_eq!(db.signing_keys().await.unwrap(), [young.clone(), changed]);
    for nothing in [
        db.set_signing_key_retires_at("none", None, NOW).await.unwrap(),
        db.reseal_signing_key("none", b"", NOW).await.unwrap(),
        db.delete_retired_signing_keys(NOW + 49).await.unwrap() > 0,
    ] {
        assert!(!nothing);
        assert_eq!(db.signing_keys_marker().await.unwrap(), *markers.last().unwrap());
    }
    assert_eq!(db.delete_retired_signing_keys(NOW + 50).await.unwrap(), 1);
    markers.push(db.signing_keys_marker().await.unwrap());
    assert!(markers.is_sorted_by(|one, next| one < next), "{markers:?}");
    assert_eq!(db.signing_keys().await.unwrap(), std::slice::from_ref(&young));
    db.commit().await.unwrap();
    let refused = begin(&store).await.insert_signing_key(&young, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
}

async fn of_many_replicas_one_makes_the_first_key(store: Store) {
    let mut replicas = tokio::task::JoinSet::new();
    for replica in 0..6 {
        let store = store.clone();
        replicas.spawn(async move {
            let mut db = begin(&store).await;
            db.lock_signing_keys().await.unwrap();
            if db.signing_keys().await.unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
                db.insert_signing_key(&key(&replica.to_string(), NOW), NOW).await.unwrap();
            }
            db.commit().await.unwrap();
        });
    }
    replicas.join_all().await;
    assert_eq!(read(&store).await.signing_keys().await.unwrap().len(), 1);
}

cases! {
    values_are_put_and_read,
    of_many_replicas_the_first_decides,
    keys_and_their_marker,
    of_many_replicas_one_makes_the_first_key,
}
