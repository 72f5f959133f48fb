//! A tenant's provider that says what a test tells it to: logouts, logins that begin there, outages, and what it may not
//! reach.

use std::time::{Duration, Instant};

use sentinel_server::service::{Actor, Caller};
use sentinel_storage::StoreOptions;
use serde_json::{Value, json};

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::Deployment;
use crate::deployment::{FRONT_END, VERIFIER, body, cases};
use crate::federation::{Tenant, exchange, start};
use crate::stub::{Answer, DISCOVERY, Idp, now};
use crate::tenant::refusal;

cases! {
    a_logout_at_the_provider_ends_what_came_of_it, a_frame_ends_one_login, logins_begin_at_the_provider,
    an_outage_is_told, an_address_that_nobody_verified, endless_and_slow_answers_are_bounded,
}

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A server whose tenant logs in by a stub.
struct Place {
    server: Deployment,
    firm: Tenant,
    idp: Idp,
}

impl Place {
    async fn new(place: StoreOptions) -> Self {
        let server = start(place, |_| {}).await;
        let firm = Tenant::make(&server, "firm").await;
        firm.approve(&server, "example.test").await;
        let idp = Idp::new().await;
        let made = Self { server, firm, idp };
        let issuer = &made.idp.server.origin;
        made.firm.configure(&made.server, json!({ "issuer": issuer, "client_id": "sentinel" })).await;
        let link = body(made.firm.post(&made.server, "test", json!({})).await).await;
        let mut browser = Browser::new();
        let report = made.come_back(&mut browser, link["url"].as_str().unwrap(), json!({})).await;
        assert_eq!(body(report).await["ok"], true);
        assert_eq!(made.firm.post(&made.server, "enable", json!({})).await.status(), 200);
        made
    }

    /// Goes to the provider and back, where it vouches with these claims, too.
    async fn come_back(&self, browser: &mut Browser, url: &str, change: Value) -> reqwest::Response {
        let sent = browser.get(url).await;
        let there = reqwest::Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
        let (state, nonce) = (parameter(&there, "state").unwrap(), parameter(&there, "nonce").unwrap());
        let mut claims = self.idp.claims();
        claims["nonce"] = nonce.into();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        self.idp.give(&self.idp.signer.sign(&claims));
        let back = form_of(&[("code", "the-code"), ("state", &state)]);
        browser.get(&format!("{}?{back}", self.firm.callback(&self.server))).await
    }

    async fn code(&self, change: Value) -> String {
        let answer = self.come_back(&mut Browser::new(), &self.firm.login_url(&self.server), change).await;
        let back = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        assert!(back.as_str().starts_with(FRONT_END));
        parameter(&back, "code").unwrap_or_else(|| panic!("{back}"))
    }

    async fn session(&self, change: Value) -> String {
        let answer = exchange(&self.server, &self.code(change).await, VERIFIER).await;
        body(answer).await["access_token"].as_str().unwrap().to_owned()
    }

    fn logout_url(&self) -> String {
        format!("{}/api/v1/auth/sso/oidc/logout/{}", self.server.base, self.firm.name())
    }

    /// A good logout token but for some members; `null` removes one.
    fn logout_token(&self, id: &str, change: Value) -> String {
        let mut claims = json!({
            "iss": self.idp.server.origin, "aud": "sentinel", "iat": now(), "exp": now() + 60, "jti": id,
            "events": { EVENT: {} },
        });
        for (name, value) in change.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        self.idp.signer.sign(&claims)
    }

    async fn post_logout(&self, token: &str) -> reqwest::Response {
        let request = self.server.http.post(self.logout_url()).body(form_of(&[("logout_token", token)]));
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    }
}

