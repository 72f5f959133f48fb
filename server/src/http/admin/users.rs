//! `/admin/users`: accounts, their sessions and tokens.

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::{Identity, Session, User as Account, UserFilter, WorkspaceOfUser};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::By;
use crate::http::Failure;
use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Path, Query};
use crate::http::listing::Listing;
use crate::http::time::rfc3339;
use crate::service::accounts::{AccountChange, Dossier};
use crate::service::{Service, WorkspaceRole};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Admin, routes!(list))
        .add(Access::Admin, routes!(get, update))
        .add(Access::Admin, routes!(revoke_tokens))
        .add(Access::Admin, routes!(sessions))
        .add(Access::Admin, routes!(revoke_session))
}

/// An account.
#[derive(Serialize, ToSchema)]
pub(super) struct AdminUser {
    id: Uuid,
    email: String,
    /// Whether the account is found by its address.
    email_verified: bool,
    name: String,
    avatar_url: Option<String>,
    is_active: bool,
    is_admin: bool,
    created_at: String,
    updated_at: String,
    last_login_at: Option<String>,
}

impl From<Account> for AdminUser {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            email_verified: account.email_verified,
            name: account.name,
            avatar_url: account.avatar_url,
            is_active: account.is_active,
            is_admin: account.is_admin,
            created_at: rfc3339(account.created_at),
            updated_at: rfc3339(account.updated_at),
            last_login_at: account.last_login_at.map(rfc3339),
        }
    }
}

/// An account with what hangs on it.
#[derive(Serialize, ToSchema)]
struct AdminUserDetail {
    #[serde(flatten)]
    user: AdminUser,
    /// What the account is called, from its first login on.
    username: Option<String>,
    /// Who the account's owner is at identity providers.
    identities: Vec<AdminIdentity>,
    workspaces: Vec<AdminUserWorkspace>,
    /// Live ones, the one used last first.
    sessions: Vec<AdminSession>,
}

/// Who someone is at an identity provider.
#[derive(Serialize, ToSchema)]
struct AdminIdentity {
    provider: String,
    issuer: String,
    subject: String,
    email: Option<String>,
    email_verified: bool,
    created_at: String,
    last_login_at: String,
}

/// A workspace that the account is a member of.
#[derive(Serialize, ToSchema)]
struct AdminUserWorkspace {
    id: Uuid,
    slug: String,
    name: String,
    #[schema(value_type = String, example = "editor")]
    role: WorkspaceRole,
}

/// A login that still lives.
#[derive(Serialize, ToSchema)]
struct AdminSession {
    id: Uuid,
    workspace_id: Uuid,
    client_id: Option<Uuid>,
    user_agent: Option<String>,
    ip_address: Option<String>,
    created_at: String,
    last_used_at: String,
    expires_at: String,
}

impl From<Identity> for AdminIdentity {
    fn from(identity: Identity) -> Self {
        Self {
            provider: identity.provider,
            issuer: identity.issuer,
            subject: identity.subject,
            email: identity.email,
            email_verified: identity.email_verified,
            created_at: rfc3339(identity.created_at),
            last_login_at: rfc3339(identity.last_login_at),
        }
    }
}

impl From<WorkspaceOfUser> for AdminUserWorkspace {
    fn from(WorkspaceOfUser { workspace, role }: WorkspaceOfUser) -> Self {
        Self { id: workspace.id, slug: workspace.slug, name: workspace.name, role }
    }
}

impl From<Session> for AdminSession {
    fn from(session: Session) -> Self {
        Self {
            id: session.id,
            workspace_id: session.workspace_id,
            client_id: session.client_id,
            user_agent: session.user_agent,
            ip_address: session.ip_address,
            created_at: rfc3339(session.created_at),
            last_used_at: rfc3339(session.last_used_at),
            expires_at: rfc3339(session.expires_at),
        }
    }
}

