//! Local accounts, as the administrators of their workspace handle them.
//!
//! INVARIANT: nobody gets more by this than they have. Who resets a PIN could log in with it, so only who stands above the
//! account does, and where its owner is somebody elsewhere, too, only an administrator of the deployment. Who is no owner
//! gives no more trust and no other channels than they have.

use secrecy::SecretString;
use sentinel_storage::{
    LocalAccount, LocalAccountChange, NewLocalAccount, NewUser, ProfileChange, RevocationKind, RevokedFor, Session,
    Transaction, WorkspaceRole,
};
use uuid::Uuid;

use super::{WORKSPACE, bootstrap, by_access_token, channels, pin, trust};
use crate::service::activity::{Actor, Change};
use crate::service::converge::Username;
use crate::service::converge::names::taken;
use crate::service::members::within;
use crate::service::{Caller, Error, Service, User, input};

/// Most accounts and sessions of one answer.
const SHOWN: i64 = 1000;

/// What a local account is made of.
#[derive(Clone, Debug)]
pub struct NewLocal<'a> {
    /// What its owner types.
    pub username: &'a str,
    /// For display; without it the username.
    pub name: Option<&'a str>,
    /// The first PIN, which its owner is asked to change.
    pub pin: &'a SecretString,
    /// The role in the workspace.
    pub role: WorkspaceRole,
    /// 0 to 10.
    pub trust_level: i64,
    /// Names of channels.
    pub channels: &'a [String],
}

/// What of a local account is to change; `None` stays as it is.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs, reason = "as in NewLocal and AccountChange")]
pub struct LocalChange<'a> {
    pub username: Option<&'a str>,
    pub name: Option<&'a str>,
    pub role: Option<WorkspaceRole>,
    pub trust_level: Option<i64>,
    pub channels: Option<&'a [String]>,
    pub is_active: Option<bool>,
}

impl Service {
    /// The local accounts of the workspace that the token is for, by username, after this one; for its administrators.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Forbidden`].
    pub async fn local_accounts(&self, user: &User, after: Option<&str>) -> Result<Vec<LocalAccount>, Error> {
        by_access_token(user)?;
        user.require(user.workspace_id, WorkspaceRole::Admin)?;
        let mut connection = self.store().read().await?;
        Ok(connection.local_accounts(user.workspace_id, after.unwrap_or_default(), SHOWN).await?)
    }

    /// Makes a local account, in the workspace that the first start made; administrators of the deployment make them in
    /// every workspace that they administer.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Invalid`] for what is no username, PIN, name, trust level or channel;
    /// [`crate::service::ErrorKind::Conflict`] for a username that somebody has or had;
    /// [`crate::service::ErrorKind::Forbidden`].
    pub async fn create_local_account(
        &self,
        user: &User,
        caller: &Caller,
        new: &NewLocal<'_>,
    ) -> Result<LocalAccount, Error> {
        by_access_token(user)?;
        let (workspace_id, now, id) = (user.workspace_id, self.now(), Uuid::new_v4());
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        let username = Username::normalize(new.username).map_err(|why| Error::invalid(why.to_string()))?;
        self.not_kept(&username, None)?;
        let username = username.as_str();
        let name = input::name(new.name.unwrap_or(username))?;
        let (trust_level, channels) = (trust(new.trust_level)?, channels(new.channels)?);
        pin::chosen(new.pin)?;
        self.may_name(user).await?;
        let prepared = self.prepare_pin(id, new.pin, None, caller).await?;
        let (mut transaction, own) = self.begin_with_role(&actor).await?;
        within(own, new.role)?;
        reach(&mut transaction, user, own).await?.covers(trust_level, &channels)?;
        let email = bootstrap::address(username);
        let account = NewUser { id, email: &email, email_verified: false, name, avatar_url: None, is_admin: false };
        transaction.insert_user(&account, now).await?;
        if !transaction.claim_username(id, username, now).await? {
            return Err(taken());
        }
        transaction.insert_member(workspace_id, id, new.role, now).await?;
        let local = NewLocalAccount {
            user_id: id,
            workspace_id,
            has_default_pin: false,
            trust_level,
            channels: &channels,
            created_by: Some(user.id),
        };
        transaction.insert_local_account(&local, now).await?;
        self.put_secret(&mut transaction, &prepared, true).await?;
        let change = Change::new("user.create").on("user", id).within(workspace_id).detail("username", username);
        self.record(&mut transaction, &actor, caller, change).await?;
        let change = Change::new("member.add").on("user", id).within(workspace_id).detail("role", new.role.as_str());
        self.record(&mut transaction, &actor, caller, change).await?;
        let made = transaction.local_account(id).await?.ok_or_else(unknown)?;
        transaction.commit().await?;
        Ok(made)
    }

