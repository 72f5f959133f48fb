//! Services, their keys, and the realms that they belong to.

use sentinel_storage::{NewService, Realm, Service, ServiceChange, StorageError, Store};
use uuid::Uuid;

use crate::clients::texts;
use crate::harness::{NOW, begin, cases};
use crate::users::people;

/// What a service outside all realms begins with.
pub(crate) fn service(service_name: &str) -> NewService<'_> {
    NewService {
        id: Uuid::new_v4(),
        service_name,
        name: service_name,
        realm_id: None,
        allowed_origins: &[],
        idp_audiences: &[],
        relay_redirect_uris: &[],
        created_by: None,
    }
}

async fn made_changed_deleted(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let realm = Uuid::new_v4();
    let origins = texts(&["https://notes.example"]);
    let (audiences, relays) = (texts(&["front", "app"]), texts(&["https://notes.example/back?x=1"]));
    let new = NewService {
        name: "Notes",
        realm_id: Some(realm),
        allowed_origins: &origins,
        idp_audiences: &audiences,
        relay_redirect_uris: &relays,
        created_by: Some(ada),
        ..service("notes")
    };
    let mut db = begin(&store).await;
    db.insert_realm(realm, "office", "The office", NOW).await.unwrap();
    db.insert_service(&new, NOW).await.unwrap();
    let mut expected = Service {
        id: new.id,
        service_name: "notes".into(),
        name: "Notes".into(),
        realm_id: Some(realm),
        realm_slug: Some("office".into()),
        realm_name: Some("The office".into()),
        scope: "office".into(),
        allowed_origins: origins.clone(),
        idp_audiences: audiences.clone(),
        relay_redirect_uris: relays.clone(),
        is_active: true,
        created_by: Some(ada),
        created_at: NOW,
        updated_at: NOW,
    };
    assert_eq!(db.service(new.id).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.service_by_name("notes").await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.services_of_realm(realm).await.unwrap(), [expected.clone()]);
    assert_eq!(db.services_of_realm(Uuid::new_v4()).await.unwrap(), []);
    assert!(db.update_service(new.id, &ServiceChange::default(), NOW).await.unwrap());
    assert_eq!(db.service(new.id).await.unwrap().as_ref(), Some(&expected));
    let change = ServiceChange {
        name: Some("Noted"),
        realm_id: Some(None),
        allowed_origins: Some(&[]),
        idp_audiences: Some(&[]),
        relay_redirect_uris: Some(&[]),
        is_active: Some(false),
    };
    assert!(db.update_service(new.id, &change, NOW + 1).await.unwrap());
    expected = Service {
        name: "Noted".into(),
        realm_id: None,
        realm_slug: None,
        realm_name: None,
        scope: "notes".into(),
        allowed_origins: vec![],
        idp_audiences: vec![],
        relay_redirect_uris: vec![],
        is_active: false,
        updated_at: NOW + 1,
        ..expected
    };
    assert_eq!(db.service(new.id).await.unwrap(), Some(expected));
    assert!(!db.update_service(Uuid::new_v4(), &change, NOW).await.unwrap());
    assert!(db.delete_service(new.id).await.unwrap());
    assert!(!db.delete_service(new.id).await.unwrap());
    assert_eq!(db.service(new.id).await.unwrap(), None);
    // Its name is free again.
    db.insert_service(&NewService { id: Uuid::new_v4(), ..new }, NOW).await.unwrap();
}

