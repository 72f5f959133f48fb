//! Whole logins at the real, certified OpenID provider: npm `oidc-provider`, run by node.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

use sentinel_idp::{Callback, IdpError, Login, LoginFault, ProvenIdentity, ProviderConfig, Providers};
use support::browser::Browser;
use support::{loopback, why};

/// The provider of this test run. It ends when our end of its standard input closes, at the latest with us.
struct Real {
    _process: Child,
    issuer: String,
    redirect: String,
}

static REAL: LazyLock<Real> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/provider.mjs");
    let mut process = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node, of version 20.16 or newer, must be on PATH");
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let said: serde_json::Value = serde_json::from_str(&line).expect("the provider did not start");
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    Real { _process: process, issuer: text("issuer"), redirect: text("redirect") }
});

fn config(algorithm: &str) -> ProviderConfig {
    let config = ProviderConfig::oidc("real", &REAL.issuer, &format!("web-{algorithm}"), None);
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
    let login = providers.start("real", &REAL.redirect).await.unwrap();
    let back = Browser::new().log_in(&login.url, name, &REAL.redirect).await;
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
        let providers = providers(config(algorithm));
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
async fn an_address_is_proof_only_where_the_provider_is_trusted() {
    let providers = providers(ProviderConfig { trust_email: false, ..config("ES256") });
    let (login, back) = begin(&providers, "grace").await;
    let person = finish(&providers, &login, &back).await.unwrap();
    assert_eq!((person.email.as_deref(), person.email_verified), (Some("grace@example.test"), false));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_browsers_answer_is_refused() {
    let providers = providers(config("ES256"));
    let (ours, _) = begin(&providers, "ada").await;
    let (_, back) = begin(&providers, "mallory").await;
    assert_eq!(why(finish(&providers, &ours, &back).await), "State");
    // Even with the right state the code is bound to the login that it was asked for in: PKCE, checked by the provider.
    let forged = Back { state: ours.secrets.state.clone(), ..back };
    assert_eq!(why(finish(&providers, &ours, &forged).await), "Code");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_issuer_must_be_the_one_that_was_asked() {
    let providers = providers(config("ES256"));
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
    let providers = providers(ProviderConfig { client_id: "web-unknown".into(), ..config("ES256") });
    let login = providers.start("real", &REAL.redirect).await.unwrap();
    let callback = Callback { code: "a-code", state: &login.secrets.state, iss: Some(&REAL.issuer) };
    let error = providers.finish("real", &login.secrets, &callback).await.unwrap_err();
    assert_eq!(error.status(), 500, "{error}");
}
