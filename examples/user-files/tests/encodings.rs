//! Every way of writing `..` and `/` that some reader has ever taken for them, through HTTP and against the folder of another
//! user, who has one secret.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::os::unix::fs::symlink;

use serde_json::json;
use support::{ADA, BEN, Reply, Service, token, tree};

const SECRET: &str = "what ben keeps to himself";

/// The parent folder: plain, escaped once, twice and three times, overlong (CVE-2000-0884, CVE-2008-2938), `%u`, in other
/// scripts, and with something after it that a reader cuts off.
const PARENTS: [&str; 26] = [
    "..",
    "%2e%2e",
    "%2E%2E",
    ".%2e",
    "%2e.",
    "%252e%252e",
    "%25252e%25252e",
    "%%32%65%%32%65",
    "%c0%ae%c0%ae",
    "%c0%2e%c0%2e",
    "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae",
    "%u002e%u002e",
    "%uff0e%uff0e",
    "%ef%bc%8e%ef%bc%8e",
    "%e2%80%a4%e2%80%a4",
    "%e2%80%a5",
    "%ef%b9%92%ef%b9%92",
    "..%00",
    "..;",
    "..%20",
    "..%09",
    "..%0d%0a",
    "...",
    "%2e%2e%e2%80%8b",
    "..%c2%ad",
];
/// The separator, likewise.
const SEPARATORS: [&str; 20] = [
    "/",
    "//",
    "/./",
    "%2f",
    "%2F",
    "%252f",
    "%25252f",
    "%5c",
    "%255c",
    "\\",
    "%c0%af",
    "%e0%80%af",
    "%c1%9c",
    "%u2215",
    "%u2216",
    "%e2%88%95",
    "%e2%81%84",
    "%ef%bc%8f",
    "%ef%bc%bc",
    "%00/",
];

struct Setup {
    service: Service,
    ada: String,
    of_ben: std::collections::BTreeMap<String, Option<Vec<u8>>>,
}

impl Setup {
    fn new() -> Self {
        let service = Service::start();
        let (ada, ben) = (token(ADA), token(BEN));
        assert_eq!(service.put("/files/secret.txt", &ben, SECRET).status, 201);
        support::until(|| service.get("/files/previews/secret.txt", &ben).status == 200);
        assert_eq!(service.put("/files/mine.txt", &ada, "mine").status, 201);
        support::until(|| service.get("/files/previews/mine.txt", &ada).status == 200);
        assert_eq!(service.send("POST", b"/folders/sub", Some(&ada), b"", "text/plain").status, 201);
        // What lies beside the users' folders, which is nobody's.
        std::fs::write(service.data.0.join("outside.txt"), SECRET).unwrap();
        let of_ben = tree(&service.folder(BEN));
        Self { service, ada, of_ben }
    }

    /// Sends it in every way there is; none may answer with what is not Ada's.
    fn tries(&self, path: &[u8]) {
        for (method, room) in
            [("GET", "/files/"), ("GET", "/folders/"), ("DELETE", "/files/"), ("PUT", "/files/"), ("POST", "/folders/")]
        {
            let target = [room.as_bytes(), path].concat();
            let body: &[u8] = if method == "PUT" { b"over" } else { b"" };
            let reply = self.service.send(method, &target, Some(&self.ada), body, "text/plain");
            self.is_nothing(&reply, &format!("{method} {}", String::from_utf8_lossy(&target)));
        }
    }

    fn is_nothing(&self, reply: &Reply, what: &str) {
        assert!((400..500).contains(&reply.status), "{what}: {reply:?}");
        let text = reply.text();
        assert!(!text.contains(SECRET) && !text.contains("secret.txt") && !text.contains("root:"), "{what}: {text}");
        assert!(!text.contains("/workspace") && !text.contains(BEN), "{what}: {text}");
    }

    /// Nothing of Ben's was touched, and nothing was made but what Ada has.
    fn is_untouched(&self) {
        assert_eq!(tree(&self.service.folder(BEN)), self.of_ben);
        let names: Vec<_> = tree(&self.service.folder(ADA)).into_keys().collect();
        assert_eq!(names, ["/mine.txt", "/previews", "/previews/mine.txt", "/sub"]);
        assert_eq!(std::fs::read_dir(self.service.data.0.join("workspace")).unwrap().count(), 3);
        assert_eq!(std::fs::read_to_string(self.service.data.0.join("outside.txt")).unwrap(), SECRET);
        assert_eq!(self.service.get("/files/mine.txt", &self.ada).text(), "mine");
    }
}

