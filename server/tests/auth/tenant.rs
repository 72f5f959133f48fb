//! The tenant API, requests and answers as its document prints them.

use reqwest::Response;
use secrecy::ExposeSecret as _;
use sentinel_keys::passwords::Parameters;
use sentinel_server::service::passwords::Hashing;
use sentinel_server::service::{Actor, Caller, Config, WorkspaceRole};
use sentinel_storage::StoreOptions;
use sentinel_tower::core::{KeySet, Limits, SymmetricKeys};
use sentinel_tower::{Keys, Sentinel};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, body, cases, claims};

cases! {
    login_refresh_and_logout, roles_open_what_the_table_says, tenants_are_chosen, refusals_have_codes,
    a_copied_refresh_token_ends_the_session, refresh_tokens_stay_in_their_dialect, cookies_are_for_own_pages,
    a_change_ends_other_sessions, a_reset_ends_all, links_are_good_once, invited_people_come_in,
}

/// As quick as Argon2 gets; what it costs has tests of its own.
pub(crate) const QUICK: Parameters = Parameters { memory: 64, iterations: 1, lanes: 1 };
pub(crate) const PASSWORD: &str = "secure-Passw0rd-of-mine";
pub(crate) const EMAIL: &str = "user@firm.com";

pub(crate) fn quick(config: &mut Config) {
    config.hashing = Hashing { parameters: QUICK, at_once: 4, waiting: 400 };
}

/// A server where `user@firm.com` is an analyst of one tenant, with a password.
pub(crate) struct Firm {
    pub(crate) server: Deployment,
    pub(crate) user: Uuid,
    pub(crate) tenant: Uuid,
}

impl Firm {
    pub(crate) async fn start(place: StoreOptions) -> Self {
        Self::start_with(place, |_| {}).await
    }

    pub(crate) async fn start_with(place: StoreOptions, change: impl FnOnce(&mut Config)) -> Self {
        let server = Deployment::start(place, |config, _| {
            quick(config);
            change(config);
        })
        .await;
        let user = account(&server, EMAIL).await;
        let tenant = server.workspace("firm", &[(user, WorkspaceRole::Editor)]).await;
        set_password(&server, user, PASSWORD).await;
        Self { server, user, tenant }
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Response {
        self.server.post("/api/v1/auth/login", json!({ "email": email, "password": password })).await
    }

    /// A login that is good.
    pub(crate) async fn session(&self) -> Value {
        let answer = self.login(EMAIL, PASSWORD).await;
        assert_eq!(answer.status(), 200);
        body(answer).await
    }

    async fn refresh(&self, token: &Value) -> Response {
        self.server.post("/api/v1/auth/refresh", json!({ "refresh_token": token })).await
    }

    async fn with_token(&self, path: &str, token: &Value, value: Value) -> Response {
        let request = self.server.http.post(format!("{}{path}", self.server.base)).bearer_auth(token.as_str().unwrap());
        request.header("content-type", "application/json").body(value.to_string()).send().await.unwrap()
    }

    async fn change(&self, token: &Value, current: &str, new: &str) -> Response {
        let passwords = json!({ "current_password": current, "new_password": new });
        self.with_token("/api/v1/auth/password", token, passwords).await
    }

    async fn holds(&self, session: &Value) -> bool {
        self.server.holds(session["access_token"].as_str().unwrap()).await
    }
}

pub(crate) async fn account(server: &Deployment, email: &str) -> Uuid {
    let name = email.split('@').next().unwrap().to_uppercase();
    server.service.create_account(&Actor::System, &Caller::default(), email, &name, false).await.unwrap().id
}

pub(crate) async fn link(server: &Deployment, user: Uuid) -> String {
    let link = server.service.new_password_link(&Actor::System, &Caller::default(), user).await.unwrap();
    link.secret.expose_secret().to_owned()
}

pub(crate) async fn reset(server: &Deployment, secret: &str, password: &str) -> Response {
    server.post("/api/v1/auth/password/reset", json!({ "secret": secret, "new_password": password })).await
}

pub(crate) async fn set_password(server: &Deployment, user: Uuid, password: &str) {
    assert_eq!(reset(server, &link(server, user).await, password).await.status(), 204);
}

/// The status of a refusal and its code.
pub(crate) async fn refusal(answer: Response) -> (u16, String) {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["content-type"], "application/problem+json", "{status}");
    let problem = body(answer).await;
    assert_eq!(problem["status"], status);
    assert!(!problem["title"].as_str().unwrap().is_empty() && !problem["detail"].as_str().unwrap().is_empty());
    (status, problem["code"].as_str().unwrap().to_owned())
}

