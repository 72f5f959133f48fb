//! A whole deployment with local accounts, the real program on both databases: from the PIN file of the first start to the
//! second start that ignores it, as people meet it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::str::FromStr as _;

use serde_json::{Value, json};
use server::{Answer, Server, done_with, run};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use support::Folder;

/// A request with a token, from this machine itself or, by a proxy's word, from elsewhere.
fn ask(server: &Server, method: &str, path: &str, token: &str, from: &str, body: &Value) -> Answer {
    let (bearer, body) = (format!("Bearer {token}"), if body.is_null() { String::new() } else { body.to_string() });
    let mut headers = vec![("User-Agent", "Firefox"), ("Content-Type", "application/json")];
    if from != HERE {
        headers.push(("X-Forwarded-For", from));
    }
    if !token.is_empty() {
        headers.push(("Authorization", &bearer));
    }
    server.send(method, path, &headers, &body)
}

const HERE: &str = "127.0.0.1";
const ELSEWHERE: &str = "203.0.113.7";

fn login(server: &Server, username: &str, pin: &str, from: &str) -> Answer {
    ask(server, "POST", "/local/login", "", from, &json!({ "username": username, "pin": pin }))
}

fn token_of(answer: &Answer) -> String {
    answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

fn story(environment: &[(&str, &str)]) {
    let folder = Folder::new();
    folder.write("owner.pin", "1234\n");
    let mut environment = environment.to_vec();
    environment.extend([("OWNER_PIN_FILE", "owner.pin"), ("BEHIND_PROXY", "true"), ("SIGNING_ALGORITHM", "ES256")]);
    // The same issuer after the restart, on whatever port: what is refused then was taken back.
    environment.push(("BASE_URL", "http://localhost:9003"));

    // "The first time the system starts, it reads the PIN file once to bootstrap the owner account in the database."
    let mut first = Server::start(&folder, &environment);
    first.output_with("the owner was made of OWNER_PIN_FILE");
    assert!(!first.output().contains("/auth/admin/bootstrap?token="), "no link: there is an administrator");
    assert_eq!(login(&first, "owner", "1234", ELSEWHERE).status, 401);
    let answer = login(&first, "owner", "1234", HERE);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let said = answer.json();
    assert_eq!(said["token_type"], json!("bearer"));
    // An hour, less what the answer took.
    let life = said["expires_in"].as_i64().unwrap();
    assert!((3570..=3600).contains(&life), "{life}");
    assert!(said.get("refresh_token").is_none());

    // "A non-blocking banner nudges users to change their default PIN on first login."
    assert_eq!(said["must_change_pin"], json!(true));
    let owner = token_of(&answer);
    let me = ask(&first, "GET", "/local/me", &owner, ELSEWHERE, &Value::Null).json();
    assert_eq!((&me["role"], &me["trust_level"], &me["channels"]), (&json!("owner"), &json!(10), &json!([])));
    let pins = json!({ "current_pin": "1234", "new_pin": "739154206318" });
    let changed = ask(&first, "POST", "/local/pin", &owner, HERE, &pins);
    assert_eq!((changed.status, &changed.json()["must_change_pin"]), (200, &json!(false)));
    // "The frontend silently swaps it."
    let owner = changed.header("x-refreshed-token").unwrap().to_owned();

    // "Admins get an additional user management tab: create accounts, adjust roles, manage sessions."
    let new =
        json!({ "username": "Bob", "pin": "582047913645", "role": "editor", "trust_level": 2, "channels": ["web"] });
    let bob = ask(&first, "POST", "/local/users", &owner, ELSEWHERE, &new);
    assert_eq!(bob.status, 201);
    let id = bob.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36, "no number that could be counted");
    let bob = token_of(&login(&first, "bob", "582047913645", ELSEWHERE));
    let elsewhere = token_of(&login(&first, "bob", "582047913645", HERE));
    let role = json!({ "role": "viewer" });
    assert_eq!(ask(&first, "PATCH", &format!("/local/users/{id}"), &owner, HERE, &role).status, 200);
    assert_eq!(ask(&first, "GET", "/local/me", &bob, HERE, &Value::Null).json()["role"], json!("viewer"));

    // "An admin can invalidate a specific session without nuking everyone."
    let sessions = ask(&first, "GET", &format!("/local/users/{id}/sessions"), &owner, HERE, &Value::Null).json();
    let one = sessions.as_array().unwrap().iter().find(|one| one["ip_address"] == json!(ELSEWHERE)).unwrap();
    assert_eq!(one["user_agent"], json!("Firefox"));
    let path = format!("/local/users/{id}/sessions/{}", one["id"].as_str().unwrap());
    assert_eq!(ask(&first, "DELETE", &path, &owner, HERE, &Value::Null).status, 204);
    let open = |server: &Server, token: &str| ask(server, "GET", "/local/me", token, HERE, &Value::Null).status;
    assert_eq!((open(&first, &bob), open(&first, &elsewhere), open(&first, &owner)), (401, 200, 200));

    // WebSockets: a ticket in the URL, and it is in no log.
    let key = done_with(&folder, "service create notes", &environment)["key"].as_str().unwrap().to_owned();
    let asked = ask(&first, "POST", "/ws/tickets", &elsewhere, HERE, &json!({ "service_name": "notes" }));
    let ticket = asked.json()["ticket"].as_str().unwrap().to_owned();
    assert_eq!(first.get(&format!("/live?ticket={ticket}")).status, 404);
    let redeem = |ticket: &str| {
        let body = json!({ "ticket": ticket }).to_string();
        first.send(
            "POST",
            "/ws/tickets/redeem",
            &[("X-Service-Key", &key), ("Content-Type", "application/json")],
            &body,
        )
    };
    let opened = redeem(&ticket);
    assert_eq!((opened.status, &opened.json()["sub"], &opened.json()["wrole"]), (200, &json!(id), &json!("viewer")));
    assert_eq!(redeem(&ticket).status, 400);

    // "No dual-auth period, no fallback path": a PIN opens nothing but the login.
    for (name, value) in [
        ("Authorization", "Bearer 739154206318"),
        ("Authorization", "PIN 739154206318"),
        ("Authorization", "Basic b3duZXI6NzM5MTU0MjA2MzE4"),
        ("X-PIN", "739154206318"),
        ("Cookie", "pin=739154206318"),
    ] {
        assert_eq!(first.send("GET", "/local/me", &[(name, value)], "").status, 401, "{name}: {value}");
    }
    assert_eq!(first.get("/local/me?pin=739154206318").status, 401);

    // "revoke all tokens issued before a certain time": for everyone else nothing changes, and who logs in again is in.
    let before = token_of(&login(&first, "bob", "582047913645", HERE));
    let all = format!("/local/users/{id}/revoke-tokens");
    assert_eq!(ask(&first, "POST", &all, &owner, HERE, &json!({})).json()["sessions"], json!(2));
    let after = token_of(&login(&first, "bob", "582047913645", HERE));
    let [of_before, of_elsewhere, of_after, of_owner] =
        [&before, &elsewhere, &after, &owner].map(|token| open(&first, token));
    assert_eq!((of_before, of_elsewhere, of_after, of_owner), (401, 401, 200, 200));
    let elsewhere = after;

    // "JTI … The revocation set lives in memory — fast lookups, but it doesn't survive restarts": here it does.
    assert_eq!(ask(&first, "POST", "/auth/logout", &elsewhere, HERE, &Value::Null).status, 200);
    assert_eq!(first.terminate(), 0);
    let log = first.output();
    for secret in [&ticket, &owner, "739154206318", "582047913645", "wst_"] {
        assert!(!log.contains(secret), "{secret} stands in the log");
    }

    // A second start ignores the file, whatever is in it, and says so.
    folder.write("owner.pin", "000000");
    let second = Server::start(&folder, &environment);
    second.output_with("OWNER_PIN_FILE is ignored");
    assert_eq!(
        (login(&second, "owner", "000000", HERE).status, login(&second, "owner", "1234", HERE).status),
        (401, 401)
    );
    assert_eq!((open(&second, &bob), open(&second, &elsewhere), open(&second, &before)), (401, 401, 401));
    assert_eq!(open(&second, &owner), 200);
    assert_eq!(login(&second, "owner", "739154206318", ELSEWHERE).status, 200);
    drop(second);
    std::fs::remove_file(folder.path("owner.pin")).unwrap();
    Server::start(&folder, &environment).output_with("OWNER_PIN_FILE is ignored");
}

