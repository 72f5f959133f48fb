//! A whole server for one test, on a port and a database of its own, with its first administrator.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::{Client, Method, RequestBuilder};
use sentinel_idp::Providers;
use sentinel_keys::{MasterKey, SigningAlgorithm, secrets};
use sentinel_server::service::admin_login::bootstrap_link;
use sentinel_server::service::{Clock, Config, Parts, Service};
use sentinel_storage::{AuthorizationCode, NewClient, NewUser, NewWorkspace, Store, StoreOptions, WorkspaceRole};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) use crate::databases::cases;

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

static MASTER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

pub(crate) struct Server {
    pub(crate) base: String,
    pub(crate) store: Store,
    pub(crate) service: Service,
    pub(crate) http: Client,
    /// Of the first administrator.
    pub(crate) cookie: String,
    pub(crate) root: Uuid,
    client: Uuid,
}

/// What a login comes to.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Server {
    pub(crate) async fn start(place: StoreOptions) -> Self {
        // The server's own provider is ring; of several in the tests' tree none is the default.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::new(&base);
        // Quicker to make.
        config.algorithm = SigningAlgorithm::Es256;
        let store = Store::open(&place, now()).await.unwrap();
        let master = MasterKey::load_or_create(&MASTER.path().join("master.key")).unwrap().0;
        let providers = Providers::new([], FetchPolicy::default()).unwrap();
        let parts = Parts { store: store.clone(), clock: Clock::system(), master, providers, config };
        let service = Service::new(parts).await.unwrap();
        let router = sentinel_server::http::routes(service.clone()).0;
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let (root, client) = (Uuid::nil(), Uuid::new_v4());
        let mut server = Self { base, store, service, http: Client::new(), cookie: String::new(), root, client };
        let mut db = server.store.begin().await.unwrap();
        let uris = ["https://app.example.test/".to_owned()];
        let new = NewClient {
            id: client,
            name: "app",
            redirect_uris: &uris,
            allowed_origins: &[],
            workspaces: &[],
            created_by: None,
        };
        db.insert_client(&new, now()).await.unwrap();
        db.commit().await.unwrap();
        server.root = server.user("root").await;
        server.cookie = server.cookie_of(server.root).await;
        server
    }

    /// An account with the proven address `NAME@example.test`.
    pub(crate) async fn user(&self, name: &str) -> Uuid {
        let (id, email) = (Uuid::new_v4(), format!("{name}@example.test"));
        let mut db = self.store.begin().await.unwrap();
        let new = NewUser { id, email: &email, email_verified: true, name, avatar_url: None, is_admin: false };
        db.insert_user(&new, now()).await.unwrap();
        db.commit().await.unwrap();
        id
    }

    /// A workspace whose members are given.
    pub(crate) async fn workspace(&self, slug: &str, members: &[(Uuid, WorkspaceRole)]) -> Uuid {
        let id = Uuid::new_v4();
        let mut db = self.store.begin().await.unwrap();
        let new = NewWorkspace { id, slug, name: slug, description: None, created_by: None };
        db.insert_workspace(&new, now()).await.unwrap();
        for (user, role) in members {
            db.insert_member(id, *user, *role, now()).await.unwrap();
        }
        db.commit().await.unwrap();
        id
    }

    /// Makes the account an administrator by a link from the terminal, and answers the cookie.
    pub(crate) async fn cookie_of(&self, user: Uuid) -> String {
        let link = bootstrap_link(&self.store, &self.base, Some(user), 60_000, now()).await.unwrap();
        let form = format!("token={}", link.split_once("token=").unwrap().1);
        let request = self.http.post(format!("{}/auth/admin/bootstrap", self.base)).body(form);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().strip_prefix("admin_token=").unwrap().to_owned()
    }

    /// A login of the user in the workspace, from the authorization code on.
    pub(crate) async fn log_in(&self, user_id: Uuid, workspace: Uuid) -> Tokens {
        let code = Uuid::new_v4().to_string();
        let mut db = self.store.begin().await.unwrap();
        let new = AuthorizationCode {
            user_id,
            client_id: self.client,
            code_challenge: CHALLENGE.into(),
            // As the server has it.
            expires_at: now() + 5 * 60_000,
            sso_id: None,
        };
        db.insert_authorization_code(&secrets::hash(code.as_bytes()), &new, now()).await.unwrap();
        db.commit().await.unwrap();
        let asked = json!({ "code": code, "workspace_id": workspace, "code_verifier": VERIFIER });
        let answer = self.http.post(format!("{}/auth/token", self.base)).body(asked.to_string()).send().await.unwrap();
        let (status, answer) = (answer.status(), json_of(&answer.text().await.unwrap()));
        assert_eq!(status, 200, "{answer}");
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    /// What `/users/me` and a refresh answer.
    pub(crate) async fn open(&self, tokens: &Tokens) -> (u16, u16) {
        let me = self.http.get(format!("{}/users/me", self.base)).bearer_auth(&tokens.access).send().await.unwrap();
        let asked = json!({ "refresh_token": tokens.refresh }).to_string();
        let refresh = self.http.post(format!("{}/auth/refresh", self.base)).body(asked).send().await.unwrap();
        (me.status().as_u16(), refresh.status().as_u16())
    }

    pub(crate) fn request(&self, method: &str, path: &str, cookie: &str) -> RequestBuilder {
        let request = self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), format!("{}{path}", self.base));
        request.header("cookie", format!("admin_token={cookie}")).header("x-requested-with", "test")
    }

    /// What the first administrator is answered.
    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        self.call_as(&self.cookie, method, path, body).await
    }

    pub(crate) async fn call_as(&self, cookie: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
        let mut request = self.request(method, path, cookie);
        if !body.is_null() {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), json_of(&answer.text().await.unwrap()))
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Asserts that the calls are refused with these statuses, and with a detail.
    pub(crate) async fn refused(&self, calls: &[(&str, String, Value, u16)]) {
        for (method, path, body, expected) in calls {
            let (status, answer) = self.call(method, path, body.clone()).await;
            assert_eq!(status, *expected, "{method} {path} {body}: {answer}");
            assert!(!answer["detail"].is_null(), "{method} {path}: {answer}");
        }
    }

    /// The last change of this name in the log; made by the first administrator.
    pub(crate) async fn logged(&self, action: &str) -> Value {
        let found = self.get(&format!("/admin/activity?action={action}&limit=1")).await;
        let entry = found[0].clone();
        assert_eq!((&entry["actor_kind"], &entry["actor_id"]), (&json!("admin"), &json!(self.root)), "{action}");
        entry
    }

    /// Every page of a list, by its links.
    pub(crate) async fn pages(&self, path: &str) -> Vec<Vec<Value>> {
        let (mut pages, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let answer = self.request("GET", &path, &self.cookie).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
            next = link.map(|link| link.split(['<', '>']).nth(1).unwrap().to_owned());
            pages.push(json_of(&answer.text().await.unwrap()).as_array().unwrap().clone());
        }
        pages
    }
}

fn json_of(text: &str) -> Value {
    if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(text).unwrap_or_else(|_| panic!("not JSON: {text}"))
    }
}

pub(crate) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// The values of one member in a list.
pub(crate) fn each<'a>(rows: &'a Value, name: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[name].as_str().unwrap()).collect()
}
