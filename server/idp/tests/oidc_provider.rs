//! Whole logins at the real, certified OpenID provider: npm `oidc-provider`, run by node.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use sentinel_idp::{Callback, IdpError, Login, LoginFault, ProvenIdentity, ProviderConfig, Providers};
use serde_json::{Value, json};
use support::browser::{Browser, post};
use support::{CALLBACK, loopback, why};

/// A running provider. It ends when our end of its standard input closes, at the latest with us.
struct Real {
    _process: Child,
    issuer: String,
}

/// With characters that must be encoded twice on their way into `Authorization` (RFC 6749 §2.3.1).
const SECRET: &str = "a+b c/d=e&f%g:h and long enough for anyone";

impl Real {
    fn start() -> Self {
        let client = |id: &str, method: &str, algorithm: &str| {
            let mut client = json!({
                "client_id": id,
                "token_endpoint_auth_method": method,
                "id_token_signed_response_alg": algorithm,
                "application_type": "web",
                "redirect_uris": [CALLBACK],
            });
            if method != "none" {
                client["client_secret"] = SECRET.into();
            }
            client
        };
        let clients = [
            client("web-RS256", "none", "RS256"),
            client("web-ES256", "none", "ES256"),
            client("web-EdDSA", "none", "EdDSA"),
            client("basic", "client_secret_basic", "ES256"),
            client("post", "client_secret_post", "ES256"),
        ];
        let users = json!({ "ada": { "name": "Ada Lovelace" }, "grace": { "email_verified": false, "name": "Grace\u{7} Hopper" } });
        let settings = json!({ "clients": clients, "users": users });
        let mut process = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider.mjs"))
            .arg(settings.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node, of version 20.16 or newer, must be on PATH");
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the provider did not start");
        Self { _process: process, issuer: said["issuer"].as_str().unwrap().to_owned() }
    }
}

static REAL: LazyLock<Real> = LazyLock::new(Real::start);

fn config(client_id: &str) -> ProviderConfig {
    let config = ProviderConfig::oidc("real", &REAL.issuer, client_id, None);
    ProviderConfig { trust_email: true, ..config }
}

fn providers(config: ProviderConfig) -> Providers {
    Providers::new([config], loopback()).unwrap()
}

/// What the browser brings back.
struct Back {
    code: String,
    state: String,
    iss: Option<String>,
}

impl Back {
    fn callback(&self) -> Callback<'_> {
        Callback { code: &self.code, state: &self.state, iss: self.iss.as_deref() }
    }
}

async fn begin(providers: &Providers, name: &str) -> (Login, Back) {
    let login = providers.start("real", CALLBACK).await.unwrap();
    let back = Browser::new().log_in(&login.url, name, CALLBACK).await;
    let value = |name: &str| back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let back = Back { code: value("code").unwrap(), state: value("state").unwrap(), iss: value("iss") };
    (login, back)
}

