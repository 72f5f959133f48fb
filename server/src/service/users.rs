//! A person's own profile and sessions.

use sentinel_storage::{ProfileChange, RevokedFor, Session, User as Account};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Service, TokenKind, User, input};

/// Most sessions that are shown at once.
const SHOWN: i64 = 1000;

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
        user.require_own_account()?;
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
        self.commit_as(transaction, &actor, caller, said).await?;
        Ok(account)
    }

    /// The user's own sessions that live, the one used last first; a thousand at most.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] without an access token.
    pub async fn own_sessions(&self, user: &User) -> Result<Vec<Session>, Error> {
        by_access_token(user)?;
        user.require_own_account()?;
        Ok(self.store().read().await?.live_sessions(user.id, self.now(), SHOWN).await?)
    }

    /// Ends one of the user's own sessions, and its tokens.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] for one that is another's, has ended or never was; [`super::ErrorKind::Forbidden`]
    /// without an access token.
    pub async fn revoke_own_session(&self, user: &User, caller: &Caller, session_id: Uuid) -> Result<(), Error> {
        by_access_token(user)?;
        user.require_own_account()?;
        let (actor, why) = (Actor::User(user.id), RevokedFor::User);
        let mut transaction = self.begin_as(&actor).await?;
        self.end_session_of(&mut transaction, &actor, caller, (user.id, session_id), why).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends all of the user's sessions but the one that asks, with their tokens. Answers how many.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] without an access token.
    pub async fn revoke_other_sessions(&self, user: &User, caller: &Caller) -> Result<usize, Error> {
        by_access_token(user)?;
        user.require_own_account()?;
        let actor = Actor::User(user.id);
        let end = self.session_end(RevokedFor::User);
        let mut transaction = self.begin_as(&actor).await?;
        let ended = transaction.revoke_sessions_of_user(user.id, None, user.session_id, end).await?;
        transaction.forget_sso_sessions_of_user(user.id).await?;
        let change = Change::new("session.revoke-others").on("user", user.id).detail("sessions", ended);
        self.commit_as(transaction, &actor, caller, change).await?;
        Ok(ended)
    }
}

/// An authz token is a service's to use, and a person's logins are not the service's.
fn by_access_token(user: &User) -> Result<(), Error> {
    match user.token {
        TokenKind::Access => Ok(()),
        TokenKind::Authz => Err(Error::forbidden("Sessions are managed with an access token")),
    }
}

fn unknown() -> Error {
    Error::not_found("User not found")
}
