//! `/stores/{id}/assertions/{model}`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::dialect::{Ask, At, Refused};
use super::rules;
use super::wire::{TupleKeyIn, tuples};
use crate::http::access::{Access, Routes};
use crate::service::Service;
use crate::service::policy::{Assertion, PolicyCaller, PolicyError, TupleIn};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Policy, routes!(read, write))
}

/// What a model is expected to decide.
#[derive(Deserialize, ToSchema)]
struct AssertionsBody {
    assertions: Option<Vec<AssertionIn>>,
}

/// One expectation.
#[derive(Deserialize, ToSchema)]
struct AssertionIn {
    tuple_key: Option<TupleKeyIn>,
    expectation: Option<bool>,
    contextual_tuples: Option<Vec<TupleKeyIn>>,
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
}

/// Says what a model is expected to decide, instead of what was said before.
#[utoipa::path(put, path = "/stores/{store_id}/assertions/{authorization_model_id}", tag = "policy",
    params(("store_id" = String, Path), ("authorization_model_id" = String, Path)), request_body = AssertionsBody,
    responses((status = 204), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn write(
    State(service): State<Service>,
    caller: PolicyCaller,
    At((store, model)): At<(String, String)>,
    Ask(body): Ask<AssertionsBody>,
) -> Result<StatusCode, Refused> {
    let store = service.open_store(&caller, &store).await?;
    let read = |one: AssertionIn| {
        rules::question("Assertion", one.tuple_key.clone())?;
        rules::assertion_tuples(one.contextual_tuples.as_ref().map_or(0, Vec::len))?;
        Ok::<_, PolicyError>(Assertion {
            tuple: one.tuple_key.unwrap_or_default().tuple()?,
            expectation: one.expectation.unwrap_or_default(),
            contextual_tuples: tuples(one.contextual_tuples)?,
            context: one.context,
        })
    };
    let assertions = body.assertions.unwrap_or_default().into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let document = Value::from_iter(assertions.iter().map(shown));
    service.write_assertions(&caller, &store, &model, &assertions, &document).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn shown(assertion: &Assertion) -> Value {
    let Question { object, relation, user } = Question::of(&assertion.tuple);
    let mut shown = json!({
        "tuple_key": { "object": object, "relation": relation, "user": user },
        "expectation": assertion.expectation,
        "contextual_tuples": assertion.contextual_tuples.iter().map(key).collect::<Vec<_>>(),
    });
    if let (Some(context), Some(members)) = (&assertion.context, shown.as_object_mut()) {
        members.insert("context".to_owned(), Value::Object(context.clone()));
    }
    shown
}

struct Question<'a> {
    object: &'a str,
    relation: &'a str,
    user: &'a str,
}

impl<'a> Question<'a> {
    fn of(tuple: &'a TupleIn) -> Self {
        Self { object: &tuple.object, relation: &tuple.relation, user: &tuple.user }
    }
}

fn key(tuple: &TupleIn) -> Value {
    let Question { object, relation, user } = Question::of(tuple);
    let mut key = json!({ "object": object, "relation": relation, "user": user });
    if let (Some(name), Some(members)) = (&tuple.condition, key.as_object_mut()) {
        members.insert("condition".to_owned(), json!({ "name": name, "context": tuple.context }));
    }
    key
}

/// What a model is expected to decide.
#[utoipa::path(get, path = "/stores/{store_id}/assertions/{authorization_model_id}", tag = "policy",
    params(("store_id" = String, Path), ("authorization_model_id" = String, Path)), responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn read(
    State(service): State<Service>,
    caller: PolicyCaller,
    At((store, model)): At<(String, String)>,
) -> Result<Json<Value>, Refused> {
    let store = service.open_store(&caller, &store).await?;
    let assertions = service.read_assertions(&store, &model).await?;
    Ok(Json(json!({ "authorization_model_id": model, "assertions": assertions })))
}