async fn realms_and_services_share_their_names(store: Store) {
    let mut db = begin(&store).await;
    db.insert_service(&service("notes"), NOW).await.unwrap();
    db.insert_realm(Uuid::new_v4(), "office", "The office", NOW).await.unwrap();
    db.commit().await.unwrap();
    for name in ["notes", "office"] {
        let refused = begin(&store).await.insert_service(&service(name), NOW).await.unwrap_err();
        assert!(matches!(refused, StorageError::Conflict), "{refused}");
        let refused = begin(&store).await.insert_realm(Uuid::new_v4(), name, "Another", NOW).await.unwrap_err();
        assert!(matches!(refused, StorageError::Conflict), "{refused}");
    }
    let lost = NewService { realm_id: Some(Uuid::new_v4()), ..service("lost") };
    let refused = begin(&store).await.insert_service(&lost, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
}

async fn realms(store: Store) {
    let mut db = begin(&store).await;
    let [first, second] = [Uuid::new_v4(), Uuid::new_v4()];
    let made = db.insert_realm(first, "office", "The office", NOW).await.unwrap();
    let expected = Realm { id: first, slug: "office".into(), name: "The office".into(), created_at: NOW };
    assert_eq!(made, expected);
    let other = db.insert_realm(second, "lab", "The lab", NOW).await.unwrap();
    assert_eq!(db.realm(first).await.unwrap().as_ref(), Some(&expected));
    assert_eq!(db.realm_by_slug("office").await.unwrap(), Some(expected));
    assert_eq!(db.realm_by_slug("Office").await.unwrap(), None);
    let renamed = db.rename_realm(first, "Bureau").await.unwrap().unwrap();
    assert_eq!(renamed.name, "Bureau");
    assert_eq!(db.rename_realm(Uuid::new_v4(), "Bureau").await.unwrap(), None);
    assert_eq!(db.realms("", 10).await.unwrap(), [other.clone(), renamed.clone()]);
    assert_eq!(db.realms("", 1).await.unwrap(), [other]);
    assert_eq!(db.realms("lab", 10).await.unwrap(), [renamed]);
    assert!(db.delete_realm(second).await.unwrap());
    assert!(!db.delete_realm(second).await.unwrap());
    db.insert_realm(second, "lab", "Again", NOW).await.unwrap();
    db.insert_service(&NewService { realm_id: Some(first), ..service("notes") }, NOW).await.unwrap();
    let refused = db.delete_realm(first).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
}

async fn found_by_origin_and_in_pages(store: Store) {
    let [one, both] = [texts(&["https://a.example"]), texts(&["https://b.example", "https://a.example"])];
    let mut db = begin(&store).await;
    db.insert_service(&NewService { allowed_origins: &one, ..service("one") }, NOW).await.unwrap();
    let closed = NewService { allowed_origins: &one, ..service("closed") };
    db.insert_service(&closed, NOW).await.unwrap();
    db.insert_service(&NewService { allowed_origins: &both, ..service("both") }, NOW).await.unwrap();
    db.update_service(closed.id, &ServiceChange { is_active: Some(false), ..Default::default() }, NOW).await.unwrap();
    let names = |found: Vec<Service>| found.into_iter().map(|one| one.service_name).collect::<Vec<_>>();
    assert_eq!(names(db.services_by_origin("https://a.example").await.unwrap()), ["both", "one"]);
    assert_eq!(names(db.services_by_origin("https://b.example").await.unwrap()), ["both"]);
    assert_eq!(names(db.services_by_origin("https://A.example").await.unwrap()), Vec::<String>::new());
    assert_eq!(names(db.services("", 2).await.unwrap()), ["both", "closed"]);
    assert_eq!(names(db.services("closed", 2).await.unwrap()), ["one"]);
}

async fn found_by_where_a_login_leads_back_to(store: Store) {
    let [one, both] =
        [texts(&["https://a.example/back"]), texts(&["https://b.example/back", "https://a.example/back"])];
    let mut db = begin(&store).await;
    let closed = NewService { relay_redirect_uris: &both, ..service("a-closed") };
    db.insert_service(&closed, NOW).await.unwrap();
    db.insert_service(&NewService { relay_redirect_uris: &one, ..service("one") }, NOW).await.unwrap();
    db.insert_service(&NewService { relay_redirect_uris: &both, ..service("both") }, NOW).await.unwrap();
    db.update_service(closed.id, &ServiceChange { is_active: Some(false), ..Default::default() }, NOW).await.unwrap();
    for (uri, expected) in [
        ("https://a.example/back", Some("both")),
        ("https://b.example/back", Some("both")),
        ("https://a.example/back?", None),
        ("https://a.example/", None),
        ("", None),
    ] {
        let found = db.service_by_relay_redirect_uri(uri).await.unwrap();
        assert_eq!(found.map(|found| found.service_name).as_deref(), expected, "{uri}");
    }
}

async fn found_by_scope(store: Store) {
    let mut db = begin(&store).await;
    let realm = db.insert_realm(Uuid::new_v4(), "office", "The office", NOW).await.unwrap().id;
    for name in ["b", "a", "closed"] {
        let new = NewService { realm_id: Some(realm), ..service(name) };
        db.insert_service(&new, NOW).await.unwrap();
        let change = ServiceChange { is_active: Some(name != "closed"), ..Default::default() };
        db.update_service(new.id, &change, NOW).await.unwrap();
    }
    db.insert_service(&service("alone"), NOW).await.unwrap();
    for (scope, expected) in [("office", &["a", "b"][..]), ("alone", &["alone"]), ("a", &[]), ("Office", &[])] {
        let found: Vec<_> = db.services_of_scope(scope).await.unwrap();
        assert_eq!(found.iter().map(|one| one.service_name.as_str()).collect::<Vec<_>>(), expected, "{scope}");
    }
}

async fn keys_rotate_with_overlap(store: Store) {
    let new = service("notes");
    let mut db = begin(&store).await;
    let realm = db.insert_realm(Uuid::new_v4(), "office", "The office", NOW).await.unwrap();
    db.insert_service(&new, NOW).await.unwrap();
    db.rotate_service_key(new.id, b"first", "sk_1", NOW, NOW).await.unwrap();
    db.commit().await.unwrap();
    let refused = begin(&store).await.rotate_service_key(Uuid::new_v4(), b"x", "sk_x", NOW, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
    let mut db = begin(&store).await;
    assert_eq!(db.service_by_key(b"first", NOW).await.unwrap().unwrap().scope, "notes");
    assert_eq!(db.service_by_key(b"firsT", NOW).await.unwrap(), None);
    db.rotate_service_key(new.id, b"second", "sk_2", NOW + 100, NOW + 1).await.unwrap();
    assert_eq!(db.service_by_key(b"first", NOW + 99).await.unwrap().unwrap().id, new.id);
    assert_eq!(db.service_by_key(b"first", NOW + 100).await.unwrap(), None);
    db.rotate_service_key(new.id, b"third", "sk_3", NOW + 500, NOW + 2).await.unwrap();
    assert_eq!(db.service_by_key(b"first", NOW + 100).await.unwrap(), None, "a rotation prolongs nothing");
    for key in [&b"second"[..], b"third"] {
        assert!(db.service_by_key(key, NOW + 499).await.unwrap().is_some());
    }
    let keys: Vec<_> =
        db.service_keys(new.id).await.unwrap().into_iter().map(|key| (key.prefix, key.expires_at)).collect();
    let expected = [("sk_3", None), ("sk_2", Some(NOW + 500)), ("sk_1", Some(NOW + 100))];
    assert_eq!(keys, expected.map(|(prefix, expires_at)| (prefix.to_owned(), expires_at)));
    db.update_service(new.id, &ServiceChange { realm_id: Some(Some(realm.id)), ..Default::default() }, NOW)
        .await
        .unwrap();
    let found = db.service_by_key(b"third", NOW).await.unwrap().unwrap();
    assert_eq!((found.scope.as_str(), found.realm_name.as_deref()), ("office", Some("The office")));
    db.update_service(new.id, &ServiceChange { is_active: Some(false), ..Default::default() }, NOW).await.unwrap();
    assert_eq!(db.service_by_key(b"third", NOW).await.unwrap(), None);
    db.update_service(new.id, &ServiceChange { is_active: Some(true), ..Default::default() }, NOW).await.unwrap();
    db.rotate_service_key(new.id, b"fourth", "sk_4", NOW + 3, NOW + 3).await.unwrap();
    for key in [&b"first"[..], b"second", b"third"] {
        assert_eq!(db.service_by_key(key, NOW + 3).await.unwrap(), None);
    }
    db.delete_service(new.id).await.unwrap();
    assert_eq!(db.service_by_key(b"fourth", NOW).await.unwrap(), None);
    assert_eq!(db.service_keys(new.id).await.unwrap(), []);
}

cases! {
    made_changed_deleted,
    realms_and_services_share_their_names,
    realms,
    found_by_origin_and_in_pages,
    found_by_where_a_login_leads_back_to,
    found_by_scope,
    keys_rotate_with_overlap,
}
