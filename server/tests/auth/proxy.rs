//! Proxy mode: codes, PKCE, redirect URIs, state, accounts.

use sentinel_server::service::Newcomers;
use sentinel_storage::{NewUser, StoreOptions, WorkspaceChange, WorkspaceRole};
use serde_json::json;
use uuid::Uuid;

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{CHALLENGE, Deployment, FRONT_END, Tokens, VERIFIER, body, cases, claims};

cases! {
    a_whole_login, a_code_is_good_once, pkce_cannot_be_had_for_less, only_registered_redirect_uris,
    an_answer_belongs_to_one_browser_and_is_good_once, a_refusal_goes_back_to_the_front_end,
    an_address_joins_accounts_only_where_it_is_proven, newcomers_go_where_the_settings_say, newcomers_join_the_workspace_and_not_its_slug, codes_expire,
    a_workspace_needs_membership,
}

async fn a_whole_login(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.algorithm = Default::default()).await;
    let code = server.code("ada").await;
    let choices = server.choices(&code).await;
    assert_eq!(server.choices(&code).await, choices, "listing does not use the code");
    assert_eq!(choices.len(), 1);
    assert_eq!((&choices[0]["role"], &choices[0]["name"]), (&json!("owner"), &json!("ada's workspace")));

    let answer = server.exchange(&code, choices[0]["id"].as_str().unwrap(), VERIFIER).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer = body(answer).await;
    assert_eq!(answer["expires_in"], 900);
    let tokens = Tokens::of(answer);
    let said = claims(&tokens.access);
    for (name, value) in [
        ("iss", json!(server.base)),
        ("aud", json!("sentinel:access")),
        ("type", json!("access")),
        ("email", json!("ada@example.test")),
        ("name", json!("ada")),
        ("wid", choices[0]["id"].clone()),
        ("wslug", choices[0]["slug"].clone()),
        ("wrole", json!("owner")),
        ("groups", json!([])),
    ] {
        assert_eq!(said[name], value, "{name}");
    }
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 900);
    let refresh = claims(&tokens.refresh);
    assert_eq!((&refresh["aud"], &refresh["fid"]), (&json!("sentinel:refresh"), &said["sid"]));
    let (status, user) = server.probe(&tokens.access, None).await;
    assert_eq!((status, &user["role"]), (200, &json!("owner")));
    // The same person again is the same account, in the same workspace.
    assert_eq!(claims(&server.log_in("ada").await.access)["sub"], said["sub"]);
}

async fn a_code_is_good_once(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let code = server.code("ada").await;
    let workspace = server.choices(&code).await[0]["id"].as_str().unwrap().to_owned();
    let tokens = Tokens::of(body(server.exchange(&code, &workspace, VERIFIER).await).await);
    assert!(server.holds(&tokens.access).await);
    assert_eq!(server.exchange(&code, &workspace, VERIFIER).await.status(), 400);
    // RFC 6749 §4.1.2: what a code led to that comes twice is ended.
    assert!(!server.holds(&tokens.access).await);
    assert_eq!(server.refresh(&tokens.refresh).await.status(), 401);
    let listed = server.http.get(format!("{}/auth/workspaces?code={code}", server.base)).send().await.unwrap();
    assert_eq!(listed.status(), 400);
}

async fn pkce_cannot_be_had_for_less(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    for (challenge, method, expected) in [
        (Some(CHALLENGE), Some("plain"), 400),
        (Some(CHALLENGE), Some("s256"), 400),
        (Some(CHALLENGE), Some(""), 400),
        (Some(CHALLENGE), None, 422),
        (None, Some("S256"), 422),
        (Some(""), Some("S256"), 400),
        (Some("short"), Some("S256"), 400),
    ] {
        let mut query = vec![("redirect_uri", FRONT_END)];
        query.extend(challenge.map(|challenge| ("code_challenge", challenge)));
        query.extend(method.map(|method| ("code_challenge_method", method)));
        let url = format!("{}/auth/login/real?{}", server.base, form_of(&query));
        assert_eq!(server.http.get(url).send().await.unwrap().status(), expected, "{challenge:?} {method:?}");
    }
    let code = server.code("ada").await;
    let workspace = server.choices(&code).await[0]["id"].as_str().unwrap().to_owned();
    for verifier in ["", CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}a")] {
        assert_eq!(server.exchange(&code, &workspace, verifier).await.status(), 400, "{verifier}");
    }
    // Whoever has only the code could not use it up.
    assert_eq!(server.exchange(&code, &workspace, VERIFIER).await.status(), 200);
}

