//! Whom it provisions.

use sentinel_storage::{
    NewUser, PageRequest, ProfileChange, ScimFilter, ScimUser, StorageError, Transaction, User as Account,
    WorkspaceRole,
};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::clients::Provisioner;
use super::refusal::{ScimError, ScimType};
use super::{patch, person};
use crate::service::activity::Change;
use crate::service::{Caller, Error, Service, input};

/// How often a change begins anew where others change the same person at the same moment.
const TRIES: usize = 3;
/// Most people of one page.
const PAGE: i64 = 200;

/// A person as they are provisioned.
#[derive(Clone, Debug)]
pub struct Provisioned {
    /// What is stored.
    pub user: ScimUser,
    /// What was said of them.
    pub person: Map<String, Value>,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many there are in all.
    pub total: i64,
    /// The first one's place, from 1 on.
    pub start: i64,
    /// Them.
    pub users: Vec<Provisioned>,
}

impl TryFrom<ScimUser> for Provisioned {
    type Error = Error;

    fn try_from(user: ScimUser) -> Result<Self, Error> {
        let person = serde_json::from_str(&user.resource).map_err(Error::internal)?;
        Ok(Self { user, person })
    }
}

impl Service {
    /// A person of the workspace.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`].
    pub async fn scim_user(&self, by: &Provisioner, id: &str) -> Result<Provisioned, ScimError> {
        let id = id_of(id)?;
        let found = self.store().read().await?.scim_user(by.0.workspace_id, id).await?;
        Ok(found.ok_or_else(unknown)?.try_into()?)
    }

    /// People of the workspace: all, or those that a filter names (`userName`, `externalId` or `emails.value` with `eq`).
    ///
    /// # Errors
    /// [`ScimType::InvalidFilter`] for another filter.
    pub async fn scim_users(
        &self,
        by: &Provisioner,
        filter: Option<&str>,
        start: Option<i64>,
        count: Option<i64>,
    ) -> Result<Found, ScimError> {
        let wrong = ScimError::Invalid(
            ScimType::InvalidFilter,
            "a filter is userName, externalId or emails.value, eq and a text in quotes",
        );
        let (mut name, mut email, mut external) = (None, None, None);
        if let Some(filter) = filter {
            let Some((attribute, value)) = patch::equality(filter) else { return Err(wrong) };
            match attribute.to_ascii_lowercase().as_str() {
                "username" => name = Some(value.to_lowercase()),
                "emails" | "emails.value" => email = Some(value.to_ascii_lowercase()),
                "externalid" => external = Some(value),
                _ => return Err(wrong),
            }
        }
        let filter = ScimFilter {
            user_name_key: name.as_deref(),
            external_id: external.as_deref(),
            email_key: email.as_deref(),
        };
        // Less than the least is the least (RFC 7644 §3.4.2.4).
        let (start, count) = (start.unwrap_or(1).max(1), count.unwrap_or(PAGE).clamp(0, PAGE));
        let mut connection = self.store().read().await?;
        let total = connection.count_scim_users(by.0.workspace_id, &filter).await?;
        let found = connection.scim_users(by.0.workspace_id, &filter, start - 1, count).await?;
        let users = found.into_iter().map(Provisioned::try_from).collect::<Result<_, _>>()?;
        Ok(Found { total, start, users })
    }

