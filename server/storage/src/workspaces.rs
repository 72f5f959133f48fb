//! Workspaces: what everything but people and services belongs to.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::page::{key, pattern};
use crate::{Connection, Millis, Page, PageRequest, StorageError, Transaction, WorkspaceRole};

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Workspace {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub description: Option<String>,
    pub created_by: Option<Uuid>,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// A workspace in the list of all.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct WorkspaceEntry {
    /// The workspace.
    #[sqlx(flatten)]
    pub workspace: Workspace,
    /// How many members it has.
    pub members: i64,
}

/// A workspace in the list of one of its members.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct WorkspaceOfUser {
    /// The workspace.
    #[sqlx(flatten)]
    pub workspace: Workspace,
    /// What the member is there.
    pub role: WorkspaceRole,
}

/// What a workspace begins with. It has no members then: its maker becomes owner by a statement of its own.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in Workspace")]
pub struct NewWorkspace<'a> {
    pub id: Uuid,
    pub slug: &'a str,
    pub name: &'a str,
    pub description: Option<&'a str>,
    pub created_by: Option<Uuid>,
}

/// What of a workspace is to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct WorkspaceChange<'a> {
    /// The name in its address.
    pub slug: Option<&'a str>,
    /// The name that people see.
    pub name: Option<&'a str>,
    /// The description; `Some(None)` removes it.
    pub description: Option<Option<&'a str>>,
}

const COLUMNS: &str = "id, slug, name, description, created_by, created_at, updated_at";
const OF: &str = "w.id, w.slug, w.name, w.description, w.created_by, w.created_at, w.updated_at";
const SEARCH: &str = "(w.name_key LIKE $1 ESCAPE '!' OR w.slug LIKE $1 ESCAPE '!')";
const PAGE: &str = " AND (w.name_key, w.id) > ($2, $3) ORDER BY w.name_key, w.id LIMIT $4";

impl Connection {
    /// The workspace with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn workspace(&mut self, id: Uuid) -> Result<Option<Workspace>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM workspaces WHERE id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }

    /// The workspace with this slug.
    ///
    /// # Errors
    /// As every statement.
    pub async fn workspace_by_slug(&mut self, slug: &str) -> Result<Option<Workspace>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM workspaces WHERE slug = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(slug).fetch_optional(db)))
    }

    /// All workspaces in the order of their names; with `search`, those with it in their name or slug.
    ///
    /// # Errors
    /// As every statement.
    pub async fn workspaces(
        &mut self,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<WorkspaceEntry>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            OF,
            ", (SELECT COUNT(*) FROM memberships m WHERE m.workspace_id = w.id) AS members \
             FROM workspaces w WHERE ",
            SEARCH,
            PAGE
        );
        let after = page.start();
        let rows: Vec<WorkspaceEntry> = on!(self, db => sqlx::query_as(sql)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (key(&row.workspace.name), row.workspace.id)))
    }

    /// How many workspaces [`Connection::workspaces`] lists.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_workspaces(&mut self, search: Option<&str>) -> Result<i64, StorageError> {
        let sql = concatcp!("SELECT COUNT(*) FROM workspaces w WHERE ", SEARCH);
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(pattern(search)).fetch_one(db)))
    }

    /// A user's workspaces in the order of their names, with what the user is there.
    ///
    /// # Errors
    /// As every statement.
    pub async fn workspaces_of_user(
        &mut self,
        user_id: Uuid,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<WorkspaceOfUser>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            OF,
            ", m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id \
             WHERE m.user_id = $5 AND ",
            SEARCH,
            PAGE
        );
        let after = page.start();
        let rows: Vec<WorkspaceOfUser> = on!(self, db => sqlx::query_as(sql)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .bind(user_id)
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (key(&row.workspace.name), row.workspace.id)))
    }
}

impl Transaction {
    /// Makes a workspace, and its store of policy.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the slug is taken.
    pub async fn insert_workspace(
        &mut self,
        workspace: &NewWorkspace<'_>,
        now: Millis,
    ) -> Result<Workspace, StorageError> {
        let sql = concatcp!(
            "INSERT INTO workspaces (id, slug, name, name_key, description, created_by, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING ",
            COLUMNS
        );
        let made = on!(self, db => sqlx::query_as(sql)
            .bind(workspace.id)
            .bind(workspace.slug)
            .bind(workspace.name)
            .bind(key(workspace.name))
            .bind(workspace.description)
            .bind(workspace.created_by)
            .bind(now)
            .fetch_one(db));
        self.insert_store_of_workspace(workspace.id, workspace.slug, now).await?;
        Ok(made)
    }

    /// Changes a workspace. `None`: there is none.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the slug is taken.
    pub async fn update_workspace(
        &mut self,
        id: Uuid,
        change: &WorkspaceChange<'_>,
        now: Millis,
    ) -> Result<Option<Workspace>, StorageError> {
        let sql = concatcp!(
            "UPDATE workspaces SET slug = COALESCE($2, slug), name = COALESCE($3, name), \
             name_key = COALESCE($4, name_key), description = CASE WHEN $5 THEN $6 ELSE description END, \
             updated_at = $7 WHERE id = $1 RETURNING ",
            COLUMNS
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(id)
            .bind(change.slug)
            .bind(change.name)
            .bind(change.name.map(key))
            .bind(change.description.is_some())
            .bind(change.description.flatten())
            .bind(now)
            .fetch_optional(db)))
    }

    /// Deletes a workspace with all that belongs to it: memberships, groups, roles, resources, shares, sessions.
    /// False: there is none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_workspace(&mut self, id: Uuid) -> Result<bool, StorageError> {
        Ok(affected!(self, db => sqlx::query("DELETE FROM workspaces WHERE id = $1").bind(id).execute(db)) > 0)
    }
}
