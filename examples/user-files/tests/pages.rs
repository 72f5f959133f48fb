//! What users publish: for everyone who has the address, nobody else's, and harmless to whoever looks at it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::collections::BTreeSet;

use serde_json::json;
use support::{ADA, BEN, Service, token};

const HOSTILE: &str =
    "<!doctype html><script>fetch('/files').then(a => a.text()).then(t => top.name = t + localStorage.token)</script>";

/// Two users with a folder `site` each, and a secret beside it.
fn service() -> (Service, String, String) {
    let service = Service::start();
    let (ada, ben) = (token(ADA), token(BEN));
    for user in [&ada, &ben] {
        service.send("POST", b"/folders/site/img", Some(user), b"", "text/plain");
        service.put("/files/secret.md", user, "secret");
        service.put("/files/site/index.html", user, HOSTILE);
    }
    for (name, text) in
        [("style.css", "p{}"), ("img/x.svg", "<svg/>"), ("x.bin", "x"), ("x.HTML", "x"), ("page.xhtml", "x")]
    {
        assert_eq!(service.put(&format!("/files/site/{name}"), &ada, text).status, 201);
    }
    (service, ada, ben)
}

fn publish(service: &Service, user: &str, path: &str) -> String {
    let reply = service.post("/pages", user, &json!({ "path": path }));
    assert_eq!(reply.status, 201, "{reply:?}");
    let id = reply.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(reply.json()["url"], format!("/p/{id}/"));
    id
}

#[test]
fn a_page_is_public_until_it_is_not() {
    let (service, ada, ben) = service();
    let id = publish(&service, &ada, "site");
    let page = service.visit(&format!("/p/{id}/"));
    assert_eq!((page.status, page.text().as_str()), (200, HOSTILE), "without any token");
    assert_eq!(service.visit(&format!("/p/{id}")).header("location"), format!("/p/{id}/"));
    assert_eq!(service.visit(&format!("/p/{id}/style.css")).text(), "p{}");
    service.put("/files/site/style.css", &ada, "p{color:red}");
    assert_eq!(service.visit(&format!("/p/{id}/style.css")).text(), "p{color:red}", "what is written shows");
    assert_eq!(service.get("/pages", &ada).json(), json!({ "pages": [{ "id": id, "path": "site" }] }));
    assert_eq!(service.get("/pages", &ben).json(), json!({ "pages": [] }));
    assert_eq!(service.delete(&format!("/pages/{id}"), &ben).status, 404, "another user's");
    assert_eq!(service.visit(&format!("/p/{id}/")).status, 200);
    let service = service.restart();
    assert_eq!(service.visit(&format!("/p/{id}/")).status, 200);
    assert_eq!(service.delete(&format!("/pages/{id}"), &ada).status, 204);
    for path in ["", "/", "/index.html", "/style.css"] {
        assert_eq!(service.visit(&format!("/p/{id}{path}")).status, if path.is_empty() { 308 } else { 404 });
    }
    assert_eq!(service.delete(&format!("/pages/{id}"), &ada).status, 404);
    assert_eq!(service.restart().visit(&format!("/p/{id}/")).status, 404);
}

#[test]
fn an_address_tells_nothing_and_cannot_be_guessed() {
    let (service, ada, ben) = service();
    let ids: BTreeSet<String> =
        (0..20).flat_map(|_| [publish(&service, &ada, "site"), publish(&service, &ben, "site")]).collect();
    assert_eq!(ids.len(), 40);
    for id in &ids {
        assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        assert!(![ADA, BEN].iter().any(|user| user.replace('-', "").contains(id.as_str())));
    }
    // Bits that never change would not be random.
    let values: Vec<u128> = ids.iter().map(|id| u128::from_str_radix(id, 16).unwrap()).collect();
    assert_eq!(values.iter().fold(0, |all, value| all | (value ^ values[0])), u128::MAX);
    for guess in [
        "",
        "1",
        "site",
        ADA,
        BEN,
        "..",
        "%2e%2e",
        "../pages",
        "00000000000000000000000000000000",
        "*",
        "index.html",
        &ids.first().unwrap().to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"),
        &format!("{}/..", ids.first().unwrap()),
        &format!("{}%00", ids.first().unwrap()),
    ] {
        for rest in ["/", "/index.html", "/secret.md"] {
            let reply = service.visit(&format!("/p/{guess}{rest}"));
            assert!((400..500).contains(&reply.status) && !reply.text().contains("secret"), "{guess}{rest}: {reply:?}");
        }
    }
}