    /// Provisions a person: the account with the address that the key may speak for, or a new one, becomes a member.
    ///
    /// # Errors
    /// [`ScimError::Uniqueness`] for who is provisioned; [`crate::service::ErrorKind::Forbidden`] for an administrator
    /// and for an account that was deactivated.
    pub async fn scim_create(&self, by: &Provisioner, caller: &Caller, said: &Value) -> Result<Provisioned, ScimError> {
        let person = person::read(said)?;
        let user_name_key = user_name_key(&person)?;
        let (workspace_id, now, actor) = (by.0.workspace_id, self.now(), by.actor());
        let email = person::email(&person);
        let vouched = email.filter(|email| by.vouches_for(email));
        let is_active = person.get("active") != Some(&Value::Bool(false));
        let mut transaction = self.begin_as(&actor).await?;
        if !is_active {
            // First, as the order of locks wants it: a membership may end below.
            transaction.lock_revocations().await?;
        }
        let existing = match vouched {
            Some(email) => transaction.user_by_verified_email(email).await?,
            None => None,
        };
        let is_managed = existing.is_none();
        let account = match existing {
            Some(account) => account,
            None => {
                let name = person::shown(&person).unwrap_or_default();
                let new = NewUser {
                    id: Uuid::new_v4(),
                    email: email.filter(|email| input::email(email).is_ok()).unwrap_or_default(),
                    email_verified: vouched.is_some(),
                    name: &name,
                    avatar_url: None,
                    is_admin: false,
                };
                let account = transaction.insert_user(&new, now).await.map_err(taken)?;
                note_names(&mut transaction, account.id, &person).await?;
                let change = Change::new("user.create").on("user", account.id).within(workspace_id);
                self.record(&mut transaction, &actor, caller, change).await?;
                account
            }
        };
        if !account.is_active {
            return Err(Error::forbidden("The account is deactivated").into());
        }
        let role = untouchable(&mut transaction, &account, workspace_id).await?;
        let user = ScimUser {
            workspace_id,
            user_id: account.id,
            user_name_key,
            email_key: email.map(str::to_ascii_lowercase),
            external_id: text(&person, "externalId"),
            is_active,
            role: role.unwrap_or(by.0.role),
            is_managed,
            resource: Value::Object(person.clone()).to_string(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        transaction.insert_scim_user(&user).await.map_err(taken)?;
        self.username_of(&mut transaction, &account, caller).await?;
        self.belong(&mut transaction, by, caller, &user, role).await?;
        transaction.commit().await?;
        Ok(Provisioned { user, person })
    }

    /// Says anew of a person what there is to say.
    ///
    /// # Errors
    /// [`ScimError::Changed`] where `version` is not the present one, [`ScimError::Uniqueness`],
    /// [`crate::service::ErrorKind::NotFound`], [`crate::service::ErrorKind::Forbidden`] for an administrator.
    pub async fn scim_replace(
        &self,
        by: &Provisioner,
        caller: &Caller,
        id: &str,
        said: &Value,
        version: Option<i64>,
    ) -> Result<Provisioned, ScimError> {
        let person = person::read(said)?;
        // What is not said of it stays as it is (RFC 7644 §3.5.1: a server may keep what is not asserted).
        self.scim_write(by, caller, id, version, |before| {
            let mut person = person.clone();
            if let (false, Some(active)) = (person.contains_key("active"), before.get("active")) {
                person.insert("active".to_owned(), active.clone());
            }
            Ok(person)
        })
        .await
    }

    /// Changes a part of what was said of a person.
    ///
    /// # Errors
    /// As [`Service::scim_replace`], and as the operations.
    pub async fn scim_patch(
        &self,
        by: &Provisioner,
        caller: &Caller,
        id: &str,
        request: &Value,
        version: Option<i64>,
    ) -> Result<Provisioned, ScimError> {
        self.scim_write(by, caller, id, version, |before| patch::apply(before, request)).await
    }

    /// Ends a person's membership and forgets what was said. The account stays: it may belong elsewhere.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::NotFound`], [`crate::service::ErrorKind::Forbidden`] for an administrator.
    pub async fn scim_delete(&self, by: &Provisioner, caller: &Caller, id: &str) -> Result<(), ScimError> {
        let id = id_of(id)?;
        let mut transaction = self.begin_as(&by.actor()).await?;
        transaction.lock_revocations().await?;
        let mut user = transaction.scim_user(by.0.workspace_id, id).await?.ok_or_else(unknown)?;
        let account = transaction.user(id).await?.ok_or_else(unknown)?;
        let role = untouchable(&mut transaction, &account, by.0.workspace_id).await?;
        user.is_active = false;
        self.belong(&mut transaction, by, caller, &user, role).await?;
        transaction.delete_scim_user(by.0.workspace_id, id, self.now()).await?;
        Ok(transaction.commit().await?)
    }

    async fn scim_write(
        &self,
        by: &Provisioner,
        caller: &Caller,
        id: &str,
        version: Option<i64>,
        change: impl Fn(&Map<String, Value>) -> Result<Map<String, Value>, ScimError>,
    ) -> Result<Provisioned, ScimError> {
        let id = id_of(id)?;
        for _ in 0..TRIES {
            // What is to be is found out while nobody waits for it.
            let found = self.store().read().await?.scim_user(by.0.workspace_id, id).await?.ok_or_else(unknown)?;
            if version.is_some_and(|version| version != found.version) {
                return Err(ScimError::Changed);
            }
            let before = Provisioned::try_from(found)?;
            let mut known = before.person.clone();
            known.insert("active".to_owned(), before.user.is_active.into());
            let person = change(&known)?;
            if let Some(written) = self.scim_rewrite(by, caller, &before, person).await? {
                return Ok(written);
            }
        }
        Err(ScimError::Changed)
    }

    /// Writes what is said of a person now in the place of what was; `None` where somebody else was faster.
    async fn scim_rewrite(
        &self,
        by: &Provisioner,
        caller: &Caller,
        before: &Provisioned,
        person: Map<String, Value>,
    ) -> Result<Option<Provisioned>, ScimError> {
        let (id, workspace_id) = (before.user.user_id, by.0.workspace_id);
        let (now, actor) = (self.now(), by.actor());
        let mut user = ScimUser {
            user_name_key: user_name_key(&person)?,
            email_key: person::email(&person).map(str::to_ascii_lowercase),
            external_id: text(&person, "externalId"),
            is_active: person.get("active") != Some(&Value::Bool(false)),
            resource: Value::Object(person.clone()).to_string(),
            updated_at: now,
            ..before.user.clone()
        };
        // What was not said to change stays as the workspace has it: who was removed there does not come back by a new title.
        let is_asked = user.is_active != before.user.is_active;
        let mut transaction = self.begin_as(&actor).await?;
        if is_asked && !user.is_active {
            // First, as the order of locks wants it: a membership ends below.
            transaction.lock_revocations().await?;
        }
        let account = transaction.user(id).await?.ok_or_else(unknown)?;
        let role = untouchable(&mut transaction, &account, workspace_id).await?;
        if let (false, Some(role)) = (user.is_active, role) {
            user.role = role;
        }
        // First of what is written: who changes the same person waits here, and then begins anew.
        if !transaction.update_scim_user(&user).await.map_err(taken)? {
            return Ok(None);
        }
        user.version = user.version.saturating_add(1);
        if user.is_managed && before.person != person && may_rename(&mut transaction, by, &account).await? {
            note_names(&mut transaction, id, &person).await?;
            if let Some(name) = person::shown(&person).filter(|name| *name != account.name) {
                let profile = ProfileChange { name: Some(&name), avatar_url: None };
                transaction.update_user_profile(id, &profile, now).await?;
            }
            // The account's, wherever it belongs.
            self.record(&mut transaction, &actor, caller, Change::new("user.update").on("user", id)).await?;
        }
        if is_asked {
            self.belong(&mut transaction, by, caller, &user, role).await?;
        }
        transaction.commit().await?;
        Ok(Some(Provisioned { user, person }))
    }

    /// Makes the person a member, or no longer one, as the row says. What the person was is what they will be again:
    /// storage notes it of every membership that ends.
    async fn belong(
        &self,
        transaction: &mut Transaction,
        by: &Provisioner,
        caller: &Caller,
        user: &ScimUser,
        role: Option<WorkspaceRole>,
    ) -> Result<(), Error> {
        let (workspace_id, actor) = (by.0.workspace_id, by.actor());
        match (user.is_active, role) {
            (true, None) => {
                // Who administered the workspace is not made an administrator again by a directory.
                let role = if user.role >= WorkspaceRole::Admin { by.0.role } else { user.role };
                transaction.insert_member(workspace_id, user.user_id, role, self.now()).await?;
                let change = Change::new("member.add").on("user", user.user_id).within(workspace_id);
                self.record(transaction, &actor, caller, change.detail("role", role.as_str())).await
            }
            (false, Some(_)) => {
                self.change_member_in(transaction, None, &actor, caller, (workspace_id, user.user_id), None).await
            }
            _ => Ok(()),
        }
    }
}

/// The account's role in the workspace; refused where the account administers anything.
async fn untouchable(
    transaction: &mut Transaction,
    account: &Account,
    workspace_id: Uuid,
) -> Result<Option<WorkspaceRole>, Error> {
    let role = transaction.member_role(workspace_id, account.id).await?;
    if account.is_admin || role.is_some_and(|role| role >= WorkspaceRole::Admin) {
        return Err(Error::forbidden("Who administers the deployment or the workspace is not provisioned"));
    }
    Ok(role)
}

/// Whether the account's name is this directory's to say: where the account is nobody elsewhere, or has proven an address
/// that the directory speaks for.
async fn may_rename(transaction: &mut Transaction, by: &Provisioner, account: &Account) -> Result<bool, Error> {
    if account.email_verified && by.vouches_for(&account.email) {
        return Ok(true);
    }
    let workspaces = transaction.workspaces_of_user(account.id, None, &PageRequest::first(2)).await?.rows;
    Ok(workspaces.iter().all(|one| one.workspace.id == by.0.workspace_id))
}

async fn note_names(
    transaction: &mut Transaction,
    user_id: Uuid,
    person: &Map<String, Value>,
) -> Result<(), StorageError> {
    let part = |part: &str| person.get("name").and_then(|name| name.get(part)).and_then(Value::as_str);
    transaction.set_user_names(user_id, part("givenName"), part("familyName")).await
}

fn text(person: &Map<String, Value>, name: &str) -> Option<String> {
    person.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn user_name_key(person: &Map<String, Value>) -> Result<String, ScimError> {
    let name = person.get("userName").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    name.map(str::to_lowercase).ok_or(ScimError::Invalid(ScimType::InvalidValue, "userName is required"))
}

fn taken(error: StorageError) -> ScimError {
    match error {
        StorageError::Conflict => ScimError::Uniqueness("Somebody who is provisioned has this userName or address"),
        other => other.into(),
    }
}

fn id_of(id: &str) -> Result<Uuid, Error> {
    // In the one form that is written.
    id.parse().ok().filter(|parsed: &Uuid| parsed.to_string() == id).ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::not_found("No person of this workspace who is provisioned has this id")
}
