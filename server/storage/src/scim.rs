//! Provisioning by SCIM: who may, and whom they provisioned.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::webhooks::EventList as WordList;
use crate::{Connection, Millis, StorageError, Transaction, WorkspaceRole};

/// A service that provisions a workspace.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct ScimClient {
    pub id: Uuid,
    pub name: String,
    pub workspace_id: Uuid,
    pub prefix: String,
    #[sqlx(try_from = "WordList")]
    pub domains: Vec<String>,
    pub role: WorkspaceRole,
    pub created_at: Millis,
}

/// A person of a workspace as they are provisioned.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct ScimUser {
    pub workspace_id: Uuid,
    pub user_id: Uuid,
    pub user_name_key: String,
    pub email_key: Option<String>,
    pub external_id: Option<String>,
    pub is_active: bool,
    pub role: WorkspaceRole,
    pub is_managed: bool,
    pub resource: String,
    pub version: i64,
    pub created_at: Millis,
    pub updated_at: Millis,
}

/// Which people a list shows; `None` does not narrow it.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "as in ScimUser")]
pub struct ScimFilter<'a> {
    pub user_name_key: Option<&'a str>,
    pub external_id: Option<&'a str>,
    pub email_key: Option<&'a str>,
}

const CLIENT: &str = "SELECT id, name, workspace_id, prefix, domains, role, created_at FROM scim_clients ";
const COLUMNS: &str = "workspace_id, user_id, user_name_key, email_key, external_id, is_active, role, is_managed, resource, version, \
                       created_at, updated_at";
const FILTER: &str = " FROM scim_users WHERE workspace_id = $1 AND ($2 IS NULL OR user_name_key = $2) \
                      AND ($3 IS NULL OR external_id = $3) AND ($4 IS NULL OR email_key = $4)";

impl Connection {
    /// The client whose key has this hash.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn scim_client_by_key(&mut self, hash: &[u8]) -> Result<Option<ScimClient>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(CLIENT, "WHERE key_hash = $1")).bind(hash).fetch_optional(db)))
    }

    /// The client with this id.
    ///
    /// # Errors
    /// As every statement.
    pub async fn scim_client(&mut self, id: Uuid) -> Result<Option<ScimClient>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(CLIENT, "WHERE id = $1")).bind(id).fetch_optional(db)))
    }

    /// The clients, the oldest first, at most `limit`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn scim_clients(&mut self, limit: i64) -> Result<Vec<ScimClient>, StorageError> {
        let sql = concatcp!(CLIENT, "ORDER BY created_at, id LIMIT $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(limit).fetch_all(db)))
    }

    /// A person as they are provisioned in the workspace.
    ///
    /// # Errors
    /// As every statement.
    pub async fn scim_user(&mut self, workspace_id: Uuid, user_id: Uuid) -> Result<Option<ScimUser>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, " FROM scim_users WHERE workspace_id = $1 AND user_id = $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(user_id).fetch_optional(db)))
    }

    /// Whether a directory has ended this person in the workspace, and not provisioned them again.
    ///
    /// # Errors
    /// As every statement.
    pub async fn is_ended_by_scim(&mut self, workspace_id: Uuid, user_id: Uuid) -> Result<bool, StorageError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM scim_users WHERE workspace_id = $1 AND user_id = $2 AND is_active = FALSE) \
                   OR EXISTS (SELECT 1 FROM scim_ended WHERE workspace_id = $1 AND user_id = $2)";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(workspace_id).bind(user_id).fetch_one(db)))
    }

    /// People of the workspace, the oldest first: `limit` of them after the first `skip`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn scim_users(
        &mut self,
        workspace_id: Uuid,
        filter: &ScimFilter<'_>,
        skip: i64,
        limit: i64,
    ) -> Result<Vec<ScimUser>, StorageError> {
        let sql = concatcp!("SELECT ", COLUMNS, FILTER, " ORDER BY created_at, user_id LIMIT $5 OFFSET $6");
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(workspace_id)
            .bind(filter.user_name_key)
            .bind(filter.external_id)
            .bind(filter.email_key)
            .bind(limit)
            .bind(skip)
            .fetch_all(db)))
    }

    /// How many people the filter lets through.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_scim_users(&mut self, workspace_id: Uuid, filter: &ScimFilter<'_>) -> Result<i64, StorageError> {
        let sql = concatcp!("SELECT COUNT(*)", FILTER);
        Ok(on!(self, db => sqlx::query_scalar(sql)
            .bind(workspace_id)
            .bind(filter.user_name_key)
            .bind(filter.external_id)
            .bind(filter.email_key)
            .fetch_one(db)))
    }
}

