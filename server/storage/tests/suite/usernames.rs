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

async fn a_name_that_was_given_up_is_its_owner_s(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let mut db = begin(&store).await;
    assert!(db.claim_username(ada, "ada", NOW).await.unwrap());
    for name in ["lovelace", "countess"] {
        assert!(db.rename_username(ada, name, NOW).await.unwrap());
        assert_eq!(db.names_of(ada).await.unwrap().username.as_deref(), Some(name));
    }
    db.commit().await.unwrap();
    for name in ["ada", "lovelace", "countess"] {
        let mut db = begin(&store).await;
        assert_eq!(db.user_by_username(name).await.unwrap().unwrap().id, ada, "{name}");
        assert!(!db.claim_username(bob, name, NOW).await.unwrap(), "{name}");
        assert!(!db.rename_username(bob, name, NOW).await.unwrap(), "{name}");
    }
    // Back to the first one; and who has none gets one.
    let mut db = begin(&store).await;
    assert!(db.rename_username(ada, "ada", NOW).await.unwrap());
    assert!(db.rename_username(bob, "bob", NOW).await.unwrap());
    assert_eq!(db.names_of(ada).await.unwrap().username.as_deref(), Some("ada"));
    assert_eq!(db.names_of(bob).await.unwrap().username.as_deref(), Some("bob"));
    assert_eq!(db.user_by_username("countess").await.unwrap().unwrap().id, ada);
    let renamed = db.rename_username(Uuid::new_v4(), "ghost", NOW).await;
    assert!(matches!(renamed.unwrap_err(), StorageError::Reference));
}

async fn of_two_who_want_a_name_one_gets_it(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let mut tries = tokio::task::JoinSet::new();
    for id in [ada, bob, ada, bob] {
        let store = store.clone();
        tries.spawn(async move {
            let mut db = begin(&store).await;
            let is_given = db.rename_username(id, "wanted", NOW).await.unwrap();
            if is_given {
                db.commit().await.unwrap();
            }
            (id, is_given)
        });
    }
    let given: Vec<Uuid> = tries.join_all().await.into_iter().filter(|(_, given)| *given).map(|(id, _)| id).collect();
    let holder = read(&store).await.user_by_username("wanted").await.unwrap().unwrap().id;
    assert!(!given.is_empty() && given.iter().all(|id| *id == holder), "{given:?}");
}

cases! { a_name_that_was_given_up_is_its_owner_s, of_two_who_want_a_name_one_gets_it, a_name_is_given_once, nobody_has_a_name_without_an_account }
