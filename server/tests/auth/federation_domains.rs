//! A tenant proves its domains by DNS: a server of our own answers, over UDP, what a test tells it to.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};

use sentinel_storage::StoreOptions;
use serde_json::{Value, json};

use crate::deployment::{Deployment, body, cases};
use crate::federation::{Tenant, start};
use crate::tenant::refusal;

cases! { a_record_proves_a_domain, of_two_the_first_has_it }

/// TXT records by their names in lower case: each a list of pieces.
type Zone = Arc<Mutex<HashMap<String, Vec<Vec<String>>>>>;

/// A DNS server (RFC 1035): TXT and nothing else. It ends with the test's process.
fn serve(zone: Zone) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let asked = &buffer[..length];
            let mut end = 12;
            let mut labels = Vec::new();
            while asked[end] != 0 {
                let size = usize::from(asked[end]);
                labels.push(String::from_utf8_lossy(&asked[end + 1..=end + size]).to_ascii_lowercase());
                end += size + 1;
            }
            let question = &asked[12..end + 5];
            let records = zone.lock().unwrap().get(&labels.join(".")).cloned().unwrap_or_default();
            let code = if records.is_empty() { 3 } else { 0 };
            let mut answer = vec![asked[0], asked[1], 0x81, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0];
            answer.extend_from_slice(question);
            for pieces in records {
                let data: Vec<u8> =
                    pieces.iter().flat_map(|piece| [&[piece.len() as u8], piece.as_bytes()].concat()).collect();
                answer.extend_from_slice(&[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0]);
                answer.extend_from_slice(&(data.len() as u16).to_be_bytes());
                answer.extend_from_slice(&data);
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

async fn began(place: StoreOptions) -> (Deployment, Zone) {
    let zone = Zone::default();
    let address = serve(Arc::clone(&zone));
    (start(place, |config| config.federation.dns = vec![address]).await, zone)
}

async fn claim(server: &Deployment, tenant: &Tenant) -> Value {
    let answer = tenant.post(server, "domains", json!({ "domain": "Firm.Example" })).await;
    assert_eq!(answer.status(), 201);
    body(answer).await
}

fn show(zone: &Zone, claimed: &Value, values: Vec<Vec<String>>) {
    zone.lock().unwrap().insert(claimed["record"].as_str().unwrap().to_owned(), values);
}

async fn a_record_proves_a_domain(place: StoreOptions) {
    let (server, zone) = began(place).await;
    let firm = Tenant::make(&server, "firm").await;
    let claimed = claim(&server, &firm).await;
    assert_eq!((&claimed["domain"], &claimed["proven_at"]), (&json!("firm.example"), &Value::Null));
    assert_eq!(claimed["record"], "_sentinel-challenge.firm.example");
    assert_eq!(claim(&server, &firm).await["value"], claimed["value"], "again: the same");
    let value = claimed["value"].as_str().unwrap().to_owned();
    let verify = async || firm.post(&server, "domains/firm.example/verify", json!({})).await;
    let other = |text: &str| vec![vec![text.to_owned()]];
    for shown in [
        Vec::new(),
        other("sentinel-domain="),
        other(&format!("{value}x")),
        other(&value.to_uppercase()),
        other("v=spf1 -all"),
    ] {
        show(&zone, &claimed, shown);
        assert_eq!(refusal(verify().await).await, (409, "domain_not_shown".to_owned()));
    }
    // At the domain itself, and under another name, it proves nothing.
    show(&zone, &claimed, Vec::new());
    zone.lock().unwrap().insert("firm.example".into(), other(&value));
    assert_eq!(verify().await.status(), 409);
    // In pieces, beside others.
    let (start, rest) = value.split_at(20);
    show(&zone, &claimed, vec![vec!["other".into()], vec![start.into(), rest.into()]]);
    let proven = body(verify().await).await;
    assert_eq!(proven["how"], "dns");
    assert!(!proven["proven_at"].is_null());
    assert_eq!(refusal(firm.post(&server, "domains/other.example/verify", json!({})).await).await.0, 404);
    for wrong in ["firm", "127.0.0.1", "firm.example/x", "a@b.example", "", "*.firm.example"] {
        let refused = firm.post(&server, "domains", json!({ "domain": wrong })).await;
        assert_eq!(refusal(refused).await, (400, "configuration_invalid".to_owned()), "{wrong}");
    }
}

async fn of_two_the_first_has_it(place: StoreOptions) {
    let (server, zone) = began(place).await;
    let (firm, other) = (Tenant::make(&server, "firm").await, Tenant::make(&server, "other").await);
    let (ours, theirs) = (claim(&server, &firm).await, claim(&server, &other).await);
    assert_ne!(ours["value"], theirs["value"], "what one tenant shows proves nothing for another");
    let value = |of: &Value| vec![vec![of["value"].as_str().unwrap().to_owned()]];
    show(&zone, &ours, value(&ours));
    assert_eq!(other.post(&server, "domains/firm.example/verify", json!({})).await.status(), 409);
    assert_eq!(firm.post(&server, "domains/firm.example/verify", json!({})).await.status(), 200);
    show(&zone, &ours, value(&theirs));
    let taken = other.post(&server, "domains/firm.example/verify", json!({})).await;
    assert_eq!(refusal(taken).await, (409, "domain_taken".to_owned()));
    assert_eq!(firm.ask(&server, "DELETE", "domains/firm.example", None).await.status(), 204);
    assert_eq!(other.post(&server, "domains/firm.example/verify", json!({})).await.status(), 200);
    // Claimed anew it has to be proven anew, by another value.
    let again = claim(&server, &firm).await;
    assert_ne!(again["value"], ours["value"]);
    assert_eq!(again["proven_at"], Value::Null);
}
