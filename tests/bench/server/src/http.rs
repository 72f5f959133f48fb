//! HTTP/1.1 to this machine: one connection, one request after another.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::response::Parts;
use http::{HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A request that can be sent many times.
#[derive(Clone, Debug)]
pub struct Ask {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

impl Ask {
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// A body of a kind: `application/json`, say.
    pub fn post(path: impl Into<String>, kind: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
        Self { method: Method::POST, path: path.into(), headers, body: body.into() }
    }

    pub fn json(path: impl Into<String>, body: &Value) -> Self {
        Self::post(path, "application/json", body.to_string())
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Result<Self> {
        self.headers.push((HeaderName::from_static(name), HeaderValue::from_str(value)?));
        Ok(self)
    }

    pub fn bearer(self, token: &str) -> Result<Self> {
        self.with("authorization", &format!("Bearer {token}"))
    }

    fn request(&self, authority: &HeaderValue) -> Result<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse()?;
        request.headers_mut().insert(header::HOST, authority.clone());
        request.headers_mut().extend(self.headers.iter().cloned());
        Ok(request)
    }
}

/// A connection that is kept.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    authority: HeaderValue,
}

impl Connection {
    /// To `127.0.0.1:port`; nothing else is ever asked.
    pub async fn open(authority: &str) -> Result<Self> {
        let address: SocketAddr = authority.parse().with_context(|| format!("{authority} is no address"))?;
        ensure!(address.ip().is_loopback(), "{address} is not on this machine");
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, authority: HeaderValue::from_str(authority)? })
    }

    pub async fn send(&mut self, ask: &Ask) -> Result<(Parts, Bytes)> {
        self.sender.ready().await?;
        let answer = self.sender.send_request(ask.request(&self.authority)?).await?;
        let (parts, body) = answer.into_parts();
        Ok((parts, body.collect().await?.to_bytes()))
    }

    /// The JSON of a good answer.
    pub async fn done(&mut self, ask: &Ask) -> Result<Value> {
        let (parts, body) = self.send(ask).await?;
        let text = String::from_utf8_lossy(&body);
        ensure!(parts.status.is_success(), "{} {}: {} {text}", ask.method, ask.path, parts.status);
        if body.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&body)?) }
    }
}