#[test]
fn no_encoding_of_a_path_leads_to_another_user() {
    let setup = Setup::new();
    let mut tried = 0;
    for parent in PARENTS {
        for separator in SEPARATORS {
            setup.tries(format!("{parent}{separator}{BEN}{separator}secret.txt").as_bytes());
            tried += 1;
        }
        // Beneath a folder that is there, and to the end of the file system.
        setup.tries(format!("sub/{parent}/{parent}/{BEN}/secret.txt").as_bytes());
        setup.tries(format!("{}etc/passwd", format!("{parent}/").repeat(12)).as_bytes());
        tried += 2;
    }
    setup.is_untouched();
    assert!(tried >= 500, "{tried}");
}

#[test]
fn nor_does_any_other_form_of_a_path() {
    let setup = Setup::new();
    let absolute = setup.service.folder(BEN).join("secret.txt").display().to_string();
    let escaped = absolute.replace('/', "%2f");
    let long = "x".repeat(300);
    let deep = "a/".repeat(60);
    let forms = [
        absolute.clone(),
        format!("/{absolute}"),
        escaped.clone(),
        format!("%2f{escaped}"),
        format!("file://{absolute}"),
        format!("file:%2f%2f{escaped}"),
        format!("sub/{absolute}"),
        format!("/../{BEN}/secret.txt"),
        format!("%00../{BEN}/secret.txt"),
        format!("mine.txt%00/../../{BEN}/secret.txt"),
        format!("../{BEN}/secret.txt%00.png"),
        format!("../{BEN}/secret.txt%0a"),
        format!("../{BEN}/secret.txt?x"),
        format!("sub/%2e%2e/%2e%2e/{BEN}/secret.txt"),
        "..".into(),
        "%2e%2e".into(),
        "sub/..".into(),
        "sub/../..".into(),
        "sub/../mine.txt".into(),
        "./mine.txt".into(),
        "sub//mine.txt".into(),
        "mine.txt/".into(),
        "mine.txt/.".into(),
        "%2e".into(),
        "/".into(),
        "%2f".into(),
        "//".into(),
        "etc%2fpasswd".into(),
        "~/mine.txt".into(),
        "~root/x".into(),
        "C:%5cWindows".into(),
        "C:mine.txt".into(),
        "%5c%5chost%5cshare".into(),
        "%5c%5c%3f%5cC:%5c".into(),
        "mine.txt::$DATA".into(),
        "mine.txt:stream".into(),
        "CON".into(),
        "con.txt".into(),
        "sub/NUL".into(),
        "aux.html".into(),
        "COM1".into(),
        "lpt%C2%B9".into(),
        "mine.txt.".into(),
        "mine.txt%20".into(),
        "%20mine.txt".into(),
        "mine.txt%2e".into(),
        "mine.txt%e2%80%8b".into(),
        "mine%e2%80%aetxt.exe".into(),
        "%ef%bb%bfmine.txt".into(),
        ".sentinel-workspaces".into(),
        "..%2f.sentinel-workspaces".into(),
        ".SENTINEL-x".into(),
        "%2e%73entinel-x".into(),
        "*".into(),
        "%2a".into(),
        "mine.t%3ft".into(),
        "%ff%fe".into(),
        "%80".into(),
        "%ed%a0%80".into(),
        "%".into(),
        "%zz/..".into(),
        "%2".into(),
        "..%u2215x".into(),
        format!("{long}.txt"),
        format!("{deep}x"),
        "%00".into(),
        "mine.txt%00".into(),
        "proc/self/cwd/Cargo.toml".into(),
        "dev/stdin".into(),
        format!("{ADA}/mine.txt"),
        format!("../{ADA}/mine.txt"),
        "../../outside.txt".into(),
        "../../public.pem".into(),
        "../../pages".into(),
    ];
    for form in &forms {
        // These are names like any other: they may be made, in Ada's own folder.
        if !["%", "%2"].contains(&form.as_str()) {
            let reply =
                setup.service.send("PUT", format!("/files/{form}").as_bytes(), Some(&setup.ada), b"over", "text/plain");
            setup.is_nothing(&reply, form);
        }
        for (method, room) in [("GET", "/files/"), ("GET", "/folders/"), ("DELETE", "/files/")] {
            let reply =
                setup.service.send(method, format!("{room}{form}").as_bytes(), Some(&setup.ada), b"", "text/plain");
            setup.is_nothing(&reply, form);
        }
    }
    // Octets that belong in no request line.
    for raw in [
        &b"\xc0\xae\xc0\xae/x"[..],
        b"..\x2f\xff",
        b"\xe2\x88\x95",
        b"a\tb",
        b"a\\..\\b",
        b"\x01",
        b"{..}",
        b"<..>",
        b"|",
    ] {
        for room in [&b"/files/"[..], b"/folders/"] {
            let reply = setup.service.send("GET", &[room, raw].concat(), Some(&setup.ada), b"", "text/plain");
            setup.is_nothing(&reply, &String::from_utf8_lossy(raw));
        }
    }
    // Around the routes, too, and in the form of a proxy's request.
    for target in [
        format!("/files/../files/../../{BEN}/secret.txt"),
        format!("/p/../files/../{BEN}"),
        format!("/../workspace/{BEN}/secret.txt"),
        format!("/health/../files/../{BEN}/secret.txt"),
        format!("http://test/files/../{BEN}/secret.txt"),
        format!("//files/{BEN}/secret.txt"),
        format!("/files%2f..%2f{BEN}%2fsecret.txt"),
        format!("/{BEN}/secret.txt"),
        format!("/workspace/{BEN}/secret.txt"),
    ] {
        let reply = setup.service.send("GET", target.as_bytes(), Some(&setup.ada), b"", "text/plain");
        setup.is_nothing(&reply, &target);
    }
    setup.is_untouched();
}

