//! The tenant API: login with an address and a password, in one tenant, which is a workspace.

mod links;
mod login;

pub use links::PasswordLink;
pub(super) use login::session;
pub use login::{TenantLogin, TenantSession};

use super::Error;
use super::dialects::TenantRole;
use super::passwords::{NotSet, Violation};

/// Why the tenant API says no.
#[derive(Debug)]
pub enum TenantError {
    /// One of the refusals that this API knows by name.
    Refused(Refusal),
    /// A member of several tenants has to say which: these.
    Choose(Vec<Tenancy>),
    /// A new password breaks these rules.
    Password(Vec<Violation>),
    /// What every use case may say.
    Failed(Error),
}

/// A refusal by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such account, no password, or not this one.
    InvalidCredentials,
    /// The account is deactivated.
    AccountDisabled,
    /// The password must be changed first.
    PasswordChangeRequired,
    /// Not a member of the tenant that was named.
    TenantNotAllowed,
    /// A member of none.
    NoTenant,
    /// The refresh token is none, was used, or its session has ended.
    RefreshTokenInvalid,
    /// The password that was to be changed is another one.
    CurrentPasswordWrong,
    /// There is no password that could be changed.
    NoPassword,
    /// The secret of a password link is unknown, used or expired.
    LinkInvalid,
}

/// A tenant that someone can log in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenancy {
    /// With its prefix.
    pub tenant_id: String,
    /// What people call it.
    pub name: String,
    /// The role there.
    pub role: TenantRole,
}

impl<E: Into<Error>> From<E> for TenantError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Refusal> for TenantError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NotSet> for TenantError {
    fn from(not_set: NotSet) -> Self {
        match not_set {
            NotSet::Refused(violations) => Self::Password(violations),
            NotSet::Failed(error) => Self::Failed(error),
        }
    }
}
