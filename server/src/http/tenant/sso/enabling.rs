//! Trying what was set up, letting people log in by it, and what failed.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::configure::SsoAnswer;
use crate::http::access::{Access, Routes};
use crate::http::tenant::problem::{No, Problem};
use crate::http::time::rfc3339;
use crate::service::federation::FailureView;
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::User, routes!(test))
        .add(Access::User, routes!(enable))
        .add(Access::User, routes!(disable))
        .add(Access::User, routes!(failures))
}

/// A link to try the configuration with.
#[derive(Serialize, ToSchema)]
struct SsoTestLink {
    /// To open in a browser, once: a login that ends in a report.
    url: String,
    expires_at: String,
}

/// Makes a link that tries what was configured: whoever opens it logs in at the provider and gets a report, and no session.
#[utoipa::path(post, path = "/api/v1/auth/sso/test", tag = "sso", responses(
    (status = 200, body = SsoTestLink),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
))]
async fn test(State(service): State<Service>, user: User, caller: Caller) -> Result<Json<SsoTestLink>, No> {
    let (url, expires_at) = service.try_sso(&user, &caller).await?;
    Ok(Json(SsoTestLink { url, expires_at: rfc3339(expires_at) }))
}

/// Lets people log in by the draft that was tried, in place of what they log in by.
#[utoipa::path(post, path = "/api/v1/auth/sso/enable", tag = "sso", responses(
    (status = 200, body = SsoAnswer),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`: there is no draft", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`sso_not_tested`: nobody has logged in by exactly this configuration", body = Problem, content_type = "application/problem+json"),
))]
async fn enable(State(service): State<Service>, user: User, caller: Caller) -> Result<Json<SsoAnswer>, No> {
    let view = service.enable_sso(&user, &caller).await?;
    Ok(Json(SsoAnswer::new(&user, view)))
}

/// Lets nobody log in by the tenant's provider, and ends the sessions that came of it. The configuration stays as a draft.
#[utoipa::path(post, path = "/api/v1/auth/sso/disable", tag = "sso", responses(
    (status = 200, body = SsoAnswer),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
))]
async fn disable(State(service): State<Service>, user: User, caller: Caller) -> Result<Json<SsoAnswer>, No> {
    let view = service.disable_sso(&user, &caller).await?;
    Ok(Json(SsoAnswer::new(&user, view)))
}

/// Failures of one kind within one hour.
#[derive(Serialize, ToSchema)]
struct SsoFailureAnswer {
    /// Stable.
    #[schema(example = "audience_mismatch")]
    code: String,
    /// What to do.
    advice: &'static str,
    /// How many there were.
    count: i64,
    first_at: String,
    last_at: String,
}

impl From<FailureView> for SsoFailureAnswer {
    fn from(view: FailureView) -> Self {
        let FailureView { code, advice, count, first_at, last_at } = view;
        Self { code, advice, count, first_at: rfc3339(first_at), last_at: rfc3339(last_at) }
    }
}

/// What failed at the tenant's provider in the last 30 days, the latest first: when, how often, and what to do; never what
/// the provider sent.
#[utoipa::path(get, path = "/api/v1/auth/sso/failures", tag = "sso", responses(
    (status = 200, body = [SsoFailureAnswer]),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`", body = Problem, content_type = "application/problem+json"),
))]
async fn failures(State(service): State<Service>, user: User) -> Result<Json<Vec<SsoFailureAnswer>>, No> {
    Ok(Json(service.sso_failures(&user).await?.into_iter().map(SsoFailureAnswer::from).collect()))
}
