use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::LocalProfile;
use crate::http::access::{Access, Routes};
use crate::http::extract::Body;
use crate::http::{Failure, sliding};
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::User, routes!(me)).add(Access::User, routes!(change_pin))
}

/// One's own local account: what a profile page shows.
#[utoipa::path(get, path = "/local/me", tag = "local accounts", responses(
    (status = 200, body = LocalProfile), (status = 401), (status = 403),
    (status = 404, description = "Not a local account"),
))]
async fn me(State(service): State<Service>, user: User) -> Result<Json<LocalProfile>, Failure> {
    Ok(Json(service.own_local_account(&user).await?.into()))
}

#[derive(Deserialize, ToSchema)]
struct PinBody {
    /// The one of now.
    #[schema(value_type = String)]
    current_pin: SecretString,
    /// Six to twelve digits.
    #[schema(value_type = String)]
    new_pin: SecretString,
}

/// Changes one's own PIN. All of one's sessions end; `X-Refreshed-Token` has the token of a new one, which says so already.
#[utoipa::path(post, path = "/local/pin", tag = "local accounts", request_body = PinBody, responses(
    (status = 200, body = LocalProfile),
    (status = 400, description = "The PIN of now is another one, or the new one breaks the rules"),
    (status = 401), (status = 403), (status = 404, description = "Not a local account"),
    (status = 409, description = "It was changed at the same moment"), (status = 422),
    (status = 429, description = "Too many wrong PINs"), (status = 503, description = "Too many PINs are being checked"),
))]
async fn change_pin(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Body(body): Body<PinBody>,
) -> Result<Response, Failure> {
    let token = service.change_pin(&user, &caller, &body.current_pin, &body.new_pin).await?;
    let profile: LocalProfile = service.own_local_account(&user).await?.into();
    let mut response = Json(profile).into_response();
    if let Some(token) = token {
        sliding::carry(&mut response, &token)?;
    }
    Ok(response)
}
