//! In, on, and another password.

use secrecy::SecretString;
use sentinel_storage::{PageRequest, RevokedFor, SecretKind, SessionDialect, SessionForRefresh, Transaction};
use uuid::Uuid;

use super::{Refusal, Tenancy, TenantError};
use crate::service::activity::{Actor, Change};
use crate::service::dialects::{TenantRole, tenant_id, user_id, workspace_of};
use crate::service::passwords::{Claimant, Verified, normalize};
use crate::service::sessions::{Beginning, TokenAnswer};
use crate::service::tokens::invalid;
use crate::service::{Caller, Error, ErrorKind, Service, User};

/// Most tenants that are named to someone who has to choose.
const SHOWN: u32 = 100;

/// What someone logs in with.
pub struct TenantLogin<'a> {
    /// The address, as typed.
    pub email: &'a str,
    /// The password, as typed.
    pub password: &'a SecretString,
    /// Which tenant, where there are several.
    pub tenant_id: Option<&'a str>,
}

/// A login.
#[derive(Clone, Debug)]
pub struct TenantSession {
    /// Its tokens.
    pub tokens: TokenAnswer,
    /// `usr_…`
    pub user_id: String,
    /// The address.
    pub email: String,
    /// The role in the tenant.
    pub role: TenantRole,
    /// `ten_…`
    pub tenant_id: String,
}

impl Service {
    /// Logs someone in to one tenant.
    ///
    /// # Errors
    /// [`Refusal::InvalidCredentials`], also for an address without an account, at the same cost; [`TenantError::Choose`]
    /// where there are several tenants and none is named; [`ErrorKind::RateLimited`], [`ErrorKind::Unavailable`].
    pub async fn tenant_login(&self, ask: TenantLogin<'_>, caller: &Caller) -> Result<TenantSession, TenantError> {
        let email = ask.email.trim();
        let account = self.store().read().await?.user_by_verified_email(email).await?;
        let name = format!("email:{}", email.to_ascii_lowercase());
        let claimant =
            Claimant { user_id: account.as_ref().map(|account| account.id), name: &name, kind: SecretKind::Password };
        // Too long for anybody's: the same for everyone.
        let secret = normalize(ask.password).ok_or(Refusal::InvalidCredentials)?;
        let verified = self.verify_secret(claimant, &secret, caller).await;
        let verified = verified.map_err(|error| refused_as(error, Refusal::InvalidCredentials))?;
        if verified.must_change {
            return Err(Refusal::PasswordChangeRequired.into());
        }
        let mut transaction = self.store().begin().await?;
        self.still_verified(&mut transaction, &verified).await.map_err(|_| Refusal::InvalidCredentials)?;
        // Read again: it may have been deactivated meanwhile.
        let account = transaction.user(verified.user_id).await?.filter(|account| account.is_active);
        let account = account.ok_or(Refusal::AccountDisabled)?;
        self.come_in(&mut transaction, &account, caller).await?;
        let workspace_id = choose(&mut transaction, account.id, ask.tenant_id).await?;
        let beginning = Beginning {
            id: Uuid::new_v4(),
            user_id: account.id,
            workspace_id,
            client_id: None,
            sso_id: None,
            dialect: SessionDialect::Tenant,
        };
        let begun = self.begin_session(&mut transaction, beginning, caller).await?;
        transaction.commit().await?;
        let tokens = self.first_tokens(&begun).await?;
        Ok(session(tokens, &begun.state)?)
    }

    /// The next tokens of a session of this API. The token is dead from now on: a second use ends the session.
    ///
    /// # Errors
    /// [`Refusal::RefreshTokenInvalid`].
    pub async fn tenant_refresh(&self, refresh_token: &str, caller: &Caller) -> Result<TokenAnswer, TenantError> {
        let is_tenant = |dialect| dialect == SessionDialect::Tenant;
        let refreshed = self.refresh_where(refresh_token, is_tenant, caller).await;
        refreshed.map_err(|error| refused_as(error, Refusal::RefreshTokenInvalid))
    }

    /// Changes a password for who knows the one of now. All of the account's other sessions end, and the token that this was
    /// asked with: its session goes on with its refresh token, of which one copy alone is of use.
    ///
    /// # Errors
    /// [`Refusal::CurrentPasswordWrong`], counted as a failed login; [`Refusal::NoPassword`]; [`TenantError::Password`];
    /// [`ErrorKind::Conflict`] where another change came first.
    pub async fn change_password(
        &self,
        user: &User,
        current: &SecretString,
        new: &SecretString,
        caller: &Caller,
    ) -> Result<(), TenantError> {
        user.require_own_account()?;
        let stored = self.store().read().await?.password(user.id).await?;
        stored.filter(|stored| stored.kind == SecretKind::Password).ok_or(Refusal::NoPassword)?;
        let claimant = Claimant { user_id: Some(user.id), name: "", kind: SecretKind::Password };
        let current = normalize(current).ok_or(Refusal::CurrentPasswordWrong)?;
        let verified: Result<Verified, Error> = self.verify_secret(claimant, &current, caller).await;
        let verified = verified.map_err(|error| refused_as(error, Refusal::CurrentPasswordWrong))?;
        let prepared = self.prepare_secret(user.id, SecretKind::Password, new, Some(&verified), caller).await?;
        let mut transaction = self.store().begin().await?;
        // First: a login with the old one waits for this, or its session is found below.
        self.put_secret(&mut transaction, &prepared, false).await?;
        self.void_password_links(&mut transaction, user.id).await?;
        let end = self.session_end(RevokedFor::User);
        let ended = transaction.revoke_sessions_of_user(user.id, None, user.session_id, end).await?;
        transaction.forget_sso_sessions_of_user(user.id).await?;
        self.revoke_jti(&mut transaction, &user.jti, user.expires_at).await?;
        let change = Change::new("password.change").on("user", user.id).detail("sessions", ended);
        Ok(self.commit_as(transaction, &Actor::User(user.id), caller, change).await?)
    }
}

/// The tenant that was named, or the only one.
async fn choose(transaction: &mut Transaction, user: Uuid, named: Option<&str>) -> Result<Uuid, TenantError> {
    if let Some(named) = named {
        let workspace = workspace_of(named).ok_or(Refusal::TenantNotAllowed)?;
        transaction.member_role(workspace, user).await?.ok_or(Refusal::TenantNotAllowed)?;
        return Ok(workspace);
    }
    let all = transaction.workspaces_of_user(user, None, &PageRequest::first(SHOWN)).await?.rows;
    match all.as_slice() {
        [] => Err(Refusal::NoTenant.into()),
        [only] => Ok(only.workspace.id),
        _ => {
            let tenancy = |one: sentinel_storage::WorkspaceOfUser| Tenancy {
                tenant_id: tenant_id(one.workspace.id),
                name: one.workspace.name,
                role: one.role.into(),
            };
            Err(TenantError::Choose(all.into_iter().map(tenancy).collect()))
        }
    }
}

pub(in crate::service) fn session(tokens: TokenAnswer, state: &SessionForRefresh) -> Result<TenantSession, Error> {
    Ok(TenantSession {
        tokens,
        user_id: user_id(state.session.user_id),
        email: state.email.clone(),
        role: state.role.ok_or_else(invalid)?.into(),
        tenant_id: tenant_id(state.session.workspace_id),
    })
}

/// What authentication refused has a name here; everything else stays what it is.
fn refused_as(error: Error, refusal: Refusal) -> TenantError {
    if error.kind() == ErrorKind::Unauthenticated { refusal.into() } else { error.into() }
}
