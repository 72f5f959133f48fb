//! `/admin/activity` and `/admin/stats`.

use axum::Json;
use axum::extract::{OriginalUri, State};
use chrono::{DateTime, Utc};
use sentinel_storage::{Activity, ActivityFilter, Stats};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::Query;
use crate::http::listing::Listing;
use crate::http::time::rfc3339;
use crate::service::Service;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(activity)).add(Access::Admin, routes!(stats))
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ActivityQuery {
    workspace_id: Option<Uuid>,
    /// The id of a user, or the name of a service.
    actor_id: Option<String>,
    action: Option<String>,
    target_kind: Option<String>,
    target_id: Option<String>,
    /// From this moment on (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<DateTime<Utc>>,
    /// Before this moment (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<DateTime<Utc>>,
    /// Most entries of the answer, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: from the `Link` header of the page before.
    cursor: Option<String>,
}

/// A change that was made.
#[derive(Serialize, ToSchema)]
struct ActivityEntry {
    seq: i64,
    at: String,
    /// `user`, `admin`, `service` or `system`.
    actor_kind: String,
    actor_id: Option<String>,
    action: String,
    target_kind: Option<String>,
    target_id: Option<String>,
    workspace_id: Option<Uuid>,
    detail: serde_json::Value,
    ip_address: Option<String>,
}

impl From<Activity> for ActivityEntry {
    fn from(entry: Activity) -> Self {
        Self {
            seq: entry.seq,
            at: rfc3339(entry.at),
            actor_kind: entry.actor_kind,
            actor_id: entry.actor_id,
            action: entry.action,
            target_kind: entry.target_kind,
            target_id: entry.target_id,
            workspace_id: entry.workspace_id,
            detail: entry.detail,
            ip_address: entry.ip_address,
        }
    }
}

/// How much of everything there is.
#[derive(Serialize, ToSchema)]
struct StatsAnswer {
    users: i64,
    active_users: i64,
    admins: i64,
    workspaces: i64,
    memberships: i64,
    groups: i64,
    roles: i64,
    actions: i64,
    resources: i64,
    shares: i64,
    clients: i64,
    services: i64,
    live_sessions: i64,
}

impl From<Stats> for StatsAnswer {
    fn from(stats: Stats) -> Self {
        Self {
            users: stats.users,
            active_users: stats.active_users,
            admins: stats.admins,
            workspaces: stats.workspaces,
            memberships: stats.memberships,
            groups: stats.groups,
            roles: stats.roles,
            actions: stats.actions,
            resources: stats.resources,
            shares: stats.shares,
            clients: stats.clients,
            services: stats.services,
            live_sessions: stats.live_sessions,
        }
    }
}

/// The activity log, the latest entry first.
#[utoipa::path(get, path = "/admin/activity", tag = "admin", params(ActivityQuery),
    responses((status = 200, body = [ActivityEntry]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn activity(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<ActivityQuery>,
) -> Result<Listing<ActivityEntry>, Failure> {
    let filter = ActivityFilter {
        workspace_id: query.workspace_id,
        actor_id: query.actor_id.as_deref(),
        action: query.action.as_deref(),
        target_kind: query.target_kind.as_deref(),
        target_id: query.target_id.as_deref(),
        since: query.since.map(|at| at.timestamp_millis()),
        until: query.until.map(|at| at.timestamp_millis()),
    };
    let page = service.activity(&filter, query.limit, query.cursor.as_deref()).await?;
    Ok(Listing::new(page, &uri, ActivityEntry::from))
}

/// How much of everything there is.
#[utoipa::path(get, path = "/admin/stats", tag = "admin",
    responses((status = 200, body = StatsAnswer), (status = 401), (status = 403)))]
async fn stats(State(service): State<Service>) -> Result<Json<StatsAnswer>, Failure> {
    Ok(Json(service.stats().await?.into()))
}
