//! A real identity provider's key endpoint, a real protected service, and tokens, all on loopback.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use jwt_simple::prelude::*;
use sentinel_tower::core::{Algorithm, Algorithms, Expected, Verifier};
use sentinel_tower::fetch::FetchPolicy;
use sentinel_tower::jwks::JwksSettings;
use sentinel_tower::{Keys, Sentinel};
use serde_json::{Value, json};

pub(crate) const ISSUER: &str = "https://id.example";
pub(crate) const AUDIENCE: &str = "sentinel:access";
pub(crate) const WORKSPACE: &str = "11111111-1111-4111-8111-111111111111";

/// A signing key with its id.
pub(crate) struct Signer(pub(crate) ES256KeyPair, String);

impl Signer {
    pub(crate) fn new(kid: &str) -> Self {
        Self(ES256KeyPair::generate().with_key_id(kid), kid.to_owned())
    }

    pub(crate) fn jwk(&self) -> Value {
        let mut jwk: Value = serde_json::from_str(&self.0.public_key().to_jwk()).unwrap();
        jwk["kid"] = self.1.clone().into();
        jwk
    }

    pub(crate) fn jwks(&self) -> String {
        jwks([self])
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, issuer: &str, audience: &str, subject: &str, claims: Value) -> String {
        let claims: serde_json::Map<String, Value> = serde_json::from_value(claims).unwrap();
        let claims = Claims::with_custom_claims(claims, jwt_simple::prelude::Duration::from_secs(60));
        let claims = claims.with_issuer(issuer).with_audience(audience).with_subject(subject).with_jwt_id("t1");
        self.0.sign(claims).unwrap()
    }

    /// An access token of user `u1` with this role.
    pub(crate) fn access(&self, role: &str) -> String {
        self.sign(ISSUER, AUDIENCE, "u1", json!({ "wid": WORKSPACE, "wrole": role, "actions": ["notes:read"] }))
    }
}

pub(crate) fn jwks<'a>(signers: impl IntoIterator<Item = &'a Signer>) -> String {
    json!({ "keys": signers.into_iter().map(Signer::jwk).collect::<Vec<_>>() }).to_string()
}

pub(crate) fn verifier() -> Verifier {
    let algorithms = Algorithms::of(&[Algorithm::Es256, Algorithm::Rs256, Algorithm::Hs256]);
    Verifier::new(Expected::exactly(ISSUER), Expected::exactly(AUDIENCE), algorithms)
}

/// Serves on a port of its own until the test ends.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// How the key endpoint answers.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

/// A key endpoint that answers as it is told and counts how often it is asked.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) url: String,
    answer: Arc<Mutex<Answer>>,
    asked: Arc<AtomicUsize>,
}

impl Endpoint {
    pub(crate) async fn new(body: String) -> Self {
        let answer = Answer { status: 200, headers: Vec::new(), body, delay: Duration::ZERO };
        let mut endpoint = Self { url: String::new(), answer: Arc::new(Mutex::new(answer)), asked: Arc::default() };
        let served = endpoint.clone();
        let app = Router::new().fallback(move || {
            let endpoint = served.clone();
            async move {
                endpoint.asked.fetch_add(1, Ordering::SeqCst);
                let answer = endpoint.answer.lock().unwrap().clone();
                tokio::time::sleep(answer.delay).await;
                let mut response = Response::builder().status(answer.status);
                for (name, value) in answer.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(answer.body)).unwrap()
            }
        });
        endpoint.url = format!("http://{}/jwks", serve(app).await);
        endpoint
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Answer)) {
        change(&mut self.answer.lock().unwrap());
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until it was asked this often.
    pub(crate) async fn until_asked(&self, times: usize) {
        while self.asked() < times {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// The default settings, on loopback.
pub(crate) fn settings() -> JwksSettings {
    let fetch = FetchPolicy { loopback: true, ..FetchPolicy::default() };
    JwksSettings { fetch, ..JwksSettings::default() }
}

pub(crate) fn sentinel(endpoint: &Endpoint, settings: JwksSettings) -> Sentinel {
    Sentinel::new(verifier(), Keys::jwks_url_with(&endpoint.url, settings).unwrap())
}

/// A protected service.
#[derive(Clone)]
pub(crate) struct Service {
    address: SocketAddr,
    client: reqwest::Client,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and `code` or `reason`.
    pub(crate) fn verdict(&self) -> (u16, String) {
        let problem = if self.status < 400 { Value::Null } else { self.json() };
        let why = problem.get("code").or(problem.get("reason")).and_then(Value::as_str);
        (self.status, why.unwrap_or_default().to_owned())
    }
}

impl Service {
    pub(crate) async fn new(app: Router) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { address: serve(app).await, client }
    }

    /// A service of one route, `/`, that anyone with a token may ask.
    pub(crate) async fn of(sentinel: Sentinel) -> Self {
        let handler = |user: sentinel_tower::Identity| async move { user.user_id().to_owned() };
        Self::new(Router::new().route("/", axum::routing::get(handler)).layer(sentinel.layer())).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.client.request(method.parse().unwrap(), url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, body: response.text().await.unwrap() }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Reply {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))]).await
    }

    pub(crate) async fn verdict(&self, token: &str) -> (u16, String) {
        self.get("/", token).await.verdict()
    }
}

pub(crate) fn ok() -> (u16, String) {
    (200, String::new())
}

pub(crate) fn refused(status: u16, why: &str) -> (u16, String) {
    (status, why.to_owned())
}
