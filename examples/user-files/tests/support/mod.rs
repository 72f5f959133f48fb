//! The service as a process of its own, its users' tokens, and requests that are sent as they are written.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use jwt_simple::prelude::{Claims, Duration, RS256KeyPair, RSAKeyPairLike};
use serde_json::{Value, json};

pub(crate) const ADA: &str = "aaaaaaaa-1111-4111-8111-111111111111";
pub(crate) const BEN: &str = "bbbbbbbb-2222-4222-8222-222222222222";
const ISSUER: &str = "https://sentinel.example";

/// A folder of its own, gone with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("user-files-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Every file with its bytes, and every folder, below a path.
pub(crate) fn tree(path: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    fn walk(path: &Path, name: &str, found: &mut BTreeMap<String, Option<Vec<u8>>>) {
        for entry in std::fs::read_dir(path).unwrap().map(Result::unwrap) {
            let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                found.insert(name.clone(), None);
                walk(&entry.path(), &name, found);
            } else {
                found.insert(name, std::fs::read(entry.path()).ok());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(path, "", &mut found);
    found
}

/// The program, with the folder that it keeps its data in.
pub(crate) fn program(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_user-files"));
    command.env("DATA", data).env_remove("JWKS_URL");
    command
}

fn key() -> &'static RS256KeyPair {
    static KEY: OnceLock<RS256KeyPair> = OnceLock::new();
    KEY.get_or_init(|| RS256KeyPair::generate(2048).unwrap())
}

/// A token of this user, for an hour.
pub(crate) fn token(user: &str) -> String {
    token_for(user, 3600)
}

pub(crate) fn token_for(user: &str, seconds: u64) -> String {
    let claims = Claims::with_custom_claims(json!({ "type": "access" }), Duration::from_secs(seconds));
    let claims = claims.with_issuer(ISSUER).with_audience("sentinel:access").with_subject(user);
    key().sign(claims).unwrap()
}

pub(crate) struct Service {
    process: Child,
    pub(crate) address: String,
    pub(crate) data: Folder,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// Names of the entries of a folder.
    pub(crate) fn names(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::start_in(Folder::new(), 3600)
    }

    pub(crate) fn start_in(data: Folder, cleanup_seconds: u32) -> Self {
        let public = data.0.join("public.pem");
        std::fs::write(&public, key().public_key().to_pem().unwrap()).unwrap();
        let mut process = program(&data.0)
            .envs([("ADDRESS", "127.0.0.1:0"), ("ISSUER", ISSUER)])
            .env("CLEANUP_SECONDS", cleanup_seconds.to_string())
            .env("PUBLIC_KEY", public)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, address, data }
    }

    /// Ends it and starts another one on the same data.
    pub(crate) fn restart(mut self) -> Self {
        self.end();
        let data = std::mem::replace(&mut self.data, Folder::new());
        Self::start_in(data, 3600)
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub(crate) fn folder(&self, user: &str) -> PathBuf {
        self.data.0.join("workspace").join(user)
    }

    /// The target goes out byte by byte as it is: no client tidies it up.
    pub(crate) fn send(&self, method: &str, target: &[u8], token: Option<&str>, body: &[u8], kind: &str) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let mut request =
            [method.as_bytes(), b" ", target, b" HTTP/1.1\r\nhost: test\r\nconnection: close\r\n"].concat();
        request
            .extend(format!("content-type: {kind}\r\ncontent-length: {}\r\n{authorization}\r\n", body.len()).bytes());
        request.extend(body);
        // It may answer before it has read all.
        let _ = stream.write_all(&request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer to {}", String::from_utf8_lossy(target)));
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Reply { status, headers, body: answer[end + 4..].to_vec() }
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Reply {
        self.send("GET", path.as_bytes(), Some(token), b"", "text/plain")
    }

    /// As anyone in the world.
    pub(crate) fn visit(&self, path: &str) -> Reply {
        self.send("GET", path.as_bytes(), None, b"", "text/plain")
    }

    pub(crate) fn put(&self, path: &str, token: &str, body: &str) -> Reply {
        self.send("PUT", path.as_bytes(), Some(token), body.as_bytes(), "text/plain")
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> Reply {
        self.send("POST", path.as_bytes(), Some(token), body.to_string().as_bytes(), "application/json")
    }

    pub(crate) fn delete(&self, path: &str, token: &str) -> Reply {
        self.send("DELETE", path.as_bytes(), Some(token), b"", "text/plain")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // After a restart it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Until it is so.
pub(crate) fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
