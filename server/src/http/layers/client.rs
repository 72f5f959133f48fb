//! Who is at the other end: the connection's address, or what a trusted proxy says of it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use super::Inner;
use crate::http::serve::Peer;
use crate::service::Caller;

/// What proxies say of whom they speak for (RFC 7239, RFC 9110 §7.6.3, and what was usual before).
const FORWARDED: [&str; 6] =
    ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// A request that a proxy passed on which the settings do not name: its address is the proxy's, not the client's.
#[derive(Clone, Copy)]
pub(crate) struct UnnamedProxy;

/// Longest part of `User-Agent` that is kept.
const USER_AGENT: usize = 256;

pub(super) async fn identify(State(state): State<Arc<Inner>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip().to_canonical());
    let ip = peer.map(|peer| state.client(peer, request.headers()));
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    let user_agent = agent.map(|agent| agent.chars().take(USER_AGENT).collect());
    request.extensions_mut().insert(Caller { ip, user_agent });
    let is_forwarded = FORWARDED.iter().any(|name| request.headers().contains_key(*name));
    if is_forwarded && !peer.is_some_and(|peer| state.is_trusted(peer)) {
        request.extensions_mut().insert(UnnamedProxy);
    }
    next.run(request).await
}

impl Inner {
    fn is_trusted(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Each proxy appends the address that it saw: what the outermost of ours wrote stands `proxy_count` from the
    /// right, and everything left of it is the client's own invention.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.is_trusted(peer) {
            return peer;
        }
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        let hop = hops.len().checked_sub(self.proxy_count).and_then(|index| hops.get(index));
        hop.and_then(|hop| address(hop)).unwrap_or(peer)
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
