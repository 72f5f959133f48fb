//! `/workspaces/{id}/groups`, their members and the groups in them.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::{Group, GroupChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::{Body, Path, Query};
use super::listing::{Listing, Paging};
use super::members::MemberAnswer;
use super::time::rfc3339;
use super::users::present;
use crate::service::group_members::InGroup;
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Directory, routes!(list))
        .add(Access::User, routes!(create))
        .add(Access::User, routes!(get, update, delete))
        .add(Access::Directory, routes!(members))
        .add(Access::User, routes!(add_member, remove_member))
        .add(Access::Directory, routes!(groups))
        .add(Access::User, routes!(add_group, remove_group))
}

/// A group.
#[derive(Serialize, ToSchema)]
pub(super) struct GroupAnswer {
    id: Uuid,
    workspace_id: Uuid,
    name: String,
    description: Option<String>,
    created_by: Option<Uuid>,
    created_at: String,
    member_count: i64,
}

impl From<Group> for GroupAnswer {
    fn from(group: Group) -> Self {
        Self {
            id: group.id,
            workspace_id: group.workspace_id,
            name: group.name,
            description: group.description,
            created_by: group.created_by,
            created_at: rfc3339(group.created_at),
            member_count: group.members,
        }
    }
}

/// A new group.
#[derive(Deserialize, ToSchema)]
pub(super) struct GroupCreate {
    /// Unique in the workspace.
    pub(super) name: String,
    pub(super) description: Option<String>,
}

/// What of a group is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct GroupUpdate {
    pub(super) name: Option<String>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) description: Option<Option<String>>,
}

/// The groups of a workspace.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/groups", tag = "groups", params(("workspace_id" = Uuid, Path), Paging),
    responses((status = 200, body = [GroupAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    user: User,
    Path(workspace_id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Listing<GroupAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.groups(&user, workspace_id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, GroupAnswer::from))
}

/// Makes a group: admins may.
#[utoipa::path(post, path = "/workspaces/{workspace_id}/groups", tag = "groups", params(("workspace_id" = Uuid, Path)),
    request_body = GroupCreate,
    responses((status = 201, body = GroupAnswer), (status = 400), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(workspace_id): Path<Uuid>,
    Body(new): Body<GroupCreate>,
) -> Result<(StatusCode, Json<GroupAnswer>), Failure> {
    let group = service.create_group(&user, &caller, workspace_id, &new.name, new.description.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(group.into())))
}

/// One group.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/groups/{group_id}", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path)),
    responses((status = 200, body = GroupAnswer), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(
    State(service): State<Service>,
    user: User,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
) -> Result<Json<GroupAnswer>, Failure> {
    Ok(Json(service.group(&user, workspace_id, id).await?.into()))
}

/// Changes a group: admins may.
#[utoipa::path(patch, path = "/workspaces/{workspace_id}/groups/{group_id}", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path)), request_body = GroupUpdate,
    responses((status = 200, body = GroupAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Body(update): Body<GroupUpdate>,
) -> Result<Json<GroupAnswer>, Failure> {
    let description = update.description.as_ref().map(Option::as_deref);
    let change = GroupChange { name: update.name.as_deref(), description };
    Ok(Json(service.update_group(&user, &caller, workspace_id, id, &change).await?.into()))
}

/// Deletes a group: admins may.
#[utoipa::path(delete, path = "/workspaces/{workspace_id}/groups/{group_id}", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.delete_group(&user, &caller, workspace_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The members of a group.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/groups/{group_id}/members", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), Paging),
    responses((status = 200, body = [MemberAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn members(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    user: User,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Query(paging): Query<Paging>,
) -> Result<Listing<MemberAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.group_members(&user, workspace_id, id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, MemberAnswer::from))
}

/// Puts a member of the workspace into a group: admins may.
#[utoipa::path(post, path = "/workspaces/{workspace_id}/groups/{group_id}/members/{user_id}", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn add_member(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, id, member_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.add_to_group(&user, &caller, workspace_id, id, InGroup::Member(member_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes someone out of a group: admins may.
#[utoipa::path(delete, path = "/workspaces/{workspace_id}/groups/{group_id}/members/{user_id}", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove_member(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, id, member_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.remove_from_group(&user, &caller, workspace_id, id, InGroup::Member(member_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The groups that were put into a group: who is in one of them is in this one, too.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/groups/{group_id}/groups", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), Paging),
    responses((status = 200, body = [GroupAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn groups(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    user: User,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Query(paging): Query<Paging>,
) -> Result<Listing<GroupAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.groups_in_group(&user, workspace_id, id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, GroupAnswer::from))
}

/// Puts a group of the workspace into another one: admins may.
#[utoipa::path(post, path = "/workspaces/{workspace_id}/groups/{group_id}/groups/{member_group_id}", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("member_group_id" = Uuid, Path)),
    responses((status = 204), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn add_group(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, id, member_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.add_to_group(&user, &caller, workspace_id, id, InGroup::Group(member_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a group out of a group: admins may.
#[utoipa::path(delete, path = "/workspaces/{workspace_id}/groups/{group_id}/groups/{member_group_id}", tag = "groups",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("member_group_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove_group(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, id, member_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.remove_from_group(&user, &caller, workspace_id, id, InGroup::Group(member_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
