//! `/admin/workspaces/{id}/members`.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::listing::Listing;
use crate::http::members::{MemberAnswer, MemberInvite, MemberUpdate};
use crate::service::{Service, WorkspaceRole};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list, add)).add(Access::Admin, routes!(update, remove))
}

/// Which members.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MembersQuery {
    /// Part of the name or the e-mail address, in any case.
    q: Option<String>,
    /// Only those with this role.
    #[param(value_type = Option<String>, example = "editor")]
    role: Option<WorkspaceRole>,
    /// Most entries of the answer, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: from the `Link` header of the page before.
    cursor: Option<String>,
}

/// The members of a workspace by name.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/members", tag = "admin",
    params(("workspace_id" = Uuid, Path), MembersQuery),
    responses((status = 200, body = [MemberAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Path(workspace_id): Path<Uuid>,
    Query(query): Query<MembersQuery>,
) -> Result<Listing<MemberAnswer>, Failure> {
    let (search, cursor) = (query.q.as_deref(), query.cursor.as_deref());
    let page = service.members_of(workspace_id, search, query.role, query.limit, cursor).await?;
    Ok(Listing::new(page, &uri, MemberAnswer::from))
}

/// Makes an account a member, with any role.
#[utoipa::path(post, path = "/admin/workspaces/{workspace_id}/members", tag = "admin",
    params(("workspace_id" = Uuid, Path)), request_body = MemberInvite,
    responses((status = 201, body = MemberAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn add(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(workspace_id): Path<Uuid>,
    Body(new): Body<MemberInvite>,
) -> Result<(StatusCode, Json<MemberAnswer>), Failure> {
    let member = service.add_member(&actor, &caller, workspace_id, &new.email, new.role).await?;
    Ok((StatusCode::CREATED, Json(member.into())))
}

/// Gives a member another role. The last owner stays one.
#[utoipa::path(patch, path = "/admin/workspaces/{workspace_id}/members/{user_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path)), request_body = MemberUpdate,
    responses((status = 200, body = MemberAnswer), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, user_id)): Path<(Uuid, Uuid)>,
    Body(update): Body<MemberUpdate>,
) -> Result<Json<MemberAnswer>, Failure> {
    service.change_member(&actor, &caller, workspace_id, user_id, Some(update.role)).await?;
    Ok(Json(service.member_of(workspace_id, user_id).await?.into()))
}

/// Ends a membership. The last owner stays.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}/members/{user_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn remove(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, user_id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.change_member(&actor, &caller, workspace_id, user_id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
