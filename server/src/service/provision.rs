//! Accounts at login. A person is (issuer, subject); an address joins that person to an account only where it is
//! proven on both sides.

use sentinel_idp::ProvenIdentity;
use sentinel_storage::{
    Millis, NewIdentity, NewUser, NewWorkspace, PageRequest, StorageError, Transaction, User as Account, WorkspaceRole,
};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::converge::{Known, Person};
use super::{Caller, Error, Newcomers, Service};

/// A login that comes sooner after the last one than this is not noted again: `/authz/resolve` is asked often.
const NOTED: Millis = 60 * 1000;
/// Two first logins at the same moment: one of them makes the account, the other one then finds it.
const TRIES: usize = 3;
/// Longest slug before its suffix.
const SLUG: usize = 40;

/// Why there is no account to log in to.
pub(super) enum Failed {
    Storage(StorageError),
    Refused(Error),
}

impl From<StorageError> for Failed {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl Service {
    /// The account of someone who has just proven who they are: found, joined by a proven address, or made.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] for a deactivated account.
    pub(crate) async fn account_of(&self, identity: &ProvenIdentity, caller: &Caller) -> Result<Account, Error> {
        let found = self.store().read().await?.user_by_identity(&identity.issuer, &identity.subject).await?;
        if let Some(account) = found
            && account.is_active
            && account.last_login_at.is_some_and(|at| self.now().saturating_sub(at) < NOTED)
        {
            return Ok(account);
        }
        let mut tries = 1;
        loop {
            match self.log_in(identity, caller).await {
                Ok(account) => return Ok(account),
                Err(Failed::Storage(StorageError::Conflict)) if tries < TRIES => tries += 1,
                Err(Failed::Storage(error)) => return Err(error.into()),
                Err(Failed::Refused(error)) => return Err(error),
            }
        }
    }

    async fn log_in(&self, identity: &ProvenIdentity, caller: &Caller) -> Result<Account, Failed> {
        let ProvenIdentity { issuer, subject, provider, email, email_verified, .. } = identity;
        let now = self.now();
        let mut transaction = self.store().begin().await?;
        let proven = email.as_deref().filter(|_| *email_verified);
        let (mut account, change) = match transaction.user_by_identity(issuer, subject).await? {
            Some(account) => {
                transaction.record_identity_login(issuer, subject, email.as_deref(), *email_verified, now).await?;
                (account, Change::new("user.login"))
            }
            None => {
                let holder = match proven {
                    Some(email) => transaction.user_by_verified_email(email).await?,
                    None => None,
                };
                let (account, change) = match holder {
                    Some(account) => (account, Change::new("user.link")),
                    None => {
                        (self.open_account(&mut transaction, identity, proven, now).await?, Change::new("user.create"))
                    }
                };
                let (provider, email) = (provider.as_str(), email.as_deref());
                let new = NewIdentity {
                    issuer,
                    subject,
                    user_id: account.id,
                    provider,
                    email,
                    email_verified: *email_verified,
                };
                transaction.insert_identity(&new, now).await?;
                (account, change)
            }
        };
        if !account.is_active {
            return Err(Error::forbidden("The account is deactivated").into());
        }
        let is_first = account.last_login_at.is_none();
        if is_first {
            self.note_names(&mut transaction, &account, identity).await?;
        }
        let hint = identity.username.as_deref().or(email.as_deref()).unwrap_or(&account.name);
        let person = match account.email_verified {
            true => Person::Address(&account.email),
            false => Person::Subject { issuer, subject, hint },
        };
        self.username(&mut transaction, &account, &person, caller).await?;
        let change = change.on("user", account.id).detail("provider", provider);
        self.record(&mut transaction, &Actor::User(account.id), caller, change).await?;
        if is_first && !account.is_admin && proven.is_some_and(|email| self.config().is_admin_email(email)) {
            account = transaction.set_user_admin(account.id, true, now).await?.unwrap_or(account);
            let change = Change::new("admin.grant").on("user", account.id).detail("why", "ADMIN_EMAILS");
            self.record(&mut transaction, &Actor::System, caller, change).await?;
        }
        if let Some(email) = proven {
            self.accept_invitations(&mut transaction, account.id, email, caller, now).await?;
        }
        if is_first {
            self.welcome(&mut transaction, &account, caller, now).await?;
        }
        account = transaction.record_user_login(account.id, now).await?.unwrap_or(account);
        transaction.commit().await?;
        Ok(account)
    }

