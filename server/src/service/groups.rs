//! Groups of a workspace: admins manage them, every member sees them.

use sentinel_storage::{Group, GroupChange, NewGroup, StorageError};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Page, Service, User, WorkspaceRole, input};

impl Service {
    /// The groups of a workspace by name.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], or for a wrong page.
    pub async fn groups(
        &self,
        user: &User,
        workspace_id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Group>, Error> {
        user.require(workspace_id, WorkspaceRole::Viewer)?;
        Ok(self.store().read().await?.groups(workspace_id, search, &input::page(limit, cursor)?).await?)
    }

    /// One group.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`].
    pub async fn group(&self, user: &User, workspace_id: Uuid, id: Uuid) -> Result<Group, Error> {
        user.require(workspace_id, WorkspaceRole::Viewer)?;
        self.store().read().await?.group(workspace_id, id).await?.ok_or_else(unknown)
    }

    /// Makes a group without members.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::Conflict`] for a name that is taken.
    pub async fn create_group(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        name: &str,
        description: Option<&str>,
    ) -> Result<Group, Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.make_group(&actor, caller, workspace_id, name, description).await
    }

    /// As [`Service::create_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there, and [`super::ErrorKind::NotFound`] for an unknown workspace.
    pub async fn make_group(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        name: &str,
        description: Option<&str>,
    ) -> Result<Group, Error> {
        let new = NewGroup {
            id: Uuid::new_v4(),
            workspace_id,
            name: input::name(name)?,
            description: description.map(input::description).transpose()?,
            created_by: actor.account(),
        };
        let mut transaction = self.begin_as(actor).await?;
        transaction.insert_group(&new, self.now()).await.map_err(name_taken)?;
        let change = Change::new("group.create").on("group", new.id).within(workspace_id).detail("name", new.name);
        self.record(&mut transaction, actor, caller, change).await?;
        let group = transaction.group(workspace_id, new.id).await?.ok_or_else(unknown)?;
        transaction.commit().await?;
        Ok(group)
    }

    /// Changes what a group is called.
    ///
    /// # Errors
    /// As [`Service::create_group`], and [`super::ErrorKind::NotFound`].
    pub async fn update_group(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        change: &GroupChange<'_>,
    ) -> Result<Group, Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.change_group(&actor, caller, workspace_id, id, change).await
    }

    /// As [`Service::update_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there.
    pub async fn change_group(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        change: &GroupChange<'_>,
    ) -> Result<Group, Error> {
        let change = GroupChange {
            name: change.name.map(input::name).transpose()?,
            description: match change.description {
                Some(Some(text)) => Some(Some(input::description(text)?)),
                other => other,
            },
        };
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.update_group(workspace_id, id, &change).await.map_err(name_taken)? {
            return Err(unknown());
        }
        let said = Change::new("group.update").on("group", id).within(workspace_id);
        self.record(&mut transaction, actor, caller, said).await?;
        let group = transaction.group(workspace_id, id).await?.ok_or_else(unknown)?;
        transaction.commit().await?;
        Ok(group)
    }

    /// Deletes a group; what was shared with it is no longer.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`].
    pub async fn delete_group(&self, user: &User, caller: &Caller, workspace_id: Uuid, id: Uuid) -> Result<(), Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.remove_group(&actor, caller, workspace_id, id).await
    }

    /// As [`Service::delete_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there.
    pub async fn remove_group(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_group(workspace_id, id, self.now()).await? {
            return Err(unknown());
        }
        let change = Change::new("group.delete").on("group", id).within(workspace_id);
        self.commit_as(transaction, actor, caller, change).await
    }
}

pub(super) fn unknown() -> Error {
    Error::not_found("Group not found")
}

fn name_taken(error: StorageError) -> Error {
    match error {
        StorageError::Conflict => Error::conflict("A group with this name exists already"),
        StorageError::Reference => Error::not_found("Workspace not found"),
        other => other.into(),
    }
}
