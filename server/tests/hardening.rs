//! What every request goes through, over real HTTP: limits, hosts, headers, CORS, whose address counts, and a log that
//! holds nothing of what a request carried.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "support/server.rs"]
mod server;
mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use server::{Server, done};
use support::Folder;

#[test]
fn answers_carry_strict_headers() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("BASE_URL", "https://auth.example"), ("ALLOWED_HOSTS", "auth.example")]);
    let host = [("Host", "auth.example")];
    for path in ["/health", "/users/me", "/nowhere", "/docs", "/password"] {
        let answer = server.send("GET", path, &host, "");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(answer.header("strict-transport-security").unwrap().starts_with("max-age=31536000"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
        assert!(answer.header("x-request-id").is_some() && answer.header("server").is_none(), "{path}");
    }
    let me = server.send("GET", "/users/me", &host, "");
    assert_eq!(
        (me.status, me.header("cache-control"), me.header("www-authenticate")),
        (401, Some("no-store"), Some("Bearer"))
    );
    // The page runs nothing from elsewhere and nothing inline.
    let page = server.send("GET", "/docs", &host, "");
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    assert!(!page.body.contains("https://") && !page.body.contains("onclick"), "{}", page.body);
    for asset in ["/docs/page.js", "/docs/page.css", "/openapi.json"] {
        assert_eq!(server.send("GET", asset, &host, "").status, 200, "{asset}");
    }
    assert_eq!(server.send("GET", "/openapi.json", &host, "").json()["paths"]["/health"]["get"]["x-access"], "public");
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let folder = Folder::new();
    let document = Server::start(&folder, &[]).get("/openapi.json").json();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|item| item.as_object().unwrap().values());
    let names: Vec<_> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    let distinct: std::collections::HashSet<_> = names.iter().collect();
    assert!(names.len() > 90 && distinct.len() == names.len(), "{} of {}", distinct.len(), names.len());
    assert!(distinct.contains(&"patch_admin_service_apps_id"), "{names:?}");
}

#[test]
fn only_names_of_this_server_are_answered() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("BASE_URL", "http://auth.example:9003")]);
    for (host, status) in [
        ("auth.example", 404),
        ("AUTH.example:9003", 404),
        ("auth.example.", 404),
        ("evil.example", 400),
        ("auth.example.evil.example", 400),
        ("auth.example@evil.example", 400),
        ("127.0.0.1", 400),
        ("", 400),
    ] {
        assert_eq!(server.send("GET", "/nowhere", &[("Host", host)], "").status, status, "{host}");
    }
    let twice = server.send("GET", "/nowhere", &[("Host", "auth.example"), ("Host", "evil.example")], "");
    assert_eq!(twice.status, 400);
    assert_eq!(server.send("GET", "/health", &[("Host", "10.0.0.7:9003")], "").status, 200, "probes go by address");
}

#[test]
fn bodies_methods_and_paths_are_bounded() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let json = [("Content-Type", "application/json")];
    let long = format!("{{\"refresh_token\":\"{}\"}}", "a".repeat(1024 * 1024));
    let answer = server.send("POST", "/auth/refresh", &json, &long);
    assert_eq!((answer.status, answer.json()["detail"].as_str()), (413, Some("The body is too large")));
    let answer = server.send("POST", "/auth/refresh", &json, "{\"refresh_token\":\"a\\u0000b\"}");
    assert_eq!(answer.status, 422, "{answer:?}");
    assert_eq!(server.send("POST", "/auth/refresh", &json, "{").status, 422);
    assert_eq!(server.send("PURGE", "/health", &[], "").status, 405);
    assert_eq!(server.send("GET", &format!("/{}", "a".repeat(70_000)), &[], "").status / 100, 4);
}

#[test]
fn too_many_requests_are_told_when_to_come_again() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("RATE_LIMIT_RPM", "20")]);
    let flood = |headers: &dyn Fn(usize) -> Vec<(&'static str, String)>| {
        let one = |number| {
            let headers = headers(number);
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            server.send("GET", "/auth/providers", &headers, "")
        };
        (0..40).map(one).collect::<Vec<_>>()
    };
    let refused: Vec<_> = flood(&|_| Vec::new()).into_iter().filter(|answer| answer.status == 429).collect();
    assert!(!refused.is_empty());
    for answer in refused {
        assert_eq!(answer.json(), serde_json::json!({ "detail": "Too many requests" }));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    // No header of its own, and no invented key, gives a client another share.
    for name in ["X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Service-Key"] {
        let answers = flood(&|number| vec![(name, format!("203.0.113.{number}"))]);
        assert_eq!(answers.last().unwrap().status, 429, "{name}");
    }
}

