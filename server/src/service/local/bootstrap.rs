//! The owner of a new deployment, out of a PIN that stands in a file: once, where nothing is there yet. The other way in is
//! the link from the terminal; whichever comes first, the other one makes nobody any more.

use secrecy::SecretString;
use sentinel_storage::{
    NewLocalAccount, NewUser, NewWorkspace, StorageError, Transaction, User as Account, UserFilter, WorkspaceRole,
};
use uuid::Uuid;

use super::{WORKSPACE, pin};
use crate::service::activity::{Actor, Change};
use crate::service::converge::Username;
use crate::service::{Caller, Error, Service, input};

impl Service {
    /// The address that was made of a username goes with it.
    pub(crate) async fn rename_address(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        before: &str,
        username: &str,
    ) -> Result<(), Error> {
        if !account.email_verified && account.email == address(before) {
            transaction.set_user_email(account.id, &address(username), false, self.now()).await?;
        }
        Ok(())
    }
}

/// What became of the PIN file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bootstrapped {
    /// The owner was made.
    Made,
    /// There were accounts, or had been an owner: the file says nothing any more.
    Ignored,
}

/// Whom local accounts have for an address: nobody can have one there (RFC 2606 §2), and it proves nothing.
pub(super) fn address(username: &str) -> String {
    format!("{username}@local.invalid")
}

impl Service {
    /// Makes the owner of this deployment, who administers it, with a workspace of that slug: at the very first start, which
    /// is the one that finds no account at all. `pin` is the file's text; white space around it does not count.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Invalid`] for a name, a slug or a PIN that is none.
    pub async fn bootstrap_owner(&self, username: &str, slug: &str, pin: &str) -> Result<Bootstrapped, Error> {
        let username = Username::normalize(username).map_err(|why| Error::invalid(why.to_string()))?;
        let slug = input::slug(slug)?;
        if !self.is_first_start().await? {
            return Ok(Bootstrapped::Ignored);
        }
        self.not_kept(&username, None)?;
        let username = username.as_str();
        let secret: SecretString = pin::default(pin.trim())
            .ok_or_else(|| Error::invalid("the file must hold a PIN of 4 to 12 digits, and nothing else"))?;
        let (id, workspace_id, now, nobody) = (Uuid::new_v4(), Uuid::new_v4(), self.now(), Caller::default());
        let prepared = self.prepare_pin(id, &secret, None, &nobody).await?;
        let mut transaction = self.store().begin().await?;
        // First: another replica, or who has a link from the terminal, waits here for this one.
        transaction.lock_admins().await?;
        let known = transaction.count_users(&UserFilter::default()).await?;
        if known > 0 || transaction.deployment_value(WORKSPACE).await?.is_some() {
            return Ok(Bootstrapped::Ignored);
        }
        let email = address(username);
        let new =
            NewUser { id, email: &email, email_verified: false, name: username, avatar_url: None, is_admin: true };
        transaction.insert_user(&new, now).await?;
        if !transaction.claim_username(id, username, now).await? {
            return Err(Error::conflict("The username is taken"));
        }
        let new = NewWorkspace { id: workspace_id, slug, name: slug, description: None, created_by: Some(id) };
        transaction.insert_workspace(&new, now).await.map_err(|error| match error {
            StorageError::Conflict => {
                Error::conflict("A workspace has the slug of LOCAL_WORKSPACE: choose another one")
            }
            other => other.into(),
        })?;
        transaction.insert_member(workspace_id, id, WorkspaceRole::Owner, now).await?;
        let new = NewLocalAccount {
            user_id: id,
            workspace_id,
            has_default_pin: true,
            trust_level: super::MOST_TRUST,
            channels: &[],
            created_by: None,
        };
        transaction.insert_local_account(&new, now).await?;
        self.put_secret(&mut transaction, &prepared, true).await?;
        transaction.put_deployment_value(WORKSPACE, &workspace_id.to_string(), now).await?;
        let change = Change::new("admin.grant").on("user", id).within(workspace_id).detail("why", "PIN file");
        self.commit_as(transaction, &Actor::System, &nobody, change).await?;
        Ok(Bootstrapped::Made)
    }

    /// Whether nobody has an account yet, and nobody had one from a PIN file.
    ///
    /// # Errors
    /// As storage.
    pub async fn is_first_start(&self) -> Result<bool, Error> {
        let mut connection = self.store().read().await?;
        let known = connection.count_users(&UserFilter::default()).await?;
        Ok(known == 0 && connection.deployment_value(WORKSPACE).await?.is_none())
    }
}
