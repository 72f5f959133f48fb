//! A provider that lies, and what its lies come to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel_idp::{Callback, IdpError, ProviderConfig, Providers};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::{Value, json};
use support::{Answer, CALLBACK, CLIENT, DISCOVERY, Idp, SECRET, Server, Signer, at_hash, loopback, now, why};
use support::{discovery, signing_input};

#[tokio::test]
async fn an_honest_login_with_a_secret() {
    let idp = Idp::new().await;
    let login = idp.start().await;
    idp.give(&idp.token(json!({ "nonce": login.secrets.nonce, "at_hash": at_hash("at") })));
    let person = idp.come_back(&login, Some(&idp.server.origin)).await.unwrap();
    assert_eq!((person.issuer.as_str(), person.subject.as_str()), (idp.server.origin.as_str(), "4711"));
    assert!(person.email_verified);

    let url = reqwest::Url::parse(&login.url).unwrap();
    let sent = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(sent("response_type"), "code");
    assert_eq!(sent("code_challenge_method"), "S256");
    assert_eq!(sent("redirect_uri"), CALLBACK);
    assert_eq!(sent("scope"), "openid email profile");
    assert_eq!((sent("state"), sent("nonce")), (login.secrets.state.clone(), login.secrets.nonce.clone()));

    let asked = &idp.server.asked("POST /token")[0];
    assert!(asked.headers["authorization"].starts_with("Basic "));
    assert!(asked.body.contains(&format!("code_verifier={}", login.secrets.pkce_verifier)));
    assert!(!asked.body.contains("client_secret"), "the secret goes into the header where the provider takes it there");
}

#[tokio::test]
async fn every_login_has_secrets_of_its_own() {
    let idp = Idp::new().await;
    let (one, two) = (idp.start().await.secrets, idp.start().await.secrets);
    assert!(one.state != two.state && one.nonce != two.nonce && one.pkce_verifier != two.pkce_verifier);
    assert!(one.state != one.nonce && one.nonce != one.pkce_verifier);
}

#[tokio::test]
async fn a_token_of_another_login_is_refused() {
    let idp = Idp::new().await;
    assert_eq!(why(idp.login(json!({})).await), "accepted");
    assert_eq!(why(idp.login(json!({ "nonce": "another" })).await), "claim_invalid nonce");
    assert_eq!(why(idp.login(json!({ "nonce": null })).await), "claim_missing nonce");
    assert_eq!(why(idp.login(json!({ "nonce": 1 })).await), "claim_missing nonce");
    assert_eq!(why(idp.login(json!({ "nonce": "" })).await), "claim_invalid nonce");
    assert_eq!(why(idp.login(json!({ "at_hash": at_hash("another") })).await), "binding_mismatch");
    assert_eq!(why(idp.login(json!({ "at_hash": "" })).await), "binding_mismatch");
    assert_eq!(why(idp.login(json!({ "at_hash": 1 })).await), "binding_mismatch");
}

#[tokio::test]
async fn a_token_for_others_or_by_others_is_refused() {
    let idp = Idp::new().await;
    for (change, expected) in [
        (json!({}), "accepted"),
        (json!({ "aud": "another" }), "audience_mismatch aud"),
        (json!({ "aud": null }), "claim_missing aud"),
        (json!({ "aud": [] }), "audience_mismatch aud"),
        (json!({ "aud": [CLIENT, "another"] }), "audience_mismatch"),
        (json!({ "aud": [CLIENT, "another"], "azp": "another" }), "audience_mismatch"),
        (json!({ "aud": [CLIENT, "another"], "azp": CLIENT }), "accepted"),
        (json!({ "azp": "another" }), "audience_mismatch"),
        (json!({ "azp": [CLIENT] }), "audience_mismatch"),
        (json!({ "iss": "https://evil.example" }), "issuer_mismatch iss"),
        (json!({ "iss": format!("{}/", idp.server.origin) }), "issuer_mismatch iss"),
        (json!({ "iss": null }), "claim_missing iss"),
        (json!({ "exp": now() - 60 }), "token_expired exp"),
        (json!({ "exp": null }), "claim_missing exp"),
        (json!({ "iat": null }), "claim_missing iat"),
        (json!({ "iat": now() + 120 }), "token_not_yet_valid iat"),
        (json!({ "iat": now() - 2 * 86_400 }), "token_expired iat"),
        (json!({ "nbf": now() + 120 }), "token_not_yet_valid nbf"),
        (json!({ "sub": null }), "claim_missing sub"),
        (json!({ "sub": "" }), "claim_invalid"),
        (json!({ "sub": "a\0b" }), "claim_invalid"),
        (json!({ "sub": 4711 }), "claim_invalid sub"),
    ] {
        assert_eq!(why(idp.verify(&idp.token(change.clone())).await), expected, "in authz mode: {change}");
        assert_eq!(why(idp.login(change.clone()).await), expected, "in a login: {change}");
    }
}

