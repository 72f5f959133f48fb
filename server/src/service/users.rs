//! A person's own profile.

use sentinel_storage::{ProfileChange, User as Account};

use super::activity::{Actor, Change};
use super::{Caller, Error, Service, User, input};

impl Service {
    /// The user's own account.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] where it was deleted meanwhile.
    pub async fn account(&self, user: &User) -> Result<Account, Error> {
        self.store().read().await?.user(user.id).await?.ok_or_else(unknown)
    }

    /// Changes the user's own profile.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a name or picture that cannot be shown.
    pub async fn update_account(
        &self,
        user: &User,
        caller: &Caller,
        change: &ProfileChange<'_>,
    ) -> Result<Account, Error> {
        let change = ProfileChange {
            name: change.name.map(input::name).transpose()?,
            avatar_url: match change.avatar_url {
                Some(Some(url)) => Some(Some(input::picture(url)?)),
                other => other,
            },
        };
        let actor = Actor::User(user.id);
        let mut transaction = self.begin_as(&actor).await?;
        let account = transaction.update_user_profile(user.id, &change, self.now()).await?.ok_or_else(unknown)?;
        let said = Change::new("user.update").on("user", user.id);
        self.record(&mut transaction, &actor, caller, said).await?;
        transaction.commit().await?;
        Ok(account)
    }
}

fn unknown() -> Error {
    Error::not_found("User not found")
}
