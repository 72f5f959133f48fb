//! SCIM as an organisation's directory speaks it, and what its key cannot do.

use reqwest::Method;
use sentinel_server::service::accounts::AccountChange;
use sentinel_server::service::scim::NewScimClient;
use sentinel_server::service::{Actor, Caller, Newcomers, WorkspaceRole};
use sentinel_storage::StoreOptions;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, body, cases};

cases! {
    a_person_is_provisioned_logs_in_and_is_ended, filters_and_pages, changes_as_directories_write_them,
    nothing_grows_without_bound, who_was_removed_stays_so, one_workspace_and_no_other, nobody_who_administers, no_way_into_an_account, who_was_ended_does_not_come_back_by_logging_in,
    keys_and_errors,
}

const DOMAIN: &str = "example.test";

/// A directory that provisions a workspace.
pub(crate) struct Directory<'a> {
    server: &'a Deployment,
    key: String,
    id: Uuid,
}

impl<'a> Directory<'a> {
    pub(crate) async fn new(server: &'a Deployment, workspace_id: Uuid) -> Self {
        let domains = [DOMAIN.to_owned()];
        let new = NewScimClient { name: "directory", workspace_id, domains: &domains, role: None };
        let (client, key) = server.service.create_scim_client(&Actor::System, &Caller::default(), &new).await.unwrap();
        Self { server, key, id: client.id }
    }

    async fn ask(&self, method: Method, path: &str, value: Value) -> (u16, Value) {
        let request = self.server.http.request(method, format!("{}/scim/v2{path}", self.server.base));
        let request = request.bearer_auth(&self.key).header("content-type", "application/scim+json");
        let answer = request.body(value.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        if status == 204 {
            return (status, Value::Null);
        }
        assert_eq!(answer.headers()["content-type"], "application/scim+json");
        let said = body(answer).await;
        if status >= 400 {
            assert_eq!(said["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{said}");
            assert_eq!(said["status"], json!(status.to_string()));
        }
        (status, said)
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path, json!({})).await
    }

    pub(crate) async fn create(&self, name: &str) -> (u16, Value) {
        self.ask(Method::POST, "/Users", person(name)).await
    }

    pub(crate) async fn patch(&self, id: &str, operations: Value) -> (u16, Value) {
        let request = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
        self.ask(Method::PATCH, &format!("/Users/{id}"), request).await
    }
}

fn person(name: &str) -> Value {
    let address = format!("{name}@{DOMAIN}");
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": address, "externalId": format!("x-{name}"), "active": true,
        "name": { "givenName": "Grace", "familyName": "Hopper" },
        "emails": [{ "value": address, "type": "work", "primary": true }],
    })
}

/// A workspace of somebody's, and who owns it.
async fn start(place: StoreOptions) -> (Deployment, Uuid) {
    let server = Deployment::start(place, |config, _| config.newcomers = Newcomers::Nowhere).await;
    let caller = Caller::default();
    let made = server.service.create_account(&Actor::System, &caller, "owner@example.test", "Owner", false);
    let owner = made.await.unwrap().id;
    let workspace = server.workspace("lab", &[(owner, WorkspaceRole::Owner)]).await;
    (server, workspace)
}

