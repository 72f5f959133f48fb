//! `/admin/workspaces/{id}/groups`, their members and the groups in them.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::GroupChange;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::groups::{GroupAnswer, GroupCreate, GroupUpdate};
use crate::http::listing::{Listing, Paging};
use crate::http::members::MemberAnswer;
use crate::service::Service;
use crate::service::group_members::InGroup;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Admin, routes!(list, create))
        .add(Access::Admin, routes!(get, update, delete))
        .add(Access::Admin, routes!(members))
        .add(Access::Admin, routes!(add_member, remove_member))
        .add(Access::Admin, routes!(groups))
        .add(Access::Admin, routes!(add_group, remove_group))
}

/// The groups of a workspace by name.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/groups", tag = "admin",
    params(("workspace_id" = Uuid, Path), Paging),
    responses((status = 200, body = [GroupAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Path(workspace_id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Listing<GroupAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.groups_of(workspace_id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, GroupAnswer::from))
}

/// Makes a group.
#[utoipa::path(post, path = "/admin/workspaces/{workspace_id}/groups", tag = "admin",
    params(("workspace_id" = Uuid, Path)), request_body = GroupCreate,
    responses((status = 201, body = GroupAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(workspace_id): Path<Uuid>,
    Body(new): Body<GroupCreate>,
) -> Result<(StatusCode, Json<GroupAnswer>), Failure> {
    let made = service.make_group(&actor, &caller, workspace_id, &new.name, new.description.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One group.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/groups/{group_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path)),
    responses((status = 200, body = GroupAnswer), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(
    State(service): State<Service>,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
) -> Result<Json<GroupAnswer>, Failure> {
    Ok(Json(service.group_of(workspace_id, id).await?.into()))
}

/// Changes a group.
#[utoipa::path(patch, path = "/admin/workspaces/{workspace_id}/groups/{group_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path)), request_body = GroupUpdate,
    responses((status = 200, body = GroupAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Body(update): Body<GroupUpdate>,
) -> Result<Json<GroupAnswer>, Failure> {
    let description = update.description.as_ref().map(Option::as_deref);
    let change = GroupChange { name: update.name.as_deref(), description };
    Ok(Json(service.change_group(&actor, &caller, workspace_id, id, &change).await?.into()))
}

/// Deletes a group.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}/groups/{group_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.remove_group(&actor, &caller, workspace_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The members of a group by name.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/groups/{group_id}/members", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), Paging),
    responses((status = 200, body = [MemberAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn members(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Query(paging): Query<Paging>,
) -> Result<Listing<MemberAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.members_of_group(workspace_id, id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, MemberAnswer::from))
}

/// Puts a member of the workspace into a group.
#[utoipa::path(post, path = "/admin/workspaces/{workspace_id}/groups/{group_id}/members/{user_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn add_member(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, user_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.put_into_group(&actor, &caller, workspace_id, id, InGroup::Member(user_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes someone out of a group.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}/groups/{group_id}/members/{user_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove_member(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, user_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.take_out_of_group(&actor, &caller, workspace_id, id, InGroup::Member(user_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The groups that were put into a group by name.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/groups/{group_id}/groups", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), Paging),
    responses((status = 200, body = [GroupAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn groups(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Query(paging): Query<Paging>,
) -> Result<Listing<GroupAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.groups_within(workspace_id, id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, GroupAnswer::from))
}

/// Puts a group of the workspace into another one.
#[utoipa::path(post, path = "/admin/workspaces/{workspace_id}/groups/{group_id}/groups/{member_group_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("member_group_id" = Uuid, Path)),
    responses((status = 204), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn add_group(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, member_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.put_into_group(&actor, &caller, workspace_id, id, InGroup::Group(member_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a group out of a group.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}/groups/{group_id}/groups/{member_group_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("group_id" = Uuid, Path), ("member_group_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove_group(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, member_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.take_out_of_group(&actor, &caller, workspace_id, id, InGroup::Group(member_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