async fn only_registered_redirect_uris(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    for uri in [
        "https://evil.example/callback",
        "https://app.example.test/callback",
        "https://app.example.test/callback?from=sentinel&x=1",
        "https://app.example.test/callback?from=sentinel#x",
        "https://app.example.test/callback/?from=sentinel",
        "https://app.example.test@evil.example/callback?from=sentinel",
        "http://app.example.test/callback?from=sentinel",
        "HTTPS://app.example.test/callback?from=sentinel",
        "//evil.example",
        "",
    ] {
        let query = [("redirect_uri", uri), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let url = format!("{}/auth/login/real?{}", server.base, form_of(&query));
        let answer = server.http.get(url).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{uri}");
        assert!(!answer.headers().contains_key("location"), "{uri}");
    }
    // A client that was closed while its user was on the way.
    let mut browser = Browser::new();
    let stop = format!("{}/auth/callback", server.base);
    let back = browser.log_in(&server.login_url(), "ada", &stop).await;
    let mut db = server.begin().await;
    let client = db.client_by_redirect_uri(FRONT_END).await.unwrap().unwrap();
    let change = sentinel_storage::ClientChange { is_active: Some(false), ..Default::default() };
    db.update_client(client.id, &change, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let answer = browser.get(back.as_str()).await;
    assert_eq!(answer.status(), 400);
    assert!(!answer.headers().contains_key("location"));
    assert_eq!(server.http.get(server.login_url()).send().await.unwrap().status(), 400);
}

async fn an_answer_belongs_to_one_browser_and_is_good_once(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let stop = format!("{}/auth/callback", server.base);
    // Login CSRF: the attacker's answer in the victim's browser, which has a login of its own on the way.
    let (mut attacker, mut victim) = (Browser::new(), Browser::new());
    let back = attacker.log_in(&server.login_url(), "mallory", &stop).await;
    victim.get(&server.login_url()).await;
    for browser in [&mut victim, &mut Browser::new()] {
        let answer = browser.get(back.as_str()).await;
        assert_eq!(answer.status(), 400);
        assert!(!answer.headers().contains_key("location"));
    }
    // The victim's browser used it up.
    assert_eq!(attacker.get(back.as_str()).await.status(), 400);

    let mut browser = Browser::new();
    let back = browser.log_in(&server.login_url(), "ada", &stop).await;
    for (from, to) in
        [("/auth/callback/real", "/auth/callback/other"), ("/auth/callback/real", "/auth/admin/callback/real")]
    {
        let back = browser.log_in(&server.login_url(), "ada", &stop).await;
        let elsewhere = back.as_str().replace(from, to);
        assert_eq!(browser.get(&elsewhere).await.status(), 400, "{to}");
    }
    // Two logins at a time in one browser: the first one still comes back, once.
    assert_eq!(browser.get(back.as_str()).await.status(), 302);
    assert_eq!(browser.get(back.as_str()).await.status(), 400);
    let late = browser.log_in(&server.login_url(), "ada", &stop).await;
    server.pass(10 * 60 * 1000);
    assert_eq!(browser.get(late.as_str()).await.status(), 400);
}

async fn a_refusal_goes_back_to_the_front_end(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let mut browser = Browser::new();
    let away = browser.get(&server.login_url()).await;
    assert_eq!(away.status(), 302);
    let cookie = away.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    let away = reqwest::Url::parse(away.headers()["location"].to_str().unwrap()).unwrap();
    let state = parameter(&away, "state").unwrap();
    let back =
        format!("{}/auth/callback/real?{}", server.base, form_of(&[("error", "access_denied"), ("state", &state)]));
    let answer = browser.get(&back).await;
    let to = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    assert!(to.as_str().starts_with(FRONT_END), "{to}");
    assert_eq!(parameter(&to, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&to, "state").as_deref(), Some("the front end's"));
    assert_eq!(parameter(&to, "code"), None);

    // A deactivated account.
    let ada = server.log_in("ada").await.user();
    let mut db = server.begin().await;
    db.set_user_active(ada, false, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let back = Browser::new().log_in(&server.login_url(), "ada", FRONT_END).await;
    assert_eq!(parameter(&back, "error").as_deref(), Some("access_denied"));
    let unknown = server.login_url().replace("/real?", "/nobody?");
    assert_eq!(server.http.get(unknown).send().await.unwrap().status(), 404);
}

async fn an_address_joins_accounts_only_where_it_is_proven(place: StoreOptions) {
    for (trusted, proven, joined) in [(true, true, true), (false, true, false), (true, false, false)] {
        let server = Deployment::start(place.clone(), |_, provider| provider.trust_email = trusted).await;
        let name = format!("user{}", Uuid::new_v4().as_simple());
        let email = format!("{name}@example.test");
        let id = Uuid::new_v4();
        let mut db = server.begin().await;
        let new =
            NewUser { id, email: &email, email_verified: proven, name: "Before", avatar_url: None, is_admin: false };
        db.insert_user(&new, server.now()).await.unwrap();
        db.commit().await.unwrap();
        let found = server.log_in(&name).await.user();
        assert_eq!(found == id, joined, "provider trusted: {trusted}, account's address proven: {proven}");
    }
}

async fn newcomers_go_where_the_settings_say(place: StoreOptions) {
    let server = Deployment::start(place.clone(), |config, _| config.newcomers = Newcomers::Nowhere).await;
    let code = server.code("nowhere").await;
    assert!(server.choices(&code).await.is_empty());
    let team = || Newcomers::DefaultWorkspace { slug: "team".into(), role: WorkspaceRole::Viewer };
    let server = Deployment::start(place, |config, _| config.newcomers = team()).await;
    for name in ["bob", "eve"] {
        let choices = server.choices(&server.code(name).await).await;
        assert_eq!((&choices[0]["slug"], &choices[0]["role"]), (&json!("team"), &json!("viewer")));
    }
}

/// Whoever takes the slug of the default workspace does not get its newcomers.
async fn newcomers_join_the_workspace_and_not_its_slug(place: StoreOptions) {
    let team = || Newcomers::DefaultWorkspace { slug: "team".into(), role: WorkspaceRole::Viewer };
    let server = Deployment::start(place.clone(), |config, _| config.newcomers = team()).await;
    let ours = server.begin().await.workspace_by_slug("team").await.unwrap().unwrap().id;
    let mut db = server.begin().await;
    let renamed = WorkspaceChange { slug: Some("the-team"), ..Default::default() };
    db.update_workspace(ours, &renamed, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let squatted = server.workspace("team", &[]).await;
    let joined = async |server: &Deployment, name: &str| {
        let choices = server.choices(&server.code(name).await).await;
        choices.iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect::<Vec<Uuid>>()
    };
    assert_eq!(joined(&server, "bob").await, [ours]);
    let server = Deployment::start(place, |config, _| config.newcomers = team()).await;
    assert_eq!(joined(&server, "eve").await, [ours], "nor after another start");
    let mut db = server.begin().await;
    db.delete_workspace(ours).await.unwrap();
    db.commit().await.unwrap();
    assert!(joined(&server, "mallory").await.is_empty(), "and not {squatted} when ours is gone");
}

async fn codes_expire(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let code = server.code("ada").await;
    let workspace = server.choices(&code).await[0]["id"].as_str().unwrap().to_owned();
    server.pass(5 * 60 * 1000);
    assert_eq!(server.exchange(&code, &workspace, VERIFIER).await.status(), 400);
    assert_eq!(server.exchange("unknown", &workspace, VERIFIER).await.status(), 400);
    assert_eq!(server.exchange(&code, "no-uuid", VERIFIER).await.status(), 422);
}

async fn a_workspace_needs_membership(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let foreign = server.workspace("foreign", &[]).await;
    let code = server.code("ada").await;
    for workspace in [foreign, Uuid::new_v4()] {
        assert_eq!(server.exchange(&code, &workspace.to_string(), VERIFIER).await.status(), 403);
    }
    let own = server.choices(&code).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(server.exchange(&code, &own, VERIFIER).await.status(), 200);
}
