//! What goes wrong inside a route, over real HTTP: a panic, an answer that does not come, more than can be worked on.

use std::time::{Duration, Instant};

use axum::routing::get;
use axum::{Extension, Router};
use reqwest::Client;
use sentinel_idp::Providers;
use sentinel_keys::{MasterKey, SigningAlgorithm};
use sentinel_storage::{Store, StoreOptions};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::Value;

use super::{FromThisMachine, Hardening};
use crate::service::{Clock, Config, Parts, Service};
use crate::settings::{Settings, Sources};

/// The first index is out of bounds: what a handler must never do.
async fn panics() -> String {
    let nothing: Vec<String> = Vec::new();
    nothing[0].clone()
}

async fn sleeps() -> &'static str {
    tokio::time::sleep(Duration::from_secs(30)).await;
    "at last"
}

struct Server {
    base: String,
    http: Client,
    _folder: tempfile::TempDir,
}

impl Server {
    async fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_for([127, 0, 0, 1], environment).await
    }

    /// For connections that come from this address.
    async fn start_for(peer: [u8; 4], environment: &[(&str, &str)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::new(&base);
        config.algorithm = SigningAlgorithm::EdDsa;
        let clock = Clock::system();
        let store = StoreOptions::Sqlite { file: folder.path().join("sentinel.db") };
        let parts = Parts {
            store: Store::open(&store, clock.now()).await.unwrap(),
            clock,
            master: MasterKey::generate().unwrap(),
            providers: Providers::new([], FetchPolicy::default()).unwrap(),
            config,
        };
        let service = Service::new(parts).await.unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = Settings::load(&Sources { environment, ..Sources::default() }).unwrap();
        let routes = Router::new()
            .route("/panics", get(panics))
            .route("/sleeps", get(sleeps))
            .route("/well", get(async || "well"))
            .route("/here", get(async |here: Option<Extension<FromThisMachine>>| here.is_some().to_string()));
        let router = Hardening::new(&settings, &base).around(routes, service);
        let router = router.layer(Extension(crate::http::serve::Peer(std::net::SocketAddr::from((peer, 1)))));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, http: Client::new(), _folder: folder }
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.http.get(format!("{}{path}", self.base)).send().await.unwrap()
    }

    async fn is_well(&self) -> bool {
        self.get("/well").await.text().await.unwrap() == "well"
    }
}

