//! A whole server for one test, on a port and a database of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Client, Response, Url};
use sentinel_idp::{ProviderConfig, Providers};
use sentinel_keys::{MasterKey, SigningAlgorithm, secrets};
use sentinel_server::http::access::{Access, Routes};
use sentinel_server::service::{Clock, Config, Parts, Service, User};
use sentinel_storage::{
    NewClient, NewService, NewWorkspace, ServiceChange, Store, StoreOptions, Transaction, WorkspaceRole,
};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::browser::{Browser, client, form_of, parameter};
use crate::github;

pub(crate) use crate::databases::cases;

/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The registered redirect URI. Nobody listens there: the browser stops.
pub(crate) const FRONT_END: &str = "https://app.example.test/callback?from=sentinel";
pub(crate) const ORIGIN: &str = "https://notes.example.test";
pub(crate) const SCOPE: &str = "notes";
pub(crate) const KEY: &str = "sk_notes-0123456789-0123456789-0123456789";
pub(crate) const OTHER_KEY: &str = "sk_other-0123456789-0123456789-0123456789";

/// Tenants whose redirect URIs the provider knows.
pub(crate) const TENANTS: [Uuid; 2] = [Uuid::from_u128(0x7e57_0001), Uuid::from_u128(0x7e57_0002)];

/// The provider of this test run. It ends when our end of its standard input closes, at the latest with us.
pub(crate) struct Real {
    _process: Child,
    pub(crate) issuer: String,
}

pub(crate) static REAL: LazyLock<Real> = LazyLock::new(|| {
    let client = |id: &str| {
        json!({
            "client_id": id,
            "token_endpoint_auth_method": "none",
            "id_token_signed_response_alg": "RS256",
            "redirect_uris": [
                "http://127.0.0.1/auth/callback/real", "http://127.0.0.1/auth/callback/other",
                "http://127.0.0.1/auth/admin/callback/real", "http://127.0.0.1/front",
            ],
        })
    };
    let tenant = json!({
        "client_id": "tenant",
        "token_endpoint_auth_method": "none",
        "id_token_signed_response_alg": "RS256",
        "redirect_uris": TENANTS.map(|id| format!("http://127.0.0.1/api/v1/auth/sso/oidc/callback/ten_{id}")),
    });
    let settings = json!({ "clients": [tenant, client("sentinel"), client("front"), client("other-front"), client("stranger")], "users": {
        // Two people whose addresses begin alike, and one who only says so.
        "ada.lovelace": { "given_name": "Ada", "family_name": "Lovelace", "name": "Ada Lovelace" },
        "ada-elsewhere": { "email": "ada.lovelace@other.test" },
        "groups-it": { "groups": ["staff", "it"] },
        "groups-none": { "groups": ["staff"] },
        "groups-owner": { "groups": ["owner", "Owner", "platform-admin"] },
        "ada-unproven": { "email": "ada.lovelace@example.test", "email_verified": false },
    } });
    let mut process = Command::new("node")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/auth/provider.mjs"))
        .arg(settings.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node, of version 20.16 or newer, must be on PATH");
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).expect("the provider did not start");
    Real { _process: process, issuer: said["issuer"].as_str().unwrap().to_owned() }
});

/// One for all: a second server on a database must open what the first one sealed.
static MASTER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

pub(crate) fn master() -> MasterKey {
    MasterKey::load_or_create(&MASTER.path().join("master.key")).unwrap().0
}

pub(crate) struct Deployment {
    pub(crate) base: String,
    pub(crate) service: Service,
    pub(crate) store: Store,
    pub(crate) http: Client,
    ahead: Arc<AtomicI64>,
}

/// Whom a token is for, as the guard let it in.
#[utoipa::path(get, path = "/probe", responses((status = 200, body = Value)))]
async fn probe(user: User) -> axum::Json<Value> {
    axum::Json(json!({ "id": user.id, "email": user.email, "role": user.role, "groups": user.groups }))
}

/// The same for a browser in authz mode.
#[utoipa::path(get, path = "/probe/directory", responses((status = 200, body = Value)))]
async fn probe_directory(user: User) -> axum::Json<Value> {
    axum::Json(json!({ "id": user.id, "role": user.role }))
}

impl Deployment {
    pub(crate) async fn start(place: StoreOptions, change: impl FnOnce(&mut Config, &mut ProviderConfig)) -> Self {
        Self::start_with(place, Vec::new(), change).await
    }

