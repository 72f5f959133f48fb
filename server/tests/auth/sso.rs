//! One login for several front ends: `prompt=none`, whom it answers, how it ends.

use sentinel_storage::{ClientChange, NewClient, StoreOptions, WorkspaceRole};
use serde_json::json;
use uuid::Uuid;

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{CHALLENGE, Deployment, FRONT_END, ORIGIN, Tokens, VERIFIER, body, cases, claims};

cases! {
    a_second_front_end_is_logged_in_at_once, off_unless_it_is_set, nobody_is_asked_and_nothing_leads_elsewhere,
    only_a_page_of_its_own_is_logged_in, a_logout_ends_it_everywhere, what_voids_tokens_ends_it,
    a_new_login_has_a_new_secret, it_ends_by_itself, a_front_end_may_be_for_some_workspaces,
}

const OTHER: &str = "https://reports.example.test/back";
const HOUR: i64 = 3_600_000;

/// With a second front end.
async fn start(place: StoreOptions) -> Deployment {
    let server = Deployment::start(place, |config, _| config.lifetimes.sso = HOUR).await;
    let mut db = server.begin().await;
    let uris = [OTHER.to_owned()];
    let new = NewClient {
        id: Uuid::new_v4(),
        name: "reports",
        redirect_uris: &uris,
        allowed_origins: &[],
        workspaces: &[],
        created_by: None,
    };
    db.insert_client(&new, server.now()).await.unwrap();
    db.commit().await.unwrap();
    server
}

fn silently(server: &Deployment, redirect_uri: &str) -> String {
    let query = [
        ("redirect_uri", redirect_uri),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "the second's"),
        ("prompt", "none"),
    ];
    format!("{}/auth/login?{}", server.base, form_of(&query))
}

/// Where the browser is sent, which is a front end.
async fn followed(server: &Deployment, browser: &mut Browser, redirect_uri: &str) -> reqwest::Url {
    let answer = browser.get(&silently(server, redirect_uri)).await;
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    let to = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(to.as_str().starts_with(redirect_uri), "{to}");
    assert_eq!(parameter(&to, "state").as_deref(), Some("the second's"));
    to
}

/// A browser whose user has logged in for the first front end, and the tokens that it has there.
async fn logged_in(server: &Deployment, name: &str) -> (Browser, Tokens) {
    let mut browser = Browser::new();
    let tokens = log_in(server, &mut browser, name).await;
    (browser, tokens)
}

async fn log_in(server: &Deployment, browser: &mut Browser, name: &str) -> Tokens {
    let callback = format!("{}/auth/callback", server.base);
    let back = browser.log_in(&server.login_url(), name, &callback).await;
    let answer = browser.get(back.as_str()).await;
    let to = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    exchanged(server, &to).await
}

/// The tokens of the code in this address, in the first workspace.
async fn exchanged(server: &Deployment, to: &reqwest::Url) -> Tokens {
    let code = parameter(to, "code").unwrap_or_else(|| panic!("no code: {to}"));
    let workspace = server.choices(&code).await[0]["id"].as_str().unwrap().to_owned();
    Tokens::of(body(server.exchange(&code, &workspace, VERIFIER).await).await)
}

async fn login_required(server: &Deployment, browser: &mut Browser) {
    let to = followed(server, browser, OTHER).await;
    assert_eq!(parameter(&to, "error").as_deref(), Some("login_required"), "{to}");
    assert_eq!(parameter(&to, "code"), None);
}

async fn a_second_front_end_is_logged_in_at_once(place: StoreOptions) {
    let server = start(place).await;
    let (mut browser, first) = logged_in(&server, "ada").await;
    let to = followed(&server, &mut browser, OTHER).await;
    let second = exchanged(&server, &to).await;
    let (one, other) = (claims(&first.access), claims(&second.access));
    assert_eq!(one["sub"], other["sub"]);
    assert_ne!(one["sid"], other["sid"], "a session of its own");
    assert!(server.holds(&second.access).await);
    // A code of it is as good as any, and no better.
    let code = parameter(&to, "code").unwrap();
    assert_eq!(server.exchange(&code, one["wid"].as_str().unwrap(), VERIFIER).await.status(), 400);
    assert!(!server.holds(&second.access).await, "it came twice");
    assert!(server.holds(&first.access).await);
    // PKCE: whoever sees the code alone has nothing.
    let code = parameter(&followed(&server, &mut browser, OTHER).await, "code").unwrap();
    assert_eq!(server.exchange(&code, one["wid"].as_str().unwrap(), CHALLENGE).await.status(), 400);
    // The way by a provider's name is the same.
    let named = silently(&server, OTHER).replace("/auth/login?", "/auth/login/real?");
    let answer = browser.get(&named).await;
    let to = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(parameter(&to, "code").is_some(), "{to}");
}

async fn off_unless_it_is_set(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (mut browser, _) = logged_in(&server, "ada").await;
    assert!(!browser.jar.contains_key("sentinel_sso"));
    let to = followed(&server, &mut browser, FRONT_END).await;
    assert_eq!(parameter(&to, "error").as_deref(), Some("login_required"));
}

