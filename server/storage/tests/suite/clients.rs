use sentinel_storage::{Client, ClientChange, NewClient, PageRequest, SessionDialect, Store};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::services::service;
use crate::users::people;

/// What a client begins with, with what it borrows.
pub(crate) struct Owned {
    pub(crate) id: Uuid,
    name: &'static str,
    redirect_uris: Vec<String>,
    allowed_origins: Vec<String>,
}

impl Owned {
    pub(crate) fn as_new(&self) -> NewClient<'_> {
        NewClient {
            id: self.id,
            name: self.name,
            redirect_uris: &self.redirect_uris,
            allowed_origins: &self.allowed_origins,
            workspaces: &[],
            created_by: None,
        }
    }
}

pub(crate) fn texts(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

pub(crate) fn client(name: &'static str, redirect_uris: &[&str], allowed_origins: &[&str]) -> Owned {
    let [redirect_uris, allowed_origins] = [redirect_uris, allowed_origins].map(texts);
    Owned { id: Uuid::new_v4(), name, redirect_uris, allowed_origins }
}

const CALLBACK: &str = "https://app.example/callback?x=\"1\"&y=%2F\\'";

async fn made_changed_deleted(store: Store) {
    let [ada] = people(&store, ["ada"]).await;
    let new = client("App", &[CALLBACK, "http://localhost:3000/"], &["https://app.example"]);
    let mut expected = Client {
        id: new.id,
        name: "App".into(),
        redirect_uris: new.redirect_uris.clone(),
        allowed_origins: new.allowed_origins.clone(),
        workspaces: vec![],
        dialect: SessionDialect::Sentinel,
        is_active: true,
        created_by: Some(ada),
        created_at: NOW,
        updated_at: NOW,
    };
    let mut db = begin(&store).await;
    db.insert_client(&NewClient { created_by: Some(ada), ..new.as_new() }, NOW).await.unwrap();
    assert_eq!(db.client(new.id).await.unwrap().as_ref(), Some(&expected));
    let unchanged = db.update_client(new.id, &ClientChange::default(), NOW).await.unwrap();
    assert_eq!(unchanged.as_ref(), Some(&expected));
    let [redirect_uris, allowed_origins] = [texts(&["https://b.example/"]), vec![]];
    let (lab, other) = (Uuid::new_v4(), Uuid::new_v4());
    let change = ClientChange {
        workspaces: Some(&[lab, other]),
        name: Some("Ábc"),
        redirect_uris: Some(&redirect_uris),
        allowed_origins: Some(&allowed_origins),
        dialect: Some(SessionDialect::Converged),
        is_active: Some(false),
    };
    expected = Client {
        dialect: SessionDialect::Converged,
        name: "Ábc".into(),
        redirect_uris: redirect_uris.clone(),
        allowed_origins: vec![],
        workspaces: vec![lab, other],
        is_active: false,
        updated_at: NOW + 1,
        ..expected
    };
    assert_eq!(db.update_client(new.id, &change, NOW + 1).await.unwrap().as_ref(), Some(&expected));
    assert!(expected.allows(lab) && !expected.allows(Uuid::new_v4()));
    assert_eq!(db.client(new.id).await.unwrap(), Some(expected));
    assert_eq!(db.update_client(Uuid::new_v4(), &change, NOW).await.unwrap(), None);
    assert!(db.delete_client(new.id).await.unwrap());
    assert!(!db.delete_client(new.id).await.unwrap());
    assert_eq!(db.client(new.id).await.unwrap(), None);
}

async fn found_by_exactly_its_redirect_uri(store: Store) {
    let old = client("Old", &[CALLBACK], &[]);
    let young = client("Young", &["https://young.example/", CALLBACK], &[]);
    let mut db = begin(&store).await;
    db.insert_client(&young.as_new(), NOW + 1).await.unwrap();
    db.insert_client(&old.as_new(), NOW).await.unwrap();
    let inactive = ClientChange { is_active: Some(false), ..Default::default() };
    let found = db.client_by_redirect_uri(CALLBACK).await.unwrap().unwrap();
    assert_eq!(found.id, old.id);
    assert_eq!(db.client_by_redirect_uri("https://young.example/").await.unwrap().unwrap().id, young.id);
    for near in ["https://young.example", "https://YOUNG.example/", "https://young.example/%", "", "[]", "App"] {
        assert_eq!(db.client_by_redirect_uri(near).await.unwrap(), None, "{near}");
    }
    db.update_client(old.id, &inactive, NOW).await.unwrap().unwrap();
    assert_eq!(db.client_by_redirect_uri(CALLBACK).await.unwrap().unwrap().id, young.id);
    db.update_client(young.id, &inactive, NOW).await.unwrap().unwrap();
    assert_eq!(db.client_by_redirect_uri(CALLBACK).await.unwrap(), None);
}

async fn origins_of_all_that_is_active(store: Store) {
    let shown = client("Shown", &[], &["https://b.example", "https://a.example"]);
    let hidden = client("Hidden", &[], &["https://hidden.example"]);
    let origins = texts(&["https://c.example", "https://a.example"]);
    let mut db = begin(&store).await;
    assert_eq!(db.allowed_origins().await.unwrap(), Vec::<String>::new());
    for new in [&shown, &hidden] {
        db.insert_client(&new.as_new(), NOW).await.unwrap();
    }
    db.update_client(hidden.id, &ClientChange { is_active: Some(false), ..Default::default() }, NOW).await.unwrap();
    let mut new = service("notes");
    new.allowed_origins = &origins;
    db.insert_service(&new, NOW).await.unwrap();
    assert_eq!(db.allowed_origins().await.unwrap(), ["https://a.example", "https://b.example", "https://c.example"]);
}

async fn listed_in_pages(store: Store) {
    let mut db = begin(&store).await;
    for name in ["beta", "Alpha", "gamma", "Beta"] {
        db.insert_client(&client(name, &[], &[]).as_new(), NOW).await.unwrap();
    }
    db.commit().await.unwrap();
    let mut page = PageRequest::first(3);
    let mut db = read(&store).await;
    let first = db.clients(&page).await.unwrap();
    page.after = first.next;
    let second = db.clients(&page).await.unwrap();
    assert_eq!((first.rows.len(), second.rows.len(), second.next), (3, 1, None));
    let names: Vec<_> = first.rows.iter().chain(&second.rows).map(|one| one.name.to_lowercase()).collect();
    assert_eq!(names, ["alpha", "beta", "beta", "gamma"]);
}

cases! { made_changed_deleted, found_by_exactly_its_redirect_uri, origins_of_all_that_is_active, listed_in_pages }