/// The status, what is to be shown, and how long to wait; the log's line is named, and nothing of it told.
async fn refusal(answer: reqwest::Response) -> (u16, String, Option<String>) {
    let status = answer.status().as_u16();
    let retry = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert!(answer.headers().contains_key("x-request-id"));
    let said: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(said["reference"].as_str().unwrap().parse::<uuid::Uuid>().is_ok(), "{said}");
    assert_eq!(said.as_object().unwrap().len(), 2, "{said}");
    (status, said["detail"].as_str().unwrap().to_owned(), retry)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_is_one_request_s_500() {
    let server = Server::start(&[]).await;
    for _ in 0..5 {
        assert_eq!(refusal(server.get("/panics").await).await, (500, "Internal error".to_owned(), None));
        assert!(server.is_well().await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_takes_too_long_is_ended() {
    let server = Server::start(&[("REQUEST_TIMEOUT_SECONDS", "1")]).await;
    let began = Instant::now();
    let (status, detail, retry) = refusal(server.get("/sleeps").await).await;
    assert_eq!((status, retry.as_deref()), (503, Some("1")), "{detail}");
    assert!((Duration::from_millis(900)..Duration::from_secs(10)).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_can_be_worked_on_is_refused_at_once() {
    let server = Server::start(&[("MAX_CONCURRENT_REQUESTS", "2"), ("REQUEST_TIMEOUT_SECONDS", "3")]).await;
    let busy = tokio::join!(server.get("/sleeps"), server.get("/sleeps"), async {
        // Until both are in work.
        let mut refused = server.get("/well").await;
        for _ in 0..100 {
            if refused.status() == 503 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            refused = server.get("/well").await;
        }
        let began = Instant::now();
        let (status, detail, retry) = refusal(refused).await;
        assert_eq!((status, retry.as_deref()), (503, Some("1")), "{detail}");
        assert_eq!(server.get("/well").await.status(), 503);
        assert!(began.elapsed() < Duration::from_secs(2));
    });
    assert_eq!((busy.0.status().as_u16(), busy.1.status().as_u16()), (503, 503));
    // Who panics or is ended gives its place back.
    for _ in 0..5 {
        assert_eq!(server.get("/panics").await.status(), 500);
    }
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_can_read_that_it_should_wait() {
    let server = Server::start(&[("RATE_LIMIT_RPM", "3")]).await;
    let ask = async |path: &str, origin: Option<&str>| {
        let request = server.http.get(format!("{}{path}", server.base));
        let request = origin.into_iter().fold(request, |request, origin| request.header("origin", origin));
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), header("access-control-allow-origin"), header("access-control-expose-headers"))
    };
    let page = Some("https://app.example.com");
    // Not registered: what is answered is not for that page.
    assert_eq!(ask("/well", page).await, (200, None, None));
    let mut last = ask("/well", page).await;
    for _ in 0..10 {
        last = ask("/well", page).await;
    }
    let exposed = last.2.clone().unwrap_or_default();
    assert_eq!((last.0, last.1.as_deref()), (429, Some("*")));
    assert!(exposed.contains("retry-after"), "{exposed}");
    assert_eq!(ask("/admin/users", page).await, (429, None, None), "a cookie opens it: no page's but ours");
    assert_eq!(ask("/well", None).await, (429, None, None));
}

/// Whoever a proxy speaks for does not come from here, also not where the settings name it and it says nothing usable.
#[tokio::test]
async fn nobody_comes_from_this_machine_through_a_proxy() {
    const HERE: [u8; 4] = [127, 0, 0, 1];
    const NAMED: (&str, &str) = ("BEHIND_PROXY", "true");
    for (peer, environment, headers, expected) in [
        (HERE, &[][..], &[][..], true),
        (HERE, &[NAMED], &[], true),
        (HERE, &[], &[("X-Forwarded-For", "127.0.0.1")], false),
        (HERE, &[NAMED], &[("X-Forwarded-For", "203.0.113.7")], false),
        (HERE, &[NAMED], &[("X-Forwarded-For", "127.0.0.1")], false),
        (HERE, &[NAMED], &[("X-Forwarded-For", "unknown"), ("Via", "1.1 p")], false),
        (HERE, &[NAMED], &[("X-Forwarded-For", "")], false),
        (HERE, &[NAMED], &[("X-Real-IP", "203.0.113.7")], false),
        (HERE, &[NAMED], &[("Forwarded", "for=203.0.113.7"), ("Via", "1.1 p")], false),
        (HERE, &[NAMED], &[("CF-Connecting-IP", "203.0.113.7")], false),
        (HERE, &[NAMED, ("TRUSTED_PROXY_COUNT", "2")], &[("X-Forwarded-For", "203.0.113.7")], false),
        (HERE, &[NAMED, ("TRUSTED_PROXY_COUNT", "2")], &[("X-Forwarded-For", "127.0.0.1")], false),
        ([192, 0, 2, 2], &[], &[], false),
        ([192, 0, 2, 2], &[("TRUSTED_PROXIES", "192.0.2.0/24")], &[], false),
        ([192, 0, 2, 2], &[("TRUSTED_PROXIES", "192.0.2.0/24")], &[("X-Forwarded-For", "127.0.0.1")], false),
    ] {
        let server = Server::start_for(peer, environment).await;
        let mut request = server.http.get(format!("{}/here", server.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let here = request.send().await.unwrap().text().await.unwrap();
        assert_eq!(here, expected.to_string(), "{peer:?} {environment:?} {headers:?}");
    }
    let server = Server::start(&[]).await;
    let old = server.http.get(format!("{}/here", server.base)).version(reqwest::Version::HTTP_10);
    assert_eq!(old.send().await.unwrap().text().await.unwrap(), "false", "as nginx asks, where nobody told it more");
}
