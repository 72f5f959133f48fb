//! Authz mode: what the bearer of an identity provider's token may do.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::access::{Access, Resolver, Routes};
use super::auth::{CallbackQuery, Choice, LoginQuery};
use super::extract::{Body, Path, Query};
use super::layers::limits::Limits;
use super::layers::refusals::Refused;
use super::{Failure, cookies};
use crate::service::resolve::{ResolveRequest, Resolved};
use crate::service::{Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Resolve, routes!(resolve))
        .add(Access::Public, routes!(relay))
        .add(Access::Public, routes!(relayed))
        .add(Access::Public, routes!(relay_token))
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
    (status = 429, description = "Too many tokens were refused"),
    (status = 503, description = "The provider cannot be reached"),
))]
async fn resolve(
    State(service): State<Service>,
    resolver: Resolver,
    caller: Caller,
    limits: Option<Extension<Arc<Limits>>>,
    Body(body): Body<ResolveBody>,
) -> Result<Response, Failure> {
    let who = Refused::of_resolver(&resolver, &caller);
    let (Resolver::Service(app) | Resolver::Browser(app)) = resolver;
    let ResolveBody { idp_token, provider, workspace_id, nonce } = body;
    let request = ResolveRequest { idp_token, provider, workspace_id, nonce };
    let resolved = service.resolve(&app, &request, &caller);
    let resolved = match limits {
        Some(Extension(limits)) => limits.judged(who, resolved).await,
        None => resolved.await,
    };
    let resolution = match resolved? {
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

/// Sends a front end's browser to a provider without ID tokens (GitHub), whose code only this server can exchange. The
/// redirect URI is one of a service's `relay_redirect_uris`, octet by octet.
#[utoipa::path(get, path = "/authz/idp/{provider}/login", tag = "authz",
    params(("provider" = String, Path, description = "Its name"), LoginQuery),
    responses(
        (status = 302, description = "To the identity provider"),
        (status = 400, description = "The redirect URI is not registered, there is no S256 challenge, or front ends log in there by themselves"),
        (status = 404, description = "No such provider"),
        (status = 422, description = "A parameter is missing"),
    ))]
async fn relay(
    State(service): State<Service>,
    Path(provider): Path<String>,
    Query(query): Query<LoginQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let known = cookies::login_secret(service.config(), &headers);
    let departure = service.begin_relay(&provider, query.into(), known.as_deref()).await?;
    cookies::depart(service.config(), &departure.url, &departure.browser)
}

/// Takes the provider's answer, and sends the browser back to the front end with a code or an `error`.
#[utoipa::path(get, path = "/authz/idp/{provider}/callback", tag = "authz",
    params(("provider" = String, Path, description = "Its name"), CallbackQuery),
    responses(
        (status = 302, description = "To the registered redirect URI, with `code` or `error`, and `state`"),
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

#[derive(Deserialize, ToSchema)]
struct RelayBody {
    /// From the redirect; good once.
    code: String,
    /// What the challenge was made of (RFC 7636 §4.1).
    code_verifier: String,
}

/// The provider's token.
#[derive(Serialize, ToSchema)]
struct RelayAnswer {
    /// For `/authz/resolve`, and beside authz tokens.
    idp_token: String,
    /// Whose it is.
    provider: String,
}

/// Uses a code: the provider's token.
#[utoipa::path(post, path = "/authz/idp/{provider}/token", tag = "authz", request_body = RelayBody,
    params(("provider" = String, Path, description = "Its name")),
    responses(
        (status = 200, body = RelayAnswer),
        (status = 400, description = "The code is unknown, used, expired or not this verifier's"),
        (status = 404, description = "No such provider"),
        (status = 422, description = "The body does not fit"),
    ))]
async fn relay_token(
    State(service): State<Service>,
    Path(provider): Path<String>,
    Body(body): Body<RelayBody>,
) -> Result<Response, Failure> {
    let token = service.exchange_relay_code(&provider, &body.code, &body.code_verifier).await?;
    let answer = RelayAnswer { idp_token: token.expose_secret().to_owned(), provider };
    Ok(cookies::private(Json(answer).into_response()))
}
