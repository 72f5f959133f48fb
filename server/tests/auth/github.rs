//! Authz mode with GitHub, which is played as its documentation describes it.

use axum::routing::{get, post};
use axum::{Json, Router};
use reqwest::Url;
use sentinel_storage::{ServiceChange, StoreOptions};
use serde_json::{Value, json};

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{CHALLENGE, Deployment, FRONT_END, KEY, ORIGIN, SCOPE, VERIFIER, body, cases};

cases! { a_front_end_gets_its_token, a_code_is_for_who_began_and_good_once, no_login_without_pkce, only_to_who_is_registered }

/// GitHub: one app, one person, one token.
pub(crate) async fn start() -> String {
    let user = || async { Json(json!({ "id": 583_231, "login": "octocat", "name": null, "avatar_url": null })) };
    let emails = || async { Json(json!([{ "email": "octocat@example.test", "primary": true, "verified": true }])) };
    let check = |Json(asked): Json<Value>| async move {
        let app = if asked["access_token"] == "gho_1" { "app" } else { "another" };
        Json(json!({ "app": { "client_id": app }, "user": { "id": 583_231 } }))
    };
    let exchange = || async { Json(json!({ "access_token": "gho_1", "token_type": "bearer", "scope": "" })) };
    let router = Router::new()
        .route("/login/oauth/access_token", post(exchange))
        .route("/api/v3/applications/app/token", post(check))
        .route("/api/v3/user", get(user))
        .route("/api/v3/user/emails", get(emails));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    origin
}

const PAGE: &str = "https://notes.example.test/logged-in?by=github";

fn login(server: &Deployment, provider: &str, redirect_uri: &str) -> String {
    login_with(server, provider, &[("redirect_uri", redirect_uri), ("state", "s#1")])
}

fn login_with(server: &Deployment, provider: &str, asked: &[(&str, &str)]) -> String {
    let proof = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let proof = proof.into_iter().filter(|(name, _)| asked.iter().all(|(given, _)| given != name));
    let query: Vec<_> = asked.iter().copied().chain(proof).filter(|(_, value)| *value != "-").collect();
    format!("{}/authz/idp/{provider}/login?{}", server.base, form_of(&query))
}

async fn start_with_page(place: StoreOptions) -> Deployment {
    let server = Deployment::start(place, |_, _| {}).await;
    let pages = [PAGE.to_owned()];
    server.change_service(SCOPE, &ServiceChange { relay_redirect_uris: Some(&pages), ..Default::default() }).await;
    server
}

