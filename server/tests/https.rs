//! Key sets over TLS: from a server that the system trusts, and from no other.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use support::{Folder, SECRET, encode, hs256};

/// Serves a key set on `https://localhost` until the test ends; gives the address and the certificate in PEM.
fn serve() -> (SocketAddr, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            // A client that does not trust us hangs up here.
            let Ok(1..) = tls.read(&mut [0; 4096]) else { continue };
            let body = format!(r#"{{"keys":[{{"kty":"oct","k":"{}"}}]}}"#, encode(SECRET));
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = tls.write_all(format!("{head}{body}").as_bytes());
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    });
    (address, cert.pem())
}

#[test]
fn a_key_set_comes_over_tls_from_a_trusted_server_only() {
    let (address, certificate) = serve();
    let folder = Folder::new();
    folder.write("ca.pem", &certificate);
    let verify = |host: &str| {
        format!(
            "verify --jwks https://{host}:{}/ --alg HS256 --any-issuer --any-audience --required sub",
            address.port()
        )
    };
    let token = hs256(r#"{"sub":"s"}"#);
    let trusting = [("SSL_CERT_FILE", "ca.pem")];
    let run = folder.run_with(&verify("localhost"), &token, &trusting);
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    for (why, run) in [
        ("an unknown certificate", folder.run(&verify("localhost"), &token)),
        ("a certificate for another name", folder.run_with(&verify("127.0.0.1"), &token, &trusting)),
    ] {
        assert_eq!((run.status, run.code().as_str()), (3, "unavailable"), "{why}: {}", run.stdout);
    }
}
