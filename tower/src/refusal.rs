//! How a refusal is answered: 401 with a challenge (RFC 6750 §3), 403, 400, 500 or 503, each with a
//! problem document (RFC 9457).

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use sentinel_core::{Decision, Error, ErrorCode, Reason};
use serde_json::{Map, Value};

/// A client that waits this long meets the next attempt to fetch the keys.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// Why a request goes no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The request has no token, and what it asks for needs one.
    Unauthenticated,
    /// One token of a pair is missing.
    Incomplete(&'static str),
    /// The header repeats the credentials, or they are no text.
    Malformed(&'static str),
    /// A token was refused.
    Token(Which, Error),
    /// The caller is known and may not.
    Denied(Decision),
    /// The caller is known, and it cannot be told whether they may: nothing is let through.
    Undecided(Error),
    /// The service is not set up for what it asks: its own mistake, so nothing is let through.
    Misconfigured(&'static str),
}

/// Which token of a request a refusal is about: a client renews them in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The only one, or the two together.
    Request,
    /// The identity provider's, of a pair.
    Identity,
    /// Sentinel's, of a pair.
    Authorization,
}

/// A refusal with what its answer needs to know: an extractor's rejection.
#[derive(Clone, Debug)]
pub struct Rejection {
    pub(crate) why: Refusal,
    pub(crate) realm: Option<Arc<str>>,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Token(_, error) if error.code() == ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unauthenticated | Self::Incomplete(_) | Self::Token(..) => StatusCode::UNAUTHORIZED,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::Undecided(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Misconfigured(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether a caller is known, whom only more rights would help.
    #[must_use]
    pub fn is_denial(&self) -> bool {
        matches!(self, Self::Denied(_))
    }

    fn detail(&self) -> &'static str {
        match self {
            Self::Unauthenticated => Reason::Unauthenticated.sentence(),
            Self::Incomplete(why) | Self::Malformed(why) => why,
            Self::Token(_, error) | Self::Undecided(error) => error.message(),
            Self::Denied(decision) => decision.explanation(),
            // The service's own mistake is for its log, not for the caller.
            Self::Misconfigured(_) => "the service cannot decide",
        }
    }

    /// `error` of RFC 6750 §3.1; none where the request has no credentials at all.
    fn bearer_error(&self) -> Option<&'static str> {
        match self {
            Self::Incomplete(_) | Self::Malformed(_) => Some("invalid_request"),
            Self::Token(..) => Some("invalid_token"),
            Self::Denied(_) => Some("insufficient_scope"),
            Self::Unauthenticated | Self::Undecided(_) | Self::Misconfigured(_) => None,
        }
    }

    fn problem(&self) -> String {
        let status = self.status();
        let mut members: Map<String, Value> = Map::new();
        let mut member = |name: &str, value: Value| members.insert(name.to_owned(), value);
        // RFC 9457 §4.2.1: with this type the title is the status phrase.
        member("type", "about:blank".into());
        member("title", status.canonical_reason().unwrap_or_default().into());
        member("status", status.as_u16().into());
        member("detail", self.detail().into());
        match self {
            Self::Unauthenticated | Self::Incomplete(_) => {
                member("reason", Reason::Unauthenticated.as_str().into());
            }
            Self::Denied(decision) => {
                member("reason", decision.reason().as_str().into());
            }
            Self::Undecided(error) => {
                member("code", error.code().as_str().into());
            }
            Self::Token(which, error) => {
                member("code", error.code().as_str().into());
                if let Some(claim) = error.claim_name() {
                    member("claim", claim.into());
                }
                match which {
                    Which::Request => {}
                    Which::Identity => drop(member("token", "identity".into())),
                    Which::Authorization => drop(member("token", "authorization".into())),
                }
            }
            Self::Malformed(_) | Self::Misconfigured(_) => {}
        }
        Value::Object(members).to_string()
    }
}

impl Rejection {
    /// Why.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.why
    }

    /// The answer.
    #[must_use]
    pub fn response<B: From<String>>(&self) -> Response<B> {
        let status = self.why.status();
        let mut response = Response::new(B::from(self.why.problem()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // Who asks next may be another one.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_SECONDS);
        } else if status.is_client_error()
            && let Ok(challenge) = HeaderValue::try_from(self.challenge())
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// RFC 6750 §3. All parts are fixed text without quotes, the realm was checked for them when it was set.
    fn challenge(&self) -> String {
        let mut parameters = Vec::new();
        if let Some(realm) = &self.realm {
            parameters.push(format!("realm=\"{realm}\""));
        }
        if let Some(error) = self.why.bearer_error() {
            parameters.push(format!("error=\"{error}\""));
            let description = self.why.detail().replace(['"', '\\'], "'").replace(|c: char| !c.is_ascii(), "?");
            parameters.push(format!("error_description=\"{description}\""));
        }
        if parameters.is_empty() { "Bearer".to_owned() } else { format!("Bearer {}", parameters.join(", ")) }
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.why.detail())
    }
}

impl std::error::Error for Rejection {}
