//! Groups of a workspace's members.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::derived::Scope;
use crate::memberships::{MEMBER_COLUMNS, MEMBER_PAGE, MEMBER_SEARCH, place};
use crate::page::{key, pattern};
use crate::{Connection, Member, Millis, Page, PageRequest, StorageError, Transaction};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Group {
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub name: String,
    pub description: Option<String>,
    pub created_by: Option<Uuid>,
    pub created_at: Millis,
    /// How many members it has itself, those of groups in it not counted.
    pub members: i64,
}

/// What a group begins with.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in Group")]
pub struct NewGroup<'a> {
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub name: &'a str,
    pub description: Option<&'a str>,
    pub created_by: Option<Uuid>,
}

/// What of a group is to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupChange<'a> {
    /// The name, unique in the workspace.
    pub name: Option<&'a str>,
    /// The description; `Some(None)` removes it.
    pub description: Option<Option<&'a str>>,
}

pub(crate) const COLUMNS: &str = "g.id, g.workspace_id, g.name, g.description, g.created_by, g.created_at, \
                       (SELECT COUNT(*) FROM group_members c WHERE c.group_id = g.id) AS members";

impl Connection {
    /// The group with this id, if it is one of this workspace's.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn group(&mut self, workspace_id: Uuid, id: Uuid) -> Result<Option<Group>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM groups g WHERE g.workspace_id = $1 AND g.id = $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(id).fetch_optional(db)))
    }

    /// A workspace's groups in the order of their names; with `search`, those with it in their name.
    ///
    /// # Errors
    /// As every statement.
    pub async fn groups(
        &mut self,
        workspace_id: Uuid,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Group>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM groups g WHERE g.workspace_id = $1 AND g.name_key LIKE $2 ESCAPE '!' \
             AND (g.name_key, g.id) > ($3, $4) ORDER BY g.name_key, g.id LIMIT $5"
        );
        let after = page.start();
        let rows: Vec<Group> = on!(self, db => sqlx::query_as(sql)
            .bind(workspace_id)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (key(&row.name), row.id)))
    }

    /// The groups of a workspace that a user is in, in the order of their names.
    ///
    /// # Errors
    /// As every statement.
    pub async fn groups_of_user(&mut self, workspace_id: Uuid, user_id: Uuid) -> Result<Vec<Group>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM group_members gm JOIN groups g ON g.id = gm.group_id \
             WHERE gm.workspace_id = $1 AND gm.user_id = $2 ORDER BY g.name_key, g.id"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(user_id).fetch_all(db)))
    }

    /// A group's members in the order of their names; with `search`, those with it in their name or address.
    ///
    /// # Errors
    /// As every statement.
    pub async fn group_members(
        &mut self,
        group_id: Uuid,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Member>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            MEMBER_COLUMNS,
            " FROM group_members gm \
             JOIN memberships m ON m.workspace_id = gm.workspace_id AND m.user_id = gm.user_id \
             JOIN users u ON u.id = gm.user_id WHERE gm.group_id = $5",
            MEMBER_SEARCH,
            MEMBER_PAGE
        );
        let after = page.start();
        let rows: Vec<Member> = on!(self, db => sqlx::query_as(sql)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .bind(group_id)
            .fetch_all(db));
        Ok(Page::new(rows, page, place))
    }
}

impl Transaction {
    /// Makes a group without members.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the workspace has one of this name, [`StorageError::Reference`] where there is
    /// no such workspace.
    pub async fn insert_group(&mut self, group: &NewGroup<'_>, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO groups (id, workspace_id, name, name_key, description, created_by, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        affected!(self, db => sqlx::query(sql)
            .bind(group.id)
            .bind(group.workspace_id)
            .bind(group.name)
            .bind(key(group.name))
            .bind(group.description)
            .bind(group.created_by)
            .bind(now)
            .execute(db));
        Ok(())
    }

    /// Changes a group of this workspace. False: there is none.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the workspace has another one of this name.
    pub async fn update_group(
        &mut self,
        workspace_id: Uuid,
        id: Uuid,
        change: &GroupChange<'_>,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE groups SET name = COALESCE($3, name), name_key = COALESCE($4, name_key), \
                   description = CASE WHEN $5 THEN $6 ELSE description END WHERE workspace_id = $1 AND id = $2";
        let changed = affected!(self, db => sqlx::query(sql)
            .bind(workspace_id)
            .bind(id)
            .bind(change.name)
            .bind(change.name.map(key))
            .bind(change.description.is_some())
            .bind(change.description.flatten())
            .execute(db));
        Ok(changed > 0)
    }

    /// Deletes a group of this workspace and what was shared with it. False: there is none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_group(&mut self, workspace_id: Uuid, id: Uuid, now: Millis) -> Result<bool, StorageError> {
        let sql = "DELETE FROM groups WHERE workspace_id = $1 AND id = $2";
        self.touch(workspace_id, Scope::Group(id), now);
        Ok(affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(id).execute(db)) > 0)
    }

    /// Puts a member of the workspace into one of its groups.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] for who is in it, [`StorageError::Reference`] where the group is not this
    /// workspace's or the user is not its member.
    pub async fn insert_group_member(
        &mut self,
        workspace_id: Uuid,
        group_id: Uuid,
        user_id: Uuid,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO group_members (group_id, workspace_id, user_id, added_at) VALUES ($1, $2, $3, $4)";
        affected!(self, db => sqlx::query(sql).bind(group_id).bind(workspace_id).bind(user_id).bind(now).execute(db));
        self.touch(workspace_id, Scope::GroupMember(group_id, user_id), now);
        Ok(())
    }

    /// Takes a user out of a group of this workspace. False for who is not in it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_group_member(
        &mut self,
        workspace_id: Uuid,
        group_id: Uuid,
        user_id: Uuid,
        now: Millis,
    ) -> Result<bool, StorageError> {
        self.touch(workspace_id, Scope::GroupMember(group_id, user_id), now);
        let sql = "DELETE FROM group_members WHERE workspace_id = $1 AND group_id = $2 AND user_id = $3";
        Ok(affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(group_id).bind(user_id).execute(db)) > 0)
    }
}
