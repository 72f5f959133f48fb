//! What a person's request brings besides its answer: the token that follows theirs, and the note that they were here. In
//! one place, behind every route's guard.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;

use super::Failure;
use crate::service::sliding::Afterwards;
use crate::service::{Error, Service};

/// The token that follows the one of the request.
const REFRESHED_TOKEN: HeaderName = HeaderName::from_static("x-refreshed-token");

/// A request whose answer can carry a token gets one where it is due. What goes wrong here is no fault of the request's.
pub(super) async fn conclude(service: &Service, then: &Afterwards, response: &mut Response) {
    let may_carry =
        response.status().is_success() && !is_kept(response) && !response.headers().contains_key(REFRESHED_TOKEN);
    let concluded = match service.conclude(then, may_carry).await {
        Ok(Some(token)) => carry(response, &token),
        Ok(None) => Ok(()),
        Err(error) => Err(error.into()),
    };
    if concluded.is_err() {
        tracing::warn!("a session could not be prolonged");
    }
}

/// Puts a token into an answer, which nobody keeps then.
pub(super) fn carry(response: &mut Response, token: &str) -> Result<(), Failure> {
    let mut token = HeaderValue::from_str(token).map_err(Error::internal)?;
    token.set_sensitive(true);
    let headers = response.headers_mut();
    headers.insert(REFRESHED_TOKEN, token);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(())
}

/// Whether an answer says that it may be kept: then it is another's tomorrow.
fn is_kept(response: &Response) -> bool {
    let policy = response.headers().get(header::CACHE_CONTROL);
    policy.is_some_and(|policy| !policy.to_str().is_ok_and(|policy| policy.contains("no-store")))
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[test]
    fn what_may_be_kept_carries_no_token() {
        for (policy, kept) in
            [("no-store", false), ("private, no-store", false), ("private, max-age=60", true), ("no-cache", true)]
        {
            assert_eq!(is_kept(&([(header::CACHE_CONTROL, policy)], "").into_response()), kept, "{policy}");
        }
        assert!(!is_kept(&"".into_response()));
        let mut response = "".into_response();
        carry(&mut response, "token").unwrap();
        assert_eq!(response.headers()[REFRESHED_TOKEN], "token");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(carry(&mut response, "to\nken").is_err());
    }
}
