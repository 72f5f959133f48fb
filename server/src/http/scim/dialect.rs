//! How SCIM says no (RFC 7644 §3.12), and its media type (§3.1).

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::http::Failure;
use crate::http::extract::has_nul;
use crate::service::Error;
use crate::service::scim::{ScimError, ScimType};

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// An answer.
pub(super) struct Scim(pub(super) StatusCode, pub(super) Value);

impl IntoResponse for Scim {
    fn into_response(self) -> Response {
        (self.0, [(header::CONTENT_TYPE, MEDIA_TYPE)], self.1.to_string()).into_response()
    }
}

/// A refusal as an answer.
#[derive(Debug)]
pub(super) struct Refused(ScimError);

impl<E: Into<ScimError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self.0 {
            ScimError::Invalid(kind, detail) => said(StatusCode::BAD_REQUEST, Some(kind.as_str()), detail),
            ScimError::Uniqueness(detail) => said(StatusCode::CONFLICT, Some("uniqueness"), detail),
            ScimError::Changed => said(StatusCode::PRECONDITION_FAILED, None, "It was changed meanwhile"),
            ScimError::Failed(error) => failed(error),
        }
    }
}

fn said(status: StatusCode, kind: Option<&str>, detail: &str) -> Response {
    let code = status.as_u16().to_string();
    let body = match kind {
        Some(kind) => json!({ "schemas": [ERROR], "status": code, "scimType": kind, "detail": detail }),
        None => json!({ "schemas": [ERROR], "status": code, "detail": detail }),
    };
    Scim(status, body).into_response()
}

/// A use case's error in this dialect: the status, its headers and what the log says are those of every surface.
pub(in crate::http) fn failed(error: Error) -> Response {
    let detail = error.detail().to_owned();
    let (parts, _) = Failure::from(error).into_response().into_parts();
    let mut response = said(parts.status, None, &detail);
    for name in ["www-authenticate", "retry-after"] {
        if let Some(value) = parts.headers.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// A JSON body.
pub(super) struct Said(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for Said {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let refused = |kind, why| Refused(ScimError::Invalid(kind, why)).into_response();
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let status = rejection.into_response().status();
            said(status, None, "The body could not be read, or is too long")
        })?;
        let value = serde_json::from_slice(&bytes);
        let value: Value = value.map_err(|_| refused(ScimType::InvalidSyntax, "the body is not JSON"))?;
        if has_nul(&value) {
            return Err(refused(ScimType::InvalidValue, "a text holds a NUL character"));
        }
        Ok(Self(value))
    }
}

/// The version that `If-Match` names (RFC 7644 §3.14); `*` is any.
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<i64>, Refused> {
    let Some(tag) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let tag = tag.to_str().unwrap_or_default().trim();
    if tag == "*" {
        return Ok(None);
    }
    let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
    // What is no version of ours is not the present one.
    Ok(Some(tag.parse().unwrap_or(0)))
}