async fn a_logout_at_the_provider_ends_what_came_of_it(place: StoreOptions) {
    let place = Place::new(place).await;
    let one = place.session(json!({ "sid": "s1" })).await;
    let two = place.session(json!({ "sid": "s2" })).await;
    let other = place.session(json!({ "sub": "other", "email": "bob@example.test", "sid": "s3" })).await;
    let late = place.code(json!({ "sid": "s1" })).await;
    let bad = [
        json!({ "sid": "s1", "events": {} }),
        json!({ "sid": "s1", "events": { EVENT: true } }),
        json!({ "sid": "s1", "nonce": "n" }),
        json!({ "sid": "s1", "aud": "another" }),
        json!({ "sid": "s1", "iss": "https://evil.test" }),
        json!({ "sid": "s1", "iat": now() - 3600 }),
        json!({ "sid": "s1", "exp": now() - 3600 }),
        json!({ "sid": "s1", "jti": null }),
        json!({}),
    ];
    for (number, change) in bad.into_iter().enumerate() {
        let token = place.logout_token(&format!("bad-{number}"), change.clone());
        assert_eq!(refusal(place.post_logout(&token).await).await, (400, "token_refused".to_owned()), "{change}");
    }
    let id_token = place.idp.token(json!({ "sid": "s1" }));
    assert_eq!(refusal(place.post_logout(&id_token).await).await.1, "token_refused", "an ID token is none");
    assert!(place.server.holds(&one).await && place.server.holds(&two).await);

    let token = place.logout_token("first", json!({ "sid": "s1" }));
    assert_eq!(place.post_logout(&token).await.status(), 200);
    assert!(!place.server.holds(&one).await && place.server.holds(&two).await && place.server.holds(&other).await);
    assert_eq!(exchange(&place.server, &late, VERIFIER).await.status(), 400, "its code was not used yet");
    assert_eq!(refusal(place.post_logout(&token).await).await, (400, "replayed".to_owned()));
    // A logout token is no ID token.
    let as_login = place.logout_token("login", json!({ "sub": "4711", "nonce": "n" }));
    place.idp.give(&as_login);

    let token = place.logout_token("second", json!({ "sub": "4711" }));
    assert_eq!(place.post_logout(&token).await.status(), 200);
    assert!(!place.server.holds(&two).await && place.server.holds(&other).await);
    let nowhere = format!("{}/api/v1/auth/sso/oidc/logout/ten_{}", place.server.base, uuid::Uuid::nil());
    let request = place.server.http.post(nowhere).body(form_of(&[("logout_token", &token)]));
    let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    assert_eq!(refusal(answer).await, (404, "sso_not_configured".to_owned()));
}

async fn a_frame_ends_one_login(place: StoreOptions) {
    let place = Place::new(place).await;
    let one = place.session(json!({ "sid": "s1" })).await;
    let two = place.session(json!({ "sid": "s2" })).await;
    let none = place.session(json!({ "email": "ada@example.test" })).await;
    let frame = async |iss: &str, sid: &str| {
        let url = format!("{}?{}", place.logout_url(), form_of(&[("iss", iss), ("sid", sid)]));
        place.server.http.get(url).send().await.unwrap().status().as_u16()
    };
    let issuer = place.idp.server.origin.clone();
    for (iss, sid) in [("https://evil.test", "s1"), (issuer.as_str(), "s9"), (issuer.as_str(), "")] {
        assert_eq!(frame(iss, sid).await, 200);
    }
    assert!(place.server.holds(&one).await && place.server.holds(&none).await);
    assert_eq!(frame(&issuer, "s1").await, 200);
    assert!(!place.server.holds(&one).await && place.server.holds(&two).await && place.server.holds(&none).await);
}