    /// With more providers.
    pub(crate) async fn start_with(
        place: StoreOptions,
        more: Vec<ProviderConfig>,
        change: impl FnOnce(&mut Config, &mut ProviderConfig),
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::new(&base);
        // Quicker to make; RS256 has a test of its own.
        config.algorithm = SigningAlgorithm::Es256;
        let mut provider = ProviderConfig::oidc("real", &REAL.issuer, "sentinel", None);
        provider.trust_email = true;
        provider.extra_audiences = vec!["front".into()];
        change(&mut config, &mut provider);
        let other = ProviderConfig { id: "other".into(), ..provider.clone() };
        let github = ProviderConfig { issuer: github::start().await, ..ProviderConfig::github("app", "secret".into()) };
        let policy = FetchPolicy { loopback: true, ..FetchPolicy::default() };
        let providers = Providers::new([provider, other, github].into_iter().chain(more), policy).unwrap();
        let ahead = Arc::new(AtomicI64::new(0));
        let clock = {
            let ahead = Arc::clone(&ahead);
            Clock::new(move || real_now() + ahead.load(Ordering::Relaxed))
        };
        let store = Store::open(&place, clock.now()).await.unwrap();
        let master = master();
        let parts = Parts { store: store.clone(), clock, master, providers, config };
        let service = Service::new(parts).await.unwrap();
        let probes = Routes::new(service.clone(), utoipa::openapi::OpenApi::default())
            .add(Access::User, routes!(probe))
            .add(Access::Directory, routes!(probe_directory));
        let router =
            sentinel_server::http::routes(service.clone()).0.merge(probes.finish().0.with_state(service.clone()));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let deployment = Self { base, service, store, http: client(), ahead };
        deployment.register().await;
        deployment
    }

    async fn register(&self) {
        let now = self.now();
        let mut db = self.begin().await;
        if db.service_by_name(SCOPE).await.unwrap().is_some() {
            // A second server on the same database.
            return;
        }
        let (uris, origins) = ([FRONT_END.to_owned()], [ORIGIN.to_owned()]);
        let client = NewClient {
            id: Uuid::new_v4(),
            name: "app",
            redirect_uris: &uris,
            allowed_origins: &[],
            workspaces: &[],
            created_by: None,
        };
        db.insert_client(&client, now).await.unwrap();
        for (name, key, origins) in [(SCOPE, KEY, &origins[..]), ("other", OTHER_KEY, &[])] {
            let id = Uuid::new_v4();
            let service = NewService {
                id,
                service_name: name,
                name,
                realm_id: None,
                allowed_origins: origins,
                idp_audiences: &[],
                relay_redirect_uris: &[],
                created_by: None,
            };
            db.insert_service(&service, now).await.unwrap();
            db.rotate_service_key(id, &secrets::hash(key.as_bytes()), &key[..8], now, now).await.unwrap();
        }
        db.commit().await.unwrap();
    }

    /// Changes the service of this name.
    pub(crate) async fn change_service(&self, name: &str, change: &ServiceChange<'_>) {
        let mut db = self.begin().await;
        let id = db.service_by_name(name).await.unwrap().unwrap().id;
        assert!(db.update_service(id, change, self.now()).await.unwrap());
        db.commit().await.unwrap();
    }

    pub(crate) async fn begin(&self) -> Transaction {
        self.store.begin().await.unwrap()
    }

    pub(crate) fn now(&self) -> i64 {
        real_now() + self.ahead.load(Ordering::Relaxed)
    }

    pub(crate) fn pass(&self, millis: i64) {
        self.ahead.fetch_add(millis, Ordering::Relaxed);
    }

