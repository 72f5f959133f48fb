//! `/admin/users/{user_id}/password`: links to set one with, taking one away, opening an account that guesses have locked.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::access::{Access, Routes};
use crate::http::extract::Path;
use crate::http::time::rfc3339;
use crate::http::{Failure, cookies};
use crate::service::Service;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(link)).add(Access::Admin, routes!(remove)).add(Access::Admin, routes!(unlock))
}

/// A link to set a password with.
#[derive(Serialize, ToSchema)]
struct AdminPasswordLink {
    /// For `POST /api/v1/auth/password/reset`, once. Shown now and never again: whoever has it sets the password.
    secret: String,
    /// This server's page to set the password in, with the secret as its fragment.
    url: String,
    expires_at: String,
}

/// Makes the secret of a link with which its owner sets a password: the first one, or the next one. Those that were made
/// before open nothing any more.
#[utoipa::path(post, path = "/admin/users/{user_id}/password-link", tag = "admin", params(("user_id" = Uuid, Path)),
    responses((status = 201, body = AdminPasswordLink), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "The account is deactivated, or its address is not proven"), (status = 422)))]
async fn link(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
) -> Result<Response, Failure> {
    let link = service.new_password_link(&actor, &caller, id).await?;
    let expires_at = rfc3339(link.expires_at);
    let (secret, url) = (link.secret.expose_secret().to_owned(), link.url.expose_secret().to_owned());
    let shown = AdminPasswordLink { secret, url, expires_at };
    Ok(cookies::private((StatusCode::CREATED, Json(shown)).into_response()))
}

/// Takes an account's password away, and ends everything that it had been given.
#[utoipa::path(delete, path = "/admin/users/{user_id}/password", tag = "admin", params(("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.remove_password(&actor, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets an account's failed logins: it is judged again at once, from everywhere.
#[utoipa::path(delete, path = "/admin/users/{user_id}/failed-logins", tag = "admin", params(("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn unlock(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.unlock_password(&actor, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
