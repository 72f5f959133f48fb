use sentinel_storage::{Identity, NewIdentity, StorageError, Store};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;

const GOOGLE: &str = "https://accounts.google.com";

fn google(subject: &str, user_id: Uuid) -> NewIdentity<'_> {
    NewIdentity {
        issuer: GOOGLE,
        subject,
        user_id,
        provider: "google",
        email: Some("ada@example.com"),
        email_verified: true,
    }
}

async fn issuer_and_subject_say_who_it_is(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let mut db = begin(&store).await;
    db.insert_identity(&google("1", ada), NOW).await.unwrap();
    db.insert_identity(&NewIdentity { issuer: "https://login.example", ..google("1", bob) }, NOW).await.unwrap();
    db.insert_identity(&NewIdentity { email: None, ..google("2", ada) }, NOW + 1).await.unwrap();
    db.commit().await.unwrap();
    let mut db = read(&store).await;
    assert_eq!(db.user_by_identity(GOOGLE, "1").await.unwrap().unwrap().id, ada);
    assert_eq!(db.user_by_identity("https://login.example", "1").await.unwrap().unwrap().id, bob);
    assert_eq!(db.user_by_identity(GOOGLE, "3").await.unwrap(), None);
    let found = db.identities_of_user(ada).await.unwrap();
    assert_eq!(found.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    let expected = Identity {
        issuer: GOOGLE.into(),
        subject: "1".into(),
        user_id: ada,
        provider: "google".into(),
        email: Some("ada@example.com".into()),
        email_verified: true,
        created_at: NOW,
        last_login_at: NOW,
    };
    assert_eq!(found[0], expected);
    assert_eq!(db.identities_of_user(Uuid::new_v4()).await.unwrap(), []);
}

async fn a_person_has_one_account(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    // Two logins of one new person at once: one of them makes the account, the other one learns of it.
    let both = [ada, bob].map(|user| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut db = begin(&store).await;
            let done = db.insert_identity(&google("1", user), NOW).await;
            if done.is_ok() {
                db.commit().await.unwrap();
            }
            done
        })
    });
    let mut made = 0;
    for one in both {
        match one.await.unwrap() {
            Ok(()) => made += 1,
            Err(refused) => assert!(matches!(refused, StorageError::Conflict), "{refused}"),
        }
    }
    assert_eq!(made, 1);
    let refused = begin(&store).await.insert_identity(&google("9", Uuid::new_v4()), NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
}

async fn logins_and_unlinking(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let mut db = begin(&store).await;
    db.insert_identity(&google("1", ada), NOW).await.unwrap();
    assert!(db.record_identity_login(GOOGLE, "1", Some("new@example.com"), false, NOW + 9).await.unwrap());
    assert!(!db.record_identity_login(GOOGLE, "2", None, false, NOW + 9).await.unwrap());
    let [found] = &db.identities_of_user(ada).await.unwrap()[..] else { panic!("one identity") };
    assert_eq!((found.email.as_deref(), found.email_verified), (Some("new@example.com"), false));
    assert_eq!((found.created_at, found.last_login_at), (NOW, NOW + 9));
    assert!(db.delete_identity(GOOGLE, "1").await.unwrap());
    assert!(!db.delete_identity(GOOGLE, "1").await.unwrap());
    assert_eq!(db.user_by_identity(GOOGLE, "1").await.unwrap(), None);
}

cases! { issuer_and_subject_say_who_it_is, a_person_has_one_account, logins_and_unlinking }
