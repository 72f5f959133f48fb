//! How OpenFGA's API says no, `{"code", "message"}`, and how it reads requests: unknown members and `null` are ignored.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::unique;
use crate::http::Failure;
use crate::http::extract::has_nul;
use crate::service::policy::{ConsistencyToken, PolicyError, RefusalCode};
use crate::service::{Error, ErrorKind};

/// Carries the state that a write led to, and in a question the state that the answer must at least be of.
pub(in crate::http) const CONSISTENCY: HeaderName = HeaderName::from_static("sentinel-consistency-token");

/// A refusal as an answer.
#[derive(Debug)]
pub(in crate::http) struct Refused(PolicyError);

impl<E: Into<PolicyError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self.0 {
            PolicyError::Refused { code, message } => {
                let status = match code {
                    RefusalCode::StoreNotFound => StatusCode::NOT_FOUND,
                    RefusalCode::Aborted => StatusCode::CONFLICT,
                    _ => StatusCode::BAD_REQUEST,
                };
                (status, Json(json!({ "code": code.as_str(), "message": message }))).into_response()
            }
            PolicyError::Failed(error) => failed(error),
        }
    }
}

/// A use case's error in this dialect: the status, its headers and what the log says are those of every surface.
pub(in crate::http) fn failed(error: Error) -> Response {
    let code = match error.kind() {
        ErrorKind::Invalid | ErrorKind::Conflict => "validation_error",
        ErrorKind::Unauthenticated => "unauthenticated",
        ErrorKind::Forbidden => "forbidden",
        ErrorKind::NotFound => "undefined_endpoint",
        ErrorKind::RateLimited { .. } => "rate_limit_exceeded",
        ErrorKind::Unavailable => "unavailable",
        ErrorKind::Internal => "internal_error",
    };
    failed_with(error, code)
}

/// A request without a key.
pub(in crate::http) fn no_key(error: Error) -> Response {
    failed_with(error, "bearer_token_missing")
}

fn failed_with(error: Error, code: &str) -> Response {
    let message = error.detail().to_owned();
    let (parts, _) = Failure::from(error).into_response().into_parts();
    let mut response = (parts.status, Json(json!({ "code": code, "message": message }))).into_response();
    for name in ["www-authenticate", "retry-after"] {
        if let Some(value) = parts.headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// A JSON body.
pub(in crate::http) struct Ask<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Ask<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|_| PolicyError::validation("the body is too large or could not be read"))?;
        let body =
            unique::read(&bytes).map_err(|_| PolicyError::validation("the body is not JSON, or has a member twice"))?;
        // PostgreSQL's text holds none.
        if has_nul(&body) {
            return Err(PolicyError::validation("a text holds a NUL character").into());
        }
        let read = serde_json::from_value(body);
        read.map(Self)
            .map_err(|_| PolicyError::validation("a member of the body has another type than it must have").into())
    }
}

/// A query string.
pub(in crate::http) struct Params<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Params<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let wrong = || PolicyError::validation("the query string is not as it must be");
        if parts.uri.query().unwrap_or_default().contains("%00") {
            return Err(wrong().into());
        }
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|_| wrong().into())
    }
}

/// The variables of a path.
pub(in crate::http) struct At<T>(pub(in crate::http) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for At<T> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0)).map_err(|_| PolicyError::validation("the path is not as it must be").into())
    }
}

/// The state that the caller has seen, where it says so.
#[derive(Clone)]
pub(in crate::http) struct AtLeast(pub(in crate::http) Option<ConsistencyToken>);

impl<S: Send + Sync> FromRequestParts<S> for AtLeast {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let Some(value) = parts.headers.get(CONSISTENCY) else { return Ok(Self(None)) };
        let token = ConsistencyToken::parse(value.to_str().unwrap_or_default())?;
        Ok(Self(Some(token)))
    }
}

/// An answer that says of which state it is true.
pub(in crate::http) fn with_token(token: &ConsistencyToken, answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    if let Ok(value) = HeaderValue::from_str(&token.encode()) {
        response.headers_mut().insert(CONSISTENCY, value);
    }
    response
}
