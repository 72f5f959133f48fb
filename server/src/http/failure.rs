//! How this surface says no: `{"detail": …}`.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use crate::service::{Error, ErrorKind};

/// A use case's error, or a body that does not fit, as an answer.
#[derive(Debug)]
pub enum Failure {
    /// From a use case.
    Error(Error),
    /// A body, query or path that does not fit the operation.
    Unprocessable {
        /// Where: `body`, `query` or `path`, and the member.
        place: Vec<String>,
        /// What is wrong with it; no value from it.
        message: String,
    },
    /// The body is longer than the limit.
    TooLarge,
    /// The body did not come in time.
    TooSlow,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<sentinel_storage::StorageError> for Failure {
    fn from(error: sentinel_storage::StorageError) -> Self {
        Self::Error(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Error(error) => answer(&error),
            Self::Unprocessable { place, message } => {
                let detail = json!([{ "loc": place, "msg": message, "type": "value_error" }]);
                (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": detail }))).into_response()
            }
            Self::TooLarge => {
                (StatusCode::PAYLOAD_TOO_LARGE, Json(json!({ "detail": "The body is too large" }))).into_response()
            }
            Self::TooSlow => {
                (StatusCode::REQUEST_TIMEOUT, Json(json!({ "detail": "The body came too slowly" }))).into_response()
            }
        }
    }
}

fn answer(error: &Error) -> Response {
    let status = match error.kind() {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut body = json!({ "detail": error.detail() });
    if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) {
        // The caller can name the line in the log without learning what it says.
        let reference = Uuid::new_v4();
        tracing::error!(%reference, cause = causes(error), "a request failed");
        if let Some(members) = body.as_object_mut() {
            members.insert("reference".into(), reference.to_string().into());
        }
    }
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    match error.kind() {
        ErrorKind::Unauthenticated => {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        ErrorKind::RateLimited { retry_after } => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        ErrorKind::Unavailable => {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

/// What is behind an error, outermost first; for the log.
fn causes(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