fn said(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

async fn login_refresh_and_logout(place: StoreOptions) {
    let firm = Firm::start(place).await;
    // POST /api/v1/auth/login
    let answer = firm.login("user@firm.com", PASSWORD).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert!(!answer.headers().contains_key("set-cookie"));
    let first = body(answer).await;
    let members: Vec<_> = first.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token", "token_type", "user"]);
    assert_eq!((&first["token_type"], &first["expires_in"]), (&json!("bearer"), &json!(3600)));
    let user = json!({
        "id": format!("usr_{}", firm.user),
        "email": "user@firm.com",
        "role": "analyst",
        "tenant_id": format!("ten_{}", firm.tenant),
    });
    assert_eq!(first["user"], user);

    // What the token says: the claims of this API beside those of every token.
    let access = claims(first["access_token"].as_str().unwrap());
    assert_eq!((&access["email"], &access["role"]), (&json!("user@firm.com"), &json!("analyst")));
    assert_eq!((&access["tenant_id"], &access["aud"]), (&user["tenant_id"], &json!("sentinel:access")));
    assert_eq!((&access["iss"], &access["type"]), (&json!(firm.server.base), &json!("access")));
    assert_eq!((&access["sub"], &access["wid"]), (&json!(firm.user), &json!(firm.tenant)));
    assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 3600);
    assert!(access["jti"].is_string() && access["sid"].is_string());

    // Authorization: Bearer, "in every request".
    let (status, seen) = firm.server.probe(first["access_token"].as_str().unwrap(), None).await;
    assert_eq!((status, &seen["email"], &seen["role"]), (200, &json!("user@firm.com"), &json!("editor")));

    // "The access token expires in 1 hour": 401, and POST /api/v1/auth/refresh.
    firm.server.pass(3_600_000);
    assert!(!firm.holds(&first).await);
    let answer = firm.refresh(&first["refresh_token"]).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
    let second = body(answer).await;
    let members: Vec<_> = second.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["access_token", "expires_in", "refresh_token", "token_type"]);
    assert_eq!(second["expires_in"], 3600);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert!(firm.holds(&second).await);

    let answer = firm.with_token("/api/v1/auth/logout", &second["access_token"], json!({})).await;
    assert_eq!(answer.status(), 204);
    assert!(!firm.holds(&second).await);
    assert_eq!(refusal(firm.refresh(&second["refresh_token"]).await).await, said(401, "refresh_token_invalid"));
}

