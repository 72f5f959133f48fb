//! Which pages may read answers: those of registered origins, as storage says at this moment. Never with credentials:
//! tokens come in headers that a page sets itself, and the one cookie is for pages of this server's own.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Inner;
use crate::http::Failure;
use crate::service::{Error, Service};

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
/// `X-Service-Key` is not among them: a page has none.
const HEADERS: &str = "authorization, content-type, if-none-match, x-authz-token, x-workspace-id, x-requested-with";
/// What a page may read beside the body.
const EXPOSED: &str = "etag, retry-after, x-refreshed-token, x-request-id, www-authenticate";
/// How long a browser may remember the answer: short, since a registration may end.
const MAX_AGE: &str = "300";

pub(super) async fn cors(
    State((state, service)): State<(Arc<Inner>, Service)>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    // Keys and metadata are for everyone.
    let for_all = path.starts_with("/.well-known/");
    let for_none = is_for_none(path);
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        let mut response = next.run(request).await;
        if for_all {
            response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else if !for_none {
            response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
        }
        return response;
    };
    let allowed = if for_all {
        Some(HeaderValue::from_static("*"))
    } else if for_none || origin == state.own_origin.as_str() {
        None
    } else {
        match registered(&service, &origin).await {
            Ok(registered) => registered.then(|| origin.clone()),
            Err(error) => return Failure::from(error).into_response(),
        }
    };
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (preflight, &allowed) {
        (true, Some(_)) => preflighted(),
        (true, None) => Failure::from(Error::forbidden("The origin is not registered")).into_response(),
        (false, _) => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(allowed) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    response
}

/// Refusals for want of room come before anyone looks up whose page asks. Any page may read them: they say nothing about
/// anyone, and a page that could not would take "wait a second" for a server that is gone.
pub(super) async fn readable_refusals(request: Request, next: Next) -> Response {
    let asked_by_page = request.headers().contains_key(header::ORIGIN) && !is_for_none(request.uri().path());
    let mut response = next.run(request).await;
    let refused = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if asked_by_page && refused {
        let headers = response.headers_mut();
        headers.entry(header::ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
        headers.entry(header::ACCESS_CONTROL_EXPOSE_HEADERS).or_insert(HeaderValue::from_static(EXPOSED));
    }
    response
}

/// The admin routes go by a cookie and are for no other origin's pages.
fn is_for_none(path: &str) -> bool {
    path.starts_with("/admin/") || path.starts_with("/auth/admin/")
}

async fn registered(service: &Service, origin: &HeaderValue) -> Result<bool, Error> {
    match origin.to_str() {
        // `null` is the origin of sandboxed frames and files: everyone's.
        Ok(origin) if origin != "null" => service.is_registered_origin(origin).await,
        _ => Ok(false),
    }
}

fn preflighted() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    (StatusCode::NO_CONTENT, headers).into_response()
}
