//! Who is at the other end: the connection's address, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Version, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Inner;
use crate::http::serve::Peer;
use crate::service::Caller;

/// What proxies say of whom they speak for (RFC 7239, RFC 9110 §7.6.3, RFC 8586), beside all that begins with
/// `x-forwarded`.
const FORWARDED: [&str; 10] = [
    "cdn-loop",
    "cf-connecting-ip",
    "fly-client-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-original-forwarded-for",
    "x-real-ip",
];

/// A request that somebody on this machine made themselves: by a connection from it, and no proxy says that it passes
/// something on. What a proxy says of its clients does not count here, also not a named one's: one that says nothing
/// usable speaks for everybody, and some pass on what clients say of themselves.
#[derive(Clone, Copy)]
pub(crate) struct FromThisMachine;

/// Longest part of `User-Agent` that is kept.
const USER_AGENT: usize = 256;

pub(super) async fn identify(State(state): State<Arc<Inner>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    // Where a trusted proxy does not say whom it speaks for, its own address counts for everybody behind it.
    let ip = peer.map(|peer| state.client(peer, request.headers()).unwrap_or(peer));
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let user_agent = agent.map(|agent| agent.chars().take(USER_AGENT).collect());
    request.extensions_mut().insert(Caller { ip, user_agent });
    if !is_forwarded(&request) && peer.is_some_and(|peer| peer.is_loopback()) {
        request.extensions_mut().insert(FromThisMachine);
    }
    next.run(request).await
}

/// Whether a proxy says that it passes this on. nginx says nothing unless it is told to, but asks by HTTP/1.0, which no
/// browser and no command line does any more.
fn is_forwarded(request: &Request) -> bool {
    let says = |name: &HeaderName| name.as_str().starts_with("x-forwarded") || FORWARDED.contains(&name.as_str());
    request.headers().keys().any(says) || request.version() < Version::HTTP_11
}

impl Inner {
    fn is_trusted(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Each proxy appends the address that it saw: what the outermost of ours wrote stands `proxy_count` from the
    /// right, and everything left of it is the client's own invention. `None`: a trusted proxy does not say.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.is_trusted(peer) {
            return Some(peer);
        }
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let hop = hops.len().checked_sub(self.proxy_count).and_then(|index| hops.get(index));
        hop.and_then(|hop| address(hop))
    }
}

/// What one customer of a network has, see [`Caller::network`].
pub(super) fn customer(ip: IpAddr) -> IpAddr {
    Caller { ip: Some(ip), user_agent: None }.network().unwrap_or(ip)
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    let bare = bare.or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse());
    bare.ok().map(|address| address.to_canonical())
}
