//! `/admin/permissions`: resources that services have registered, and their shares.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::{Resource, ResourceFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Path, Query};
use crate::http::listing::Listing;
use crate::http::permissions::{EnrichedShare, ResourceAnswer};
use crate::http::time::rfc3339;
use crate::service::{Service, Visibility};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list)).add(Access::Admin, routes!(get, delete))
}

/// Which resources.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ResourcesQuery {
    workspace_id: Option<Uuid>,
    /// Only of this scope: a service's name, or its realm's slug.
    service_name: Option<String>,
    resource_type: Option<String>,
    owner_id: Option<Uuid>,
    /// Most entries of the answer, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: from the `Link` header of the page before.
    cursor: Option<String>,
}

/// A registered resource without its shares.
#[derive(Serialize, ToSchema)]
struct AdminResource {
    id: Uuid,
    service_name: String,
    resource_type: String,
    resource_id: Uuid,
    workspace_id: Uuid,
    owner_id: Uuid,
    #[schema(value_type = String, example = "workspace")]
    visibility: Visibility,
    created_at: String,
    updated_at: String,
}

impl From<Resource> for AdminResource {
    fn from(resource: Resource) -> Self {
        Self {
            id: resource.id,
            service_name: resource.service_name,
            resource_type: resource.resource_type,
            resource_id: resource.resource_id,
            workspace_id: resource.workspace_id,
            owner_id: resource.owner_id,
            visibility: resource.visibility,
            created_at: rfc3339(resource.created_at),
            updated_at: rfc3339(resource.updated_at),
        }
    }
}

/// Registered resources, the youngest first.
#[utoipa::path(get, path = "/admin/permissions", tag = "admin", params(ResourcesQuery),
    responses((status = 200, body = [AdminResource]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ResourcesQuery>,
) -> Result<Listing<AdminResource>, Failure> {
    let filter = ResourceFilter {
        workspace_id: query.workspace_id,
        service_name: query.service_name.as_deref(),
        resource_type: query.resource_type.as_deref(),
        owner_id: query.owner_id,
    };
    let page = service.all_resources(&filter, query.limit, query.cursor.as_deref()).await?;
    Ok(Listing::new(page, &uri, AdminResource::from))
}

/// A registered resource with its shares.
#[utoipa::path(get, path = "/admin/permissions/{permission_id}", tag = "admin", params(("permission_id" = Uuid, Path)),
    responses((status = 200, body = ResourceAnswer<EnrichedShare>), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(
    State(service): State<Service>,
    Path(id): Path<Uuid>,
) -> Result<Json<ResourceAnswer<EnrichedShare>>, Failure> {
    Ok(Json((&service.resource_record(id).await?).into()))
}

/// Forgets a resource and its shares.
#[utoipa::path(delete, path = "/admin/permissions/{permission_id}", tag = "admin", params(("permission_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.remove_resource(&actor, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
