//! `/workspaces/{id}/members`.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use sentinel_storage::Member;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::{Body, Path, Query};
use super::invitations::InvitationAnswer;
use super::listing::{Listing, Paging};
use super::time::rfc3339;
use crate::service::members::Invited;
use crate::service::{Caller, Service, User, WorkspaceRole};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Directory, routes!(list))
        .add(Access::User, routes!(invite))
        .add(Access::User, routes!(update, remove))
}

/// A member of a workspace.
#[derive(Serialize, ToSchema)]
pub(super) struct MemberAnswer {
    user_id: Uuid,
    email: String,
    name: String,
    avatar_url: Option<String>,
    #[schema(value_type = String, example = "editor")]
    role: WorkspaceRole,
    joined_at: String,
}

impl From<Member> for MemberAnswer {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user_id,
            email: member.email,
            name: member.name,
            avatar_url: member.avatar_url,
            role: member.role,
            joined_at: rfc3339(member.created_at),
        }
    }
}

/// Who is to become a member.
#[derive(Deserialize, ToSchema)]
pub(super) struct MemberInvite {
    /// An address that an account has proven, or will prove.
    pub(super) email: String,
    #[serde(default = "viewer")]
    #[schema(value_type = String, example = "viewer")]
    pub(super) role: WorkspaceRole,
}

fn viewer() -> WorkspaceRole {
    WorkspaceRole::Viewer
}

/// A member's new role.
#[derive(Deserialize, ToSchema)]
pub(super) struct MemberUpdate {
    #[schema(value_type = String, example = "editor")]
    pub(super) role: WorkspaceRole,
}

/// The members of a workspace.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/members", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), Paging),
    responses((status = 200, body = [MemberAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    user: User,
    Path(workspace_id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Listing<MemberAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.members(&user, workspace_id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, MemberAnswer::from))
}

/// Makes an account a member, or, where none has proven the address, invites whoever will: admins may.
#[utoipa::path(post, path = "/workspaces/{workspace_id}/members/invite", tag = "workspaces",
    params(("workspace_id" = Uuid, Path)), request_body = MemberInvite,
    responses(
        (status = 201, description = "A member from now on", body = MemberAnswer),
        (status = 202, description = "A member from the first login on that proves the address", body = InvitationAnswer),
        (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422),
    ))]
async fn invite(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(workspace_id): Path<Uuid>,
    Body(invite): Body<MemberInvite>,
) -> Result<Response, Failure> {
    Ok(match service.invite_member(&user, &caller, workspace_id, &invite.email, invite.role).await? {
        Invited::Member(member) => (StatusCode::CREATED, Json(MemberAnswer::from(member))).into_response(),
        Invited::Pending(invitation) => {
            (StatusCode::ACCEPTED, Json(InvitationAnswer::from(invitation))).into_response()
        }
    })
}

/// Gives a member another role: admins may, up to their own.
#[utoipa::path(patch, path = "/workspaces/{workspace_id}/members/{user_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path)), request_body = MemberUpdate,
    responses((status = 200, body = MemberAnswer), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, member_id)): Path<(Uuid, Uuid)>,
    Body(update): Body<MemberUpdate>,
) -> Result<Json<MemberAnswer>, Failure> {
    let member = service.set_member_role(&user, &caller, workspace_id, member_id, update.role).await?;
    Ok(Json(member.into()))
}

/// Ends a membership: admins may, and every member their own.
#[utoipa::path(delete, path = "/workspaces/{workspace_id}/members/{user_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn remove(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, member_id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.remove_member(&user, &caller, workspace_id, member_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
