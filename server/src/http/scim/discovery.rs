//! What there is (RFC 7644 §4): every client asks it first.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::dialect::{Refused, Scim};
use crate::http::access::{Access, Routes};
use crate::http::extract::Path;
use crate::service::scim::person::{ENTRY, LISTS, NAME, TEXTS, USER};
use crate::service::{Error, Service};

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Scim, routes!(service_provider_config))
        .add(Access::Scim, routes!(resource_types))
        .add(Access::Scim, routes!(resource_type))
        .add(Access::Scim, routes!(schemas))
        .add(Access::Scim, routes!(schema))
}

fn at(service: &Service, path: &str) -> String {
    format!("{}/scim/v2/{path}", service.config().base_url)
}

fn listed(one: Value) -> Response {
    let body = json!({ "schemas": [LIST], "totalResults": 1, "startIndex": 1, "itemsPerPage": 1, "Resources": [one] });
    Scim(StatusCode::OK, body).into_response()
}

fn unknown() -> Refused {
    Error::not_found("There is no such schema or type").into()
}

/// What the server can do (RFC 7643 §5).
#[utoipa::path(get, path = "/scim/v2/ServiceProviderConfig", tag = "scim", responses(
    (status = 200, body = Value, content_type = "application/scim+json"), (status = 401)))]
async fn service_provider_config(State(service): State<Service>) -> Response {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": 200 },
        "changePassword": { "supported": false },
        "sort": { "supported": false },
        "etag": { "supported": true },
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "Bearer key", "description": "The key of a SCIM client, in Authorization: Bearer", "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": at(&service, "ServiceProviderConfig") },
    });
    Scim(StatusCode::OK, body).into_response()
}

fn user_type(service: &Service) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "User", "name": "User", "description": "A person", "endpoint": "/Users", "schema": USER,
        "meta": { "resourceType": "ResourceType", "location": at(service, "ResourceTypes/User") },
    })
}

/// The types of resources: people.
#[utoipa::path(get, path = "/scim/v2/ResourceTypes", tag = "scim", responses(
    (status = 200, body = Value, content_type = "application/scim+json"), (status = 401)))]
async fn resource_types(State(service): State<Service>) -> Response {
    listed(user_type(&service))
}

/// One of them.
#[utoipa::path(get, path = "/scim/v2/ResourceTypes/{name}", tag = "scim", params(("name" = String, Path)), responses(
    (status = 200, body = Value, content_type = "application/scim+json"), (status = 401), (status = 404), (status = 422)))]
async fn resource_type(State(service): State<Service>, Path(name): Path<String>) -> Result<Response, Refused> {
    if name != "User" {
        return Err(unknown());
    }
    Ok(Scim(StatusCode::OK, user_type(&service)).into_response())
}

fn attribute(name: &str, kind: &str, description: &str, more: Value) -> Value {
    let mut said = json!({
        "name": name, "type": kind, "multiValued": false, "description": description, "required": false,
        "mutability": "readWrite", "returned": "default",
    });
    if let (Value::Object(said), Value::Object(more)) = (&mut said, more) {
        said.extend(more);
    }
    said
}

fn text(name: &str, description: &str) -> Value {
    attribute(name, "string", description, json!({ "caseExact": false, "uniqueness": "none" }))
}

fn user_schema(service: &Service) -> Value {
    // `externalId` is common to every resource (RFC 7643 §3.1), and no part of a schema.
    let texts = TEXTS.into_iter().filter(|name| *name != "externalId");
    let mut attributes: Vec<Value> = texts
        .map(|name| match name {
            "userName" => {
                let more = json!({ "required": true, "caseExact": false, "uniqueness": "server" });
                attribute(name, "string", "What the directory calls the person", more)
            }
            _ => text(name, "A text"),
        })
        .collect();
    let parts: Vec<Value> = NAME.into_iter().map(|part| text(part, "A part of the name")).collect();
    attributes.push(attribute("name", "complex", "The parts of the name", json!({ "subAttributes": parts })));
    attributes.push(attribute("active", "boolean", "Whether the person is a member of the workspace", json!({})));
    for list in LISTS {
        let mut parts: Vec<Value> = ENTRY.into_iter().map(|part| text(part, "A text")).collect();
        parts.push(attribute("primary", "boolean", "Whether it counts before the others", json!({})));
        let more = json!({ "multiValued": true, "subAttributes": parts });
        attributes.push(attribute(list, "complex", "Each once; of several the primary one counts", more));
    }
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": USER, "name": "User", "description": "A person", "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": at(service, &format!("Schemas/{USER}")) },
    })
}

/// What there is to say of people.
#[utoipa::path(get, path = "/scim/v2/Schemas", tag = "scim", responses(
    (status = 200, body = Value, content_type = "application/scim+json"), (status = 401)))]
async fn schemas(State(service): State<Service>) -> Response {
    listed(user_schema(&service))
}

/// One schema.
#[utoipa::path(get, path = "/scim/v2/Schemas/{urn}", tag = "scim", params(("urn" = String, Path)), responses(
    (status = 200, body = Value, content_type = "application/scim+json"), (status = 401), (status = 404), (status = 422)))]
async fn schema(State(service): State<Service>, Path(urn): Path<String>) -> Result<Response, Refused> {
    if !urn.eq_ignore_ascii_case(USER) {
        return Err(unknown());
    }
    Ok(Scim(StatusCode::OK, user_schema(&service)).into_response())
}
