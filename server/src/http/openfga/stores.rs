//! `/stores`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::dialect::{Ask, At, Params, Refused};
use super::rules;
use super::wire::time;
use crate::http::access::{Access, Routes};
use crate::service::policy::{PolicyCaller, PolicyStore};
use crate::service::{Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(list, create)).add(Access::Policy, routes!(get, delete))
}

/// A store.
#[derive(Serialize, ToSchema)]
struct StoreOut {
    id: String,
    name: String,
    created_at: String,
    updated_at: String,
}

impl From<PolicyStore> for StoreOut {
    fn from(store: PolicyStore) -> Self {
        Self { id: store.id, name: store.name, created_at: time(store.created_at), updated_at: time(store.updated_at) }
    }
}

/// A part of a list of stores.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// 1 to 100.
    page_size: Option<i64>,
    continuation_token: Option<String>,
    /// Exactly this name.
    name: Option<String>,
}

/// Stores, the newest first.
#[derive(Serialize, ToSchema)]
struct StoresOut {
    stores: Vec<StoreOut>,
    /// Empty on the last page.
    continuation_token: String,
}

/// The stores that the key opens, the newest first.
#[utoipa::path(get, path = "/stores", tag = "policy", params(Page), responses(
    (status = 200, body = StoresOut), (status = 400), (status = 401), (status = 403)))]
async fn list(
    State(service): State<Service>,
    caller: PolicyCaller,
    Params(page): Params<Page>,
) -> Result<Json<StoresOut>, Refused> {
    let name = page.name.as_deref().filter(|name| !name.is_empty());
    let token = page.continuation_token.unwrap_or_default();
    rules::token("ListStoresRequest", &token)?;
    let (stores, continuation_token) = service.list_stores(&caller, name, page.page_size, &token).await?;
    Ok(Json(StoresOut { stores: stores.into_iter().map(Into::into).collect(), continuation_token }))
}

/// A new store.
#[derive(Deserialize, ToSchema)]
struct CreateStore {
    name: Option<String>,
}

/// Makes a store.
#[utoipa::path(post, path = "/stores", tag = "policy", request_body = CreateStore, responses(
    (status = 201, body = StoreOut), (status = 400), (status = 401), (status = 403)))]
async fn create(
    State(service): State<Service>,
    caller: PolicyCaller,
    from: Caller,
    Ask(body): Ask<CreateStore>,
) -> Result<(StatusCode, Json<StoreOut>), Refused> {
    let made = service.create_store(&caller, &from, &body.name.unwrap_or_default()).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// One store.
#[utoipa::path(get, path = "/stores/{store_id}", tag = "policy", params(("store_id" = String, Path)), responses(
    (status = 200, body = StoreOut), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn get(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(id): At<String>,
) -> Result<Json<StoreOut>, Refused> {
    Ok(Json(service.open_store(&caller, &id).await?.into()))
}

/// Deletes a store and all that is in it.
#[utoipa::path(delete, path = "/stores/{store_id}", tag = "policy", params(("store_id" = String, Path)), responses(
    (status = 204), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn delete(
    State(service): State<Service>,
    caller: PolicyCaller,
    from: Caller,
    At(id): At<String>,
) -> Result<StatusCode, Refused> {
    service.delete_store(&caller, &from, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