#[tokio::test]
async fn a_front_ends_client_id_is_ours_only_in_authz_mode() {
    let idp = Idp::with(|config| config.extra_audiences = vec!["mobile".into()]).await;
    let mobile = json!({ "aud": "mobile", "azp": "mobile" });
    assert_eq!(why(idp.verify(&idp.token(mobile.clone())).await), "accepted");
    assert_eq!(why(idp.login(mobile).await), "audience_mismatch aud");
    let token = idp.token(json!({ "nonce": "n" }));
    assert_eq!(why(idp.providers.verify_id_token("x", &token, Some("n")).await), "accepted");
    assert_eq!(why(idp.providers.verify_id_token("x", &token, Some("m")).await), "claim_invalid nonce");
    assert_eq!(why(idp.providers.verify_id_token("x", &token, Some("")).await), "claim_invalid nonce");
    assert_eq!(why(idp.providers.verify_id_token("x", &idp.token(json!({})), Some("n")).await), "claim_missing nonce");
    assert_eq!(why(idp.providers.verify_github_token("x", "gho_x").await), "type_mismatch");
    assert_eq!(idp.providers.verify_token("y", &token, None).await.unwrap_err(), IdpError::UnknownProvider);
}

#[tokio::test]
async fn a_token_that_nobody_signed_is_refused() {
    let idp = Idp::new().await;
    let claims = idp.claims();
    let unsigned = |header: Value| format!("{}.", signing_input(&header, &claims));
    assert_eq!(why(idp.verify(&unsigned(json!({ "alg": "none" }))).await), "algorithm_not_allowed");
    assert_eq!(why(idp.verify(&unsigned(json!({ "alg": "ES256", "kid": "k1" }))).await), "signature_invalid");

    // With the one secret that provider and client share, and with the public key's text.
    for secret in [SECRET.to_owned(), idp.signer.jwks().to_string()] {
        let input = signing_input(&json!({ "alg": "HS256", "kid": "k1" }), &claims);
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let tag = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, input.as_bytes()));
        assert_eq!(why(idp.verify(&format!("{input}.{tag}")).await), "algorithm_not_allowed");
    }
    let mallory = Signer::new("k1");
    assert_eq!(why(idp.verify(&mallory.sign(&claims)).await), "signature_invalid");
    // A key that the token brings along is nobody's.
    let jwk = mallory.jwks()["keys"][0].clone();
    let header = json!({ "alg": "ES256", "kid": "k1", "jwk": jwk, "jku": "https://evil.example/jwks" });
    assert_eq!(why(idp.verify(&mallory.sign_as(&header, &claims)).await), "signature_invalid");
    // Another kind of token of the same provider.
    for typ in ["at+jwt", "logout+jwt", "application/at+jwt"] {
        let token = idp.signer.sign_as(&json!({ "alg": "ES256", "kid": "k1", "typ": typ }), &claims);
        assert_eq!(why(idp.verify(&token).await), "type_mismatch", "{typ}");
    }
    let token = idp.signer.sign_as(&json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" }), &claims);
    assert_eq!(why(idp.verify(&token).await), "accepted");
    assert_eq!(why(idp.verify(&"a".repeat(20_000)).await), "token_too_large");
}

