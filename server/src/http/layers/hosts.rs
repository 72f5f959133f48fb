//! Only names of ours are answered: a page that makes a browser resolve its own name to this server gets nothing
//! (DNS rebinding), and no answer is built around a name that the client made up.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use url::Url;

use super::Inner;
use crate::http::Failure;
use crate::service::Error;

/// Names of this machine, which stand for each other.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The names that are answered: those set, else that of the public URL.
pub(super) fn allowed(set: &[String], url: Option<&Url>) -> Option<Vec<String>> {
    if set.iter().any(|name| name == "*") {
        return None;
    }
    let own = url.and_then(Url::host_str).map(|host| bare(host).to_ascii_lowercase());
    let mut all = set.to_vec();
    if all.is_empty() {
        all.extend(own);
    }
    if all.iter().any(|name| LOOPBACK.contains(&name.as_str())) {
        all.extend(LOOPBACK.map(str::to_owned));
    }
    Some(all)
}

pub(super) async fn trusted(State(state): State<Arc<Inner>>, request: Request, next: Next) -> Response {
    // Whoever asks whether the process lives knows it by its address.
    let health = request.uri().path() == "/health";
    if health || state.hosts.as_ref().is_none_or(|hosts| host(&request).is_some_and(|host| hosts.contains(&host))) {
        return next.run(request).await;
    }
    Failure::from(Error::invalid("This server does not answer to that Host: set ALLOWED_HOSTS")).into_response()
}

/// The name that the client asked for, once: HTTP/2 has it in the URI.
fn host(request: &Request) -> Option<String> {
    let mut lines = request.headers().get_all(header::HOST).iter();
    let line = lines.next().map(|line| line.to_str().ok());
    if lines.next().is_some() {
        return None;
    }
    let text = match (request.uri().authority(), line) {
        (Some(authority), None) => authority.as_str(),
        (None, Some(line)) => line?,
        (Some(authority), Some(line)) => line.filter(|line| line.eq_ignore_ascii_case(authority.as_str()))?,
        (None, None) => return None,
    };
    let authority: axum::http::uri::Authority = text.parse().ok()?;
    Some(bare(authority.host()).trim_end_matches('.').to_ascii_lowercase())
}

/// An IPv6 address without its brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}
