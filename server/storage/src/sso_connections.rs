//! A workspace's own identity provider, and what it is set up with.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, SessionEnd, SsoProtocol, SsoStage, StorageError, Transaction};

/// A workspace's connection to its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SsoConnection {
    pub id: Uuid,
    pub workspace_id: Uuid,
    pub created_at: Millis,
}

/// What a connection is set up with.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SsoConfiguration {
    pub id: Uuid,
    pub connection_id: Uuid,
    pub state: SsoStage,
    pub protocol: SsoProtocol,
    pub config: String,
    pub sealed_secret: Option<Vec<u8>>,
    pub metadata: Option<String>,
    pub is_followed: bool,
    pub asked_at: Millis,
    pub tested_at: Option<Millis>,
    pub created_by: Option<Uuid>,
    pub created_at: Millis,
}

/// Whose sessions of a connection end.
#[derive(Clone, Copy, Debug, Default)]
pub struct SsoEnded<'a> {
    /// Of one person at the provider alone, by the hash.
    pub subject: Option<&'a [u8]>,
    /// Of one login there alone, by the hash.
    pub provider_session: Option<&'a [u8]>,
}

const CONNECTION: &str = "SELECT id, workspace_id, created_at FROM sso_connections WHERE ";
const COLUMNS: &str = "id, connection_id, state, protocol, config, sealed_secret, metadata, is_followed, asked_at, tested_at, \
                       created_by, created_at";
const CONFIGURATION: &str = concatcp!("SELECT ", COLUMNS, " FROM sso_configurations WHERE ");

impl Connection {
    /// The connection with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn sso_connection(&mut self, id: Uuid) -> Result<Option<SsoConnection>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(CONNECTION, "id = $1")).bind(id).fetch_optional(db)))
    }

    /// The connection of a workspace.
    ///
    /// # Errors
    /// As every statement.
    pub async fn sso_connection_of(&mut self, workspace_id: Uuid) -> Result<Option<SsoConnection>, StorageError> {
        let sql = concatcp!(CONNECTION, "workspace_id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).fetch_optional(db)))
    }

    /// The configuration with this id.
    ///
    /// # Errors
    /// As every statement.
    pub async fn sso_configuration(&mut self, id: Uuid) -> Result<Option<SsoConfiguration>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(CONFIGURATION, "id = $1")).bind(id).fetch_optional(db)))
    }

    /// What a connection is set up with: what people log in by, or what is being tried.
    ///
    /// # Errors
    /// As every statement.
    pub async fn sso_configuration_of(
        &mut self,
        connection_id: Uuid,
        state: SsoStage,
    ) -> Result<Option<SsoConfiguration>, StorageError> {
        let sql = concatcp!(CONFIGURATION, "connection_id = $1 AND state = $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(connection_id).bind(state.as_str()).fetch_optional(db)))
    }

    /// Configurations whose metadata were asked for last before `before`, at most `limit`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn followed_sso_configurations(
        &mut self,
        before: Millis,
        limit: i64,
    ) -> Result<Vec<SsoConfiguration>, StorageError> {
        let sql = concatcp!(CONFIGURATION, "is_followed AND asked_at < $1 ORDER BY asked_at LIMIT $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(before).bind(limit).fetch_all(db)))
    }
}

