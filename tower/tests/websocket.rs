//! Sockets whose first message is the token: real ones, on loopback.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::any;
use futures_util::{SinkExt, StreamExt};
use sentinel_tower::core::{Error, ErrorCode, Identity, KeySet, Limits, Revocations, SymmetricKeys, Verifier};
use sentinel_tower::fetch::FetchPolicy;
use sentinel_tower::websocket::{Socket, SocketSettings, SocketUpgrade, Tickets};
use sentinel_tower::{Keys, Sentinel, current, spawn};
use serde_json::json;
use support::{AUDIENCE, ISSUER, Signer, WORKSPACE, serve, verifier};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Quick ones, for tests; what is waited for comes, however late.
const SETTINGS: SocketSettings =
    SocketSettings { recheck: Duration::from_millis(20), message_bytes: 20 * 1024, ..SocketSettings::DEFAULT };

#[derive(Clone, Default)]
struct Shared {
    settings: Option<SocketSettings>,
    /// How many handlers run.
    running: Arc<AtomicUsize>,
    /// What tasks say that handlers spawned.
    said: Arc<Mutex<Vec<String>>>,
}

/// Counts a handler as long as it lives.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Says who the other end is, then everything that it says; at `flood` it never stops, at `bye` it ends.
async fn live(State(shared): State<Shared>, upgrade: SocketUpgrade) -> Response {
    let settings = shared.settings.unwrap_or(SETTINGS);
    upgrade.settings(settings).on_upgrade(move |mut socket: Socket| async move {
        shared.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running(Arc::clone(&shared.running));
        let said = Arc::clone(&shared.said);
        let task = spawn(async move { said.lock().unwrap().push(current().unwrap().user_id().to_owned()) });
        task.await.unwrap();
        let hello = format!("{} {}", current().unwrap().user_id(), socket.identity().user_id());
        socket.send(hello).await.unwrap();
        while let Some(message) = socket.recv().await {
            match message.to_text().unwrap_or_default() {
                "bye" => {
                    socket.send("farewell").await.unwrap();
                    return;
                }
                "flood" => while socket.send("x".repeat(16 * 1024)).await.is_ok() {},
                "wait" => std::future::pending().await,
                _ => socket.send(message).await.unwrap(),
            }
        }
    })
}

struct Setup {
    signer: Signer,
    address: SocketAddr,
    shared: Shared,
}

type Client = WebSocketStream<TcpStream>;

fn sentinel(signer: &Signer) -> Sentinel {
    of(signer, verifier())
}

