//! Webhooks: a real receiver on loopback, which judges messages with the published library of Standard Webhooks.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::post;
use reqwest::Method;
use sentinel_server::service::accounts::AccountChange;
use sentinel_server::service::webhooks::NewWebhook;
use sentinel_server::service::{Actor, Caller, WorkspaceRole};
use sentinel_storage::StoreOptions;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::deployment::{Deployment, body, cases};
use crate::local::Home;
use crate::scim::Directory;

cases! {
    changes_are_told_and_verified, what_a_directory_says_is_told_on, nothing_is_told_of_what_was_undone, a_replay_is_refused, what_fails_comes_again_and_is_given_up,
    what_concerns_an_account_is_told_wherever_it_belongs, a_secret_is_replaced_with_both_in_use, replicas_tell_once, only_where_it_may, administrators_see_why,
}

const HOUR: i64 = 3_600_000;

/// A service that is told.
#[derive(Clone)]
struct Receiver {
    url: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    secret: String,
    seen: BTreeSet<String>,
    taken: Vec<Value>,
    refused: Vec<String>,
    /// What it answers instead, while there is one.
    broken: Option<StatusCode>,
    last: Option<(HeaderMap, Bytes)>,
}

/// Verifies first, and takes no message twice.
async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut inner = receiver.inner.lock().unwrap();
    if let Some(status) = inner.broken {
        return status;
    }
    inner.last = Some((headers.clone(), body.clone()));
    if let Err(why) = Webhook::new(&inner.secret).unwrap().verify(&body, &headers) {
        inner.refused.push(why.to_string());
        return StatusCode::UNAUTHORIZED;
    }
    if !inner.seen.insert(headers["webhook-id"].to_str().unwrap().to_owned()) {
        inner.refused.push("seen".into());
        return StatusCode::CONFLICT;
    }
    inner.taken.push(serde_json::from_slice(&body).unwrap());
    StatusCode::NO_CONTENT
}

impl Receiver {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        let receiver = Self { url, inner: Arc::default() };
        let router = Router::new().route("/told", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap())
    }

    /// What it was told since it was asked last: kinds and usernames.
    fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let taken = self.with(|inner| std::mem::take(&mut inner.taken));
        taken.iter().map(|said| (text(&said["type"]), text(&said["data"]["user"]["username"]))).collect()
    }
}

async fn start(place: StoreOptions) -> (Deployment, Receiver, uuid::Uuid) {
    let server = Deployment::start(place, |config, _| config.webhooks_to_loopback = true).await;
    let receiver = Receiver::start().await;
    let new = NewWebhook { url: &receiver.url, description: "", events: &[], workspace_id: None };
    let (endpoint, secret) = server.service.create_webhook(&Actor::System, &Caller::default(), &new).await.unwrap();
    receiver.with(|inner| inner.secret = secret.0);
    (server, receiver, endpoint.id)
}

/// Everything that is due now.
async fn deliver(server: &Deployment) {
    while server.service.deliver_webhooks().await.unwrap() > 0 {}
}

async fn deactivate(server: &Deployment, user: uuid::Uuid, is_active: bool) {
    server.service.set_account_active(&Actor::System, &Caller::default(), user, is_active).await.unwrap();
}

async fn changes_are_told_and_verified(place: StoreOptions) {
    let (server, receiver, _) = start(place).await;
    let ada = server.log_in("ada.lovelace").await;
    deliver(&server).await;
    let mut told = receiver.told();
    told.sort();
    let names = |all: &[(String, String)]| all.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>();
    assert_eq!(names(&told), ["membership.created", "user.created", "username.assigned", "workspace.created"]);
    assert!(told.iter().all(|(event, name)| event == "workspace.created" || name == "ada_lovelace"), "{told:?}");
    let bob = server.log_in("bob").await;
    deliver(&server).await;
    receiver.told();
    let (system, caller, workspace) = (Actor::System, Caller::default(), ada.workspace());
    let service = &server.service;
    let change = AccountChange { username: Some("countess"), ..AccountChange::default() };
    service.change_account(&system, &caller, ada.user(), &change).await.unwrap();
    deliver(&server).await;
    assert_eq!(receiver.told(), [("username.assigned".to_owned(), "countess".to_owned())]);
    service.add_member(&system, &caller, workspace, "bob@example.test", WorkspaceRole::Viewer).await.unwrap();
    service.change_member(&system, &caller, workspace, bob.user(), Some(WorkspaceRole::Admin)).await.unwrap();
    deliver(&server).await;
    let last = receiver.with(|inner| inner.taken.last().cloned().unwrap());
    let data = &last["data"];
    assert_eq!((&data["user"]["uid"], &data["user"]["id"]), (&json!("uid-bob"), &json!(bob.user())));
    assert_eq!((&data["workspace_id"], &data["user"]["is_active"]), (&json!(workspace), &json!(true)));
    service.change_member(&system, &caller, workspace, bob.user(), None).await.unwrap();
    deactivate(&server, bob.user(), false).await;
    deliver(&server).await;
    let mut told = names(&receiver.told());
    told.sort();
    assert_eq!(told, ["membership.created", "membership.deleted", "membership.updated", "user.deactivated"]);
    assert_eq!(receiver.with(|inner| inner.refused.clone()), [""; 0]);
}