fn id_of(said: &Value) -> String {
    said["id"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
}

async fn a_person_is_provisioned_logs_in_and_is_ended(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    let (status, made) = directory.create("grace.hopper").await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["meta"]["location"], json!(format!("{}/scim/v2/Users/{}", server.base, id_of(&made))));
    let id = id_of(&made);
    assert_eq!(directory.get(&format!("/Users/{id}")).await, (200, made.clone()));
    // The login that proves the address is of this account.
    let tokens = server.log_in_at("grace.hopper", workspace).await;
    assert_eq!(tokens.user().to_string(), id);
    let account = server.service.account_named("uid-grace_hopper").await.unwrap();
    assert_eq!((account.id.to_string(), account.name.as_str()), (id.clone(), "Grace Hopper"));
    // What it is called here is not what the directory calls it.
    let change = AccountChange { username: Some("admiral"), ..AccountChange::default() };
    server.service.change_account(&Actor::System, &Caller::default(), account.id, &change).await.unwrap();
    assert_eq!(directory.get(&format!("/Users/{id}")).await, (200, made.clone()));
    // Ended: its sessions at once. And let in again.
    let (status, ended) = directory.patch(&id, json!([{ "op": "Replace", "path": "active", "value": "False" }])).await;
    assert_eq!((status, &ended["active"]), (200, &json!(false)));
    assert!(!server.holds(&tokens.access).await);
    assert_eq!(server.refresh(&tokens.refresh).await.status(), 401);
    let (_, again) = directory.patch(&id, json!([{ "op": "replace", "value": { "active": true } }])).await;
    assert_eq!(again["active"], json!(true));
    let tokens = server.log_in_at("grace.hopper", workspace).await;
    assert_eq!(directory.ask(Method::DELETE, &format!("/Users/{id}"), json!({})).await.0, 204);
    assert!(!server.holds(&tokens.access).await);
    assert_eq!(directory.get(&format!("/Users/{id}")).await.0, 404);
    // Provisioned anew it is the same account.
    assert_eq!(id_of(&directory.create("grace.hopper").await.1), id);
}

async fn filters_and_pages(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    for name in ["ada", "bob", "eve"] {
        assert_eq!(directory.create(name).await.0, 201);
    }
    let total = async |query: &str| {
        let (status, said) = directory.get(&format!("/Users?{query}")).await;
        assert_eq!(status, 200, "{query}: {said}");
        (said["totalResults"].as_i64().unwrap(), said["Resources"].as_array().unwrap().len())
    };
    assert_eq!(total("").await, (3, 3));
    assert_eq!(total("filter=userName%20eq%20%22ADA@example.test%22").await, (1, 1));
    assert_eq!(total("filter=externalId%20Eq%20%22x-bob%22").await, (1, 1));
    assert_eq!(total("filter=externalId%20eq%20%22X-bob%22").await, (0, 0));
    assert_eq!(total("filter=emails.value%20eq%20%22eve@example.test%22").await, (1, 1));
    assert_eq!(total("filter=userName%20eq%20%22%27%20OR%201=1%20--%22").await, (0, 0));
    assert_eq!(total("startIndex=2&count=1").await, (3, 1));
    assert_eq!(total("startIndex=-5&count=0").await, (3, 0));
    assert_eq!(total("startIndex=4").await, (3, 0));
    for filter in ["userName", "userName%20co%20%22a%22", "title%20eq%20%22a%22", "userName%20eq%20a", "%28", ""] {
        let (status, said) = directory.get(&format!("/Users?filter={filter}")).await;
        assert_eq!((status, &said["scimType"]), (400, &json!("invalidFilter")), "{filter}");
    }
}

async fn changes_as_directories_write_them(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    let id = id_of(&directory.create("ada").await.1);
    directory.create("bob").await;
    let (status, changed) = directory
        .patch(
            &id,
            json!([
                { "op": "Replace", "path": "name.familyName", "value": "Lovelace" },
                { "op": "Add", "path": "emails[type eq \"home\"].value", "value": "ada@home.example" },
                { "op": "Replace", "value": { "displayName": "Ada Lovelace" } },
            ]),
        )
        .await;
    assert_eq!(status, 200, "{changed}");
    assert_eq!((&changed["name"]["familyName"], &changed["meta"]["version"]), (&json!("Lovelace"), &json!("W/\"2\"")));
    let account = server.service.account_named(&id).await.unwrap();
    assert_eq!((account.name.as_str(), account.email.as_str()), ("Ada Lovelace", "ada@example.test"));
    // Whole: what is not said is no more.
    let (status, replaced) = directory.ask(Method::PUT, &format!("/Users/{id}"), person("ada")).await;
    assert_eq!((status, &replaced["displayName"]), (200, &Value::Null));
    // Somebody else's name.
    let (status, refused) =
        directory.patch(&id, json!([{ "op": "replace", "path": "userName", "value": "BOB@example.test" }])).await;
    assert_eq!((status, &refused["scimType"]), (409, &json!("uniqueness")));
    assert_eq!(directory.create("bob").await.0, 409);
    // An older version.
    let request = server.http.put(format!("{}/scim/v2/Users/{id}", server.base)).bearer_auth(&directory.key);
    let answer = request.header("if-match", "W/\"1\"").body(person("ada").to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 412);
}

