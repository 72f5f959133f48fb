//! What the tokens of a session say and how long they live, in the dialect that the session was begun in. The one place
//! where claims of access tokens are written.

use sentinel_storage::{LocalAccount, Millis, SessionDialect, SessionForRefresh, WorkspaceRole};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::converge::Username;
use super::{Config, Error};

/// Before a user's id in the tenant API.
const USER: &str = "usr_";
/// Before a tenant's id in the tenant API.
const TENANT: &str = "ten_";

/// What an access token says besides what every token says.
///
/// INVARIANT: `sub` is the user's UUID and `wid` the workspace's in every dialect, whatever else a dialect calls them:
/// revocations, tuples and other services name people and workspaces by these.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum AccessClaims<'a> {
    Sentinel(SentinelClaims<'a>),
    Tenant(TenantClaims<'a>),
    Converged(ConvergedClaims<'a>),
}

/// Sentinel Auth's.
#[derive(Serialize)]
pub(crate) struct SentinelClaims<'a> {
    sid: Uuid,
    email: &'a str,
    name: &'a str,
    wid: Uuid,
    wslug: &'a str,
    wrole: WorkspaceRole,
    groups: &'a [Uuid],
}

/// The tenant API's: core's claims profile `tenant` reads them.
#[derive(Serialize)]
pub(crate) struct TenantClaims<'a> {
    sid: Uuid,
    wid: Uuid,
    email: &'a str,
    role: TenantRole,
    tenant_id: String,
}

/// Those that micro-frontends share: core's claims profile `convergence` reads them.
#[derive(Serialize)]
pub(crate) struct ConvergedClaims<'a> {
    sid: Uuid,
    wid: Uuid,
    /// The account's id in the form that is made of the username: it stands for `sub`.
    uid: String,
    username: &'a str,
    /// `null` where nobody has told the parts of the name apart.
    first_name: Option<&'a str>,
    last_name: Option<&'a str>,
    workspace_id: Uuid,
    role: &'a str,
}

/// Those of local accounts: Sentinel Auth's, and what their workspace says of them.
#[derive(Serialize)]
pub(crate) struct LocalClaims<'a> {
    sid: Uuid,
    email: &'a str,
    name: &'a str,
    wid: Uuid,
    wslug: &'a str,
    wrole: WorkspaceRole,
    groups: &'a [Uuid],
    username: &'a str,
    trust_level: i64,
    must_change_pin: bool,
}

impl<'a> LocalClaims<'a> {
    /// For who has this role now.
    pub(crate) fn of(state: &'a SessionForRefresh, role: WorkspaceRole, account: &'a LocalAccount) -> Self {
        Self {
            sid: state.session.id,
            email: &state.email,
            name: &state.name,
            wid: state.session.workspace_id,
            wslug: &state.workspace_slug,
            wrole: role,
            groups: &state.groups,
            username: &account.username,
            trust_level: account.trust_level,
            must_change_pin: account.must_change_pin,
        }
    }
}

/// A role of the tenant API: viewer < analyst < admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TenantRole {
    /// Reads own data.
    Viewer,
    /// Also uploads, processes, chats, exports.
    Analyst,
    /// Also manages users and the tenant, and reads the audit.
    Admin,
}

impl From<WorkspaceRole> for TenantRole {
    fn from(role: WorkspaceRole) -> Self {
        match role {
            WorkspaceRole::Viewer => Self::Viewer,
            WorkspaceRole::Editor => Self::Analyst,
            WorkspaceRole::Admin | WorkspaceRole::Owner => Self::Admin,
        }
    }
}

/// The claims of a session's next access token, for who has this role now.
///
/// # Errors
/// [`super::ErrorKind::Internal`] for a converged session of an account without a username: none begins so.
pub(crate) fn access_claims<'a>(
    state: &'a SessionForRefresh,
    role: WorkspaceRole,
    config: &'a Config,
) -> Result<AccessClaims<'a>, Error> {
    let SessionForRefresh { session, email, name, workspace_slug: wslug, groups, names, .. } = state;
    let (sid, wid) = (session.id, session.workspace_id);
    Ok(match session.dialect {
        SessionDialect::Tenant => {
            AccessClaims::Tenant(TenantClaims { sid, wid, email, role: role.into(), tenant_id: tenant_id(wid) })
        }
        SessionDialect::Converged => {
            let missing = || Error::internal("a session with converged claims is of an account without a username");
            let username = names.username.as_deref().ok_or_else(missing)?;
            AccessClaims::Converged(ConvergedClaims {
                sid,
                wid,
                uid: Username::alias_of(username),
                username,
                first_name: names.given_name.as_deref(),
                last_name: names.family_name.as_deref(),
                workspace_id: wid,
                role: config.directory.roles().name(role),
            })
        }
        SessionDialect::Sentinel | SessionDialect::Local => {
            AccessClaims::Sentinel(SentinelClaims { sid, email, name, wid, wslug, wrole: role, groups })
        }
    })
}

/// How long a session's access tokens live.
pub(crate) fn access_life(dialect: SessionDialect, config: &Config) -> Millis {
    match dialect {
        SessionDialect::Tenant => config.lifetimes.tenant_access,
        SessionDialect::Sentinel | SessionDialect::Converged | SessionDialect::Local => config.lifetimes.access,
    }
}

/// How long a session lasts that is not used.
pub(crate) fn idle_life(dialect: SessionDialect, config: &Config) -> Millis {
    let lifetimes = &config.lifetimes;
    match dialect {
        SessionDialect::Local => lifetimes.local_access.min(lifetimes.local_session),
        SessionDialect::Sentinel | SessionDialect::Tenant | SessionDialect::Converged => {
            lifetimes.refresh.min(lifetimes.session)
        }
    }
}

/// How long a refresh token that was used is answered with the same child again.
pub(crate) fn refresh_grace(dialect: SessionDialect, config: &Config) -> Millis {
    match dialect {
        // "The old refresh_token is invalidated": at once.
        SessionDialect::Tenant => 0,
        SessionDialect::Sentinel | SessionDialect::Converged | SessionDialect::Local => config.refresh_grace,
    }
}

/// A user's id as the tenant API writes it.
#[must_use]
pub fn user_id(id: Uuid) -> String {
    format!("{USER}{id}")
}

/// A workspace's id as the tenant API writes it.
#[must_use]
pub fn tenant_id(id: Uuid) -> String {
    format!("{TENANT}{id}")
}

/// The workspace that a tenant's id names: with its prefix, in the one form that is written.
#[must_use]
pub fn workspace_of(tenant: &str) -> Option<Uuid> {
    let id = tenant.strip_prefix(TENANT)?.parse().ok()?;
    (tenant_id(id) == tenant).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_prefix() {
        let id = Uuid::from_u128(7);
        assert_eq!(user_id(id), "usr_00000000-0000-0000-0000-000000000007");
        assert_eq!(workspace_of(&tenant_id(id)), Some(id));
        let bare = id.to_string();
        let upper = tenant_id(Uuid::from_u128(0xabc)).to_uppercase();
        for wrong in ["", "ten_", &bare, &user_id(id), &format!("ten_{}", id.simple()), &upper, "ten_{}"] {
            assert_eq!(workspace_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn roles_are_three() {
        let roles = WorkspaceRole::ALL.iter().map(|role| TenantRole::from(*role));
        assert!(roles.eq([TenantRole::Viewer, TenantRole::Analyst, TenantRole::Admin, TenantRole::Admin]));
    }
}
