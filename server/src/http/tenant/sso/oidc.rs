//! What a tenant's OpenID provider sends browsers back with, and logins that begin there.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::arrived;
use super::login::{ReportAnswer, leave};
use crate::http::access::{Access, Routes};
use crate::http::cookies;
use crate::http::extract::{Path, Query};
use crate::http::tenant::problem::{No, Problem};
use crate::service::federation::SsoAsk;
use crate::service::journey::ProviderAnswer;
use crate::service::{Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, routes!(callback)).add(Access::Public, routes!(initiate))
}

#[derive(Deserialize, IntoParams)]
struct SsoCallbackQuery {
    /// The provider's code.
    code: Option<String>,
    /// The `state` that it was sent.
    state: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

/// Takes the provider's answer: the browser goes to its front end with a code or an `error`, to a page of this server's own
/// with a cookie, or sees the report of a test.
#[utoipa::path(get, path = "/api/v1/auth/sso/oidc/callback/{tenant}", tag = "sso",
    params(("tenant" = String, Path, description = "`ten_…`"), SsoCallbackQuery), responses(
    (status = 200, body = ReportAnswer),
    (status = 302, description = "Where the login was begun for"),
    (status = 400, description = "`login_unknown`, `replayed`, `other_browser`, `configuration_gone`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Why nobody came in, by its code", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "`provider_unreachable`, `provider_misconfigured`", body = Problem, content_type = "application/problem+json"),
))]
async fn callback(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    Query(query): Query<SsoCallbackQuery>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, No> {
    let SsoCallbackQuery { code, state, iss, error } = query;
    let answer = ProviderAnswer { code, state, iss, error };
    let browser = cookies::login_secret(service.config(), &headers);
    let came = service.finish_sso_oidc(&tenant, &answer, browser.as_deref(), &caller).await?;
    arrived(service.config(), came)
}

#[derive(Deserialize, IntoParams)]
struct SsoInitiateQuery {
    /// The provider that asks: the tenant's.
    iss: String,
    /// Who will probably log in.
    login_hint: Option<String>,
    /// A page of this server's own origin.
    target_link_uri: Option<String>,
}

/// Begins a login that the provider asks for (OpenID Connect Core §4): it runs as any other, and ends at a page of this
/// server's own origin.
#[utoipa::path(get, path = "/api/v1/auth/sso/oidc/initiate/{tenant}", tag = "sso",
    params(("tenant" = String, Path, description = "`ten_…`"), SsoInitiateQuery), responses(
    (status = 302, description = "To the provider"),
    (status = 400, description = "`bad_request`: the target is no page of this server's own origin", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`issuer_mismatch`: not the tenant's provider", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "`provider_unreachable`, `provider_misconfigured`", body = Problem, content_type = "application/problem+json"),
))]
async fn initiate(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    Query(query): Query<SsoInitiateQuery>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let config = service.config();
    service.initiated_sso(&tenant, &query.iss).await?;
    // A whole URL of this very origin, as the specification has it, or a path.
    let target = query.target_link_uri.as_deref();
    let target = target.map(|target| target.strip_prefix(config.base_url.as_str()).unwrap_or(target));
    let target = target.map(|target| if target.is_empty() { "/" } else { target });
    let known = cookies::login_secret(config, &headers);
    let ask = SsoAsk::initiated(&tenant, query.login_hint.as_deref(), target);
    let leaving = service.begin_sso(ask, known.as_deref()).await?;
    Ok(leave(config, leaving).into_response())
}
