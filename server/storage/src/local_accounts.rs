//! Accounts of people who log in with a username and a PIN, as their workspace has them.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::columns::StringList;
use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction, WorkspaceRole};

/// A local account, with what is said of its owner elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct LocalAccount {
    /// Whose it is.
    pub user_id: Uuid,
    /// The workspace that made it.
    pub workspace_id: Uuid,
    /// Whether its PIN stood in a file and was not changed since.
    pub has_default_pin: bool,
    /// How far services trust what this person asks them to do, 0 to 10.
    pub trust_level: i64,
    /// The names of channels through which services talk with this person.
    #[sqlx(try_from = "StringList")]
    pub channels: Vec<String>,
    /// When it was made.
    pub created_at: Millis,
    /// What its owner types.
    pub username: String,
    /// For display.
    pub name: String,
    /// Whether its owner may log in.
    pub is_active: bool,
    /// Whether its owner administers the deployment.
    pub is_admin: bool,
    /// When its owner logged in last.
    pub last_login_at: Option<Millis>,
    /// What its owner is in the workspace now; none where the membership has ended.
    pub role: Option<WorkspaceRole>,
    /// Whether its PIN is one that others know.
    pub must_change_pin: bool,
    /// Whether its owner is somebody elsewhere, too: a member of another workspace, or known by an identity provider.
    pub is_known_elsewhere: bool,
    /// Where it is deactivated: by its workspace, which may undo that.
    pub deactivated_here: bool,
}

/// What a local account begins with.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in LocalAccount")]
pub struct NewLocalAccount<'a> {
    pub user_id: Uuid,
    pub workspace_id: Uuid,
    pub has_default_pin: bool,
    pub trust_level: i64,
    pub channels: &'a [String],
    pub created_by: Option<Uuid>,
}

/// What of a local account is to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "as in LocalAccount")]
pub struct LocalAccountChange<'a> {
    pub has_default_pin: Option<bool>,
    pub trust_level: Option<i64>,
    pub channels: Option<&'a [String]>,
    pub deactivated_here: Option<bool>,
}

const SELECT: &str = "SELECT l.user_id, l.workspace_id, l.has_default_pin, l.trust_level, l.channels, l.created_at, n.username, \
     u.name, u.is_active, u.is_admin, l.deactivated_here, u.last_login_at, m.role, COALESCE(p.must_change, FALSE) AS must_change_pin, \
     (EXISTS (SELECT 1 FROM identities i WHERE i.user_id = l.user_id) \
      OR EXISTS (SELECT 1 FROM memberships o WHERE o.user_id = l.user_id AND o.workspace_id <> l.workspace_id)) AS is_known_elsewhere \
     FROM local_accounts l JOIN users u ON u.id = l.user_id JOIN usernames n ON n.user_id = l.user_id \
     LEFT JOIN passwords p ON p.user_id = l.user_id AND p.kind = 'pin' \
     LEFT JOIN memberships m ON m.workspace_id = l.workspace_id AND m.user_id = l.user_id WHERE ";

impl Connection {
    /// The local account of this person.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn local_account(&mut self, user_id: Uuid) -> Result<Option<LocalAccount>, StorageError> {
        let sql = concatcp!(SELECT, "l.user_id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(user_id).fetch_optional(db)))
    }

    /// The local account with this username, octet by octet.
    ///
    /// # Errors
    /// As every statement.
    pub async fn local_account_by_username(&mut self, username: &str) -> Result<Option<LocalAccount>, StorageError> {
        let sql = concatcp!(SELECT, "n.username = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(username).fetch_optional(db)))
    }

    /// Whether there is a local account.
    ///
    /// # Errors
    /// As every statement.
    pub async fn has_local_accounts(&mut self) -> Result<bool, StorageError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM local_accounts)";
        Ok(on!(self, db => sqlx::query_scalar(sql).fetch_one(db)))
    }

    /// The local accounts of a workspace by username, at most `limit` of those after `after`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn local_accounts(
        &mut self,
        workspace_id: Uuid,
        after: &str,
        limit: i64,
    ) -> Result<Vec<LocalAccount>, StorageError> {
        let sql = concatcp!(SELECT, "l.workspace_id = $1 AND n.username > $2 ORDER BY n.username LIMIT $3");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(after).bind(limit).fetch_all(db)))
    }
}

impl Transaction {
    /// Makes an account a local one of a workspace.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such account or workspace, [`StorageError::Conflict`] where it is one.
    pub async fn insert_local_account(&mut self, new: &NewLocalAccount<'_>, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO local_accounts (user_id, workspace_id, has_default_pin, trust_level, channels, created_by, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7)";
        execute!(
            self,
            sql,
            new.user_id,
            new.workspace_id,
            new.has_default_pin,
            new.trust_level,
            StringList::encode(new.channels),
            new.created_by,
            now
        );
        Ok(())
    }

    /// Changes a local account. False where there is none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn update_local_account(
        &mut self,
        user_id: Uuid,
        change: &LocalAccountChange<'_>,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE local_accounts SET has_default_pin = COALESCE($2, has_default_pin), \
                   trust_level = COALESCE($3, trust_level), channels = COALESCE($4, channels), \
                   deactivated_here = COALESCE($5, deactivated_here) WHERE user_id = $1";
        let channels = change.channels.map(StringList::encode);
        Ok(execute!(self, sql, user_id, change.has_default_pin, change.trust_level, channels, change.deactivated_here)
            == 1)
    }
}
