//! How this API says no: a problem document (RFC 9457) with a stable `code`. Codes are the contract, texts are prose.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Json, http};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::PREFIX;
use crate::http::Failure;
use crate::service::dialects::TenantRole;
use crate::service::federation::{SsoError, SsoFault};
use crate::service::passwords::Violation;
use crate::service::tenant::{Refusal, Tenancy, TenantError};
use crate::service::{Error, ErrorKind};

const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");
/// Longer than any refusal of this server.
const REFUSAL_BYTES: usize = 64 * 1024;

/// A refusal (RFC 9457). Its `type` is `about:blank`: `code` says which it is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Problem {
    /// The status in words.
    title: &'static str,
    status: u16,
    /// Stable: what a program reads.
    #[schema(example = "invalid_credentials")]
    code: &'static str,
    /// What a person reads.
    detail: String,
    /// With `tenant_required`: the tenants to choose from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tenants: Vec<TenantChoice>,
    /// With `password_refused`: every rule that the new password breaks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<BrokenRule>,
    /// Names the line in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
}

/// A tenant to log in to.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct TenantChoice {
    tenant_id: String,
    name: String,
    role: TenantRole,
}

/// A rule for passwords.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct BrokenRule {
    /// Stable.
    #[schema(example = "too_short")]
    code: &'static str,
    /// What to do about it.
    detail: &'static str,
}

/// A use case's refusal as an answer.
#[derive(Debug)]
pub(super) struct Refused(TenantError);

impl<E: Into<TenantError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// A page of another origin came with the cookie of this one's.
#[derive(Debug)]
pub(super) struct ForeignOrigin;

/// What a handler of this API says no with.
pub(super) enum No {
    Refused(Refused),
    Foreign(ForeignOrigin),
    Sso(SsoError),
    /// To a provider whose logout token is refused: 400, whatever the reason (OpenID Connect Back-Channel Logout 1.0 §2.8).
    Logout(SsoError),
}

impl From<SsoError> for No {
    fn from(error: SsoError) -> Self {
        Self::Sso(error)
    }
}

impl<E: Into<TenantError>> From<E> for No {
    fn from(error: E) -> Self {
        Self::Refused(error.into().into())
    }
}

impl From<ForeignOrigin> for No {
    fn from(foreign: ForeignOrigin) -> Self {
        Self::Foreign(foreign)
    }
}

