//! `/admin/webhooks`: who is told what changed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use sentinel_storage::{WebhookChange, WebhookDelivery, WebhookEndpoint};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::time::rfc3339;
use crate::service::Service;
use crate::service::webhooks::NewWebhook;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Admin, routes!(list, create))
        .add(Access::Admin, routes!(get, update, delete))
        .add(Access::Admin, routes!(rotate))
        .add(Access::Admin, routes!(deliveries))
        .add(Access::Admin, routes!(retry))
}

/// An endpoint that is told what changed.
#[derive(Serialize, ToSchema)]
struct WebhookAnswer {
    id: Uuid,
    url: String,
    description: String,
    /// Kinds of events; none: every one.
    events: Vec<String>,
    /// The workspace whose changes it is told; `null`: those of the whole deployment.
    workspace_id: Option<Uuid>,
    is_active: bool,
    /// Until when messages are signed with the secret before, too.
    previous_secret_until: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<WebhookEndpoint> for WebhookAnswer {
    fn from(endpoint: WebhookEndpoint) -> Self {
        Self {
            id: endpoint.id,
            url: endpoint.url,
            description: endpoint.description,
            events: endpoint.events,
            workspace_id: endpoint.workspace_id,
            is_active: endpoint.is_active,
            previous_secret_until: endpoint.previous_until.map(rfc3339),
            created_at: rfc3339(endpoint.created_at),
            updated_at: rfc3339(endpoint.updated_at),
        }
    }
}

/// An endpoint and what its messages are signed with, which is shown once.
#[derive(Serialize, ToSchema)]
struct WebhookWithSecret {
    #[serde(flatten)]
    webhook: WebhookAnswer,
    /// `whsec_` and 256 bits in base64, as the libraries of Standard Webhooks take it.
    secret: String,
}

/// A secret, which is shown once.
#[derive(Serialize, ToSchema)]
struct WebhookSecretAnswer {
    secret: String,
}

/// A message for an endpoint.
#[derive(Serialize, ToSchema)]
struct WebhookMessage {
    /// `webhook-id`: the same in each attempt.
    id: String,
    event: String,
    /// `pending`, `delivered` or `failed`: given up.
    state: &'static str,
    attempts: i64,
    /// Why the last attempt came to nothing.
    reason: Option<String>,
    created_at: String,
    next_attempt_at: Option<String>,
    delivered_at: Option<String>,
    failed_at: Option<String>,
}

impl From<WebhookDelivery> for WebhookMessage {
    fn from(delivery: WebhookDelivery) -> Self {
        let state = match (delivery.delivered_at, delivery.failed_at) {
            (Some(_), _) => "delivered",
            (None, Some(_)) => "failed",
            (None, None) => "pending",
        };
        Self {
            id: delivery.message_id,
            event: delivery.event,
            state,
            attempts: delivery.attempts,
            reason: delivery.reason,
            created_at: rfc3339(delivery.created_at),
            next_attempt_at: delivery.due_at.map(rfc3339),
            delivered_at: delivery.delivered_at.map(rfc3339),
            failed_at: delivery.failed_at.map(rfc3339),
        }
    }
}

/// The endpoints, the oldest first: a hundred at most.
#[utoipa::path(get, path = "/admin/webhooks", tag = "admin", responses(
    (status = 200, body = [WebhookAnswer]), (status = 401), (status = 403)))]
async fn list(State(service): State<Service>) -> Result<Json<Vec<WebhookAnswer>>, Failure> {
    Ok(Json(service.webhooks().await?.into_iter().map(WebhookAnswer::from).collect()))
}

/// A new endpoint.
#[derive(Deserialize, ToSchema)]
struct WebhookCreate {
    /// `https`, on a public address.
    url: String,
    #[serde(default)]
    description: String,
    /// None: every one.
    #[serde(default)]
    events: Vec<String>,
    /// Without it the changes of the whole deployment.
    workspace_id: Option<Uuid>,
}