/// The role table: a service behind the layer, with the tokens of logins.
async fn roles_open_what_the_table_says(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let server = &firm.server;
    let jwks = server.http.get(format!("{}/.well-known/jwks.json", server.base)).send().await.unwrap().bytes().await;
    let keys = KeySet::from_jwks(&jwks.unwrap(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
    let config = json!({
        "issuer": server.base, "audience": "sentinel:access", "algorithms": ["ES256"], "profile": "tenant",
        "rules": [
            { "method": "GET", "path": "/data/own/**", "allow": { "role": "viewer" } },
            { "method": "POST", "path": "/uploads", "allow": { "role": "analyst" } },
            { "method": "POST", "path": "/process/**", "allow": { "role": "analyst" } },
            { "method": "POST", "path": "/chat", "allow": { "role": "analyst" } },
            { "method": "GET", "path": "/export/**", "allow": { "role": "analyst" } },
            { "method": "*", "path": "/users/**", "allow": { "role": "admin" } },
            { "method": "*", "path": "/tenant/config", "allow": { "role": "admin" } },
            { "method": "GET", "path": "/audit", "allow": { "role": "admin" } },
        ],
    });
    let layer = Sentinel::from_json(config.to_string().as_bytes(), Keys::fixed(keys)).unwrap().layer();
    let behind = axum::Router::new().fallback(async || "in").layer(layer);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let service = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, behind).await.unwrap() });

    const VIEWER: usize = 0;
    const ANALYST: usize = 1;
    const ADMIN: usize = 2;
    let roles = [
        (WorkspaceRole::Viewer, "viewer", VIEWER),
        (WorkspaceRole::Editor, "analyst", ANALYST),
        (WorkspaceRole::Admin, "admin", ADMIN),
        (WorkspaceRole::Owner, "admin", ADMIN),
    ];
    for (role, word, rank) in roles {
        let mut db = server.begin().await;
        db.set_member_role(firm.tenant, firm.user, role, server.now()).await.unwrap();
        db.commit().await.unwrap();
        let session = firm.session().await;
        assert_eq!(session["user"]["role"], word);
        let token = session["access_token"].as_str().unwrap();
        assert_eq!(claims(token)["role"], word);
        for (method, path, least) in [
            ("GET", "/data/own/7", VIEWER),
            ("POST", "/uploads", ANALYST),
            ("POST", "/process/7", ANALYST),
            ("POST", "/chat", ANALYST),
            ("GET", "/export/all.csv", ANALYST),
            ("POST", "/users", ADMIN),
            ("DELETE", "/users/7", ADMIN),
            ("PUT", "/tenant/config", ADMIN),
            ("GET", "/audit", ADMIN),
        ] {
            let ask = || server.http.request(method.parse().unwrap(), format!("{service}{path}"));
            let expected = if rank >= least { 200 } else { 403 };
            let answer = ask().bearer_auth(token).send().await.unwrap();
            assert_eq!(answer.status(), expected, "{method} {path} as {word}");
            assert_eq!(ask().send().await.unwrap().status(), 401, "{method} {path} as nobody");
        }
        let nowhere = server.http.get(format!("{service}/nowhere")).bearer_auth(token).send().await.unwrap();
        assert_eq!(nowhere.status(), 403, "what no rule names");
    }
}

async fn tenants_are_chosen(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let other = firm.server.workspace("other", &[(firm.user, WorkspaceRole::Owner)]).await;
    let foreign = firm.server.workspace("foreign", &[]).await;
    let answer = firm.login(EMAIL, PASSWORD).await;
    assert_eq!(answer.status(), 409);
    let problem = body(answer).await;
    assert_eq!(problem["code"], "tenant_required");
    let tenants = json!([
        { "tenant_id": format!("ten_{}", firm.tenant), "name": "firm", "role": "analyst" },
        { "tenant_id": format!("ten_{other}"), "name": "other", "role": "admin" },
    ]);
    assert_eq!(problem["tenants"], tenants);
    let at = async |tenant: &str| {
        let ask = json!({ "email": EMAIL, "password": PASSWORD, "tenant_id": tenant });
        firm.server.post("/api/v1/auth/login", ask).await
    };
    let session = body(at(&format!("ten_{other}")).await).await;
    assert_eq!(session["user"]["role"], "admin");
    assert_eq!(claims(session["access_token"].as_str().unwrap())["wid"], json!(other));
    for wrong in [&format!("ten_{foreign}"), &format!("ten_{}", Uuid::new_v4()), &other.to_string(), "ten_abc", ""] {
        assert_eq!(refusal(at(wrong).await).await, said(403, "tenant_not_allowed"), "{wrong}");
    }
    let mut db = firm.server.begin().await;
    for tenant in [firm.tenant, other] {
        db.delete_member(tenant, firm.user, firm.server.now()).await.unwrap();
    }
    db.commit().await.unwrap();
    assert_eq!(refusal(firm.login(EMAIL, PASSWORD).await).await, said(403, "no_tenant"));
    assert!(!firm.holds(&session).await, "the membership has ended");
}