/// "Bidirectional provisioning": what comes in by SCIM goes out to every service that keeps a copy.
async fn what_a_directory_says_is_told_on(place: StoreOptions) {
    let (server, receiver, _) = start(place).await;
    let workspace = server.workspace("platform", &[]).await;
    let directory = Directory::new(&server, workspace).await;
    let told = async || {
        deliver(&server).await;
        let mut told = receiver.with(|inner| std::mem::take(&mut inner.taken));
        told.sort_by_key(|said| said["type"].to_string());
        told.into_iter().map(|said| (said["type"].clone(), said["data"].clone())).collect::<Vec<_>>()
    };
    let (status, made) = directory.create("grace.hopper").await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let said = told().await;
    let kinds: Vec<_> = said.iter().map(|(kind, _)| kind.as_str().unwrap()).collect();
    assert_eq!(kinds, ["membership.created", "user.created", "username.assigned"]);
    let (_, member) = &said[0];
    assert_eq!((&member["user"]["id"], &member["user"]["email"]), (&json!(id), &json!("grace.hopper@example.test")));
    assert_eq!((&member["user"]["first_name"], &member["user"]["last_name"]), (&json!("Grace"), &json!("Hopper")));
    assert_eq!((&member["workspace_id"], &member["role"]), (&json!(workspace), &json!("viewer")));
    assert_eq!(said[2].1["user"]["uid"], json!("uid-grace_hopper"));
    // Her login is of this account, and nothing to tell; then she is shut out.
    assert_eq!(server.log_in_at("grace.hopper", workspace).await.user().to_string(), id);
    assert_eq!(told().await, []);
    let (_, ended) = directory.patch(id, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    assert_eq!(ended["active"], json!(false));
    let said = told().await;
    let kinds: Vec<_> = said.iter().map(|(kind, _)| kind.as_str().unwrap()).collect();
    assert_eq!(kinds, ["membership.deleted", "user.updated"]);
    let (_, gone) = &said[0];
    assert_eq!((&gone["user"]["uid"], &gone["role"]), (&json!("uid-grace_hopper"), &Value::Null));
}

async fn nothing_is_told_of_what_was_undone(place: StoreOptions) {
    let (server, receiver, _) = start(place).await;
    let ada = server.log_in("ada").await;
    deliver(&server).await;
    receiver.told();
    // The only owner stays: the change is refused after it began.
    let caller = Caller::default();
    let refused = server.service.change_member(&Actor::System, &caller, ada.workspace(), ada.user(), None);
    assert!(refused.await.is_err());
    let mut db = server.begin().await;
    db.insert_webhook_message(
        &sentinel_storage::NewWebhookMessage {
            id: "msg_undone",
            event: "user.updated",
            body: "{}",
            workspace_id: None,
            user_id: None,
            expires_at: i64::MAX,
        },
        0,
    )
    .await
    .unwrap();
    drop(db);
    deliver(&server).await;
    assert_eq!(receiver.told(), []);
}

async fn a_replay_is_refused(place: StoreOptions) {
    let (server, receiver, _) = start(place).await;
    server.log_in("ada").await;
    deliver(&server).await;
    let (headers, body) = receiver.with(|inner| inner.last.clone().unwrap());
    let replay = async |headers: HeaderMap, body: Bytes| {
        let request = server.http.post(&receiver.url).headers(headers).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    // The same again; with another id, another time, another body; long after.
    assert_eq!(replay(headers.clone(), body.clone()).await, 409);
    for (name, value) in
        [("webhook-id", "msg_other"), ("webhook-timestamp", "1700000000"), ("webhook-signature", "v1,AAAA")]
    {
        let mut forged = headers.clone();
        forged.insert(HeaderName::from_static(name), value.parse().unwrap());
        assert_eq!(replay(forged, body.clone()).await, 401, "{name}");
    }
    let mut other = body.to_vec();
    other[0] = b'[';
    assert_eq!(replay(headers, other.into()).await, 401);
    assert_eq!(receiver.with(|inner| inner.refused.len()), 5);
}

async fn what_fails_comes_again_and_is_given_up(place: StoreOptions) {
    let (server, receiver, id) = start(place).await;
    let ada = server.log_in("ada").await;
    deliver(&server).await;
    receiver.told();
    receiver.with(|inner| inner.broken = Some(StatusCode::SERVICE_UNAVAILABLE));
    deactivate(&server, ada.user(), false).await;
    deliver(&server).await;
    let state = async || server.service.webhook_deliveries(id, false).await.unwrap().remove(0);
    let first = state().await;
    assert_eq!((first.attempts, first.reason.as_deref()), (1, Some("answered with status 503")));
    // Not before its time.
    deliver(&server).await;
    assert_eq!(state().await.attempts, 1);
    server.pass(6000);
    receiver.with(|inner| inner.broken = Some(StatusCode::FOUND));
    deliver(&server).await;
    assert_eq!((state().await.attempts, state().await.reason.as_deref()), (2, Some("redirects are not followed")));
    // Taken at last, under the same id, however often it was tried. The library judges the time of the attempt.
    receiver.with(|inner| inner.broken = None);
    server.pass(2 * 60_000);
    deliver(&server).await;
    let done = state().await;
    assert!(done.delivered_at.is_some() && done.due_at.is_none() && done.message_id == first.message_id);
    assert_eq!(receiver.told(), [("user.deactivated".to_owned(), "ada".to_owned())]);
    // Given up.
    receiver.with(|inner| inner.broken = Some(StatusCode::INTERNAL_SERVER_ERROR));
    deactivate(&server, ada.user(), true).await;
    for _ in 0..12 {
        deliver(&server).await;
        server.pass(24 * HOUR);
    }
    let dead = server.service.webhook_deliveries(id, true).await.unwrap().remove(0);
    assert_eq!((dead.attempts, dead.due_at, dead.event.as_str()), (10, None, "user.activated"));
    assert_eq!(dead.reason.as_deref(), Some("answered with status 500"));
    server.service.retry_webhook(&Actor::System, &Caller::default(), id, &dead.message_id).await.unwrap();
    deliver(&server).await;
    assert_eq!(state().await.attempts, 1);
}

async fn a_secret_is_replaced_with_both_in_use(place: StoreOptions) {
    let (server, receiver, id) = start(place).await;
    let ada = server.log_in("ada").await;
    deliver(&server).await;
    let rotated = server.service.rotate_webhook_secret(&Actor::System, &Caller::default(), id, 60).await.unwrap();
    // The receiver still has the one before, and then the next.
    deactivate(&server, ada.user(), false).await;
    deliver(&server).await;
    receiver.with(|inner| inner.secret = rotated.0);
    deactivate(&server, ada.user(), true).await;
    deliver(&server).await;
    assert_eq!(receiver.with(|inner| inner.refused.len()), 0);
    let (headers, _) = receiver.with(|inner| inner.last.clone().unwrap());
    assert_eq!(headers["webhook-signature"].to_str().unwrap().split(' ').count(), 2);
    server.pass(61_000);
    deactivate(&server, ada.user(), false).await;
    deliver(&server).await;
    let (headers, _) = receiver.with(|inner| inner.last.clone().unwrap());
    assert_eq!(headers["webhook-signature"].to_str().unwrap().split(' ').count(), 1);
    assert_eq!(receiver.with(|inner| inner.refused.len()), 0);
}

async fn replicas_tell_once(place: StoreOptions) {
    let (server, receiver, _) = start(place.clone()).await;
    let other = Deployment::start(place, |config, _| config.webhooks_to_loopback = true).await;
    for name in ["ada", "bob", "eve", "joe", "kim", "lou", "max", "ned"] {
        server.log_in(name).await;
    }
    tokio::join!(deliver(&server), deliver(&other), deliver(&server), deliver(&other));
    assert_eq!(receiver.told().len(), 8 * 4);
    assert_eq!(receiver.with(|inner| inner.refused.clone()), [""; 0], "none came twice");
}

async fn only_where_it_may(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    for url in [
        "http://127.0.0.1:1/",
        "https://127.0.0.1/",
        "https://localhost/",
        "http://a.example/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/",
        "https://u:p@a.example/",
        "ftp://a.example/",
        "https://a.example/#f",
        "",
    ] {
        let new = NewWebhook { url, description: "", events: &[], workspace_id: None };
        let made = server.service.create_webhook(&Actor::System, &Caller::default(), &new).await;
        // A name is judged when it is resolved: then there is no connection.
        assert_eq!(made.is_ok(), url == "https://localhost/", "{url}");
    }
    server.log_in("ada").await;
    deliver(&server).await;
    let id = server.service.webhooks().await.unwrap()[0].id;
    let found = server.service.webhook_deliveries(id, false).await.unwrap();
    assert!(!found.is_empty());
    for message in found {
        assert_eq!(message.reason.as_deref(), Some("the host's address may not be reached by this policy"));
    }
    let events = ["user.created".to_owned(), "user.exploded".to_owned()];
    let new = NewWebhook { url: "https://a.example/", description: "", events: &events, workspace_id: None };
    assert!(server.service.create_webhook(&Actor::System, &Caller::default(), &new).await.is_err());
}

async fn administrators_see_why(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| {
        config.webhooks_to_loopback = true;
        config.admin_emails = vec!["root@example.test".into()];
    })
    .await;
    let receiver = Receiver::start().await;
    let cookie = server.admin_cookie("root").await;
    let asked = async |method: Method, path: &str, value: Value| {
        let request = server.http.request(method, format!("{}/admin/webhooks{path}", server.base));
        let request = request.header("cookie", format!("admin_token={cookie}")).header("x-requested-with", "test");
        let request = request.header("content-type", "application/json").body(value.to_string());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, if status == 204 { Value::Null } else { body(answer).await })
    };
    let new = json!({ "url": receiver.url, "events": ["user.created"], "description": "the fleet" });
    let (status, made) = asked(Method::POST, "", new).await;
    assert_eq!(status, 201, "{made}");
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let at = format!("/{}", made["id"].as_str().unwrap());
    let (_, listed) = asked(Method::GET, "", json!({})).await;
    assert_eq!((&listed[0]["url"], &listed[0]["secret"]), (&made["url"], &Value::Null));
    receiver.with(|inner| inner.broken = Some(StatusCode::GONE));
    server.log_in("ada").await;
    deliver(&server).await;
    let (_, seen) = asked(Method::GET, &format!("{at}/deliveries"), json!({})).await;
    assert_eq!(seen.as_array().unwrap().len(), 1, "what it asked for alone: {seen}");
    assert_eq!((&seen[0]["state"], &seen[0]["reason"]), (&json!("pending"), &json!("answered with status 410")));
    assert_eq!(asked(Method::GET, &format!("{at}/deliveries?failed=true"), json!({})).await.1, json!([]));
    assert_eq!(asked(Method::POST, &format!("{at}/deliveries/msg_x/retry"), json!({})).await.0, 404);
    let (status, changed) = asked(Method::PATCH, &at, json!({ "is_active": false, "events": [] })).await;
    assert_eq!((status, &changed["is_active"]), (200, &json!(false)));
    let (status, rotated) = asked(Method::POST, &format!("{at}/secret"), json!({})).await;
    assert!(status == 200 && rotated["secret"] != made["secret"]);
    assert_eq!(asked(Method::POST, &format!("{at}/secret"), json!({ "overlap_seconds": 999_999 })).await.0, 400);
    assert_eq!(asked(Method::DELETE, &at, json!({})).await.0, 204);
    assert_eq!(asked(Method::GET, &at, json!({})).await.0, 404);
}

