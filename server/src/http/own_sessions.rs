//! `/users/me/sessions`: where a person is logged in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sentinel_storage::Session;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::Path;
use super::time::rfc3339;
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::User, routes!(list)).add(Access::User, routes!(revoke)).add(Access::User, routes!(revoke_others))
}

/// A login that still lives.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnSession {
    id: Uuid,
    workspace_id: Uuid,
    /// What the browser or program called itself where it was begun.
    user_agent: Option<String>,
    /// From where it was begun.
    ip_address: Option<String>,
    created_at: String,
    /// To within a few minutes.
    last_seen_at: String,
    expires_at: String,
    /// Whether this request is of it.
    is_current: bool,
}

impl OwnSession {
    pub(super) fn new(session: Session, current: Option<Uuid>) -> Self {
        Self {
            is_current: Some(session.id) == current,
            id: session.id,
            workspace_id: session.workspace_id,
            user_agent: session.user_agent,
            ip_address: session.ip_address,
            created_at: rfc3339(session.created_at),
            last_seen_at: rfc3339(session.last_used_at),
            expires_at: rfc3339(session.expires_at),
        }
    }
}

/// How many ended.
#[derive(Serialize, ToSchema)]
pub(super) struct Ended {
    pub(super) sessions: usize,
}

/// One's own sessions that live, the one used last first. Needs an access token.
#[utoipa::path(get, path = "/users/me/sessions", tag = "users",
    responses((status = 200, body = [OwnSession]), (status = 401), (status = 403)))]
async fn list(State(service): State<Service>, user: User) -> Result<Json<Vec<OwnSession>>, Failure> {
    let sessions = service.own_sessions(&user).await?;
    Ok(Json(sessions.into_iter().map(|session| OwnSession::new(session, user.session_id)).collect()))
}

/// Ends one of one's own sessions, and its tokens; this one, too.
#[utoipa::path(delete, path = "/users/me/sessions/{session_id}", tag = "users", params(("session_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn revoke(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.revoke_own_session(&user, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all of one's own sessions but this one, and their tokens.
#[utoipa::path(post, path = "/users/me/sessions/revoke-others", tag = "users",
    responses((status = 200, body = Ended), (status = 401), (status = 403)))]
async fn revoke_others(State(service): State<Service>, user: User, caller: Caller) -> Result<Json<Ended>, Failure> {
    Ok(Json(Ended { sessions: service.revoke_other_sessions(&user, &caller).await? }))
}