#[tokio::test]
async fn a_rotated_key_is_found_and_invented_ones_cost_one_fetch() {
    let idp = Idp::new().await;
    assert_eq!(why(idp.verify(&idp.token(json!({}))).await), "accepted");
    let next = Signer::new("k2");
    idp.server.set("GET /jwks", Answer::json(&next.jwks()));
    assert_eq!(why(idp.verify(&next.sign(&idp.claims())).await), "accepted");
    for kid in 0..20 {
        let invented = Signer::new(&format!("invented-{kid}")).sign(&idp.claims());
        assert_eq!(why(idp.verify(&invented).await), "key_not_found");
    }
    assert_eq!(idp.server.asked("GET /jwks").len(), 2);
    assert_eq!(idp.server.asked(DISCOVERY).len(), 1);
}

/// RFC 9700 §4.4: the attacker's provider hands over an honest one's code, or takes its tokens.
#[tokio::test]
async fn a_mix_up_is_noticed_before_the_code_goes_anywhere() {
    let (honest, evil) = (Idp::new().await, Server::new().await);
    evil.set(DISCOVERY, Answer::json(&discovery(&evil.origin)));
    let config = |id: &str, issuer: &str| ProviderConfig::oidc(id, issuer, CLIENT, Some(SECRET.into()));
    let configs = [config("honest", &honest.server.origin), config("evil", &evil.origin)];
    let providers = Providers::new(configs, loopback()).unwrap();
    let login = providers.start("evil", CALLBACK).await.unwrap();
    let callback = |iss| Callback { code: "honest-code", state: &login.secrets.state, iss };
    let finish = |provider, iss| {
        let (providers, login) = (&providers, &login);
        async move { providers.finish(provider, &login.secrets, &callback(iss)).await }
    };
    // The honest provider's answer arrives at the evil one's callback, and the other way round.
    assert_eq!(why(finish("evil", Some(&*honest.server.origin)).await), "Issuer");
    assert_eq!(why(finish("honest", Some(&*honest.server.origin)).await), "Provider");
    assert_eq!(why(finish("honest", Some(&*evil.origin)).await), "Provider");
    assert!(evil.asked("POST /token").is_empty() && honest.server.asked("POST /token").is_empty());

    // A token of the honest provider does not pass as the evil one's.
    evil.set("GET /jwks", Answer::json(&honest.signer.jwks()));
    assert_eq!(why(providers.verify_token("evil", &honest.token(json!({})), None).await), "issuer_mismatch iss");
}

#[tokio::test]
async fn a_promised_issuer_must_come() {
    let idp = Idp::new().await;
    idp.describe("authorization_response_iss_parameter_supported", true.into());
    let login = idp.start().await;
    idp.give(&idp.token(json!({ "nonce": login.secrets.nonce })));
    assert_eq!(why(idp.come_back(&login, None).await), "Issuer");
    assert_eq!(why(idp.come_back(&login, Some(&idp.server.origin)).await), "accepted");
}

#[tokio::test]
async fn metadata_of_another_issuer_is_a_misconfiguration() {
    let status = async |issuer: &dyn Fn(&str) -> String| {
        let idp = Idp::new().await;
        idp.describe("issuer", issuer(&idp.server.origin).into());
        idp.providers.start("x", CALLBACK).await.unwrap_err().status()
    };
    assert_eq!(status(&|_| "https://evil.example".into()).await, 500);
    assert_eq!(status(&|ours| format!("{ours}/")).await, 500, "compared octet by octet");
    assert_eq!(status(&|_| "http://127.0.0.1/{tenantid}".into()).await, 500);
    assert_eq!(status(&|_| String::new()).await, 503, "no metadata at all");
}

