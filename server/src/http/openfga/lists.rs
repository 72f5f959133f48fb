//! `/stores/{id}/list-objects`, `/stores/{id}/streamed-list-objects` and `/stores/{id}/list-users`.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::dialect::{Ask, At, AtLeast, Refused, with_token};
use super::rules;
use super::stream::{Lines, lines};
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

/// The objects of a type that a user has a relation to, sorted: as many as the settings say, of those that are found first.
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
    let Asked { of, relation, user, with } = body.read(&store, at_least)?;
    let answer = service.list_objects(&caller, &store, (&of, &relation, &user), &with, false).await?;
    let token = ConsistencyToken { store, revision: answer.revision };
    Ok(with_token(&token, Json(json!({ "objects": answer.value }))))
}

/// The objects of a type that a user has a relation to, all of them: a line of JSON for each, sent as they are found.
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
    let Asked { of, relation, user, with } = body.read(&store, at_least)?;
    let mut stream = service.stream_objects(&caller, &store, (&of, &relation, &user), &with).await?;
    let token = ConsistencyToken { store, revision: stream.revision };
    // What fails before the first one is refused as everywhere; afterwards it is the last line.
    let first = stream.next().await.transpose()?;
    let lines = Lines { first: first.map(|found| lines(&found)), stream };
    let headers = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok(with_token(&token, (headers, Body::new(lines)).into_response()))
}

impl ObjectsBody {
    fn read(self, store: &str, at_least: Option<ConsistencyToken>) -> Result<Asked, PolicyError> {
        let asked = Asked {
            with: self.with.read(store, at_least)?,
            of: self.r#type.unwrap_or_default(),
            relation: self.relation.unwrap_or_default(),
            user: self.user.unwrap_or_default(),
        };
        rules::listed(&asked.of, &asked.relation, &asked.user)?;
        Ok(asked)
    }
}

struct Asked {
    of: String,
    relation: String,
    user: String,
    with: Circumstances,
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
    let missing = || PolicyError::validation("invalid ListUsersRequest.Object: value is required");
    let of = body.object.ok_or_else(missing)?;
    let (type_name, id) = (of.r#type.unwrap_or_default(), of.id.unwrap_or_default());
    rules::type_name("Object.Type", &type_name)?;
    let object = format!("{type_name}:{id}");
    let relation = body.relation.unwrap_or_default();
    rules::relation("ListUsersRequest.Relation", &relation)?;
    let wanted =
        (filter.r#type.as_deref().unwrap_or_default(), filter.relation.as_deref().filter(|one| !one.is_empty()));
    rules::type_name("UserTypeFilter.Type", wanted.0)?;
    if let Some(userset) = wanted.1 {
        rules::relation("UserTypeFilter.Relation", userset)?;
    }
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