async fn refusals_have_codes(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let server = &firm.server;
    let mut words = Vec::new();
    for (email, password) in [
        (EMAIL, "wrong-Passw0rd-of-mine"),
        ("nobody@firm.com", PASSWORD),
        ("no address", PASSWORD),
        ("", ""),
        (EMAIL, &"x".repeat(100_000)),
    ] {
        let answer = firm.login(email, password).await;
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let text = answer.text().await.unwrap();
        assert!(text.contains("\"invalid_credentials\""), "{text}");
        words.push(text);
    }
    assert!(words.iter().all(|text| *text == words[0]), "nothing tells which of it was wrong");
    for bad in [
        json!({}),
        json!({ "email": EMAIL }),
        json!([]),
        json!({ "email": EMAIL, "password": 7 }),
        json!({ "email": "a\0", "password": "b" }),
    ] {
        assert_eq!(refusal(server.post("/api/v1/auth/login", bad).await).await, said(422, "request_invalid"));
    }
    for path in ["/api/v1/auth/logout", "/api/v1/auth/password"] {
        let nobody = server.post(path, json!({ "current_password": PASSWORD, "new_password": PASSWORD })).await;
        assert_eq!(refusal(nobody).await, said(401, "unauthenticated"), "{path}");
    }
    for token in ["", "x", "a.b.c"] {
        assert_eq!(refusal(firm.refresh(&json!(token)).await).await, said(401, "refresh_token_invalid"));
    }
    assert_eq!(refusal(server.post("/api/v1/auth/refresh", json!({})).await).await, said(401, "refresh_token_invalid"));
    let mut db = server.begin().await;
    db.set_user_active(firm.user, false, server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(refusal(firm.login(EMAIL, PASSWORD).await).await, said(403, "account_disabled"));
    // Only who knows the password learns that.
    let wrong = firm.login(EMAIL, "wrong-Passw0rd-of-mine").await;
    assert_eq!(refusal(wrong).await, said(401, "invalid_credentials"));
}

async fn a_copied_refresh_token_ends_the_session(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let (first, elsewhere) = (firm.session().await, firm.session().await);
    let second = body(firm.refresh(&first["refresh_token"]).await).await;
    // At once: there is no grace here.
    assert_eq!(refusal(firm.refresh(&first["refresh_token"]).await).await, said(401, "refresh_token_invalid"));
    assert_eq!(refusal(firm.refresh(&second["refresh_token"]).await).await, said(401, "refresh_token_invalid"));
    assert!(!firm.holds(&first).await && !firm.holds(&second).await);
    assert!(firm.holds(&elsewhere).await, "another login is another family");
}

async fn refresh_tokens_stay_in_their_dialect(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let tenant = firm.session().await;
    let refresh = tenant["refresh_token"].as_str().unwrap();
    assert_eq!(firm.server.refresh(refresh).await.status(), 401);
    let sentinel = firm.server.log_in("ada").await;
    let answer = firm.refresh(&json!(sentinel.refresh)).await;
    assert_eq!(refusal(answer).await, said(401, "refresh_token_invalid"));
    // Neither was used up, or taken for a copy.
    assert_eq!(firm.refresh(&tenant["refresh_token"]).await.status(), 200);
    assert_eq!(firm.server.refresh(&sentinel.refresh).await.status(), 200);
}

async fn cookies_are_for_own_pages(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let server = &firm.server;
    let own = server.base.as_str();
    let ask = async |path: &str, origin: Option<&str>, cookie: Option<&str>, value: Value| {
        let mut request = server.http.post(format!("{own}{path}")).header("content-type", "application/json");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        request.body(value.to_string()).send().await.unwrap()
    };
    let login = json!({ "email": EMAIL, "password": PASSWORD, "refresh_token_in": "cookie" });
    for foreign in [None, Some("https://evil.test"), Some("null")] {
        let answer = ask("/api/v1/auth/login", foreign, None, login.clone()).await;
        assert!(!answer.headers().contains_key("set-cookie"));
        assert_eq!(refusal(answer).await, said(403, "origin_not_allowed"), "{foreign:?}");
    }
    let cookie_of = |answer: &Response| answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let value_of = |cookie: &str| cookie.split(';').next().unwrap().to_owned();
    let answer = ask("/api/v1/auth/login", Some(own), None, login).await;
    let set = cookie_of(&answer);
    // On loopback without TLS; with it, `__Host-` and `Secure` are there, which another test says.
    assert!(
        set.starts_with("sentinel_refresh=") && set.ends_with("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict"),
        "{set}"
    );
    let session = body(answer).await;
    assert!(session.get("refresh_token").is_none(), "no script sees it");
    assert!(session["access_token"].is_string() && session["user"]["role"] == "analyst");

    let first = value_of(&set);
    for foreign in [None, Some("https://evil.test"), Some("null")] {
        let answer = ask("/api/v1/auth/refresh", foreign, Some(&first), json!({})).await;
        assert_eq!(refusal(answer).await, said(403, "origin_not_allowed"), "{foreign:?}");
    }
    // What was refused was not used.
    let answer = ask("/api/v1/auth/refresh", Some(own), Some(&first), json!({})).await;
    assert_eq!(answer.status(), 200);
    let second = value_of(&cookie_of(&answer));
    assert_ne!(first, second);
    let session = body(answer).await;
    assert!(session.get("refresh_token").is_none());
    let answer = ask("/api/v1/auth/refresh", Some(own), Some(&first), json!({})).await;
    assert!(cookie_of(&answer).starts_with("sentinel_refresh=; Path=/; Max-Age=0"), "a dead one goes");
    assert_eq!(refusal(answer).await, said(401, "refresh_token_invalid"));
    assert!(!firm.holds(&session).await, "and the session has ended");

    let login = json!({ "email": EMAIL, "password": PASSWORD, "refresh_token_in": "cookie" });
    let answer = ask("/api/v1/auth/login", Some(own), None, login).await;
    let cookie = value_of(&cookie_of(&answer));
    let token = body(answer).await["access_token"].as_str().unwrap().to_owned();
    let logout = server.http.post(format!("{own}/api/v1/auth/logout")).bearer_auth(&token).header("cookie", &cookie);
    let answer = logout.send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert!(cookie_of(&answer).contains("Max-Age=0"));
    assert!(!server.holds(&token).await);
}

async fn a_change_ends_other_sessions(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let (mine, elsewhere) = (firm.session().await, firm.session().await);
    let pending = link(&firm.server, firm.user).await;
    let token = &mine["access_token"];
    let new = "another-Passw0rd-of-mine";
    let wrong = firm.change(token, "wrong-Passw0rd-of-mine", new).await;
    assert_eq!(refusal(wrong).await, said(403, "current_password_wrong"));
    assert!(firm.holds(&mine).await && firm.holds(&elsewhere).await);
    assert_eq!(firm.change(token, PASSWORD, new).await.status(), 204);
    assert!(
        !firm.holds(&mine).await && !firm.holds(&elsewhere).await,
        "nor does a copy of the token that it was asked with"
    );
    assert_eq!(refusal(firm.refresh(&elsewhere["refresh_token"]).await).await, said(401, "refresh_token_invalid"));
    let next = firm.refresh(&mine["refresh_token"]).await;
    assert_eq!(next.status(), 200);
    assert!(firm.holds(&body(next).await).await, "its session goes on");
    assert_eq!(refusal(firm.login(EMAIL, PASSWORD).await).await, said(401, "invalid_credentials"));
    assert_eq!(firm.login(EMAIL, new).await.status(), 200);
    let late = reset(&firm.server, &pending, "third-Passw0rd-of-mine").await;
    assert_eq!(refusal(late).await, said(404, "link_invalid"), "links from before are void");
    // Someone without a password, who logs in with a provider.
    let other = firm.server.log_in("ada").await;
    let answer = firm.change(&json!(other.access), PASSWORD, new).await;
    assert_eq!(refusal(answer).await, said(409, "no_password"));
}

async fn a_reset_ends_all(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let before = firm.session().await;
    set_password(&firm.server, firm.user, "another-Passw0rd-of-mine").await;
    assert!(!firm.holds(&before).await);
    assert_eq!(refusal(firm.refresh(&before["refresh_token"]).await).await, said(401, "refresh_token_invalid"));
    assert_eq!(firm.login(EMAIL, "another-Passw0rd-of-mine").await.status(), 200);
    let session = body(firm.login(EMAIL, "another-Passw0rd-of-mine").await).await;
    firm.server.service.remove_password(&Actor::System, &Caller::default(), firm.user).await.unwrap();
    assert!(!firm.holds(&session).await);
    let gone = firm.login(EMAIL, "another-Passw0rd-of-mine").await;
    assert_eq!(refusal(gone).await, said(401, "invalid_credentials"));
}

async fn links_are_good_once(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let server = &firm.server;
    let (first, second) = (link(server, firm.user).await, link(server, firm.user).await);
    let invalid = said(404, "link_invalid");
    assert_eq!(refusal(reset(server, &first, "other-Passw0rd-of-mine").await).await, invalid, "a later one was made");
    assert_eq!(refusal(reset(server, "", "other-Passw0rd-of-mine").await).await, invalid);
    // A password that is refused leaves it as it was, and every rule is named.
    let answer = reset(server, &second, "firm").await;
    assert_eq!(answer.status(), 422);
    let problem = body(answer).await;
    assert_eq!(problem["code"], "password_refused");
    let codes: Vec<_> =
        problem["violations"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["too_short", "no_upper", "no_digit", "no_symbol", "repeated", "personal"]);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..10 {
        let (http, url) = (server.http.clone(), format!("{}/api/v1/auth/password/reset", server.base));
        let text = json!({ "secret": second, "new_password": format!("number-{number}-Of-those-who-try") }).to_string();
        asking.spawn(async move {
            let request = http.post(url).header("content-type", "application/json").body(text);
            request.send().await.unwrap().status().as_u16()
        });
    }
    let mut statuses = asking.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [&[204][..], &[404; 9]].concat());
    let late = link(server, firm.user).await;
    server.pass(24 * 3_600_000);
    assert_eq!(refusal(reset(server, &late, "other-Passw0rd-of-mine").await).await, invalid);
}

/// The first password of someone who was invited comes as every other one: by a link.
async fn invited_people_come_in(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let server = &firm.server;
    let owner = account(server, "owner@firm.com").await;
    let lab = server.workspace("lab", &[(owner, WorkspaceRole::Owner)]).await;
    set_password(server, owner, PASSWORD).await;
    let session = body(firm.login("owner@firm.com", PASSWORD).await).await;
    let invitation = json!({ "email": "new@firm.com", "role": "viewer" });
    let path = format!("/workspaces/{lab}/members/invite");
    let invited = firm.with_token(&path, &session["access_token"], invitation).await;
    assert!(invited.status().is_success(), "{}", invited.text().await.unwrap());
    let new = account(server, "new@firm.com").await;
    set_password(server, new, PASSWORD).await;
    let session = body(firm.login("NEW@firm.com", PASSWORD).await).await;
    assert_eq!(
        (&session["user"]["role"], &session["user"]["tenant_id"]),
        (&json!("viewer"), &json!(format!("ten_{lab}")))
    );
}