#[test]
fn no_link_leads_to_another_user() {
    let setup = Setup::new();
    let (mine, bens) = (setup.service.folder(ADA), setup.service.folder(BEN));
    // As a program could leave them that unpacks what Ada uploads.
    for (target, name) in [
        (bens.clone(), "folder"),
        (bens.join("secret.txt"), "file"),
        (format!("../{BEN}").into(), "relative"),
        (format!("../{BEN}/secret.txt").into(), "relative-file"),
        ("..".into(), "parent"),
        ("/".into(), "root"),
        ("/proc/self/cwd".into(), "magic"),
        ("loop".into(), "loop"),
    ] {
        symlink(target, mine.join(name)).unwrap();
    }
    std::fs::hard_link(bens.join("secret.txt"), mine.join("hard")).unwrap();
    let below =
        ["", "/", "/secret.txt", "/previews", "/previews/secret.txt", &format!("/{BEN}/secret.txt"), "/etc/passwd"];
    for name in ["folder", "file", "relative", "relative-file", "parent", "root", "magic", "loop", "hard"] {
        for rest in below {
            for (method, room) in [("GET", "/files/"), ("GET", "/folders/"), ("POST", "/folders/")] {
                let target = format!("{room}{name}{rest}");
                setup.is_nothing(
                    &setup.service.send(method, target.as_bytes(), Some(&setup.ada), b"", "text/plain"),
                    &target,
                );
            }
            if !rest.is_empty() {
                setup.is_nothing(&setup.service.put(&format!("/files/{name}{rest}"), &setup.ada, "over"), name);
                setup.is_nothing(&setup.service.delete(&format!("/files/{name}{rest}"), &setup.ada), name);
            }
        }
        let published = setup.service.post("/pages", &setup.ada, &json!({ "path": name }));
        setup.is_nothing(&published, name);
    }
    assert_eq!(setup.service.get("/files", &setup.ada).names(), ["mine.txt", "previews", "sub"]);
    // Writing puts a file in their place, deleting takes them away.
    for name in ["file", "hard", "folder"] {
        assert_eq!(setup.service.put(&format!("/files/{name}"), &setup.ada, "mine now").status, 201);
        assert_eq!(setup.service.get(&format!("/files/{name}"), &setup.ada).text(), "mine now");
    }
    for name in ["file", "hard", "folder", "relative", "relative-file", "parent", "root", "magic", "loop"] {
        assert_eq!(setup.service.delete(&format!("/files/{name}"), &setup.ada).status, 204, "{name}");
    }
    setup.is_untouched();
}
