//! Sessions that last for as long as they are used: one token, which brings the next one.

use reqwest::{Method, Response};
use sentinel_storage::{RevocationKind, StoreOptions};
use serde_json::json;
use uuid::Uuid;

use crate::deployment::{KEY, cases, claims};
use crate::local::{FIRST, Home};

cases! {
    use_brings_a_fresh_token_once_a_tenth_is_spent, tokens_of_a_minute_are_followed_too, who_walks_away_for_an_hour_logs_in_again, no_use_goes_past_the_limit,
    fifty_requests_with_one_token, answers_that_carry_none, what_has_ended_is_not_prolonged,
    a_token_that_was_taken_back_has_no_children, other_dialects_do_not_slide,
}

const MINUTE: i64 = 60_000;

/// The token that an answer brings.
fn fresh(answer: &Response) -> Option<String> {
    Some(answer.headers().get("x-refreshed-token")?.to_str().unwrap().to_owned())
}

async fn use_it(home: &Home, token: &str) -> (u16, Option<String>) {
    let answer = home.get("/probe", token).await;
    (answer.status().as_u16(), fresh(&answer))
}

async fn use_brings_a_fresh_token_once_a_tenth_is_spent(place: StoreOptions) {
    let home = Home::start(place).await;
    let first = home.owner.clone();
    assert_eq!(use_it(&home, &first).await, (200, None));
    home.server.pass(5 * MINUTE);
    assert_eq!(use_it(&home, &first).await, (200, None));
    home.server.pass(MINUTE);
    let answer = home.get("/probe", &first).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let second = fresh(&answer).expect("six minutes are a tenth of an hour");
    let (before, after) = (claims(&first), claims(&second));
    for same in ["sub", "sid", "wid", "wrole", "username", "iss", "aud", "type"] {
        assert_eq!(before[same], after[same], "{same}");
    }
    assert_ne!(before["jti"], after["jti"]);
    let seconds = |claims: &serde_json::Value, name: &str| claims[name].as_i64().unwrap();
    assert!((359..=363).contains(&(seconds(&after, "iat") - seconds(&before, "iat"))));
    assert!((3598..=3600).contains(&(seconds(&after, "exp") - seconds(&after, "iat"))));
    // The one before is good to its end: requests that are under way have it.
    assert!(home.holds(&first).await && home.holds(&second).await);
    let session = home.server.begin().await.session(before["sid"].as_str().unwrap().parse().unwrap()).await.unwrap();
    assert!(session.unwrap().expires_at >= seconds(&after, "exp") * 1000, "durable before it was answered");
}

async fn tokens_of_a_minute_are_followed_too(place: StoreOptions) {
    let home = Home::start_with(place, |config| config.lifetimes.local_access = MINUTE).await;
    let mut token = home.owner.clone();
    for _ in 0..12 {
        home.server.pass(MINUTE / 6);
        token = use_it(&home, &token).await.1.expect("a sixth of a minute is more than a tenth");
    }
    assert!(!home.holds(&home.owner).await && home.holds(&token).await);
}

async fn who_walks_away_for_an_hour_logs_in_again(place: StoreOptions) {
    let home = Home::start(place).await;
    let mut token = home.owner.clone();
    // Who comes by every fifty minutes never sees a login.
    for _ in 0..10 {
        home.server.pass(50 * MINUTE);
        token = use_it(&home, &token).await.1.unwrap();
    }
    assert!(!home.holds(&home.owner).await);
    home.server.pass(60 * MINUTE);
    let answer = home.get("/probe", &token).await;
    assert_eq!((answer.status().as_u16(), fresh(&answer)), (401, None));
}

async fn no_use_goes_past_the_limit(place: StoreOptions) {
    let home = Home::start_with(place, |config| config.lifetimes.local_session = 120 * MINUTE).await;
    let begun = claims(&home.owner)["iat"].as_i64().unwrap();
    let mut token = home.owner.clone();
    for _ in 0..2 {
        home.server.pass(50 * MINUTE);
        token = use_it(&home, &token).await.1.unwrap();
    }
    let end = claims(&token)["exp"].as_i64().unwrap();
    assert!((7195..=7200).contains(&(end - begun)), "the last one ends with the session: {}", end - begun);
    home.server.pass(15 * MINUTE);
    assert_eq!(use_it(&home, &token).await, (200, None), "there is nothing after it");
    home.server.pass(5 * MINUTE);
    assert!(!home.holds(&token).await);
    home.log_in("owner", crate::local::OWNERS).await;
}

async fn fifty_requests_with_one_token(place: StoreOptions) {
    let home = Home::start(place).await;
    home.server.pass(10 * MINUTE);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let request = home.server.http.get(format!("{}/probe", home.server.base)).bearer_auth(&home.owner);
        requests.spawn(async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), fresh(&answer))
        });
    }
    let answers = requests.join_all().await;
    let tokens: Vec<_> = answers.into_iter().map(|(status, fresh)| (status, fresh.expect("a fresh one"))).collect();
    let sid = &claims(&home.owner)["sid"];
    for (status, token) in &tokens {
        assert_eq!((*status, &claims(token)["sid"]), (200, sid));
        assert!(home.holds(token).await);
    }
    // All of them end with the session.
    let answer = home.ask(Method::POST, "/auth/logout", &tokens[7].1, None).await;
    assert_eq!((answer.status().as_u16(), fresh(&answer)), (200, None), "a logout brings no token");
    for (_, token) in &tokens {
        assert!(!home.holds(token).await);
    }
    assert!(!home.holds(&home.owner).await);
}

