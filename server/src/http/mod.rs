//! The HTTP surface: extracts, asks the use case, answers. One route, one function; a room's routes in one file.

pub mod access;
mod admin_login;
mod auth;
mod authz;
mod caller;
mod cookies;
mod credentials;
pub mod extract;
mod failure;
mod health;
mod oauth;
mod realm;
mod well_known;

use axum::Router;
pub use failure::Failure;
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::routes;

use self::access::{Access, Routes};
use crate::service::Service;

#[derive(OpenApi)]
#[openapi(info(title = "Sentinel", description = "Identity, workspaces, roles and permissions."))]
struct Document;

/// Every route of the server, each with its rule, and the OpenAPI document made from them.
#[must_use]
pub fn routes(service: Service) -> (Router, utoipa::openapi::OpenApi) {
    let routes = Routes::new(service.clone(), document());
    let routes = routes.add(Access::Public, routes!(health::health));
    let routes = [well_known::routes, auth::routes, authz::routes, admin_login::routes, realm::routes, oauth::routes]
        .iter()
        .fold(routes, |all, room| room(all));
    let (router, openapi) = routes.finish();
    (router.with_state(service), openapi)
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
