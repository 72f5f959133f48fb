//! A tenant's own OpenID provider: set up, tried, enabled, logged in by; and what it may not.

use reqwest::{Response, Url};
use sentinel_server::service::dialects::tenant_id;
use sentinel_server::service::{Actor, Caller, Config, WorkspaceRole};
use sentinel_storage::{NewWorkspace, StoreOptions};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{CHALLENGE, Deployment, FRONT_END, REAL, TENANTS, VERIFIER, body, cases, claims};
use crate::tenant::{PASSWORD, account, quick, refusal, set_password};

cases! {
    set_up_tried_enabled_and_logged_in_by, a_code_is_for_the_one_tenant, a_session_is_for_the_one_tenant,
    domains_decide_for_whom_it_speaks, another_tenants_people_are_others, administrators_do_not_come_in,
    roles_are_capped, what_was_not_tried_is_not_enabled, it_ends_with_the_connection,
}

/// A tenant with an administrator who has a password.
pub(crate) struct Tenant {
    pub(crate) id: Uuid,
    pub(crate) admin: Uuid,
    pub(crate) token: String,
}

pub(crate) async fn start(place: StoreOptions, change: impl FnOnce(&mut Config)) -> Deployment {
    Deployment::start(place, |config, _| {
        quick(config);
        config.federation.fetch = FetchPolicy { loopback: true, ..FetchPolicy::default() };
        change(config);
    })
    .await
}

