//! `/stores/{id}/authorization-models`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::dialect::{Ask, At, Params, Refused};
use super::rules;
use crate::http::access::{Access, Routes};
use crate::service::policy::{Author, PolicyCaller};
use crate::service::{Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(list, write)).add(Access::Policy, routes!(get))
}

/// A part of a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Page {
    /// 1 to 100.
    page_size: Option<i64>,
    continuation_token: Option<String>,
}

/// Models, the newest first.
#[derive(Serialize, ToSchema)]
struct ModelsOut {
    #[schema(value_type = Vec<Object>)]
    authorization_models: Vec<Value>,
    /// Empty on the last page.
    continuation_token: String,
}

/// A store's models, the newest first.
#[utoipa::path(get, path = "/stores/{store_id}/authorization-models", tag = "policy",
    params(("store_id" = String, Path), Page), responses(
    (status = 200, body = ModelsOut), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn list(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(id): At<String>,
    Params(page): Params<Page>,
) -> Result<Json<ModelsOut>, Refused> {
    let store = service.open_store(&caller, &id).await?;
    let token = page.continuation_token.unwrap_or_default();
    rules::token("ReadAuthorizationModelsRequest", &token)?;
    let (authorization_models, continuation_token) = service.list_models(&store, page.page_size, &token).await?;
    Ok(Json(ModelsOut { authorization_models, continuation_token }))
}

/// The id of a new model.
#[derive(Serialize, ToSchema)]
struct Written {
    authorization_model_id: String,
}

/// Adds a model: from then on the store's latest.
#[utoipa::path(post, path = "/stores/{store_id}/authorization-models", tag = "policy",
    params(("store_id" = String, Path)), request_body = Object, responses(
    (status = 201, body = Written), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn write(
    State(service): State<Service>,
    caller: PolicyCaller,
    from: Caller,
    At(id): At<String>,
    Ask(body): Ask<Value>,
) -> Result<(StatusCode, Json<Written>), Refused> {
    let store = service.open_store(&caller, &id).await?;
    rules::model(&body)?;
    let authorization_model_id = service.write_model(Author::Key(&caller), &from, &store, body).await?;
    Ok((StatusCode::CREATED, Json(Written { authorization_model_id })))
}

/// A model.
#[derive(Serialize, ToSchema)]
struct ModelOut {
    #[schema(value_type = Object)]
    authorization_model: Value,
}

/// One model.
#[utoipa::path(get, path = "/stores/{store_id}/authorization-models/{id}", tag = "policy",
    params(("store_id" = String, Path), ("id" = String, Path)), responses(
    (status = 200, body = ModelOut), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn get(
    State(service): State<Service>,
    caller: PolicyCaller,
    At((store, id)): At<(String, String)>,
) -> Result<Json<ModelOut>, Refused> {
    let store = service.open_store(&caller, &store).await?;
    Ok(Json(ModelOut { authorization_model: service.read_model(&store, &id).await? }))
}
