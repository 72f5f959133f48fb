//! A provider that answers as a test tells it to, with keys to sign as it likes. It stands for a third party.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

pub(crate) mod browser;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use sentinel_idp::{Callback, IdpError, Login, ProvenIdentity, ProviderConfig, Providers};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::{Value, json};

pub(crate) const CLIENT: &str = "sentinel";
pub(crate) const SECRET: &str = "a client secret that is long enough";
pub(crate) const CALLBACK: &str = "https://sentinel.example/auth/callback/x";

pub(crate) fn loopback() -> FetchPolicy {
    FetchPolicy { loopback: true, ..FetchPolicy::default() }
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

impl Answer {
    pub(crate) fn json(body: &Value) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: body.to_string(), delay: Duration::ZERO }
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self { headers: vec![("location", location.to_owned())], ..Self::status(status, &Value::Null) }
    }
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `POST /token`.
    pub(crate) what: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// A web server of answers. What it has none for is 404.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) origin: String,
    answers: Arc<Mutex<HashMap<String, Answer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(crate) async fn new() -> Self {
        let mut server = Self { origin: String::new(), answers: Arc::default(), asked: Arc::default() };
        let served = server.clone();
        let app = Router::new().fallback(move |request: Request| {
            let server = served.clone();
            async move { server.answer(request).await }
        });
        server.origin = format!("http://{}", serve(app).await);
        server
    }

    async fn answer(&self, request: Request) -> Response {
        let what = format!("{} {}", request.method(), request.uri().path());
        let headers = request.headers().iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
        let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let answer = self.answers.lock().unwrap().get(&what).cloned();
        self.asked.lock().unwrap().push(Asked { what, headers, body });
        let answer = answer.unwrap_or_else(|| Answer::status(404, &json!({ "error": "not found" })));
        tokio::time::sleep(answer.delay).await;
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(answer.body)).unwrap()
    }

    /// Answers `what` (`GET /jwks`) so from now on.
    pub(crate) fn set(&self, what: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(what.to_owned(), answer);
    }

    pub(crate) fn change(&self, what: &str, change: impl FnOnce(&mut Answer)) {
        change(self.answers.lock().unwrap().get_mut(what).unwrap());
    }

    /// The requests for `what` so far.
    pub(crate) fn asked(&self, what: &str) -> Vec<Asked> {
        self.asked.lock().unwrap().iter().filter(|asked| asked.what == what).cloned().collect()
    }
}

async fn serve(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// A key with its id.
pub(crate) struct Signer(EcdsaKeyPair, String);

impl Signer {
    pub(crate) fn new(kid: &str) -> Self {
        let (random, algorithm) = (SystemRandom::new(), &ECDSA_P256_SHA256_FIXED_SIGNING);
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap(), kid.to_owned())
    }

    pub(crate) fn jwks(&self) -> Value {
        let point = self.0.public_key().as_ref();
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.1, "x": x, "y": y }] })
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({ "alg": "ES256", "kid": self.1 }), claims)
    }

    /// Signs under whatever header it is given.
    pub(crate) fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let input = signing_input(header, claims);
        let signature = self.0.sign(&SystemRandom::new(), input.as_bytes()).unwrap();
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

pub(crate) fn signing_input(header: &Value, claims: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// `at_hash` for an access token beside an ES256 ID token.
pub(crate) fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, access_token.as_bytes()).as_ref()[..16])
}

/// An OpenID provider of our own making: honest until a test changes one thing.
pub(crate) struct Idp {
    pub(crate) server: Server,
    pub(crate) signer: Signer,
    pub(crate) providers: Providers,
}

pub(crate) const DISCOVERY: &str = "GET /.well-known/openid-configuration";

impl Idp {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// With another configuration at our side.
    pub(crate) async fn with(change: impl FnOnce(&mut ProviderConfig)) -> Self {
        Self::with_policy(change, loopback()).await
    }

    pub(crate) async fn with_policy(change: impl FnOnce(&mut ProviderConfig), policy: FetchPolicy) -> Self {
        let (server, signer) = (Server::new().await, Signer::new("k1"));
        let mut config = ProviderConfig::oidc("x", &server.origin, CLIENT, Some(SECRET.into()));
        config.trust_email = true;
        change(&mut config);
        server.set(DISCOVERY, Answer::json(&discovery(&server.origin)));
        server.set("GET /jwks", Answer::json(&signer.jwks()));
        Self { providers: Providers::new([config], policy).unwrap(), server, signer }
    }

    /// Changes a member of the discovery document.
    pub(crate) fn describe(&self, member: &str, value: Value) {
        self.server.change(DISCOVERY, |answer| {
            let mut document: Value = serde_json::from_str(&answer.body).unwrap();
            document[member] = value;
            answer.body = document.to_string();
        });
    }

    /// What a good ID token says.
    pub(crate) fn claims(&self) -> Value {
        json!({
            "iss": self.server.origin, "sub": "4711", "aud": CLIENT, "iat": now(), "exp": now() + 60,
            "email": "ada@example.test", "email_verified": true, "name": "Ada Lovelace",
        })
    }

    /// A good ID token but for some members; `null` removes one.
    pub(crate) fn token(&self, change: Value) -> String {
        self.signer.sign(&changed(self.claims(), change))
    }

    pub(crate) async fn start(&self) -> Login {
        self.providers.start("x", CALLBACK).await.unwrap()
    }

    /// The token endpoint's next answers hold this ID token.
    pub(crate) fn give(&self, id_token: &str) {
        let body = json!({ "access_token": "at", "token_type": "Bearer", "expires_in": 60, "id_token": id_token });
        self.server.set("POST /token", Answer::json(&body));
    }

    /// A login whose ID token is good but for some members.
    pub(crate) async fn login(&self, change: Value) -> Result<ProvenIdentity, IdpError> {
        let login = self.start().await;
        let claims = changed(self.claims(), json!({ "nonce": login.secrets.nonce }));
        self.give(&self.signer.sign(&changed(claims, change)));
        self.come_back(&login, None).await
    }

    pub(crate) async fn come_back(&self, login: &Login, iss: Option<&str>) -> Result<ProvenIdentity, IdpError> {
        let callback = Callback { code: "the-code", state: &login.secrets.state, iss };
        self.providers.finish("x", &login.secrets, &callback).await
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<ProvenIdentity, IdpError> {
        self.providers.verify_token("x", token, None).await
    }
}

pub(crate) fn discovery(origin: &str) -> Value {
    json!({
        "issuer": origin,
        "authorization_endpoint": format!("{origin}/auth"),
        "token_endpoint": format!("{origin}/token"),
        "jwks_uri": format!("{origin}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    })
}

fn changed(mut object: Value, change: Value) -> Value {
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
            value => object[name] = value.clone(),
        }
    }
    object
}

/// The stable part of a refusal.
pub(crate) fn why(result: Result<ProvenIdentity, IdpError>) -> String {
    match result {
        Ok(_) => "accepted".to_owned(),
        Err(IdpError::TokenRefused(error)) => {
            [error.code().as_str(), error.claim_name().unwrap_or_default()].join(" ").trim_end().to_owned()
        }
        Err(IdpError::LoginRefused(fault)) => format!("{fault:?}"),
        Err(error) => error.status().to_string(),
    }
}
