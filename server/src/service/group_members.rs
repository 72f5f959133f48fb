//! Who is in a group: members of the workspace, and groups, whose members are in it then, too. Circles of groups are no harm, so
//! none is refused: the engine and the database both follow each group once.

use sentinel_storage::{Group, Member, StorageError};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::groups::unknown;
use super::{Caller, Error, Page, Service, User, WorkspaceRole, input};

/// Most groups in groups of one workspace: what a question may have to follow.
const NESTED: i64 = 10_000;

/// Who is put into a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InGroup {
    /// A member of the workspace.
    Member(Uuid),
    /// A group of the workspace: who is in the one is in the other, too.
    Group(Uuid),
}

impl InGroup {
    /// The change in the activity log, and how it names who it is.
    fn change(self, [member, group]: [&'static str; 2]) -> Change {
        match self {
            Self::Member(id) => Change::new(member).detail("user_id", id),
            Self::Group(id) => Change::new(group).detail("group_id", id),
        }
    }
}

impl Service {
    /// The members of a group by name.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`], or for a wrong page.
    pub async fn group_members(
        &self,
        user: &User,
        workspace_id: Uuid,
        id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Member>, Error> {
        self.group(user, workspace_id, id).await?;
        let page = input::page(limit, cursor)?;
        Ok(self.store().read().await?.group_members(id, search, &page).await?)
    }

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

    /// Puts a member, or another group, of the workspace into a group.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`] for an unknown group or who is no member of the
    /// workspace, [`super::ErrorKind::Conflict`] for who is in it, [`super::ErrorKind::Invalid`] for a group in itself or too
    /// many groups in groups.
    pub async fn add_to_group(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        who: InGroup,
    ) -> Result<(), Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.put_into_group(&actor, caller, workspace_id, id, who).await
    }

    /// As [`Service::add_to_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there.
    pub async fn put_into_group(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        who: InGroup,
    ) -> Result<(), Error> {
        let (mut transaction, now) = (self.begin_as(actor).await?, self.now());
        transaction.group(workspace_id, id).await?.ok_or_else(unknown)?;
        let written = match who {
            InGroup::Member(user) => transaction.insert_group_member(workspace_id, id, user, now).await,
            InGroup::Group(group) if group == id => return Err(Error::invalid("A group cannot be in itself")),
            InGroup::Group(group) => {
                if transaction.count_groups_in_groups(workspace_id).await? >= NESTED {
                    return Err(Error::invalid(format!("A workspace has at most {NESTED} groups in groups")));
                }
                transaction.insert_group_in_group(workspace_id, id, group, now).await
            }
        };
        written.map_err(|error| match (error, who) {
            (StorageError::Conflict, _) => Error::conflict("Already in this group"),
            (StorageError::Reference, InGroup::Member(_)) => Error::not_found("Not a member of this workspace"),
            (StorageError::Reference, InGroup::Group(_)) => unknown(),
            (other, _) => other.into(),
        })?;
        let change = who.change(["group.member.add", "group.group.add"]).on("group", id).within(workspace_id);
        self.commit_as(transaction, actor, caller, change).await
    }

    /// Takes a member, or another group, out of a group.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::NotFound`].
    pub async fn remove_from_group(
        &self,
        user: &User,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        who: InGroup,
    ) -> Result<(), Error> {
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        self.take_out_of_group(&actor, caller, workspace_id, id, who).await
    }

    /// As [`Service::remove_from_group`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there.
    pub async fn take_out_of_group(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        who: InGroup,
    ) -> Result<(), Error> {
        let (mut transaction, now) = (self.begin_as(actor).await?, self.now());
        let was_in = match who {
            InGroup::Member(user) => transaction.delete_group_member(workspace_id, id, user, now).await?,
            InGroup::Group(group) => transaction.delete_group_in_group(workspace_id, id, group, now).await?,
        };
        if !was_in {
            return Err(Error::not_found("Not in this group"));
        }
        let change = who.change(["group.member.remove", "group.group.remove"]).on("group", id).within(workspace_id);
        self.commit_as(transaction, actor, caller, change).await
    }
}