    /// Usernames are the deployment's, and never free again: not every workspace's administrators give them.
    async fn may_name(&self, user: &User) -> Result<(), Error> {
        let mut connection = self.store().read().await?;
        let home = connection.deployment_value(WORKSPACE).await?;
        if home.is_some_and(|home| home == user.workspace_id.to_string()) {
            return Ok(());
        }
        match connection.user(user.id).await? {
            Some(account) if account.is_admin => Ok(()),
            _ => Err(Error::forbidden(
                "Local accounts are made and renamed in the deployment's own workspace, or by its administrators",
            )),
        }
    }

    /// Changes a local account, all of it or nothing.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`] for an account that is not this workspace's;
    /// [`crate::service::ErrorKind::Forbidden`] for one that stands as high or higher, or one's own;
    /// [`crate::service::ErrorKind::Conflict`] for the last owner or administrator, and for a username that somebody else
    /// has or had.
    pub async fn change_local_account(
        &self,
        user: &User,
        caller: &Caller,
        id: Uuid,
        change: &LocalChange<'_>,
    ) -> Result<LocalAccount, Error> {
        let now = self.now();
        let name = change.name.map(input::name).transpose()?;
        let trust_level = change.trust_level.map(trust).transpose()?;
        let channels = change.channels.map(channels).transpose()?;
        let deactivates = change.is_active == Some(false);
        if change.username.is_some() {
            self.may_name(user).await?;
        }
        // Their names are the same everywhere, and so is whether they may log in.
        let is_everywhere = change.is_active.is_some() || change.name.is_some() || change.username.is_some();
        let (mut transaction, managed) = self.begin_managing(user, id, is_everywhere).await?;
        if deactivates && id == user.id {
            return Err(Error::conflict("Nobody deactivates themselves"));
        }
        // First, as the order of locks wants it.
        if deactivates && transaction.lock_admins().await? == [id] {
            return Err(Error::conflict("The last administrator stays: make someone else an administrator first"));
        }
        let Managed { actor, own, administers, account: before } = managed;
        let reach = reach(&mut transaction, user, Some(own)).await?;
        let given =
            channels.iter().flatten().filter(|name| !before.channels.contains(name)).cloned().collect::<Vec<_>>();
        reach.covers(trust_level.filter(|level| *level > before.trust_level).unwrap_or_default(), &given)?;
        if change.is_active == Some(true) && !before.is_active && !before.deactivated_here && !administers {
            return Err(Error::forbidden("An administrator of the deployment has deactivated the account: ask there"));
        }
        let is_trusted_less = trust_level.is_some_and(|level| level < before.trust_level);
        if is_trusted_less {
            // Services elsewhere have tokens that say more. The session goes on, and its next token says what is so.
            transaction.lock_revocations().await?;
            let published = format!("{id}/{}", user.workspace_id);
            self.void_elsewhere(&mut transaction, RevocationKind::Member, &published).await?;
        }
        if let Some(role) = change.role.filter(|role| Some(*role) != before.role) {
            within(Some(own), role)?;
            self.change_member_in(&mut transaction, Some(own), &actor, caller, (user.workspace_id, id), Some(role))
                .await?;
        }
        if let Some(username) = change.username {
            let account = transaction.user(id).await?.ok_or_else(unknown)?;
            self.rename(&mut transaction, &actor, caller, &account, username).await?;
        }
        if let Some(name) = name {
            let profile = ProfileChange { name: Some(name), avatar_url: None };
            transaction.update_user_profile(id, &profile, now).await?;
        }
        // What an administrator of the deployment has closed is not the workspace's to open.
        let deactivated_here = deactivates.then_some(!administers).filter(|_| before.is_active || administers);
        let channels = channels.as_deref();
        let local = LocalAccountChange { has_default_pin: None, trust_level, channels, deactivated_here };
        transaction.update_local_account(id, &local).await?;
        if let Some(is_active) = change.is_active.filter(|is_active| *is_active != before.is_active) {
            transaction.set_user_active(id, is_active, now).await?;
            if !is_active {
                self.void_tokens_of(&mut transaction, id, RevokedFor::Admin).await?;
            }
            let said = Change::new(if is_active { "user.activate" } else { "user.deactivate" });
            // Wherever the account belongs.
            self.record(&mut transaction, &actor, caller, said.on("user", id)).await?;
        }
        let said = Change::new("user.update").on("user", id);
        let said = if name.is_some() { said } else { said.within(user.workspace_id) };
        let said = match trust_level {
            Some(level) => said.detail("trust_level", level),
            None => said,
        };
        self.record(&mut transaction, &actor, caller, said).await?;
        let after = transaction.local_account(id).await?.ok_or_else(unknown)?;
        transaction.commit().await?;
        Ok(after)
    }

