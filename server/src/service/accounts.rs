//! Accounts, as an administrator of the deployment handles them.

use sentinel_storage::{NewUser, RevokedFor, StorageError, User as Account, UserFilter};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Page, Service, input};

impl Service {
    /// Makes an account for who has this address. The operator's word stands for a proof: whoever logs in with a
    /// provider that proves the address gets this account.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] where an account has the address.
    pub async fn create_account(
        &self,
        actor: &Actor,
        caller: &Caller,
        email: &str,
        name: &str,
        is_admin: bool,
    ) -> Result<Account, Error> {
        let id = Uuid::new_v4();
        let (email, name) = (input::email(email)?, input::name(name)?);
        let new = NewUser { id, email, email_verified: true, name, avatar_url: None, is_admin };
        let mut transaction = self.store().begin().await?;
        let account = transaction.insert_user(&new, self.now()).await.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("An account has this e-mail address"),
            other => other.into(),
        })?;
        let change = Change::new("user.create").on("user", id).detail("is_admin", is_admin);
        self.record(&mut transaction, actor, caller, change).await?;
        transaction.commit().await?;
        Ok(account)
    }

    /// Accounts.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a wrong page.
    pub async fn accounts(
        &self,
        filter: &UserFilter<'_>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Account>, Error> {
        Ok(self.store().read().await?.users(filter, &input::page(limit, cursor)?).await?)
    }

    /// The account with this proven address.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn account_of_email(&self, email: &str) -> Result<Account, Error> {
        self.store().read().await?.user_by_verified_email(input::email(email)?).await?.ok_or_else(unknown)
    }

    /// Lets an account in again, or out: then every token that it has is void from the next request on, and stays so.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`]; [`super::ErrorKind::Conflict`] for the last administrator.
    pub async fn set_account_active(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        is_active: bool,
    ) -> Result<Account, Error> {
        let mut transaction = self.store().begin().await?;
        if !is_active && transaction.lock_admins().await? == [id] {
            return Err(last_administrator());
        }
        let account = transaction.set_user_active(id, is_active, self.now()).await?.ok_or_else(unknown)?;
        if !is_active {
            self.void_tokens_of(&mut transaction, id, RevokedFor::Admin).await?;
        }
        let change = Change::new(if is_active { "user.activate" } else { "user.deactivate" }).on("user", id);
        self.record(&mut transaction, actor, caller, change).await?;
        transaction.commit().await?;
        Ok(account)
    }

    /// Makes an account an administrator of the deployment, or no longer: its cookie then opens nothing any more.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`]; [`super::ErrorKind::Conflict`] for the last administrator.
    pub async fn set_account_admin(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        is_admin: bool,
    ) -> Result<Account, Error> {
        let mut transaction = self.store().begin().await?;
        if !is_admin && transaction.lock_admins().await? == [id] {
            return Err(last_administrator());
        }
        let account = transaction.set_user_admin(id, is_admin, self.now()).await?.ok_or_else(unknown)?;
        let change = Change::new(if is_admin { "user.promote" } else { "user.demote" }).on("user", id);
        self.record(&mut transaction, actor, caller, change).await?;
        transaction.commit().await?;
        Ok(account)
    }
}

fn unknown() -> Error {
    Error::not_found("User not found")
}

fn last_administrator() -> Error {
    Error::conflict("The last administrator stays: make someone else an administrator first")
}
