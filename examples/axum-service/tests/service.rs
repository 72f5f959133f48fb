//! The service as a process of its own, with the key file that it is given.
#![allow(clippy::unwrap_used, reason = "part of tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use jwt_simple::prelude::{Claims, Duration, RS256KeyPair, RSAKeyPairLike};
use serde_json::json;

struct Service {
    process: Child,
    address: String,
    folder: PathBuf,
    key: RS256KeyPair,
}

impl Service {
    fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("axum-service-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let key = RS256KeyPair::generate(2048).unwrap();
        let public = folder.join("public.pem");
        std::fs::write(&public, key.public_key().to_pem().unwrap()).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_axum-service"))
            .envs([("ADDRESS", "127.0.0.1:0"), ("ISSUER", "https://sentinel.example")])
            .env("PUBLIC_KEY", public)
            .env_remove("JWKS_URL")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { process, address, folder, key }
    }

    fn token(&self, workspace: &str, role: &str) -> String {
        let claims = json!({ "type": "access", "wid": workspace, "wrole": role });
        let claims = Claims::with_custom_claims(claims, Duration::from_secs(60));
        let claims = claims.with_issuer("https://sentinel.example").with_audience("sentinel:access").with_subject("u1");
        self.key.sign(claims).unwrap()
    }

    /// Status and body.
    fn send(&self, method: &str, path: &str, token: Option<&str>) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 0\r\n");
        stream.write_all(format!("{head}{authorization}\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

#[test]
fn readers_read_editors_write_admins_delete() {
    let service = Service::start();
    let [viewer, editor, admin] = ["viewer", "editor", "admin"].map(|role| service.token("w1", role));
    let stranger = service.token("w2", "owner");
    assert_eq!(service.send("GET", "/health", None), (200, "ok".to_owned()));
    assert_eq!(service.send("GET", "/documents", None).0, 401);
    assert_eq!(service.send("PUT", "/documents/plan", Some(&viewer)).0, 403);
    assert_eq!(service.send("PUT", "/documents/plan", Some(&editor)).0, 201);
    assert_eq!(service.send("GET", "/documents", Some(&viewer)), (200, r#"{"documents":["plan"]}"#.to_owned()));
    assert_eq!(service.send("GET", "/documents", Some(&stranger)), (200, r#"{"documents":[]}"#.to_owned()));
    assert_eq!(service.send("DELETE", "/documents/plan", Some(&stranger)).0, 404);
    assert_eq!(service.send("DELETE", "/documents/plan", Some(&editor)).0, 403);
    assert_eq!(service.send("DELETE", "/documents/plan", Some(&admin)).0, 204);
    let forged = format!("{}x", viewer);
    assert_eq!(service.send("GET", "/documents", Some(&forged)).0, 401);
}
