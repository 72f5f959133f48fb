//! Keys of policy stores, and what they open at the moment when something is written.

use sentinel_keys::secrets;
use sentinel_storage::{ChangeFilter, NewPolicyStore, PolicyStore, ServiceChange, StoreAccess, StoreOptions};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, OTHER_KEY, SCOPE, cases};
use crate::late::Late;

cases! {
    a_key_that_was_taken_back,
    a_key_that_was_given_to_another_service,
    a_key_that_opens_another_store,
    a_key_that_opens_nothing,
    a_service_that_was_shut_out,
    a_store_that_is_gone,
    a_workspace_that_is_gone,
}

const STORE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const OTHER: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

/// Two stores, the first with a model; the key of [`SCOPE`] opens both.
struct Shop {
    server: Deployment,
    service: Uuid,
    stores: [PolicyStore; 2],
    model: String,
}

impl Shop {
    async fn open(place: StoreOptions) -> Self {
        let server = Deployment::start(place, |_, _| {}).await;
        let mut db = server.begin().await;
        let service = db.service_by_name(SCOPE).await.unwrap().unwrap().id;
        let mut stores = Vec::new();
        for id in [STORE, OTHER] {
            let new = NewPolicyStore { id, name: "Shop" };
            stores.push(db.insert_policy_store(&new, server.now()).await.unwrap());
        }
        db.set_store_access(service, Some(StoreAccess::All)).await.unwrap();
        db.commit().await.unwrap();
        let stores = stores.try_into().unwrap();
        let mut shop = Self { server, service, stores, model: String::new() };
        let answer = shop.post("authorization-models", &model()).await;
        shop.model = answer["authorization_model_id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        shop
    }

    async fn post(&self, path: &str, value: &Value) -> Value {
        let url = format!("{}/stores/{STORE}/{path}", self.server.base);
        let request = self.server.http.post(url).bearer_auth(KEY).header("content-type", "application/json");
        serde_json::from_str(&request.body(value.to_string()).send().await.unwrap().text().await.unwrap()).unwrap()
    }

    async fn bind(&self, access: Option<StoreAccess>) {
        let mut db = self.server.begin().await;
        db.set_store_access(self.service, access).await.unwrap();
        db.commit().await.unwrap();
    }

    /// Everything that writes to the store, begun by who may.
    async fn writes(&self) -> Vec<Late> {
        let bearer = format!("Bearer {KEY}");
        let headers = [("authorization", bearer.as_str())];
        let tuple = json!({ "user": "user:eve", "relation": "viewer", "object": "document:1" });
        let store = format!("/stores/{STORE}");
        let mut all = Vec::new();
        for (method, path, body) in [
            ("POST", format!("{store}/write"), json!({ "writes": { "tuple_keys": [tuple] } })),
            ("POST", format!("{store}/authorization-models"), model()),
            (
                "PUT",
                format!("{store}/assertions/{}", self.model),
                json!({ "assertions": [{ "tuple_key": tuple, "expectation": true }] }),
            ),
        ] {
            all.push(Late::begin(&self.server, method, &path, &headers, body).await);
        }
        all
    }

    /// What all of them come to, and that nothing of it was written.
    async fn come_to(&self, writes: Vec<Late>, expected: u16) {
        for (at, write) in writes.into_iter().enumerate() {
            assert_eq!(write.end().await, expected, "write {at}");
        }
        let mut db = self.server.begin().await;
        let number = self.stores[0].number;
        assert_eq!(db.tuple_changes(number, &ChangeFilter::default(), (0, 0), 9).await.unwrap(), []);
        assert_eq!(db.count_authorization_models(number).await.unwrap(), 1);
        assert_eq!(db.assertions(number, &self.model).await.unwrap(), None);
    }
}

fn model() -> Value {
    json!({ "schema_version": "1.1", "type_definitions": [
        { "type": "user" },
        { "type": "document", "relations": { "viewer": { "this": {} } },
          "metadata": { "relations": { "viewer": { "directly_related_user_types": [{ "type": "user" }] } } } },
    ] })
}

async fn a_key_that_was_taken_back(place: StoreOptions) {
    let shop = Shop::open(place).await;
    let writes = shop.writes().await;
    let mut db = shop.server.begin().await;
    let (hash, now) = (secrets::hash(b"sk_new-0123456789-0123456789"), shop.server.now());
    db.rotate_service_key(shop.service, &hash, "sk_new", now, now).await.unwrap();
    db.commit().await.unwrap();
    shop.come_to(writes, 401).await;
}

async fn a_key_that_was_given_to_another_service(place: StoreOptions) {
    let shop = Shop::open(place).await;
    let writes = shop.writes().await;
    let mut db = shop.server.begin().await;
    let other = db.service_by_name("other").await.unwrap().unwrap().id;
    assert!(db.delete_service(shop.service).await.unwrap());
    db.rotate_service_key(other, &secrets::hash(KEY.as_bytes()), &KEY[..8], shop.server.now(), shop.server.now())
        .await
        .unwrap();
    db.set_store_access(other, Some(StoreAccess::All)).await.unwrap();
    db.commit().await.unwrap();
    shop.come_to(writes, 401).await;
}

async fn a_key_that_opens_another_store(place: StoreOptions) {
    let shop = Shop::open(place).await;
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let make = Late::begin(&shop.server, "POST", "/stores", &headers, json!({ "name": "Late" })).await;
    let writes = shop.writes().await;
    shop.bind(Some(StoreAccess::Store(shop.stores[1].number))).await;
    assert_eq!(make.end().await, 403);
    assert_eq!(shop.server.begin().await.count_policy_stores().await.unwrap(), 2);
    shop.come_to(writes, 404).await;
}

async fn a_key_that_opens_nothing(place: StoreOptions) {
    let shop = Shop::open(place).await;
    let writes = shop.writes().await;
    shop.bind(None).await;
    shop.come_to(writes, 403).await;
}

async fn a_service_that_was_shut_out(place: StoreOptions) {
    let shop = Shop::open(place).await;
    let writes = shop.writes().await;
    shop.server.change_service(SCOPE, &ServiceChange { is_active: Some(false), ..Default::default() }).await;
    shop.come_to(writes, 401).await;
}

async fn a_store_that_is_gone(place: StoreOptions) {
    let shop = Shop::open(place).await;
    let writes = shop.writes().await;
    let mut db = shop.server.begin().await;
    assert!(db.delete_policy_store(STORE, shop.server.now()).await.unwrap());
    db.commit().await.unwrap();
    shop.come_to(writes, 404).await;
}

/// A key that is bound to a workspace opens its store, and nothing once the workspace is gone.
async fn a_workspace_that_is_gone(place: StoreOptions) {
    let shop = Shop::open(place).await;
    let workspace = shop.server.workspace("acme", &[]).await;
    let mut db = shop.server.begin().await;
    let own = db.policy_store_of_workspace(workspace).await.unwrap().unwrap();
    let other = db.service_by_name("other").await.unwrap().unwrap().id;
    db.set_store_access(other, Some(StoreAccess::Workspace(workspace))).await.unwrap();
    db.commit().await.unwrap();
    let bearer = format!("Bearer {OTHER_KEY}");
    let headers = [("authorization", bearer.as_str())];
    let path = format!("/stores/{}/authorization-models", own.id);
    assert_eq!(Late::begin(&shop.server, "POST", &path, &headers, model()).await.end().await, 201);
    // Not what is nobody's.
    let foreign = format!("/stores/{STORE}/authorization-models");
    assert_eq!(Late::begin(&shop.server, "POST", &foreign, &headers, model()).await.end().await, 404);
    let late = Late::begin(&shop.server, "POST", &path, &headers, model()).await;
    let mut db = shop.server.begin().await;
    assert!(db.delete_workspace(workspace).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(late.end().await, 404);
    assert_eq!(Late::begin(&shop.server, "POST", &foreign, &headers, model()).await.end().await, 403);
}
