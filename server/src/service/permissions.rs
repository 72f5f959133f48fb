//! Who may do what with one resource: the seven steps, and what surrounds them.
//!
//! The steps stand in the built-in model (`policy/built_in.fga`), and are decided over the tuples of the workspace's
//! store, which storage writes with the rows that this file changes.

use sentinel_storage::{
    Coordinates, Grantee, NewResource, NewShare, Resource, Share, StorageError, Transaction, resource_id, resources_of,
};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Permission, Service, ServiceApp, User, Visibility, WorkspaceRole};

/// Most questions of one request: so many rows one statement asks for.
const CHECKS: usize = 100;
/// Most ids of one answer where the caller sets a limit.
const IDS: u32 = 10_000;
/// Longest resource type in characters.
const RESOURCE_TYPE: usize = 100;

/// One question: may the user do this with that resource?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The scope that the resource belongs to.
    pub service_name: String,
    /// Its kind.
    pub resource_type: String,
    /// The service's own id for it.
    pub resource_id: Uuid,
    /// What is to be done.
    pub action: Permission,
}

/// Which resources of a type may the user use?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessibleQuestion {
    /// See [`Check`].
    pub service_name: String,
    /// See [`Check`].
    pub resource_type: String,
    /// What is to be done with them.
    pub action: Permission,
    /// The workspace of the token.
    pub workspace_id: Uuid,
    /// Most ids of the answer.
    pub limit: Option<u32>,
}

/// Which resources someone may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accessible {
    /// The services' own ids.
    pub resource_ids: Vec<Uuid>,
    /// The user may use all of the workspace's: where no limit was asked for, no ids are listed then.
    pub has_full_access: bool,
}

/// A new record.
#[derive(Clone, Debug)]
pub struct Registration<'a> {
    /// See [`Check`].
    pub service_name: &'a str,
    /// See [`Check`].
    pub resource_type: &'a str,
    /// See [`Check`].
    pub resource_id: Uuid,
    /// The workspace that it lives in.
    pub workspace_id: Uuid,
    /// A member of that workspace.
    pub owner_id: Uuid,
    /// Who else sees it.
    pub visibility: Visibility,
}

/// A record with its shares and, where they were asked for, the owner's name and address.
#[derive(Clone, Debug)]
pub struct Record {
    /// The resource.
    pub resource: Resource,
    /// Its shares, the oldest first.
    pub shares: Vec<Share>,
}

impl Service {
    /// Answers up to a hundred questions, in their order, with one statement.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for none or too many; [`super::ErrorKind::Forbidden`] for another service's.
    pub async fn check_permissions(&self, app: &ServiceApp, user: &User, checks: &[Check]) -> Result<Vec<bool>, Error> {
        if checks.is_empty() || checks.len() > CHECKS {
            return Err(Error::invalid(format!("checks must have 1 to {CHECKS} entries")));
        }
        for check in checks {
            own_scope(app, &check.service_name)?;
        }
        let questions: Vec<_> = checks.iter().map(|check| (check, name(check))).collect();
        let asked =
            questions.iter().filter_map(|(check, name)| Some((name.clone()?, check.action))).collect::<Vec<_>>();
        let mut answers = self.permitted(user.workspace_id, user.id, &asked).await?.into_iter();
        // What has no name is not registered.
        Ok(questions.iter().map(|(_, name)| name.is_some() && answers.next().unwrap_or(false)).collect())
    }

    /// Which resources of a type the user may use in the workspace of the token.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] for another service's or workspace's.
    pub async fn accessible(
        &self,
        app: &ServiceApp,
        user: &User,
        question: &AccessibleQuestion,
    ) -> Result<Accessible, Error> {
        let AccessibleQuestion { service_name, resource_type, action, workspace_id, limit } = question;
        own_scope(app, service_name)?;
        user.require(*workspace_id, WorkspaceRole::Viewer)?;
        if limit.is_some_and(|limit| !(1..=IDS).contains(&limit)) {
            return Err(Error::invalid(format!("limit must be 1 to {IDS}")));
        }
        if user.role >= WorkspaceRole::Admin {
            let resource_ids = match *limit {
                Some(limit) => {
                    let mut connection = self.store().read().await?;
                    connection.workspace_resources(*workspace_id, service_name, resource_type, limit).await?
                }
                None => Vec::new(),
            };
            return Ok(Accessible { resource_ids, has_full_access: true });
        }
        let mut resource_ids = Vec::new();
        if is_type(resource_type) {
            let kind = resources_of(service_name, resource_type);
            resource_ids = self.permitted_of_kind(*workspace_id, user.id, *action, &kind).await?;
        }
        resource_ids.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
        Ok(Accessible { resource_ids, has_full_access: false })
    }

