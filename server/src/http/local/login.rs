use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::LocalProfile;
use crate::http::access::{Access, Routes};
use crate::http::extract::Body;
use crate::http::layers::FromThisMachine;
use crate::http::{Failure, cookies};
use crate::service::local::LocalLogin;
use crate::service::{Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, routes!(login))
}

#[derive(Deserialize, ToSchema)]
struct LoginBody {
    /// In any case.
    username: String,
    /// Digits.
    #[schema(value_type = String)]
    pin: SecretString,
}

/// A token, and whose it is.
#[derive(Serialize, ToSchema)]
struct LoginAnswer {
    /// For requests, in `Authorization: Bearer`.
    access_token: String,
    /// `bearer`.
    token_type: &'static str,
    /// Seconds until it expires, where it is not used.
    expires_in: i64,
    /// Others know the PIN: its owner is asked to change it.
    must_change_pin: bool,
    user: LocalProfile,
}

/// Logs in with a username and a PIN. There is no refresh token: whoever uses the token gets the next one.
#[utoipa::path(post, path = "/local/login", tag = "local accounts", request_body = LoginBody, responses(
    (status = 200, body = LoginAnswer),
    (status = 401, description = "The username or the PIN is wrong, or it is the first start's and does not come from this machine"),
    (status = 403, description = "The account is deactivated, or no longer a member of its workspace"),
    (status = 422, description = "The body does not fit"),
    (status = 429, description = "Too many logins failed, of this account or from here"),
    (status = 503, description = "Too many PINs are being checked"),
))]
async fn login(
    State(service): State<Service>,
    caller: Caller,
    from_here: Option<Extension<FromThisMachine>>,
    Body(body): Body<LoginBody>,
) -> Result<Response, Failure> {
    let LocalLogin { access_token, expires_in, account } =
        service.local_login(&body.username, &body.pin, &caller, from_here.is_some()).await?;
    let must_change_pin = account.must_change_pin;
    let user = account.into();
    let answer = LoginAnswer { access_token, token_type: "bearer", expires_in, must_change_pin, user };
    Ok(cookies::private(Json(answer).into_response()))
}
