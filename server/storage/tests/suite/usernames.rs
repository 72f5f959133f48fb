use sentinel_storage::{Names, StorageError, Store};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;

async fn a_name_is_given_once(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let mut db = begin(&store).await;
    assert_eq!(db.names_of(ada).await.unwrap(), Names::default());
    assert!(db.claim_username(ada, "ada_lovelace", NOW).await.unwrap());
    assert!(!db.claim_username(bob, "ada_lovelace", NOW).await.unwrap(), "it is another's");
    assert!(!db.claim_username(ada, "ada", NOW).await.unwrap(), "she has one");
    assert!(db.claim_username(bob, "bob", NOW).await.unwrap());
    db.set_user_names(ada, Some("Ada"), Some("Lovelace")).await.unwrap();
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    assert_eq!(db.user_by_username("ada_lovelace").await.unwrap().unwrap().id, ada);
    assert_eq!(db.user_by_username("Ada_Lovelace").await.unwrap(), None);
    assert_eq!(db.names_of(bob).await.unwrap().username.as_deref(), Some("bob"));
    let names = db.names_of(ada).await.unwrap();
    assert_eq!((names.given_name.as_deref(), names.family_name.as_deref()), (Some("Ada"), Some("Lovelace")));
    assert_eq!(db.names_of(Uuid::new_v4()).await.unwrap(), Names::default());
}

async fn nobody_has_a_name_without_an_account(store: Store) {
    let mut db = begin(&store).await;
    let claimed = db.claim_username(Uuid::new_v4(), "ghost", NOW).await;
    assert!(matches!(claimed.unwrap_err(), StorageError::Reference));
}

cases! { a_name_is_given_once, nobody_has_a_name_without_an_account }
