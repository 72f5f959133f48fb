//! A workspace's own roles: which actions of services they grant, and to whom; and the actions themselves.

use sentinel_storage::{Action, Member, NewRole, Role, RoleChange, StorageError};
use uuid::Uuid;

use super::super::activity::{Actor, Change};
use super::super::{Caller, Error, Page, Service, input, workspaces};

impl Service {
    /// The roles of a workspace by name.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`], or for a wrong page.
    pub async fn roles_of(
        &self,
        workspace_id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Role>, Error> {
        let page = input::page(limit, cursor)?;
        let mut connection = self.store().read().await?;
        connection.workspace(workspace_id).await?.ok_or_else(workspaces::unknown)?;
        Ok(connection.roles(workspace_id, search, &page).await?)
    }

    /// A role of a workspace with the actions that it grants.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn role_of(&self, workspace_id: Uuid, id: Uuid) -> Result<(Role, Vec<Action>), Error> {
        let mut connection = self.store().read().await?;
        let role = connection.role(workspace_id, id).await?.ok_or_else(unknown)?;
        let actions = connection.role_actions(id).await?;
        Ok((role, actions))
    }

    /// Makes a role that grants nothing yet.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::Conflict`] for a name that is taken, [`super::super::ErrorKind::NotFound`] for an
    /// unknown workspace.
    pub async fn make_role(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        name: &str,
        description: Option<&str>,
    ) -> Result<Role, Error> {
        let new = NewRole {
            id: Uuid::new_v4(),
            workspace_id,
            name: input::name(name)?,
            description: description.map(input::description).transpose()?,
            created_by: actor.account(),
        };
        let mut transaction = self.begin_as(actor).await?;
        transaction.insert_role(&new, self.now()).await.map_err(name_taken)?;
        let change = Change::new("role.create").on("role", new.id).within(workspace_id).detail("name", new.name);
        self.record(&mut transaction, actor, caller, change).await?;
        let role = transaction.role(workspace_id, new.id).await?.ok_or_else(unknown)?;
        transaction.commit().await?;
        Ok(role)
    }

    /// Changes what a role is called.
    ///
    /// # Errors
    /// As [`Service::make_role`].
    pub async fn change_role(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        change: &RoleChange<'_>,
    ) -> Result<Role, Error> {
        let change = RoleChange {
            name: change.name.map(input::name).transpose()?,
            description: match change.description {
                Some(Some(text)) => Some(Some(input::description(text)?)),
                other => other,
            },
        };
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.update_role(workspace_id, id, &change).await.map_err(name_taken)? {
            return Err(unknown());
        }
        let said = Change::new("role.update").on("role", id).within(workspace_id);
        self.record(&mut transaction, actor, caller, said).await?;
        let role = transaction.role(workspace_id, id).await?.ok_or_else(unknown)?;
        transaction.commit().await?;
        Ok(role)
    }

    /// Deletes a role: what it granted is granted no longer.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn remove_role(&self, actor: &Actor, caller: &Caller, workspace_id: Uuid, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_role(workspace_id, id).await? {
            return Err(unknown());
        }
        let change = Change::new("role.delete").on("role", id).within(workspace_id);
        self.commit_as(transaction, actor, caller, change).await
    }

    /// Lets a role grant an action.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`] for an unknown role or action, [`super::super::ErrorKind::Conflict`] for an
    /// action that it grants.
    pub async fn grant_action(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        action_id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.role(workspace_id, id).await?.ok_or_else(unknown)?;
        transaction.insert_role_action(workspace_id, id, action_id).await.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("The role grants this action already"),
            StorageError::Reference => no_action(),
            other => other.into(),
        })?;
        let change = Change::new("role.action.add").on("role", id).within(workspace_id).detail("action_id", action_id);
        self.commit_as(transaction, actor, caller, change).await
    }

    /// Takes an action out of a role.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn withdraw_action(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        action_id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_role_action(workspace_id, id, action_id).await? {
            return Err(Error::not_found("The role does not grant this action"));
        }
        let change =
            Change::new("role.action.remove").on("role", id).within(workspace_id).detail("action_id", action_id);
        self.commit_as(transaction, actor, caller, change).await
    }

    /// Who has a role, by name.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`], or for a wrong page.
    pub async fn members_of_role(
        &self,
        workspace_id: Uuid,
        id: Uuid,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Member>, Error> {
        let page = input::page(limit, cursor)?;
        let mut connection = self.store().read().await?;
        connection.role(workspace_id, id).await?.ok_or_else(unknown)?;
        Ok(connection.role_members(id, search, &page).await?)
    }

    /// Gives a member of the workspace a role.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`] for an unknown role or who is no member,
    /// [`super::super::ErrorKind::Conflict`] for who has it.
    pub async fn assign_role(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        user_id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.role(workspace_id, id).await?.ok_or_else(unknown)?;
        let assigned = transaction.insert_role_member(workspace_id, id, user_id, actor.account(), self.now()).await;
        assigned.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("Has this role already"),
            StorageError::Reference => Error::not_found("Not a member of this workspace"),
            other => other.into(),
        })?;
        let change = Change::new("role.member.add").on("role", id).within(workspace_id).detail("user_id", user_id);
        self.commit_as(transaction, actor, caller, change).await
    }

    /// Takes a role from someone.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn unassign_role(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        id: Uuid,
        user_id: Uuid,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_role_member(workspace_id, id, user_id).await? {
            return Err(Error::not_found("Does not have this role"));
        }
        let change = Change::new("role.member.remove").on("role", id).within(workspace_id).detail("user_id", user_id);
        self.commit_as(transaction, actor, caller, change).await
    }

    /// Actions that services have registered, of one scope or all.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::Invalid`] for a wrong page.
    pub async fn all_actions(
        &self,
        scope: Option<&str>,
        search: Option<&str>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<Page<Action>, Error> {
        Ok(self.store().read().await?.actions(scope, search, &input::page(limit, cursor)?).await?)
    }

    /// Says what an action is, or no longer.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`], [`super::super::ErrorKind::Invalid`].
    pub async fn describe_action(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        description: Option<&str>,
    ) -> Result<Action, Error> {
        let description = description.map(input::description).transpose()?;
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.set_action_description(id, description).await? {
            return Err(no_action());
        }
        let action = transaction.action(id).await?.ok_or_else(no_action)?;
        let change = Change::new("action.update").on("action", id).detail("action", &action.action);
        let change = change.detail("service_name", &action.service_name);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok(action)
    }

    /// Deletes an action: no role grants it any more. Its service may register it again.
    ///
    /// # Errors
    /// [`super::super::ErrorKind::NotFound`].
    pub async fn remove_action(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        let action = transaction.action(id).await?.ok_or_else(no_action)?;
        transaction.delete_action(id).await?;
        let change = Change::new("action.delete").on("action", id).detail("action", action.action);
        let change = change.detail("service_name", action.service_name);
        self.commit_as(transaction, actor, caller, change).await
    }
}

fn unknown() -> Error {
    Error::not_found("Role not found")
}

fn no_action() -> Error {
    Error::not_found("Action not found")
}

fn name_taken(error: StorageError) -> Error {
    match error {
        StorageError::Conflict => Error::conflict("A role with this name exists already"),
        StorageError::Reference => Error::not_found("Workspace not found"),
        other => other.into(),
    }
}
