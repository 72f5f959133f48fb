//! A workspace's own roles: actions under one name.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::actions::ACTION_COLUMNS;
use crate::connection::{affected, on};
use crate::page::{key, pattern};
use crate::{Action, Connection, Millis, Page, PageRequest, StorageError, Transaction};

/// A role that a workspace made for itself.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Role {
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub created_by: Option<Uuid>,
    pub created_at: Millis,
    /// How many actions it has.
    pub actions: i64,
    /// How many members have it.
    pub members: i64,
}

/// What a role begins with.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in Role")]
pub struct NewRole<'a> {
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub name: &'a str,
    pub description: Option<&'a str>,
    pub created_by: Option<Uuid>,
}

/// What of a role is to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct RoleChange<'a> {
    /// The name, unique in the workspace.
    pub name: Option<&'a str>,
    /// The description; `Some(None)` removes it.
    pub description: Option<Option<&'a str>>,
}

pub(crate) const ROLE_COLUMNS: &str = "r.id, r.workspace_id, r.name, r.description, r.created_by, r.created_at, \
                                       (SELECT COUNT(*) FROM role_actions ca WHERE ca.role_id = r.id) AS actions, \
                                       (SELECT COUNT(*) FROM role_members cm WHERE cm.role_id = r.id) AS members";

impl Connection {
    /// The role with this id, if it is one of this workspace's.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn role(&mut self, workspace_id: Uuid, id: Uuid) -> Result<Option<Role>, StorageError> {
        let sql = concatcp!("SELECT ", ROLE_COLUMNS, " FROM roles r WHERE r.workspace_id = $1 AND r.id = $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(id).fetch_optional(db)))
    }

    /// A workspace's roles in the order of their names; with `search`, those with it in their name.
    ///
    /// # Errors
    /// As every statement.
    pub async fn roles(
        &mut self,
        workspace_id: Uuid,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Role>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            ROLE_COLUMNS,
            " FROM roles r WHERE r.workspace_id = $1 AND r.name_key LIKE $2 ESCAPE '!' \
             AND (r.name_key, r.id) > ($3, $4) ORDER BY r.name_key, r.id LIMIT $5"
        );
        let after = page.start();
        let rows: Vec<Role> = on!(self, db => sqlx::query_as(sql)
            .bind(workspace_id)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (key(&row.name), row.id)))
    }

    /// A role's actions in the order of their scopes and names.
    ///
    /// # Errors
    /// As every statement.
    pub async fn role_actions(&mut self, role_id: Uuid) -> Result<Vec<Action>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            ACTION_COLUMNS,
            " FROM role_actions ra JOIN actions a ON a.id = ra.action_id \
             WHERE ra.role_id = $1 ORDER BY a.service_name, a.action"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(role_id).fetch_all(db)))
    }
}

impl Transaction {
    /// Makes a role without actions and members.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the workspace has one of this name, [`StorageError::Reference`] where there is
    /// no such workspace.
    pub async fn insert_role(&mut self, role: &NewRole<'_>, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO roles (id, workspace_id, name, name_key, description, created_by, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        affected!(self, db => sqlx::query(sql)
            .bind(role.id)
            .bind(role.workspace_id)
            .bind(role.name)
            .bind(key(role.name))
            .bind(role.description)
            .bind(role.created_by)
            .bind(now)
            .execute(db));
        Ok(())
    }

    /// Changes a role of this workspace. False: there is none.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the workspace has another one of this name.
    pub async fn update_role(
        &mut self,
        workspace_id: Uuid,
        id: Uuid,
        change: &RoleChange<'_>,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE roles SET name = COALESCE($3, name), name_key = COALESCE($4, name_key), \
                   description = CASE WHEN $5 THEN $6 ELSE description END WHERE workspace_id = $1 AND id = $2";
        let changed = affected!(self, db => sqlx::query(sql)
            .bind(workspace_id)
            .bind(id)
            .bind(change.name)
            .bind(change.name.map(key))
            .bind(change.description.is_some())
            .bind(change.description.flatten())
            .execute(db));
        self.roles_changed(workspace_id).await?;
        Ok(changed > 0)
    }

    /// Deletes a role of this workspace. False: there is none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_role(&mut self, workspace_id: Uuid, id: Uuid) -> Result<bool, StorageError> {
        let sql = "DELETE FROM roles WHERE workspace_id = $1 AND id = $2";
        let gone = affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(id).execute(db));
        self.roles_changed(workspace_id).await?;
        Ok(gone > 0)
    }

    /// Adds an action to a role of this workspace.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the role has it, [`StorageError::Reference`] where there is no such action, or
    /// the role is not this workspace's.
    pub async fn insert_role_action(
        &mut self,
        workspace_id: Uuid,
        role_id: Uuid,
        action_id: Uuid,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO role_actions (role_id, action_id) \
                   SELECT r.id, $3 FROM roles r WHERE r.workspace_id = $1 AND r.id = $2";
        let made = affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(role_id).bind(action_id).execute(db));
        if made == 0 {
            return Err(StorageError::Reference);
        }
        self.roles_changed(workspace_id).await
    }

    /// Takes an action out of a role of this workspace. False: the role does not have it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_role_action(
        &mut self,
        workspace_id: Uuid,
        role_id: Uuid,
        action_id: Uuid,
    ) -> Result<bool, StorageError> {
        let sql = "DELETE FROM role_actions WHERE action_id = $3 \
                   AND role_id = (SELECT r.id FROM roles r WHERE r.workspace_id = $1 AND r.id = $2)";
        let gone = affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(role_id).bind(action_id).execute(db));
        self.roles_changed(workspace_id).await?;
        Ok(gone > 0)
    }
}
