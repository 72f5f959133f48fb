//! `/local/users`: a workspace's local accounts, for its administrators.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::LocalProfile;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::own_sessions::{Ended, OwnSession};
use crate::service::local::{LocalChange, NewLocal};
use crate::service::{Caller, Service, User, WorkspaceRole};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::User, routes!(list, create))
        .add(Access::User, routes!(update))
        .add(Access::User, routes!(reset_pin))
        .add(Access::User, routes!(sessions))
        .add(Access::User, routes!(revoke_session))
        .add(Access::User, routes!(revoke_tokens))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// The last username of the page before.
    after: Option<String>,
}

/// The local accounts of the workspace that the token is for, by username, at most 1000. For its admins.
#[utoipa::path(get, path = "/local/users", tag = "local accounts", params(ListQuery),
    responses((status = 200, body = [LocalProfile]), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    user: User,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<LocalProfile>>, Failure> {
    let accounts = service.local_accounts(&user, query.after.as_deref()).await?;
    Ok(Json(accounts.into_iter().map(Into::into).collect()))
}

#[derive(Deserialize, ToSchema)]
struct NewUserBody {
    /// Letters, digits, `_` and `-`; in lower case, and dots become underscores.
    username: String,
    /// For display; without it the username.
    name: Option<String>,
    /// Six to twelve digits. Its owner is asked to change it.
    #[schema(value_type = String)]
    pin: SecretString,
    /// `viewer` where it is left out.
    #[schema(value_type = Option<String>, example = "viewer")]
    role: Option<WorkspaceRole>,
    /// 0 to 10; 0 where it is left out.
    trust_level: Option<i64>,
    channels: Option<Vec<String>>,
}

/// Makes a local account. For admins, up to their own role, in the workspace that the first start made; administrators of the
/// deployment make them in every workspace that they administer.
#[utoipa::path(post, path = "/local/users", tag = "local accounts", request_body = NewUserBody, responses(
    (status = 201, body = LocalProfile), (status = 400), (status = 401), (status = 403),
    (status = 409, description = "Somebody has this username, or had it"), (status = 422),
))]
async fn create(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Body(body): Body<NewUserBody>,
) -> Result<Response, Failure> {
    let new = NewLocal {
        username: &body.username,
        name: body.name.as_deref(),
        pin: &body.pin,
        role: body.role.unwrap_or(WorkspaceRole::Viewer),
        trust_level: body.trust_level.unwrap_or_default(),
        channels: body.channels.as_deref().unwrap_or_default(),
    };
    let made: LocalProfile = service.create_local_account(&user, &caller, &new).await?.into();
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

/// What is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct UserUpdate {
    /// Another username, which nobody else has or had. The one before stays this account's.
    username: Option<String>,
    name: Option<String>,
    #[schema(value_type = Option<String>, example = "viewer")]
    role: Option<WorkspaceRole>,
    trust_level: Option<i64>,
    channels: Option<Vec<String>>,
    /// `false` voids every token of the account at once.
    is_active: Option<bool>,
}

/// Changes a local account. For admins, below themselves; owners change everyone.
#[utoipa::path(patch, path = "/local/users/{user_id}", tag = "local accounts", params(("user_id" = Uuid, Path)),
    request_body = UserUpdate, responses(
        (status = 200, body = LocalProfile), (status = 400), (status = 401), (status = 403), (status = 404),
        (status = 409, description = "The last owner or administrator; somebody else has this username, or had it"),
        (status = 422),
    ))]
async fn update(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<UserUpdate>,
) -> Result<Json<LocalProfile>, Failure> {
    let change = LocalChange {
        username: body.username.as_deref(),
        name: body.name.as_deref(),
        role: body.role,
        trust_level: body.trust_level,
        channels: body.channels.as_deref(),
        is_active: body.is_active,
    };
    Ok(Json(service.change_local_account(&user, &caller, id, &change).await?.into()))
}

#[derive(Deserialize, ToSchema)]
struct NewPinBody {
    /// Six to twelve digits. Its owner is asked to change it.
    #[schema(value_type = String)]
    pin: SecretString,
}

/// Gives someone another PIN, opens a locked account, and ends every session of it.
#[utoipa::path(post, path = "/local/users/{user_id}/pin", tag = "local accounts", params(("user_id" = Uuid, Path)),
    request_body = NewPinBody,
    responses((status = 204), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422), (status = 503)))]
async fn reset_pin(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<NewPinBody>,
) -> Result<StatusCode, Failure> {
    service.reset_pin(&user, &caller, id, &body.pin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Someone's live sessions in the workspace, the one used last first.
#[utoipa::path(get, path = "/local/users/{user_id}/sessions", tag = "local accounts", params(("user_id" = Uuid, Path)),
    responses((status = 200, body = [OwnSession]), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn sessions(
    State(service): State<Service>,
    user: User,
    Path(id): Path<Uuid>,
) -> Result<Json<Vec<OwnSession>>, Failure> {
    let sessions = service.sessions_of_local(&user, id).await?;
    Ok(Json(sessions.into_iter().map(|session| OwnSession::new(session, user.session_id)).collect()))
}

/// Ends one of someone's sessions, and its tokens.
#[utoipa::path(delete, path = "/local/users/{user_id}/sessions/{session_id}", tag = "local accounts",
    params(("user_id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn revoke_session(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((id, session_id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.revoke_session_of_local(&user, &caller, id, session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Voids everything that someone has been given until now; they may log in again.
#[utoipa::path(post, path = "/local/users/{user_id}/revoke-tokens", tag = "local accounts",
    params(("user_id" = Uuid, Path)),
    responses((status = 200, body = Ended), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn revoke_tokens(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<Json<Ended>, Failure> {
    Ok(Json(Ended { sessions: service.revoke_tokens_of_local(&user, &caller, id).await? }))
}