async fn nobody_is_asked_and_nothing_leads_elsewhere(place: StoreOptions) {
    let server = start(place).await;
    login_required(&server, &mut Browser::new()).await;
    let mut guessed = Browser::new();
    guessed.jar.insert("sentinel_sso".into(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into());
    login_required(&server, &mut guessed).await;
    assert!(!guessed.jar.contains_key("sentinel_sso"), "what stands for nothing is taken away");

    let (mut browser, _) = logged_in(&server, "ada").await;
    for uri in
        ["https://evil.example/back", "https://reports.example.test/back/", "https://reports.example.test/back?x=1", ""]
    {
        let answer = browser.get(&silently(&server, uri)).await;
        assert_eq!(answer.status(), 400, "{uri}");
        assert!(!answer.headers().contains_key("location"), "{uri}");
    }
    let url = silently(&server, OTHER);
    for (from, to, expected) in [
        ("S256", "plain", 400),
        (CHALLENGE, "short", 400),
        ("prompt=none", "prompt=login", 400),
        ("prompt=none", "prompt=none+login", 400),
        ("&prompt=none", "", 400),
        ("code_challenge_method=S256&", "", 422),
    ] {
        let answer = browser.get(&url.replace(from, to)).await;
        assert_eq!(answer.status(), expected, "{from} {to}");
        assert!(!answer.headers().contains_key("location"), "{from} {to}");
    }
    // A front end that was closed.
    let mut db = server.begin().await;
    let client = db.client_by_redirect_uri(OTHER).await.unwrap().unwrap();
    let closed = ClientChange { is_active: Some(false), ..Default::default() };
    db.update_client(client.id, &closed, server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(browser.get(&url).await.status(), 400);
}

/// What a browser says of a request that no page of its own makes.
async fn only_a_page_of_its_own_is_logged_in(place: StoreOptions) {
    let server = start(place).await;
    let (mut browser, _) = logged_in(&server, "ada").await;
    for (mode, dest, expected) in [
        ("navigate", "document", 302),
        ("navigate", "iframe", 400),
        ("navigate", "frame", 400),
        ("navigate", "object", 400),
        ("navigate", "embed", 400),
        ("no-cors", "image", 400),
        ("no-cors", "empty", 400),
        ("cors", "empty", 400),
    ] {
        let request = browser.client.get(silently(&server, OTHER));
        let answer = browser.send(request.header("sec-fetch-mode", mode).header("sec-fetch-dest", dest)).await;
        assert_eq!(answer.status(), expected, "{mode} {dest}");
        assert_eq!(answer.headers().contains_key("location"), expected == 302, "{mode} {dest}");
    }
    // And no page of a registered origin reads it, or sends the cookie along.
    let request = browser.client.get(silently(&server, OTHER)).header("origin", ORIGIN);
    assert!(!browser.send(request).await.headers().contains_key("access-control-allow-credentials"));
}

async fn a_logout_ends_it_everywhere(place: StoreOptions) {
    let server = start(place).await;
    let (mut browser, first) = logged_in(&server, "ada").await;
    let to = followed(&server, &mut browser, OTHER).await;
    let second = exchanged(&server, &to).await;
    let unused = parameter(&followed(&server, &mut browser, OTHER).await, "code").unwrap();
    // The same person in another browser.
    let (mut elsewhere, third) = logged_in(&server, "ada").await;

    let logout = server.http.post(format!("{}/auth/logout", server.base)).bearer_auth(&second.access);
    assert_eq!(logout.send().await.unwrap().status(), 200);
    for ended in [&first, &second] {
        assert!(!server.holds(&ended.access).await);
        assert_eq!(server.refresh(&ended.refresh).await.status(), 401);
    }
    let workspace = claims(&first.access)["wid"].as_str().unwrap().to_owned();
    assert_eq!(server.exchange(&unused, &workspace, VERIFIER).await.status(), 400, "a code of it");
    login_required(&server, &mut browser).await;
    assert!(!browser.jar.contains_key("sentinel_sso"));
    // Another login is another matter.
    assert!(server.holds(&third.access).await);
    assert!(parameter(&followed(&server, &mut elsewhere, OTHER).await, "code").is_some());
}

async fn what_voids_tokens_ends_it(place: StoreOptions) {
    let server = start(place).await;
    // An administrator voids all that a person has.
    let (mut browser, tokens) = logged_in(&server, "ada").await;
    let (mut elsewhere, _) = logged_in(&server, "ada").await;
    let mut db = server.begin().await;
    server.service.void_tokens_of(&mut db, tokens.user(), sentinel_storage::RevokedFor::Admin).await.unwrap();
    db.commit().await.unwrap();
    login_required(&server, &mut browser).await;
    login_required(&server, &mut elsewhere).await;
    // Everything is voided after a restore: the row is there, and counts for nothing.
    server.pass(2000);
    let (mut browser, _) = logged_in(&server, "ada").await;
    let mut db = server.begin().await;
    db.invalidate_all_sessions(server.now() + 1).await.unwrap();
    db.commit().await.unwrap();
    login_required(&server, &mut browser).await;
    // A closed account, and one that is open again.
    server.pass(2000);
    let (mut browser, tokens) = logged_in(&server, "ada").await;
    for (active, logged_in) in [(false, false), (true, true)] {
        let mut db = server.begin().await;
        db.set_user_active(tokens.user(), active, server.now()).await.unwrap();
        db.commit().await.unwrap();
        let mut browser = browser.clone();
        let to = followed(&server, &mut browser, OTHER).await;
        assert_eq!(parameter(&to, "code").is_some(), logged_in, "{to}");
    }
    // One session of it that an administrator ends.
    let second = exchanged(&server, &followed(&server, &mut browser, OTHER).await).await;
    let session: Uuid = claims(&tokens.access)["sid"].as_str().unwrap().parse().unwrap();
    let caller = sentinel_server::service::Caller::default();
    let actor = sentinel_server::service::Actor::System;
    server.service.revoke_session(&actor, &caller, tokens.user(), session).await.unwrap();
    assert!(!server.holds(&second.access).await);
    login_required(&server, &mut browser).await;
}

/// Session fixation: nobody knows the secret of a login who knew what the browser had before.
async fn a_new_login_has_a_new_secret(place: StoreOptions) {
    let server = start(place).await;
    let (mut browser, first) = logged_in(&server, "ada").await;
    let planted = browser.clone();
    let before = browser.jar["sentinel_sso"].clone();
    let second = log_in(&server, &mut browser, "ada").await;
    assert_ne!(browser.jar["sentinel_sso"], before);
    login_required(&server, &mut planted.clone()).await;
    // It is still one login, which ends as one.
    assert!(server.holds(&first.access).await);
    let logout = server.http.post(format!("{}/auth/logout", server.base)).bearer_auth(&first.access);
    assert_eq!(logout.send().await.unwrap().status(), 200);
    assert!(!server.holds(&second.access).await);
    login_required(&server, &mut browser).await;

    // Another person at the same browser: what the one before left is over.
    let mut shared = Browser::new();
    let ada = log_in(&server, &mut shared, "ada").await;
    let mut next = Browser::new();
    next.jar.insert("sentinel_sso".into(), shared.jar["sentinel_sso"].clone());
    let bob = log_in(&server, &mut next, "bob").await;
    assert_ne!(bob.user(), ada.user());
    assert!(!server.holds(&ada.access).await && server.holds(&bob.access).await);
    login_required(&server, &mut shared).await;
    let third = exchanged(&server, &followed(&server, &mut next, OTHER).await).await;
    assert_eq!(third.user(), bob.user());
}

async fn it_ends_by_itself(place: StoreOptions) {
    let server = start(place).await;
    let (mut browser, tokens) = logged_in(&server, "ada").await;
    server.pass(HOUR - 60_000);
    assert!(parameter(&followed(&server, &mut browser.clone(), OTHER).await, "code").is_some());
    server.pass(60_000);
    login_required(&server, &mut browser).await;
    // The front ends' own sessions go on.
    assert_eq!(server.refresh(&tokens.refresh).await.status(), 200);
}

async fn a_front_end_may_be_for_some_workspaces(place: StoreOptions) {
    let server = start(place).await;
    let (mut browser, tokens) = logged_in(&server, "ada").await;
    let ada = tokens.user();
    let team = server.workspace("team", &[(ada, WorkspaceRole::Viewer)]).await;
    let strangers = server.workspace("strangers", &[]).await;
    let limited_to = async |workspaces: &[Uuid]| {
        let mut db = server.begin().await;
        let client = db.client_by_redirect_uri(OTHER).await.unwrap().unwrap();
        let change = ClientChange { workspaces: Some(workspaces), ..Default::default() };
        db.update_client(client.id, &change, server.now()).await.unwrap();
        db.commit().await.unwrap();
    };
    limited_to(&[strangers]).await;
    let to = followed(&server, &mut browser, OTHER).await;
    assert_eq!(parameter(&to, "error").as_deref(), Some("access_denied"));
    assert!(browser.jar.contains_key("sentinel_sso"), "other front ends go on");
    assert!(parameter(&followed(&server, &mut browser, FRONT_END).await, "code").is_some());

    limited_to(&[team, strangers]).await;
    let code = parameter(&followed(&server, &mut browser, OTHER).await, "code").unwrap();
    let choices = server.choices(&code).await;
    assert_eq!(choices.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&json!(team)]);
    let own = tokens.workspace().to_string();
    assert_eq!(server.exchange(&code, &own, VERIFIER).await.status(), 403);
    let there = Tokens::of(body(server.exchange(&code, &team.to_string(), VERIFIER).await).await);
    let again = Tokens::of(body(server.refresh(&there.refresh).await).await);
    // And no longer for this one.
    limited_to(&[strangers]).await;
    assert_eq!(server.refresh(&again.refresh).await.status(), 401);
}
