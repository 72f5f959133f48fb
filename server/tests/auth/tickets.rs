//! Tickets for WebSockets: one socket, once, within seconds, at one service.

use reqwest::{Method, Response};
use sentinel_storage::{ServiceChange, StoreOptions, WorkspaceRole};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, OTHER_KEY, SCOPE, body, cases, claims};
use crate::local::{FIRST, Home};

cases! {
    a_ticket_says_who_opens_the_socket, a_ticket_is_good_once_on_all_replicas, a_ticket_is_its_service_s_alone,
    a_ticket_lives_for_seconds, a_ticket_of_what_has_ended, a_pair_gets_one_for_its_service,
}

async fn ticket(home: &Home, token: &str) -> String {
    let answer = home.post("/ws/tickets", token, json!({ "service_name": SCOPE })).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer = body(answer).await;
    assert_eq!(answer["expires_in"], json!(30));
    let ticket = answer["ticket"].as_str().unwrap();
    assert!(ticket.starts_with("wst_") && ticket.len() > 40, "{ticket}");
    ticket.to_owned()
}

async fn redeem(server: &Deployment, key: &str, ticket: &str) -> Response {
    let request = server.http.post(format!("{}/ws/tickets/redeem", server.base)).header("x-service-key", key);
    let request = request.header("content-type", "application/json");
    request.body(json!({ "ticket": ticket }).to_string()).send().await.unwrap()
}

async fn a_ticket_says_who_opens_the_socket(place: StoreOptions) {
    let home = Home::start(place).await;
    let bob = home.make("bob", "editor").await;
    let token = home.log_in("bob", FIRST).await;
    let issued = ticket(&home, &token).await;
    // What storage says at that moment counts, and not what the token said.
    let mut db = home.server.begin().await;
    let wid: Uuid = claims(&token)["wid"].as_str().unwrap().parse().unwrap();
    db.set_member_role(wid, bob, WorkspaceRole::Viewer, home.server.now()).await.unwrap();
    db.commit().await.unwrap();
    let answer = redeem(&home.server, KEY, &issued).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["cache-control"].clone()),
        (200, "no-store".parse().unwrap())
    );
    let said = body(answer).await;
    let token = claims(&token);
    for same in ["sub", "wid", "wslug", "sid", "jti", "iat", "exp", "type", "groups", "email", "name"] {
        assert_eq!(said[same], token[same], "{same}");
    }
    assert_eq!(said["wrole"], json!("viewer"));
    // For services that judge by tokens: the same one, with what is so now.
    let again = said["access_token"].as_str().unwrap();
    let mut expected = token.clone();
    expected["wrole"] = json!("viewer");
    assert_eq!(claims(again), expected);
    assert!(home.holds(again).await);
}

async fn a_ticket_is_good_once_on_all_replicas(place: StoreOptions) {
    let home = Home::start(place.clone()).await;
    let replica = Deployment::start(place, |config, _| crate::local::quick(config)).await;
    let issued = ticket(&home, &home.owner).await;
    let mut tries = tokio::task::JoinSet::new();
    for number in 0..20 {
        let server = if number % 2 == 0 { &home.server } else { &replica };
        let request = server.http.post(format!("{}/ws/tickets/redeem", server.base)).header("x-service-key", KEY);
        let request = request.header("content-type", "application/json").body(json!({ "ticket": issued }).to_string());
        tries.spawn(async move { request.send().await.unwrap().status().as_u16() });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1], statuses[19]), (200, 400, 400), "{statuses:?}");
    // A token is no ticket, and a ticket no token.
    for wrong in ["", "wst_", &home.owner, &"x".repeat(100_000)] {
        assert_eq!(redeem(&home.server, KEY, wrong).await.status(), 400);
    }
    let issued = ticket(&home, &home.owner).await;
    assert_eq!(home.get("/users/me", &issued).await.status(), 401);
    assert_eq!(
        home.server.http.get(format!("{}/users/me?ticket={issued}", home.server.base)).send().await.unwrap().status(),
        401
    );
    assert_eq!(redeem(&home.server, KEY, &issued).await.status(), 200, "nothing of it used the ticket");
}

