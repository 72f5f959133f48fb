//! Accounts and members as CSV files, in and out.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sentinel_storage::UserFilter;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::cookies::private;
use crate::http::extract::{Path, Query, unprocessable};
use crate::service::Service;
use crate::service::administration::import::{Imported, NotImported};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Admin, routes!(import))
        .add(Access::Admin, routes!(export_users))
        .add(Access::Admin, routes!(export_members))
}

/// How to import.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// Only tell what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Which accounts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
    /// Part of the name or the e-mail address, in any case.
    q: Option<String>,
    is_active: Option<bool>,
    is_admin: Option<bool>,
}

/// Makes accounts and memberships from a CSV file with the columns `email`, `name` and, if wanted, `workspace_slug`
/// and `role`: all of it or nothing. Faults are answered with their line and column.
#[utoipa::path(post, path = "/admin/users/import", tag = "admin", params(ImportQuery),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Imported), (status = 401), (status = 403), (status = 409), (status = 413), (status = 422)))]
async fn import(
    State(service): State<Service>,
    By { actor, caller }: By,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/csv") {
        return Err(unprocessable("body", "the body must be text/csv"));
    }
    let file = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::TooLarge,
        _ => unprocessable("body", "the body could not be read"),
    })?;
    match service.import_users(&actor, &caller, &file, query.dry_run).await {
        Ok(imported) => Ok(Json(imported).into_response()),
        Err(NotImported::Error(error)) => Err(error.into()),
        Err(NotImported::File(faults)) => {
            let faults = faults.into_iter().map(|fault| {
                let mut place = vec![json!("body"), json!(fault.line)];
                place.extend(fault.column.map(|column| json!(column)));
                json!({ "loc": place, "msg": fault.message, "type": "value_error" })
            });
            let detail: Vec<_> = faults.collect();
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "detail": detail }))).into_response())
        }
    }
}

/// Accounts as a CSV file.
#[utoipa::path(get, path = "/admin/users/export", tag = "admin", params(ExportQuery),
    responses((status = 200, content_type = "text/csv", body = String), (status = 401), (status = 403), (status = 422)))]
async fn export_users(State(service): State<Service>, Query(query): Query<ExportQuery>) -> Result<Response, Failure> {
    let filter = UserFilter { search: query.q.as_deref(), is_active: query.is_active, is_admin: query.is_admin };
    Ok(file("users.csv", service.export_users(&filter).await?))
}

/// The members of a workspace as a CSV file, which an import takes.
#[utoipa::path(get, path = "/admin/workspaces/{workspace_id}/members/export", tag = "admin",
    params(("workspace_id" = Uuid, Path)),
    responses((status = 200, content_type = "text/csv", body = String), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn export_members(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Response, Failure> {
    Ok(file("members.csv", service.export_members(id).await?))
}

fn file(name: &str, text: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    private((headers, text).into_response())
}
