//! Stores of policy, their models, and which keys open them.

use sentinel_storage::{
    BundleGrant, NewPolicyStore, PolicyKey, PolicyStore, PolicyStoreFilter, StorageError, Store, StoreAccess,
    StoredModel,
};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::services::service;
use crate::tuples::{ANY, tuple};
use crate::workspaces::workspace;

/// Makes a store of policy; its ULID is the word, filled up.
pub(crate) async fn policy_store(store: &Store, word: &str) -> PolicyStore {
    let id = format!("{word:0>26}");
    let mut db = begin(store).await;
    let made = db.insert_policy_store(&NewPolicyStore { id: &id, name: word }, NOW).await.unwrap();
    db.commit().await.unwrap();
    made
}

fn names(found: Vec<PolicyStore>) -> Vec<String> {
    found.into_iter().map(|one| one.name).collect()
}

async fn made_found_listed(store: Store) {
    let a = policy_store(&store, "0").await;
    let lab = workspace(&store, "lab", []).await;
    let b = read(&store).await.policy_store_of_workspace(lab).await.unwrap().unwrap();
    let c = policy_store(&store, "ZZZZZZZZZZZZZZZZZZZZZZZZZZ").await;
    assert_eq!((a.revision, a.tuple_count, a.created_at, a.updated_at), (0, 0, NOW, NOW));
    let mut db = read(&store).await;
    assert_eq!(db.policy_store(&b.id).await.unwrap().as_ref(), Some(&b));
    assert_eq!(db.policy_store("nobody").await.unwrap(), None);
    assert_eq!(db.policy_store_by_number(c.number).await.unwrap().as_ref(), Some(&c));
    assert_eq!(db.policy_store_of_workspace(lab).await.unwrap().as_ref(), Some(&b));
    assert_eq!(db.policy_store_of_workspace(Uuid::new_v4()).await.unwrap(), None);
    assert_eq!(db.count_policy_stores().await.unwrap(), 3);
    assert_eq!(db.count_stores_of_their_own(9).await.unwrap(), 2);
    assert_eq!(db.count_stores_of_their_own(1).await.unwrap(), 1);
    let all = PolicyStoreFilter::default();
    assert_eq!(names(db.policy_stores(&all, None, 2).await.unwrap()), ["ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "lab"]);
    assert_eq!(names(db.policy_stores(&all, Some(&b.id), 2).await.unwrap()), ["0"]);
    let named = PolicyStoreFilter { name: Some("0"), ..all };
    assert_eq!(names(db.policy_stores(&named, None, 9).await.unwrap()), ["0"]);
    let numbered = PolicyStoreFilter { number: Some(c.number), ..all };
    assert_eq!(names(db.policy_stores(&numbered, None, 9).await.unwrap()), ["ZZZZZZZZZZZZZZZZZZZZZZZZZZ"]);
    let of_lab = PolicyStoreFilter { workspace_id: Some(lab), ..all };
    assert_eq!(names(db.policy_stores(&of_lab, None, 9).await.unwrap()), ["lab"]);
}

async fn a_workspace_has_one_and_takes_it_along(store: Store) {
    let lab = workspace(&store, "lab", []).await;
    let mut db = begin(&store).await;
    let own = db.policy_store_of_workspace(lab).await.unwrap().unwrap();
    assert_eq!((own.name.as_str(), own.id.len(), own.revision, own.created_at), ("lab", 26, 0, NOW));
    let model = db.authorization_model(own.number, &own.id).await.unwrap().unwrap();
    assert_eq!(model.model, r#"{"schema_version":"1.1","type_definitions":[]}"#);
    assert!(!db.delete_policy_store(&own.id, NOW).await.unwrap(), "not without the workspace");
    db.insert_authorization_model(own.number, "m", "{}", NOW).await.unwrap();
    db.set_assertions(own.number, "m", "[]", NOW).await.unwrap();
    db.write_tuples(own.number, &[tuple("doc:1#viewer@user:anne")], &[], ANY, NOW).await.unwrap();
    assert!(db.delete_workspace(lab).await.unwrap());
    assert_eq!(db.policy_store(&own.id).await.unwrap(), None);
    assert_eq!(db.tuples(own.number, &Default::default(), None, 9, NOW).await.unwrap(), []);
    assert_eq!(db.tuple_changes(own.number, &Default::default(), (0, 0), 9).await.unwrap(), []);
    assert_eq!(db.authorization_model(own.number, "m").await.unwrap(), None);
    assert_eq!(db.assertions(own.number, "m").await.unwrap(), None);
}

async fn deleted_and_emptied_a_part_at_a_time(store: Store) {
    let own = policy_store(&store, "own").await;
    let other = policy_store(&store, "other").await;
    let mut db = begin(&store).await;
    let three = ["doc:1#viewer@user:anne", "doc:2#viewer@user:anne", "doc:3#viewer@user:anne"].map(tuple);
    for number in [own.number, other.number] {
        db.write_tuples(number, &three, &[], ANY, NOW).await.unwrap();
    }
    assert!(db.delete_policy_store(&own.id, NOW).await.unwrap());
    assert!(!db.delete_policy_store(&own.id, NOW).await.unwrap());
    assert_eq!(db.policy_store(&own.id).await.unwrap(), None);
    assert_eq!(db.policy_store_by_number(own.number).await.unwrap(), None);
    assert_eq!(db.lock_policy_store(own.number).await.unwrap(), None);
    assert_eq!(db.lock_policy_store(other.number).await.unwrap().map(|found| found.id), Some(other.id.clone()));
    assert_eq!(db.count_policy_stores().await.unwrap(), 1);
    assert_eq!(db.count_stores_of_their_own(9).await.unwrap(), 2, "it takes its place until it is emptied");
    let refused = db.write_tuples(own.number, &[tuple("doc:4#viewer@user:anne")], &[], ANY, NOW).await.unwrap();
    assert_eq!(refused, sentinel_storage::Written::NoStore);
    db.commit().await.unwrap();

    let mut db = begin(&store).await;
    assert_eq!(db.prune_policy_stores(2).await.unwrap(), 4);
    assert_eq!(db.prune_policy_stores(2).await.unwrap(), 3, "a tuple, a change and the store");
    assert_eq!(db.prune_policy_stores(2).await.unwrap(), 0);
    assert_eq!(db.count_stores_of_their_own(9).await.unwrap(), 1);
    assert_eq!(db.tuples(other.number, &Default::default(), None, 9, NOW).await.unwrap().len(), 3);
    assert_eq!(db.tuple_changes(other.number, &Default::default(), (0, 0), 9).await.unwrap().len(), 3);
    db.commit().await.unwrap();
    let next = policy_store(&store, "next").await;
    assert!(next.number > other.number, "a number never comes again");
}

async fn models(store: Store) {
    let own = policy_store(&store, "own").await.number;
    let other = policy_store(&store, "other").await.number;
    let mut db = begin(&store).await;
    assert_eq!(db.latest_authorization_model(own).await.unwrap(), None);
    for (id, model) in [("m1", "{\"a\":1}"), ("m3", "{}"), ("m2", "{}")] {
        db.insert_authorization_model(own, id, model, NOW).await.unwrap();
    }
    let first = StoredModel { id: "m1".into(), model: "{\"a\":1}".into(), created_at: NOW };
    assert_eq!(db.authorization_model(own, "m1").await.unwrap(), Some(first));
    assert_eq!(db.authorization_model(other, "m1").await.unwrap(), None);
    assert_eq!(db.latest_authorization_model(own).await.unwrap().as_deref(), Some("m3"));
    assert_eq!(db.latest_authorization_model(other).await.unwrap(), None);
    assert_eq!(db.policy_state(own).await.unwrap(), Some((0, Some("m3".into()))));
    assert_eq!(db.policy_state(other).await.unwrap(), Some((0, None)));
    assert_eq!(db.policy_state(-1).await.unwrap(), None);
    assert_eq!(db.count_authorization_models(own).await.unwrap(), 3);
    assert_eq!(db.authorization_model_bytes(own).await.unwrap(), 11);
    assert_eq!(db.authorization_model_bytes(other).await.unwrap(), 0);
    assert_eq!(db.authorization_model_bytes(-1).await.unwrap(), 0);
    let ids = |found: Vec<StoredModel>| found.into_iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(ids(db.authorization_models(own, None, 2).await.unwrap()), ["m3", "m2"]);
    assert_eq!(ids(db.authorization_models(own, Some("m2"), 2).await.unwrap()), ["m1"]);

    assert_eq!(db.assertions(own, "m1").await.unwrap(), None);
    db.set_assertions(own, "m1", "[1]", NOW).await.unwrap();
    db.set_assertions(own, "m1", "[2]", NOW).await.unwrap();
    assert_eq!(db.assertions(own, "m1").await.unwrap().as_deref(), Some("[2]"));
    assert_eq!(db.assertions(own, "m2").await.unwrap(), None);
    db.commit().await.unwrap();
    let refused = begin(&store).await.set_assertions(other, "m1", "[]", NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
    let refused = begin(&store).await.insert_authorization_model(own, "m1", "{}", NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Conflict), "{refused}");
    let refused = begin(&store).await.insert_authorization_model(-1, "m", "{}", NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Reference), "{refused}");
}

async fn what_keys_open(store: Store) {
    let lab = workspace(&store, "lab", []).await;
    let own = policy_store(&store, "own").await;
    let new = service("notes");
    let mut db = begin(&store).await;
    db.insert_service(&new, NOW).await.unwrap();
    db.rotate_service_key(new.id, b"key", "sk_1", NOW, NOW).await.unwrap();
    let caller = |access| {
        let service_name = "notes".to_owned();
        Some(PolicyKey { service_id: new.id, service_name, access, expires_at: None })
    };
    assert_eq!(db.policy_caller_by_key(b"key", NOW).await.unwrap(), caller(None));
    assert_eq!(db.policy_caller_by_key(b"other", NOW).await.unwrap(), None);
    assert_eq!(db.store_access(new.id).await.unwrap(), None);
    for access in [StoreAccess::All, StoreAccess::Workspace(lab), StoreAccess::Store(own.number), StoreAccess::All] {
        db.set_store_access(new.id, Some(access)).await.unwrap();
        assert_eq!(db.store_access(new.id).await.unwrap(), Some(access));
        assert_eq!(db.policy_caller_by_key(b"key", NOW).await.unwrap(), caller(Some(access)));
    }
    db.rotate_service_key(new.id, b"next", "sk_2", NOW + 5, NOW).await.unwrap();
    let ends = db.policy_caller_by_key(b"key", NOW).await.unwrap().and_then(|key| key.expires_at);
    assert_eq!(ends, Some(NOW + 5));
    assert_eq!(db.policy_caller_by_key(b"key", NOW + 5).await.unwrap(), None);
    let closed = sentinel_storage::ServiceChange { is_active: Some(false), ..Default::default() };
    db.update_service(new.id, &closed, NOW).await.unwrap();
    assert_eq!(db.policy_caller_by_key(b"next", NOW).await.unwrap(), None);
    db.set_store_access(new.id, None).await.unwrap();
    assert_eq!(db.store_access(new.id).await.unwrap(), None);
    // What a key was bound to is gone: it opens nothing, and not everything.
    db.set_store_access(new.id, Some(StoreAccess::Store(own.number))).await.unwrap();
    db.delete_policy_store(&own.id, NOW).await.unwrap();
    assert_eq!(db.store_access(new.id).await.unwrap(), Some(StoreAccess::Store(own.number)));
    assert_eq!(db.prune_policy_stores(10).await.unwrap(), 1);
    assert_eq!(db.store_access(new.id).await.unwrap(), None);
    db.set_store_access(new.id, Some(StoreAccess::Workspace(lab))).await.unwrap();
    db.delete_workspace(lab).await.unwrap();
    assert_eq!(db.store_access(new.id).await.unwrap(), None);
    db.set_store_access(new.id, Some(StoreAccess::All)).await.unwrap();
    db.delete_service(new.id).await.unwrap();
    assert_eq!(db.store_access(new.id).await.unwrap(), None);
    db.commit().await.unwrap();
    for (service, access) in [
        (Uuid::new_v4(), StoreAccess::All),
        (new.id, StoreAccess::Store(own.number)),
        (new.id, StoreAccess::Workspace(lab)),
    ] {
        let refused = begin(&store).await.set_store_access(service, Some(access)).await.unwrap_err();
        assert!(matches!(refused, StorageError::Reference), "{refused}");
    }
}

async fn which_bundles_keys_open(store: Store) {
    let (lab, den) = (workspace(&store, "lab", []).await, workspace(&store, "den", []).await);
    let [gateway, notes] = [service("gateway"), service("notes")];
    let mut db = begin(&store).await;
    for new in [&gateway, &notes] {
        db.insert_service(new, NOW).await.unwrap();
    }
    let grant =
        |of: &sentinel_storage::NewService<'_>, workspace_id| BundleGrant { of_service_id: of.id, workspace_id };
    let mut said = vec![grant(&notes, None), grant(&notes, Some(lab)), grant(&gateway, Some(den)), grant(&notes, None)];
    db.set_bundle_access(gateway.id, &said).await.unwrap();
    said.pop();
    let sorted = |mut list: Vec<BundleGrant>| {
        list.sort_unstable();
        list
    };
    let said = sorted(said);
    assert_eq!(sorted(db.bundle_access(gateway.id).await.unwrap()), said);
    assert_eq!(db.bundle_access(notes.id).await.unwrap(), []);
    // What a grant names takes it along.
    db.delete_workspace(lab).await.unwrap();
    let left = sorted(vec![grant(&notes, None), grant(&gateway, Some(den))]);
    assert_eq!(sorted(db.bundle_access(gateway.id).await.unwrap()), left);
    db.delete_service(notes.id).await.unwrap();
    assert_eq!(db.bundle_access(gateway.id).await.unwrap(), [grant(&gateway, Some(den))]);
    db.set_bundle_access(gateway.id, &[]).await.unwrap();
    assert_eq!(db.bundle_access(gateway.id).await.unwrap(), []);
    db.commit().await.unwrap();
    for (of, grant) in [
        (Uuid::new_v4(), grant(&gateway, None)),
        (gateway.id, grant(&notes, None)),
        (gateway.id, grant(&gateway, Some(lab))),
    ] {
        let refused = begin(&store).await.set_bundle_access(of, &[grant]).await.unwrap_err();
        assert!(matches!(refused, StorageError::Reference), "{refused}");
    }
}

cases! {
    made_found_listed,
    a_workspace_has_one_and_takes_it_along,
    deleted_and_emptied_a_part_at_a_time,
    models,
    what_keys_open,
    which_bundles_keys_open,
}
