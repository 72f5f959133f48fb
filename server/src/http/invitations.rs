//! `/workspaces/{id}/invitations`: members to be.

use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use sentinel_storage::Invitation;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::{Path, Query};
use super::listing::Listing;
use super::time::rfc3339;
use crate::service::{Caller, Service, User, WorkspaceRole};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::User, routes!(list)).add(Access::User, routes!(revoke))
}

/// An invitation that waits until someone proves the address by logging in.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitationAnswer {
    id: Uuid,
    email: String,
    #[schema(value_type = String, example = "editor")]
    role: WorkspaceRole,
    /// The user who invited.
    invited_by: Uuid,
    created_at: String,
    expires_at: String,
}

impl From<Invitation> for InvitationAnswer {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            role: invitation.role,
            invited_by: invitation.invited_by,
            created_at: rfc3339(invitation.created_at),
            expires_at: rfc3339(invitation.expires_at),
        }
    }
}

/// What part of the list.
#[derive(Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// Most entries of the answer, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// Where the page begins: from the `Link` header of the page before.
    cursor: Option<String>,
}

/// The invitations that wait: admins see them.
#[utoipa::path(get, path = "/workspaces/{workspace_id}/invitations", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), Part),
    responses((status = 200, body = [InvitationAnswer]), (status = 400), (status = 401), (status = 403), (status = 422)))]
async fn list(
    State(service): State<Service>,
    OriginalUri(uri): OriginalUri,
    user: User,
    Path(workspace_id): Path<Uuid>,
    Query(part): Query<Part>,
) -> Result<Listing<InvitationAnswer>, Failure> {
    let page = service.invitations(&user, workspace_id, part.limit, part.cursor.as_deref()).await?;
    Ok(Listing::new(page, &uri, InvitationAnswer::from))
}

/// Takes an invitation back: admins may.
#[utoipa::path(delete, path = "/workspaces/{workspace_id}/invitations/{invitation_id}", tag = "workspaces",
    params(("workspace_id" = Uuid, Path), ("invitation_id" = Uuid, Path)),
    responses((status = 204), (status = 401), (status = 403), (status = 404), (status = 422)))]
async fn revoke(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Path((workspace_id, invitation_id)): Path<(Uuid, Uuid)>,
) -> Result<StatusCode, Failure> {
    service.revoke_invitation(&user, &caller, workspace_id, invitation_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
