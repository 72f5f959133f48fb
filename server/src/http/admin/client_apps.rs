//! `/admin/client-apps`: front ends of proxy mode.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::{Client, ClientChange, SessionDialect};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::listing::{Listing, Paging};
use crate::http::time::rfc3339;
use crate::service::client_apps::NewClientApp;
use crate::service::{Actor, Administrator, Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list, create)).add(Access::Admin, routes!(get, update, delete))
}

/// A front end.
#[derive(Serialize, ToSchema)]
struct ClientAppAnswer {
    id: Uuid,
    name: String,
    /// Where a login may lead back to, compared as they are.
    redirect_uris: Vec<String>,
    /// Whose pages may read answers.
    allowed_origins: Vec<String>,
    /// The workspaces that it may be used for; none: every one.
    workspaces: Vec<Uuid>,
    /// Which claims the access tokens of its sessions have.
    #[schema(value_type = String, example = "sentinel")]
    claims: SessionDialect,
    is_active: bool,
    created_by: Option<Uuid>,
    created_at: String,
    updated_at: String,
}

impl From<Client> for ClientAppAnswer {
    fn from(client: Client) -> Self {
        Self {
            id: client.id,
            name: client.name,
            redirect_uris: client.redirect_uris,
            allowed_origins: client.allowed_origins,
            workspaces: client.workspaces,
            claims: client.dialect,
            is_active: client.is_active,
            created_by: client.created_by,
            created_at: rfc3339(client.created_at),
            updated_at: rfc3339(client.updated_at),
        }
    }
}

/// Front ends by name.
#[utoipa::path(get, path = "/admin/client-apps", tag = "admin", params(Paging), responses(
    (status = 200, body = [ClientAppAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Query(paging): Query<Paging>,
) -> Result<Listing<ClientAppAnswer>, Failure> {
    let page = service.client_apps(paging.limit, paging.cursor.as_deref()).await?;
    Ok(Listing::new(page, &uri, ClientAppAnswer::from))
}

/// A new front end.
#[derive(Deserialize, ToSchema)]
struct ClientAppCreate {
    name: String,
    redirect_uris: Vec<String>,
    #[serde(default)]
    allowed_origins: Vec<String>,
    /// None: every one.
    #[serde(default)]
    workspaces: Vec<Uuid>,
    /// `sentinel` (without it) or `converged`.
    #[schema(value_type = Option<String>, example = "converged")]
    claims: Option<SessionDialect>,
}

/// Registers a front end.
#[utoipa::path(post, path = "/admin/client-apps", tag = "admin", request_body = ClientAppCreate, responses(
    (status = 201, body = ClientAppAnswer), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn create(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Body(body): Body<ClientAppCreate>,
) -> Result<(StatusCode, Json<ClientAppAnswer>), Failure> {
    let actor = Actor::Administrator(admin.id);
    let ClientAppCreate { name, redirect_uris, allowed_origins, workspaces, claims: dialect } = &body;
    let app = NewClientApp { name, redirect_uris, allowed_origins, workspaces, dialect: *dialect };
    let made = service.create_client_app(&actor, &caller, &app).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One front end.
#[utoipa::path(get, path = "/admin/client-apps/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = ClientAppAnswer), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<ClientAppAnswer>, Failure> {
    Ok(Json(service.client_app(id).await?.into()))
}

/// What of a front end is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct ClientAppUpdate {
    name: Option<String>,
    redirect_uris: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
    /// None in the list: every one.
    workspaces: Option<Vec<Uuid>>,
    /// For sessions that begin from now on.
    #[schema(value_type = Option<String>, example = "converged")]
    claims: Option<SessionDialect>,
    is_active: Option<bool>,
}

/// Changes a front end.
#[utoipa::path(patch, path = "/admin/client-apps/{id}", tag = "admin", params(("id" = Uuid, Path)), request_body = ClientAppUpdate,
    responses((status = 200, body = ClientAppAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn update(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<ClientAppUpdate>,
) -> Result<Json<ClientAppAnswer>, Failure> {
    let change = ClientChange {
        name: body.name.as_deref(),
        redirect_uris: body.redirect_uris.as_deref(),
        allowed_origins: body.allowed_origins.as_deref(),
        workspaces: body.workspaces.as_deref(),
        dialect: body.claims,
        is_active: body.is_active,
    };
    Ok(Json(service.update_client_app(&Actor::Administrator(admin.id), &caller, id, &change).await?.into()))
}

/// Removes a front end, its codes and its sessions.
#[utoipa::path(delete, path = "/admin/client-apps/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.delete_client_app(&Actor::Administrator(admin.id), &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