impl Transaction {
    /// The connection of a workspace, which is made with this id where there is none.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such workspace.
    pub async fn put_sso_connection(
        &mut self,
        id: Uuid,
        workspace_id: Uuid,
        now: Millis,
    ) -> Result<SsoConnection, StorageError> {
        // An update that changes nothing, so that the row is answered and held either way.
        let sql = "INSERT INTO sso_connections (id, workspace_id, created_at) VALUES ($1, $2, $3) \
                   ON CONFLICT (workspace_id) DO UPDATE SET workspace_id = excluded.workspace_id \
                   RETURNING id, workspace_id, created_at";
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).bind(workspace_id).bind(now).fetch_one(db)))
    }

    /// Holds a connection until the transaction has ended: whoever lets somebody in by it and whoever ends it come one
    /// after the other. False: there is none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn hold_sso_connection(&mut self, id: Uuid) -> Result<bool, StorageError> {
        Ok(execute!(self, "UPDATE sso_connections SET created_at = created_at WHERE id = $1", id) == 1)
    }

    /// Removes a connection with all that belongs to it; its sessions are the caller's to end. False: there is none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_sso_connection(&mut self, id: Uuid) -> Result<bool, StorageError> {
        Ok(execute!(self, "DELETE FROM sso_connections WHERE id = $1", id) == 1)
    }

    /// Writes a configuration, in place of the connection's one of the same state.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such connection.
    pub async fn put_sso_configuration(&mut self, new: &SsoConfiguration) -> Result<(), StorageError> {
        let sql = "DELETE FROM sso_configurations WHERE connection_id = $1 AND state = $2";
        execute!(self, sql, new.connection_id, new.state.as_str());
        let sql = concatcp!(
            "INSERT INTO sso_configurations (",
            COLUMNS,
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        execute!(
            self,
            sql,
            new.id,
            new.connection_id,
            new.state.as_str(),
            new.protocol.as_str(),
            new.config.as_str(),
            new.sealed_secret.as_deref(),
            new.metadata.as_deref(),
            new.is_followed,
            new.asked_at,
            new.tested_at,
            new.created_by,
            new.created_at
        );
        Ok(())
    }

    /// Notes that exactly this configuration was tried and is good. False: there is no such one any more.
    ///
    /// # Errors
    /// As every statement.
    pub async fn note_sso_test(&mut self, configuration_id: Uuid, now: Millis) -> Result<bool, StorageError> {
        let sql = "UPDATE sso_configurations SET tested_at = $2 WHERE id = $1";
        Ok(execute!(self, sql, configuration_id, now) == 1)
    }

    /// Lets people log in by a draft that was tried, in place of what they logged in by. False: it is no draft that was
    /// tried, and nothing has changed.
    ///
    /// # Errors
    /// As every statement.
    pub async fn enable_sso_draft(&mut self, connection_id: Uuid, draft_id: Uuid) -> Result<bool, StorageError> {
        // The draft's row is held first: of two who enable one sees that it is done.
        let sql = "UPDATE sso_configurations SET asked_at = asked_at \
                   WHERE id = $1 AND connection_id = $2 AND state = 'draft' AND tested_at IS NOT NULL";
        if execute!(self, sql, draft_id, connection_id) != 1 {
            return Ok(false);
        }
        execute!(self, "DELETE FROM sso_configurations WHERE connection_id = $1 AND state = 'enabled'", connection_id);
        let sql = "UPDATE sso_configurations SET state = 'enabled' WHERE id = $1";
        Ok(execute!(self, sql, draft_id) == 1)
    }

    /// Lets nobody log in any more: what people logged in by becomes the draft, where there is no other. False: nobody
    /// could.
    ///
    /// # Errors
    /// As every statement.
    pub async fn disable_sso(&mut self, connection_id: Uuid) -> Result<bool, StorageError> {
        let sql = "UPDATE sso_configurations SET state = 'draft' WHERE connection_id = $1 AND state = 'enabled' \
                   AND NOT EXISTS (SELECT 1 FROM sso_configurations d WHERE d.connection_id = $1 AND d.state = 'draft')";
        if execute!(self, sql, connection_id) == 1 {
            return Ok(true);
        }
        let sql = "DELETE FROM sso_configurations WHERE connection_id = $1 AND state = 'enabled'";
        Ok(execute!(self, sql, connection_id) == 1)
    }

    /// Notes that a configuration's metadata are asked for now, where nobody has since `before`. False: somebody has.
    ///
    /// # Errors
    /// As every statement.
    pub async fn ask_sso_metadata(&mut self, id: Uuid, before: Millis, now: Millis) -> Result<bool, StorageError> {
        let sql = "UPDATE sso_configurations SET asked_at = $3 WHERE id = $1 AND is_followed AND asked_at = $2";
        Ok(execute!(self, sql, id, before, now) == 1)
    }

    /// Writes what a configuration's metadata say now. False: there is no such configuration.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_sso_metadata(&mut self, id: Uuid, metadata: &str) -> Result<bool, StorageError> {
        Ok(execute!(self, "UPDATE sso_configurations SET metadata = $2 WHERE id = $1", id, metadata) == 1)
    }

    /// Binds a session that was just made to the connection that it came of.
    ///
    /// # Errors
    /// As every statement.
    pub async fn bind_session_to_sso(
        &mut self,
        session_id: Uuid,
        connection_id: Uuid,
        subject: &[u8],
        provider_session: Option<&[u8]>,
    ) -> Result<bool, StorageError> {
        let sql =
            "UPDATE sessions SET federation_id = $2, federation_subject = $3, federation_session = $4 WHERE id = $1";
        Ok(execute!(self, sql, session_id, connection_id, subject, provider_session) == 1)
    }

    /// Ends live sessions that came of a connection, and its codes that were not exchanged yet. Publishes each and
    /// answers the number of sessions.
    ///
    /// INVARIANT: no session is made of such a code afterwards: this waits for who is exchanging one, whose session is
    /// then found.
    ///
    /// # Errors
    /// As every statement.
    pub async fn end_sessions_of_sso(
        &mut self,
        connection_id: Uuid,
        which: SsoEnded<'_>,
        end: SessionEnd,
    ) -> Result<usize, StorageError> {
        self.lock_revocations().await?;
        let sql = "DELETE FROM sso_codes WHERE connection_id = $1 AND session_id IS NULL AND ($2 IS NULL OR subject = $2) \
                   AND ($3 IS NULL OR provider_session = $3)";
        execute!(self, sql, connection_id, which.subject, which.provider_session);
        let sql = "UPDATE sessions SET revoked_at = $2, revoked_for = $3 WHERE federation_id = $1 AND revoked_at IS NULL \
                   AND expires_at > $2 AND ($4 IS NULL OR federation_subject = $4) \
                   AND ($5 IS NULL OR federation_session = $5) RETURNING id";
        let ended: Vec<(Uuid,)> = on!(self, db => sqlx::query_as(sql)
            .bind(connection_id)
            .bind(end.at)
            .bind(end.why.as_str())
            .bind(which.subject)
            .bind(which.provider_session)
            .fetch_all(db));
        self.publish_ended_sessions(&ended, end).await?;
        Ok(ended.len())
    }
}
