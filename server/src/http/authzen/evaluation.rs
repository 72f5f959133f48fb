//! `/access/v1/evaluation`: one decision.

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::entities::{Evaluation, Json, Said};
use crate::http::access::{Access, Routes};
use crate::http::openfga::dialect::{At, Refused, with_token};
use crate::service::Service;
use crate::service::policy::{Answer, ConsistencyToken, PolicyCaller, PolicyError, Question};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(evaluation)).add(Access::Policy, routes!(evaluation_in_store))
}

/// The decision.
#[derive(Serialize, ToSchema)]
pub(super) struct Decision {
    decision: bool,
}

/// Whether a subject may do something to a resource, in the store that the key is bound to.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "authzen", request_body = Evaluation, responses(
    (status = 200, body = Decision), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn evaluation(
    State(service): State<Service>,
    caller: PolicyCaller,
    said: Said,
    Json(asked): Json<Evaluation>,
) -> Result<Response, Refused> {
    let store = super::store(&service, &caller, None).await?;
    answer(&service, &caller, store, &said, &asked).await
}

/// The same in a named store.
#[utoipa::path(post, path = "/stores/{store_id}/access/v1/evaluation", tag = "authzen",
    params(("store_id" = String, Path)), request_body = Evaluation, responses(
    (status = 200, body = Decision), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn evaluation_in_store(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    said: Said,
    Json(asked): Json<Evaluation>,
) -> Result<Response, Refused> {
    answer(&service, &caller, store, &said, &asked).await
}

pub(super) async fn answer(
    service: &Service,
    caller: &PolicyCaller,
    store: String,
    said: &Said,
    asked: &Evaluation,
) -> Result<Response, Refused> {
    let decided = decide(service, caller, &store, said, asked).await?;
    let token = ConsistencyToken { store, revision: decided.revision };
    Ok(with_token(&token, axum::Json(Decision { decision: decided.value })))
}

/// One question.
pub(super) async fn decide(
    service: &Service,
    caller: &PolicyCaller,
    store: &str,
    said: &Said,
    asked: &Evaluation,
) -> Result<Answer<bool>, PolicyError> {
    let question = Question {
        user: asked.subject()?.text("subject")?,
        relation: asked.action()?.to_owned(),
        object: asked.resource()?.text("resource")?,
    };
    service.check(caller, store, &question, &said.with(store, asked)?).await
}
