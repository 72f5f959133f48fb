//! A tenant's SAML provider as far as the server goes alone: set up, asked, and every way to bring a response that is none.
//! Logins by real providers have a suite of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Response, Url};
use sentinel_idp::saml::{SpKey, self_signed};
use sentinel_storage::StoreOptions;
use serde_json::{Value, json};

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{Deployment, FRONT_END, body, cases};
use crate::federation::{Tenant, start};
use crate::stub::{Answer, Server};
use crate::tenant::{PASSWORD, refusal};

cases! {
    it_is_told_of_us_and_asked, what_is_no_response_lets_nobody_in, one_connection_is_enough, metadata_are_pinned_and_bounded,
}

const NOW: i64 = 1_700_000_000;

fn certificate() -> String {
    let key = SpKey::generate().unwrap();
    STANDARD.encode(self_signed(&key, "idp.firm.test", NOW, NOW + 100 * 365 * 86_400).unwrap())
}

fn metadata(entity: &str, binding: &str, certificate: &str) -> String {
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" entityID=\"{entity}\"><md:IDPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\"><md:KeyDescriptor use=\"signing\"><ds:KeyInfo>\
         <ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\
         <md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" \
         Location=\"https://idp.firm.test/sso\"/></md:IDPSSODescriptor></md:EntityDescriptor>"
    )
}

fn saml(more: Value) -> Value {
    let mut configuration = json!({
        "protocol": "saml2", "attribute_mapping": { "email": "user.email", "role": "user.group" },
    });
    for (name, value) in more.as_object().unwrap() {
        configuration[name] = value.clone();
    }
    configuration
}

/// A test that was begun: its browser and what was sent with it.
async fn begun(server: &Deployment, firm: &Tenant) -> (Browser, String) {
    let link = body(firm.post(server, "test", json!({})).await).await;
    let mut browser = Browser::new();
    let sent = browser.get(link["url"].as_str().unwrap()).await;
    let there = Url::parse(sent.headers()["location"].to_str().unwrap()).unwrap();
    assert_eq!(there.host_str(), Some("idp.firm.test"));
    assert!(parameter(&there, "SAMLRequest").is_some() && parameter(&there, "Signature").is_some(), "{there}");
    (browser, parameter(&there, "RelayState").unwrap())
}

/// As a browser posts it from the provider's page: without cookies.
async fn post(server: &Deployment, tenant: &str, form: &[(&str, &str)]) -> Response {
    let url = format!("{}/api/v1/auth/sso/saml/acs/{tenant}", server.base);
    let request = server.http.post(url).header("content-type", "application/x-www-form-urlencoded");
    request.body(form_of(form)).send().await.unwrap()
}

