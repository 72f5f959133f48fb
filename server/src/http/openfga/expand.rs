//! `/stores/{id}/expand`.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::dialect::{Ask, At, Refused};
use super::rules;
use super::wire::{CircumstancesIn, TupleKeyIn};
use crate::http::access::{Access, Routes};
use crate::service::Service;
use crate::service::policy::PolicyCaller;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(expand))
}

/// Which relation of which object.
#[derive(Deserialize, ToSchema)]
struct ExpandBody {
    tuple_key: Option<TupleKeyIn>,
    #[serde(flatten)]
    with: CircumstancesIn,
}

/// Who has a relation to an object, one step deep. What it answers is always current.
#[utoipa::path(post, path = "/stores/{store_id}/expand", tag = "policy",
    params(("store_id" = String, Path)), request_body = ExpandBody, responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn expand(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    Ask(body): Ask<ExpandBody>,
) -> Result<Json<Value>, Refused> {
    let with = body.with.read(&store, None)?;
    let of = rules::required("ExpandRequest", body.tuple_key)?;
    Ok(Json(service.expand(&caller, &store, &of.object, &of.relation, &with).await?))
}
