//! Authz mode with GitHub, which is played as its documentation describes it.

use axum::routing::{get, post};
use axum::{Json, Router};
use sentinel_storage::StoreOptions;
use serde_json::{Value, json};

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{Deployment, FRONT_END, KEY, ORIGIN, body, cases};

cases! { a_front_end_gets_its_token, only_to_who_is_registered }

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

fn login(server: &Deployment, provider: &str, redirect_uri: &str) -> String {
    let query = form_of(&[("redirect_uri", redirect_uri), ("state", "s#1")]);
    format!("{}/authz/idp/{provider}/login?{query}", server.base)
}

async fn a_front_end_gets_its_token(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    for target in [FRONT_END.to_owned(), format!("{ORIGIN}/logged-in")] {
        let mut browser = Browser::new();
        let away = browser.get(&login(&server, "github", &target)).await;
        assert_eq!(away.status(), 302, "{target}");
        let away = reqwest::Url::parse(away.headers()["location"].to_str().unwrap()).unwrap();
        let callback = format!("{}/authz/idp/github/callback", server.base);
        assert_eq!(parameter(&away, "redirect_uri"), Some(callback.clone()));
        let state = parameter(&away, "state").unwrap();
        let back = format!("{callback}?{}", form_of(&[("code", "c"), ("state", &state)]));
        assert_eq!(
            Browser::new().get(&back.replace("callback?", "callback?x=1&")).await.status(),
            400,
            "another browser"
        );

        let away = browser.get(&login(&server, "github", &target)).await;
        let away = reqwest::Url::parse(away.headers()["location"].to_str().unwrap()).unwrap();
        let state = parameter(&away, "state").unwrap();
        let back = format!("{callback}?{}", form_of(&[("code", "c"), ("state", &state)]));
        let there = browser.get(&back).await;
        let there = there.headers()["location"].to_str().unwrap().to_owned();
        assert_eq!(there, format!("{target}#idp_token=gho_1&state=s%231"));
        assert_eq!(browser.get(&back).await.status(), 400, "once");
    }
    let found = server.resolve(Some(KEY), json!({ "idp_token": "gho_1", "provider": "github" })).await;
    assert_eq!(found.status(), 200);
    assert_eq!(body(found).await["user"]["email"], "octocat@example.test");
    let foreign = server.resolve(Some(KEY), json!({ "idp_token": "gho_of_another_app", "provider": "github" })).await;
    assert_eq!(foreign.status(), 401);
}

async fn only_to_who_is_registered(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    for uri in [
        "https://evil.example/",
        "https://notes.example.test@evil.example/",
        "https://notes.example.test.evil.example/",
        "https://notes.example.test:444/",
        "http://notes.example.test/",
        "https://notes.example.test/#x",
        "//notes.example.test/",
        "javascript:alert(1)",
        "",
    ] {
        let answer = server.http.get(login(&server, "github", uri)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{uri}");
        assert!(!answer.headers().contains_key("location"), "{uri}");
    }
    assert_eq!(server.http.get(login(&server, "real", FRONT_END)).send().await.unwrap().status(), 400);
    assert_eq!(server.http.get(login(&server, "nobody", FRONT_END)).send().await.unwrap().status(), 404);
}
