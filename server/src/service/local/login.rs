//! In, with a username and a PIN.

use secrecy::SecretString;
use sentinel_storage::{LocalAccount, SecretKind, SessionDialect};
use uuid::Uuid;

use super::pin;
use crate::service::activity::{Actor, Change};
use crate::service::converge::Username;
use crate::service::passwords::Claimant;
use crate::service::sessions::Beginning;
use crate::service::{Caller, Error, ErrorKind, Service};

/// A login.
#[derive(Clone, Debug)]
pub struct LocalLogin {
    /// For requests. Using it brings the next one.
    pub access_token: String,
    /// Seconds until it expires, where it is not used.
    pub expires_in: i64,
    /// Whose it is.
    pub account: LocalAccount,
}

impl Service {
    /// Logs someone in to the workspace of their account. The PIN of the first start is the right one from this machine
    /// alone: from elsewhere the answer to it is that of every wrong one, so that nobody finds out there what it is.
    /// `from_here` is whether the connection itself came from this machine, and
    /// through no proxy that says so: one on this machine would make everybody come from here.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthenticated`], at the same cost for a name without an account; [`ErrorKind::RateLimited`] after too
    /// many that failed; [`ErrorKind::Unavailable`] where too many are being judged; [`ErrorKind::Forbidden`] for an account
    /// that is deactivated, or no longer a member.
    pub async fn local_login(
        &self,
        username: &str,
        pin: &SecretString,
        caller: &Caller,
        from_here: bool,
    ) -> Result<LocalLogin, Error> {
        let pin = pin::typed(pin).ok_or_else(wrong)?;
        let name = Username::normalize(username).ok();
        let account = match &name {
            Some(name) => self.store().read().await?.local_account_by_username(name.as_str()).await?,
            None => None,
        };
        let open = account.as_ref().filter(|account| !account.has_default_pin || (from_here && is_here(caller)));
        let typed = name.map_or_else(|| username.to_lowercase(), |name| name.as_str().to_owned());
        let name = format!("username:{typed}");
        let claimant = Claimant { user_id: open.map(|account| account.user_id), name: &name, kind: SecretKind::Pin };
        let verified = self.verify_secret(claimant, pin, caller).await.map_err(|error| match error.kind() {
            ErrorKind::Unauthenticated => {
                if account.is_some() && open.is_none() {
                    tracing::warn!(
                        "a login was refused from elsewhere: change the PIN of the first start on this machine first"
                    );
                }
                wrong()
            }
            _ => error,
        })?;
        let mut transaction = self.store().begin().await?;
        self.still_verified(&mut transaction, &verified).await.map_err(|_| wrong())?;
        // Read again: what was judged may have changed meanwhile.
        let account = transaction.local_account(verified.user_id).await?.ok_or_else(wrong)?;
        if !account.is_active {
            return Err(Error::forbidden("The account is deactivated"));
        }
        if account.role.is_none() {
            return Err(Error::forbidden("No longer a member of this workspace"));
        }
        let beginning = Beginning {
            id: Uuid::new_v4(),
            user_id: account.user_id,
            workspace_id: account.workspace_id,
            client_id: None,
            sso_id: None,
            dialect: SessionDialect::Local,
        };
        let begun = self.begin_session(&mut transaction, beginning, caller).await?;
        transaction.record_user_login(account.user_id, self.now()).await?;
        let change = Change::new("user.login").on("user", account.user_id).within(account.workspace_id);
        let change = change.detail("provider", "pin");
        self.commit_as(transaction, &Actor::User(account.user_id), caller, change).await?;
        let end = begun.state.session.expires_at;
        let (access_token, expires_in) = self.local_token(&begun.state, end).await?;
        Ok(LocalLogin { access_token, expires_in, account })
    }
}

/// Whether the address is this machine's.
fn is_here(caller: &Caller) -> bool {
    caller.ip.is_some_and(|ip| ip.to_canonical().is_loopback())
}

/// The one answer to every wrong guess.
fn wrong() -> Error {
    Error::unauthenticated("The username or the PIN is wrong")
}
