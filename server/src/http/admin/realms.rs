//! `/admin/realms`: services that share one scope.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sentinel_storage::Realm;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::time::rfc3339;
use crate::service::{Actor, Administrator, Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list, create)).add(Access::Admin, routes!(get, update, delete))
}

/// A realm.
#[derive(Serialize, ToSchema)]
struct RealmAnswer {
    id: Uuid,
    /// The scope of its services.
    slug: String,
    name: String,
    created_at: String,
}

/// A realm and its services.
#[derive(Serialize, ToSchema)]
struct RealmWithServices {
    #[serde(flatten)]
    realm: RealmAnswer,
    /// The names of its services.
    services: Vec<String>,
}

impl From<Realm> for RealmAnswer {
    fn from(realm: Realm) -> Self {
        Self { id: realm.id, slug: realm.slug, name: realm.name, created_at: rfc3339(realm.created_at) }
    }
}

/// Which realms.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct After {
    /// Those whose slug comes after this one.
    #[serde(default)]
    after: String,
    /// Most entries, 1 to 1000.
    limit: Option<u32>,
}

/// Realms by slug.
#[utoipa::path(get, path = "/admin/realms", tag = "admin", params(After), responses(
    (status = 200, body = [RealmAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(State(service): State<Service>, Query(page): Query<After>) -> Result<Json<Vec<RealmAnswer>>, Failure> {
    let found = service.realms(&page.after, page.limit).await?;
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

/// A new realm.
#[derive(Deserialize, ToSchema)]
struct RealmCreate {
    slug: String,
    name: String,
}

/// Makes a realm.
#[utoipa::path(post, path = "/admin/realms", tag = "admin", request_body = RealmCreate, responses(
    (status = 201, body = RealmAnswer), (status = 400), (status = 401), (status = 403), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Body(body): Body<RealmCreate>,
) -> Result<(StatusCode, Json<RealmAnswer>), Failure> {
    let made = service.create_realm(&Actor::Administrator(admin.id), &caller, &body.slug, &body.name).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One realm and its services.
#[utoipa::path(get, path = "/admin/realms/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = RealmWithServices), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<RealmWithServices>, Failure> {
    let (realm, services) = service.realm(id).await?;
    let services = services.into_iter().map(|service| service.service_name).collect();
    Ok(Json(RealmWithServices { realm: realm.into(), services }))
}

/// What of a realm is to change: its slug stays, tokens and actions name it.
#[derive(Deserialize, ToSchema)]
struct RealmUpdate {
    name: String,
}

/// Gives a realm another name.
#[utoipa::path(patch, path = "/admin/realms/{id}", tag = "admin", params(("id" = Uuid, Path)), request_body = RealmUpdate,
    responses((status = 200, body = RealmAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn update(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
    Body(body): Body<RealmUpdate>,
) -> Result<Json<RealmAnswer>, Failure> {
    Ok(Json(service.rename_realm(&Actor::Administrator(admin.id), &caller, id, &body.name).await?.into()))
}

/// Removes a realm that has no services.
#[utoipa::path(delete, path = "/admin/realms/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    admin: Administrator,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.delete_realm(&Actor::Administrator(admin.id), &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