/// What a hundred operations say at a time is bounded as what one says is, and a text that no database has is none.
async fn nothing_grows_without_bound(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    let id = id_of(&directory.create("ada").await.1);
    let before = directory.get(&format!("/Users/{id}")).await.1;
    for request in 0..3 {
        let operations: Vec<Value> = (0..97)
            .map(|operation| {
                let entries: Vec<_> =
                    (0..20).map(|n| json!({ "value": format!("{request}-{operation}-{n}") })).collect();
                json!({ "op": "add", "path": "emails", "value": entries })
            })
            .collect();
        let (status, refused) = directory.patch(&id, operations.into()).await;
        assert_eq!((status, &refused["scimType"]), (400, &json!("invalidValue")));
    }
    assert_eq!(directory.get(&format!("/Users/{id}")).await.1, before);
    for filter in
        ["userName%20eq%20%22%5Cu0000%22", "externalId%20eq%20%22a%5Cu0000%22", "emails%20eq%20%22%5Cu0000%22"]
    {
        let (status, refused) = directory.get(&format!("/Users?filter={filter}")).await;
        assert_eq!((status, &refused["scimType"]), (400, &json!("invalidFilter")), "{filter}");
    }
    let nul = json!([{ "op": "add", "path": "emails[type eq \"\\u0000\"].value", "value": "x" }]);
    assert_eq!(directory.patch(&id, nul).await.0, 400);
    let bob = id_of(&directory.ask(Method::POST, "/Users", json!({ "userName": "bob" })).await.1);
    let (_, changed) =
        directory.patch(&bob, json!([{ "op": "add", "path": "emails.value", "value": "b@c.example" }])).await;
    assert_eq!(changed["emails"], json!([{ "value": "b@c.example" }]));
}

/// Whom the workspace has removed does not come back by what the directory says of something else.
async fn who_was_removed_stays_so(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    let id = id_of(&directory.create("ada").await.1);
    let ada: Uuid = id.parse().unwrap();
    let role = async || server.store.read().await.unwrap().member_role(workspace, ada).await.unwrap();
    let set = async |role| {
        let (system, caller) = (Actor::System, Caller::default());
        server.service.change_member(&system, &caller, workspace, ada, role).await.unwrap();
    };
    let active = async |is_active: bool| {
        directory.patch(&id, json!([{ "op": "replace", "path": "active", "value": is_active }])).await.0
    };
    set(Some(WorkspaceRole::Editor)).await;
    set(None).await;
    let (_, now) = directory.get(&format!("/Users/{id}")).await;
    assert_eq!((&now["active"], &now["meta"]["version"]), (&json!(false), &json!("W/\"2\"")));
    for operation in [
        json!({ "op": "replace", "path": "title", "value": "Dr" }),
        json!({ "op": "replace", "path": "displayName", "value": "Ada" }),
    ] {
        let (status, changed) = directory.patch(&id, json!([operation])).await;
        assert_eq!((status, &changed["active"]), (200, &json!(false)));
        assert_eq!(role().await, None);
    }
    let mut unsaid = person("ada");
    unsaid.as_object_mut().unwrap().remove("active");
    assert_eq!(directory.ask(Method::PUT, &format!("/Users/{id}"), unsaid).await.0, 200);
    assert_eq!(role().await, None);
    // Said so, they are what they were.
    assert_eq!((active(true).await, role().await), (200, Some(WorkspaceRole::Editor)));
    assert_eq!((active(false).await, role().await), (200, None));
    assert_eq!((active(true).await, role().await), (200, Some(WorkspaceRole::Editor)));
    // A role of before the last one does not come back.
    set(Some(WorkspaceRole::Viewer)).await;
    assert_eq!(directory.patch(&id, json!([{ "op": "replace", "path": "title", "value": "Prof" }])).await.0, 200);
    assert_eq!((active(false).await, active(true).await, role().await), (200, 200, Some(WorkspaceRole::Viewer)));
    // Who administered the workspace comes back as nobody who does.
    set(Some(WorkspaceRole::Admin)).await;
    set(None).await;
    assert_eq!((active(true).await, role().await), (200, Some(WorkspaceRole::Viewer)));
    // Let in again by the workspace, they can be ended by the directory again.
    set(None).await;
    let (system, caller) = (Actor::System, Caller::default());
    let address = format!("ada@{DOMAIN}");
    server.service.add_member(&system, &caller, workspace, &address, WorkspaceRole::Viewer).await.unwrap();
    assert_eq!((active(false).await, role().await), (200, None));
}