    /// Registers a resource of the service's own.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] where it is registered; [`super::ErrorKind::Invalid`] for an owner who is not a
    /// member of the workspace; [`super::ErrorKind::Forbidden`] for another service's.
    pub async fn register_resource(
        &self,
        app: &ServiceApp,
        caller: &Caller,
        new: &Registration<'_>,
    ) -> Result<Record, Error> {
        own_scope(app, new.service_name)?;
        if !is_type(new.resource_type) {
            return Err(Error::invalid(format!(
                "resource_type must have 1 to {RESOURCE_TYPE} of a-z, A-Z, 0-9, _ - . :"
            )));
        }
        let mut transaction = self.begin_as(&by(app)).await?;
        if transaction.member_role(new.workspace_id, new.owner_id).await?.is_none() {
            return Err(Error::invalid("owner_id must be a member of the workspace"));
        }
        let record = NewResource {
            id: Uuid::new_v4(),
            at: Coordinates {
                service_name: new.service_name,
                resource_type: new.resource_type,
                resource_id: new.resource_id,
            },
            workspace_id: new.workspace_id,
            owner_id: new.owner_id,
            visibility: new.visibility,
        };
        let resource = transaction.insert_resource(&record, self.now()).await.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("This resource is registered already"),
            StorageError::Reference => Error::invalid("owner_id must be a member of the workspace"),
            other => other.into(),
        })?;
        let change = Change::new("resource.register").on("resource", resource.id).within(new.workspace_id);
        self.commit_as(transaction, &by(app), caller, change).await?;
        Ok(Record { resource, shares: Vec::new() })
    }

    /// A resource of the service's own, with its shares.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`], [`super::ErrorKind::Forbidden`] for another service's.
    pub async fn resource(&self, app: &ServiceApp, at: &Coordinates<'_>) -> Result<Record, Error> {
        own_scope(app, at.service_name)?;
        let mut connection = self.store().read().await?;
        let resource = connection.resource_at(at).await?.ok_or_else(unknown)?;
        let shares = connection.shares(resource.id).await?;
        Ok(Record { resource, shares })
    }

    /// The name and address of a resource's owner.
    ///
    /// # Errors
    /// Where storage fails.
    pub async fn owner_of(&self, resource: &Resource) -> Result<Option<sentinel_storage::User>, Error> {
        Ok(self.store().read().await?.user(resource.owner_id).await?)
    }

    /// Forgets a resource of the service's own, and its shares.
    ///
    /// # Errors
    /// As [`Service::resource`].
    pub async fn deregister_resource(
        &self,
        app: &ServiceApp,
        caller: &Caller,
        at: &Coordinates<'_>,
    ) -> Result<(), Error> {
        own_scope(app, at.service_name)?;
        let mut transaction = self.begin_as(&by(app)).await?;
        let resource = transaction.resource_at(at).await?.ok_or_else(unknown)?;
        transaction.delete_resource(resource.id, self.now()).await?;
        let change = Change::new("resource.deregister").on("resource", resource.id).within(resource.workspace_id);
        self.commit_as(transaction, &by(app), caller, change).await
    }

    /// Shares a resource with a member or a group of its workspace: its owner may, and the workspace's admins.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`], [`super::ErrorKind::Forbidden`], [`super::ErrorKind::Conflict`] for who has a
    /// share, [`super::ErrorKind::Invalid`] for who is not of the workspace.
    pub async fn share(
        &self,
        app: &ServiceApp,
        user: &User,
        caller: &Caller,
        permission_id: Uuid,
        grantee: Grantee,
        permission: Permission,
    ) -> Result<Share, Error> {
        let actor = user.acting(user.workspace_id, WorkspaceRole::Viewer)?;
        let (mut transaction, role) = self.begin_through(app, &actor).await?;
        let resource = manageable(&mut transaction, app, user, role, permission_id).await?;
        let new = NewShare { id: Uuid::new_v4(), permission_id, grantee, permission, granted_by: Some(user.id) };
        transaction.insert_share(&new, self.now()).await.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("Shared already: take the share back first to change it"),
            StorageError::Reference => {
                Error::invalid("grantee_id must be a member or a group of the resource's workspace")
            }
            other => other.into(),
        })?;
        let change = Change::new("resource.share").on("resource", permission_id).within(resource.workspace_id);
        let change = grantee_detail(change, grantee).detail("permission", permission.as_str());
        self.record(&mut transaction, &actor, caller, change).await?;
        let share = transaction.shares(permission_id).await?.into_iter().find(|share| share.id == new.id);
        transaction.commit().await?;
        share.ok_or_else(unknown)
    }

    /// Takes a share back: who may share may.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`], [`super::ErrorKind::Forbidden`].
    pub async fn unshare(
        &self,
        app: &ServiceApp,
        user: &User,
        caller: &Caller,
        permission_id: Uuid,
        grantee: Grantee,
    ) -> Result<(), Error> {
        let actor = user.acting(user.workspace_id, WorkspaceRole::Viewer)?;
        let (mut transaction, role) = self.begin_through(app, &actor).await?;
        let resource = manageable(&mut transaction, app, user, role, permission_id).await?;
        if transaction.delete_share(permission_id, grantee, self.now()).await?.is_none() {
            return Err(Error::not_found("Not shared with this grantee"));
        }
        let change = Change::new("resource.unshare").on("resource", permission_id).within(resource.workspace_id);
        self.commit_as(transaction, &actor, caller, grantee_detail(change, grantee)).await
    }

    /// Shows a resource to the workspace, or hides it: who may share may.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`], [`super::ErrorKind::Forbidden`].
    pub async fn set_visibility(
        &self,
        app: &ServiceApp,
        user: &User,
        caller: &Caller,
        permission_id: Uuid,
        visibility: Visibility,
    ) -> Result<Record, Error> {
        let actor = user.acting(user.workspace_id, WorkspaceRole::Viewer)?;
        let (mut transaction, role) = self.begin_through(app, &actor).await?;
        let before = manageable(&mut transaction, app, user, role, permission_id).await?;
        let changed = transaction.set_resource_visibility(permission_id, visibility, self.now()).await?;
        let resource = changed.ok_or_else(unknown)?;
        let change = Change::new("resource.visibility").on("resource", permission_id).within(before.workspace_id);
        let change = change.detail("visibility", visibility.as_str());
        self.record(&mut transaction, &actor, caller, change).await?;
        let shares = transaction.shares(permission_id).await?;
        transaction.commit().await?;
        Ok(Record { resource, shares })
    }
}

