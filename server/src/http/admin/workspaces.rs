//! `/admin/workspaces` and `/admin/workspaces/{id}`.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::{WorkspaceChange, WorkspaceEntry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::listing::{Listing, Paging};
use crate::http::time::rfc3339;
use crate::http::workspaces::WorkspaceUpdate;
use crate::service::Service;
use crate::service::workspaces::NewNames;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list, create)).add(Access::Admin, routes!(get, update, delete))
}

/// A workspace.
#[derive(Serialize, ToSchema)]
struct AdminWorkspace {
    id: Uuid,
    slug: String,
    name: String,
    description: Option<String>,
    created_by: Option<Uuid>,
    created_at: String,
    updated_at: String,
    member_count: i64,
}

impl From<WorkspaceEntry> for AdminWorkspace {
    fn from(WorkspaceEntry { workspace, members }: WorkspaceEntry) -> Self {
        Self {
            id: workspace.id,
            slug: workspace.slug,
            name: workspace.name,
            description: workspace.description,
            created_by: workspace.created_by,
            created_at: rfc3339(workspace.created_at),
            updated_at: rfc3339(workspace.updated_at),
            member_count: members,
        }
    }
}

/// A new workspace.
#[derive(Deserialize, ToSchema)]
struct AdminWorkspaceCreate {
    name: String,
    /// `^[a-z0-9][a-z0-9-]*[a-z0-9]$`, unique in the deployment.
    slug: String,
    description: Option<String>,
    /// An address that an account has proven: its first owner.
    owner_email: String,
}

/// All workspaces by name.
#[utoipa::path(get, path = "/admin/workspaces", tag = "admin", params(Paging),
    responses((status = 200, body = [AdminWorkspace]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Query(paging): Query<Paging>,
) -> Result<Listing<AdminWorkspace>, Failure> {
    let page = service.all_workspaces(paging.q.as_deref(), paging.limit, paging.cursor.as_deref()).await?;
    Ok(Listing::new(page, &uri, AdminWorkspace::from))
}

/// Makes a workspace for its first owner.
#[utoipa::path(post, path = "/admin/workspaces", tag = "admin", request_body = AdminWorkspaceCreate,
    responses((status = 201, body = AdminWorkspace), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    By { actor, caller }: By,
    Body(new): Body<AdminWorkspaceCreate>,
) -> Result<(StatusCode, Json<AdminWorkspace>), Failure> {
    let names = NewNames { slug: &new.slug, name: &new.name, description: new.description.as_deref() };
    let made = service.make_workspace_for(&actor, &caller, &new.owner_email, &names).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One workspace.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}", tag = "admin", params(("workspace_id" = Uuid, Path)),
    responses((status = 200, body = AdminWorkspace), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<AdminWorkspace>, Failure> {
    Ok(Json(service.workspace_entry(id).await?.into()))
}

/// Changes a workspace.
#[utoipa::path(patch, path = "/admin/workspaces/{workspace_id}", tag = "admin", params(("workspace_id" = Uuid, Path)),
    request_body = WorkspaceUpdate,
    responses((status = 200, body = AdminWorkspace), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
    Body(update): Body<WorkspaceUpdate>,
) -> Result<Json<AdminWorkspace>, Failure> {
    let change = WorkspaceChange {
        slug: update.slug.as_deref(),
        name: update.name.as_deref(),
        description: update.description.as_ref().map(Option::as_deref),
    };
    service.change_workspace(&actor, &caller, id, &change).await?;
    Ok(Json(service.workspace_entry(id).await?.into()))
}

/// Deletes a workspace with all that belongs to it.
#[utoipa::path(delete, path = "/admin/workspaces/{workspace_id}", tag = "admin", params(("workspace_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.remove_workspace(&actor, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
