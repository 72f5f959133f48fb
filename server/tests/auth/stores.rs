//! Keys of policy stores, and what they open at the moment when something is written.

use sentinel_keys::secrets;
use sentinel_server::service::PolicyConfig;
use sentinel_storage::{
    ChangeFilter, NewPolicyStore, NewTuple, PolicyStore, Preconditions, ServiceChange, StoreAccess, StoreOptions,
    TupleName, Written,
};
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
    an_index_follows_what_others_wrote,
    a_store_that_does_not_fit,
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
        Self::open_with(place, |_| {}).await
    }

    async fn open_with(place: StoreOptions, change: impl FnOnce(&mut PolicyConfig)) -> Self {
        let server = Deployment::start(place, |config, _| change(&mut config.policy)).await;
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

    /// Writes as another replica does: this process learns of it by the log alone.
    async fn write_elsewhere(&self, writes: &[u32], deletes: &[u32]) {
        let writes: Vec<_> = writes.iter().map(|n| new_tuple(*n)).collect();
        let deletes: Vec<_> = deletes.iter().map(|n| new_tuple(*n).name).collect();
        let all = Preconditions { most: i64::MAX, ..Preconditions::default() };
        let mut db = self.server.begin().await;
        let written = db.write_tuples(self.stores[0].number, &writes, &deletes, all, self.server.now()).await.unwrap();
        assert!(matches!(written, Written::Done(_)), "{written:?}");
        db.commit().await.unwrap();
    }

    async fn sees(&self, document: u32) -> bool {
        let question = json!({ "user": "user:eve", "relation": "viewer", "object": format!("document:{document}") });
        let answer = self.post("check", &json!({ "tuple_key": question, "consistency": "HIGHER_CONSISTENCY" })).await;
        answer["allowed"].as_bool().unwrap_or_else(|| panic!("{answer}"))
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

fn new_tuple(document: u32) -> NewTuple {
    let name = TupleName {
        object_type: "document".into(),
        object_id: document.to_string(),
        relation: "viewer".into(),
        subject: "user:eve".into(),
    };
    NewTuple { name, condition: None, context: None, expires_at: None }
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

/// More than a page of the log, a write across its end, and writes that take back what was written.
async fn an_index_follows_what_others_wrote(place: StoreOptions) {
    let shop = Shop::open(place).await;
    assert!(!shop.sees(1).await);
    let many: Vec<u32> = (1..=12_000).collect();
    shop.write_elsewhere(&many, &[]).await;
    shop.write_elsewhere(&[20_001], &[1]).await;
    assert!(!shop.sees(1).await && shop.sees(2).await && shop.sees(12_000).await && shop.sees(20_001).await);
    for n in 30_000..30_300 {
        shop.write_elsewhere(&[n], &[n - 29_000]).await;
    }
    shop.write_elsewhere(&[1], &many[1..999]).await;
    assert!(shop.sees(1).await && !shop.sees(2).await && !shop.sees(999).await && shop.sees(30_299).await);
    assert!(!shop.sees(1_299).await && shop.sees(1_300).await);
}

/// A store that is larger than memory may be, from the beginning or by growing, is asked by SQL: never from a part of it.
async fn a_store_that_does_not_fit(place: StoreOptions) {
    let shop = Shop::open_with(place, |policy| policy.memory = 300_000).await;
    shop.write_elsewhere(&(1..=100).collect::<Vec<_>>(), &[]).await;
    assert!(shop.sees(1).await && !shop.sees(50_000).await);
    shop.write_elsewhere(&(101..=20_000).collect::<Vec<_>>(), &[]).await;
    for _ in 0..2 {
        assert!(shop.sees(1).await && shop.sees(20_000).await && !shop.sees(50_000).await);
    }
    shop.write_elsewhere(&[50_000], &[1]).await;
    assert!(!shop.sees(1).await && shop.sees(50_000).await);
}
