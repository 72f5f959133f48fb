//! What a server took back, followed by a service: in requests and in open sockets.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use sentinel_tower::core::{KeySet, Limits, SymmetricKeys};
use sentinel_tower::fetch::FetchPolicy;
use sentinel_tower::{FollowedRevocations, Identity, Keys, RevocationSettings, Sentinel};
use serde_json::{Value, json};
use support::{AUDIENCE, ISSUER, Service, Signer, ok, refused, serve, verifier};

/// What the feed answers.
#[derive(Default)]
struct Feed {
    epoch: &'static str,
    entries: Vec<Value>,
    down: bool,
    asked: Vec<String>,
}

/// In pages of a thousand, as the server has them.
fn answer(feed: &Mutex<Feed>, request: &Request) -> axum::response::Response {
    assert_eq!(request.headers()["x-service-key"], "sk_test");
    let mut feed = feed.lock().unwrap();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let after: usize = query.split('&').find_map(|pair| pair.strip_prefix("after=")).unwrap().parse().unwrap();
    let same = query.ends_with(&format!("epoch={}", feed.epoch));
    feed.asked.push(query);
    if feed.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let page: Vec<&Value> = feed.entries.iter().skip(if same { after } else { 0 }).take(1000).collect();
    let last = if same { after } else { 0 } + page.len();
    json!({ "epoch": feed.epoch, "last": last, "revocations": page }).to_string().into_response()
}

struct Setup {
    feed: Arc<Mutex<Feed>>,
    signer: Signer,
    service: Service,
    followed: FollowedRevocations,
}

