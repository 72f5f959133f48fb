//! `/ws/tickets`: what opens one WebSocket.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::access::{Access, Routes};
use super::extract::Body;
use super::{Failure, cookies};
use crate::service::socket_tickets::{NewTicket, SocketIdentity};
use crate::service::{Service, ServiceApp, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Directory, routes!(issue)).add(Access::Service, routes!(redeem))
}

/// Where a socket is to be opened.
#[derive(Deserialize, ToSchema)]
struct TicketBody {
    /// The service that will redeem the ticket.
    service_name: String,
}

/// What opens one WebSocket, once.
#[derive(Serialize, ToSchema)]
struct TicketAnswer {
    /// For the socket's URL: `?ticket=…`.
    #[schema(example = "wst_b3BlbnMgb25lIHNvY2tldCwgb25jZSwgYW5kIG5vIG1vcmU")]
    ticket: String,
    /// Seconds for which it can be used.
    expires_in: i64,
}

/// Makes a ticket with which the person whose token it is can open one WebSocket at a service.
#[utoipa::path(post, path = "/ws/tickets", tag = "websockets", request_body = TicketBody, responses(
    (status = 201, body = TicketAnswer),
    (status = 401, description = "No token, or one that does not hold"),
    (status = 403, description = "The token is for another service"),
    (status = 404, description = "No active service has this name"),
    (status = 422, description = "The body does not fit"),
))]
async fn issue(State(service): State<Service>, user: User, Body(body): Body<TicketBody>) -> Result<Response, Failure> {
    let NewTicket { ticket, expires_in } = service.issue_socket_ticket(&user, &body.service_name).await?;
    Ok(cookies::private((StatusCode::CREATED, Json(TicketAnswer { ticket, expires_in })).into_response()))
}

/// What came in a socket's URL.
#[derive(Deserialize, ToSchema)]
struct RedeemBody {
    ticket: String,
}

/// Uses a ticket: who opens the socket, and until when it may stay open. For the service that the ticket is for.
#[utoipa::path(post, path = "/ws/tickets/redeem", tag = "websockets", request_body = RedeemBody, responses(
    (status = 200, body = SocketIdentity),
    (status = 400, description = "The ticket is unknown, used, expired or another service's, or its person may not act any more"),
    (status = 401, description = "No service key, or one that opens nothing"),
    (status = 422, description = "The body does not fit"),
))]
async fn redeem(
    State(service): State<Service>,
    app: ServiceApp,
    Body(body): Body<RedeemBody>,
) -> Result<Response, Failure> {
    let identity = service.redeem_socket_ticket(&app, &body.ticket).await?;
    Ok(cookies::private(Json(identity).into_response()))
}
