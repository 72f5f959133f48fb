//! `/admin/system`: how the server does, and how it is set.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::http::access::{Access, Routes};
use crate::http::layers::ShownSettings;
use crate::service::Service;
use crate::settings::Shown;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(health)).add(Access::Admin, routes!(settings))
}

/// How the server does.
#[derive(Serialize, ToSchema)]
struct SystemHealth {
    /// `ok`, or `unavailable` where the database does not answer.
    status: &'static str,
    database: &'static str,
    /// Of the server.
    version: &'static str,
    /// Of the database that this release reads and writes.
    schema: i64,
}

/// Asks everything that answers need.
#[utoipa::path(get, path = "/admin/system/health", tag = "admin", responses(
    (status = 200, body = SystemHealth), (status = 401), (status = 403)))]
async fn health(State(service): State<Service>) -> Json<SystemHealth> {
    let status = if service.ready().await.is_ok() { "ok" } else { "unavailable" };
    let (version, schema) = (env!("CARGO_PKG_VERSION"), sentinel_storage::SCHEMA_VERSION);
    Json(SystemHealth { status, database: status, version, schema })
}

/// Every setting and where it stands; secrets are masked.
#[utoipa::path(get, path = "/admin/system/settings", tag = "admin", responses(
    (status = 200, body = [Shown]), (status = 401), (status = 403)))]
async fn settings(Extension(settings): Extension<ShownSettings>) -> Json<Vec<Shown>> {
    Json(settings.0.to_vec())
}
