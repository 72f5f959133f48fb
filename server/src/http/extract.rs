//! Bodies, queries and paths: what does not fit is told in this surface's own words, and no string with a NUL
//! gets further (PostgreSQL cannot store one).

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, rejection::BytesRejection};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::Failure;

/// A JSON body. A browser must say that it is one: any website can have it post texts and forms here, unasked, and such
/// a login that fails would count against the network of who looks at the page. For `application/json` it asks first
/// (Fetch, "CORS-safelisted request-header"), and the answer to other origins is no.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A query string.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The variables of a path.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if is_by_a_browser(request.headers()) && !is_json(request.headers()) {
            return Err(unprocessable("header", "a browser must send Content-Type: application/json"));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(inner) if inner.status() == http::StatusCode::PAYLOAD_TOO_LARGE => {
                Failure::TooLarge
            }
            _ => unprocessable("body", "the body could not be read"),
        })?;
        let body: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|_| unprocessable("body", "the body is not JSON"))?;
        if has_nul(&body) {
            return Err(unprocessable("body", "a text holds a NUL character"));
        }
        // serde's own words name the member and what was expected, never the whole value of a secret.
        serde_json::from_value(body).map(Self).map_err(|error| unprocessable("body", &plain(&error.to_string())))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("%00") {
            return Err(unprocessable("query", "a text holds a NUL character"));
        }
        let extracted = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        extracted.map(|query| Self(query.0)).map_err(|error| unprocessable("query", &plain(&error.body_text())))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        if parts.uri.path().contains("%00") {
            return Err(unprocessable("path", "a text holds a NUL character"));
        }
        let extracted = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        extracted.map(|path| Self(path.0)).map_err(|error| unprocessable("path", &plain(&error.body_text())))
    }
}

/// Whether a browser says that it asks (Fetch §3.2, Fetch Metadata §2): pages can leave neither out.
fn is_by_a_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// Whether the body is said to be JSON, once: `application/json` or a type with the suffix `+json` (RFC 6839 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(one), None) = (said.next(), said.next()) else { return false };
    let essence = one.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = essence.strip_prefix("application/").unwrap_or_default();
    subtype == "json" || (subtype.len() > "+json".len() && subtype.ends_with("+json"))
}

/// An answer for input that does not fit.
pub fn unprocessable(place: &str, message: &str) -> Failure {
    Failure::Unprocessable { place: vec![place.into()], message: message.into() }
}

pub(super) fn has_nul(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(values) => values.iter().any(has_nul),
        serde_json::Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// A library's words without the caller's own text: what stands in backticks or quotes may be a secret put in the wrong member.
fn plain(message: &str) -> String {
    let mut cut = String::with_capacity(message.len());
    let mut inside = false;
    for character in message.chars().take(400) {
        match character {
            '"' => {
                inside = !inside;
                cut.push('"');
            }
            _ if inside => {}
            _ => cut.push(character),
        }
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_s_words_lose_the_caller_s_text() {
        assert_eq!(plain(r#"invalid type: string "s3cret", expected u8"#), r#"invalid type: string "", expected u8"#);
    }

    #[test]
    fn a_browser_s_body_is_json_or_none() {
        let headers = |said: &[(&'static str, &'static str)]| -> HeaderMap {
            said.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
        };
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/scim+json"] {
            assert!(is_json(&headers(&[("content-type", good)])), "{good}");
        }
        for bad in
            ["", "text/plain", "text/plain; application/json", "application/+json", "text/json", "multipart/form-data"]
        {
            assert!(!is_json(&headers(&[("content-type", bad)])), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
        let mut twice = headers(&[("content-type", "application/json")]);
        twice.append(header::CONTENT_TYPE, "text/plain".parse().unwrap());
        assert!(!is_json(&twice));
        for by in [("origin", "null"), ("sec-fetch-site", "cross-site")] {
            assert!(is_by_a_browser(&headers(&[by])));
        }
        assert!(!is_by_a_browser(&headers(&[("content-type", "text/plain")])));
    }

    #[test]
    fn a_nul_is_found_at_any_depth() {
        assert!(has_nul(&serde_json::json!({ "a": [{ "b": "x\0" }] })));
        assert!(has_nul(&serde_json::json!({ "a\0": 1 })));
        assert!(!has_nul(&serde_json::json!({ "a": ["\\u0000", 0, null] })));
    }
}
