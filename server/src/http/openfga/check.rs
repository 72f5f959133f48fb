//! `/stores/{id}/check` and `/stores/{id}/batch-check`.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::dialect::{Ask, At, AtLeast, Refused, with_token};
use super::rules;
use super::wire::{CircumstancesIn, TupleKeyIn};
use crate::http::access::{Access, Routes};
use crate::service::Service;
use crate::service::policy::{CHECKS_PER_BATCH, ConsistencyToken, PolicyCaller, PolicyError};

/// Longest `correlation_id`.
const CORRELATION: usize = 36;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(check)).add(Access::Policy, routes!(batch))
}

/// A question.
#[derive(Deserialize, ToSchema)]
struct CheckBody {
    tuple_key: Option<TupleKeyIn>,
    #[serde(flatten)]
    with: CircumstancesIn,
}

/// The answer.
#[derive(Serialize, ToSchema)]
struct CheckOut {
    allowed: bool,
    resolution: &'static str,
}

/// Whether a user has a relation to an object.
#[utoipa::path(post, path = "/stores/{store_id}/check", tag = "policy",
    params(("store_id" = String, Path)), request_body = CheckBody, responses(
    (status = 200, body = CheckOut), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn check(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    AtLeast(at_least): AtLeast,
    Ask(body): Ask<CheckBody>,
) -> Result<Response, Refused> {
    let with = body.with.read(&store, at_least)?;
    let question = rules::question("CheckRequest", body.tuple_key)?;
    let answer = service.check(&caller, &store, &question, &with).await?;
    let token = ConsistencyToken { store, revision: answer.revision };
    Ok(with_token(&token, Json(CheckOut { allowed: answer.value, resolution: "" })))
}

/// Many questions.
#[derive(Deserialize, ToSchema)]
struct BatchBody {
    checks: Option<Vec<BatchItem>>,
    authorization_model_id: Option<String>,
    consistency: Option<String>,
}

/// One of them.
#[derive(Deserialize, ToSchema)]
struct BatchItem {
    #[serde(flatten)]
    check: CheckBody,
    /// What its answer is found by: 1 to 36 letters, digits and hyphens.
    correlation_id: Option<String>,
}

/// Answers many questions, each for itself.
#[utoipa::path(post, path = "/stores/{store_id}/batch-check", tag = "policy",
    params(("store_id" = String, Path)), request_body = BatchBody, responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn batch(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    AtLeast(at_least): AtLeast,
    Ask(body): Ask<BatchBody>,
) -> Result<Json<Value>, Refused> {
    let checks = body.checks.unwrap_or_default();
    if checks.len() > CHECKS_PER_BATCH {
        let why = format!("batchCheck received {} checks, the maximum allowed is {CHECKS_PER_BATCH}", checks.len());
        return Err(PolicyError::validation(why).into());
    }
    if checks.is_empty() {
        let why = "batch check requires at least one check to evaluate, no checks were received";
        return Err(PolicyError::validation(why).into());
    }
    let (mut ids, mut seen, mut questions) = (Vec::new(), HashSet::new(), Vec::new());
    for item in checks {
        let id = item.correlation_id.unwrap_or_default();
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        if id.is_empty() || id.len() > CORRELATION || !id.bytes().all(fits) {
            return Err(PolicyError::validation("a correlation id must be 1 to 36 letters, digits and hyphens").into());
        }
        if !seen.insert(id.clone()) {
            return Err(PolicyError::validation(format!("received duplicate correlation id: {id}")).into());
        }
        ids.push(id);
        let question = rules::question("BatchCheckItem", item.check.tuple_key)?;
        questions.push((question, item.check.with.read(&store, None)?));
    }
    let with = CircumstancesIn::of(body.authorization_model_id, body.consistency).read(&store, at_least)?;
    let answers = service.batch_check(&caller, &store, &questions, &with).await?;
    let result: Map<String, Value> = ids.into_iter().zip(answers.into_iter().map(shown)).collect();
    Ok(Json(json!({ "result": result })))
}

fn shown(answer: Result<crate::service::policy::Answer<bool>, PolicyError>) -> Value {
    match answer {
        Ok(answer) => json!({ "allowed": answer.value }),
        Err(error) => match error.code() {
            Some(code) => json!({ "error": { "input_error": code.as_str(), "message": error.message() } }),
            None => json!({ "error": { "internal_error": "internal_error", "message": error.message() } }),
        },
    }
}
