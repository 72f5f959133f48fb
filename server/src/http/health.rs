use axum::Json;

/// That the process answers.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(super) struct Health {
    /// Always `ok`: where it is not, there is no answer.
    status: &'static str,
}

/// Whether the process answers. `/readyz` on the management port also asks the database.
#[utoipa::path(get, path = "/health", tag = "operations", responses((status = 200, body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}
