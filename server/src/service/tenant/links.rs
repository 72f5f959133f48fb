//! Links to set a password with: made by an administrator or on the command line, good once. The first password of
//! someone who was invited, and the next one of someone who has forgotten it, come the same way.

use secrecy::{ExposeSecret as _, SecretString};
use sentinel_keys::secrets;
use sentinel_storage::{Millis, OneTimeLink, RevokedFor, SecretKind, Transaction};
use uuid::Uuid;

use super::{Refusal, TenantError};
use crate::service::accounts::unknown;
use crate::service::activity::{Actor, Change};
use crate::service::{Caller, Error, Service};

const PURPOSE: &str = "password";

/// A link to set a password with.
#[derive(Debug)]
pub struct PasswordLink {
    /// What the link has to bring back. Whoever has it sets the password.
    pub secret: SecretString,
    /// When it no longer opens anything.
    pub expires_at: Millis,
    /// This server's page to set the password in. The secret is its fragment, which no browser sends, and no log has.
    pub url: SecretString,
}

impl Service {
    /// Makes the secret of a link for an account; those that were made before open nothing any more.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`]; [`crate::service::ErrorKind::Conflict`] for an account that cannot log in
    /// with an address: it is deactivated, or its address is not proven.
    pub async fn new_password_link(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<PasswordLink, Error> {
        let secret = secrets::random_token()?;
        let mut transaction = self.begin_as(actor).await?;
        let account = transaction.user(id).await?.ok_or_else(unknown)?;
        if !account.is_active {
            return Err(Error::conflict("The account is deactivated"));
        }
        if !account.email_verified {
            return Err(Error::conflict("The account's address is not proven: nobody could log in with it"));
        }
        let now = self.now();
        let expires_at = now.saturating_add(self.config().lifetimes.password_link);
        self.void_password_links(&mut transaction, id).await?;
        let link = OneTimeLink { purpose: PURPOSE.into(), user_id: Some(id), expires_at };
        transaction.insert_one_time_link(&secrets::hash(secret.as_bytes()), &link, now).await?;
        self.commit_as(transaction, actor, caller, Change::new("password.link").on("user", id)).await?;
        let url = format!("{}/password#{secret}", self.config().base_url);
        Ok(PasswordLink { secret: secret.into(), expires_at, url: url.into() })
    }

    pub(super) async fn void_password_links(&self, transaction: &mut Transaction, id: Uuid) -> Result<(), Error> {
        transaction.void_one_time_links(PURPOSE, id, self.now()).await?;
        Ok(())
    }

    /// Sets a password with a link's secret, and ends everything that the account had been given. A password that is
    /// refused leaves the link as it was.
    ///
    /// # Errors
    /// [`Refusal::LinkInvalid`]; [`TenantError::Password`].
    pub async fn reset_password(
        &self,
        secret: &SecretString,
        new: &SecretString,
        caller: &Caller,
    ) -> Result<(), TenantError> {
        let hash = secrets::hash(secret.expose_secret().as_bytes());
        let link = self.store().read().await?.one_time_link(&hash, self.now()).await?;
        let link = link.filter(|link| link.purpose == PURPOSE).ok_or(Refusal::LinkInvalid)?;
        let id = link.user_id.ok_or(Refusal::LinkInvalid)?;
        let prepared = self.prepare_secret(id, SecretKind::Password, new, None, caller).await?;
        let mut transaction = self.store().begin().await?;
        transaction.use_one_time_link(&hash, PURPOSE, self.now()).await?.ok_or(Refusal::LinkInvalid)?;
        if !transaction.user(id).await?.is_some_and(|account| account.is_active) {
            return Err(Refusal::LinkInvalid.into());
        }
        self.put_secret(&mut transaction, &prepared, false).await?;
        let ended = self.void_tokens_of(&mut transaction, id, RevokedFor::User).await?;
        let change = Change::new("password.reset").on("user", id).detail("sessions", ended);
        Ok(self.commit_as(transaction, &Actor::User(id), caller, change).await?)
    }

    /// Takes an account's password away, with its links, and ends everything that it had been given.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`] for no such account, or one without a password.
    pub async fn remove_password(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.user(id).await?.ok_or_else(unknown)?;
        if !transaction.delete_password(id).await? {
            return Err(Error::not_found("The account has no password"));
        }
        self.void_password_links(&mut transaction, id).await?;
        let ended = self.void_tokens_of(&mut transaction, id, RevokedFor::Admin).await?;
        let change = Change::new("password.remove").on("user", id).detail("sessions", ended);
        self.commit_as(transaction, actor, caller, change).await
    }

    /// Opens an account that wrong guesses have locked.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`].
    pub async fn unlock_password(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<u64, Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.user(id).await?.ok_or_else(unknown)?;
        let counts = self.forgive(&mut transaction, id).await?;
        self.commit_as(transaction, actor, caller, Change::new("password.unlock").on("user", id)).await?;
        Ok(counts)
    }
}