fn of(signer: &Signer, verifier: Verifier) -> Sentinel {
    let keys = KeySet::from_jwks(signer.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
    Sentinel::new(verifier, Keys::fixed(keys))
}

impl Setup {
    async fn new() -> Self {
        Self::with(Shared::default(), sentinel).await
    }

    async fn with(shared: Shared, make: impl FnOnce(&Signer) -> Sentinel) -> Self {
        let signer = Signer::new("k1");
        let layer = make(&signer).exclude_paths(["/live"]).unwrap().layer();
        let routes = Router::new().route("/live", any(live)).route("/closed", any(live)).with_state(shared.clone());
        let address = serve(routes.layer(layer)).await;
        Self { signer, address, shared }
    }

    fn token(&self, user: &str) -> String {
        self.signer.sign(ISSUER, AUDIENCE, user, json!({ "wid": WORKSPACE }))
    }

    async fn open(&self) -> Client {
        self.try_open("/live", None).await.unwrap()
    }

    async fn try_open(&self, path: &str, token: Option<&str>) -> Result<Client, u16> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        if let Some(token) = token {
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        match client_async(request, TcpStream::connect(self.address).await.unwrap()).await {
            Ok((client, _)) => Ok(client),
            Err(SocketError::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A socket whose first message is this user's token, after its welcome.
    async fn known(&self, user: &str) -> Client {
        let mut client = self.open().await;
        say(&mut client, &self.token(user)).await;
        assert_eq!(hear(&mut client).await, format!("{user} {user}"));
        client
    }

    async fn until_none_runs(&self) {
        while self.shared.running.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn say(client: &mut Client, text: &str) {
    client.send(Message::text(text)).await.unwrap();
}

async fn hear(client: &mut Client) -> String {
    match client.next().await.unwrap().unwrap() {
        Message::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// How it ends: the code and the reason, past whatever is said before.
async fn end(client: &mut Client) -> (u16, String) {
    loop {
        match client.next().await {
            Some(Ok(Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
            Some(Ok(Message::Close(None))) => return (1005, String::new()),
            Some(Ok(_)) => {}
            // Cut off.
            Some(Err(_)) | None => return (1006, String::new()),
        }
    }
}

fn closed(code: u16, reason: &str) -> (u16, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn the_first_message_is_the_token() {
    let setup = Setup::new().await;
    let (mut ada, mut ben) = (setup.known("ada").await, setup.known("ben").await);
    for text in ["one", "two", "three"] {
        for client in [&mut ada, &mut ben] {
            say(client, text).await;
            assert_eq!(hear(client).await, text);
        }
    }
    ada.send(Message::binary(vec![0, 1, 2])).await.unwrap();
    assert_eq!(ada.next().await.unwrap().unwrap(), Message::binary(vec![0, 1, 2]));
    ada.send(Message::Ping("ping".into())).await.unwrap();
    assert_eq!(ada.next().await.unwrap().unwrap(), Message::Pong("ping".into()));
    say(&mut ada, "bye").await;
    assert_eq!(hear(&mut ada).await, "farewell");
    assert_eq!(end(&mut ada).await, closed(1000, ""));
    ben.close(None).await.unwrap();
    setup.until_none_runs().await;
    assert_eq!(*setup.shared.said.lock().unwrap(), ["ada", "ben"]);
    // What is said before the answer is said to the handler.
    let mut early = setup.open().await;
    early.send(Message::Ping("still there?".into())).await.unwrap();
    say(&mut early, &setup.token("eve")).await;
    say(&mut early, "already").await;
    assert_eq!(early.next().await.unwrap().unwrap(), Message::Pong("still there?".into()));
    assert_eq!((hear(&mut early).await, hear(&mut early).await), ("eve eve".to_owned(), "already".to_owned()));
}

#[tokio::test]
async fn anything_else_closes_it_and_no_handler_runs() {
    let setup = Setup::with(Shared::default(), |signer| sentinel(signer).allowed_workspaces([WORKSPACE])).await;
    let sign = |issuer, audience, claims| setup.signer.sign(issuer, audience, "ada", claims);
    let good = setup.token("ada");
    let another = setup.token("ben");
    let forged = format!("{}.{}", good.rsplit_once('.').unwrap().0, another.rsplit_once('.').unwrap().1);
    for (first, code, reason) in [
        (Message::text(""), 4401, "token_malformed"),
        (Message::text("hello"), 4401, "token_malformed"),
        (Message::text("a.b.c"), 4401, "token_malformed"),
        (Message::text(format!("Bearer {good}")), 4401, "token_malformed"),
        (Message::text(format!("{good} {good}")), 4401, "token_malformed"),
        (Message::text(format!(r#"{{"token":"{good}"}}"#)), 4401, "token_malformed"),
        (Message::text(forged), 4401, "signature_invalid"),
        (Message::text(Signer::new("k2").access("owner")), 4401, "key_not_found"),
        (Message::text(sign("https://other.example", AUDIENCE, json!({}))), 4401, "issuer_mismatch"),
        (Message::text(sign(ISSUER, "sentinel:authz", json!({}))), 4401, "audience_mismatch"),
        (Message::text("x".repeat(17 * 1024)), 4401, "token_too_large"),
        (Message::text(sign(ISSUER, AUDIENCE, json!({ "wid": "another" }))), 4403, "workspace_not_allowed"),
        (Message::text("a\nb"), 1008, ""),
        (Message::binary(good.clone().into_bytes()), 1008, "the first message is the token, as text"),
        (Message::text("x".repeat(30 * 1024)), 1009, "the message is too long"),
    ] {
        let mut client = setup.open().await;
        client.send(first.clone()).await.unwrap();
        // What comes behind it changes nothing.
        let _ = client.send(Message::text(good.clone())).await;
        assert_eq!(end(&mut client).await, closed(code, reason), "{first:?}");
    }
    assert_eq!(setup.shared.running.load(Ordering::SeqCst), 0);
    assert!(setup.shared.said.lock().unwrap().is_empty());
    let short = SocketSettings { first_message: Duration::from_millis(50), ..SETTINGS };
    let setup = Setup::with(Shared { settings: Some(short), ..Shared::default() }, sentinel).await;
    let mut silent = setup.open().await;
    assert_eq!(end(&mut silent).await, closed(1008, "no token came in time"));
    let mut pinging = setup.open().await;
    let ended = loop {
        let _ = pinging.send(Message::Ping("me".into())).await;
        match pinging.next().await {
            Some(Ok(Message::Pong(_))) => {}
            Some(Ok(Message::Close(Some(frame)))) => break u16::from(frame.code),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ended, 1008, "pings do not prolong it");
}

#[tokio::test]
async fn a_client_with_headers_is_known_before_it_speaks() {
    let setup = Setup::new().await;
    let mut native = setup.try_open("/closed", Some(&setup.token("ada"))).await.unwrap();
    assert_eq!(hear(&mut native).await, "ada ada");
    say(&mut native, "first").await;
    assert_eq!(hear(&mut native).await, "first", "the application's, not a token");
    assert_eq!(setup.try_open("/closed", None).await.unwrap_err(), 401);
    assert_eq!(setup.try_open("/closed", Some("a.b.c")).await.unwrap_err(), 401);
    let in_query = format!("/closed?access_token={}", setup.token("ada"));
    assert_eq!(setup.try_open(&in_query, None).await.unwrap_err(), 401, "it would stand in every log");
    let unprotected = serve(Router::new().route("/live", any(live)).with_state(Shared::default())).await;
    let bare = Setup { address: unprotected, ..setup };
    assert_eq!(bare.try_open("/live", None).await.unwrap_err(), 500);
}

/// What a service holds of revocations.
struct Known {
    revoked: AtomicBool,
    void_before: AtomicI64,
    down: AtomicBool,
}

impl Revocations for Known {
    fn is_revoked(&self, identity: &Identity, _: &str) -> Result<bool, Error> {
        if self.down.load(Ordering::SeqCst) {
            return Err(ErrorCode::Unavailable.into());
        }
        Ok(identity.user_id() == "ada" && self.revoked.load(Ordering::SeqCst))
    }

    fn sessions_invalidated_at(&self, identity: &Identity) -> Result<Option<i64>, Error> {
        Ok(Some(self.void_before.load(Ordering::SeqCst)).filter(|_| identity.user_id() == "ben"))
    }
}

#[tokio::test]
async fn an_open_socket_ends_when_its_token_is_taken_back() {
    let known = Arc::new(Known { revoked: false.into(), void_before: 0.into(), down: false.into() });
    let held = Arc::clone(&known);
    let setup = Setup::with(Shared::default(), |signer| sentinel(signer).revocations(held)).await;
    let mut ada = setup.known("ada").await;
    let mut flooded = setup.known("ada").await;
    let mut waiting = setup.known("ada").await;
    let mut ben = setup.known("ben").await;
    let mut eve = setup.known("eve").await;
    say(&mut flooded, "flood").await;
    say(&mut waiting, "wait").await;
    known.revoked.store(true, Ordering::SeqCst);
    assert_eq!(end(&mut ada).await, closed(4401, "token_revoked"));
    assert_eq!(end(&mut waiting).await, closed(4401, "token_revoked"), "whatever the handler waits for");
    // This one read nothing meanwhile: its handler is stuck in sending, and ends all the same.
    while setup.shared.running.load(Ordering::SeqCst) > 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(flooded);
    say(&mut ben, "still here").await;
    assert_eq!(hear(&mut ben).await, "still here", "another user's is not theirs");
    known.void_before.store(i64::MAX, Ordering::SeqCst);
    assert_eq!(end(&mut ben).await, closed(4401, "token_revoked"), "all of a user's at once");
    let mut again = setup.open().await;
    say(&mut again, &setup.token("ada")).await;
    assert_eq!(end(&mut again).await, closed(4401, "token_revoked"), "nor does it open again");
    known.down.store(true, Ordering::SeqCst);
    assert_eq!(end(&mut eve).await, closed(1013, "unavailable"), "who cannot tell does not go on");
    setup.until_none_runs().await;
}

#[tokio::test]
async fn an_open_socket_ends_with_its_token() {
    let clock =
        Arc::new(AtomicI64::new(i64::try_from(jwt_simple::prelude::Clock::now_since_epoch().as_secs()).unwrap()));
    let ticking = Arc::clone(&clock);
    let setup =
        Setup::with(Shared::default(), |signer| sentinel(signer).clock(move || ticking.load(Ordering::SeqCst))).await;
    let mut ada = setup.known("ada").await;
    clock.fetch_add(50, Ordering::SeqCst);
    say(&mut ada, "still").await;
    assert_eq!(hear(&mut ada).await, "still");
    clock.fetch_add(20, Ordering::SeqCst);
    assert_eq!(end(&mut ada).await, closed(4401, "token_expired"));
    setup.until_none_runs().await;
}

#[tokio::test]
async fn a_socket_without_a_known_end_has_one() {
    let longest = SocketSettings { longest: Duration::from_millis(60), ..SETTINGS };
    let shared = Shared { settings: Some(longest), ..Shared::default() };
    let setup = Setup::with(shared, |signer| of(signer, verifier().required(["sub"]))).await;
    let mut claims =
        jwt_simple::prelude::Claims::with_custom_claims(json!({}), jwt_simple::prelude::Duration::from_secs(60));
    (claims.issuer, claims.subject, claims.jwt_id) =
        (Some(ISSUER.to_owned()), Some("ada".to_owned()), Some("t1".to_owned()));
    claims.audiences = Some(jwt_simple::claims::Audiences::AsString(AUDIENCE.to_owned()));
    claims.expires_at = None;
    let endless = jwt_simple::prelude::ECDSAP256KeyPairLike::sign(&setup.signer.0, claims).unwrap();
    let mut client = setup.open().await;
    say(&mut client, &endless).await;
    assert_eq!(end(&mut client).await, closed(4401, "token_expired"));
}

/// What a ticket stands for, once; and how the server answers otherwise.
#[derive(Default)]
struct Desk {
    tickets: std::collections::HashMap<String, String>,
    asked: usize,
    down: bool,
}

#[tokio::test]
async fn a_ticket_opens_one_socket() {
    let desk: Arc<Mutex<Desk>> = Arc::default();
    let redeeming = Arc::clone(&desk);
    let redeem = move |headers: HeaderMap, axum::Json(body): axum::Json<serde_json::Value>| async move {
        assert_eq!(headers["x-service-key"], "sk_test");
        let mut desk = redeeming.lock().unwrap();
        desk.asked += 1;
        let token = desk.tickets.remove(body["ticket"].as_str().unwrap());
        match (desk.down, token) {
            (true, _) => (StatusCode::SERVICE_UNAVAILABLE, axum::Json(json!({}))),
            (_, Some(token)) => (StatusCode::OK, axum::Json(json!({ "sub": "ada", "access_token": token }))),
            (_, None) => (StatusCode::BAD_REQUEST, axum::Json(json!({ "detail": "no such ticket" }))),
        }
    };
    let server =
        format!("http://{}", serve(Router::new().route("/ws/tickets/redeem", axum::routing::post(redeem))).await);
    let fetch = FetchPolicy { loopback: true, ..FetchPolicy::default() };
    let tickets = Tickets::new(&server, "sk_test", fetch).unwrap();
    let setup = Setup::with(Shared::default(), |signer| sentinel(signer).socket_tickets(tickets)).await;
    let issue = |ticket: &str, token: String| drop(desk.lock().unwrap().tickets.insert(ticket.to_owned(), token));
    issue("wst_one", setup.token("ada"));
    let mut client = setup.try_open("/live?room=7&ticket=wst_one", None).await.unwrap();
    assert_eq!(hear(&mut client).await, "ada ada");
    say(&mut client, "first").await;
    assert_eq!(hear(&mut client).await, "first", "the application's");
    for (query, status) in
        [("ticket=wst_one", 401), ("ticket=wst_unknown", 401), ("ticket=", 400), ("ticket=wst_a&ticket=wst_b", 400)]
    {
        assert_eq!(setup.try_open(&format!("/live?{query}"), None).await.unwrap_err(), status, "{query}");
    }
    // What it stands for is verified like any token.
    issue("wst_forged", format!("{}x", setup.token("ada")));
    issue("wst_other", Signer::new("k2").access("owner"));
    for ticket in ["wst_forged", "wst_other"] {
        assert_eq!(setup.try_open(&format!("/live?ticket={ticket}"), None).await.unwrap_err(), 401, "{ticket}");
    }
    desk.lock().unwrap().down = true;
    assert_eq!(setup.try_open("/live?ticket=wst_two", None).await.unwrap_err(), 503);
    let asked = desk.lock().unwrap().asked;
    // Without a ticket the first message is the token, and nobody is asked.
    setup.known("ben").await;
    // What opens no socket uses up no ticket.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let plain = client.get(format!("http://{}/live?ticket=wst_two", setup.address)).send().await.unwrap();
    assert!(plain.status().is_client_error());
    assert_eq!(desk.lock().unwrap().asked, asked);
    assert!(Tickets::new("http://sentinel.example.com", "sk_test", FetchPolicy::default()).is_err());
}