impl Tenant {
    pub(crate) async fn make(server: &Deployment, slug: &str) -> Self {
        let email = format!("boss@{slug}.test");
        let admin = account(server, &email).await;
        let id = TENANTS[usize::from(slug == "other")];
        let mut db = server.begin().await;
        let new = NewWorkspace { id, slug, name: slug, description: None, created_by: None };
        db.insert_workspace(&new, server.now()).await.unwrap();
        db.insert_member(id, admin, WorkspaceRole::Owner, server.now()).await.unwrap();
        db.commit().await.unwrap();
        set_password(server, admin, PASSWORD).await;
        let login = json!({ "email": email, "password": PASSWORD, "tenant_id": tenant_id(id) });
        let answer = body(server.post("/api/v1/auth/login", login).await).await;
        Self { id, admin, token: answer["access_token"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn name(&self) -> String {
        tenant_id(self.id)
    }

    pub(crate) async fn ask(&self, server: &Deployment, method: &str, path: &str, value: Option<Value>) -> Response {
        let url = format!("{}/api/v1/auth/sso/{path}", server.base);
        let mut request = server.http.request(method.parse().unwrap(), url).bearer_auth(&self.token);
        if let Some(value) = value {
            request = request.header("content-type", "application/json").body(value.to_string());
        }
        request.send().await.unwrap()
    }

    pub(crate) async fn post(&self, server: &Deployment, path: &str, value: Value) -> Response {
        self.ask(server, "POST", path, Some(value)).await
    }

    /// A decision of whoever runs the server.
    pub(crate) async fn approve(&self, server: &Deployment, domain: &str) {
        let caller = Caller::default();
        server.service.approve_sso_domain(&Actor::System, &caller, self.id, domain).await.unwrap();
    }

    /// What it is set up with.
    pub(crate) async fn configure(&self, server: &Deployment, more: Value) -> Value {
        let answer = self.post(server, "configure", configuration(more)).await;
        let status = answer.status();
        let answer = body(answer).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Tries the draft as this person: the report.
    pub(crate) async fn test(&self, server: &Deployment, name: &str) -> Value {
        let link = body(self.post(server, "test", json!({})).await).await;
        let mut browser = Browser::new();
        let back = browser.log_in(link["url"].as_str().unwrap(), name, &self.callback(server)).await;
        let answer = browser.get(back.as_str()).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().get("set-cookie").is_none(), "a test begins no session");
        body(answer).await
    }

    pub(crate) fn callback(&self, server: &Deployment) -> String {
        format!("{}/api/v1/auth/sso/oidc/callback/{}", server.base, self.name())
    }

    /// Sets up, tries and enables, where people of `example.test` may come in.
    pub(crate) async fn connect(&self, server: &Deployment, more: Value) {
        self.configure(server, more).await;
        let report = self.test(server, "tester").await;
        assert_eq!(report["ok"], true, "{report}");
        let answer = self.post(server, "enable", json!({})).await;
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }

    pub(crate) fn login_url(&self, server: &Deployment) -> String {
        let tenant = self.name();
        let query = [
            ("tenant", tenant.as_str()),
            ("redirect_uri", FRONT_END),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "its own"),
        ];
        format!("{}/api/v1/auth/sso/login?{}", server.base, form_of(&query))
    }

    /// Where the front end's browser ends up.
    pub(crate) async fn arrive(&self, server: &Deployment, name: &str) -> Url {
        Browser::new().log_in(&self.login_url(server), name, FRONT_END).await
    }

    pub(crate) async fn session(&self, server: &Deployment, name: &str) -> Value {
        let back = self.arrive(server, name).await;
        let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code: {back}"));
        let answer = exchange(server, &code, VERIFIER).await;
        assert_eq!(answer.status(), 200);
        body(answer).await
    }

    /// Why somebody does not come in, as it also stands in the tenant's list.
    pub(crate) async fn refused(&self, server: &Deployment, name: &str) -> String {
        let back = self.arrive(server, name).await;
        assert_eq!(parameter(&back, "code"), None, "{back}");
        let code = parameter(&back, "error_description").unwrap();
        let failures = body(self.ask(server, "GET", "failures", None).await).await;
        let listed = failures.as_array().unwrap().iter().find(|one| one["code"] == code.as_str());
        assert!(listed.is_some_and(|one| !one["advice"].as_str().unwrap().is_empty()), "{code}: {failures}");
        code
    }
}

pub(crate) fn configuration(more: Value) -> Value {
    let mut configuration = json!({
        "protocol": "oidc", "issuer": REAL.issuer, "client_id": "tenant",
        "attribute_mapping": { "email": "email", "role": "groups" },
    });
    for (name, value) in more.as_object().unwrap() {
        configuration[name] = value.clone();
    }
    configuration
}

pub(crate) async fn exchange(server: &Deployment, code: &str, verifier: &str) -> Response {
    server.post("/api/v1/auth/sso/token", json!({ "code": code, "code_verifier": verifier })).await
}

pub(crate) fn access(session: &Value) -> &str {
    session["access_token"].as_str().unwrap()
}

async fn set_up_tried_enabled_and_logged_in_by(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    // Where the provider finds us is known before anything is set up.
    let before = body(firm.ask(&server, "GET", "configure", None).await).await;
    assert_eq!(before["addresses"]["oidc_redirect_uri"], firm.callback(&server));
    assert_eq!((&before["draft"], &before["enabled"]), (&Value::Null, &Value::Null));
    let closed = server.http.get(firm.login_url(&server)).send().await.unwrap();
    assert_eq!(refusal(closed).await, (404, "sso_not_configured".to_owned()));

    firm.approve(&server, "example.test").await;
    let set_up = firm.configure(&server, json!({ "client_secret": "hunter2-hunter2" })).await;
    assert!(!set_up.to_string().contains("hunter2"), "{set_up}");
    assert_eq!(set_up["draft"]["has_client_secret"], true);
    let set_up = firm.configure(&server, json!({})).await;
    assert_eq!(set_up["draft"]["tested_at"], Value::Null);
    let closed = server.http.get(firm.login_url(&server)).send().await.unwrap();
    assert_eq!(refusal(closed).await.0, 404, "a draft lets nobody in");

    let report = firm.test(&server, "ada.lovelace").await;
    assert_eq!(report["email"], "ada.lovelace@example.test");
    assert_eq!((&report["ok"], &report["role"]), (&json!(true), &json!("viewer")));
    assert!(report["attributes"].as_array().unwrap().contains(&json!("email")), "{report}");
    assert_eq!(firm.post(&server, "enable", json!({})).await.status(), 200);

    // A front end of its own.
    let session = firm.session(&server, "ada.lovelace").await;
    let user = &session["user"];
    assert_eq!((&user["email"], &user["role"]), (&json!("ada.lovelace@example.test"), &json!("viewer")));
    assert_eq!(user["tenant_id"], firm.name());
    assert!(server.holds(access(&session)).await);
    assert_eq!(firm.session(&server, "ada.lovelace").await["user"]["id"], user["id"]);

    // A page of the server's own, by the address.
    let mut browser = Browser::new();
    let query = form_of(&[("email", "ada.lovelace@example.test"), ("return_to", "/app?x=1")]);
    let url = format!("{}/api/v1/auth/sso/login?{query}", server.base);
    let back = browser.log_in(&url, "ada.lovelace", &firm.callback(&server)).await;
    let landed = browser.get(back.as_str()).await;
    assert_eq!(landed.headers()["location"], format!("{}/app?x=1", server.base));
    assert!(browser.jar.contains_key("sentinel_refresh"));
    let request = server.http.post(format!("{}/api/v1/auth/refresh", server.base)).header("origin", &server.base);
    let fresh = browser.send(request.header("content-type", "application/json").body("{}")).await;
    assert_eq!(fresh.status(), 200);
    // The same answer a second time.
    assert_eq!(refusal(browser.get(back.as_str()).await).await, (400, "replayed".to_owned()));
    for foreign in ["//evil.test", "https://evil.test/", "/\\evil.test"] {
        let query = form_of(&[("tenant", &firm.name()), ("return_to", foreign)]);
        let url = format!("{}/api/v1/auth/sso/login?{query}", server.base);
        assert_eq!(refusal(server.http.get(url).send().await.unwrap()).await.0, 400, "{foreign}");
    }
}

async fn a_code_is_for_the_one_tenant(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let (firm, other) = (Tenant::make(&server, "firm").await, Tenant::make(&server, "other").await);
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    let first = firm.session(&server, "ada.lovelace").await;
    let ada: Uuid = claims(access(&first))["sub"].as_str().unwrap().parse().unwrap();
    let mut db = server.begin().await;
    db.insert_member(other.id, ada, WorkspaceRole::Admin, server.now()).await.unwrap();
    db.commit().await.unwrap();

    let code = parameter(&firm.arrive(&server, "ada.lovelace").await, "code").unwrap();
    let elsewhere = server.exchange(&code, &other.id.to_string(), VERIFIER).await;
    assert_eq!(elsewhere.status(), 400, "no code of logins that choose their workspace");
    let choices = server.http.get(format!("{}/auth/workspaces?code={code}", server.base)).send().await.unwrap();
    assert_eq!(choices.status(), 400);
    assert_eq!(refusal(exchange(&server, &code, &VERIFIER.to_uppercase()).await).await.0, 400);
    let session = body(exchange(&server, &code, VERIFIER).await).await;
    assert_eq!(session["user"]["tenant_id"], firm.name());
    // A second use ends what it led to.
    assert_eq!(exchange(&server, &code, VERIFIER).await.status(), 400);
    assert!(!server.holds(access(&session)).await);
}

async fn a_session_is_for_the_one_tenant(place: StoreOptions) {
    let server = start(place, |config| config.lifetimes.sso = 3_600_000).await;
    let (firm, other) = (Tenant::make(&server, "firm").await, Tenant::make(&server, "other").await);
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    // Ada has an account, which is a member elsewhere, and is joined by the address.
    let ada = account(&server, "ada.lovelace@example.test").await;
    let mut db = server.begin().await;
    db.insert_member(other.id, ada, WorkspaceRole::Admin, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let session = firm.session(&server, "ada.lovelace").await;
    let token = access(&session);
    let said = claims(token);
    assert_eq!((&said["sub"], &said["wid"]), (&json!(ada), &json!(firm.id)));

    let get =
        async |path: &str| server.http.get(format!("{}{path}", server.base)).bearer_auth(token).send().await.unwrap();
    let listed = body(get("/workspaces").await).await;
    let listed: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(listed, [json!(firm.id)], "and not the other one");
    let first = get("/workspaces?limit=1").await;
    assert!(first.headers().get("link").is_none(), "a cursor would tell the other one's name");
    assert_eq!(body(first).await[0]["id"], json!(firm.id));
    for (path, status) in [
        (format!("/workspaces/{}", other.id), 403),
        (format!("/workspaces/{}/members", other.id), 403),
        ("/users/me/sessions".to_owned(), 403),
        (format!("/workspaces/{}", firm.id), 200),
        ("/users/me".to_owned(), 200),
    ] {
        assert_eq!(get(&path).await.status(), status, "{path}");
    }
    for (method, path, value) in [
        ("POST", "/workspaces", json!({ "name": "Mine", "slug": "mine-own" })),
        ("PATCH", "/users/me", json!({ "name": "Eve" })),
        ("POST", "/users/me/sessions/revoke-others", json!({})),
        ("POST", "/api/v1/auth/password", json!({ "current_password": PASSWORD, "new_password": PASSWORD })),
    ] {
        let request = server.http.request(method.parse().unwrap(), format!("{}{path}", server.base)).bearer_auth(token);
        let answer = request.header("content-type", "application/json").body(value.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
    }
    // Nothing that another front end could follow stays in the browser.
    let mut browser = Browser::new();
    browser.log_in(&firm.login_url(&server), "ada.lovelace", FRONT_END).await;
    assert!(!browser.jar.contains_key("sentinel_sso"));
    // Its refresh token stays in this tenant and dialect.
    let refresh = session["refresh_token"].as_str().unwrap();
    assert_eq!(server.refresh(refresh).await.status(), 401);
    let fresh = body(server.post("/api/v1/auth/refresh", json!({ "refresh_token": refresh })).await).await;
    assert_eq!(claims(access(&fresh))["wid"], json!(firm.id));
}

async fn domains_decide_for_whom_it_speaks(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let (firm, other) = (Tenant::make(&server, "firm").await, Tenant::make(&server, "other").await);
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    // An address of a domain that nobody has proven, and of one that another tenant has.
    assert_eq!(firm.refused(&server, "ada-elsewhere").await, "sso_domain_not_proven");
    other.approve(&server, "other.test").await;
    assert_eq!(firm.refused(&server, "ada-elsewhere").await, "sso_domain_not_proven");
    let claimed = other.post(&server, "domains", json!({ "domain": "EXAMPLE.test" })).await;
    assert_eq!(claimed.status(), 201, "anybody may claim");
    let stolen = server.service.approve_sso_domain(&Actor::System, &Caller::default(), other.id, "example.test").await;
    assert!(stolen.is_err(), "one tenant has a domain");
    let own = body(other.ask(&server, "GET", "domains", None).await).await;
    assert_eq!(own.as_array().unwrap().iter().filter(|one| !one["proven_at"].is_null()).count(), 1, "{own}");
    // The domain is taken back: the sessions end, and nobody comes in.
    let session = firm.session(&server, "ada.lovelace").await;
    assert_eq!(firm.ask(&server, "DELETE", "domains/example.test", None).await.status(), 204);
    assert!(!server.holds(access(&session)).await);
    assert_eq!(firm.refused(&server, "ada.lovelace").await, "sso_domain_not_proven");
    // Another domain of the tenant's does not bring back an account of that one.
    firm.approve(&server, "other.example").await;
    assert_eq!(firm.refused(&server, "ada.lovelace").await, "sso_domain_not_proven");
}

async fn another_tenants_people_are_others(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let (firm, other) = (Tenant::make(&server, "firm").await, Tenant::make(&server, "other").await);
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    let ada = firm.session(&server, "ada.lovelace").await;
    // The other tenant configures the very same issuer and client: what it says of Ada is about nobody.
    other.configure(&server, json!({})).await;
    let report = other.test(&server, "ada.lovelace").await;
    assert_eq!((&report["ok"], &report["code"]), (&json!(false), &json!("sso_domain_not_proven")));
    assert_eq!(refusal(other.post(&server, "enable", json!({})).await).await, (409, "sso_not_tested".to_owned()));
    // Also where it may speak for a domain: the same subject is another person there.
    other.approve(&server, "other.test").await;
    let report = other.test(&server, "ada-elsewhere").await;
    assert_eq!(report["ok"], true, "{report}");
    assert_eq!(other.post(&server, "enable", json!({})).await.status(), 200);
    let elsewhere = other.session(&server, "ada-elsewhere").await;
    assert_ne!(elsewhere["user"]["id"], ada["user"]["id"]);
    assert_eq!(other.refused(&server, "ada.lovelace").await, "sso_domain_not_proven");
}

async fn administrators_do_not_come_in(place: StoreOptions) {
    let server = start(place, |config| config.admin_emails = vec!["chief@example.test".into()]).await;
    let firm = Tenant::make(&server, "firm").await;
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    // By the address that the settings name, where there is no account yet.
    assert_eq!(firm.refused(&server, "chief").await, "account_not_allowed");
    let none = server.store.read().await.unwrap().user_by_verified_email("chief@example.test").await.unwrap();
    assert!(none.is_none(), "no account was made");
    // By the account, and one that has come in before.
    let session = firm.session(&server, "ada.lovelace").await;
    assert!(server.holds(access(&session)).await);
    let ada: Uuid = claims(access(&session))["sub"].as_str().unwrap().parse().unwrap();
    let mut db = server.begin().await;
    db.set_user_admin(ada, true, server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert!(!server.holds(access(&session)).await, "whom the provider let in acts as no administrator");
    assert_eq!(firm.refused(&server, "ada.lovelace").await, "account_not_allowed");
}

async fn roles_are_capped(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    firm.approve(&server, "example.test").await;
    let role = |session: &Value| session["user"]["role"].as_str().unwrap().to_owned();
    let mapping = json!({ "it": "admin", "desk": "analyst" });
    firm.connect(&server, json!({ "role_mapping": mapping })).await;
    assert_eq!(role(&firm.session(&server, "groups-it").await), "analyst", "at most analyst without max_role");
    assert_eq!(role(&firm.session(&server, "groups-none").await), "viewer");
    firm.connect(&server, json!({ "role_mapping": mapping, "max_role": "admin" })).await;
    let it = firm.session(&server, "groups-it").await;
    assert_eq!(role(&it), "admin");
    firm.connect(&server, json!({ "role_mapping": { "it": "viewer" } })).await;
    assert_eq!(role(&firm.session(&server, "groups-it").await), "viewer", "the provider takes away, too");
    // No word makes an owner, and an owner stays one.
    firm.connect(&server, json!({ "max_role": "admin" })).await;
    assert_eq!(role(&firm.session(&server, "groups-owner").await), "viewer");
    let id: Uuid = claims(access(&it))["sub"].as_str().unwrap().parse().unwrap();
    let mut db = server.begin().await;
    db.set_member_role(firm.id, id, WorkspaceRole::Owner, server.now()).await.unwrap();
    db.commit().await.unwrap();
    firm.session(&server, "groups-it").await;
    let now = server.store.read().await.unwrap().member_role(firm.id, id).await.unwrap();
    assert_eq!(now, Some(WorkspaceRole::Owner));
    // Whom nothing makes anything does not come in, where that was decided.
    firm.configure(&server, json!({ "role_mapping": { "it": "viewer" }, "default_role": null })).await;
    assert_eq!(firm.test(&server, "groups-none").await["code"], "role_missing");
    let owner = firm.post(&server, "configure", configuration(json!({ "max_role": "owner" }))).await;
    assert_eq!(refusal(owner).await.0, 422);
}

async fn what_was_not_tried_is_not_enabled(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    firm.approve(&server, "example.test").await;
    assert_eq!(refusal(firm.post(&server, "enable", json!({})).await).await.0, 404);
    firm.configure(&server, json!({})).await;
    assert_eq!(refusal(firm.post(&server, "enable", json!({})).await).await, (409, "sso_not_tested".to_owned()));
    // A test that fails is none, and one of another configuration neither.
    assert_eq!(firm.test(&server, "ada-elsewhere").await["ok"], false);
    assert_eq!(firm.post(&server, "enable", json!({})).await.status(), 409);
    assert_eq!(firm.test(&server, "ada.lovelace").await["ok"], true);
    firm.configure(&server, json!({ "max_role": "admin" })).await;
    assert_eq!(firm.post(&server, "enable", json!({})).await.status(), 409);
    // A test link opens once.
    let link = body(firm.post(&server, "test", json!({})).await).await["url"].as_str().unwrap().to_owned();
    assert_eq!(server.http.get(&link).send().await.unwrap().status(), 302);
    assert_eq!(refusal(server.http.get(&link).send().await.unwrap()).await, (400, "login_unknown".to_owned()));
    // What people log in by goes on beside a draft.
    firm.connect(&server, json!({})).await;
    firm.configure(&server, json!({ "default_role": null, "role_mapping": { "none": "viewer" } })).await;
    assert_eq!(firm.session(&server, "ada.lovelace").await["user"]["role"], "viewer");
    // Others may not: a member who is no admin.
    let owner = account(&server, "owner@firm.test").await;
    let mut db = server.begin().await;
    db.insert_member(firm.id, owner, WorkspaceRole::Owner, server.now()).await.unwrap();
    db.set_member_role(firm.id, firm.admin, WorkspaceRole::Editor, server.now()).await.unwrap();
    db.commit().await.unwrap();
    for (method, path) in [
        ("GET", "configure"),
        ("DELETE", "configure"),
        ("POST", "test"),
        ("POST", "enable"),
        ("POST", "disable"),
        ("GET", "failures"),
        ("GET", "domains"),
        ("POST", "domains/example.test/verify"),
        ("DELETE", "domains/example.test"),
    ] {
        assert_eq!(refusal(firm.ask(&server, method, path, Some(json!({}))).await).await.0, 403, "{method} {path}");
    }
    assert_eq!(refusal(firm.post(&server, "configure", configuration(json!({}))).await).await.0, 403);
    assert_eq!(refusal(firm.post(&server, "domains", json!({ "domain": "a.test" })).await).await.0, 403);
}

async fn it_ends_with_the_connection(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    let session = firm.session(&server, "ada.lovelace").await;
    let late = parameter(&firm.arrive(&server, "ada.lovelace").await, "code").unwrap();
    assert_eq!(firm.post(&server, "disable", json!({})).await.status(), 200);
    assert!(!server.holds(access(&session)).await);
    let refreshed = server.post("/api/v1/auth/refresh", json!({ "refresh_token": session["refresh_token"] })).await;
    assert_eq!(refreshed.status(), 401);
    assert_eq!(exchange(&server, &late, VERIFIER).await.status(), 400, "a code that was not used yet ends, too");
    assert_eq!(server.http.get(firm.login_url(&server)).send().await.unwrap().status(), 404);
    // It waits as a draft that was tried.
    assert_eq!(firm.post(&server, "enable", json!({})).await.status(), 200);
    // A login that is on its way when it is removed comes back to nothing.
    let mut browser = Browser::new();
    let back = browser.log_in(&firm.login_url(&server), "ada.lovelace", &firm.callback(&server)).await;
    assert_eq!(firm.ask(&server, "DELETE", "configure", None).await.status(), 204);
    assert_eq!(refusal(browser.get(back.as_str()).await).await, (400, "login_unknown".to_owned()));
    assert_eq!(refusal(firm.ask(&server, "DELETE", "configure", None).await).await.0, 404);
    // Who is deactivated stays out.
    firm.connect(&server, json!({})).await;
    let id: Uuid = claims(access(&session))["sub"].as_str().unwrap().parse().unwrap();
    let mut db = server.begin().await;
    db.set_user_active(id, false, server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(firm.refused(&server, "ada.lovelace").await, "account_disabled");
}
