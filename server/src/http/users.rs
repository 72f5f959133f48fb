//! `/users/me`.

use axum::Json;
use axum::extract::State;
use sentinel_storage::ProfileChange;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::Failure;
use super::access::{Access, Routes};
use super::extract::Body;
use super::time::rfc3339;
use crate::service::{Caller, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Directory, routes!(me)).add(Access::User, routes!(update_me))
}

/// A person's own account.
#[derive(Serialize, ToSchema)]
pub(super) struct Profile {
    id: Uuid,
    email: String,
    name: String,
    avatar_url: Option<String>,
    is_active: bool,
    is_admin: bool,
    created_at: String,
    /// The workspace that the token is for, and the role in it now.
    workspace_id: Uuid,
    #[schema(value_type = String, example = "editor")]
    workspace_role: crate::service::WorkspaceRole,
}

impl Profile {
    fn new(account: sentinel_storage::User, user: &User) -> Self {
        Self {
            id: account.id,
            email: account.email,
            name: account.name,
            avatar_url: account.avatar_url,
            is_active: account.is_active,
            is_admin: account.is_admin,
            created_at: rfc3339(account.created_at),
            workspace_id: user.workspace_id,
            workspace_role: user.role,
        }
    }
}

/// What of the profile is to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
pub(super) struct ProfileUpdate {
    name: Option<String>,
    /// `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    avatar_url: Option<Option<String>>,
}

/// Tells a member that is `null` from one that is not there.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(input).map(Some)
}

/// Who the token speaks for.
#[utoipa::path(get, path = "/users/me", tag = "users", responses((status = 200, body = Profile), (status = 401)))]
async fn me(State(service): State<Service>, user: User) -> Result<Json<Profile>, Failure> {
    Ok(Json(Profile::new(service.account(&user).await?, &user)))
}

/// Changes one's own name or picture.
#[utoipa::path(patch, path = "/users/me", tag = "users", request_body = ProfileUpdate,
    responses((status = 200, body = Profile), (status = 400), (status = 401), (status = 422)))]
async fn update_me(
    State(service): State<Service>,
    user: User,
    caller: Caller,
    Body(update): Body<ProfileUpdate>,
) -> Result<Json<Profile>, Failure> {
    let avatar_url = update.avatar_url.as_ref().map(Option::as_deref);
    let change = ProfileChange { name: update.name.as_deref(), avatar_url };
    Ok(Json(Profile::new(service.update_account(&user, &caller, &change).await?, &user)))
}