async fn logins_begin_at_the_provider(place: StoreOptions) {
    let place = Place::new(place).await;
    let initiate = |query: &[(&str, &str)]| {
        let tenant = place.firm.name();
        format!("{}/api/v1/auth/sso/oidc/initiate/{tenant}?{}", place.server.base, form_of(query))
    };
    let issuer = place.idp.server.origin.clone();
    let target = format!("{}/app", place.server.base);
    let url = initiate(&[("iss", &issuer), ("login_hint", "ada@example.test"), ("target_link_uri", &target)]);
    let mut browser = Browser::new();
    let landed = place.come_back(&mut browser, &url, json!({})).await;
    assert_eq!(landed.headers()["location"], target);
    assert!(browser.jar.contains_key("sentinel_refresh"));
    let sent = place.server.http.get(&url).send().await.unwrap();
    assert!(sent.headers()["location"].to_str().unwrap().contains("login_hint=ada%40example.test"));
    let foreign = initiate(&[("iss", "https://evil.test")]);
    assert_eq!(
        refusal(place.server.http.get(foreign).send().await.unwrap()).await,
        (403, "issuer_mismatch".to_owned())
    );
    for target in ["https://evil.test/", "//evil.test", &format!("{}.evil.test/", place.server.base)] {
        let url = initiate(&[("iss", &issuer), ("target_link_uri", target)]);
        assert_eq!(refusal(place.server.http.get(url).send().await.unwrap()).await.0, 400, "{target}");
    }
}

/// Where people register themselves anybody can write anybody's address.
async fn an_address_that_nobody_verified(place: StoreOptions) {
    let place = Place::new(place).await;
    for said in [json!(false), json!("false"), json!(null), json!(0)] {
        let change = json!({ "email_verified": said });
        let back = place.come_back(&mut Browser::new(), &place.firm.login_url(&place.server), change).await;
        let back = reqwest::Url::parse(back.headers()["location"].to_str().unwrap()).unwrap();
        assert_eq!(parameter(&back, "error_description").as_deref(), Some("email_not_verified"), "{said}");
    }
    for said in [json!(true), json!("true")] {
        place.session(json!({ "email_verified": said })).await;
    }
}

async fn an_outage_is_told(place: StoreOptions) {
    let place = Place::new(place).await;
    let url = place.firm.login_url(&place.server);
    let mut browser = Browser::new();
    let sent = browser.get(&url).await;
    let there = reqwest::Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
    place.idp.server.set("POST /token", Answer::status(500, &json!({})));
    let back = form_of(&[("code", "the-code"), ("state", &parameter(&there, "state").unwrap())]);
    let answer = browser.get(&format!("{}?{back}", place.firm.callback(&place.server))).await;
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.contains("error=temporarily_unavailable&error_description=provider_unreachable"), "{location}");
    let failures = body(place.firm.ask(&place.server, "GET", "failures", None).await).await;
    assert_eq!(failures[0]["code"], "provider_unreachable");
    // What the provider said of itself stands in no answer.
    assert!(!failures.to_string().contains(&place.idp.server.origin));
}

async fn endless_and_slow_answers_are_bounded(place: StoreOptions) {
    let server = start(place, |config| config.federation.fetch.timeout = Duration::from_secs(1)).await;
    let firm = Tenant::make(&server, "firm").await;
    let idp = Idp::new().await;
    let new = json!({ "protocol": "oidc", "issuer": idp.server.origin, "client_id": "sentinel" });
    for answer in [
        Answer { body: " ".repeat(600 * 1024), ..Answer::json(&json!({})) },
        Answer { delay: Duration::from_secs(60), ..Answer::json(&json!({})) },
        Answer::redirect(302, "http://169.254.169.254/latest/meta-data"),
        Answer::redirect(302, "http://10.0.0.1/"),
        Answer::status(200, &json!("text")),
        Answer::status(500, &json!({})),
    ] {
        idp.server.set(DISCOVERY, answer);
        let begun = Instant::now();
        let refused = refusal(firm.post(&server, "configure", new.clone()).await).await;
        assert_eq!(refused, (400, "provider_unreachable".to_owned()));
        assert!(begun.elapsed() < Duration::from_secs(30), "the bound, and not the provider, has ended it");
    }
    let known = server.service.sso_domains_of(firm.id).await.unwrap();
    assert!(known.is_empty());
    let nowhere =
        server.service.approve_sso_domain(&Actor::System, &Caller::default(), uuid::Uuid::nil(), "a.test").await;
    assert!(nowhere.is_err());
}
