//! Authz mode: what the bearer of an identity provider's token may do.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::access::{Access, Resolver, Routes};
use super::auth::{CallbackQuery, Choice};
use super::extract::{Body, Path, Query};
use super::{Failure, cookies};
use crate::service::resolve::{ResolveRequest, Resolved};
use crate::service::{Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Resolve, routes!(resolve))
        .add(Access::Public, routes!(relay))
        .add(Access::Public, routes!(relayed))
}

#[derive(Deserialize, ToSchema)]
struct ResolveBody {
    /// An ID token; GitHub's access token.
    idp_token: String,
    /// Whose it is.
    provider: String,
    /// The workspace to act in; without one they are listed.
    workspace_id: Option<Uuid>,
    /// What the ID token's `nonce` must be.
    nonce: Option<String>,
}

/// Who it is.
#[derive(Serialize, ToSchema)]
struct Person {
    id: Uuid,
    email: String,
    name: String,
    avatar_url: Option<String>,
}

impl From<sentinel_storage::User> for Person {
    fn from(user: sentinel_storage::User) -> Self {
        Self { id: user.id, email: user.email, name: user.name, avatar_url: user.avatar_url }
    }
}

/// Without `workspace_id`: where the person could act. With it: what the person may do there.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
enum Resolution {
    /// Where the person could act.
    Workspaces { user: Person, workspaces: Vec<Choice> },
    /// What the person may do there.
    Authorized {
        user: Person,
        workspace: Choice,
        /// For `X-Authz-Token`, beside the provider's token.
        authz_token: String,
        /// Seconds until it expires.
        expires_in: i64,
    },
}

/// Judges an identity provider's token for a service: by its key, or for a browser from an origin that it registered.
#[utoipa::path(post, path = "/authz/resolve", tag = "authz", request_body = ResolveBody, responses(
    (status = 200, body = Resolution),
    (status = 401, description = "The provider's token, the service key or the origin is refused"),
    (status = 403, description = "A deactivated account, or not a member of the workspace"),
    (status = 404, description = "No such provider"),
    (status = 422, description = "The body does not fit"),
    (status = 503, description = "The provider cannot be reached"),
))]
async fn resolve(
    State(service): State<Service>,
    resolver: Resolver,
    caller: Caller,
    Body(body): Body<ResolveBody>,
) -> Result<Response, Failure> {
    let (Resolver::Service(app) | Resolver::Browser(app)) = resolver;
    let ResolveBody { idp_token, provider, workspace_id, nonce } = body;
    let request = ResolveRequest { idp_token, provider, workspace_id, nonce };
    let resolution = match service.resolve(&app, &request, &caller).await? {
        Resolved::Workspaces { account, workspaces } => Resolution::Workspaces {
            user: account.into(),
            workspaces: workspaces.into_iter().map(Choice::from).collect(),
        },
        Resolved::Authorized { account, workspace, role, authz_token, expires_in } => Resolution::Authorized {
            user: account.into(),
            workspace: sentinel_storage::WorkspaceOfUser { workspace, role }.into(),
            authz_token,
            expires_in,
        },
    };
    Ok(cookies::private(Json(resolution).into_response()))
}

#[derive(Deserialize, IntoParams)]
struct RelayQuery {
    /// Where the token goes: a redirect URI of a client, or a page of an origin that a service registered.
    redirect_uri: String,
    /// Passed back as it came.
    state: Option<String>,
}

/// Sends a front end's browser to a provider without ID tokens (GitHub), whose code only this server can exchange.
#[utoipa::path(get, path = "/authz/idp/{provider}/login", tag = "authz",
    params(("provider" = String, Path, description = "Its name"), RelayQuery),
    responses(
        (status = 302, description = "To the identity provider"),
        (status = 400, description = "The redirect URI is not registered, or front ends log in there by themselves"),
        (status = 404, description = "No such provider"),
        (status = 422, description = "A parameter is missing"),
    ))]
async fn relay(
    State(service): State<Service>,
    Path(provider): Path<String>,
    Query(query): Query<RelayQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let known = cookies::login_secret(service.config(), &headers);
    let departure = service.begin_relay(&provider, &query.redirect_uri, query.state, known.as_deref()).await?;
    cookies::depart(service.config(), &departure.url, &departure.browser)
}

/// Takes the provider's answer, and sends the browser back with `idp_token` or `error`, and `state`, in the fragment.
#[utoipa::path(get, path = "/authz/idp/{provider}/callback", tag = "authz",
    params(("provider" = String, Path, description = "Its name"), CallbackQuery),
    responses(
        (status = 302, description = "To the registered redirect URI"),
        (status = 400, description = "No login of this browser is waiting for this answer"),
    ))]
async fn relayed(
    State(service): State<Service>,
    Path(provider): Path<String>,
    Query(query): Query<CallbackQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let browser = cookies::login_secret(service.config(), &headers);
    cookies::found(&service.finish_relay(&provider, &query.into(), browser.as_deref()).await?)
}