    /// Gives a local account another PIN, which its owner is asked to change, and ends everything that it had been given.
    ///
    /// # Errors
    /// As [`Service::change_local_account`].
    pub async fn reset_pin(&self, user: &User, caller: &Caller, id: Uuid, new: &SecretString) -> Result<(), Error> {
        // Before the hash: who may not does not make the server work.
        drop(self.begin_resetting(user, id).await?);
        pin::chosen(new)?;
        let prepared = self.prepare_pin(id, new, None, caller).await?;
        let (mut transaction, managed) = self.begin_resetting(user, id).await?;
        self.put_secret(&mut transaction, &prepared, true).await?;
        let change = LocalAccountChange { has_default_pin: Some(false), ..LocalAccountChange::default() };
        transaction.update_local_account(id, &change).await?;
        let ended = self.void_tokens_of(&mut transaction, id, RevokedFor::Admin).await?;
        let change = Change::new("pin.reset").on("user", id).within(user.workspace_id).detail("sessions", ended);
        self.commit_as(transaction, &managed.actor, caller, change).await
    }

    /// The live sessions of a local account in the workspace, the one used last first.
    ///
    /// # Errors
    /// As [`Service::change_local_account`].
    pub async fn sessions_of_local(&self, user: &User, id: Uuid) -> Result<Vec<Session>, Error> {
        let (mut transaction, _) = self.begin_managing(user, id, false).await?;
        let sessions = transaction.live_sessions(id, self.now(), SHOWN).await?;
        Ok(sessions.into_iter().filter(|session| session.workspace_id == user.workspace_id).collect())
    }

