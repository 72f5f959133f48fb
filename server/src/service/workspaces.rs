//! Workspaces: who may see, make, change and delete them.

use sentinel_storage::{
    NewWorkspace, PageRequest, RevocationKind, StorageError, Workspace, WorkspaceChange, WorkspaceOfUser,
};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::login::WORKSPACES;
use super::{Caller, Error, Page, Service, TokenKind, User, WorkspaceRole, input};

/// What a new workspace is called.
#[derive(Clone, Debug)]
pub struct NewNames<'a> {
    /// In addresses; unique in the deployment.
    pub slug: &'a str,
    /// For people.
    pub name: &'a str,
    /// For people.
    pub description: Option<&'a str>,
}

impl Service {
    /// The workspaces of a user with the user's role in each, by name. An authz token sees its own alone.
    ///
    /// # Errors
    /// Where storage fails, or for a wrong page.
    pub async fn workspaces_of(
        &self,
        user: &User,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<WorkspaceOfUser>, Error> {
        let page = input::page(limit, cursor)?;
        let sees_one = user.token == TokenKind::Authz || user.is_federated;
        // Of the others not even where a page ends is told: its cursor holds a name.
        let page = if sees_one { PageRequest::first(WORKSPACES) } else { page };
        let mut found = self.store().read().await?.workspaces_of_user(user.id, search, &page).await?;
        if sees_one {
            found.rows.retain(|entry| entry.workspace.id == user.workspace_id);
            found.next = None;
        }
        Ok(found)
    }

    /// A workspace that the user is a member of: what the list has of it. More, and any change, is for tokens of that
    /// workspace alone.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], alike for workspaces that do not exist.
    pub async fn workspace(&self, user: &User, id: Uuid) -> Result<WorkspaceOfUser, Error> {
        let mut connection = self.store().read().await?;
        let role = if user.workspace_id == id {
            Some(user.role)
        } else if user.token == TokenKind::Access && !user.is_federated {
            connection.member_role(id, user.id).await?
        } else {
            None
        };
        let role = role.ok_or_else(|| Error::forbidden("Not a member of this workspace"))?;
        let workspace = connection.workspace(id).await?.ok_or_else(unknown)?;
        Ok(WorkspaceOfUser { workspace, role })
    }

    /// Makes a workspace; the user becomes its owner.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] for a slug that is taken; [`super::ErrorKind::Forbidden`] with a token that is
    /// bound to a service.
    pub async fn create_workspace(
        &self,
        user: &User,
        caller: &Caller,
        new: &NewNames<'_>,
    ) -> Result<WorkspaceOfUser, Error> {
        if user.token != TokenKind::Access {
            return Err(Error::forbidden("A workspace is made with an access token"));
        }
        user.require_own_account()?;
        let workspace = self.make_workspace(&Actor::User(user.id), caller, user.id, new).await?;
        Ok(WorkspaceOfUser { workspace, role: WorkspaceRole::Owner })
    }

    /// Makes a workspace with its first owner. Who may is the caller's to know.
    ///
    /// # Errors
    /// As [`Service::create_workspace`].
    pub async fn make_workspace(
        &self,
        actor: &Actor,
        caller: &Caller,
        owner: Uuid,
        new: &NewNames<'_>,
    ) -> Result<Workspace, Error> {
        let (id, now) = (Uuid::new_v4(), self.now());
        let new = NewWorkspace {
            id,
            slug: input::slug(new.slug)?,
            name: input::name(new.name)?,
            description: new.description.map(input::description).transpose()?,
            created_by: Some(owner),
        };
        let mut transaction = self.begin_as(actor).await?;
        let workspace = transaction.insert_workspace(&new, now).await.map_err(slug_taken)?;
        transaction.insert_member(id, owner, WorkspaceRole::Owner, now).await?;
        self.tell_of(&mut transaction, "member.add", Some(owner), Some(id)).await?;
        let change = Change::new("workspace.create").on("workspace", id).within(id).detail("slug", new.slug);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok(workspace)
    }

    /// Changes what a workspace is called: its admins may.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`], [`super::ErrorKind::Conflict`] for a slug that is taken.
    pub async fn update_workspace(
        &self,
        user: &User,
        caller: &Caller,
        id: Uuid,
        change: &WorkspaceChange<'_>,
    ) -> Result<WorkspaceOfUser, Error> {
        let actor = user.acting(id, WorkspaceRole::Admin)?;
        let workspace = self.change_workspace(&actor, caller, id, change).await?;
        Ok(WorkspaceOfUser { workspace, role: user.role })
    }

    /// As [`Service::update_workspace`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// As there, and [`super::ErrorKind::NotFound`].
    pub async fn change_workspace(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        change: &WorkspaceChange<'_>,
    ) -> Result<Workspace, Error> {
        let change = WorkspaceChange {
            slug: change.slug.map(input::slug).transpose()?,
            name: change.name.map(input::name).transpose()?,
            description: match change.description {
                Some(Some(text)) => Some(Some(input::description(text)?)),
                other => other,
            },
        };
        let mut transaction = self.begin_as(actor).await?;
        let workspace =
            transaction.update_workspace(id, &change, self.now()).await.map_err(slug_taken)?.ok_or_else(unknown)?;
        let said = Change::new("workspace.update").on("workspace", id).within(id).detail("slug", &workspace.slug);
        self.commit_as(transaction, actor, caller, said).await?;
        Ok(workspace)
    }

    /// Deletes a workspace with all that belongs to it: its owners may.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`].
    pub async fn delete_workspace(&self, user: &User, caller: &Caller, id: Uuid) -> Result<(), Error> {
        self.remove_workspace(&user.acting(id, WorkspaceRole::Owner)?, caller, id).await
    }

    /// As [`Service::delete_workspace`]. Who may is the caller's to know.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn remove_workspace(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        // Its sessions go with it; tokens that verifiers elsewhere were shown do not.
        self.void_elsewhere(&mut transaction, RevocationKind::Workspace, &id.to_string()).await?;
        if !transaction.delete_workspace(id).await? {
            return Err(unknown());
        }
        self.commit_as(transaction, actor, caller, Change::new("workspace.delete").on("workspace", id).within(id)).await
    }
}

pub(super) fn unknown() -> Error {
    Error::not_found("Workspace not found")
}

fn slug_taken(error: StorageError) -> Error {
    match error {
        StorageError::Conflict => Error::conflict("A workspace with this slug exists already"),
        other => other.into(),
    }
}