/// Opens a connection and sends this much of a request.
fn begun(server: &Server, text: &str) -> TcpStream {
    let mut socket = TcpStream::connect(&server.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    socket.write_all(text.as_bytes()).unwrap();
    socket
}

/// A request whose body never comes.
fn without_its_body(server: &Server, from: &str) -> TcpStream {
    let head = format!(
        "POST /auth/refresh HTTP/1.1\r\nHost: {}\r\nX-Forwarded-For: {from}\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{{",
        server.address
    );
    begun(server, &head)
}

#[test]
fn who_sends_a_body_slowly_keeps_nobody_else_waiting() {
    let folder = Folder::new();
    let settings = [
        ("MAX_CONCURRENT_REQUESTS", "6"),
        ("MAX_CONCURRENT_REQUESTS_PER_CLIENT", "3"),
        ("BODY_TIMEOUT_SECONDS", "2"),
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let server = Server::start(&folder, &settings);
    let began = Instant::now();
    let mut slow: Vec<_> = (0..3).map(|_| without_its_body(&server, "203.0.113.1")).collect();
    std::thread::sleep(Duration::from_millis(300));
    let from = |ip: &'static str| [("X-Forwarded-For", ip)];
    let refused = server.send("GET", "/auth/providers", &from("203.0.113.1"), "");
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!(server.send("GET", "/auth/providers", &from("203.0.113.2"), "").status, 200);
    for socket in &mut slow {
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("The body came too slowly"), "{answer}");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(
        server.send("GET", "/auth/providers", &from("203.0.113.1"), "").status,
        200,
        "the places are free again"
    );
}

#[test]
fn who_asks_for_nothing_is_not_waited_for() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let began = Instant::now();
    // Nothing, a head that does not end, and what could become HTTP/1.1 or HTTP/2.
    let sockets = ["", "GET / HTTP/1.1\r\nHost: x\r\n", "P", "PRI * HTTP/2.0\r\n\r\n"].map(|text| begun(&server, text));
    for mut socket in sockets {
        // Whatever it says, it ends.
        let _ = socket.read_to_end(&mut Vec::new());
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}

#[test]
fn a_flood_of_origins_is_counted_before_anything_is_asked() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("RATE_LIMIT_RPM", "20")]);
    let preflight = |number: usize| {
        let origin = format!("https://{number}.example");
        server.send("OPTIONS", "/users/me", &[("Origin", &origin), ("Access-Control-Request-Method", "GET")], "").status
    };
    let answers: Vec<_> = (0..40).map(preflight).collect();
    assert_eq!((answers[0], answers[39]), (403, 429), "{answers:?}");
}

#[test]
fn a_key_gives_no_budget_where_nobody_looks_at_it() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("RATE_LIMIT_RPM", "20")]);
    let key = done(&folder, "service create notes")["key"].as_str().unwrap().to_owned();
    let key = [("X-Service-Key", key.as_str())];
    let last = |path: &str| (0..30).fold(0, |_, _| server.send("GET", path, &key, "").status);
    assert_eq!(last("/realm/whoami"), 200, "a service has more than an address");
    assert_eq!(last("/auth/workspaces?code=guessed"), 429);
}

#[test]
fn behind_a_trusted_proxy_its_word_counts_and_nobody_elses() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("RATE_LIMIT_RPM", "5"), ("TRUSTED_PROXIES", "127.0.0.0/8")]);
    let last = |forwarded: &dyn Fn(usize) -> String| {
        let answers =
            (0..12).map(|number| server.send("GET", "/health", &[("X-Forwarded-For", &forwarded(number))], ""));
        answers.last().unwrap().status
    };
    assert_eq!(last(&|number| format!("203.0.113.{number}")), 200);
    assert_eq!(last(&|number| format!("198.51.100.{number}, 203.0.113.200")), 429);
    assert_eq!(last(&|number| format!("2001:db8::{number}")), 429, "one customer's addresses are one");
    let folder = Folder::new();
    let elsewhere = Server::start(&folder, &[("RATE_LIMIT_RPM", "5"), ("TRUSTED_PROXIES", "10.0.0.0/8")]);
    let answers: Vec<_> = (0..12)
        .map(|number| {
            elsewhere.send("GET", "/health", &[("X-Forwarded-For", &format!("203.0.113.{number}"))], "").status
        })
        .collect();
    assert_eq!(answers.last(), Some(&429));
}