async fn one_workspace_and_no_other(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let owner = server.service.account_of_email("owner@example.test").await.unwrap().id;
    let elsewhere = server.workspace("elsewhere", &[(owner, WorkspaceRole::Owner)]).await;
    let (directory, other) = (Directory::new(&server, workspace).await, Directory::new(&server, elsewhere).await);
    let id = id_of(&directory.create("ada").await.1);
    for (method, path) in [
        (Method::GET, format!("/Users/{id}")),
        (Method::PUT, format!("/Users/{id}")),
        (Method::PATCH, format!("/Users/{id}")),
        (Method::DELETE, format!("/Users/{id}")),
    ] {
        assert_eq!(other.ask(method, &path, person("ada")).await.0, 404);
    }
    assert_eq!(other.get("/Users").await.1["totalResults"], json!(0));
    // Of both: what the one ends goes on in the other, and so does the name that the first one gave.
    assert_eq!(id_of(&other.create("ada").await.1), id);
    let renamed = json!([{ "op": "replace", "path": "displayName", "value": "Somebody" }, { "op": "replace", "path": "active", "value": false }]);
    assert_eq!(other.patch(&id, renamed).await.0, 200);
    let tokens = server.log_in_at("ada", workspace).await;
    assert_eq!(other.ask(Method::DELETE, &format!("/Users/{id}"), json!({})).await.0, 204);
    assert!(server.holds(&tokens.access).await);
    assert_eq!(server.service.account_named(&id).await.unwrap().name, "Grace Hopper");
}

async fn nobody_who_administers(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    assert_eq!(directory.create("owner").await.0, 403);
    let (system, caller) = (Actor::System, Caller::default());
    server.service.create_account(&system, &caller, "root@example.test", "Root", true).await.unwrap();
    assert_eq!(directory.create("root").await.0, 403);
    // Who became one later.
    let id = id_of(&directory.create("ada").await.1);
    let ada = id.parse().unwrap();
    server.service.change_member(&system, &caller, workspace, ada, Some(WorkspaceRole::Admin)).await.unwrap();
    assert_eq!(directory.patch(&id, json!([{ "op": "replace", "path": "active", "value": false }])).await.0, 403);
    assert_eq!(directory.ask(Method::PUT, &format!("/Users/{id}"), person("eve")).await.0, 403);
    assert_eq!(directory.ask(Method::DELETE, &format!("/Users/{id}"), json!({})).await.0, 403);
    // Who was shut out is not let in.
    let eve = server.service.create_account(&system, &caller, "eve@example.test", "Eve", false).await.unwrap().id;
    server.service.set_account_active(&system, &caller, eve, false).await.unwrap();
    assert_eq!(directory.create("eve").await.0, 403);
}

