//! What a service asks about itself.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::access::{Access, Routes};
use super::extract::Body;
use super::{Failure, cookies};
use crate::service::{Realm, Service, ServiceApp};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Service, routes!(whoami)).add(Access::Service, routes!(m2m_token))
}

/// What a service's key stands for.
#[derive(Serialize, ToSchema)]
struct Whoami {
    /// What its actions, permissions and tokens are named by.
    effective_scope: String,
    /// The realm that it is a member of.
    realm: Option<Realm>,
}

/// The scope of the service whose key this is.
#[utoipa::path(get, path = "/realm/whoami", tag = "realm", responses(
    (status = 200, body = Whoami),
    (status = 401, description = "No key, or one that opens nothing"),
))]
async fn whoami(app: ServiceApp) -> Json<Whoami> {
    Json(Whoami { effective_scope: app.scope().to_owned(), realm: app.realm })
}

#[derive(Deserialize, ToSchema)]
struct M2mBody {
    /// The one service of the realm that it is for; without it, all of them.
    aud_target: Option<String>,
}

/// A token without a user.
#[derive(Serialize, ToSchema)]
struct M2mToken {
    token: String,
    /// Seconds until it expires.
    expires_in: i64,
}

/// A token that shows the other services of the realm who calls.
#[utoipa::path(post, path = "/realm/m2m-token", tag = "realm", request_body = M2mBody, responses(
    (status = 200, body = M2mToken),
    (status = 401, description = "No key, or one that opens nothing"),
    (status = 403, description = "The service belongs to no realm, or the target is not in it"),
))]
async fn m2m_token(
    State(service): State<Service>,
    app: ServiceApp,
    Body(body): Body<M2mBody>,
) -> Result<Response, Failure> {
    let (token, expires_in) = service.m2m_token(&app, body.aud_target.as_deref()).await?;
    Ok(cookies::private(Json(M2mToken { token, expires_in }).into_response()))
}
