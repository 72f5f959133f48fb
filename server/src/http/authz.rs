//! Authz mode: what the bearer of an identity provider's token may do.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::access::{Access, Resolver, Routes};
use super::auth::Choice;
use super::extract::Body;
use super::{Failure, cookies};
use crate::service::resolve::{ResolveRequest, Resolved};
use crate::service::{Caller, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Resolve, routes!(resolve))
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
