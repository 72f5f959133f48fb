//! `/admin/scim-clients`: services that provision a workspace's people.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sentinel_storage::ScimClient;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path};
use crate::http::time::rfc3339;
use crate::service::scim::NewScimClient;
use crate::service::{Service, WorkspaceRole};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list, create)).add(Access::Admin, routes!(delete))
}

/// A service that provisions a workspace.
#[derive(Serialize, ToSchema)]
struct ScimClientAnswer {
    id: Uuid,
    name: String,
    workspace_id: Uuid,
    /// What of its key is shown.
    prefix: String,
    /// Domains whose addresses its word proves.
    domains: Vec<String>,
    /// What people are there who come by it.
    #[schema(value_type = String, example = "viewer")]
    role: WorkspaceRole,
    created_at: String,
}

impl From<ScimClient> for ScimClientAnswer {
    fn from(client: ScimClient) -> Self {
        Self {
            id: client.id,
            name: client.name,
            workspace_id: client.workspace_id,
            prefix: client.prefix,
            domains: client.domains,
            role: client.role,
            created_at: rfc3339(client.created_at),
        }
    }
}

/// With its key, which is shown once.
#[derive(Serialize, ToSchema)]
struct ScimClientWithKey {
    #[serde(flatten)]
    client: ScimClientAnswer,
    key: String,
}

/// The services that provision, the oldest first.
#[utoipa::path(get, path = "/admin/scim-clients", tag = "admin", responses(
    (status = 200, body = [ScimClientAnswer]), (status = 401), (status = 403)))]
async fn list(State(service): State<Service>) -> Result<Json<Vec<ScimClientAnswer>>, Failure> {
    Ok(Json(service.scim_clients().await?.into_iter().map(ScimClientAnswer::from).collect()))
}

/// A new one.
#[derive(Deserialize, ToSchema)]
struct ScimClientCreate {
    name: String,
    workspace_id: Uuid,
    /// Domains whose addresses its word proves: it can add whoever has one, and logins with one get the account it made.
    #[serde(default)]
    domains: Vec<String>,
    /// `viewer` (without it) or `editor`.
    #[schema(value_type = Option<String>, example = "viewer")]
    role: Option<WorkspaceRole>,
}

/// Registers a service that provisions a workspace.
#[utoipa::path(post, path = "/admin/scim-clients", tag = "admin", request_body = ScimClientCreate, responses(
    (status = 201, body = ScimClientWithKey), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn create(
    State(service): State<Service>,
    by: By,
    Body(body): Body<ScimClientCreate>,
) -> Result<(StatusCode, Json<ScimClientWithKey>), Failure> {
    let ScimClientCreate { name, workspace_id, domains, role } = &body;
    let new = NewScimClient { name, workspace_id: *workspace_id, domains, role: *role };
    let (client, key) = service.create_scim_client(&by.actor, &by.caller, &new).await?;
    Ok((StatusCode::CREATED, Json(ScimClientWithKey { client: client.into(), key })))
}

/// Removes one: its key opens nothing from now on. Whom it provisioned stay as they are.
#[utoipa::path(delete, path = "/admin/scim-clients/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(State(service): State<Service>, by: By, Path(id): Path<Uuid>) -> Result<StatusCode, Failure> {
    service.delete_scim_client(&by.actor, &by.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
