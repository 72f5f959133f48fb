//! Another password: by who knows the one of now, and by who has a link.

use axum::extract::State;
use axum::http::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::problem::{No, Problem};
use crate::http::access::{Access, Routes};
use crate::http::extract::Body;
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::User, routes!(change)).add(Access::Public, routes!(reset))
}

#[derive(Deserialize, ToSchema)]
struct ChangeBody {
    /// The one of now.
    #[schema(value_type = String, format = Password)]
    current_password: SecretString,
    /// The one from now on.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// Changes the password. The account's other sessions end.
#[utoipa::path(post, path = "/api/v1/auth/password", tag = "tenant", request_body = ChangeBody, responses(
    (status = 204, description = "It is changed"),
    (status = 401, description = "`unauthenticated`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`current_password_wrong`", body = Problem, content_type = "application/problem+json"),
    (status = 409, description = "`no_password`, or `conflict`: it was changed at the same moment", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`password_refused` with every rule that it breaks, or `request_invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "`too_many_requests`: too many wrong ones came", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: too many passwords are being checked", body = Problem, content_type = "application/problem+json"),
))]
async fn change(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Body(body): Body<ChangeBody>,
) -> Result<StatusCode, No> {
    service.change_password(&user, &body.current_password, &body.new_password, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize, ToSchema)]
struct ResetBody {
    /// From the link; good once.
    #[schema(value_type = String)]
    secret: SecretString,
    /// The one from now on.
    #[schema(value_type = String, format = Password)]
    new_password: SecretString,
}

/// Sets a password with a link's secret: the first one, or the next one of someone who has forgotten it. All sessions of
/// the account end.
#[utoipa::path(post, path = "/api/v1/auth/password/reset", tag = "tenant", request_body = ResetBody, responses(
    (status = 204, description = "It is set"),
    (status = 404, description = "`link_invalid`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`password_refused` with every rule that it breaks, or `request_invalid`; the link stays good", body = Problem, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: too many passwords are being checked", body = Problem, content_type = "application/problem+json"),
))]
async fn reset(State(service): State<Service>, caller: Caller, Body(body): Body<ResetBody>) -> Result<StatusCode, No> {
    service.reset_password(&body.secret, &body.new_password, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