/// Registers an endpoint: from now on it is told what changes.
#[utoipa::path(post, path = "/admin/webhooks", tag = "admin", request_body = WebhookCreate, responses(
    (status = 201, body = WebhookWithSecret), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn create(
    State(service): State<Service>,
    by: By,
    Body(body): Body<WebhookCreate>,
) -> Result<(StatusCode, Json<WebhookWithSecret>), Failure> {
    let WebhookCreate { url, description, events, workspace_id } = &body;
    let new = NewWebhook { url, description, events, workspace_id: *workspace_id };
    let (webhook, secret) = service.create_webhook(&by.actor, &by.caller, &new).await?;
    Ok((StatusCode::CREATED, Json(WebhookWithSecret { webhook: webhook.into(), secret: secret.0 })))
}

/// One endpoint.
#[utoipa::path(get, path = "/admin/webhooks/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 200, body = WebhookAnswer), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<WebhookAnswer>, Failure> {
    Ok(Json(service.webhook(id).await?.into()))
}

/// What of an endpoint is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct WebhookUpdate {
    url: Option<String>,
    description: Option<String>,
    /// None in the list: every one.
    events: Option<Vec<String>>,
    is_active: Option<bool>,
}

/// Changes an endpoint.
#[utoipa::path(patch, path = "/admin/webhooks/{id}", tag = "admin", params(("id" = Uuid, Path)), request_body = WebhookUpdate,
    responses((status = 200, body = WebhookAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn update(
    State(service): State<Service>,
    by: By,
    Path(id): Path<Uuid>,
    Body(body): Body<WebhookUpdate>,
) -> Result<Json<WebhookAnswer>, Failure> {
    let change = WebhookChange {
        url: body.url.as_deref(),
        description: body.description.as_deref(),
        events: body.events.as_deref(),
        is_active: body.is_active,
    };
    Ok(Json(service.update_webhook(&by.actor, &by.caller, id, &change).await?.into()))
}

/// Removes an endpoint, and what it was still to be told.
#[utoipa::path(delete, path = "/admin/webhooks/{id}", tag = "admin", params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn delete(State(service): State<Service>, by: By, Path(id): Path<Uuid>) -> Result<StatusCode, Failure> {
    service.delete_webhook(&by.actor, &by.caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a secret is replaced.
#[derive(Deserialize, ToSchema)]
struct WebhookRotate {
    /// For so long messages are signed with both: a day, where it is left out; a week at most.
    #[serde(default = "a_day")]
    overlap_seconds: u64,
}

fn a_day() -> u64 {
    24 * 60 * 60
}

/// Gives an endpoint another secret.
#[utoipa::path(post, path = "/admin/webhooks/{id}/secret", tag = "admin", params(("id" = Uuid, Path)), request_body = WebhookRotate,
    responses((status = 200, body = WebhookSecretAnswer), (status = 400), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn rotate(
    State(service): State<Service>,
    by: By,
    Path(id): Path<Uuid>,
    Body(body): Body<WebhookRotate>,
) -> Result<Json<WebhookSecretAnswer>, Failure> {
    let secret = service.rotate_webhook_secret(&by.actor, &by.caller, id, body.overlap_seconds).await?;
    Ok(Json(WebhookSecretAnswer { secret: secret.0 }))
}

/// Which messages are shown.
#[derive(Deserialize, IntoParams)]
struct DeliveriesQuery {
    /// Only those that were given up.
    #[serde(default)]
    failed: bool,
}

/// The latest messages of an endpoint, the newest first: a hundred at most.
#[utoipa::path(get, path = "/admin/webhooks/{id}/deliveries", tag = "admin", params(("id" = Uuid, Path), DeliveriesQuery), responses(
    (status = 200, body = [WebhookMessage]), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn deliveries(
    State(service): State<Service>,
    Path(id): Path<Uuid>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Vec<WebhookMessage>>, Failure> {
    let found = service.webhook_deliveries(id, query.failed).await?;
    Ok(Json(found.into_iter().map(WebhookMessage::from).collect()))
}

/// Says a message again that was given up.
#[utoipa::path(post, path = "/admin/webhooks/{id}/deliveries/{message_id}/retry", tag = "admin",
    params(("id" = Uuid, Path), ("message_id" = String, Path)), responses(
    (status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn retry(
    State(service): State<Service>,
    by: By,
    Path((id, message_id)): Path<(Uuid, String)>,
) -> Result<StatusCode, Failure> {
    service.retry_webhook(&by.actor, &by.caller, id, &message_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
