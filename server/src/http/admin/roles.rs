//! `/admin/workspaces/{id}/roles`: the actions that each grants, and who has it.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::{Role, RoleChange};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::listing::{Listing, Paging};
use crate::http::members::MemberAnswer;
use crate::http::roles::ActionAnswer;
use crate::http::time::rfc3339;
use crate::http::users::present;
use crate::service::Service;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Admin, routes!(list, create))
        .add(Access::Admin, routes!(get, update, delete))
        .add(Access::Admin, routes!(add_action, remove_action))
        .add(Access::Admin, routes!(members))
        .add(Access::Admin, routes!(add_member, remove_member))
}

/// A role of a workspace.
#[derive(Serialize, ToSchema)]
struct RoleAnswer {
    id: Uuid,
    workspace_id: Uuid,
    name: String,
    description: Option<String>,
    created_by: Option<Uuid>,
    created_at: String,
    action_count: i64,
    member_count: i64,
}

impl From<Role> for RoleAnswer {
    fn from(role: Role) -> Self {
        Self {
            id: role.id,
            workspace_id: role.workspace_id,
            name: role.name,
            description: role.description,
            created_by: role.created_by,
            created_at: rfc3339(role.created_at),
            action_count: role.actions,
            member_count: role.members,
        }
    }
}

/// A role with the actions that it grants.
#[derive(Serialize, ToSchema)]
struct RoleDetail {
    #[serde(flatten)]
    role: RoleAnswer,
    actions: Vec<ActionAnswer>,
}

/// A new role.
#[derive(Deserialize, ToSchema)]
struct RoleCreate {
    /// Unique in the workspace.
    name: String,
    description: Option<String>,
}

/// What of a role is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct RoleUpdate {
    name: Option<String>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
}

/// The roles of a workspace by name.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/roles", tag = "admin",
    params(("workspace_id" = Uuid, Path), Paging),
    responses((status = 200, body = [RoleAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Path(workspace_id): Path<Uuid>,
    Query(paging): Query<Paging>,
) -> Result<Listing<RoleAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.roles_of(workspace_id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, RoleAnswer::from))
}

/// Makes a role that grants nothing yet.
#[utoipa::path(post, path = "/admin/workspaces/{workspace_id}/roles", tag = "admin",
    params(("workspace_id" = Uuid, Path)), request_body = RoleCreate,
    responses((status = 201, body = RoleAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(workspace_id): Path<Uuid>,
    Body(new): Body<RoleCreate>,
) -> Result<(StatusCode, Json<RoleAnswer>), Failure> {
    let made = service.make_role(&actor, &caller, workspace_id, &new.name, new.description.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One role with its actions.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/roles/{role_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path)),
    responses((status = 200, body = RoleDetail), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(
    State(service): State<Service>,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
) -> Result<Json<RoleDetail>, Failure> {
    let (role, actions) = service.role_of(workspace_id, id).await?;
    Ok(Json(RoleDetail { role: role.into(), actions: actions.into_iter().map(Into::into).collect() }))
}

/// Changes a role.
#[utoipa::path(patch, path = "/admin/workspaces/{workspace_id}/roles/{role_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path)), request_body = RoleUpdate,
    responses((status = 200, body = RoleAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Body(update): Body<RoleUpdate>,
) -> Result<Json<RoleAnswer>, Failure> {
    let description = update.description.as_ref().map(Option::as_deref);
    let change = RoleChange { name: update.name.as_deref(), description };
    Ok(Json(service.change_role(&actor, &caller, workspace_id, id, &change).await?.into()))
}

/// Deletes a role: what it granted is granted no longer.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}/roles/{role_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.remove_role(&actor, &caller, workspace_id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a role grant an action.
#[utoipa::path(post, path = "/admin/workspaces/{workspace_id}/roles/{role_id}/actions/{action_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path), ("action_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn add_action(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, action_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.grant_action(&actor, &caller, workspace_id, id, action_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an action out of a role.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}/roles/{role_id}/actions/{action_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path), ("action_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove_action(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, action_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.withdraw_action(&actor, &caller, workspace_id, id, action_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who has a role, by name.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/roles/{role_id}/members", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path), Paging),
    responses((status = 200, body = [MemberAnswer]), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn members(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Path((workspace_id, id)): Path<(Uuid, Uuid)>,
    Query(paging): Query<Paging>,
) -> Result<Listing<MemberAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.members_of_role(workspace_id, id, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, MemberAnswer::from))
}

/// Gives a member of the workspace a role.
#[utoipa::path(post, path = "/admin/workspaces/{workspace_id}/roles/{role_id}/members/{user_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn add_member(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, user_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.assign_role(&actor, &caller, workspace_id, id, user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a role from someone.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}/roles/{role_id}/members/{user_id}", tag = "admin",
    params(("workspace_id" = Uuid, Path), ("role_id" = Uuid, Path), ("user_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn remove_member(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((workspace_id, id, user_id)): Path<(Uuid, Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.unassign_role(&actor, &caller, workspace_id, id, user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