/// A workspace closes an account that belongs to another one, too.
async fn what_concerns_an_account_is_told_wherever_it_belongs(place: StoreOptions) {
    let home = Home::start_with(place, |config| config.webhooks_to_loopback = true).await;
    let bob = home.make("bob", "viewer").await;
    let other = home.server.workspace("other", &[(bob, WorkspaceRole::Owner)]).await;
    let receiver = Receiver::start().await;
    let new = NewWebhook { url: &receiver.url, description: "", events: &[], workspace_id: Some(other) };
    let (_, secret) = home.server.service.create_webhook(&Actor::System, &Caller::default(), &new).await.unwrap();
    receiver.with(|inner| inner.secret = secret.0);
    for change in [json!({ "is_active": false }), json!({ "is_active": true }), json!({ "name": "Bob" })] {
        let changed = home.ask(Method::PATCH, &format!("/local/users/{bob}"), &home.owner, Some(change)).await;
        assert_eq!(changed.status(), 200);
    }
    let ended = home.post(&format!("/local/users/{bob}/revoke-tokens"), &home.owner, json!({})).await;
    assert_eq!(ended.status(), 200);
    deliver(&home.server).await;
    let told: BTreeSet<_> = receiver.told().into_iter().map(|(event, _)| event).collect();
    let expected = ["user.activated", "user.deactivated", "user.sessions_ended", "user.updated"];
    assert_eq!(told, expected.map(str::to_owned).into());
    // What is the workspace's own to say is nobody else's.
    let trusted = json!({ "trust_level": 4 });
    home.ask(Method::PATCH, &format!("/local/users/{bob}"), &home.owner, Some(trusted)).await;
    deliver(&home.server).await;
    assert_eq!(receiver.told(), []);
}