    /// Ends one session of a local account, and its tokens.
    ///
    /// # Errors
    /// As [`Service::change_local_account`].
    pub async fn revoke_session_of_local(
        &self,
        user: &User,
        caller: &Caller,
        id: Uuid,
        session_id: Uuid,
    ) -> Result<(), Error> {
        let (mut transaction, managed) = self.begin_managing(user, id, false).await?;
        let here = transaction.session(session_id).await?.filter(|session| session.workspace_id == user.workspace_id);
        here.ok_or_else(|| Error::not_found("No live session of this user has this id"))?;
        let (actor, why) = (&managed.actor, RevokedFor::Admin);
        self.end_session_of(&mut transaction, actor, caller, (id, session_id), why).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends everything that a local account has been given until now; its owner may log in again. Answers how many sessions
    /// ended.
    ///
    /// # Errors
    /// As [`Service::change_local_account`].
    pub async fn revoke_tokens_of_local(&self, user: &User, caller: &Caller, id: Uuid) -> Result<usize, Error> {
        let (mut transaction, managed) = self.begin_managing(user, id, true).await?;
        let ended = self.void_tokens_of(&mut transaction, id, RevokedFor::Admin).await?;
        let change = Change::new("user.revoke-tokens").on("user", id).detail("sessions", ended);
        self.commit_as(transaction, &managed.actor, caller, change).await?;
        Ok(ended)
    }

    /// A transaction to change a local account in. `everywhere`: the change is felt outside the workspace, too.
    async fn begin_managing(&self, user: &User, id: Uuid, everywhere: bool) -> Result<(Transaction, Managed), Error> {
        by_access_token(user)?;
        let actor = user.acting(user.workspace_id, WorkspaceRole::Admin)?;
        let (mut transaction, own) = self.begin_with_role(&actor).await?;
        let own = own.unwrap_or(WorkspaceRole::Viewer);
        let account = transaction.local_account(id).await?;
        let account = account.filter(|account| account.workspace_id == user.workspace_id).ok_or_else(unknown)?;
        // Owners are each other's equals; below them nobody changes or watches who stands as high, nor themselves.
        if own != WorkspaceRole::Owner && account.role.is_some_and(|role| role >= own) {
            return Err(Error::forbidden("Who stands as high is changed by owners alone"));
        }
        let administers = transaction.user(user.id).await?.is_some_and(|account| account.is_admin);
        if id != user.id && everywhere && (account.is_admin || account.is_known_elsewhere) && !administers {
            return Err(Error::forbidden(
                "The account is not this workspace's alone: ask an administrator of the deployment",
            ));
        }
        Ok((transaction, Managed { actor, own, administers, account }))
    }

    /// A transaction to set somebody else's PIN in: who does could log in with it, and is trusted as far already.
    async fn begin_resetting(&self, user: &User, id: Uuid) -> Result<(Transaction, Managed), Error> {
        let (mut transaction, managed) = self.begin_managing(user, id, true).await?;
        if id == user.id {
            return Err(Error::forbidden("One's own PIN is changed by who knows it"));
        }
        let reach = reach(&mut transaction, user, Some(managed.own)).await?;
        reach.covers(managed.account.trust_level, &managed.account.channels)?;
        Ok((transaction, managed))
    }
}

/// An account that may be changed.
struct Managed {
    actor: Actor,
    own: WorkspaceRole,
    /// Whether who changes it administers the deployment.
    administers: bool,
    account: LocalAccount,
}

/// What somebody can give to others; `None`: everything.
struct Reach(Option<(i64, Vec<String>)>);

impl Reach {
    fn covers(&self, trust_level: i64, channels: &[String]) -> Result<(), Error> {
        match &self.0 {
            Some((own, _)) if trust_level > *own => {
                Err(Error::forbidden("Only an owner gives more trust than they have"))
            }
            Some((_, own)) if !channels.iter().all(|name| own.contains(name)) => {
                Err(Error::forbidden("Only an owner gives channels that they do not have"))
            }
            _ => Ok(()),
        }
    }
}

/// What this person can give in their workspace as it is now: owners and administrators of the deployment everything,
/// everyone else what they have.
async fn reach(transaction: &mut Transaction, user: &User, own: Option<WorkspaceRole>) -> Result<Reach, Error> {
    let administers = transaction.user(user.id).await?.is_some_and(|account| account.is_admin);
    if administers || own == Some(WorkspaceRole::Owner) {
        return Ok(Reach(None));
    }
    let account = transaction.local_account(user.id).await?;
    let account = account.filter(|account| account.workspace_id == user.workspace_id);
    Ok(Reach(Some(account.map_or((0, Vec::new()), |account| (account.trust_level, account.channels)))))
}

fn unknown() -> Error {
    Error::not_found("No local account of this workspace has this id")
}
