//! Answers: the identity, or why there is none.

use sentinel_core::{Decision, Error, ErrorCode, Reason, Text};
use serde::Serialize;
use serde_json::json;
use worker::{Response, ResponseBuilder};

/// Why a request goes no further.
pub(crate) enum Refusal {
    Unauthenticated,
    Token(Error),
    Denied(Decision),
    /// It cannot be told whether the caller may.
    Undecided(Error),
    /// For the log, not for the caller.
    Misconfigured(String),
    TooMany,
    /// The origin did not answer.
    NoOrigin,
}

impl Refusal {
    /// Whether a login could help.
    pub(crate) fn is_for_want_of_login(&self) -> bool {
        match self {
            Self::Unauthenticated => true,
            Self::Token(error) => error.code() != ErrorCode::Unavailable,
            _ => false,
        }
    }

    /// A stable word for it: an error's code or a denial's reason.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Unauthenticated => Reason::Unauthenticated.as_str(),
            Self::Token(error) | Self::Undecided(error) => error.code().as_str(),
            Self::Denied(decision) => decision.reason().as_str(),
            Self::Misconfigured(_) => ErrorCode::ConfigurationInvalid.as_str(),
            Self::TooMany | Self::NoOrigin => ErrorCode::Unavailable.as_str(),
        }
    }
}

/// As the npm package's `Identity`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    user_id: &'a str,
    #[serde(flatten)]
    texts: std::collections::BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    roles: Vec<&'a str>,
    groups: Vec<&'a str>,
    actions: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_at: Option<i64>,
}

const TEXTS: [(&str, Text); Text::COUNT] = [
    ("username", Text::Username),
    ("email", Text::Email),
    ("name", Text::Name),
    ("givenName", Text::GivenName),
    ("familyName", Text::FamilyName),
    ("workspaceId", Text::WorkspaceId),
    ("workspaceSlug", Text::WorkspaceSlug),
    ("organizationId", Text::OrganizationId),
    ("organizationSlug", Text::OrganizationSlug),
    ("idpSubject", Text::IdpSubject),
    ("issuer", Text::Issuer),
    ("jwtId", Text::JwtId),
];

pub(crate) fn identity(identity: Option<&sentinel_core::Identity>) -> worker::Result<Response> {
    let answer = identity.map(|identity| Identity {
        user_id: identity.user_id(),
        texts: TEXTS.into_iter().filter_map(|(name, text)| Some((name, identity.text(text)?))).collect(),
        email_verified: identity.email_verified(),
        role: identity.role(),
        roles: identity.roles().collect(),
        groups: identity.groups().collect(),
        actions: identity.actions().collect(),
        issued_at: identity.issued_at().map(|at| at.seconds()),
    });
    uncached()?.from_json(&answer)
}

/// 401 with a challenge (RFC 6750 §3), 403, 500 or 503, each with a problem document (RFC 9457).
pub(crate) fn refusal(refusal: Refusal) -> worker::Result<Response> {
    let (status, title, challenge, detail) = match &refusal {
        Refusal::Unauthenticated => (401, "Unauthorized", Some(""), Reason::Unauthenticated.sentence()),
        Refusal::Token(error) if error.code() == ErrorCode::Unavailable => {
            (503, "Service Unavailable", None, error.message())
        }
        Refusal::Undecided(error) => (503, "Service Unavailable", None, error.message()),
        Refusal::Token(error) => (401, "Unauthorized", Some("invalid_token"), error.message()),
        Refusal::Denied(decision) => (403, "Forbidden", Some("insufficient_scope"), decision.explanation()),
        Refusal::Misconfigured(why) => {
            worker::console_error!("misconfigured: {why}");
            (500, "Internal Server Error", None, "the Worker cannot decide")
        }
        Refusal::TooMany => (429, "Too Many Requests", None, "too many requests"),
        Refusal::NoOrigin => (502, "Bad Gateway", None, "the origin did not answer"),
    };
    let mut problem = json!({ "type": "about:blank", "title": title, "status": status, "detail": detail });
    let more = match &refusal {
        Refusal::Unauthenticated => Some(("reason", Reason::Unauthenticated.as_str())),
        Refusal::Token(error) | Refusal::Undecided(error) => Some(("code", error.code().as_str())),
        Refusal::Denied(decision) => Some(("reason", decision.reason().as_str())),
        Refusal::Misconfigured(_) | Refusal::TooMany | Refusal::NoOrigin => None,
    };
    let claim = match &refusal {
        Refusal::Token(error) => error.claim_name().map(|claim| ("claim", claim)),
        _ => None,
    };
    if let Some(members) = problem.as_object_mut() {
        members.extend(more.into_iter().chain(claim).map(|(name, value)| (name.to_owned(), value.into())));
    }
    let mut builder = uncached()?.with_status(status);
    if let Some(error) = challenge {
        // Codes and messages are fixed text without quotes.
        let value = match error {
            "" => "Bearer".to_owned(),
            error => format!("Bearer error=\"{error}\", error_description=\"{}\"", detail.replace(['"', '\\'], "'")),
        };
        builder = builder.with_header("www-authenticate", &value)?;
    }
    let retry_after = match status {
        503 => Some("5"),
        // The shortest period that the platform counts in.
        429 => Some("10"),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        builder = builder.with_header("retry-after", seconds)?;
    }
    // Set after the body, which would say `application/json`.
    let response = builder.from_json(&problem)?;
    response.headers().set("content-type", "application/problem+json")?;
    Ok(response)
}

/// A problem that has no more to say than this.
pub(crate) fn problem(status: u16, detail: &str) -> worker::Result<Response> {
    let title = match status {
        400 => "Bad Request",
        404 => "Not Found",
        _ => "Content Too Large",
    };
    let problem = json!({ "type": "about:blank", "title": title, "status": status, "detail": detail });
    let response = uncached()?.with_status(status).from_json(&problem)?;
    response.headers().set("content-type", "application/problem+json")?;
    Ok(response)
}

/// JSON for this moment.
pub(crate) fn fresh(answer: &serde_json::Value) -> worker::Result<Response> {
    uncached()?.from_json(answer)
}

/// To where a login begins.
pub(crate) fn redirect(to: &str) -> worker::Result<Response> {
    Ok(uncached()?.with_status(302).with_header("location", to)?.empty())
}

/// Who asks next may be another one.
fn uncached() -> worker::Result<ResponseBuilder> {
    ResponseBuilder::new().with_header("cache-control", "no-store")
}
