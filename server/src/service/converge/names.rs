//! Who has which username.

use sentinel_storage::{Names, Transaction, User as Account};

use super::{Candidates, Person, Username};
use crate::service::activity::{Actor, Change};
use crate::service::{Caller, Error, Service};

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

    /// What an account is called.
    ///
    /// # Errors
    /// As storage.
    pub async fn names(&self, account: &Account) -> Result<Names, Error> {
        Ok(self.store().read().await?.names_of(account.id).await?)
    }

    /// The account of what people type to say who they are: a username in any of its forms, its alias, or an address,
    /// which must be proven as it stands. The local part of an address names nobody.
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
