//! What verifiers look up: the published keys (RFC 7517), and where everything is (RFC 8414, OpenID Connect Discovery).

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::routes;

use super::access::{Access, Routes};
use crate::service::Service;

/// How long verifiers may keep what stands here. A new key is published for longer than this before it signs.
const CACHE: &str = "public, max-age=300";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, routes!(jwks))
        .add(Access::Public, routes!(openid_configuration))
        .add(Access::Public, routes!(authorization_server))
}

/// The published keys: the one that signs first.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "discovery", responses(
    (status = 200, description = "A JWK Set", content_type = "application/json", body = serde_json::Value),
    (status = 304, description = "`If-None-Match` names the current key set"),
))]
async fn jwks(State(service): State<Service>, headers: HeaderMap) -> Response {
    let keys = service.published_keys();
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    // A weak comparison (RFC 9110 §13.1.2).
    let is_known = known.flat_map(|list| list.split(',')).any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == keys.etag
    });
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { keys.jwks.into_response() };
    let headers = response.headers_mut();
    if !is_known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE));
    if let Ok(etag) = HeaderValue::from_str(&keys.etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// Where everything is. Only what this server has: logins do not go through a standard authorization endpoint.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct Metadata {
    /// `iss` of every token.
    issuer: String,
    /// The published keys.
    jwks_uri: String,
    /// RFC 7009.
    revocation_endpoint: String,
    /// RFC 7662.
    introspection_endpoint: String,
    /// None: there is no standard authorization endpoint.
    response_types_supported: [&'static str; 0],
    /// None: `/auth/token` has a body of its own.
    grant_types_supported: [&'static str; 0],
    /// Everyone sees the same `sub`.
    subject_types_supported: [&'static str; 1],
    /// What tokens are signed with.
    id_token_signing_alg_values_supported: Vec<&'static str>,
    /// `plain` is refused.
    code_challenge_methods_supported: [&'static str; 1],
}

/// OpenID Connect Discovery 1.0: what verifiers need of it.
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "discovery", responses((status = 200, body = Metadata)))]
async fn openid_configuration(State(service): State<Service>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, CACHE)], Json(metadata(&service)))
}

/// Authorization server metadata (RFC 8414).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "discovery", responses((status = 200, body = Metadata)))]
async fn authorization_server(State(service): State<Service>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, CACHE)], Json(metadata(&service)))
}

fn metadata(service: &Service) -> Metadata {
    let config = service.config();
    let base = &config.base_url;
    Metadata {
        issuer: config.issuer.clone(),
        jwks_uri: format!("{base}/.well-known/jwks.json"),
        revocation_endpoint: format!("{base}/oauth/revoke"),
        introspection_endpoint: format!("{base}/oauth/introspect"),
        response_types_supported: [],
        grant_types_supported: [],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: vec![config.algorithm.as_str()],
        code_challenge_methods_supported: ["S256"],
    }
}
