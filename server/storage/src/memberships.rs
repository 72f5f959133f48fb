//! Who belongs to a workspace, and as what.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::derived::Scope;
use crate::page::{key, pattern};
use crate::statement::execute;
use crate::{Connection, Millis, Page, PageRequest, StorageError, Transaction, WorkspaceRole};

/// A member of a workspace, with the profile that the other members see.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Member {
    pub user_id: Uuid,
    pub email: String,
    pub name: String,
    pub avatar_url: Option<String>,
    /// Whether the account is open.
    pub is_active: bool,
    pub role: WorkspaceRole,
    /// When the membership began.
    pub created_at: Millis,
}

/// Which members a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct MemberFilter<'a> {
    /// Part of the name or the e-mail address, in any case.
    pub search: Option<&'a str>,
    /// Only those with this role.
    pub role: Option<WorkspaceRole>,
}

/// For statements that list members in other ways (`u`: the account, `m`: the membership).
pub(crate) const MEMBER_COLUMNS: &str =
    "u.id AS user_id, u.email, u.name, u.avatar_url, u.is_active, m.role, m.created_at";
/// The search and the page of such a list: parameters 1 to 4.
pub(crate) const MEMBER_SEARCH: &str = " AND (u.name_key LIKE $1 ESCAPE '!' OR u.email_key LIKE $1 ESCAPE '!')";
pub(crate) const MEMBER_PAGE: &str = " AND (u.name_key, u.id) > ($2, $3) ORDER BY u.name_key, u.id LIMIT $4";

const FROM: &str = " FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = ";
const ROLE: &str = " AND ($6 IS NULL OR m.role = $6)";

/// Where a member stands in a list.
pub(crate) fn place(member: &Member) -> (String, Uuid) {
    (key(&member.name), member.user_id)
}

impl Connection {
    /// The user as a member of the workspace.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn member(&mut self, workspace_id: Uuid, user_id: Uuid) -> Result<Option<Member>, StorageError> {
        let sql = concatcp!("SELECT ", MEMBER_COLUMNS, FROM, "$1 AND m.user_id = $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(user_id).fetch_optional(db)))
    }

    /// What the user is in the workspace; `None` for who is no member.
    ///
    /// # Errors
    /// As every statement.
    pub async fn member_role(
        &mut self,
        workspace_id: Uuid,
        user_id: Uuid,
    ) -> Result<Option<WorkspaceRole>, StorageError> {
        let sql = "SELECT role FROM memberships WHERE workspace_id = $1 AND user_id = $2";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(workspace_id).bind(user_id).fetch_optional(db)))
    }

    /// Members in the order of their names.
    ///
    /// # Errors
    /// As every statement.
    pub async fn members(
        &mut self,
        workspace_id: Uuid,
        filter: &MemberFilter<'_>,
        page: &PageRequest,
    ) -> Result<Page<Member>, StorageError> {
        let sql = concatcp!("SELECT ", MEMBER_COLUMNS, FROM, "$5", ROLE, MEMBER_SEARCH, MEMBER_PAGE);
        let after = page.start();
        let rows: Vec<Member> = on!(self, db => sqlx::query_as(sql)
            .bind(pattern(filter.search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .bind(workspace_id)
            .bind(filter.role)
            .fetch_all(db));
        Ok(Page::new(rows, page, place))
    }

    /// How many members the filter lets through.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_members(&mut self, workspace_id: Uuid, filter: &MemberFilter<'_>) -> Result<i64, StorageError> {
        let sql = concatcp!("SELECT COUNT(*)", FROM, "$2 AND ($3 IS NULL OR m.role = $3)", MEMBER_SEARCH);
        Ok(on!(self, db => sqlx::query_scalar(sql)
            .bind(pattern(filter.search))
            .bind(workspace_id)
            .bind(filter.role)
            .fetch_one(db)))
    }
}

impl Transaction {
    /// Makes a user a member. Who is provisioned by a directory is active there from then on.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] for who is a member, [`StorageError::Reference`] where there is no such workspace or user.
    pub async fn insert_member(
        &mut self,
        workspace_id: Uuid,
        user_id: Uuid,
        role: WorkspaceRole,
        now: Millis,
    ) -> Result<(), StorageError> {
        let scim = "UPDATE scim_users SET is_active = TRUE, version = version + 1, updated_at = $3 \
                    WHERE workspace_id = $1 AND user_id = $2 AND is_active = FALSE";
        execute!(self, scim, workspace_id, user_id, now);
        let sql = "INSERT INTO memberships (workspace_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)";
        affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(user_id).bind(role).bind(now).execute(db));
        self.touch(workspace_id, Scope::User(user_id), now);
        Ok(())
    }

    /// Gives a member another role. False for who is no member.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_member_role(
        &mut self,
        workspace_id: Uuid,
        user_id: Uuid,
        role: WorkspaceRole,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE memberships SET role = $3 WHERE workspace_id = $1 AND user_id = $2";
        self.touch(workspace_id, Scope::Role(user_id), now);
        Ok(affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(user_id).bind(role).execute(db)) > 0)
    }

    /// Ends a membership, and with it the user's part in the workspace's groups, roles and shares. What the user owns
    /// there stays theirs. Who is provisioned by a directory is not active there from then on, with the role of now: first,
    /// as directories write theirs before memberships, too. False for who is no member.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_member(
        &mut self,
        workspace_id: Uuid,
        user_id: Uuid,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let scim = "UPDATE scim_users SET is_active = FALSE, version = version + 1, updated_at = $3, role = COALESCE(\
                    (SELECT m.role FROM memberships m WHERE m.workspace_id = $1 AND m.user_id = $2), role) \
                    WHERE workspace_id = $1 AND user_id = $2 AND is_active = TRUE";
        execute!(self, scim, workspace_id, user_id, now);
        let sql = "DELETE FROM memberships WHERE workspace_id = $1 AND user_id = $2";
        self.touch(workspace_id, Scope::User(user_id), now);
        Ok(affected!(self, db => sqlx::query(sql).bind(workspace_id).bind(user_id).execute(db)) > 0)
    }

    /// The owners of a workspace. No other transaction can take an owner's role until this one ends: who asks first
    /// and then demotes or removes keeps the last one, also when two do it at once.
    ///
    /// # Errors
    /// As every statement.
    pub async fn lock_owners(&mut self, workspace_id: Uuid) -> Result<Vec<Uuid>, StorageError> {
        const SQL: &str = "SELECT user_id FROM memberships WHERE workspace_id = $1 AND role = 'owner' ORDER BY user_id";
        let sql = self.either(SQL, concatcp!(SQL, " FOR UPDATE"));
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(workspace_id).fetch_all(db)))
    }
}
