//! A whole server for one test, with a workspace, people who are logged in, and services with keys.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Client, Method, RequestBuilder, Response};
use sentinel_idp::Providers;
use sentinel_keys::{MasterKey, SigningAlgorithm, secrets};
use sentinel_server::service::{Clock, Config, Parts, Service};
use sentinel_storage::{
    AuthorizationCode, NewClient, NewService, NewUser, NewWorkspace, Store, StoreAccess, StoreOptions, WorkspaceRole,
};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use crate::databases::cases;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The front end that people log in by.
const CLIENT: Uuid = Uuid::from_u128(0xc11e);

/// Of a service whose key opens the workspace's store, ...
pub(crate) const NOTES: &str = "sk_notes-0123456789-0123456789-0123456789";
/// ... of another one, ...
pub(crate) const TASKS: &str = "sk_tasks-0123456789-0123456789-0123456789";
/// ... of one whose key opens all stores, ...
pub(crate) const ROOT: &str = "sk_root-0123456789-0123456789-0123456789";
/// ... and of one whose key opens none.
pub(crate) const BARE: &str = "sk_bare-0123456789-0123456789-0123456789";

static MASTER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// A replica.
pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) issuer: String,
    pub(crate) store: Store,
    pub(crate) service: Service,
    pub(crate) http: Client,
    ahead: Arc<AtomicI64>,
}

/// Someone who is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

/// A replica with a workspace, its members, and a service for each of the keys.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) lab: Uuid,
    /// Owner of the workspace.
    pub(crate) ada: Person,
    /// An editor.
    pub(crate) bob: Person,
    /// A viewer.
    pub(crate) eve: Person,
}

impl Server {
    pub(crate) async fn start(place: StoreOptions, issuer: Option<&str>, change: impl FnOnce(&mut Config)) -> Self {
        // The server's own provider is ring; of several in the tests' tree none is the default.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let issuer = issuer.unwrap_or(&base).to_owned();
        let mut config = Config::new(&issuer);
        // Quicker to make.
        config.algorithm = SigningAlgorithm::Es256;
        change(&mut config);
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = {
            let ahead = Arc::clone(&ahead);
            Clock::new(move || real_now() + ahead.load(Ordering::Relaxed))
        };
        let store = Store::open(&place, clock.now()).await.unwrap();
        let master = MasterKey::load_or_create(&MASTER.path().join("master.key")).unwrap().0;
        let providers = Providers::new([], FetchPolicy::default()).unwrap();
        let parts = Parts { store: store.clone(), clock, master, providers, config };
        let service = Service::new(parts).await.unwrap();
        let router = sentinel_server::http::routes(service.clone()).0;
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, issuer, store, service, http: Client::new(), ahead }
    }

    pub(crate) fn now(&self) -> i64 {
        real_now() + self.ahead.load(Ordering::Relaxed)
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.base))
    }

    pub(crate) async fn get(&self, path: &str, credential: &Credential<'_>) -> Response {
        credential.on(self.request("GET", path)).send().await.unwrap()
    }

    /// A call that succeeds, and its answer.
    pub(crate) async fn call(&self, method: &str, path: &str, credential: &Credential<'_>, body: &Value) -> Value {
        let request = credential.on(self.request(method, path)).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// An account with the proven address `NAME@example.test`.
    pub(crate) async fn user(&self, name: &str) -> Uuid {
        let (id, email) = (Uuid::new_v4(), format!("{name}@example.test"));
        let mut db = self.store.begin().await.unwrap();
        let new = NewUser { id, email: &email, email_verified: true, name, avatar_url: None, is_admin: false };
        db.insert_user(&new, self.now()).await.unwrap();
        db.commit().await.unwrap();
        id
    }

    /// A workspace whose members are given.
    pub(crate) async fn workspace(&self, slug: &str, members: &[(Uuid, WorkspaceRole)]) -> Uuid {
        let id = Uuid::new_v4();
        let mut db = self.store.begin().await.unwrap();
        let new = NewWorkspace { id, slug, name: slug, description: None, created_by: None };
        db.insert_workspace(&new, self.now()).await.unwrap();
        for (user, role) in members {
            db.insert_member(id, *user, *role, self.now()).await.unwrap();
        }
        db.commit().await.unwrap();
        id
    }

    /// A service whose key opens these stores.
    async fn register(&self, name: &str, key: &str, access: Option<StoreAccess>) {
        let id = Uuid::new_v4();
        let service = NewService {
            id,
            service_name: name,
            name,
            realm_id: None,
            allowed_origins: &[],
            idp_audiences: &[],
            relay_redirect_uris: &[],
            created_by: None,
        };
        let mut db = self.store.begin().await.unwrap();
        db.insert_service(&service, self.now()).await.unwrap();
        db.rotate_service_key(id, &secrets::hash(key.as_bytes()), &key[..7], self.now(), self.now()).await.unwrap();
        db.set_store_access(id, access).await.unwrap();
        db.commit().await.unwrap();
    }

    /// A login of the user in the workspace, from the authorization code on.
    pub(crate) async fn log_in(&self, user_id: Uuid, workspace: Uuid) -> Person {
        let code = Uuid::new_v4().to_string();
        let mut db = self.store.begin().await.unwrap();
        let new = AuthorizationCode {
            user_id,
            client_id: CLIENT,
            code_challenge: CHALLENGE.into(),
            expires_at: self.now() + 60_000,
            sso_id: None,
        };
        db.insert_authorization_code(&secrets::hash(code.as_bytes()), &new, self.now()).await.unwrap();
        db.commit().await.unwrap();
        let asked = json!({ "code": code, "workspace_id": workspace, "code_verifier": VERIFIER });
        let answer = self.call("POST", "/auth/token", &Credential::None, &asked).await;
        Person { id: user_id, token: answer["access_token"].as_str().unwrap().to_owned() }
    }
}