async fn it_is_told_of_us_and_asked(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    let known = body(firm.ask(&server, "GET", "configure", None).await).await;
    let ours = known["addresses"]["saml_entity_id"].as_str().unwrap().to_owned();
    let told = server.http.get(&ours).send().await.unwrap();
    assert_eq!(told.headers()["content-type"], "application/samlmetadata+xml");
    let told = told.text().await.unwrap();
    for part in [
        ours.as_str(),
        known["addresses"]["saml_acs_url"].as_str().unwrap(),
        "SignatureValue",
        "AuthnRequestsSigned=\"true\"",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert_eq!(told, server.http.get(&ours).send().await.unwrap().text().await.unwrap(), "one key for all of them");
    let nowhere = format!("{}/api/v1/auth/sso/saml/metadata/ten_{}", server.base, uuid::Uuid::nil());
    assert_eq!(refusal(server.http.get(nowhere).send().await.unwrap()).await.0, 404);

    let certificate = certificate();
    let redirect = metadata("https://idp.firm.test", "HTTP-Redirect", &certificate);
    let set_up = firm.post(&server, "configure", saml(json!({ "metadata_xml": redirect }))).await;
    let set_up = body(set_up).await;
    assert_eq!(set_up["draft"]["provider"], "https://idp.firm.test", "{set_up}");
    assert_eq!(set_up["draft"]["certificates"].as_array().unwrap().len(), 1);
    begun(&server, &firm).await;
    assert_eq!(refusal(firm.post(&server, "enable", json!({})).await).await.1, "sso_not_tested");

    // By a form, where the provider takes no redirect.
    let posted = metadata("https://idp.firm.test", "HTTP-POST", &certificate);
    assert_eq!(firm.post(&server, "configure", saml(json!({ "metadata_xml": posted }))).await.status(), 200);
    let link = body(firm.post(&server, "test", json!({})).await).await;
    let page = server.http.get(link["url"].as_str().unwrap()).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(page.headers().get("set-cookie").is_some());
    let page = page.text().await.unwrap();
    assert!(page.contains("action=\"https://idp.firm.test/sso\"") && page.contains("name=\"SAMLRequest\""), "{page}");
}

async fn what_is_no_response_lets_nobody_in(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let (firm, other) = (Tenant::make(&server, "firm").await, Tenant::make(&server, "other").await);
    firm.approve(&server, "firm.test").await;
    let xml = metadata("https://idp.firm.test", "HTTP-Redirect", &certificate());
    for tenant in [&firm, &other] {
        assert_eq!(tenant.post(&server, "configure", saml(json!({ "metadata_xml": xml }))).await.status(), 200);
    }
    for (response, code) in [("&&&", "not_base64"), ("PHg+", "xml_refused"), ("PHgvPg==", "not_a_response")] {
        let (mut browser, state) = begun(&server, &firm).await;
        let judged = post(&server, &firm.name(), &[("SAMLResponse", response), ("RelayState", &state)]).await;
        assert_eq!(judged.status(), 303, "{code}");
        let finish = judged.headers()["location"].to_str().unwrap().to_owned();
        let again = post(&server, &firm.name(), &[("SAMLResponse", response), ("RelayState", &state)]).await;
        assert_eq!(refusal(again).await, (400, "replayed".to_owned()), "a request is answered once");
        let report = body(browser.get(&finish).await).await;
        assert_eq!((&report["ok"], &report["code"]), (&json!(false), &json!(code)));
        assert_eq!(refusal(browser.get(&finish).await).await, (400, "replayed".to_owned()));
    }
    // Unasked for, with somebody else's state, at another tenant's address, in another browser.
    let unasked = post(&server, &firm.name(), &[("SAMLResponse", "PHgvPg==")]).await;
    assert_eq!(refusal(unasked).await, (400, "login_unknown".to_owned()));
    let made_up = post(&server, &firm.name(), &[("SAMLResponse", "PHgvPg=="), ("RelayState", "x")]).await;
    assert_eq!(refusal(made_up).await.1, "login_unknown");
    let (_, state) = begun(&server, &firm).await;
    let elsewhere = post(&server, &other.name(), &[("SAMLResponse", "PHgvPg=="), ("RelayState", &state)]).await;
    assert_eq!(refusal(elsewhere).await.1, "login_unknown");
    let (_, state) = begun(&server, &firm).await;
    let judged = post(&server, &firm.name(), &[("SAMLResponse", "PHgvPg=="), ("RelayState", &state)]).await;
    let finish = judged.headers()["location"].to_str().unwrap();
    assert_eq!(refusal(Browser::new().get(finish).await).await, (400, "other_browser".to_owned()));
    assert_eq!(refusal(post(&server, &firm.name(), &[("x", "y")]).await).await.0, 400);
    let failures = body(firm.ask(&server, "GET", "failures", None).await).await;
    let codes: Vec<_> = failures.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"login_unknown") && codes.contains(&"replayed"), "{codes:?}");
    // What was never enabled has no login, with a front end or without.
    let url = format!("{}/api/v1/auth/sso/login?tenant={}", server.base, firm.name());
    assert_eq!(refusal(server.http.get(&url).send().await.unwrap()).await.0, 404);
    let foreign = form_of(&[("tenant", &firm.name()), ("redirect_uri", FRONT_END)]);
    let url = format!("{}/api/v1/auth/sso/login?{foreign}", server.base);
    assert_eq!(refusal(server.http.get(&url).send().await.unwrap()).await.0, 404);
}

/// Whoever holds a connection to the database while waiting for another one stops everybody once all are held.
async fn one_connection_is_enough(place: StoreOptions) {
    let place = match place {
        StoreOptions::Postgres { url, .. } => StoreOptions::Postgres { url, max_connections: 1 },
        file => file,
    };
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    let xml = metadata("https://idp.firm.test", "HTTP-Redirect", &certificate());
    assert_eq!(firm.post(&server, "configure", saml(json!({ "metadata_xml": xml }))).await.status(), 200);
    let unasked = post(&server, &firm.name(), &[("SAMLResponse", "PHgvPg=="), ("RelayState", "x")]).await;
    assert_eq!(refusal(unasked).await, (400, "login_unknown".to_owned()));
    let (_, state) = begun(&server, &firm).await;
    let judged = post(&server, &firm.name(), &[("SAMLResponse", "PHgvPg=="), ("RelayState", &state)]).await;
    assert_eq!(judged.status(), 303);
}