#[test]
fn only_what_is_in_the_folder_is_published() {
    let (service, ada, ben) = service();
    let id = publish(&service, &ada, "site");
    for out in [
        "../secret.md",
        "%2e%2e/secret.md",
        "..%2fsecret.md",
        "%2e%2e%2fsecret.md",
        "..%5csecret.md",
        "%252e%252e/secret.md",
        "img/../../secret.md",
        "img/%2e%2e/%2e%2e/secret.md",
        "%c0%ae%c0%ae/secret.md",
        "..;/secret.md",
        "./../secret.md",
        "%2fsecret.md",
        "..%00/secret.md",
        "/secret.md",
        "%ef%bc%8e%ef%bc%8e/secret.md",
    ] {
        let reply = service.visit(&format!("/p/{id}/{out}"));
        assert!((400..500).contains(&reply.status) && reply.text() != "secret", "{out}: {reply:?}");
        // Nor with a token, the user's own: this is not how files are read.
        assert!((400..500).contains(&service.get(&format!("/p/{id}/{out}"), &ada).status), "{out}");
    }
    assert_eq!(service.visit(&format!("/p/{id}/img")).status, 404, "folders are not listed");
    for path in
        ["", "/", ".", "..", "../site", "none", "secret.md", "site/..", "%2e", "/etc", &format!("../{BEN}/site")]
    {
        let reply = service.post("/pages", &ada, &json!({ "path": path }));
        assert!((400..500).contains(&reply.status), "{path:?}: {reply:?}");
    }
    assert_eq!(service.send("POST", b"/pages", None, br#"{"path":"site"}"#, "application/json").status, 401);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.md", service.folder(ADA).join("site/link.html")).unwrap();
        std::os::unix::fs::symlink(service.folder(BEN), service.folder(ADA).join("site/ben")).unwrap();
        for path in ["link.html", "ben/secret.md", "ben/site/index.html"] {
            assert_eq!(service.visit(&format!("/p/{id}/{path}")).status, 404, "{path}");
        }
        // The published folder itself is exchanged for another user's.
        std::fs::rename(service.folder(ADA).join("site"), service.folder(ADA).join("was")).unwrap();
        std::os::unix::fs::symlink(service.folder(BEN).join("site"), service.folder(ADA).join("site")).unwrap();
        assert_eq!(service.visit(&format!("/p/{id}/")).status, 404);
    }
    drop(ben);
}

#[test]
fn a_hostile_page_is_alone() {
    let (service, ada, _) = service();
    let id = publish(&service, &ada, "site");
    for (path, status, kind) in [
        ("", 200, "text/html; charset=utf-8"),
        ("index.html", 200, "text/html; charset=utf-8"),
        ("x.HTML", 200, "text/html; charset=utf-8"),
        ("style.css", 200, "text/css; charset=utf-8"),
        ("img/x.svg", 200, "image/svg+xml"),
        ("x.bin", 200, "application/octet-stream"),
        ("page.xhtml", 200, "application/octet-stream"),
        ("none.html", 404, "text/plain; charset=utf-8"),
    ] {
        let reply = service.visit(&format!("/p/{id}/{path}"));
        assert_eq!((reply.status, reply.header("content-type")), (status, kind), "{path}");
        let policy: Vec<&str> = reply.header("content-security-policy").split("; ").collect();
        assert_eq!(
            policy[0], "sandbox allow-scripts",
            "an origin of its own: no allow-same-origin, no allow-top-navigation"
        );
        for directive in ["connect-src 'none'", "form-action 'none'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(&directive), "{policy:?}");
        }
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "the address opens the page");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("set-cookie"), "");
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    // What the application answers is no page either, whatever is in it.
    let file = service.get("/files/site/index.html", &ada);
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(file.header("content-security-policy"), "sandbox; default-src 'none'");
    assert_eq!(service.get("/pages", &ada).json()["pages"].as_array().map(Vec::len), Some(1));
}
