//! The login at the provider has ended.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use crate::http::access::{Access, Routes};
use crate::http::cookies;
use crate::http::extract::{Path, Query};
use crate::http::tenant::problem::{No, Problem};
use crate::service::{Caller, Error, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, routes!(back_channel, front_channel))
}

/// What a provider posts (OpenID Connect Back-Channel Logout 1.0 §2.5).
#[derive(Deserialize, ToSchema)]
struct SsoLogoutForm {
    logout_token: String,
}

/// Ends what came of a login that has ended at the provider (OpenID Connect Back-Channel Logout 1.0).
#[utoipa::path(post, path = "/api/v1/auth/sso/oidc/logout/{tenant}", tag = "sso",
    params(("tenant" = String, Path, description = "`ten_…`")),
    request_body(content = SsoLogoutForm, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 200, description = "It has ended"),
    (status = 400, description = "`token_refused`, `replayed`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
))]
async fn back_channel(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    caller: Caller,
    form: Result<Form<SsoLogoutForm>, FormRejection>,
) -> Result<Response, No> {
    let Ok(Form(form)) = form else { return Err(Error::invalid("A form with logout_token is needed").into()) };
    match service.sso_back_channel_logout(&tenant, &form.logout_token, &caller).await {
        Ok(()) => Ok(cookies::private(StatusCode::OK.into_response())),
        Err(error) => Err(No::Logout(error)),
    }
}

#[derive(Deserialize, IntoParams)]
struct SsoFrontLogoutQuery {
    /// The provider.
    iss: String,
    /// Its name for the login that has ended.
    sid: String,
}

/// Ends what came of a login that has ended at the provider, whose page loads this in a frame (OpenID Connect Front-Channel
/// Logout 1.0).
#[utoipa::path(get, path = "/api/v1/auth/sso/oidc/logout/{tenant}", tag = "sso",
    params(("tenant" = String, Path, description = "`ten_…`"), SsoFrontLogoutQuery), responses(
    (status = 200, description = "An empty page"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
))]
async fn front_channel(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    Query(query): Query<SsoFrontLogoutQuery>,
    caller: Caller,
) -> Result<Response, No> {
    service.sso_front_channel_logout(&tenant, &query.iss, &query.sid, &caller).await?;
    // The page says nothing: whether the frame shows it does not matter.
    Ok(cookies::private(StatusCode::OK.into_response()))
}