async fn finish(providers: &Providers, login: &Login, back: &Back) -> Result<ProvenIdentity, IdpError> {
    providers.finish("real", &login.secrets, &back.callback()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_login_in_every_algorithm() {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let providers = providers(config(&format!("web-{algorithm}")));
        let (login, back) = begin(&providers, "ada").await;
        assert!(back.iss.is_some(), "this provider promises `iss`");
        let person = finish(&providers, &login, &back).await.unwrap();
        assert_eq!((person.issuer.as_str(), person.subject.as_str()), (REAL.issuer.as_str(), "ada"));
        assert_eq!(person.provider, "real");
        assert_eq!(person.email.as_deref(), Some("ada@example.test"));
        assert!(person.email_verified);
        assert_eq!(person.name.as_deref(), Some("Ada Lovelace"));
        // A code is good once.
        assert_eq!(finish(&providers, &login, &back).await.unwrap_err(), LoginFault::Code.into());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_proof_only_where_it_is_verified_and_the_provider_trusted() {
    for (trust_email, name, expected) in [(true, "ada", true), (false, "ada", false), (true, "grace", false)] {
        let providers = providers(ProviderConfig { trust_email, ..config("web-ES256") });
        let (login, back) = begin(&providers, name).await;
        let person = finish(&providers, &login, &back).await.unwrap();
        assert_eq!(person.email, Some(format!("{name}@example.test")));
        assert_eq!(person.email_verified, expected);
        if name == "grace" {
            assert_eq!(person.name.as_deref(), Some("Grace Hopper"), "without what a terminal would obey");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_secret() {
    let with = |client_id: &str, secret: &str| ProviderConfig {
        client_secret: Some(secret.into()),
        secret_in_body: client_id == "post",
        ..config(client_id)
    };
    for client_id in ["basic", "post"] {
        let good = providers(with(client_id, SECRET));
        let (login, back) = begin(&good, "ada").await;
        assert_eq!(finish(&good, &login, &back).await.unwrap().subject, "ada", "{client_id}");
        let bad = providers(with(client_id, "another secret"));
        let (login, back) = begin(&bad, "ada").await;
        let error = finish(&bad, &login, &back).await.unwrap_err();
        assert_eq!(error.status(), 500, "{client_id}: {error}");
        assert!(!format!("{error} {error:?}").contains("another secret"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_a_front_end_got_by_itself() {
    let front_end = providers(config("web-ES256"));
    let (login, back) = begin(&front_end, "ada").await;
    // What the front end does with its code, without us.
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "web-ES256"),
        ("redirect_uri", CALLBACK),
        ("code", &back.code),
        ("code_verifier", &login.secrets.pkce_verifier),
    ];
    let tokens = post(&format!("{}/token", REAL.issuer), &form).await;
    let token = tokens["id_token"].as_str().unwrap();

    let nonce = Some(login.secrets.nonce.as_str());
    assert_eq!(front_end.verify_token("real", token, None).await.unwrap().subject, "ada");
    assert_eq!(front_end.verify_token("real", token, nonce).await.unwrap().subject, "ada");
    assert_eq!(why(front_end.verify_token("real", token, Some("another")).await), "claim_invalid nonce");
    let access_token = tokens["access_token"].as_str().unwrap();
    assert_eq!(why(front_end.verify_token("real", access_token, None).await), "token_malformed");

    let ours = providers(config("web-RS256"));
    assert_eq!(why(ours.verify_token("real", token, None).await), "audience_mismatch aud");
    let both = providers(ProviderConfig { extra_audiences: vec!["web-ES256".into()], ..config("web-RS256") });
    assert_eq!(why(both.verify_token("real", token, None).await), "accepted");
    for (accepted, expected) in [
        (&["web-ES256"][..], "accepted"),
        (&["web-RS256", "web-ES256"], "accepted"),
        (&["web-RS256"], "audience_mismatch aud"),
        (&["another"], "audience_mismatch"),
    ] {
        let accepted: Vec<_> = accepted.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(why(both.verify_token_for("real", token, None, &accepted).await), expected, "{accepted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browsers_answer_is_refused() {
    let providers = providers(config("web-ES256"));
    let (ours, _) = begin(&providers, "ada").await;
    let (_, back) = begin(&providers, "mallory").await;
    assert_eq!(why(finish(&providers, &ours, &back).await), "State");
    // Even with the right state the code is bound to the login that it was asked for in: PKCE, checked by the provider.
    let forged = Back { state: ours.secrets.state.clone(), ..back };
    assert_eq!(why(finish(&providers, &ours, &forged).await), "Code");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_issuer_must_be_the_one_that_was_asked() {
    let providers = providers(config("web-ES256"));
    let (login, back) = begin(&providers, "ada").await;
    for iss in [None, Some("https://evil.example".to_owned()), Some(format!("{}/", REAL.issuer)), Some(String::new())] {
        let forged = Back { iss, code: back.code.clone(), state: back.state.clone() };
        assert_eq!(why(finish(&providers, &login, &forged).await), "Issuer");
    }
    // Nothing of that reached the provider: the code is still good.
    assert_eq!(why(finish(&providers, &login, &back).await), "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_the_provider_does_not_know_is_a_misconfiguration() {
    let providers = providers(ProviderConfig { client_id: "web-unknown".into(), ..config("web-ES256") });
    let login = providers.start("real", CALLBACK).await.unwrap();
    let callback = Callback { code: "a-code", state: &login.secrets.state, iss: Some(&REAL.issuer) };
    let error = providers.finish("real", &login.secrets, &callback).await.unwrap_err();
    assert_eq!(error.status(), 500, "{error}");
}
