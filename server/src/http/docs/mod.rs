//! The OpenAPI document, and a page that shows it: all of it in the binary, nothing from elsewhere.

use std::sync::Arc;

use axum::Extension;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use utoipa_axum::routes;

use super::access::{Access, Routes};

/// The document as it is sent, made once.
#[derive(Clone)]
pub(super) struct Document(pub(super) Arc<str>);

/// The page runs its own script and style, asks this server, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const CACHED: &str = "public, max-age=300";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, routes!(openapi))
        .add(Access::Public, routes!(page))
        .add(Access::Public, routes!(script))
        .add(Access::Public, routes!(style))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
async fn openapi(Extension(document): Extension<Document>) -> Response {
    sent("application/json", document.0.to_string())
}

/// A page that shows this document.
#[utoipa::path(get, path = "/docs", tag = "operations", responses((status = 200, description = "HTML", content_type = "text/html", body = String)))]
async fn page() -> Response {
    let policy = [(header::CONTENT_SECURITY_POLICY, POLICY)];
    (policy, sent("text/html; charset=utf-8", include_str!("page.html"))).into_response()
}

/// The page's script.
#[utoipa::path(get, path = "/docs/page.js", tag = "operations", responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
async fn script() -> Response {
    sent("text/javascript; charset=utf-8", include_str!("page.js"))
}

/// The page's style.
#[utoipa::path(get, path = "/docs/page.css", tag = "operations", responses((status = 200, description = "CSS", content_type = "text/css", body = String)))]
async fn style() -> Response {
    sent("text/css; charset=utf-8", include_str!("page.css"))
}

fn sent(kind: &'static str, text: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 2] = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, CACHED)];
    (headers, text).into_response()
}
