//! The HTTP surface: extracts, asks the use case, answers. One route, one function; a room's routes in one file.
#![allow(unused_qualifications, reason = "utoipa's macro repeats the type of a query")]

pub mod access;
mod admin;
mod admin_login;
mod auth;
mod authz;
mod authzen;
mod bundles;
mod caller;
mod cookies;
mod credentials;
mod docs;
pub mod extract;
mod failure;
mod groups;
mod health;
mod invitations;
mod layers;
mod listing;
mod local;
mod management;
mod members;
mod oauth;
mod openfga;
mod own_sessions;
mod pages;
mod permissions;
mod realm;
mod roles;
mod scim;
mod serve;
mod sliding;
mod socket_tickets;
mod tenant;
mod time;
mod unread;
mod users;
mod well_known;
mod workspaces;

use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json, Router};
pub use failure::Failure;
pub use layers::{Hardening, Metrics, metrics};
pub use management::management;
pub use serve::serve;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::routes;

use self::access::{Access, Routes};
use crate::service::{Error, Service};

#[derive(OpenApi)]
#[openapi(info(title = "Sentinel", description = "Identity, workspaces, roles and permissions."))]
struct Document;

/// The server: every route behind everything that a request goes through.
pub fn app(service: Service, hardening: &Hardening) -> Router {
    let (router, openapi) = routes(service.clone());
    let text = openapi.to_json().unwrap_or_default();
    let router = router.fallback(unknown).method_not_allowed_fallback(not_allowed);
    let router = router.layer(axum::middleware::from_fn(authzen::echo));
    let router = hardening.around(router.layer(Extension(docs::Document(text.into()))), service);
    // What the layers refuse, too.
    router.layer(axum::middleware::from_fn(tenant::problem::in_problems))
}

async fn unknown(uri: Uri) -> Response {
    let error = Error::not_found("Not Found");
    // Where OpenFGA's clients ask they read its dialect.
    if uri.path().starts_with("/stores/") {
        openfga::dialect::failed(error)
    } else {
        Failure::from(error).into_response()
    }
}

async fn not_allowed() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, Json(serde_json::json!({ "detail": "Method Not Allowed" }))).into_response()
}

/// Every route of the server, each with its rule, and the OpenAPI document made from them.
pub fn routes(service: Service) -> (Router, utoipa::openapi::OpenApi) {
    let routes = Routes::new(service.clone(), document());
    let routes = routes.add(Access::Public, routes!(health::health));
    let rooms = [
        well_known::routes,
        auth::routes,
        tenant::routes,
        authz::routes,
        admin_login::routes,
        admin::routes,
        realm::routes,
        oauth::routes,
        users::routes,
        own_sessions::routes,
        local::routes,
        socket_tickets::routes,
        workspaces::routes,
        members::routes,
        invitations::routes,
        groups::routes,
        permissions::routes,
        roles::routes,
        scim::routes,
        openfga::routes,
        authzen::routes,
        bundles::routes,
        docs::routes,
        pages::routes,
    ];
    let routes = rooms.iter().fold(routes, |all, room| room(all));
    let (router, openapi) = routes.finish();
    (router.with_state(service).layer(axum::middleware::from_fn(tenant::problem::in_problems)), openapi)
}

fn document() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let header =
        |name: &str, says: &str| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, says)));
    let cookie = ApiKey::Cookie(ApiKeyValue::with_description(credentials::ADMIN_COOKIE, "Set by the admin login"));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build()),
    );
    components
        .add_security_scheme("serviceKey", header("X-Service-Key", "A service's key, shown once when it is made"));
    components
        .add_security_scheme("authzToken", header("X-Authz-Token", "From /authz/resolve, beside the provider's token"));
    components.add_security_scheme("origin", header("Origin", "Sent by browsers; identifies a registered front end"));
    components.add_security_scheme("adminCookie", SecurityScheme::ApiKey(cookie));
    document
}