/// What a request comes with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Credential<'a> {
    None,
    /// A service's key in its own header.
    Key(&'a str),
    /// A token, or a service's key as one.
    Bearer(&'a str),
    /// A service's key, and a person's token.
    Both(&'a str, &'a str),
}

impl Credential<'_> {
    pub(crate) fn on(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::None => request,
            Self::Key(key) => request.header("x-service-key", *key),
            Self::Bearer(token) => request.bearer_auth(token),
            Self::Both(key, token) => request.header("x-service-key", *key).bearer_auth(token),
        }
    }
}

impl World {
    pub(crate) async fn new(place: StoreOptions) -> Self {
        Self::with(place, |_| {}).await
    }

    pub(crate) async fn with(place: StoreOptions, change: impl FnOnce(&mut Config)) -> Self {
        let server = Server::start(place, None, change).await;
        let uris = ["https://app.example.test/".to_owned()];
        let client = NewClient {
            id: CLIENT,
            name: "app",
            redirect_uris: &uris,
            allowed_origins: &[],
            workspaces: &[],
            created_by: None,
        };
        let mut db = server.store.begin().await.unwrap();
        db.insert_client(&client, server.now()).await.unwrap();
        db.commit().await.unwrap();
        let (ada, bob, eve) = (server.user("ada").await, server.user("bob").await, server.user("eve").await);
        let members = [(ada, WorkspaceRole::Owner), (bob, WorkspaceRole::Editor), (eve, WorkspaceRole::Viewer)];
        let lab = server.workspace("lab", &members).await;
        let own = Some(StoreAccess::Workspace(lab));
        for (name, key, access) in
            [("notes", NOTES, own), ("tasks", TASKS, own), ("root", ROOT, Some(StoreAccess::All)), ("bare", BARE, None)]
        {
            server.register(name, key, access).await;
        }
        let [ada, bob, eve] =
            [server.log_in(ada, lab).await, server.log_in(bob, lab).await, server.log_in(eve, lab).await];
        Self { server, lab, ada, bob, eve }
    }

    /// `/bundles/v1/workspaces/…` of the workspace.
    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/bundles/v1/workspaces/{}{rest}", self.lab)
    }

    /// Registers a note of a service, and answers the id of its record and of itself.
    pub(crate) async fn note(&self, key: &str, owner: Uuid, visibility: &str) -> (Uuid, Uuid) {
        let (service, id) = (if key == NOTES { "notes" } else { "tasks" }, Uuid::new_v4());
        let new = json!({ "service_name": service, "resource_type": "note", "resource_id": id, "workspace_id": self.lab,
            "owner_id": owner, "visibility": visibility });
        let answer = self.server.call("POST", "/permissions/register", &Credential::Key(key), &new).await;
        (answer["id"].as_str().unwrap().parse().unwrap(), id)
    }

    /// Shares a note of the first service, as its owner.
    pub(crate) async fn share(&self, owner: &Person, record: Uuid, (kind, grantee): (&str, Uuid), permission: &str) {
        let body = json!({ "grantee_type": kind, "grantee_id": grantee, "permission": permission });
        let path = format!("/permissions/{record}/share");
        self.server.call("POST", &path, &Credential::Both(NOTES, &owner.token), &body).await;
    }

    /// The workspace's own store.
    pub(crate) async fn store(&self) -> sentinel_storage::PolicyStore {
        let mut db = self.server.store.read().await.unwrap();
        db.policy_store_of_workspace(self.lab).await.unwrap().unwrap()
    }

    /// A call to OpenFGA's API at the workspace's store.
    pub(crate) async fn fga(&self, method: &str, path: &str, body: &Value) -> Value {
        let path = format!("/stores/{}/{path}", self.store().await.id);
        self.server.call(method, &path, &Credential::Bearer(ROOT), body).await
    }

    /// A role that grants actions of the first service, and who has it.
    pub(crate) async fn role(&self, name: &str, actions: &[&str], members: &[Uuid]) -> Uuid {
        let role = Uuid::new_v4();
        let new =
            sentinel_storage::NewRole { id: role, workspace_id: self.lab, name, description: None, created_by: None };
        let mut db = self.server.store.begin().await.unwrap();
        db.insert_role(&new, self.server.now()).await.unwrap();
        let actions: Vec<_> = actions
            .iter()
            .map(|action| sentinel_storage::NewAction { id: Uuid::new_v4(), action, description: None })
            .collect();
        for action in db.register_actions("notes", &actions, self.server.now()).await.unwrap() {
            db.insert_role_action(self.lab, role, action.id).await.unwrap();
        }
        for member in members {
            db.insert_role_member(self.lab, role, *member, None, self.server.now()).await.unwrap();
        }
        db.commit().await.unwrap();
        role
    }
}

fn real_now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}