    async fn open_account(
        &self,
        transaction: &mut Transaction,
        identity: &ProvenIdentity,
        proven: Option<&str>,
        now: Millis,
    ) -> Result<Account, StorageError> {
        let email = identity.email.as_deref().unwrap_or_default();
        let local = email.split('@').next().filter(|local| !local.is_empty());
        let name = identity.name.as_deref().or(identity.username.as_deref()).or(local).unwrap_or("Unnamed");
        let avatar_url = identity.picture.as_deref();
        let new =
            NewUser { id: Uuid::new_v4(), email, email_verified: proven.is_some(), name, avatar_url, is_admin: false };
        transaction.insert_user(&new, now).await
    }

    /// What a login with a proven address comes to beside its session: the invitations of that address, and where someone
    /// new belongs.
    pub(super) async fn come_in(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        caller: &Caller,
    ) -> Result<(), Error> {
        let now = self.now();
        self.username_of(transaction, account, caller).await?;
        let came = async {
            self.accept_invitations(transaction, account.id, &account.email, caller, now).await?;
            if account.last_login_at.is_none() {
                self.welcome(transaction, account, caller, now).await?;
            }
            transaction.record_user_login(account.id, now).await?;
            Ok(())
        };
        came.await.map_err(|failed| match failed {
            Failed::Storage(error) => error.into(),
            Failed::Refused(error) => error,
        })
    }

    /// The parts of a name, where the directory or the provider has told them.
    async fn note_names(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        identity: &ProvenIdentity,
    ) -> Result<(), StorageError> {
        let known = self.known(account);
        let first = known.and_then(|known| known.first_name.as_deref()).or(identity.given_name.as_deref());
        let last = known.and_then(|known| known.last_name.as_deref()).or(identity.family_name.as_deref());
        if first.is_none() && last.is_none() {
            return Ok(());
        }
        transaction.set_user_names(account.id, first, last).await
    }

    /// Who is known before they come: by an address that is proven.
    fn known(&self, account: &Account) -> Option<&Known> {
        let known = self.config().directory.known(&account.email).filter(|_| account.email_verified);
        known.map(|(_, known)| known)
    }

    /// Where someone new belongs.
    async fn welcome(
        &self,
        transaction: &mut Transaction,
        account: &Account,
        caller: &Caller,
        now: Millis,
    ) -> Result<(), Failed> {
        if !transaction.workspaces_of_user(account.id, None, &PageRequest::first(1)).await?.rows.is_empty() {
            return Ok(());
        }
        let (workspace_id, role) = match &self.config().newcomers {
            Newcomers::Nowhere => return Ok(()),
            Newcomers::PersonalWorkspace => {
                let (slug, name) = (personal_slug(account), format!("{}'s workspace", account.name));
                let id = self.found_workspace(transaction, &slug, &name, Some(account.id), caller, now).await?;
                (id, WorkspaceRole::Owner)
            }
            Newcomers::DefaultWorkspace { slug, role } => {
                let bound = self.inner.default_workspace.get().copied();
                match bound {
                    Some(id) if transaction.workspace(id).await?.is_some() => {
                        let role = self.config().directory.default_role().unwrap_or(*role);
                        (id, self.known(account).map_or(role, |known| known.role))
                    }
                    _ => {
                        tracing::warn!(slug, "the default workspace is gone: newcomers join none until the next start");
                        return Ok(());
                    }
                }
            }
        };
        // Who was provisioned and is no longer a member does not come back by logging in.
        if transaction.is_ended_by_scim(workspace_id, account.id).await? {
            return Ok(());
        }
        transaction.insert_member(workspace_id, account.id, role, now).await?;
        let change =
            Change::new("member.add").on("user", account.id).within(workspace_id).detail("role", role.as_str());
        Ok(self.record(transaction, &Actor::System, caller, change).await?)
    }