impl From<Dossier> for AdminUserDetail {
    fn from(dossier: Dossier) -> Self {
        Self {
            user: dossier.account.into(),
            username: dossier.username,
            identities: dossier.identities.into_iter().map(Into::into).collect(),
            workspaces: dossier.workspaces.into_iter().map(Into::into).collect(),
            sessions: dossier.sessions.into_iter().map(Into::into).collect(),
        }
    }
}

/// Which accounts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UsersQuery {
    /// Part of the name or the e-mail address, in any case.
    q: Option<String>,
    is_active: Option<bool>,
    is_admin: Option<bool>,
    /// Most entries of the answer, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: from the `Link` header of the page before.
    cursor: Option<String>,
}

/// What of an account is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
struct AdminUserUpdate {
    /// Another username, which nobody else has or had. The one before stays this account's.
    username: Option<String>,
    /// The address that the account's owner proves: your word stands for a proof, and whoever logs in with a provider that
    /// proves it gets this account.
    email: Option<String>,
    name: Option<String>,
    /// `false` voids every token of the account at once.
    is_active: Option<bool>,
    is_admin: Option<bool>,
}

/// What has ended.
#[derive(Serialize, ToSchema)]
struct TokensRevoked {
    sessions: usize,
}

/// Accounts in the order of their addresses.
#[utoipa::path(get, path = "/admin/users", tag = "admin", params(UsersQuery),
    responses((status = 200, body = [AdminUser]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    Query(query): Query<UsersQuery>,
) -> Result<Listing<AdminUser>, Failure> {
    let filter = UserFilter { search: query.q.as_deref(), is_active: query.is_active, is_admin: query.is_admin };
    let page = service.accounts(&filter, query.limit, query.cursor.as_deref()).await?;
    Ok(Listing::new(page, &uri, AdminUser::from))
}

/// One account with its identities, workspaces and sessions.
#[utoipa::path(get, path = "/admin/users/{user_id}", tag = "admin", params(("user_id" = Uuid, Path)),
    responses((status = 200, body = AdminUserDetail), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn get(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<AdminUserDetail>, Failure> {
    Ok(Json(service.dossier(id).await?.into()))
}

/// Changes an account. The last administrator stays one.
#[utoipa::path(patch, path = "/admin/users/{user_id}", tag = "admin", params(("user_id" = Uuid, Path)),
    request_body = AdminUserUpdate,
    responses((status = 200, body = AdminUser), (status = 400), (status = 401), (status = 403), (status = 404), (status = 409), (status = 422)))]
async fn update(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
    Body(update): Body<AdminUserUpdate>,
) -> Result<Json<AdminUser>, Failure> {
    let change = AccountChange {
        username: update.username.as_deref(),
        email: update.email.as_deref(),
        name: update.name.as_deref(),
        is_active: update.is_active,
        is_admin: update.is_admin,
    };
    Ok(Json(service.change_account(&actor, &caller, id, &change).await?.into()))
}

/// Voids every token of an account; its owner may log in again.
#[utoipa::path(post, path = "/admin/users/{user_id}/revoke-tokens", tag = "admin", params(("user_id" = Uuid, Path)),
    responses((status = 200, body = TokensRevoked), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn revoke_tokens(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path(id): Path<Uuid>,
) -> Result<Json<TokensRevoked>, Failure> {
    Ok(Json(TokensRevoked { sessions: service.revoke_tokens(&actor, &caller, id).await? }))
}

/// The live sessions of an account, the one used last first.
#[utoipa::path(get, path = "/admin/users/{user_id}/sessions", tag = "admin", params(("user_id" = Uuid, Path)),
    responses((status = 200, body = [AdminSession]), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn sessions(State(service): State<Service>, Path(id): Path<Uuid>) -> Result<Json<Vec<AdminSession>>, Failure> {
    Ok(Json(service.sessions_of(id).await?.into_iter().map(Into::into).collect()))
}

/// Ends a session and its access tokens.
#[utoipa::path(delete, path = "/admin/users/{user_id}/sessions/{session_id}", tag = "admin",
    params(("user_id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn revoke_session(
    State(service): State<Service>,
    By { actor, caller }: By,
    Path((id, session_id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.revoke_session(&actor, &caller, id, session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
