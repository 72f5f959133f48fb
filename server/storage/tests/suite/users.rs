use sentinel_storage::{NewUser, PageRequest, ProfileChange, StorageError, Store, User, UserFilter};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};

/// A new person, their verified address at example.com.
pub(crate) fn person(name: &'static str) -> NewUser<'static> {
    let email = String::leak(format!("{name}@example.com"));
    NewUser { id: Uuid::new_v4(), email, email_verified: true, name, avatar_url: None, is_admin: false }
}

/// Makes accounts with these names.
pub(crate) async fn people<const N: usize>(store: &Store, names: [&'static str; N]) -> [Uuid; N] {
    let mut transaction = begin(store).await;
    let new = names.map(person);
    for user in &new {
        transaction.insert_user(user, NOW).await.unwrap();
    }
    transaction.commit().await.unwrap();
    new.map(|user| user.id)
}

async fn found_by_id_and_proven_address(store: Store) {
    let new = NewUser {
        id: Uuid::new_v4(),
        email: "Ada@Example.com",
        email_verified: true,
        name: "Ada Lovelace",
        avatar_url: Some("https://example.com/ada.png"),
        is_admin: true,
    };
    let mut transaction = begin(&store).await;
    let made = transaction.insert_user(&new, NOW).await.unwrap();
    transaction.commit().await.unwrap();
    let expected = User {
        id: new.id,
        email: "Ada@Example.com".into(),
        email_verified: true,
        name: "Ada Lovelace".into(),
        avatar_url: Some("https://example.com/ada.png".into()),
        is_active: true,
        is_admin: true,
        admin_generation: 0,
        sessions_invalidated_at: None,
        created_at: NOW,
        updated_at: NOW,
        last_login_at: None,
    };
    assert_eq!(made, expected);
    let mut db = read(&store).await;
    assert_eq!(db.user(new.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(db.user(Uuid::new_v4()).await.unwrap(), None);
    assert_eq!(db.user_by_verified_email("aDA@example.COM").await.unwrap(), Some(expected));
    assert_eq!(db.user_by_verified_email("eve@example.com").await.unwrap(), None);
}

async fn one_account_proves_an_address(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let again = NewUser { email: "ADA@example.com", ..person("second") };
    let refused = begin(&store).await.insert_user(&again, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
    // Unproven, it is for display alone.
    let mut transaction = begin(&store).await;
    transaction.insert_user(&NewUser { email_verified: false, ..again.clone() }, NOW).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(read(&store).await.user_by_verified_email("ada@example.com").await.unwrap().unwrap().id, ada);
    let refused = begin(&store).await.set_user_email(again.id, "ada@example.com", true, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
    let mut transaction = begin(&store).await;
    let moved = transaction.set_user_email(again.id, "Two@example.com", true, NOW + 1).await.unwrap().unwrap();
    assert_eq!((moved.email.as_str(), moved.email_verified, moved.updated_at), ("Two@example.com", true, NOW + 1));
    assert_eq!(transaction.user_by_verified_email("two@example.com").await.unwrap(), Some(moved));
    assert_eq!(transaction.set_user_email(Uuid::new_v4(), "x@example.com", true, NOW).await.unwrap(), None);
}

async fn an_address_that_looks_alike_is_another_one(store: Store) {
    let ink = NewUser { email: "ink@example.com", ..person("ink") };
    // The Kelvin sign, whose lower case is k.
    let kelvin = NewUser { email: "in\u{212a}@example.com", ..person("kelvin") };
    let mut db = begin(&store).await;
    db.insert_user(&ink, NOW).await.unwrap();
    db.insert_user(&kelvin, NOW).await.unwrap();
    for user in [ink, kelvin] {
        assert_eq!(db.user_by_verified_email(user.email).await.unwrap().unwrap().id, user.id);
    }
}

async fn listed_and_searched_in_pages(store: Store) {
    let mut transaction = begin(&store).await;
    let names = ["Zoë", "100%", "a_b", "axb", "ÅSA", "Bob", "hey!"];
    for (at, name) in names.into_iter().enumerate() {
        let email = String::leak(format!("User{at}@example.com"));
        let user = NewUser { name, email, is_admin: at == 5, ..person("x") };
        transaction.insert_user(&user, NOW).await.unwrap();
        if at == 5 {
            transaction.set_user_active(user.id, false, NOW).await.unwrap().unwrap();
        }
    }
    transaction.commit().await.unwrap();
    let mut db = read(&store).await;
    let mut page = PageRequest::first(3);
    let mut seen = Vec::new();
    loop {
        let found = db.users(&UserFilter::default(), &page).await.unwrap();
        assert!(found.rows.len() <= 3);
        seen.extend(found.rows.into_iter().map(|user| user.name));
        let Some(next) = found.next else { break };
        page.after = Some(next.to_string().parse().unwrap());
    }
    assert_eq!(seen, names);
    let wanted: [(&str, &[&str]); 9] = [
        ("zoË", &["Zoë"]),
        ("åsa", &["ÅSA"]),
        ("%", &["100%"]),
        ("a_b", &["a_b"]),
        ("!", &["hey!"]),
        ("USER3@", &["axb"]),
        ("", &names),
        ("nobody", &[]),
        ("'; DROP TABLE users; --", &[]),
    ];
    for (search, expected) in wanted {
        let filter = UserFilter { search: Some(search), ..Default::default() };
        let found = db.users(&filter, &PageRequest::first(100)).await.unwrap();
        assert_eq!(found.rows.iter().map(|user| user.name.as_str()).collect::<Vec<_>>(), expected, "{search}");
        assert_eq!(found.next, None);
        assert_eq!(db.count_users(&filter).await.unwrap(), i64::try_from(expected.len()).unwrap());
    }
    let long = "%".repeat(60_000);
    let filter = UserFilter { search: Some(&long), ..Default::default() };
    assert_eq!(db.count_users(&filter).await.unwrap(), 0);
    for (is_active, is_admin, count) in [
        (Some(true), None, 6),
        (Some(false), None, 1),
        (None, Some(true), 1),
        (None, Some(false), 6),
        (Some(true), Some(true), 0),
    ] {
        let filter = UserFilter { search: None, is_active, is_admin };
        assert_eq!(db.count_users(&filter).await.unwrap(), count);
        assert_eq!(
            db.users(&filter, &PageRequest::first(9)).await.unwrap().rows.len(),
            usize::try_from(count).unwrap()
        );
    }
}

async fn changes_of_an_account(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let unknown = Uuid::new_v4();
    let mut db = begin(&store).await;
    let picture = ProfileChange { name: None, avatar_url: Some(Some("https://example.com/a")) };
    let user = db.update_user_profile(ada, &picture, NOW + 1).await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.avatar_url.as_deref()), ("ada", Some("https://example.com/a")));
    let name = ProfileChange { name: Some("Augusta"), avatar_url: None };
    let user = db.update_user_profile(ada, &name, NOW + 2).await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.avatar_url.as_deref()), ("Augusta", Some("https://example.com/a")));
    assert_eq!((user.created_at, user.updated_at), (NOW, NOW + 2));
    let filter = UserFilter { search: Some("AUGUSTA"), ..Default::default() };
    assert_eq!(db.count_users(&filter).await.unwrap(), 1);
    let none = ProfileChange { name: None, avatar_url: Some(None) };
    assert_eq!(db.update_user_profile(ada, &none, NOW).await.unwrap().unwrap().avatar_url, None);
    assert_eq!(db.update_user_profile(unknown, &none, NOW).await.unwrap(), None);

    assert!(!db.set_user_active(ada, false, NOW).await.unwrap().unwrap().is_active);
    assert!(db.set_user_active(ada, true, NOW).await.unwrap().unwrap().is_active);
    assert_eq!(db.set_user_active(unknown, true, NOW).await.unwrap(), None);
    assert!(db.set_user_admin(ada, true, NOW).await.unwrap().unwrap().is_admin);
    assert_eq!(db.set_user_admin(unknown, true, NOW).await.unwrap(), None);

    for (at, expected) in [(NOW + 5, NOW + 5), (NOW + 3, NOW + 5), (NOW + 9, NOW + 9)] {
        let user = db.invalidate_user_sessions(ada, at).await.unwrap().unwrap();
        assert_eq!(user.sessions_invalidated_at, Some(expected));
    }
    assert_eq!(db.invalidate_user_sessions(unknown, NOW).await.unwrap(), None);
    assert_eq!(db.record_user_login(ada, NOW + 7).await.unwrap().unwrap().last_login_at, Some(NOW + 7));
    assert_eq!(db.record_user_login(unknown, NOW).await.unwrap(), None);
    db.commit().await.unwrap();
    assert_eq!(read(&store).await.user(ada).await.unwrap().unwrap().last_login_at, Some(NOW + 7));
}

/// Takes an admin's rights where another admin remains.
async fn demote(store: Store, admin: Uuid) -> bool {
    let mut transaction = begin(&store).await;
    let admins = transaction.lock_admins().await.unwrap();
    let may = admins.iter().any(|one| *one != admin);
    if may {
        transaction.set_user_admin(admin, false, NOW).await.unwrap();
    }
    transaction.commit().await.unwrap();
    may
}

async fn of_two_admins_who_leave_at_once_one_stays(store: Store) {
    for _ in 0..10 {
        let [ada, bob] = [person("ada"), person("bob")].map(|user| NewUser { email_verified: false, ..user });
        let mut transaction = begin(&store).await;
        for user in [&ada, &bob] {
            transaction.insert_user(user, NOW).await.unwrap();
            transaction.set_user_admin(user.id, true, NOW).await.unwrap();
        }
        transaction.commit().await.unwrap();
        let both = [ada.id, bob.id].map(|id| tokio::spawn(demote(store.clone(), id)));
        let mut left = 0;
        for one in both {
            left += usize::from(one.await.unwrap());
        }
        assert_eq!(left, 1);
        let mut transaction = begin(&store).await;
        let [last] = transaction.lock_admins().await.unwrap()[..] else { panic!("one admin stays") };
        transaction.set_user_admin(last, false, NOW).await.unwrap();
        transaction.commit().await.unwrap();
    }
}

/// Makes the account an admin where nobody is one.
async fn become_the_first(store: Store, id: Uuid) -> bool {
    let mut transaction = begin(&store).await;
    let is_first = transaction.lock_admins().await.unwrap().is_empty();
    // Long enough for another one to look as well.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    if is_first {
        transaction.set_user_admin(id, true, NOW).await.unwrap();
    }
    transaction.commit().await.unwrap();
    is_first
}

async fn of_two_who_become_the_first_admin_at_once_one_does(store: Store) {
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let both = [ada, bob].map(|id| tokio::spawn(become_the_first(store.clone(), id)));
    let mut first = 0;
    for one in both {
        first += usize::from(one.await.unwrap());
    }
    assert_eq!(first, 1);
}

async fn every_change_of_an_admin_is_counted(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let mut transaction = begin(&store).await;
    for (is_admin, expected) in [(false, 0), (true, 1), (true, 1), (false, 2), (true, 3)] {
        let user = transaction.set_user_admin(ada, is_admin, NOW).await.unwrap().unwrap();
        assert_eq!((user.is_admin, user.admin_generation), (is_admin, expected));
    }
}

cases! {
    found_by_id_and_proven_address,
    one_account_proves_an_address,
    an_address_that_looks_alike_is_another_one,
    listed_and_searched_in_pages,
    changes_of_an_account,
    of_two_admins_who_leave_at_once_one_stays,
    of_two_who_become_the_first_admin_at_once_one_does,
    every_change_of_an_admin_is_counted,
}
