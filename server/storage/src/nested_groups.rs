//! Groups in groups: who is in the one is in the other, too.

use const_format::concatcp;
use uuid::Uuid;

use crate::connection::on;
use crate::derived::Scope;
use crate::groups::COLUMNS;
use crate::page::{key, pattern};
use crate::statement::execute;
use crate::{Connection, Group, Millis, Page, PageRequest, StorageError, Transaction};

impl Connection {
    /// The groups that were put into a group, in the order of their names; with `search`, those with it in their name.
    /// Not those that are in these.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn groups_in_group(
        &mut self,
        workspace_id: Uuid,
        group_id: Uuid,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Group>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM group_groups n JOIN groups g ON g.id = n.member_group_id \
             WHERE n.workspace_id = $6 AND n.group_id = $1 AND g.name_key LIKE $2 ESCAPE '!' \
             AND (g.name_key, g.id) > ($3, $4) ORDER BY g.name_key, g.id LIMIT $5"
        );
        let after = page.start();
        let rows: Vec<Group> = on!(self, db => sqlx::query_as(sql)
            .bind(group_id)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .bind(workspace_id)
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (key(&row.name), row.id)))
    }

    /// How often a group of the workspace was put into one.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_groups_in_groups(&mut self, workspace_id: Uuid) -> Result<i64, StorageError> {
        let sql = "SELECT COUNT(*) FROM group_groups WHERE workspace_id = $1";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(workspace_id).fetch_one(db)))
    }
}

impl Transaction {
    /// Puts a group of the workspace into another one of it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] for one that is in it, [`StorageError::Reference`] where one of them is not this
    /// workspace's, [`StorageError::Invalid`] for a group in itself.
    pub async fn insert_group_in_group(
        &mut self,
        workspace_id: Uuid,
        group_id: Uuid,
        member_group_id: Uuid,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql =
            "INSERT INTO group_groups (group_id, workspace_id, member_group_id, added_at) VALUES ($1, $2, $3, $4)";
        execute!(self, sql, group_id, workspace_id, member_group_id, now);
        self.touch(workspace_id, Scope::GroupInGroup(group_id, member_group_id), now);
        Ok(())
    }

    /// Takes a group out of a group of this workspace. False: it is not in it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_group_in_group(
        &mut self,
        workspace_id: Uuid,
        group_id: Uuid,
        member_group_id: Uuid,
        now: Millis,
    ) -> Result<bool, StorageError> {
        self.touch(workspace_id, Scope::GroupInGroup(group_id, member_group_id), now);
        let sql = "DELETE FROM group_groups WHERE workspace_id = $1 AND group_id = $2 AND member_group_id = $3";
        Ok(execute!(self, sql, workspace_id, group_id, member_group_id) > 0)
    }
}