    /// Finds out, once for a slug, which workspace it is that newcomers join: the one that has the slug when the setting
    /// is first seen, or a new one. From then on its id counts, and not who has the slug.
    pub(super) async fn bind_default_workspace(&self) -> Result<(), Error> {
        let Newcomers::DefaultWorkspace { slug, .. } = &self.config().newcomers else { return Ok(()) };
        let mut tries = 1;
        let id = loop {
            match self.default_workspace(slug).await {
                Ok(id) => break id,
                Err(Failed::Storage(StorageError::Conflict)) if tries < TRIES => tries += 1,
                Err(Failed::Storage(error)) => return Err(error.into()),
                Err(Failed::Refused(error)) => return Err(error),
            }
        };
        self.inner.default_workspace.get_or_init(|| id);
        Ok(())
    }

    async fn default_workspace(&self, slug: &str) -> Result<Uuid, Failed> {
        let (key, now) = (format!("default_workspace:{slug}"), self.now());
        let mut transaction = self.store().begin().await?;
        let bound = transaction.deployment_value(&key).await?.and_then(|id| id.parse().ok());
        if let Some(id) = bound
            && transaction.workspace(id).await?.is_some()
        {
            return Ok(id);
        }
        let id = match transaction.workspace_by_slug(slug).await? {
            Some(workspace) => {
                tracing::warn!(slug, id = %workspace.id, "newcomers join a workspace that was there before");
                workspace.id
            }
            None => self.found_workspace(&mut transaction, slug, slug, None, &Caller::default(), now).await?,
        };
        transaction.put_deployment_value(&key, &id.to_string(), now).await?;
        transaction.commit().await?;
        Ok(id)
    }

    async fn found_workspace(
        &self,
        transaction: &mut Transaction,
        slug: &str,
        name: &str,
        created_by: Option<Uuid>,
        caller: &Caller,
        now: Millis,
    ) -> Result<Uuid, Failed> {
        let new = NewWorkspace { id: Uuid::new_v4(), slug, name, description: None, created_by };
        transaction.insert_workspace(&new, now).await?;
        let change = Change::new("workspace.create").on("workspace", new.id).within(new.id).detail("slug", slug);
        self.record(transaction, &Actor::System, caller, change).await?;
        Ok(new.id)
    }
}

/// A slug that people recognise and nobody can take from another: letters and digits of the name, and of the id.
fn personal_slug(account: &Account) -> String {
    let mut slug = String::new();
    for character in account.name.chars().map(|character| character.to_ascii_lowercase()) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= SLUG {
            break;
        }
    }
    let stem = slug.trim_end_matches('-');
    let stem = if stem.is_empty() { "user" } else { stem };
    let id: String = account.id.simple().to_string().chars().take(8).collect();
    format!("{stem}-{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_slug_is_a_slug_whatever_the_name() {
        for (name, slug) in [
            ("Ada Lovelace", "ada-lovelace-00000000"),
            ("  --Ada  ", "ada-00000000"),
            ("Ünal", "nal-00000000"),
            ("李", "user-00000000"),
            ("", "user-00000000"),
        ] {
            let account = Account {
                id: Uuid::nil(),
                email: String::new(),
                email_verified: false,
                name: name.into(),
                avatar_url: None,
                is_active: true,
                is_admin: false,
                admin_generation: 0,
                sessions_invalidated_at: None,
                created_at: 0,
                updated_at: 0,
                last_login_at: None,
            };
            assert_eq!(personal_slug(&account), slug);
            assert!(super::super::input::slug(&personal_slug(&Account { name: "x".repeat(500), ..account })).is_ok());
        }
    }
}