impl Transaction {
    /// Makes a client.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such workspace.
    pub async fn insert_scim_client(&mut self, client: &ScimClient, key_hash: &[u8]) -> Result<(), StorageError> {
        let sql = "INSERT INTO scim_clients (id, name, workspace_id, key_hash, prefix, domains, role, created_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        execute!(
            self,
            sql,
            client.id,
            client.name.as_str(),
            client.workspace_id,
            key_hash,
            client.prefix.as_str(),
            WordList::encode(&client.domains),
            client.role,
            client.created_at
        );
        Ok(())
    }

    /// Removes a client: its key opens nothing any more. False: there is no such client.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_scim_client(&mut self, id: Uuid) -> Result<bool, StorageError> {
        Ok(execute!(self, "DELETE FROM scim_clients WHERE id = $1", id) == 1)
    }

    /// Writes a person as they are provisioned, for the first time.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the person or the `userName` is there.
    pub async fn insert_scim_user(&mut self, user: &ScimUser) -> Result<(), StorageError> {
        let sql = concatcp!(
            "INSERT INTO scim_users (",
            COLUMNS,
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        execute!(
            self,
            sql,
            user.workspace_id,
            user.user_id,
            user.user_name_key.as_str(),
            user.email_key.as_deref(),
            user.external_id.as_deref(),
            user.is_active,
            user.role,
            user.is_managed,
            user.resource.as_str(),
            user.version,
            user.created_at,
            user.updated_at
        );
        let sql = "DELETE FROM scim_ended WHERE workspace_id = $1 AND user_id = $2";
        execute!(self, sql, user.workspace_id, user.user_id);
        Ok(())
    }

    /// Writes what changed of a person, from the version before to the next. False: it has another version, or there is
    /// no such person.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where somebody else has the `userName`.
    pub async fn update_scim_user(&mut self, user: &ScimUser) -> Result<bool, StorageError> {
        let sql = "UPDATE scim_users SET user_name_key = $3, email_key = $4, external_id = $5, is_active = $6, role = $7, \
                   resource = $8, version = version + 1, updated_at = $9 WHERE workspace_id = $1 AND user_id = $2 AND version = $10";
        let changed = execute!(
            self,
            sql,
            user.workspace_id,
            user.user_id,
            user.user_name_key.as_str(),
            user.email_key.as_deref(),
            user.external_id.as_deref(),
            user.is_active,
            user.role,
            user.resource.as_str(),
            user.updated_at,
            user.version
        );
        Ok(changed == 1)
    }

    /// Forgets a person as they were provisioned, and notes that they were. False: there is no such person.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_scim_user(
        &mut self,
        workspace_id: Uuid,
        user_id: Uuid,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "DELETE FROM scim_users WHERE workspace_id = $1 AND user_id = $2";
        if execute!(self, sql, workspace_id, user_id) == 0 {
            return Ok(false);
        }
        let sql = "INSERT INTO scim_ended (workspace_id, user_id, ended_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (workspace_id, user_id) DO UPDATE SET ended_at = excluded.ended_at";
        execute!(self, sql, workspace_id, user_id, now);
        Ok(true)
    }
}
