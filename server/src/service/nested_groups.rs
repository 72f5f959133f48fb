//! Groups in groups: who is in the one is in the other, too. Circles are no harm, so none is refused: the engine and the
//! database both follow each group once.

use sentinel_storage::{Group, StorageError};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::groups::unknown;
use super::{Caller, Error, Page, Service, User, WorkspaceRole, input};

/// Most groups in groups of one workspace: what a question may have to follow.
const NESTED: i64 = 10_000;

impl Service {
    /// The groups that were put into a group, by name; not those that are in these.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`], or for a wrong page.
    pub async fn groups_in_group(
        &self,
        user: &User,
        workspace_id: Uuid,
        id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Group>, Error> {
        user.require(workspace_id, WorkspaceRole::Viewer)?;
        self.groups_within(workspace_id, id, search, limit, cursor).await
    }

    /// As [`Service::groups_in_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there.
    pub async fn groups_within(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Group>, Error> {
        let page = input::page(limit, cursor)?;
        let mut connection = self.store().read().await?;
        connection.group(workspace_id, id).await?.ok_or_else(unknown)?;
        Ok(connection.groups_in_group(workspace_id, id, search, &page).await?)
    }

    /// Puts a group of the workspace into another one: who is in the one is in the other, too.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`] for an unknown group, [`super::ErrorKind::Invalid`]
    /// for a group in itself or too many groups in groups, [`super::ErrorKind::Conflict`] for one that is in it.
    pub async fn add_group_to_group(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        member_id: Uuid,
    ) -> Result<(), Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.nest_group(&actor, caller, workspace_id, id, member_id).await
    }

    /// As [`Service::add_group_to_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there.
    pub async fn nest_group(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        member_id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.group(workspace_id, id).await?.ok_or_else(unknown)?;
        if id == member_id {
            return Err(Error::invalid("A group cannot be in itself"));
        }
        if transaction.count_groups_in_groups(workspace_id).await? >= NESTED {
            return Err(Error::invalid(format!("A workspace has at most {NESTED} groups in groups")));
        }
        transaction.insert_group_in_group(workspace_id, id, member_id, self.now()).await.map_err(
            |error| match error {
                StorageError::Conflict => Error::conflict("Already in this group"),
                StorageError::Reference => unknown(),
                other => other.into(),
            },
        )?;
        let change = Change::new("group.group.add").on("group", id).within(workspace_id).detail("group_id", member_id);
        self.record(&mut transaction, actor, caller, change).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes a group out of a group.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`].
    pub async fn remove_group_from_group(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        member_id: Uuid,
    ) -> Result<(), Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.unnest_group(&actor, caller, workspace_id, id, member_id).await
    }

    /// As [`Service::remove_group_from_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there.
    pub async fn unnest_group(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        member_id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_group_in_group(workspace_id, id, member_id, self.now()).await? {
            return Err(Error::not_found("Not in this group"));
        }
        let change =
            Change::new("group.group.remove").on("group", id).within(workspace_id).detail("group_id", member_id);
        self.record(&mut transaction, actor, caller, change).await?;
        Ok(transaction.commit().await?)
    }
}