impl Setup {
    async fn new(feed: Feed, max_stale: Duration) -> Self {
        let feed = Arc::new(Mutex::new(Feed { epoch: "e1", ..feed }));
        let answering = Arc::clone(&feed);
        let routes = Router::new()
            .route("/revocations", get(move |request: Request| async move { answer(&answering, &request) }));
        let server = format!("http://{}/", serve(routes).await);
        let settings = RevocationSettings {
            every: Duration::from_millis(20),
            max_stale,
            fetch: FetchPolicy { loopback: true, ..FetchPolicy::default() },
            ..RevocationSettings::new(&server, "sk_test")
        };
        let followed = FollowedRevocations::follow(settings).unwrap();
        let signer = Signer::new("k1");
        let keys = KeySet::from_jwks(signer.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
        let sentinel = Sentinel::new(verifier(), Keys::fixed(keys)).follow_revocations(followed.clone());
        let routes = Router::new().route("/", get(|user: Identity| async move { user.user_id().to_owned() }));
        let service = Service::new(routes.layer(sentinel.layer())).await;
        Self { feed, signer, service, followed }
    }

    fn token(&self, user: &str, workspace: &str, session: &str) -> String {
        self.signer.sign(ISSUER, AUDIENCE, user, json!({ "wid": workspace, "sid": session }))
    }

    fn take_back(&self, kind: &str, value: &str) {
        let mut feed = self.feed.lock().unwrap();
        let seq = feed.entries.len() + 1;
        feed.entries.push(entry(seq, kind, value));
    }

    async fn until(&self, token: &str, verdict: (u16, String)) {
        while self.service.verdict(token).await != verdict {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Taken back far in the future, so that every token is older.
fn entry(seq: usize, kind: &str, value: &str) -> Value {
    json!({ "seq": seq, "kind": kind, "value": value, "at": 4_000_000_000_000_i64, "expires_at": 5_000_000_000_000_i64 })
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_is_taken_back_is_refused_and_nothing_else() {
    let setup = Setup::new(Feed::default(), LONG).await;
    setup.followed.ready().await.unwrap();
    let revoked = || refused(401, "token_revoked");
    let tokens =
        [("ada", "w1", "s1"), ("ada", "w1", "s2"), ("ada", "w2", "s3"), ("ben", "w2", "s4"), ("eve", "w3", "s5")];
    let tokens = tokens.map(|(user, workspace, session)| setup.token(user, workspace, session));
    let [first, same_session_not, other_workspace, ben, eve] = &tokens;
    for token in &tokens {
        assert_eq!(setup.service.verdict(token).await, ok());
    }
    setup.take_back("session", "s1");
    setup.until(first, revoked()).await;
    assert_eq!(setup.service.verdict(same_session_not).await, ok());
    setup.take_back("member", "ada/w1");
    setup.until(same_session_not, revoked()).await;
    assert_eq!(setup.service.verdict(other_workspace).await, ok());
    setup.take_back("user", "ada");
    setup.until(other_workspace, revoked()).await;
    assert_eq!(setup.service.verdict(ben).await, ok());
    setup.take_back("workspace", "w2");
    setup.until(ben, revoked()).await;
    assert_eq!(setup.service.verdict(eve).await, ok());
    // Another epoch begins anew; what was heard of stays.
    *setup.feed.lock().unwrap() = Feed { epoch: "e2", ..Feed::default() };
    setup.take_back("token", "none");
    while !setup.feed.lock().unwrap().asked.iter().any(|query| query == "after=1&epoch=e2") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(setup.service.verdict(ben).await, revoked());
    setup.take_back("all", "");
    setup.until(eve, revoked()).await;
}

#[tokio::test]
async fn a_long_list_is_heard_to_its_end_before_anything_is_let_through() {
    let entries = (1..=2500).map(|seq| entry(seq, "session", &format!("s{seq}"))).collect();
    let setup = Setup::new(Feed { entries, ..Feed::default() }, LONG).await;
    setup.followed.ready().await.unwrap();
    assert_eq!(setup.service.verdict(&setup.token("ada", "w1", "s2500")).await, refused(401, "token_revoked"));
    assert_eq!(setup.service.verdict(&setup.token("ada", "w1", "s2501")).await, ok());
    assert_eq!(setup.feed.lock().unwrap().asked[..3], ["after=0", "after=1000&epoch=e1", "after=2000&epoch=e1"]);
}

#[tokio::test]
async fn what_was_heard_too_long_ago_tells_nothing() {
    let setup = Setup::new(Feed { down: true, ..Feed::default() }, Duration::from_millis(200)).await;
    let token = setup.token("ada", "w1", "s1");
    assert!(setup.followed.ready().await.is_err());
    assert_eq!(setup.service.verdict(&token).await, refused(503, "unavailable"), "nothing was heard of yet");
    setup.feed.lock().unwrap().down = false;
    setup.until(&token, ok()).await;
    setup.feed.lock().unwrap().down = true;
    setup.until(&token, refused(503, "unavailable")).await;
    setup.feed.lock().unwrap().down = false;
    setup.until(&token, ok()).await;
    // Of what cannot be read nothing is taken, and what it takes back does not pass for ever.
    setup.take_back("kind-of-tomorrow", "x");
    setup.until(&token, refused(503, "unavailable")).await;
    setup.feed.lock().unwrap().entries.clear();
    setup.until(&token, ok()).await;
}

#[tokio::test]
async fn only_where_it_may_be_asked() {
    let url = |server: &str| FollowedRevocations::follow(RevocationSettings::new(server, "sk_test")).map(drop);
    assert!(url("http://sentinel.example.com").is_err() && url("https://10.0.0.1").is_err() && url("no url").is_err());
    assert!(FollowedRevocations::follow(RevocationSettings::new("https://sentinel.example.com", "a\nb")).is_err());
    assert!(url("https://sentinel.example.com").is_ok());
}

#[cfg(feature = "websocket")]
#[tokio::test]
async fn an_open_socket_ends_when_its_session_does() {
    use futures_util::{SinkExt, StreamExt};
    use sentinel_tower::websocket::{Socket, SocketSettings, SocketUpgrade};
    use tokio_tungstenite::tungstenite::Message;

    let setup = Setup::new(Feed::default(), LONG).await;
    setup.followed.ready().await.unwrap();
    let keys = KeySet::from_jwks(setup.signer.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
    let sentinel = Sentinel::new(verifier(), Keys::fixed(keys)).follow_revocations(setup.followed.clone());
    let live = |upgrade: SocketUpgrade| async {
        let settings = SocketSettings { recheck: Duration::from_millis(20), ..SocketSettings::DEFAULT };
        upgrade.settings(settings).on_upgrade(|mut socket: Socket| async move {
            let _ = socket.send("welcome").await;
            while socket.recv().await.is_some() {}
        })
    };
    let layer = sentinel.exclude_paths(["/live"]).unwrap().layer();
    let address = serve(Router::new().route("/live", get(live)).layer(layer)).await;
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut client, _) = tokio_tungstenite::client_async(format!("ws://{address}/live"), stream).await.unwrap();
    client.send(Message::text(setup.token("ada", "w1", "s1"))).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("welcome"));
    setup.take_back("session", "s1");
    let Message::Close(Some(frame)) = client.next().await.unwrap().unwrap() else { panic!("not closed") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4401, "token_revoked"));
}
