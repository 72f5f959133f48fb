//! `/.well-known/authzen-configuration`: where everything is (Authorization API 1.0, section 9).

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use utoipa_axum::routes;

use crate::http::access::{Access, Routes};
use crate::http::openfga::dialect::{At, Refused};
use crate::service::Service;
use crate::service::policy::{PolicyError, is_store_id};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, routes!(configuration)).add(Access::Public, routes!(configuration_of_store))
}

/// Where the decision point is that speaks for the store that a key is bound to.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", tag = "authzen", responses((status = 200, body = Object)))]
async fn configuration(State(service): State<Service>) -> Json<Value> {
    Json(document(&service.config().base_url))
}

/// Where the decision point of a named store is. It says nothing of whether there is such a store.
#[utoipa::path(get, path = "/.well-known/authzen-configuration/{store_id}", tag = "authzen",
    params(("store_id" = String, Path)), responses((status = 200, body = Object), (status = 400)))]
async fn configuration_of_store(State(service): State<Service>, At(store): At<String>) -> Result<Json<Value>, Refused> {
    if !is_store_id(&store) {
        return Err(PolicyError::validation("a store's id is 26 letters and digits").into());
    }
    Ok(Json(document(&format!("{}/stores/{store}", service.config().base_url))))
}

fn document(base: &str) -> Value {
    json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": format!("{base}/access/v1/evaluation"),
        "access_evaluations_endpoint": format!("{base}/access/v1/evaluations"),
        "search_subject_endpoint": format!("{base}/access/v1/search/subject"),
        "search_resource_endpoint": format!("{base}/access/v1/search/resource"),
        "search_action_endpoint": format!("{base}/access/v1/search/action"),
    })
}
