//! Accounts, as an administrator of the deployment handles them.

use sentinel_storage::{
    Identity, LocalAccountChange, NewUser, PageRequest, ProfileChange, RevokedFor, Session, StorageError, Transaction,
    User as Account, UserFilter, WorkspaceOfUser,
};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Page, Service, input};

/// Most sessions and workspaces of one account that are shown at once.
const SHOWN: u32 = 1000;

/// What of an account is to change; `None` stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountChange<'a> {
    /// What it is called: one that nobody else has or had.
    pub username: Option<&'a str>,
    /// The address that its owner proves. The operator's word stands for a proof, as where an account is made: whoever logs
    /// in with a provider that proves this address gets this account.
    pub email: Option<&'a str>,
    /// For display.
    pub name: Option<&'a str>,
    /// Whether its owner may log in. Where not, every token is void from the next request on, and stays so.
    pub is_active: Option<bool>,
    /// Whether it administers the deployment. Where not, its cookie opens nothing any more.
    pub is_admin: Option<bool>,
}

/// An account with what hangs on it.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The account.
    pub account: Account,
    /// What it is called, from its first login on.
    pub username: Option<String>,
    /// Who its owner is at identity providers.
    pub identities: Vec<Identity>,
    /// Where it is a member, by name; the first thousand.
    pub workspaces: Vec<WorkspaceOfUser>,
    /// Its live sessions, the one used last first; a thousand at most.
    pub sessions: Vec<Session>,
}

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
        let mut transaction = self.begin_as(actor).await?;
        let account = transaction.insert_user(&new, self.now()).await.map_err(address_taken)?;
        let change = Change::new("user.create").on("user", id).detail("is_admin", is_admin);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok(account)
    }

    /// Accounts in the order of their addresses.
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

    /// The account with this id, alias (`uid-` and the username) or, where it is neither, proven address: one that no
    /// provider proved names nobody.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn account_named(&self, name: &str) -> Result<Account, Error> {
        match Uuid::parse_str(name) {
            Ok(id) => self.store().read().await?.user(id).await?.ok_or_else(unknown),
            Err(_) if name.contains('@') => self.account_of_email(name).await,
            Err(_) => self.account_of_username(name).await?.ok_or_else(unknown),
        }
    }

    /// An account with its identities, workspaces and sessions.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn dossier(&self, id: Uuid) -> Result<Dossier, Error> {
        let mut connection = self.store().read().await?;
        let account = connection.user(id).await?.ok_or_else(unknown)?;
        let username = connection.names_of(id).await?.username;
        let identities = connection.identities_of_user(id).await?;
        let workspaces = connection.workspaces_of_user(id, None, &PageRequest::first(SHOWN)).await?.rows;
        let sessions = connection.live_sessions(id, self.now(), i64::from(SHOWN)).await?;
        Ok(Dossier { account, username, identities, workspaces, sessions })
    }

    /// Changes an account, all of it or nothing.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`]; [`super::ErrorKind::Conflict`] for the last administrator, and for a username that
    /// somebody else has or had; [`super::ErrorKind::Invalid`] for a name that cannot be shown, and for no username.
    pub async fn change_account(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        change: &AccountChange<'_>,
    ) -> Result<Account, Error> {
        let (name, email) = (change.name.map(input::name).transpose()?, change.email.map(input::email).transpose()?);
        let now = self.now();
        let mut transaction = self.begin_as(actor).await?;
        if change.is_active == Some(false) || change.is_admin == Some(false) {
            // First: whoever wants to take an administrator away waits here for the one before.
            if transaction.lock_admins().await? == [id] {
                return Err(Error::conflict("The last administrator stays: make someone else an administrator first"));
            }
        }
        if change.is_active.is_some() {
            // Whatever a workspace did before: it is not the workspace's to undo.
            let mark = LocalAccountChange { deactivated_here: Some(false), ..LocalAccountChange::default() };
            transaction.update_local_account(id, &mark).await?;
        }
        let before = transaction.user(id).await?.ok_or_else(unknown)?;
        let mut account = before.clone();
        if let Some(email) = email.filter(|email| *email != before.email || !before.email_verified) {
            let changed = transaction.set_user_email(id, email, true, now).await;
            account = changed.map_err(address_taken)?.ok_or_else(unknown)?;
            let change = Change::new("user.update").on("user", id).detail("email", email);
            self.record(&mut transaction, actor, caller, change).await?;
        }
        if let Some(username) = change.username {
            self.rename(&mut transaction, actor, caller, &account, username).await?;
            account = transaction.user(id).await?.ok_or_else(unknown)?;
        }
        if let Some(name) = name.filter(|name| *name != before.name) {
            let profile = ProfileChange { name: Some(name), avatar_url: None };
            account = transaction.update_user_profile(id, &profile, now).await?.ok_or_else(unknown)?;
            self.record(&mut transaction, actor, caller, Change::new("user.update").on("user", id)).await?;
        }
        if let Some(is_admin) = change.is_admin.filter(|is_admin| *is_admin != before.is_admin) {
            account = transaction.set_user_admin(id, is_admin, now).await?.ok_or_else(unknown)?;
            let said = Change::new(if is_admin { "admin.grant" } else { "admin.revoke" }).on("user", id);
            self.record(&mut transaction, actor, caller, said).await?;
        }
        if let Some(is_active) = change.is_active.filter(|is_active| *is_active != before.is_active) {
            account = transaction.set_user_active(id, is_active, now).await?.ok_or_else(unknown)?;
            if !is_active {
                self.void_tokens_of(&mut transaction, id, RevokedFor::Admin).await?;
            }
            let said = Change::new(if is_active { "user.activate" } else { "user.deactivate" }).on("user", id);
            self.record(&mut transaction, actor, caller, said).await?;
        }
        transaction.commit().await?;
        Ok(account)
    }

    /// [`AccountChange::is_active`] alone.
    ///
    /// # Errors
    /// As [`Service::change_account`].
    pub async fn set_account_active(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        is_active: bool,
    ) -> Result<Account, Error> {
        let change = AccountChange { is_active: Some(is_active), ..AccountChange::default() };
        self.change_account(actor, caller, id, &change).await
    }

    /// [`AccountChange::is_admin`] alone.
    ///
    /// # Errors
    /// As [`Service::change_account`].
    pub async fn set_account_admin(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        is_admin: bool,
    ) -> Result<Account, Error> {
        let change = AccountChange { is_admin: Some(is_admin), ..AccountChange::default() };
        self.change_account(actor, caller, id, &change).await
    }

    /// Voids every token that an account has been given, of every kind; its owner may log in again. Answers how many
    /// sessions it ended.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn revoke_tokens(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<usize, Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.user(id).await?.ok_or_else(unknown)?;
        let ended = self.void_tokens_of(&mut transaction, id, RevokedFor::Admin).await?;
        let change = Change::new("user.revoke-tokens").on("user", id).detail("sessions", ended);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok(ended)
    }

    /// The live sessions of an account, the one used last first; a thousand at most.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn sessions_of(&self, id: Uuid) -> Result<Vec<Session>, Error> {
        let mut connection = self.store().read().await?;
        connection.user(id).await?.ok_or_else(unknown)?;
        Ok(connection.live_sessions(id, self.now(), i64::from(SHOWN)).await?)
    }

    /// Ends one session of an account, and its access tokens.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] for one that is another account's, has ended or never was.
    pub async fn revoke_session(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        session_id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        self.end_session_of(&mut transaction, actor, caller, (id, session_id), RevokedFor::Admin).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends a session, which must be this account's and alive, with the login that it came of, and notes it.
    pub(super) async fn end_session_of(
        &self,
        transaction: &mut Transaction,
        actor: &Actor,
        caller: &Caller,
        (id, session_id): (Uuid, Uuid),
        why: RevokedFor,
    ) -> Result<(), Error> {
        let no_session = || Error::not_found("No live session of this user has this id");
        let session = transaction.session(session_id).await?.filter(|session| session.user_id == id);
        let session = session.filter(|session| session.expires_at > self.now()).ok_or_else(no_session)?;
        if !self.end_login(transaction, session_id, why).await? {
            return Err(no_session());
        }
        let change = Change::new("session.revoke").on("session", session_id).within(session.workspace_id);
        let change = change.detail("user_id", id).detail("why", why.as_str());
        self.record(transaction, actor, caller, change).await
    }
}

fn address_taken(error: StorageError) -> Error {
    match error {
        StorageError::Conflict => Error::conflict("An account has this e-mail address"),
        other => other.into(),
    }
}

pub(super) fn unknown() -> Error {
    Error::not_found("User not found")
}
