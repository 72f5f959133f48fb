//! A workspace, whoever its members are, and what belongs to it.

use sentinel_storage::{Group, Member, MemberFilter, WorkspaceEntry};
use uuid::Uuid;

use super::super::workspaces::{NewNames, unknown};
use super::super::{Actor, Caller, Error, Page, Service, WorkspaceRole, groups, input};

impl Service {
    /// One workspace, and how many members it has.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn workspace_entry(&self, id: Uuid) -> Result<WorkspaceEntry, Error> {
        let mut connection = self.store().read().await?;
        let workspace = connection.workspace(id).await?.ok_or_else(unknown)?;
        let members = connection.count_members(id, &MemberFilter::default()).await?;
        Ok(WorkspaceEntry { workspace, members })
    }

    /// Makes a workspace for the account with this proven address, which becomes its owner.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`] where no account has proven the address,
    /// [`super::super::ErrorKind::Conflict`] for a slug that is taken.
    pub async fn make_workspace_for(
        &self,
        actor: &Actor,
        caller: &Caller,
        owner_email: &str,
        new: &NewNames<'_>,
    ) -> Result<WorkspaceEntry, Error> {
        let email = input::email(owner_email)?;
        let owner = self.store().read().await?.user_by_verified_email(email).await?;
        let owner = owner
            .ok_or_else(|| Error::not_found("No account has this e-mail address: its owner must log in once first"))?;
        let workspace = self.make_workspace(actor, caller, owner.id, new).await?;
        Ok(WorkspaceEntry { workspace, members: 1 })
    }

    /// The members of a workspace by name.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`], or for a wrong page.
    pub async fn members_of(
        &self,
        workspace_id: Uuid,
        search: Option<&str>,
        role: Option<WorkspaceRole>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Member>, Error> {
        let page = input::page(limit, cursor)?;
        let mut connection = self.store().read().await?;
        connection.workspace(workspace_id).await?.ok_or_else(unknown)?;
        Ok(connection.members(workspace_id, &MemberFilter { search, role }, &page).await?)
    }

    /// One member of a workspace.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn member_of(&self, workspace_id: Uuid, user_id: Uuid) -> Result<Member, Error> {
        let member = self.store().read().await?.member(workspace_id, user_id).await?;
        member.ok_or_else(|| Error::not_found("Not a member of this workspace"))
    }

    /// The groups of a workspace by name.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`], or for a wrong page.
    pub async fn groups_of(
        &self,
        workspace_id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Group>, Error> {
        let page = input::page(limit, cursor)?;
        let mut connection = self.store().read().await?;
        connection.workspace(workspace_id).await?.ok_or_else(unknown)?;
        Ok(connection.groups(workspace_id, search, &page).await?)
    }

    /// One group of a workspace.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn group_of(&self, workspace_id: Uuid, id: Uuid) -> Result<Group, Error> {
        self.store().read().await?.group(workspace_id, id).await?.ok_or_else(groups::unknown)
    }

    /// The members of a group by name.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`], or for a wrong page.
    pub async fn members_of_group(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Member>, Error> {
        let page = input::page(limit, cursor)?;
        let mut connection = self.store().read().await?;
        connection.group(workspace_id, id).await?.ok_or_else(groups::unknown)?;
        Ok(connection.group_members(id, search, &page).await?)
    }
}
