//! `/admin/actions`: what services have registered for roles to grant.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::listing::Listing;
use crate::http::roles::ActionAnswer;
use crate::service::Service;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Admin, routes!(list)).add(Access::Admin, routes!(describe, delete))
}

/// Which actions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AdminActionsQuery {
    /// Only of this scope: a service's name, or its realm's slug.
    service_name: Option<String>,
    /// Part of the action's name.
    q: Option<String>,
    /// Most entries of the answer, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: from the `Link` header of the page before.
    cursor: Option<String>,
}

/// What an action is.
#[derive(Deserialize, ToSchema)]
struct ActionDescription {
    /// `null` removes it.
    description: Option<String>,
}

/// Registered actions by name.
#[utoipa::path(get, path = "/admin/actions", tag = "admin", params(AdminActionsQuery),
    responses((status = 200, body = [ActionAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<AdminActionsQuery>,
) -> Result<Listing<ActionAnswer>, Failure> {
    let (scope, search) = (query.service_name.as_deref(), query.q.as_deref());
    let page = service.all_actions(scope, search, query.limit, query.cursor.as_deref()).await?;
    Ok(Listing::new(page, &uri, ActionAnswer::from))
}

/// Says what an action is.
#[utoipa::path(patch, path = "/admin/actions/{action_id}", tag = "admin", params(("action_id" = Uuid, Path)),
    request_body = ActionDescription,
    responses((status = 200, body = ActionAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn describe(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
    Body(body): Body<ActionDescription>,
) -> Result<Json<ActionAnswer>, Failure> {
    Ok(Json(service.describe_action(&actor, &caller, id, body.description.as_deref()).await?.into()))
}

/// Deletes an action: no role grants it any more.
#[utoipa::path(delete, path = "/admin/actions/{action_id}", tag = "admin", params(("action_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Failure> {
    service.remove_action(&actor, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
