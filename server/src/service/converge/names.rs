//! Who has which username.

use sentinel_storage::{Names, Transaction, User as Account};

use super::{Candidates, Person, Username};
use crate::service::activity::{Actor, Change};
use crate::service::{Caller, Error, Service};

/// Why somebody does not get a username.
pub(crate) fn taken() -> Error {
    Error::conflict("Somebody has this username, or had it")
}

impl Service {
    /// The username of an account, which gets one where it has none: the first of its own that nobody has.
    pub(crate) async fn username(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        person: &Person<'_>,
        caller: &Caller,
    ) -> Result<String, Error> {
        if let Some(username) = transaction.names_of(account.id).await?.username {
            return Ok(username);
        }
        for username in Candidates::of(person, &self.config().directory).iter() {
            if transaction.claim_username(account.id, username.as_str(), self.now()).await? {
                let change = Change::new("username.assign").on("user", account.id).detail("username", &username);
                self.record(transaction, &Actor::System, caller, change).await?;
                return Ok(username.to_string());
            }
            // Another login of the same person may have come between.
            if let Some(username) = transaction.names_of(account.id).await?.username {
                return Ok(username);
            }
        }
        Err(Error::internal("every username of a person is somebody else's"))
    }

    /// As [`Service::username`], of somebody who has proven nothing on this way: by the address that the account has
    /// proven, else by the first login that it had.
    pub(crate) async fn username_of(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        caller: &Caller,
    ) -> Result<String, Error> {
        let first = match account.email_verified {
            true => None,
            false => transaction.identities_of_user(account.id).await?.into_iter().next(),
        };
        let id = account.id.to_string();
        let person = match &first {
            _ if account.email_verified => Person::Address(&account.email),
            Some(identity) => {
                Person::Subject { issuer: &identity.issuer, subject: &identity.subject, hint: &account.email }
            }
            None => Person::Subject { issuer: "", subject: &id, hint: &account.name },
        };
        self.username(transaction, account, &person, caller).await
    }

    /// Gives an account another username than the one that it has. That one stays its own: nobody else gets it, and the
    /// account may have it back.
    pub(crate) async fn rename(
        &self,
        transaction: &mut Transaction,
        actor: &Actor,
        caller: &Caller,
        account: &Account,
        text: &str,
    ) -> Result<(), Error> {
        let username = Username::normalize(text).map_err(|why| Error::invalid(why.to_string()))?;
        let before = transaction.names_of(account.id).await?.username;
        if before.as_deref() == Some(username.as_str()) {
            return Ok(());
        }
        self.not_kept(&username, account.email_verified.then_some(account.email.as_str()))?;
        if !transaction.rename_username(account.id, username.as_str(), self.now()).await? {
            return Err(taken());
        }
        let change = Change::new("username.change").on("user", account.id).detail("to", &username);
        let change = match &before {
            Some(before) => {
                self.rename_address(transaction, account, before, username.as_str()).await?;
                change.detail("from", before)
            }
            None => change,
        };
        self.record(transaction, actor, caller, change).await
    }

    /// Refuses a name that the directory keeps for somebody else.
    pub(crate) fn not_kept(&self, username: &Username, proven: Option<&str>) -> Result<(), Error> {
        match self.config().directory.keeps(username, proven) {
            true => Err(Error::conflict("The directory keeps this username for somebody else")),
            false => Ok(()),
        }
    }

    /// What an account is called.
    ///
    /// # Errors
    /// As storage.
    pub async fn names(&self, account: &Account) -> Result<Names, Error> {
        Ok(self.store().read().await?.names_of(account.id).await?)
    }

    /// The account of what people type to say who they are: a username in any of its forms, its alias, or an address,
    /// which must be proven as it stands. The local part of an address names nobody. A name that the account had before
    /// stands for it for ever, as does its alias.
    ///
    /// # Errors
    /// As storage.
    pub async fn account_of_username(&self, text: &str) -> Result<Option<Account>, Error> {
        let mut connection = self.store().read().await?;
        if text.contains('@') {
            return Ok(connection.user_by_verified_email(text.trim()).await?);
        }
        let Some(username) = Username::of_alias(text).or_else(|| Username::normalize(text).ok()) else {
            return Ok(None);
        };
        Ok(connection.user_by_username(username.as_str()).await?)
    }
}
