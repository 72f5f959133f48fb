//! `/scim/v2/Users`.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sentinel_storage::ScimUser;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa_axum::routes;

use super::dialect::{Refused, Said, Scim, if_match};
use crate::http::access::{Access, Routes};
use crate::http::extract::{Path, Query};
use crate::http::time::rfc3339;
use crate::service::scim::person::USER;
use crate::service::scim::{Provisioned, Provisioner};
use crate::service::{Caller, Service};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Scim, routes!(list, create)).add(Access::Scim, routes!(get, replace, change, delete))
}

/// Where a person is found.
fn location(service: &Service, user: &ScimUser) -> String {
    format!("{}/scim/v2/Users/{}", service.config().base_url, user.user_id)
}

fn version(user: &ScimUser) -> String {
    format!("W/\"{}\"", user.version)
}

/// A person in SCIM's form (RFC 7643 §4.1).
fn resource(service: &Service, provisioned: Provisioned) -> Value {
    let Provisioned { user, person: mut said } = provisioned;
    let meta = json!({
        "resourceType": "User",
        "created": rfc3339(user.created_at),
        "lastModified": rfc3339(user.updated_at),
        "location": location(service, &user),
        "version": version(&user),
    });
    let own =
        [("schemas", json!([USER])), ("id", json!(user.user_id)), ("active", json!(user.is_active)), ("meta", meta)];
    said.extend(own.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(said)
}

/// With its version and its address.
fn answered(service: &Service, status: StatusCode, provisioned: Provisioned) -> Response {
    let (location, version) = (location(service, &provisioned.user), version(&provisioned.user));
    let mut response = Scim(status, resource(service, provisioned)).into_response();
    for (name, value) in [(header::LOCATION, location), (header::ETAG, version)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Which people a list shows.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    /// `userName`, `externalId` or `emails.value`, `eq`, and a text in quotes.
    filter: Option<String>,
    /// From 1 on.
    start_index: Option<i64>,
    /// 200 at most.
    count: Option<i64>,
}

/// People of the key's workspace who are provisioned, the oldest first.
#[utoipa::path(get, path = "/scim/v2/Users", tag = "scim", params(ListQuery), responses(
    (status = 200, body = Value, content_type = "application/scim+json"), (status = 400), (status = 401), (status = 422)))]
async fn list(
    State(service): State<Service>,
    by: Provisioner,
    Query(query): Query<ListQuery>,
) -> Result<Response, Refused> {
    let found = service.scim_users(&by, query.filter.as_deref(), query.start_index, query.count).await?;
    let users: Vec<Value> = found.users.into_iter().map(|user| resource(&service, user)).collect();
    let body = json!({
        "schemas": [LIST], "totalResults": found.total, "startIndex": found.start, "itemsPerPage": users.len(), "Resources": users,
    });
    Ok(Scim(StatusCode::OK, body).into_response())
}

/// Provisions a person, who becomes a member of the key's workspace.
#[utoipa::path(post, path = "/scim/v2/Users", tag = "scim", request_body(content = Value, content_type = "application/scim+json"), responses(
    (status = 201, body = Value, content_type = "application/scim+json"), (status = 400), (status = 401), (status = 403), (status = 409)))]
async fn create(
    State(service): State<Service>,
    by: Provisioner,
    caller: Caller,
    Said(said): Said,
) -> Result<Response, Refused> {
    let made = service.scim_create(&by, &caller, &said).await?;
    Ok(answered(&service, StatusCode::CREATED, made))
}

/// A person.
#[utoipa::path(get, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = String, Path)), responses(
    (status = 200, body = Value, content_type = "application/scim+json"), (status = 401), (status = 404), (status = 422)))]
async fn get(State(service): State<Service>, by: Provisioner, Path(id): Path<String>) -> Result<Response, Refused> {
    let found = service.scim_user(&by, &id).await?;
    Ok(answered(&service, StatusCode::OK, found))
}

/// Says anew what there is to say of a person. With `active` false the membership ends, and its sessions at once.
#[utoipa::path(put, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = String, Path)), request_body(content = Value, content_type = "application/scim+json"),
    responses((status = 200, body = Value, content_type = "application/scim+json"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn replace(
    State(service): State<Service>,
    by: Provisioner,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(said): Said,
) -> Result<Response, Refused> {
    let changed = service.scim_replace(&by, &caller, &id, &said, if_match(&headers)?).await?;
    Ok(answered(&service, StatusCode::OK, changed))
}

/// Changes a part of what was said of a person.
#[utoipa::path(patch, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = String, Path)), request_body(content = Value, content_type = "application/scim+json"),
    responses((status = 200, body = Value, content_type = "application/scim+json"), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 412), (status = 422)))]
async fn change(
    State(service): State<Service>,
    by: Provisioner,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Said(said): Said,
) -> Result<Response, Refused> {
    let changed = service.scim_patch(&by, &caller, &id, &said, if_match(&headers)?).await?;
    Ok(answered(&service, StatusCode::OK, changed))
}

/// Ends a person's membership, and its sessions at once. The account stays.
#[utoipa::path(delete, path = "/scim/v2/Users/{id}", tag = "scim", params(("id" = String, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    by: Provisioner,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Refused> {
    service.scim_delete(&by, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
