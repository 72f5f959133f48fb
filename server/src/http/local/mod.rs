//! `/local`: people who log in with a username and a PIN. Their one token is an access token; using it on any route brings
//! the next one in `X-Refreshed-Token`.

mod login;
mod me;
mod users;

use sentinel_storage::LocalAccount;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::access::Routes;
use super::time::rfc3339;
use crate::service::WorkspaceRole;

pub(super) fn routes(routes: Routes) -> Routes {
    [login::routes, me::routes, users::routes].iter().fold(routes, |all, room| room(all))
}

/// A local account.
#[derive(Serialize, ToSchema)]
pub(super) struct LocalProfile {
    id: Uuid,
    /// What its owner types.
    #[schema(example = "ada")]
    username: String,
    /// For display.
    name: String,
    workspace_id: Uuid,
    /// In the workspace; `null` for who is no member any more.
    #[schema(value_type = Option<String>, example = "editor")]
    role: Option<WorkspaceRole>,
    /// How far services trust what this person asks them to do, 0 to 10.
    trust_level: i64,
    /// The channels through which services talk with this person.
    channels: Vec<String>,
    /// Others know the PIN: its owner is asked to change it.
    must_change_pin: bool,
    is_active: bool,
    created_at: String,
    last_login_at: Option<String>,
}

impl From<LocalAccount> for LocalProfile {
    fn from(account: LocalAccount) -> Self {
        Self {
            id: account.user_id,
            username: account.username,
            name: account.name,
            workspace_id: account.workspace_id,
            role: account.role,
            trust_level: account.trust_level,
            channels: account.channels,
            must_change_pin: account.must_change_pin,
            is_active: account.is_active,
            created_at: rfc3339(account.created_at),
            last_login_at: account.last_login_at.map(rfc3339),
        }
    }
}
