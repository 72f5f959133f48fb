//! Who is to become a member of a workspace once they have an account.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::page::email_key;
use crate::statement::execute;
use crate::{Connection, Millis, Page, PageRequest, StorageError, Transaction, WorkspaceRole};

/// An invitation that waits for its address to be proven.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Invitation {
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub email: String,
    pub role: WorkspaceRole,
    pub invited_by: Uuid,
    pub created_at: Millis,
    /// When it no longer takes effect.
    pub expires_at: Millis,
}

const COLUMNS: &str = "id, workspace_id, email, role, invited_by, created_at, expires_at";

impl Connection {
    /// A workspace's invitations that have not expired, in the order of their addresses.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn invitations(
        &mut self,
        workspace_id: Uuid,
        now: Millis,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM invitations WHERE workspace_id = $1 AND expires_at > $2 AND (email_key, id) > ($3, $4) \
             ORDER BY email_key, id LIMIT $5"
        );
        let after = page.start();
        let rows: Vec<Invitation> = on!(self, db => sqlx::query_as(sql)
            .bind(workspace_id)
            .bind(now)
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (email_key(&row.email), row.id)))
    }

    /// The invitation that an address has to a workspace, if any, also one that has expired.
    ///
    /// # Errors
    /// As every statement.
    pub async fn invitation_of(&mut self, workspace_id: Uuid, email: &str) -> Result<Option<Invitation>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM invitations WHERE workspace_id = $1 AND email_key = $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(email_key(email)).fetch_optional(db)))
    }
}

impl Transaction {
    /// Stores an invitation, in the place of one that the address has in this workspace: its id stays.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such workspace or user.
    pub async fn put_invitation(&mut self, new: &Invitation) -> Result<Invitation, StorageError> {
        let sql = concatcp!(
            "INSERT INTO invitations (id, workspace_id, email, email_key, role, invited_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (workspace_id, email_key) DO UPDATE SET email = excluded.email, role = excluded.role, \
             invited_by = excluded.invited_by, created_at = excluded.created_at, expires_at = excluded.expires_at \
             RETURNING ",
            COLUMNS
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(new.id)
            .bind(new.workspace_id)
            .bind(new.email.as_str())
            .bind(email_key(&new.email))
            .bind(new.role)
            .bind(new.invited_by)
            .bind(new.created_at)
            .bind(new.expires_at)
            .fetch_one(db)))
    }

    /// Takes an invitation back: it is answered once.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_invitation(
        &mut self,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<Invitation>, StorageError> {
        let sql = concatcp!("DELETE FROM invitations WHERE workspace_id = $1 AND id = $2 RETURNING ", COLUMNS);
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(id).fetch_optional(db)))
    }

    /// Takes all invitations of an address, those that have expired too: each is answered once, to one transaction.
    ///
    /// # Errors
    /// As every statement.
    pub async fn take_invitations(&mut self, email: &str) -> Result<Vec<Invitation>, StorageError> {
        let sql = concatcp!("DELETE FROM invitations WHERE email_key = $1 RETURNING ", COLUMNS);
        Ok(on!(self, db => sqlx::query_as(sql).bind(email_key(email)).fetch_all(db)))
    }

    /// Forgets the invitation of an address to one workspace.
    ///
    /// # Errors
    /// As every statement.
    pub async fn drop_invitation(&mut self, workspace_id: Uuid, email: &str) -> Result<bool, StorageError> {
        let sql = "DELETE FROM invitations WHERE workspace_id = $1 AND email_key = $2";
        Ok(execute!(self, sql, workspace_id, email_key(email)) > 0)
    }
}