#[tokio::test]
async fn metadata_leads_nowhere_inside() {
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://10.0.0.1/",
        "https://[fd00::1]/",
        "http://id.example/",
        "https://user:secret@id.example/",
        "file:///etc/passwd",
    ] {
        for member in ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"] {
            let idp = Idp::new().await;
            idp.describe(member, url.into());
            let error = idp.providers.start("x", CALLBACK).await.unwrap_err();
            assert_eq!(error.status(), 500, "{member} {url}: {error}");
            assert!(!error.to_string().contains("169.254"), "{error}");
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed_elsewhere() {
    let metadata_service = "http://169.254.169.254/latest/meta-data/";
    let idp = Idp::new().await;
    idp.server.set(DISCOVERY, Answer::redirect(302, metadata_service));
    assert_eq!(idp.providers.start("x", CALLBACK).await.unwrap_err().status(), 503);

    let idp = Idp::new().await;
    idp.server.set("GET /jwks", Answer::redirect(302, metadata_service));
    assert_eq!(why(idp.verify(&idp.token(json!({}))).await), "503");

    // Not even to the same origin where a code and a secret would go along.
    for location in [metadata_service, "/elsewhere"] {
        let idp = Idp::new().await;
        idp.server.set("POST /elsewhere", Answer::json(&json!({})));
        let login = idp.start().await;
        idp.server.set("POST /token", Answer::redirect(307, location));
        assert_eq!(why(idp.come_back(&login, None).await), "503");
        assert!(idp.server.asked("POST /elsewhere").is_empty());
    }
}

#[tokio::test]
async fn what_is_too_long_is_not_read() {
    let idp = Idp::new().await;
    idp.server.change("GET /jwks", |answer| answer.body.push_str(&" ".repeat(2 << 20)));
    assert_eq!(why(idp.verify(&idp.token(json!({}))).await), "503");

    let idp = Idp::new().await;
    idp.server.change(DISCOVERY, |answer| answer.body.push_str(&" ".repeat(2 << 20)));
    assert_eq!(idp.providers.start("x", CALLBACK).await.unwrap_err().status(), 503);

    let idp = Idp::new().await;
    let login = idp.start().await;
    idp.give(&"a".repeat(2 << 20));
    assert_eq!(why(idp.come_back(&login, None).await), "503");
}

#[tokio::test]
async fn who_is_slow_is_not_waited_for() {
    let policy = FetchPolicy { timeout: Duration::from_millis(300), ..loopback() };
    let slow = |answer: &mut Answer| answer.delay = Duration::from_secs(20);
    let since = Instant::now();
    let idp = Idp::with_policy(|_| (), policy).await;
    idp.server.change(DISCOVERY, slow);
    assert_eq!(idp.providers.start("x", CALLBACK).await.unwrap_err().status(), 503);

    let idp = Idp::with_policy(|_| (), policy).await;
    let login = idp.start().await;
    idp.give("");
    idp.server.change("POST /token", slow);
    assert_eq!(why(idp.come_back(&login, None).await), "503");

    idp.server.change("GET /jwks", slow);
    assert_eq!(why(idp.verify(&idp.token(json!({}))).await), "503");
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_logins_share_one_discovery_also_when_it_fails() {
    async fn storm(idp: &std::sync::Arc<Idp>) -> usize {
        let begun: Vec<_> = (0..50)
            .map(|_| {
                let idp = std::sync::Arc::clone(idp);
                tokio::spawn(async move { idp.providers.start("x", CALLBACK).await.is_ok() })
            })
            .collect();
        let mut accepted = 0;
        for login in begun {
            accepted += usize::from(login.await.unwrap());
        }
        accepted
    }
    let idp = std::sync::Arc::new(Idp::new().await);
    idp.server.change(DISCOVERY, |answer| answer.delay = Duration::from_millis(100));
    assert_eq!(storm(&idp).await, 50);
    assert_eq!(idp.server.asked(DISCOVERY).len(), 1);

    let idp = std::sync::Arc::new(Idp::new().await);
    idp.server.change(DISCOVERY, |answer| answer.status = 500);
    assert_eq!(storm(&idp).await, 0);
    assert_eq!(idp.server.asked(DISCOVERY).len(), 1);
    // It is asked again after a pause.
    idp.server.change(DISCOVERY, |answer| answer.status = 200);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(storm(&idp).await, 50);
}

#[tokio::test]
async fn what_the_token_endpoint_refuses_has_a_meaning() {
    for (status, body, expected) in [
        (400, json!({ "error": "invalid_grant", "error_description": "the-code" }), "Code"),
        (400, json!({ "error": "invalid_request" }), "Code"),
        (401, json!({ "error": "invalid_client" }), "500"),
        (400, json!({ "error": "unauthorized_client" }), "500"),
        (400, json!({ "error": "something_new" }), "503"),
        (500, json!("the-code"), "503"),
        (200, json!({ "access_token": "at" }), "503"),
        (200, json!({ "access_token": "at", "token_type": "Bearer" }), "500"),
    ] {
        let idp = Idp::new().await;
        let login = idp.start().await;
        idp.server.set("POST /token", Answer::status(status, &body));
        let answer = idp.come_back(&login, None).await;
        if let Err(error) = &answer {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("the-code") && !shown.contains(SECRET), "{shown}");
        }
        assert_eq!(why(answer), expected, "{status} {body}");
    }
}

#[tokio::test]
async fn what_the_id_token_leaves_out_is_asked_for() {
    let idp = Idp::new().await;
    idp.describe("userinfo_endpoint", format!("{}/me", idp.server.origin).into());
    idp.describe("token_endpoint_auth_methods_supported", json!(["client_secret_post"]));
    let me = json!({ "sub": "4711", "email": "ada@example.test", "email_verified": "true", "name": "Ada" });
    idp.server.set("GET /me", Answer::json(&me));
    let thin = json!({ "email": null, "email_verified": null, "name": null });
    let person = idp.login(thin.clone()).await.unwrap();
    assert_eq!((person.email.as_deref(), person.email_verified), (Some("ada@example.test"), true));
    assert_eq!(idp.server.asked("GET /me")[0].headers["authorization"], "Bearer at");
    assert!(idp.server.asked("POST /token")[0].body.contains("client_secret="));

    // Another person's answer is none (OpenID Connect Core §5.3.2).
    idp.server.set("GET /me", Answer::json(&json!({ "sub": "4712", "email": "root@example.test" })));
    assert_eq!(why(idp.login(thin.clone()).await), "binding_mismatch");
    idp.server.set("GET /me", Answer::status(403, &json!({})));
    assert_eq!(idp.login(thin).await.unwrap().email, None);
}

#[tokio::test]
async fn entra_admits_only_the_listed_tenants_and_its_addresses_prove_nothing() {
    const OURS: &str = "11111111-1111-4111-8111-111111111111";
    const OTHER: &str = "22222222-2222-4222-8222-222222222222";
    let (server, signer) = (Server::new().await, Signer::new("k1"));
    let at = |tenant: &str| format!("{}/{tenant}/v2.0", server.origin);
    let mut config = ProviderConfig::entra_id("common", CLIENT, SECRET.into());
    config.issuer = at("common");
    config.trust_email = true;
    assert_eq!(Providers::new([config.clone()], loopback()).unwrap_err().status(), 500, "tenants must be listed");
    config.tenants = vec![OURS.to_owned()];
    let providers = Providers::new([config], loopback()).unwrap();
    let mut document = discovery(&server.origin);
    document["issuer"] = at("{tenantid}").into();
    server.set("GET /common/v2.0/.well-known/openid-configuration", Answer::json(&document));
    server.set("GET /jwks", Answer::json(&signer.jwks()));
    let token = |iss: &str, tid: Value| {
        signer.sign(&json!({
            "iss": at(iss), "tid": tid, "sub": "s", "aud": CLIENT, "iat": now(), "exp": now() + 60,
            "email": "ceo@victim.example", "email_verified": true, "preferred_username": "ceo@victim.example",
        }))
    };
    let verify = async |token: String| providers.verify_token("entra_id", &token, None).await;
    let person = verify(token(OURS, OURS.into())).await.unwrap();
    assert_eq!(person.issuer, at(OURS));
    assert_eq!((person.email.as_deref(), person.email_verified), (Some("ceo@victim.example"), false));
    assert_eq!(why(verify(token(OTHER, OTHER.into())).await), "issuer_mismatch iss");
    assert_eq!(why(verify(token(OTHER, OURS.into())).await), "issuer_mismatch iss");
    assert_eq!(why(verify(token(OURS, OTHER.into())).await), "issuer_mismatch tid");
    assert_eq!(why(verify(token(OURS, Value::Null)).await), "issuer_mismatch tid");
    assert_eq!(why(verify(token("{tenantid}", OURS.into())).await), "issuer_mismatch iss");
    assert_eq!(why(verify(token("common", OURS.into())).await), "issuer_mismatch iss");
}
