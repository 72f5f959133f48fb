//! `/workspaces` and `/workspaces/{id}`.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::{WorkspaceChange, WorkspaceOfUser};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::{Body, Path, Query};
use super::listing::{Listing, Paging};
use super::time::rfc3339;
use super::users::present;
use crate::service::workspaces::NewNames;
use crate::service::{Caller, Service, User, WorkspaceRole};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::User, routes!(list, create)).add(Access::User, routes!(get, update, delete))
}

/// A workspace, with the role of who asks.
#[derive(Serialize, ToSchema)]
pub(super) struct WorkspaceAnswer {
    id: Uuid,
    slug: String,
    name: String,
    description: Option<String>,
    created_by: Option<Uuid>,
    created_at: String,
    #[schema(value_type = String, example = "editor")]
    role: WorkspaceRole,
}

impl From<WorkspaceOfUser> for WorkspaceAnswer {
    fn from(WorkspaceOfUser { workspace, role }: WorkspaceOfUser) -> Self {
        Self {
            id: workspace.id,
            slug: workspace.slug,
            name: workspace.name,
            description: workspace.description,
            created_by: workspace.created_by,
            created_at: rfc3339(workspace.created_at),
            role,
        }
    }
}

/// A new workspace.
#[derive(Deserialize, ToSchema)]
pub(super) struct WorkspaceCreate {
    name: String,
    /// `^[a-z0-9][a-z0-9-]*[a-z0-9]$`, unique in the deployment.
    slug: String,
    description: Option<String>,
}

/// What of a workspace is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct WorkspaceUpdate {
    pub(super) name: Option<String>,
    pub(super) slug: Option<String>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(super) description: Option<Option<String>>,
}

/// The workspaces of who asks.
#[utoipa::path(get, path = "/workspaces", tag = "workspaces", params(Paging),
    responses((status = 200, body = [WorkspaceAnswer]), (status = 401)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    user: User,
    Query(paging): Query<Paging>,
) -> Result<Listing<WorkspaceAnswer>, Failure> {
    let (search, cursor) = (paging.q.as_deref(), paging.cursor.as_deref());
    let page = service.workspaces_of(&user, search, paging.limit, cursor).await?;
    Ok(Listing::new(page, &uri, WorkspaceAnswer::from))
}

/// Makes a workspace; who asks becomes its owner.
#[utoipa::path(post, path = "/workspaces", tag = "workspaces", request_body = WorkspaceCreate,
    responses((status = 201, body = WorkspaceAnswer), (status = 400), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Body(new): Body<WorkspaceCreate>,
) -> Result<(StatusCode, Json<WorkspaceAnswer>), Failure> {
    let names = NewNames { slug: &new.slug, name: &new.name, description: new.description.as_deref() };
    let made = service.create_workspace(&user, &caller, &names).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One workspace.
#[utoipa::path(get, path = "/workspaces/{workspace_id}", tag = "workspaces", params(("workspace_id" = Uuid, Path)),
    responses((status = 200, body = WorkspaceAnswer), (status = 401), (status = 403), (status = 422)))]
async fn get(
    State(service): State<Service>,
    user: User,
    Path(id): Path<Uuid>,
) -> Result<Json<WorkspaceAnswer>, Failure> {
    Ok(Json(service.workspace(&user, id).await?.into()))
}

/// Changes a workspace: its admins may.
#[utoipa::path(patch, path = "/workspaces/{workspace_id}", tag = "workspaces", params(("workspace_id" = Uuid, Path)),
    request_body = WorkspaceUpdate,
    responses((status = 200, body = WorkspaceAnswer), (status = 400), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(update): Body<WorkspaceUpdate>,
) -> Result<Json<WorkspaceAnswer>, Failure> {
    let change = WorkspaceChange {
        slug: update.slug.as_deref(),
        name: update.name.as_deref(),
        description: update.description.as_ref().map(Option::as_deref),
    };
    Ok(Json(service.update_workspace(&user, &caller, id, &change).await?.into()))
}

/// Deletes a workspace with all that belongs to it: its owners may.
#[utoipa::path(delete, path = "/workspaces/{workspace_id}", tag = "workspaces", params(("workspace_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.delete_workspace(&user, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
