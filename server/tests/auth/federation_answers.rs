//! Answers that are another's: another browser's, another tenant's, another issuer's; and providers that cannot be.

use std::collections::HashMap;

use sentinel_storage::StoreOptions;
use serde_json::json;

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{REAL, cases};
use crate::federation::{Tenant, configuration, start};
use crate::tenant::refusal;

cases! { others_answers_are_refused }

async fn others_answers_are_refused(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let (firm, other) = (Tenant::make(&server, "firm").await, Tenant::make(&server, "other").await);
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    let leave = async || {
        let mut browser = Browser::new();
        let back = browser.log_in(&firm.login_url(&server), "ada.lovelace", &firm.callback(&server)).await;
        (browser, back)
    };
    // In another browser: who begins a login for somebody else (RFC 9700 §4.7).
    let (_, back) = leave().await;
    assert_eq!(refusal(Browser::new().get(back.as_str()).await).await, (400, "other_browser".to_owned()));
    // At another tenant's address: a mix-up.
    let (mut browser, back) = leave().await;
    let elsewhere = back.as_str().replace(&firm.name(), &other.name());
    assert_eq!(refusal(browser.get(&elsewhere).await).await, (400, "login_unknown".to_owned()));
    assert_eq!(refusal(browser.get(back.as_str()).await).await, (400, "replayed".to_owned()), "and it is used up");
    // From another issuer.
    let (mut browser, back) = leave().await;
    let query: HashMap<String, String> = back.query_pairs().into_owned().collect();
    let forged = form_of(&[("code", &query["code"]), ("state", &query["state"]), ("iss", "https://evil.test")]);
    let answer = browser.get(&format!("{}?{forged}", firm.callback(&server))).await;
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.contains("error_description=issuer_mismatch") && !location.contains("code="), "{location}");
    // Somebody else's state, none, and a provider that says no.
    let made_up = browser.get(&format!("{}?code=a&state=b", firm.callback(&server))).await;
    assert_eq!(refusal(made_up).await.1, "login_unknown");
    assert_eq!(refusal(browser.get(&firm.callback(&server)).await).await.1, "login_unknown");
    let (mut browser, back) = leave().await;
    let denied = form_of(&[("error", "access_denied"), ("state", &parameter(&back, "state").unwrap())]);
    let answer = browser.get(&format!("{}?{denied}", firm.callback(&server))).await;
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.contains("error=access_denied&error_description=provider_refused"), "{location}");
    // Providers that cannot be: at private addresses, over plain http, with another issuer than they say.
    for issuer in [
        "https://10.0.0.1",
        "https://169.254.169.254",
        "http://192.168.1.1",
        "https://user@id.test",
        "ftp://id.test",
        "x",
    ] {
        let refused = firm.post(&server, "configure", configuration(json!({ "issuer": issuer }))).await;
        assert_eq!(refusal(refused).await.0, 400, "{issuer}");
    }
    for wrong in [
        json!({ "issuer": format!("{}/", REAL.issuer) }),
        json!({ "issuer": null }),
        json!({ "issuer": null, "discovery_url": format!("{}/x", REAL.issuer) }),
        json!({ "client_id": "" }),
        json!({ "attribute_mapping": { "email": "" } }),
    ] {
        let refused = firm.post(&server, "configure", configuration(wrong.clone())).await;
        assert_eq!(refusal(refused).await.0, 400, "{wrong}");
    }
    let discovery = format!("{}/.well-known/openid-configuration", REAL.issuer);
    let found = firm.configure(&server, json!({ "issuer": null, "discovery_url": discovery })).await;
    assert_eq!(found["draft"]["provider"], REAL.issuer.as_str());
}