async fn a_ticket_is_its_service_s_alone(place: StoreOptions) {
    let home = Home::start(place).await;
    let issued = ticket(&home, &home.owner).await;
    for _ in 0..3 {
        let answer = redeem(&home.server, OTHER_KEY, &issued).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(body(answer).await["detail"], json!("The ticket is invalid, used or expired"));
    }
    assert_eq!(redeem(&home.server, "sk_nobody", &issued).await.status(), 401);
    assert_eq!(home.post("/ws/tickets/redeem", &home.owner, json!({ "ticket": issued })).await.status(), 401);
    assert_eq!(redeem(&home.server, KEY, &issued).await.status(), 200, "whoever tried before changed nothing");
    assert_eq!(home.post("/ws/tickets", &home.owner, json!({ "service_name": "nobody" })).await.status(), 404);
    assert_eq!(home.post("/ws/tickets", "nobody", json!({ "service_name": SCOPE })).await.status(), 401);
    home.server.change_service(SCOPE, &ServiceChange { is_active: Some(false), ..Default::default() }).await;
    assert_eq!(home.post("/ws/tickets", &home.owner, json!({ "service_name": SCOPE })).await.status(), 404);
}

async fn a_ticket_lives_for_seconds(place: StoreOptions) {
    let home = Home::start(place).await;
    let (first, second) = (ticket(&home, &home.owner).await, ticket(&home, &home.owner).await);
    home.server.pass(20_000);
    assert_eq!(redeem(&home.server, KEY, &first).await.status(), 200);
    home.server.pass(10_000);
    assert_eq!(redeem(&home.server, KEY, &second).await.status(), 400);
}

async fn a_ticket_of_what_has_ended(place: StoreOptions) {
    let home = Home::start(place).await;
    let bob = home.make("bob", "viewer").await;
    for end in ["logout", "revoked", "reset", "membership", "deactivated"] {
        let token = home.log_in("bob", FIRST).await;
        let issued = ticket(&home, &token).await;
        match end {
            "logout" => drop(home.ask(Method::POST, "/auth/logout", &token, None).await),
            "revoked" => drop(home.post(&format!("/local/users/{bob}/revoke-tokens"), &home.owner, json!({})).await),
            "reset" => drop(home.post(&format!("/local/users/{bob}/pin"), &home.owner, json!({ "pin": FIRST })).await),
            "membership" => {
                let wid: Uuid = claims(&token)["wid"].as_str().unwrap().parse().unwrap();
                let mut db = home.server.begin().await;
                db.delete_member(wid, bob, home.server.now()).await.unwrap();
                db.commit().await.unwrap();
                assert_eq!(redeem(&home.server, KEY, &issued).await.status(), 400, "{end}");
                let mut db = home.server.begin().await;
                db.insert_member(wid, bob, WorkspaceRole::Viewer, home.server.now()).await.unwrap();
                db.commit().await.unwrap();
            }
            _ => {
                let path = format!("/local/users/{bob}");
                let answer = home.ask(Method::PATCH, &path, &home.owner, Some(json!({ "is_active": false }))).await;
                assert_eq!(answer.status(), 200);
            }
        }
        assert_eq!(redeem(&home.server, KEY, &issued).await.status(), 400, "{end}");
    }
}

async fn a_pair_gets_one_for_its_service(place: StoreOptions) {
    let home = Home::start(place).await;
    let (idp_token, authz) = home.server.pair("ada").await;
    let ask = async |service: &str| {
        let request = home.server.http.post(format!("{}/ws/tickets", home.server.base)).bearer_auth(&idp_token);
        let request = request.header("x-authz-token", &authz).header("content-type", "application/json");
        request.body(json!({ "service_name": service }).to_string()).send().await.unwrap()
    };
    assert_eq!(ask("other").await.status(), 403);
    let answer = ask(SCOPE).await;
    assert_eq!(answer.status(), 201);
    let issued: Value = body(answer).await;
    let said = body(redeem(&home.server, KEY, issued["ticket"].as_str().unwrap()).await).await;
    let token = claims(&authz);
    assert_eq!((&said["type"], &said["jti"], &said["exp"]), (&json!("authz"), &token["jti"], &token["exp"]));
    assert!(said.get("sid").is_none() && said.get("access_token").is_none());
}
