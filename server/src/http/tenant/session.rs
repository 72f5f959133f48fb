//! Login, the next tokens, logout.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::cookie;
use super::problem::{No, Problem};
use crate::http::access::{Access, Routes};
use crate::http::extract::Body;
use crate::http::{Failure, cookies};
use crate::service::dialects::TenantRole;
use crate::service::sessions::TokenAnswer;
use crate::service::tenant::{Refusal, TenantLogin, TenantSession};
use crate::service::{Caller, Config, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, routes!(login)).add(Access::Public, routes!(refresh)).add(Access::User, routes!(logout))
}

/// Where a refresh token goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum RefreshTokenIn {
    /// Into the answer, for programs.
    #[default]
    Body,
    /// Into a cookie that no script sees, for pages of this server's own origin.
    Cookie,
}

#[derive(Deserialize, ToSchema)]
struct LoginBody {
    #[schema(example = "user@firm.com")]
    email: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// Which tenant, for who is a member of several: `ten_…`
    tenant_id: Option<String>,
    /// Where the refresh token goes; without it into the body.
    refresh_token_in: Option<RefreshTokenIn>,
}

/// Who has logged in.
#[derive(Serialize, ToSchema)]
struct TenantUser {
    #[schema(example = "usr_3f0c5bb0-52cb-4f2b-9d1a-1a6f6f0d1f11")]
    id: String,
    email: String,
    role: TenantRole,
    #[schema(example = "ten_8a1c7d4e-3e63-4a55-8f0b-5f3f5a0b9c22")]
    tenant_id: String,
}

/// New tokens.
#[derive(Serialize, ToSchema)]
pub(super) struct TenantTokens {
    /// For requests.
    access_token: String,
    /// For the next tokens; good once. Not here where it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// `bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(example = 3600)]
    expires_in: i64,
    /// Who has logged in; not in the answer to a refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<TenantUser>,
}

fn answer(
    config: &Config,
    tokens: TokenAnswer,
    user: Option<TenantUser>,
    place: RefreshTokenIn,
) -> Result<Response, Failure> {
    let TokenAnswer { access_token, refresh_token, expires_in } = tokens;
    let (shown, kept) = match place {
        RefreshTokenIn::Body => (Some(refresh_token), None),
        RefreshTokenIn::Cookie => (None, Some(refresh_token)),
    };
    let tokens = TenantTokens { access_token, refresh_token: shown, token_type: "bearer", expires_in, user };
    let response = cookies::private(Json(tokens).into_response());
    match kept {
        Some(token) => cookie::keep(response, config, &token),
        None => Ok(response),
    }
}

/// The answer to a login, with the refresh token in it.
pub(super) fn signed_in(config: &Config, session: TenantSession) -> Result<Response, Failure> {
    let TenantSession { tokens, user_id, email, role, tenant_id } = session;
    let user = TenantUser { id: user_id, email, role, tenant_id };
    answer(config, tokens, Some(user), RefreshTokenIn::Body)
}

/// Logs in with an address and a password, in one tenant.
#[utoipa::path(post, path = "/api/v1/auth/login", tag = "tenant", request_body = LoginBody, responses(
    (status = 200, body = TenantTokens),
    (status = 401, description = "`invalid_credentials`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`account_disabled`, `tenant_not_allowed`, `no_tenant`, `origin_not_allowed`, `password_change_required`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`tenant_required`, with the tenants to choose from", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "`too_many_requests`: too many logins failed", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: too many passwords are being checked", body = Problem, content_type = "application/problem+json"),
))]
async fn login(
    State(service): State<Service>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body<LoginBody>,
) -> Result<Response, No> {
    let LoginBody { email, password, tenant_id, refresh_token_in } = body;
    let place = refresh_token_in.unwrap_or_default();
    if place == RefreshTokenIn::Cookie {
        // Or another's page could log somebody in as someone else.
        cookie::require_own_page(service.config(), &headers)?;
    }
    let ask = TenantLogin { email: &email, password: &password, tenant_id: tenant_id.as_deref() };
    let TenantSession { tokens, user_id, email, role, tenant_id } = service.tenant_login(ask, &caller).await?;
    let user = TenantUser { id: user_id, email, role, tenant_id };
    Ok(answer(service.config(), tokens, Some(user), place).into_response())
}

#[derive(Deserialize, ToSchema)]
struct TenantRefreshBody {
    /// The last one that was answered; left out by a browser that has it in its cookie.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<SecretString>,
}

/// The next tokens. The refresh token that was used is dead at once: whoever uses it again ends the session, for one of the
/// two has a copy.
#[utoipa::path(post, path = "/api/v1/auth/refresh", tag = "tenant", request_body = TenantRefreshBody, responses(
    (status = 200, body = TenantTokens),
    (status = 401, description = "`refresh_token_invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`origin_not_allowed`: a cookie came, and not from a page of this server's own", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`", body = Problem, content_type = "application/problem+json"),
))]
async fn refresh(
    State(service): State<Service>,
    caller: Caller,
    headers: HeaderMap,
    Body(body): Body<TenantRefreshBody>,
) -> Result<Response, No> {
    use secrecy::ExposeSecret as _;
    let config = service.config();
    if let Some(token) = body.refresh_token {
        let tokens = service.tenant_refresh(token.expose_secret(), &caller).await?;
        return Ok(answer(config, tokens, None, RefreshTokenIn::Body).into_response());
    }
    let token = cookie::refresh_token(config, &headers).ok_or(Refusal::RefreshTokenInvalid)?;
    cookie::require_own_page(config, &headers)?;
    match service.tenant_refresh(&token, &caller).await.map_err(No::from) {
        Ok(tokens) => Ok(answer(config, tokens, None, RefreshTokenIn::Cookie).into_response()),
        Err(no) if no.ends_session() => Ok(cookie::forget(no.into_response(), config).into_response()),
        Err(no) => Err(no),
    }
}

/// Ends the token that it comes with and its session, and takes the cookie away where there is one.
#[utoipa::path(post, path = "/api/v1/auth/logout", tag = "tenant", responses(
    (status = 204, description = "It has ended"),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
))]
async fn logout(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, No> {
    service.log_out(&user, &caller).await?;
    let response = StatusCode::NO_CONTENT.into_response();
    if cookie::refresh_token(service.config(), &headers).is_none() {
        return Ok(response);
    }
    Ok(cookie::forget(response, service.config()).into_response())
}
