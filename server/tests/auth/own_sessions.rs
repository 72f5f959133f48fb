//! Where a person is logged in, and the end of it.

use reqwest::Method;
use sentinel_storage::StoreOptions;
use serde_json::{Value, json};

use crate::deployment::{KEY, body, cases, claims};
use crate::local::{FIRST, Home};

cases! { sessions_are_listed_and_ended, being_seen_is_noted_now_and_then, a_service_s_token_ends_no_session }

const MINUTE: i64 = 60_000;

async fn list(home: &Home, token: &str) -> Vec<Value> {
    let answer = home.get("/users/me/sessions", token).await;
    assert_eq!(answer.status(), 200);
    body(answer).await.as_array().unwrap().clone()
}

async fn sessions_are_listed_and_ended(place: StoreOptions) {
    let home = Home::start(place).await;
    home.make("bob", "viewer").await;
    let [first, second, third] =
        [home.log_in("bob", FIRST).await, home.log_in("bob", FIRST).await, home.log_in("bob", FIRST).await];
    let sessions = list(&home, &first).await;
    assert_eq!(sessions.len(), 3);
    let current: Vec<_> =
        sessions.iter().filter(|one| one["is_current"] == json!(true)).map(|one| &one["id"]).collect();
    assert_eq!(current, [&claims(&first)["sid"]]);
    for one in &sessions {
        let mut members: Vec<_> = one.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected = [
            "created_at",
            "expires_at",
            "id",
            "ip_address",
            "is_current",
            "last_seen_at",
            "user_agent",
            "workspace_id",
        ];
        assert_eq!(members, expected, "and no secret");
    }
    let path = |token: &str| format!("/users/me/sessions/{}", claims(token)["sid"].as_str().unwrap());
    // Others' are not there.
    assert_eq!(home.ask(Method::DELETE, &path(&first), &home.owner, None).await.status(), 404);
    assert_eq!(home.ask(Method::DELETE, &path(&home.owner), &first, None).await.status(), 404);
    assert_eq!(home.ask(Method::DELETE, "/users/me/sessions/x", &first, None).await.status(), 422);
    assert_eq!(home.ask(Method::DELETE, &path(&second), &first, None).await.status(), 204);
    assert!(!home.holds(&second).await && home.holds(&third).await);
    assert_eq!(home.ask(Method::DELETE, &path(&second), &first, None).await.status(), 404);
    let ended = home.post("/users/me/sessions/revoke-others", &first, json!({})).await;
    assert_eq!(body(ended).await, json!({ "sessions": 1 }));
    assert!(home.holds(&first).await && !home.holds(&third).await && home.holds(&home.owner).await);
    assert_eq!(list(&home, &first).await.len(), 1);
    assert_eq!(home.ask(Method::DELETE, &path(&first), &first, None).await.status(), 204);
    assert!(!home.holds(&first).await);
}

async fn being_seen_is_noted_now_and_then(place: StoreOptions) {
    let home = Home::start(place).await;
    let seen = async |token: &str| {
        let sid = claims(token)["sid"].as_str().unwrap().parse().unwrap();
        home.server.begin().await.session(sid).await.unwrap().unwrap().last_used_at
    };
    let before = seen(&home.owner).await;
    home.server.pass(4 * MINUTE);
    assert!(home.holds(&home.owner).await);
    assert_eq!(seen(&home.owner).await, before, "not by every request");
    home.server.pass(MINUTE);
    assert!(home.holds(&home.owner).await);
    let after = seen(&home.owner).await;
    assert!(after >= before + 5 * MINUTE, "{}", after - before);
    assert!(home.holds(&home.owner).await);
    assert_eq!(seen(&home.owner).await, after);
}

async fn a_service_s_token_ends_no_session(place: StoreOptions) {
    let home = Home::start(place).await;
    let (_, authz) = home.server.pair("ada").await;
    for (method, path) in [
        (Method::GET, "/users/me/sessions"),
        (Method::POST, "/users/me/sessions/revoke-others"),
        (Method::GET, "/local/me"),
        (Method::GET, "/local/users"),
    ] {
        let request = home.server.http.request(method, format!("{}{path}", home.server.base)).bearer_auth(&authz);
        assert_eq!(request.header("x-service-key", KEY).send().await.unwrap().status(), 403, "{path}");
    }
}
