//! Who has a role, and which actions follow from it.

use const_format::concatcp;
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::memberships::{MEMBER_COLUMNS, MEMBER_PAGE, MEMBER_SEARCH, place};
use crate::page::pattern;
use crate::roles::ROLE_COLUMNS;
use crate::{Connection, Member, Millis, Page, PageRequest, Role, StorageError, Transaction};

/// Joined in the order written: SQLite would begin with all actions of the scope.
const ACTIONS: &str = "SELECT DISTINCT a.action FROM role_members rm CROSS JOIN role_actions ra CROSS JOIN actions a \
                       WHERE rm.workspace_id = $1 AND rm.user_id = $2 AND ra.role_id = rm.role_id \
                       AND a.id = ra.action_id AND a.service_name = $3 ORDER BY a.action";
const GRANTING: &str = "SELECT r.name FROM actions a JOIN role_members rm ON rm.workspace_id = $1 AND rm.user_id = $2 \
                        JOIN role_actions ra ON ra.role_id = rm.role_id AND ra.action_id = a.id \
                        JOIN roles r ON r.id = rm.role_id WHERE a.service_name = $3 AND a.action = $4 ORDER BY r.name";

impl Connection {
    /// A role's members in the order of their names; with `search`, those with it in their name or address.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn role_members(
        &mut self,
        role_id: Uuid,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Member>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            MEMBER_COLUMNS,
            " FROM role_members rm \
             JOIN memberships m ON m.workspace_id = rm.workspace_id AND m.user_id = rm.user_id \
             JOIN users u ON u.id = rm.user_id WHERE rm.role_id = $5",
            MEMBER_SEARCH,
            MEMBER_PAGE
        );
        let after = page.start();
        let rows: Vec<Member> = on!(self, db => sqlx::query_as(sql)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .bind(role_id)
            .fetch_all(db));
        Ok(Page::new(rows, page, place))
    }

    /// The roles that a user has in a workspace, in the order of their names.
    ///
    /// # Errors
    /// As every statement.
    pub async fn roles_of_user(&mut self, workspace_id: Uuid, user_id: Uuid) -> Result<Vec<Role>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            ROLE_COLUMNS,
            " FROM role_members rm JOIN roles r ON r.id = rm.role_id \
             WHERE rm.workspace_id = $1 AND rm.user_id = $2 ORDER BY r.name_key, r.id"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(user_id).fetch_all(db)))
    }

    /// The names of the actions in a scope that a user's roles in a workspace grant, each once, in order.
    ///
    /// # Errors
    /// As every statement.
    pub async fn user_actions(
        &mut self,
        workspace_id: Uuid,
        user_id: Uuid,
        scope: &str,
    ) -> Result<Vec<String>, StorageError> {
        Ok(on!(self, db => sqlx::query_scalar(ACTIONS).bind(workspace_id).bind(user_id).bind(scope).fetch_all(db)))
    }

    /// The names of the user's roles in a workspace that grant an action of a scope, in order. None: the user may not.
    ///
    /// # Errors
    /// As every statement.
    pub async fn roles_granting(
        &mut self,
        workspace_id: Uuid,
        user_id: Uuid,
        scope: &str,
        action: &str,
    ) -> Result<Vec<String>, StorageError> {
        Ok(on!(self, db => sqlx::query_scalar(GRANTING)
            .bind(workspace_id)
            .bind(user_id)
            .bind(scope)
            .bind(action)
            .fetch_all(db)))
    }

    /// The members of a workspace whose roles grant an action of a scope, in the order of their names.
    ///
    /// # Errors
    /// As every statement.
    pub async fn members_with_action(
        &mut self,
        workspace_id: Uuid,
        scope: &str,
        action: &str,
        page: &PageRequest,
    ) -> Result<Page<Member>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            MEMBER_COLUMNS,
            " FROM memberships m JOIN users u ON u.id = m.user_id \
             WHERE m.workspace_id = $5 AND EXISTS (SELECT 1 FROM role_members rm \
             JOIN role_actions ra ON ra.role_id = rm.role_id JOIN actions a ON a.id = ra.action_id \
             WHERE rm.workspace_id = m.workspace_id AND rm.user_id = m.user_id \
             AND a.service_name = $6 AND a.action = $7)",
            MEMBER_SEARCH,
            MEMBER_PAGE
        );
        let after = page.start();
        let rows: Vec<Member> = on!(self, db => sqlx::query_as(sql)
            .bind(pattern(None))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .bind(workspace_id)
            .bind(scope)
            .bind(action)
            .fetch_all(db));
        Ok(Page::new(rows, page, place))
    }
}

impl Transaction {
    /// Gives a member of the workspace one of its roles.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] for who has it, [`StorageError::Reference`] where the role is not this workspace's or
    /// the user is not its member.
    pub async fn insert_role_member(
        &mut self,
        workspace_id: Uuid,
        role_id: Uuid,
        user_id: Uuid,
        assigned_by: Option<Uuid>,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO role_members (role_id, workspace_id, user_id, assigned_by, assigned_at) \
                   VALUES ($1, $2, $3, $4, $5)";
        affected!(self, db => sqlx::query(sql)
            .bind(role_id)
            .bind(workspace_id)
            .bind(user_id)
            .bind(assigned_by)
            .bind(now)
            .execute(db));
        self.roles_changed(workspace_id).await
    }

    /// Takes a role of this workspace from a user. False for who does not have it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_role_member(
        &mut self,
        workspace_id: Uuid,
        role_id: Uuid,
        user_id: Uuid,
    ) -> Result<bool, StorageError> {
        let sql = "DELETE FROM role_members WHERE workspace_id = $1 AND role_id = $2 AND user_id = $3";
        let gone = affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(role_id).bind(user_id).execute(db));
        self.roles_changed(workspace_id).await?;
        Ok(gone > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ACTIONS, GRANTING};
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn from_the_user_to_the_actions() {
        let indexes = ["role_members_by_user", "sqlite_autoindex_role_actions_1", "sqlite_autoindex_actions_1"];
        assert_plan(ACTIONS, &indexes).await;
    }

    #[tokio::test]
    async fn from_the_action_to_the_user() {
        let indexes = [
            "sqlite_autoindex_actions_2",
            "role_members_by_user",
            "sqlite_autoindex_role_actions_1",
            "sqlite_autoindex_roles_1",
        ];
        assert_plan(GRANTING, &indexes).await;
    }
}