impl No {
    /// Whether the refresh token that came is of no more use.
    pub(super) fn ends_session(&self) -> bool {
        matches!(self, Self::Refused(Refused(TenantError::Refused(Refusal::RefreshTokenInvalid))))
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        match self {
            Self::Foreign(ForeignOrigin) => problem(
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                "The cookie is for pages of this server's own origin: send Origin, or keep the refresh token yourself",
            )
            .into_response(),
            Self::Sso(error) => sso(error),
            Self::Logout(SsoError::Fault(fault)) => {
                problem(StatusCode::BAD_REQUEST, fault.code(), NOT_ENDED).into_response()
            }
            Self::Logout(error) => sso(error),
            Self::Refused(Refused(TenantError::Refused(refusal))) => refused(refusal).into_response(),
            Self::Refused(Refused(TenantError::Choose(tenants))) => choose(tenants).into_response(),
            Self::Refused(Refused(TenantError::Password(violations))) => password(&violations).into_response(),
            // Written as everywhere and translated by `in_problems`, so that the log has its line.
            Self::Refused(Refused(TenantError::Failed(error))) => Failure::from(error).into_response(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, CONTENT_TYPE);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

fn problem(status: StatusCode, code: &'static str, detail: &str) -> Problem {
    Problem {
        title: status.canonical_reason().unwrap_or("Error"),
        status: status.as_u16(),
        code,
        detail: detail.to_owned(),
        tenants: Vec::new(),
        violations: Vec::new(),
        reference: None,
    }
}

fn refused(refusal: Refusal) -> Problem {
    use StatusCode as S;
    let (status, code, detail) = match refusal {
        Refusal::InvalidCredentials => {
            (S::UNAUTHORIZED, "invalid_credentials", "The e-mail address or the password is wrong")
        }
        Refusal::AccountDisabled => (S::FORBIDDEN, "account_disabled", "The account is deactivated"),
        Refusal::PasswordChangeRequired => {
            (S::FORBIDDEN, "password_change_required", "The password must be changed before it opens anything")
        }
        Refusal::TenantNotAllowed => {
            (S::FORBIDDEN, "tenant_not_allowed", "Not a member of a tenant with this tenant_id")
        }
        Refusal::NoTenant => (S::FORBIDDEN, "no_tenant", "Not a member of any tenant: ask for an invitation"),
        Refusal::RefreshTokenInvalid => {
            (S::UNAUTHORIZED, "refresh_token_invalid", "The refresh token is unknown, used or expired: log in again")
        }
        Refusal::CurrentPasswordWrong => {
            (S::FORBIDDEN, "current_password_wrong", "The current password is another one")
        }
        Refusal::NoPassword => {
            (S::CONFLICT, "no_password", "The account has no password: ask an administrator for a link to set one")
        }
        Refusal::LinkInvalid => (S::NOT_FOUND, "link_invalid", "The link is unknown, used or expired"),
    };
    problem(status, code, detail)
}

/// What is said of a logout token that is refused.
const NOT_ENDED: &str = "The logout token is refused";

/// A refusal about a tenant's provider: to a browser its code alone, for what a provider sent is nobody else's.
fn sso(error: SsoError) -> Response {
    let (status, code, detail) = match error {
        SsoError::Failed(error) => return Failure::from(error).into_response(),
        SsoError::Refused { kind, code, detail } => {
            let status = match kind {
                ErrorKind::NotFound => StatusCode::NOT_FOUND,
                ErrorKind::Conflict => StatusCode::CONFLICT,
                ErrorKind::Forbidden => StatusCode::FORBIDDEN,
                _ => StatusCode::BAD_REQUEST,
            };
            (status, code, detail)
        }
        SsoError::Fault(fault) => {
            use SsoFault as F;
            let status = match fault {
                F::LoginUnknown | F::Replayed | F::OtherBrowser | F::ConfigurationGone => StatusCode::BAD_REQUEST,
                F::ProviderUnreachable | F::ProviderMisconfigured | F::MetadataExpired => StatusCode::BAD_GATEWAY,
                F::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::FORBIDDEN,
            };
            (
                status,
                fault.code(),
                "The login failed: the tenant's administrators see what to do about this code".to_owned(),
            )
        }
    };
    problem(status, code, &detail).into_response()
}

fn choose(tenants: Vec<Tenancy>) -> Problem {
    let choice = |Tenancy { tenant_id, name, role }| TenantChoice { tenant_id, name, role };
    let detail = "A member of several tenants: send tenant_id with one of these";
    Problem {
        tenants: tenants.into_iter().map(choice).collect(),
        ..problem(StatusCode::CONFLICT, "tenant_required", detail)
    }
}

fn password(violations: &[Violation]) -> Problem {
    let broken = |violation: &Violation| BrokenRule { code: violation.code(), detail: violation.advice() };
    let advice: Vec<_> = violations.iter().map(|violation| violation.advice()).collect();
    let detail = format!("The new password is refused: {}", advice.join("; "));
    Problem {
        violations: violations.iter().map(broken).collect(),
        ..problem(StatusCode::UNPROCESSABLE_ENTITY, "password_refused", &detail)
    }
}

/// The code of a refusal that this API has no name of its own for.
fn code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "bad_request",
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        408 => "request_too_slow",
        409 => "conflict",
        413 => "request_too_large",
        421 => "host_not_allowed",
        422 => "request_invalid",
        429 => "too_many_requests",
        503 => "unavailable",
        _ => "internal_error",
    }
}

/// Lets what is refused before and beside the handlers (credentials, bodies, limits) speak this API's language, too.
pub(in crate::http) async fn in_problems(request: Request, next: Next) -> Response {
    let is_ours = request.uri().path().starts_with(PREFIX);
    let response = next.run(request).await;
    let status = response.status();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if !is_ours || !is_json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let said: Value = match to_bytes(body, REFUSAL_BYTES).await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        Err(why) => return Failure::from(Error::internal(why)).into_response(),
    };
    let detail = match said.get("detail") {
        Some(Value::String(detail)) => detail.clone(),
        // What of a body, a query or a path does not fit.
        Some(Value::Array(all)) => {
            let all = all.iter().filter_map(|one| one.get("msg").and_then(Value::as_str));
            all.collect::<Vec<_>>().join("; ")
        }
        _ => status.canonical_reason().unwrap_or("Error").to_owned(),
    };
    let reference = said.get("reference").and_then(Value::as_str).map(str::to_owned);
    let problem = Problem { reference, ..problem(status, code(status), &detail) };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    http::Response::from_parts(parts, Body::from(body))
}