#[test]
fn on_sqlite() {
    story(&[]);
}

#[tokio::test]
async fn on_postgres() {
    let Ok(server) = std::env::var("SENTINEL_TEST_POSTGRES") else {
        panic!("SENTINEL_TEST_POSTGRES names no PostgreSQL server: run the tests with `cargo xtask test`");
    };
    let options = PgConnectOptions::from_str(&server).unwrap();
    let name = format!("local_{}", uuid::Uuid::new_v4().as_simple());
    execute(&options, format!("CREATE DATABASE {name}")).await;
    let mut url = server.clone();
    url.replace_range(server.rfind('/').unwrap() + 1.., &name);
    let told = tokio::task::spawn_blocking(move || story(&[("DATABASE_URL", &url)])).await;
    execute(&options, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(failed) = told {
        std::panic::resume_unwind(failed.into_panic());
    }
}

async fn execute(server: &PgConnectOptions, statement: String) {
    let mut connection = PgConnection::connect_with(server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// What cannot be a PIN file stops the first start, with a line that says why and not what stood there.
#[test]
fn a_file_that_holds_no_pin() {
    let folder = Folder::new();
    for (text, says) in [("correct horse", "a PIN of 4 to 12 digits"), ("", "a PIN of 4 to 12 digits")] {
        folder.write("owner.pin", text);
        let (status, out, err) =
            run(&folder, "serve --port 0", &[("OWNER_PIN_FILE", "owner.pin"), ("MANAGEMENT_PORT", "0")]);
        assert_ne!(status, 0);
        assert!(format!("{out}{err}").contains(says) && !format!("{out}{err}").contains("correct horse"), "{out}{err}");
    }
    let (status, out, err) =
        run(&folder, "serve --port 0", &[("OWNER_PIN_FILE", "nowhere.pin"), ("MANAGEMENT_PORT", "0")]);
    assert!(status != 0 && format!("{out}{err}").contains("OWNER_PIN_FILE nowhere.pin"), "{out}{err}");
}

#[test]
fn no_proxy_brings_anybody_from_here() {
    // One that the settings do not name, and one that they do.
    for named in [None, Some(("BEHIND_PROXY", "true"))] {
        let folder = Folder::new();
        folder.write("owner.pin", "1234\n");
        let mut environment = vec![("OWNER_PIN_FILE", "owner.pin"), ("SIGNING_ALGORITHM", "ES256")];
        environment.extend(named);
        let server = Server::start(&folder, &environment);
        server.output_with("the owner was made of OWNER_PIN_FILE");
        let body = json!({ "username": "owner", "pin": "1234" }).to_string();
        let status = |more: &[(&str, &str)]| {
            let headers: Vec<_> = [("Content-Type", "application/json")].iter().chain(more).copied().collect();
            server.send("POST", "/local/login", &headers, &body).status
        };
        // Few enough that none waits for the ones before.
        for header in [
            ("X-Forwarded-For", "127.0.0.1"),
            ("Forwarded", "for=127.0.0.1"),
            ("X-Forwarded-For", "unknown"),
            ("X-Real-IP", "203.0.113.7"),
        ] {
            assert_eq!(status(&[header]), 401, "{header:?}, {named:?}");
        }
        assert_eq!(status(&[]), 200, "{named:?}");
    }
}

/// What a page of any site can have a browser send, unasked, is no login: else its visitors' own network were locked.
#[test]
fn a_page_of_another_site_does_not_lock_its_visitor_out() {
    let folder = Folder::new();
    folder.write("owner.pin", "1234\n");
    let server = Server::start(&folder, &[("OWNER_PIN_FILE", "owner.pin"), ("SIGNING_ALGORITHM", "ES256")]);
    server.output_with("the owner was made of OWNER_PIN_FILE");
    let guess = json!({ "username": "owner", "pin": "000000" }).to_string();
    let tenant = json!({ "email": "owner@example.test", "password": "x" }).to_string();
    for (path, body) in [("/local/login", &guess), ("/api/v1/auth/login", &tenant)] {
        for kind in ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
        {
            for by in [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
                let answer = server.send("POST", path, &[("Content-Type", kind), by], body);
                assert_eq!(answer.status, 422, "{path} {kind} {by:?}");
            }
        }
        assert_eq!(server.send("POST", path, &[("Origin", "https://evil.example")], body).status, 422, "{path}");
    }
    assert_eq!(login(&server, "owner", "1234", HERE).status, 200);
    // Asked for first, and refused.
    let preflight = [
        ("Origin", "https://evil.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    let answer = server.send("OPTIONS", "/local/login", &preflight, "");
    assert!(answer.status == 403 && answer.header("access-control-allow-origin").is_none(), "{answer:?}");
}
