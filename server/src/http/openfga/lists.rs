//! `/stores/{id}/list-objects`, `/stores/{id}/streamed-list-objects` and `/stores/{id}/list-users`.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::dialect::{Ask, At, AtLeast, Refused, with_token};
use super::wire::{CircumstancesIn, TupleKeyIn, consistency, tuples};
use crate::http::access::{Access, Routes};
use crate::service::Service;
use crate::service::policy::{Circumstances, ConsistencyToken, PolicyCaller, PolicyError};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Policy, routes!(objects))
        .add(Access::Policy, routes!(streamed))
        .add(Access::Policy, routes!(users))
}

/// What is listed.
#[derive(Deserialize, ToSchema)]
struct ObjectsBody {
    r#type: Option<String>,
    relation: Option<String>,
    user: Option<String>,
    #[serde(flatten)]
    with: CircumstancesIn,
}

/// The objects of a type that a user has a relation to, sorted; at most 1000.
#[utoipa::path(post, path = "/stores/{store_id}/list-objects", tag = "policy",
    params(("store_id" = String, Path)), request_body = ObjectsBody, responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn objects(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    AtLeast(at_least): AtLeast,
    Ask(body): Ask<ObjectsBody>,
) -> Result<Response, Refused> {
    let (token, found) = listed(&service, &caller, store, at_least, body, false).await?;
    Ok(with_token(&token, Json(json!({ "objects": found }))))
}

/// The objects of a type that a user has a relation to, all of them: a line of JSON for each.
#[utoipa::path(post, path = "/stores/{store_id}/streamed-list-objects", tag = "policy",
    params(("store_id" = String, Path)), request_body = ObjectsBody, responses(
    (status = 200, body = String, content_type = "application/x-ndjson"),
    (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn streamed(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    AtLeast(at_least): AtLeast,
    Ask(body): Ask<ObjectsBody>,
) -> Result<Response, Refused> {
    let (token, found) = listed(&service, &caller, store, at_least, body, true).await?;
    let mut lines = String::new();
    for object in found {
        lines.push_str(&json!({ "result": { "object": object } }).to_string());
        lines.push('\n');
    }
    Ok(with_token(&token, ([(header::CONTENT_TYPE, "application/x-ndjson")], lines).into_response()))
}

async fn listed(
    service: &Service,
    caller: &PolicyCaller,
    store: String,
    at_least: Option<ConsistencyToken>,
    body: ObjectsBody,
    all: bool,
) -> Result<(ConsistencyToken, Vec<String>), PolicyError> {
    let with = body.with.read(&store, at_least)?;
    let of = body.r#type.unwrap_or_default();
    let (relation, user) = (body.relation.unwrap_or_default(), body.user.unwrap_or_default());
    let answer = service.list_objects(caller, &store, (&of, &relation, &user), &with, all).await?;
    Ok((ConsistencyToken { store, revision: answer.revision }, answer.value))
}

/// Whose relation to an object is listed.
#[derive(Deserialize, ToSchema)]
struct UsersBody {
    object: Option<ObjectIn>,
    relation: Option<String>,
    /// Exactly one.
    user_filters: Option<Vec<UserFilter>>,
    /// Here a plain list.
    contextual_tuples: Option<Vec<TupleKeyIn>>,
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Value>>,
    authorization_model_id: Option<String>,
    consistency: Option<String>,
}

/// An object.
#[derive(Deserialize, Default, ToSchema)]
struct ObjectIn {
    r#type: Option<String>,
    id: Option<String>,
}

/// Which users.
#[derive(Deserialize, ToSchema)]
struct UserFilter {
    r#type: Option<String>,
    /// With it usersets are listed, and not objects.
    relation: Option<String>,
}

/// Who has a relation to an object, sorted; at most 1000.
#[utoipa::path(post, path = "/stores/{store_id}/list-users", tag = "policy",
    params(("store_id" = String, Path)), request_body = UsersBody, responses(
    (status = 200, body = Object), (status = 400), (status = 401), (status = 403), (status = 404)))]
async fn users(
    State(service): State<Service>,
    caller: PolicyCaller,
    At(store): At<String>,
    AtLeast(at_least): AtLeast,
    Ask(body): Ask<UsersBody>,
) -> Result<Response, Refused> {
    let with = Circumstances {
        model: body.authorization_model_id,
        consistency: consistency(body.consistency.as_deref(), &store, at_least)?,
        contextual_tuples: tuples(body.contextual_tuples)?,
        context: body.context,
    };
    let filters = body.user_filters.unwrap_or_default();
    let [filter] = filters.as_slice() else {
        let why = "invalid ListUsersRequest.UserFilters: value must contain exactly 1 item(s)";
        return Err(PolicyError::validation(why).into());
    };
    let of = body.object.unwrap_or_default();
    let object = format!("{}:{}", of.r#type.unwrap_or_default(), of.id.unwrap_or_default());
    let relation = body.relation.unwrap_or_default();
    let wanted =
        (filter.r#type.as_deref().unwrap_or_default(), filter.relation.as_deref().filter(|one| !one.is_empty()));
    let answer = service.list_users(&caller, &store, (&object, &relation), wanted, &with, false).await?;
    let token = ConsistencyToken { store, revision: answer.revision };
    let users: Vec<_> = answer.value.iter().map(|user| shown(user)).collect();
    Ok(with_token(&token, Json(json!({ "users": users }))))
}

fn shown(user: &str) -> Value {
    let (of, rest) = user.split_once(':').unwrap_or((user, ""));
    match rest.split_once('#') {
        Some((id, relation)) => json!({ "userset": { "type": of, "id": id, "relation": relation } }),
        None if rest == "*" => json!({ "wildcard": { "type": of } }),
        None => json!({ "object": { "type": of, "id": rest } }),
    }
}