async fn answers_that_carry_none(place: StoreOptions) {
    let home = Home::start(place).await;
    let bob = home.make("bob", "viewer").await;
    let token = home.log_in("bob", FIRST).await;
    home.server.pass(10 * MINUTE);
    for (path, status) in [("/local/users", 403), ("/nowhere", 404), ("/workspaces/x", 422)] {
        let answer = home.get(path, &token).await;
        assert_eq!((answer.status().as_u16(), fresh(&answer)), (status, None), "{path}");
    }
    // Without a token there is none to follow.
    let keys = home.get("/.well-known/jwks.json", &token).await;
    assert_eq!((keys.status().as_u16(), fresh(&keys)), (200, None));
    // A service that has the token does not prolong the login.
    let by_service = home.server.http.get(format!("{}/probe", home.server.base)).bearer_auth(&token);
    let by_service = by_service.header("x-service-key", KEY).send().await.unwrap();
    assert_eq!((by_service.status().as_u16(), fresh(&by_service)), (200, None));
    // Nobody whose account or membership has ended meanwhile.
    assert!(use_it(&home, &token).await.1.is_some());
    let mut db = home.server.begin().await;
    db.set_user_active(bob, false, home.server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(use_it(&home, &token).await, (401, None));
}

/// A request that ends its own session, in whichever way, is answered without a token.
async fn what_has_ended_is_not_prolonged(place: StoreOptions) {
    let home = Home::start(place).await;
    let bob = home.make("bob", "viewer").await;
    let token = home.log_in("bob", FIRST).await;
    home.server.pass(10 * MINUTE);
    let sid = claims(&token)["sid"].as_str().unwrap().to_owned();
    let answer = home.ask(Method::DELETE, &format!("/users/me/sessions/{sid}"), &token, None).await;
    assert_eq!((answer.status().as_u16(), fresh(&answer)), (204, None));
    let token = home.log_in("bob", FIRST).await;
    home.server.pass(10 * MINUTE);
    let wid = claims(&token)["wid"].as_str().unwrap().to_owned();
    let answer = home.ask(Method::DELETE, &format!("/workspaces/{wid}/members/{bob}"), &token, None).await;
    assert_eq!((answer.status().is_success(), fresh(&answer)), (true, None), "{}", answer.status());
    // All tokens of before a moment.
    let owner: Uuid = claims(&home.owner)["sub"].as_str().unwrap().parse().unwrap();
    let fresh_one = use_it(&home, &home.owner).await.1.unwrap();
    home.server.pass(1000);
    let mut db = home.server.begin().await;
    db.invalidate_user_sessions(owner, home.server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert!(!home.holds(&home.owner).await && !home.holds(&fresh_one).await);
}

async fn a_token_that_was_taken_back_has_no_children(place: StoreOptions) {
    let home = Home::start(place).await;
    home.make("bob", "viewer").await;
    let (token, elsewhere) = (home.log_in("bob", FIRST).await, home.log_in("bob", FIRST).await);
    home.server.pass(10 * MINUTE);
    // Whoever copied it has used it already.
    let child = use_it(&home, &token).await.1.unwrap();
    assert_eq!(home.server.form("/oauth/revoke", KEY, &[("token", &token)]).await.status(), 200);
    assert!(!home.holds(&token).await && !home.holds(&child).await);
    assert!(home.holds(&elsewhere).await, "one session, and not everyone's");
    let told = home.server.begin().await.revocations_after(0, 100).await.unwrap();
    let sid = claims(&token)["sid"].as_str().unwrap().to_owned();
    assert!(told.iter().any(|one| one.kind == RevocationKind::Session && one.value == sid));
    // The `jti` alone, by whoever writes it: at once, on every replica.
    let replica = &home.server;
    let mut db = replica.begin().await;
    let jti = claims(&elsewhere)["jti"].as_str().unwrap().to_owned();
    db.insert_revocation(RevocationKind::Token, &jti, replica.now(), replica.now() + 60 * MINUTE).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(use_it(&home, &elsewhere).await, (401, None));
}

async fn other_dialects_do_not_slide(place: StoreOptions) {
    let home = Home::start(place).await;
    let carol = home.make("carol", "viewer").await;
    let token = home.by_password(carol, "carol@firm.com").await;
    home.server.pass(30 * MINUTE);
    assert_eq!(use_it(&home, &token).await, (200, None));
    // And a token that slides is no refresh token.
    for path in ["/auth/refresh", "/api/v1/auth/refresh"] {
        assert_eq!(home.server.post(path, json!({ "refresh_token": home.owner })).await.status(), 401, "{path}");
    }
}
