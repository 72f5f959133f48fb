//! `/access/v1/evaluations`: many decisions.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::entities::{Evaluation, Json, Said};
use super::evaluation::{answer, decide};
use crate::http::access::{Access, Routes};
use crate::http::openfga::dialect::{At, Refused};
use crate::service::Service;
use crate::service::policy::{PolicyCaller, PolicyError, RefusalCode};

/// Most questions of one request.
const QUESTIONS: usize = 100;

/// Most values that questions may have in common, taken times the questions.
const IN_COMMON: usize = 200_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(evaluations)).add(Access::Policy, routes!(evaluations_in_store))
}

/// Questions, and what they have in common.
#[derive(Deserialize, ToSchema)]
struct Evaluations {
    #[serde(flatten)]
    common: Evaluation,
    evaluations: Option<Vec<Evaluation>>,
    options: Option<Options>,
}

/// How they are answered.
#[derive(Default, Deserialize, ToSchema)]
struct Options {
    /// `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`.
    evaluations_semantic: Option<String>,
}

/// Many decisions, in the store that the key is bound to.
#[utoipa::path(post, path = "/access/v1/evaluations", tag = "authzen", request_body = Evaluations, responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn evaluations(
    State(service): State<Service>,
    caller: PolicyCaller,
    said: Said,
    Json(asked): Json<Evaluations>,
) -> Result<Response, Refused> {
    let store = super::store(&service, &caller, None).await?;
    all(&service, &caller, store, &said, asked).await
}

/// The same in a named store.
#[utoipa::path(post, path = "/stores/{store_id}/access/v1/evaluations", tag = "authzen",
    params(("store_id" = String, Path)), request_body = Evaluations, responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn evaluations_in_store(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    said: Said,
    Json(asked): Json<Evaluations>,
) -> Result<Response, Refused> {
    all(&service, &caller, store, &said, asked).await
}

async fn all(
    service: &Service,
    caller: &PolicyCaller,
    store: String,
    said: &Said,
    asked: Evaluations,
) -> Result<Response, Refused> {
    let Evaluations { common, evaluations, options } = asked;
    let questions = evaluations.unwrap_or_default();
    // Without a list it is one question (section 7.1).
    if questions.is_empty() {
        return answer(service, caller, store, said, &common).await;
    }
    if questions.len() > QUESTIONS {
        return Err(PolicyError::validation(format!("evaluations must be at most {QUESTIONS}")).into());
    }
    // Every question evaluates it anew.
    if common.weight().saturating_mul(questions.len()) > IN_COMMON {
        return Err(PolicyError::validation("the evaluations have too much in common: ask fewer at once").into());
    }
    let last = match options.unwrap_or_default().evaluations_semantic.as_deref() {
        None | Some("execute_all") => None,
        Some("deny_on_first_deny") => Some(false),
        Some("permit_on_first_permit") => Some(true),
        Some(_) => return Err(PolicyError::validation("evaluations_semantic is not one of the standard's").into()),
    };
    let mut answers: Vec<Value> = Vec::with_capacity(questions.len());
    for question in questions {
        let question = Evaluation {
            subject: question.subject.or_else(|| common.subject.clone()),
            action: question.action.or_else(|| common.action.clone()),
            resource: question.resource.or_else(|| common.resource.clone()),
            context: question.context.or_else(|| common.context.clone()),
        };
        let decision = match decide(service, caller, &store, said, &question).await {
            Ok(decided) => {
                answers.push(json!({ "decision": decided.value }));
                decided.value
            }
            // What cannot be answered is denied, and says that it could not be.
            Err(error @ PolicyError::Refused { .. }) if error.code() != Some(RefusalCode::StoreNotFound) => {
                let error = json!({ "status": 400, "message": error.message() });
                answers.push(json!({ "decision": false, "context": { "error": error } }));
                false
            }
            Err(failed) => return Err(failed.into()),
        };
        if last == Some(decision) {
            break;
        }
    }
    Ok(axum::Json(json!({ "evaluations": answers })).into_response())
}