async fn no_way_into_an_account(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    // An address that the key may not speak for: the account that has proven it is another one, and stays so.
    let (system, caller) = (Actor::System, Caller::default());
    let victim =
        server.service.create_account(&system, &caller, "victim@other.test", "Victim", false).await.unwrap().id;
    let foreign = json!({ "userName": "victim", "emails": [{ "value": "victim@other.test" }] });
    let (status, made) = directory.ask(Method::POST, "/Users", foreign).await;
    assert_eq!(status, 201, "{made}");
    assert_ne!(id_of(&made), victim.to_string());
    assert!(!server.service.account_named(&id_of(&made)).await.unwrap().email_verified);
    // The address that logs in does not follow what is said later.
    let id = id_of(&directory.create("ada").await.1);
    let moved = json!([{ "op": "replace", "path": "emails", "value": [{ "value": "mallory@example.test" }] }]);
    assert_eq!(directory.patch(&id, moved).await.0, 200);
    assert_eq!(server.service.account_named(&id).await.unwrap().email, "ada@example.test");
    assert!(server.service.account_of_email("mallory@example.test").await.is_err());
    // What only the server says is not taken from anybody.
    let said = json!({ "userName": "joe", "id": victim, "isAdmin": true, "is_admin": true, "meta": { "version": "9" }, "roles": ["owner"] });
    let (_, made) = directory.ask(Method::POST, "/Users", said).await;
    assert_ne!(id_of(&made), victim.to_string());
    let joe = id_of(&made).parse().unwrap();
    let role = server.store.read().await.unwrap().member_role(workspace, joe).await.unwrap();
    assert_eq!(role, Some(WorkspaceRole::Viewer));
    assert!(!server.service.account_named(&id_of(&made)).await.unwrap().is_admin);
}

async fn who_was_ended_does_not_come_back_by_logging_in(place: StoreOptions) {
    let change = |config: &mut sentinel_server::service::Config, _: &mut _| {
        config.newcomers = Newcomers::DefaultWorkspace { slug: "default".into(), role: WorkspaceRole::Viewer };
    };
    let server = Deployment::start(place, change).await;
    let workspace = server.service.workspace_by_slug("default").await.unwrap().id;
    let directory = Directory::new(&server, workspace).await;
    let mut person = person("ada");
    person["active"] = json!(false);
    let (status, made) = directory.ask(Method::POST, "/Users", person).await;
    assert_eq!((status, &made["active"]), (201, &json!(false)));
    let code = server.code("ada").await;
    assert_eq!(server.choices(&code).await, Vec::<Value>::new());
    // Nor who was deleted before they had ever come, until they are provisioned again.
    let (_, made) = directory.create("bob").await;
    assert_eq!(directory.ask(Method::DELETE, &format!("/Users/{}", id_of(&made)), json!({})).await.0, 204);
    assert_eq!(directory.get(&format!("/Users/{}", id_of(&made))).await.0, 404);
    let code = server.code("bob").await;
    assert_eq!(server.choices(&code).await, Vec::<Value>::new());
    assert_eq!(id_of(&directory.create("bob").await.1), id_of(&made));
    let code = server.code("bob").await;
    assert_eq!(server.choices(&code).await.len(), 1);
}

async fn keys_and_errors(place: StoreOptions) {
    let (server, workspace) = start(place).await;
    let directory = Directory::new(&server, workspace).await;
    for key in ["", "scim_", "scim_wrong", crate::deployment::KEY, &"x".repeat(5000)] {
        let answer = server.http.get(format!("{}/scim/v2/Users", server.base)).bearer_auth(key).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{key}");
        assert_eq!(answer.headers()["content-type"], "application/scim+json");
    }
    for path in [
        "/ServiceProviderConfig",
        "/Schemas",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
    ] {
        assert_eq!(directory.get(path).await.0, 200, "{path}");
    }
    for path in ["/ResourceTypes/Group", "/Schemas/x", "/Users/x", &format!("/Users/{}", Uuid::new_v4())] {
        assert_eq!(directory.get(path).await.0, 404, "{path}");
    }
    for (said, kind) in [
        (json!({}), "invalidValue"),
        (json!([]), "invalidSyntax"),
        (json!({ "userName": "" }), "invalidValue"),
        (json!({ "userName": "a\0b" }), "invalidValue"),
    ] {
        let (status, refused) = directory.ask(Method::POST, "/Users", said.clone()).await;
        assert_eq!((status, &refused["scimType"]), (400, &json!(kind)), "{said}");
    }
    server.service.delete_scim_client(&Actor::System, &Caller::default(), directory.id).await.unwrap();
    assert_eq!(directory.get("/Users").await.0, 401);
}
