//! Who is calling. A value of these types exists only after its credential was verified on this request.

use std::net::{IpAddr, Ipv6Addr};

use sentinel_storage::{Millis, WorkspaceRole};
use uuid::Uuid;

use super::Error;
use super::mandate::insufficient;

/// Which of our tokens a user came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Identity and authorization in one (proxy mode).
    Access,
    /// Authorization alone, bound to an identity provider's token and to one service (authz mode).
    Authz,
}

/// A person acting in one workspace. Role and groups are what storage says now, not what the token says.
#[derive(Clone, Debug)]
pub struct User {
    /// The account.
    pub id: Uuid,
    /// For display.
    pub email: String,
    /// For display.
    pub name: String,
    /// The workspace that the token is for.
    pub workspace_id: Uuid,
    /// The role in it, at this moment.
    pub role: WorkspaceRole,
    /// The groups in it, at this moment.
    pub groups: Vec<Uuid>,
    /// What the user came with.
    pub token: TokenKind,
    /// The token's own id, and when it was issued and expires (seconds since 1970).
    pub jti: String,
    /// See `jti`.
    pub issued_at: i64,
    /// See `jti`.
    pub expires_at: i64,
    /// The login that the token came from.
    pub session_id: Option<Uuid>,
    /// When it was noted last that the login is used.
    pub session_seen_at: Option<Millis>,
    /// Whether using the token prolongs its login.
    pub slides: bool,
    /// The scope that an authz token is bound to.
    pub scope: Option<String>,
    /// Whether the login was by the workspace's own provider: it is for this workspace alone, and not for what is the
    /// account's.
    pub is_federated: bool,
}

impl User {
    /// That the account itself is the user's to manage: whoever runs one workspace's provider speaks for that workspace,
    /// and what is the account's concerns the others.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`].
    pub(crate) fn require_own_account(&self) -> Result<(), Error> {
        if self.is_federated {
            return Err(Error::forbidden("A login by the workspace's own provider is for this workspace alone"));
        }
        Ok(())
    }

    /// That the user acts in this workspace, with this role at least.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`].
    pub fn require(&self, workspace_id: Uuid, role: WorkspaceRole) -> Result<(), Error> {
        if self.workspace_id != workspace_id {
            return Err(Error::forbidden("The token is for another workspace"));
        }
        if self.role < role {
            return Err(insufficient(role));
        }
        Ok(())
    }
}

/// Services that share one scope.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Realm {
    /// Its scope.
    pub slug: String,
    /// For display.
    pub name: String,
}

/// A service that came with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceApp {
    /// The registration.
    pub id: Uuid,
    /// Its own name.
    pub service_name: String,
    /// The realm that it is a member of.
    pub realm: Option<Realm>,
    /// The client ids whose identity provider's tokens it takes; none: those of the deployment.
    pub idp_audiences: Vec<String>,
}

impl ServiceApp {
    /// What its actions, permissions and tokens are named by: the realm's slug, or its own name.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.realm.as_ref().map_or(&self.service_name, |realm| &realm.slug)
    }
}

/// An administrator of the whole deployment, with a cookie of the admin pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// The account.
    pub id: Uuid,
    /// For display.
    pub email: String,
    /// For display.
    pub name: String,
    /// The cookie token's own id.
    pub jti: String,
    /// When the cookie's token expires, in seconds since 1970.
    pub expires_at: i64,
}

/// Where a request came from, for the activity log and for limits; proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The client's address, by a trusted proxy's word where there is one.
    pub ip: Option<IpAddr>,
    /// Its `User-Agent`, cut to 256 characters.
    pub user_agent: Option<String>,
}

impl Caller {
    /// What one customer of a network has: an IPv4 address, an IPv6 /64. Counting single IPv6 addresses would give them
    /// 2^64 shares.
    #[must_use]
    pub fn network(&self) -> Option<IpAddr> {
        Some(match self.ip? {
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
            ip @ IpAddr::V4(_) => ip,
        })
    }
}
