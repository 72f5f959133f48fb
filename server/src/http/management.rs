//! The management listener: for probes and for Prometheus, on a port that is not the public one. It asks for no
//! credentials and tells nothing about anyone.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::layers::Metrics;
use crate::service::Service;

/// Its routes.
pub fn management(service: Service, metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get(async || Json(json!({ "status": "ok" }))))
        .route("/readyz", get(readyz).with_state(service))
        .route("/metrics", get(text).with_state(metrics))
}

/// Whether requests can be answered: the database is asked.
async fn readyz(State(service): State<Service>) -> Response {
    match service.ready().await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(error) => {
            tracing::warn!(cause = ?std::error::Error::source(&error).map(ToString::to_string), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "unavailable" }))).into_response()
        }
    }
}

async fn text(State(metrics): State<Metrics>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.text()).into_response()
}
