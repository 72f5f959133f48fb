//! `/roles`: actions of services and who may do them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sentinel_storage::Action;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::{Body, Query};
use crate::service::{Caller, Service, ServiceApp, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Service, routes!(register))
        .add(Access::ServiceUser, routes!(check))
        .add(Access::ServiceUser, routes!(list))
}

/// Actions that a service knows.
#[derive(Deserialize, ToSchema)]
pub(super) struct ActionsRegister {
    /// The scope of the key.
    service_name: String,
    actions: Vec<ActionRegister>,
}

/// One of them.
#[derive(Deserialize, ToSchema)]
pub(super) struct ActionRegister {
    /// `^[a-z][a-z0-9_.:-]*$`
    action: String,
    description: Option<String>,
}

/// A registered action.
#[derive(Serialize, ToSchema)]
pub(super) struct ActionAnswer {
    id: Uuid,
    service_name: String,
    action: String,
    description: Option<String>,
}

impl From<Action> for ActionAnswer {
    fn from(action: Action) -> Self {
        Self {
            id: action.id,
            service_name: action.service_name,
            action: action.action,
            description: action.description,
        }
    }
}

/// May the user do this?
#[derive(Deserialize, ToSchema)]
pub(super) struct ActionCheck {
    service_name: String,
    action: String,
    workspace_id: Uuid,
}

/// The answer.
#[derive(Serialize, ToSchema)]
pub(super) struct ActionDecision {
    allowed: bool,
    /// The user's roles that grant it.
    roles: Vec<String>,
}

/// What is asked for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ActionsQuery {
    service_name: String,
    workspace_id: Uuid,
}

/// All that the user may do.
#[derive(Serialize, ToSchema)]
pub(super) struct Actions {
    actions: Vec<String>,
}

/// Makes sure that a service's actions are known.
#[utoipa::path(post, path = "/roles/actions/register", tag = "roles", request_body = ActionsRegister,
    responses((status = 201, body = [ActionAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn register(
    State(service): State<Service>,
    app: ServiceApp,
    caller: Caller,
    Body(body): Body<ActionsRegister>,
) -> Result<(StatusCode, Json<Vec<ActionAnswer>>), Failure> {
    let actions: Vec<_> = body.actions.into_iter().map(|action| (action.action, action.description)).collect();
    let registered = service.register_actions(&app, &caller, &body.service_name, &actions).await?;
    Ok((StatusCode::CREATED, Json(registered.into_iter().map(ActionAnswer::from).collect())))
}

/// Whether the user's roles grant an action.
#[utoipa::path(post, path = "/roles/check-action", tag = "roles", request_body = ActionCheck,
    responses((status = 200, body = ActionDecision), (status = 401), (status = 403), (status = 422)))]
async fn check(
    State(service): State<Service>,
    app: ServiceApp,
    user: User,
    Body(body): Body<ActionCheck>,
) -> Result<Json<ActionDecision>, Failure> {
    let roles = service.roles_granting(&app, &user, &body.service_name, &body.action, body.workspace_id).await?;
    Ok(Json(ActionDecision { allowed: !roles.is_empty(), roles }))
}

/// All actions that the user's roles grant.
#[utoipa::path(get, path = "/roles/user-actions", tag = "roles", params(ActionsQuery),
    responses((status = 200, body = Actions), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    app: ServiceApp,
    user: User,
    Query(query): Query<ActionsQuery>,
) -> Result<Json<Actions>, Failure> {
    let actions = service.user_actions(&app, &user, &query.service_name, query.workspace_id).await?;
    Ok(Json(Actions { actions }))
}