/// The record, where this user may manage it through this service. Another service's, another workspace's and an
/// unknown one are answered alike.
async fn manageable(
    transaction: &mut Transaction,
    app: &ServiceApp,
    user: &User,
    role: Option<WorkspaceRole>,
    id: Uuid,
) -> Result<Resource, Error> {
    let found = transaction.resource(id).await?;
    let own = |resource: &Resource| resource.service_name == app.scope() && resource.workspace_id == user.workspace_id;
    let resource = found.filter(own).ok_or_else(unknown)?;
    if resource.owner_id != user.id && role < Some(WorkspaceRole::Admin) {
        return Err(Error::forbidden("Only the owner or an admin of the workspace may change who sees this"));
    }
    Ok(resource)
}

/// Whether a resource can be of this type.
fn is_type(text: &str) -> bool {
    let good = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'_' | b'-' | b'.' | b':');
    (1..=RESOURCE_TYPE).contains(&text.len()) && text.bytes().all(good)
}

/// What the resource is called in the workspace's store; none for what none is called.
fn name(check: &Check) -> Option<String> {
    let Check { service_name, resource_type, resource_id: id, .. } = check;
    is_type(resource_type).then(|| resource_id(&Coordinates { service_name, resource_type, resource_id: *id }))
}

fn by(app: &ServiceApp) -> Actor {
    Actor::Service(app.service_name.clone())
}

fn grantee_detail(change: Change, grantee: Grantee) -> Change {
    match grantee {
        Grantee::User(id) => change.detail("user_id", id),
        Grantee::Group(id) => change.detail("group_id", id),
    }
}

/// A key speaks for its own scope alone.
pub(super) fn own_scope(app: &ServiceApp, service_name: &str) -> Result<(), Error> {
    if app.scope() == service_name { Ok(()) } else { Err(Error::forbidden("The service key is not for this service")) }
}

pub(super) fn unknown() -> Error {
    Error::not_found("Resource not found")
}