    pub(crate) fn login_url(&self) -> String {
        let query = [
            ("redirect_uri", FRONT_END),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "the front end's"),
        ];
        format!("{}/auth/login/real?{}", self.base, form_of(&query))
    }

    /// A code for `name`.
    pub(crate) async fn code(&self, name: &str) -> String {
        let back = Browser::new().log_in(&self.login_url(), name, FRONT_END).await;
        assert_eq!(parameter(&back, "state").as_deref(), Some("the front end's"));
        parameter(&back, "code").unwrap_or_else(|| panic!("no code: {back}"))
    }

    pub(crate) async fn choices(&self, code: &str) -> Vec<Value> {
        let answer = self.http.get(format!("{}/auth/workspaces?code={code}", self.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        body(answer).await.as_array().unwrap().clone()
    }

    pub(crate) async fn exchange(&self, code: &str, workspace: &str, verifier: &str) -> Response {
        self.post("/auth/token", json!({ "code": code, "workspace_id": workspace, "code_verifier": verifier })).await
    }

    pub(crate) async fn post(&self, path: &str, value: Value) -> Response {
        let request = self.http.post(format!("{}{path}", self.base)).header("content-type", "application/json");
        request.body(value.to_string()).send().await.unwrap()
    }

    /// The tokens of `name` in the first workspace.
    pub(crate) async fn log_in(&self, name: &str) -> Tokens {
        let code = self.code(name).await;
        let workspace = self.choices(&code).await[0]["id"].as_str().unwrap().to_owned();
        Tokens::of(body(self.exchange(&code, &workspace, VERIFIER).await).await)
    }

    /// The tokens of `name` in this workspace, where they are a member.
    pub(crate) async fn log_in_at(&self, name: &str, workspace: Uuid) -> Tokens {
        let code = self.code(name).await;
        Tokens::of(body(self.exchange(&code, &workspace.to_string(), VERIFIER).await).await)
    }

    pub(crate) async fn refresh(&self, token: &str) -> Response {
        self.post("/auth/refresh", json!({ "refresh_token": token })).await
    }

    /// What a route for people says to this token.
    pub(crate) async fn probe(&self, token: &str, key: Option<&str>) -> (u16, Value) {
        let mut request = self.http.get(format!("{}/probe", self.base)).bearer_auth(token);
        if let Some(key) = key {
            request = request.header("x-service-key", key);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), body(answer).await)
    }

    pub(crate) async fn holds(&self, token: &str) -> bool {
        let (status, said) = self.probe(token, None).await;
        assert!(status == 200 || status == 401, "{status} {said}");
        status == 200
    }

    pub(crate) async fn form(&self, path: &str, key: &str, form: &[(&str, &str)]) -> Response {
        let request = self.http.post(format!("{}{path}", self.base)).header("x-service-key", key);
        request.header("content-type", "application/x-www-form-urlencoded").body(form_of(form)).send().await.unwrap()
    }

    /// A workspace whose members are given.
    pub(crate) async fn workspace(&self, slug: &str, members: &[(Uuid, WorkspaceRole)]) -> Uuid {
        let id = Uuid::new_v4();
        let mut db = self.begin().await;
        let new = NewWorkspace { id, slug, name: slug, description: None, created_by: None };
        db.insert_workspace(&new, self.now()).await.unwrap();
        for (user, role) in members {
            db.insert_member(id, *user, *role, self.now()).await.unwrap();
        }
        db.commit().await.unwrap();
        id
    }

    /// What a front end gets by itself: an ID token of `name` for `client`, with this nonce.
    pub(crate) async fn id_token(&self, client: &str, name: &str, nonce: &str) -> String {
        let redirect = format!("{}/front", self.base);
        let query = [
            ("client_id", client),
            ("response_type", "code"),
            ("scope", "openid email profile"),
            ("redirect_uri", &redirect),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("nonce", nonce),
        ];
        let url = format!("{}/auth?{}", REAL.issuer, form_of(&query));
        let back = Browser::new().log_in(&url, name, &redirect).await;
        let code = parameter(&back, "code").unwrap();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &code),
            ("redirect_uri", &redirect),
            ("code_verifier", VERIFIER),
        ];
        let request = self.http.post(format!("{}/token", REAL.issuer)).body(form_of(&form));
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
        body(answer).await["id_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn resolve(&self, key: Option<&str>, value: Value) -> Response {
        let mut request =
            self.http.post(format!("{}/authz/resolve", self.base)).header("content-type", "application/json");
        request = match key {
            Some(key) => request.header("x-service-key", key),
            None => request.header("origin", ORIGIN),
        };
        request.body(value.to_string()).send().await.unwrap()
    }

    /// The ID token and the authz token of `name` for the service of [`KEY`], in their own workspace.
    pub(crate) async fn pair(&self, name: &str) -> (String, String) {
        let idp_token = self.id_token("front", name, "n").await;
        let found = body(self.resolve(Some(KEY), json!({ "idp_token": idp_token, "provider": "real" })).await).await;
        let workspace = &found["workspaces"][0]["id"];
        let asked = json!({ "idp_token": idp_token, "provider": "real", "workspace_id": workspace });
        let answer = body(self.resolve(Some(KEY), asked).await).await;
        (idp_token, answer["authz_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned())
    }

    /// An admin cookie for `name`, who must be an administrator.
    pub(crate) async fn admin_cookie(&self, name: &str) -> String {
        let mut browser = Browser::new();
        let back = self.admin_callback(&mut browser, name).await;
        let answer = browser.get(back.as_str()).await;
        assert_eq!(answer.status(), 200, "{:?}", answer.text().await);
        browser.jar["admin_token"].clone()
    }

    pub(crate) async fn admin_callback(&self, browser: &mut Browser, name: &str) -> Url {
        let stop = format!("{}/auth/admin/callback", self.base);
        browser.log_in(&format!("{}/auth/admin/login/real", self.base), name, &stop).await
    }

    pub(crate) async fn admin(&self, cookie: &str) -> u16 {
        let request =
            self.http.get(format!("{}/auth/admin/me", self.base)).header("cookie", format!("admin_token={cookie}"));
        request.send().await.unwrap().status().as_u16()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    pub(crate) fn of(answer: Value) -> Self {
        assert_eq!(answer["token_type"], "bearer", "{answer}");
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }

    pub(crate) fn user(&self) -> Uuid {
        claims(&self.access)["sub"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn workspace(&self) -> Uuid {
        claims(&self.access)["wid"].as_str().unwrap().parse().unwrap()
    }
}

pub(crate) async fn body(answer: Response) -> Value {
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
}

/// What a token says; who verifies it is asked elsewhere.
pub(crate) fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn real_now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}