#[test]
fn pages_of_registered_origins_may_read_answers_at_once_and_no_others() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let origin = "https://app.example";
    let asked = |path: &str, origin: &str| server.send("GET", path, &[("Origin", origin)], "");
    let preflight = |path: &str, origin: &str| {
        server.send("OPTIONS", path, &[("Origin", origin), ("Access-Control-Request-Method", "GET")], "")
    };
    let allowed = "access-control-allow-origin";
    assert_eq!(asked("/auth/providers", origin).header(allowed), None);
    assert_eq!(preflight("/users/me", origin).status, 403);

    done(&folder, &format!("client create app --redirect-uri https://app.example/cb --origin {origin}"));
    let answer = asked("/auth/providers", origin);
    assert_eq!((answer.status, answer.header(allowed)), (200, Some(origin)));
    assert!(answer.head.to_ascii_lowercase().contains("vary: origin"), "{}", answer.head);
    let answer = preflight("/users/me", origin);
    assert_eq!((answer.status, answer.header(allowed)), (204, Some(origin)));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("x-authz-token"));
    // A refusal can be read as well.
    assert_eq!(asked("/users/me", origin).header(allowed), Some(origin));

    for other in ["https://app.example.evil.example", "https://evil.example", "null", "http://app.example"] {
        assert_eq!(asked("/auth/providers", other).header(allowed), None, "{other}");
    }
    for path in ["/auth/admin/me", "/admin/service-apps"] {
        assert_eq!(asked(path, origin).header(allowed), None, "{path}");
        assert_eq!(preflight(path, origin).status, 403, "{path}");
    }
    assert_eq!(asked("/.well-known/jwks.json", "https://anyone.example").header(allowed), Some("*"));
    for answer in
        [asked("/auth/providers", origin), preflight("/users/me", origin), asked("/.well-known/jwks.json", origin)]
    {
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn the_log_holds_nothing_of_what_a_request_carried() {
    let folder = Folder::new();
    let mut server = Server::start(&folder, &[("LOG_LEVEL", "debug")]);
    let secret = "s3cretinthelog";
    let headers = [
        ("Authorization", format!("Bearer {secret}")),
        ("X-Service-Key", format!("sk_{secret}")),
        ("X-Authz-Token", secret.to_owned()),
        ("Cookie", format!("admin_token={secret}")),
        ("User-Agent", secret.to_owned()),
        ("X-Request-Id", secret.to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    for (method, path, body) in [
        (
            "POST",
            format!("/auth/token?code={secret}"),
            format!("{{\"code\":\"{secret}\",\"workspace_id\":\"{secret}\",\"code_verifier\":\"{secret}\"}}"),
        ),
        ("POST", "/auth/refresh".to_owned(), format!("{{\"refresh_token\":\"{secret}\"}}")),
        ("POST", "/authz/resolve".to_owned(), format!("{{\"idp_token\":\"{secret}\",\"provider\":\"{secret}\"}}")),
        ("GET", format!("/auth/callback/{secret}?code={secret}&state={secret}"), String::new()),
        ("GET", format!("/auth/admin/bootstrap?token={secret}"), String::new()),
        ("GET", "/auth/admin/me".to_owned(), String::new()),
        ("GET", "/users/me".to_owned(), String::new()),
        ("GET", format!("/{secret}"), String::new()),
        ("DELETE", format!("/permissions/resource/{secret}/{secret}/{secret}"), String::new()),
    ] {
        let answer = server.send(method, &path, &headers, &body);
        assert!((400..500).contains(&answer.status) || answer.status < 400, "{path}: {answer:?}");
        assert!(!answer.head.contains(secret) || answer.status < 400, "{path}: {answer:?}");
    }
    let metrics = server.managed("/metrics").body;
    server.terminate();
    let log = server.output_with("\"stopped\"");
    assert!(log.contains("\"route\":\"/auth/token\"") && log.contains("\"route\":\"unmatched\""), "{log}");
    assert!(!log.contains(secret), "{log}");
    assert!(!metrics.contains(secret), "{metrics}");
}

#[test]
fn a_revoked_key_opens_nothing_and_one_in_grace_does() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[]);
    let text = |value: &serde_json::Value| value["key"].as_str().unwrap().to_owned();
    let first = text(&done(&folder, "service create notes"));
    let status = |key: &str| server.send("GET", "/realm/whoami", &[("X-Service-Key", key)], "").status;
    assert_eq!(status(&first), 200);
    let second = text(&done(&folder, "service rotate-key notes --grace 60"));
    assert_eq!((status(&first), status(&second)), (200, 200));
    let third = text(&done(&folder, "service rotate-key notes"));
    assert_eq!((status(&first), status(&second), status(&third)), (401, 401, 200));
    done(&folder, "service deactivate notes");
    assert_eq!(status(&third), 401);
    done(&folder, "service activate notes");
    assert_eq!(status(&third), 200);
    done(&folder, "realm create back --name Back");
    done(&folder, "realm add-service back notes");
    let whoami = server.send("GET", "/realm/whoami", &[("X-Service-Key", &third)], "").json();
    assert_eq!(whoami["effective_scope"], "back");
}

#[test]
fn a_key_of_policy_opens_from_the_next_request_on_what_another_process_says() {
    let folder = Folder::new();
    let server = Server::start(&folder, &[("RATE_LIMIT_RPM", "0")]);
    let text = |value: &serde_json::Value| value["key"].as_str().unwrap().to_owned();
    let status = |key: &str| {
        let bearer = format!("Bearer {key}");
        let ask = || server.send("GET", "/stores", &[("Authorization", &bearer)], "").status;
        // The second answer rests on what the first one read.
        let both = (ask(), ask());
        assert_eq!(both.0, both.1);
        both.0
    };
    let mut key = text(&done(&folder, "service create notes --policy all"));
    assert_eq!(status(&key), 200);
    for _ in 0..3 {
        let next = text(&done(&folder, "service rotate-key notes"));
        assert_eq!((status(&key), status(&next)), (401, 200));
        key = next;
        done(&folder, "service deactivate notes");
        assert_eq!(status(&key), 401);
        done(&folder, "service activate notes");
        assert_eq!(status(&key), 200);
    }
}

#[test]
fn an_administrator_sees_how_the_server_does_and_no_secret() {
    let folder = Folder::new();
    let secret = "s3cretofthisclient";
    let provider = [
        ("OIDC_ISSUER", "https://login.example"),
        ("OIDC_CLIENT_ID", "sentinel"),
        ("OIDC_CLIENT_SECRET", secret),
        ("RATE_LIMIT_RPM", "0"),
    ];
    let server = Server::start(&folder, &provider);
    let link = done(&folder, "admin bootstrap")["link"].as_str().unwrap().to_owned();
    let form = format!("token={}&name=Root&email=root%40example.test", link.split_once("token=").unwrap().1);
    let urlencoded = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = server.send("POST", "/auth/admin/bootstrap", &urlencoded, &form);
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let asked = |path: &str| server.send("GET", path, &[("Cookie", &cookie)], "");

    let health = asked("/admin/system/health").json();
    assert_eq!((health["status"].as_str(), health["database"].as_str()), (Some("ok"), Some("ok")), "{health}");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    let settings = asked("/admin/system/settings");
    assert_eq!(settings.status, 200);
    assert!(!settings.body.contains(secret), "{}", settings.body);
    let settings = settings.json();
    let setting = |name: &str| {
        let found = settings.as_array().unwrap().iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("{name} is not shown")).clone()
    };
    assert_eq!(setting("OIDC_CLIENT_SECRET")["value"], "***");
    assert_eq!(
        (&setting("OIDC_CLIENT_ID")["value"], &setting("RATE_LIMIT_RPM")["value"]),
        (&"sentinel".into(), &"0".into())
    );
    for path in ["/admin/system/health", "/admin/system/settings"] {
        assert_eq!(server.send("GET", path, &[], "").status, 401, "{path}");
    }
}