async fn metadata_are_pinned_and_bounded(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    let idp = Server::new().await;
    let url = format!("{}/metadata.xml", idp.origin);
    let serve = |xml: &str| idp.set("GET /metadata.xml", Answer { body: xml.to_owned(), ..Answer::json(&json!({})) });
    let (old, new) = (certificate(), certificate());
    serve(&metadata("https://idp.firm.test", "HTTP-Redirect", &old));
    let set_up = body(firm.post(&server, "configure", saml(json!({ "metadata_url": url }))).await).await;
    assert_eq!(set_up["draft"]["metadata_url"], url.as_str(), "{set_up}");
    for (wrong, code) in [
        (saml(json!({ "metadata_url": "https://10.0.0.1/metadata.xml" })), "provider_unreachable"),
        (saml(json!({ "metadata_url": "http://169.254.169.254/metadata.xml" })), "provider_unreachable"),
        (saml(json!({ "metadata_url": "file:///etc/passwd" })), "provider_unreachable"),
        (saml(json!({ "metadata_url": url, "metadata_xml": "<x/>" })), "configuration_invalid"),
        (saml(json!({})), "configuration_invalid"),
        (saml(json!({ "metadata_url": url, "attribute_mapping": {} })), "configuration_invalid"),
        (saml(json!({ "metadata_xml": "x".repeat(600 * 1024) })), "configuration_invalid"),
    ] {
        let refused = firm.post(&server, "configure", wrong.clone()).await;
        assert_eq!(refusal(refused).await, (400, code.to_owned()), "{:.200}", wrong.to_string());
    }
    for answer in [
        Answer::redirect(302, "http://10.0.0.1/"),
        Answer { body: " ".repeat(600 * 1024), ..Answer::json(&json!({})) },
        Answer::status(404, &json!({})),
    ] {
        idp.set("GET /metadata.xml", answer);
        let refused = firm.post(&server, "configure", saml(json!({ "metadata_url": url }))).await;
        assert_eq!(refusal(refused).await, (400, "provider_unreachable".to_owned()));
    }
    for xml in ["<x/>", "<!DOCTYPE x><x/>", ""] {
        serve(xml);
        let refused = firm.post(&server, "configure", saml(json!({ "metadata_url": url }))).await;
        let (status, code) = refusal(refused).await;
        assert!(status == 400 && code.starts_with("metadata_"), "{xml}: {code}");
    }
    // A certificate that comes is taken; the one that went stays for a day. Another entity id at the same address, and an
    // outage, change nothing.
    let follow = async |hours: i64, answer: Answer| {
        idp.set("GET /metadata.xml", answer);
        server.pass(hours * 3_600_000);
        server.service.follow_due_metadata().await.unwrap();
        // By now the token of before has expired.
        let login = json!({ "email": "boss@firm.test", "password": PASSWORD });
        let login = body(server.post("/api/v1/auth/login", login).await).await;
        let url = format!("{}/api/v1/auth/sso/configure", server.base);
        let asked = server.http.get(url).bearer_auth(login["access_token"].as_str().unwrap()).send().await.unwrap();
        let view = body(asked).await;
        let all = view["draft"]["certificates"].as_array().unwrap().clone();
        (all.len(), all.iter().filter(|one| one["until"].is_string()).count())
    };
    let xml = |xml: String| Answer { body: xml, ..Answer::json(&json!({})) };
    let shows = |entity: &str, certificate: &str| xml(metadata(entity, "HTTP-Redirect", certificate));
    assert_eq!(follow(2, shows("https://evil.test", &new)).await, (1, 0));
    assert_eq!(follow(2, Answer::status(500, &json!({}))).await, (1, 0));
    assert_eq!(follow(0, shows("https://idp.firm.test", &new)).await, (1, 0), "not so soon");
    assert_eq!(follow(2, shows("https://idp.firm.test", &new)).await, (2, 1));
    assert_eq!(follow(25, Answer::status(500, &json!({}))).await, (1, 0), "its time is over without an answer, too");
    assert_eq!(follow(500, Answer::status(500, &json!({}))).await, (1, 0), "and the last one stays");
}