/// Logs in, and answers where the browser was sent.
async fn logged_in(server: &Deployment) -> Url {
    let mut browser = Browser::new();
    let away = browser.get(&login(server, "github", PAGE)).await;
    assert_eq!(away.status(), 302);
    let away = Url::parse(away.headers()["location"].to_str().unwrap()).unwrap();
    let callback = format!("{}/authz/idp/github/callback", server.base);
    assert_eq!(parameter(&away, "redirect_uri"), Some(callback.clone()));
    let state = parameter(&away, "state").unwrap();
    let back = format!("{callback}?{}", form_of(&[("code", "c"), ("state", &state)]));
    assert_eq!(Browser::new().get(&format!("{callback}?code=c&state=x")).await.status(), 400, "another browser");
    let there = browser.get(&back).await;
    let there = Url::parse(there.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(browser.get(&back).await.status(), 400, "once");
    there
}

async fn exchanged(server: &Deployment, provider: &str, code: &str, verifier: &str) -> (u16, Value) {
    let answer =
        server.post(&format!("/authz/idp/{provider}/token"), json!({ "code": code, "code_verifier": verifier })).await;
    (answer.status().as_u16(), body(answer).await)
}

async fn a_front_end_gets_its_token(place: StoreOptions) {
    let server = start_with_page(place).await;
    let there = logged_in(&server).await;
    assert!(there.as_str().starts_with(&format!("{PAGE}&code=")), "{there}");
    assert_eq!((parameter(&there, "state").as_deref(), there.fragment()), (Some("s#1"), None));
    assert!(!there.as_str().contains("gho_1"), "no token in a URL: {there}");
    let code = parameter(&there, "code").unwrap();
    let (status, said) = exchanged(&server, "github", &code, VERIFIER).await;
    assert_eq!((status, &said), (200, &json!({ "idp_token": "gho_1", "provider": "github" })));
    let found = server.resolve(Some(KEY), json!({ "idp_token": said["idp_token"], "provider": "github" })).await;
    assert_eq!(found.status(), 200);
    assert_eq!(body(found).await["user"]["email"], "octocat@example.test");
    let foreign = server.resolve(Some(KEY), json!({ "idp_token": "gho_of_another_app", "provider": "github" })).await;
    assert_eq!(foreign.status(), 401);
}

async fn a_code_is_for_who_began_and_good_once(place: StoreOptions) {
    let server = start_with_page(place).await;
    let code = parameter(&logged_in(&server).await, "code").unwrap();
    // Whoever saw the redirect has the code, and not what the challenge was made of.
    for (provider, code, verifier, expected) in [
        ("github", code.as_str(), "", 400),
        ("github", &code, CHALLENGE, 400),
        ("github", &code, &VERIFIER[1..], 400),
        ("github", "another", VERIFIER, 400),
        ("real", &code, VERIFIER, 400),
        ("nobody", &code, VERIFIER, 404),
        ("github", &code, VERIFIER, 200),
        ("github", &code, VERIFIER, 400),
    ] {
        assert_eq!(exchanged(&server, provider, code, verifier).await.0, expected, "{provider} {verifier}");
    }
    // The codes of both modes are no codes of the other's.
    let code = parameter(&logged_in(&server).await, "code").unwrap();
    let workspace = uuid::Uuid::new_v4().to_string();
    assert_eq!(server.exchange(&code, &workspace, VERIFIER).await.status(), 400);
    server.change_service(SCOPE, &ServiceChange { is_active: Some(false), ..Default::default() }).await;
    assert_eq!(exchanged(&server, "github", &code, VERIFIER).await.0, 400, "the service was shut out");
    server.change_service(SCOPE, &ServiceChange { is_active: Some(true), ..Default::default() }).await;
    server.pass(5 * 60 * 1000);
    assert_eq!(exchanged(&server, "github", &code, VERIFIER).await.0, 400, "expired");
}

async fn no_login_without_pkce(place: StoreOptions) {
    let server = start_with_page(place).await;
    for (name, value, expected) in [
        ("code_challenge", "-", 422),
        ("code_challenge", "short", 400),
        ("code_challenge_method", "-", 422),
        ("code_challenge_method", "plain", 400),
    ] {
        let url = login_with(&server, "github", &[("redirect_uri", PAGE), (name, value)]);
        let answer = server.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{name}={value}");
        assert!(!answer.headers().contains_key("location"));
    }
}

async fn only_to_who_is_registered(place: StoreOptions) {
    let server = start_with_page(place).await;
    for uri in [
        "https://evil.example/",
        "https://notes.example.test@evil.example/",
        "https://notes.example.test.evil.example/",
        // Other pages of the origin that the service registered, and a redirect URI of a client of proxy mode.
        "https://notes.example.test/",
        "https://notes.example.test/logged-in",
        "https://notes.example.test/logged-in?by=github&next=https://evil.example/",
        "https://notes.example.test/logged-in?by=github#x",
        FRONT_END,
        ORIGIN,
        "//notes.example.test/",
        "javascript:alert(1)",
        "",
    ] {
        let answer = server.http.get(login(&server, "github", uri)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{uri}");
        assert!(!answer.headers().contains_key("location"), "{uri}");
    }
    assert_eq!(server.http.get(login(&server, "real", PAGE)).send().await.unwrap().status(), 400);
    assert_eq!(server.http.get(login(&server, "nobody", PAGE)).send().await.unwrap().status(), 404);
}
