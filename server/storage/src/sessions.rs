//! Sessions: a login's refresh-token family. At most one of its refresh tokens is alive, the one of the row's generation.

use sqlx::FromRow;
use uuid::Uuid;

use crate::columns::{GROUPS_POSTGRES, GROUPS_SQLITE, IdList};
use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, Names, RevokedFor, SessionDialect, StorageError, Transaction, WorkspaceRole};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Session {
    pub id: Uuid,
    pub user_id: Uuid,
    pub workspace_id: Uuid,
    pub client_id: Option<Uuid>,
    pub sealed_secret: Vec<u8>,
    pub generation: i64,
    pub rotated_at: Millis,
    pub user_agent: Option<String>,
    pub ip_address: Option<String>,
    pub created_at: Millis,
    pub last_used_at: Millis,
    pub expires_at: Millis,
    pub revoked_at: Option<Millis>,
    pub revoked_for: Option<RevokedFor>,
    pub sso_id: Option<Uuid>,
    pub dialect: SessionDialect,
}

/// What a session begins with. Its generation is 0.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in Session")]
pub struct NewSession<'a> {
    pub id: Uuid,
    pub user_id: Uuid,
    pub workspace_id: Uuid,
    pub client_id: Option<Uuid>,
    pub sealed_secret: &'a [u8],
    pub user_agent: Option<&'a str>,
    pub ip_address: Option<&'a str>,
    pub expires_at: Millis,
    pub sso_id: Option<Uuid>,
    pub dialect: SessionDialect,
}

/// A session, and all that the tokens of its next generation say.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SessionForRefresh {
    /// The session.
    #[sqlx(flatten)]
    pub session: Session,
    /// The user's address.
    pub email: String,
    /// The user's name.
    pub name: String,
    /// Whether the user may log in.
    pub is_active: bool,
    /// What was issued to the user before this moment is void.
    pub sessions_invalidated_at: Option<Millis>,
    /// Whether the front end that the session was made for may still be used.
    pub client_is_active: bool,
    /// The workspaces that the front end may be used for; none: every one.
    #[sqlx(try_from = "IdList")]
    pub client_workspaces: Vec<Uuid>,
    /// The workspace's slug.
    pub workspace_slug: String,
    /// The user's role in the workspace now; none where the membership has ended.
    pub role: Option<WorkspaceRole>,
    /// What the user is called.
    #[sqlx(flatten)]
    pub names: Names,
    /// The user's groups in the workspace, in no order.
    #[sqlx(try_from = "IdList")]
    pub groups: Vec<Uuid>,
}

/// Why and when sessions end.
#[derive(Clone, Copy, Debug)]
pub struct SessionEnd {
    /// Why.
    pub why: RevokedFor,
    /// When.
    pub at: Millis,
    /// When the last access token of these sessions has expired: until then verifiers elsewhere are told.
    pub tokens_until: Millis,
}

const COLUMNS: &str = "s.id, s.user_id, s.workspace_id, s.client_id, s.sealed_secret, s.generation, s.rotated_at, s.user_agent, \
     s.ip_address, s.created_at, s.last_used_at, s.expires_at, s.revoked_at, s.revoked_for, s.sso_id, s.dialect";
const REFRESH: &str = ", u.email, u.name, u.is_active, u.sessions_invalidated_at, COALESCE(c.is_active, TRUE) AS client_is_active, COALESCE(c.workspaces, '') AS client_workspaces, w.slug AS workspace_slug, m.role, n.username, u.given_name, u.family_name, ";
const REFRESH_FROM: &str = " AS groups FROM sessions s JOIN users u ON u.id = s.user_id JOIN workspaces w ON w.id = s.workspace_id LEFT JOIN clients c ON c.id = s.client_id \
     LEFT JOIN memberships m ON m.workspace_id = s.workspace_id AND m.user_id = s.user_id \
     LEFT JOIN usernames n ON n.user_id = s.user_id WHERE s.id = $1";

impl Connection {
    /// The session with this id, revoked and expired ones too until they are pruned.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn session(&mut self, id: Uuid) -> Result<Option<Session>, StorageError> {
        let sql = const_format::concatcp!("SELECT ", COLUMNS, " FROM sessions s WHERE s.id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }

    /// The session with this id and what its next tokens say, revoked and expired ones too: the caller decides.
    ///
    /// # Errors
    /// As every statement.
    pub async fn session_for_refresh(&mut self, id: Uuid) -> Result<Option<SessionForRefresh>, StorageError> {
        let sql = self.either(
            const_format::concatcp!("SELECT ", COLUMNS, REFRESH, GROUPS_SQLITE, REFRESH_FROM),
            const_format::concatcp!("SELECT ", COLUMNS, REFRESH, GROUPS_POSTGRES, REFRESH_FROM),
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }

    /// The sessions of a user that are alive at `now`, the one used last first, at most `limit`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn live_sessions(
        &mut self,
        user_id: Uuid,
        now: Millis,
        limit: i64,
    ) -> Result<Vec<Session>, StorageError> {
        let sql = const_format::concatcp!(
            "SELECT ",
            COLUMNS,
            " FROM sessions s WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 \
             ORDER BY s.last_used_at DESC, s.id LIMIT $3"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(user_id).bind(now).bind(limit).fetch_all(db)))
    }
}

impl Transaction {
    /// Makes a session.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where its user, workspace or client does not exist.
    pub async fn insert_session(&mut self, session: &NewSession<'_>, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO sessions (id, user_id, workspace_id, client_id, sealed_secret, generation, rotated_at, user_agent, \
                   ip_address, created_at, last_used_at, expires_at, sso_id, dialect) VALUES ($1, $2, $3, $4, $5, 0, $8, $6, $7, $8, $8, $9, $10, $11)";
        execute!(
            self,
            sql,
            session.id,
            session.user_id,
            session.workspace_id,
            session.client_id,
            session.sealed_secret,
            session.user_agent,
            session.ip_address,
            now,
            session.expires_at,
            session.sso_id,
            session.dialect.as_str()
        );
        Ok(())
    }

    /// Moves a session from `generation` to the next: of all who try from the same generation one succeeds. False
    /// where it has moved on already, was revoked, has expired or does not exist.
    ///
    /// # Errors
    /// As every statement.
    pub async fn rotate_session(
        &mut self,
        id: Uuid,
        generation: i64,
        expires_at: Millis,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE sessions SET generation = generation + 1, rotated_at = $4, last_used_at = $4, expires_at = $3 \
                   WHERE id = $1 AND generation = $2 AND revoked_at IS NULL AND expires_at > $4";
        Ok(execute!(self, sql, id, generation, expires_at, now) == 1)
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// As every statement.
    pub async fn touch_session(&mut self, id: Uuid, now: Millis) -> Result<(), StorageError> {
        execute!(self, "UPDATE sessions SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2", id, now);
        Ok(())
    }

    /// Lets a session that is alive last until `expires_at`, and notes that it was used. False where it lasts as long
    /// already, was revoked, has expired or does not exist.
    ///
    /// # Errors
    /// As every statement.
    pub async fn extend_session(&mut self, id: Uuid, expires_at: Millis, now: Millis) -> Result<bool, StorageError> {
        let sql = "UPDATE sessions SET expires_at = $2, last_used_at = $3 \
                   WHERE id = $1 AND revoked_at IS NULL AND expires_at > $3 AND expires_at < $2";
        Ok(execute!(self, sql, id, expires_at, now) == 1)
    }

    /// Ends a session and publishes that it has ended. False where it had ended, or never was.
    ///
    /// # Errors
    /// As every statement.
    pub async fn revoke_session(&mut self, id: Uuid, end: SessionEnd) -> Result<bool, StorageError> {
        self.lock_revocations().await?;
        let sql =
            "UPDATE sessions SET revoked_at = $2, revoked_for = $3 WHERE id = $1 AND revoked_at IS NULL RETURNING id";
        let ended: Vec<(Uuid,)> =
            on!(self, db => sqlx::query_as(sql).bind(id).bind(end.at).bind(end.why.as_str()).fetch_all(db));
        self.publish_ended_sessions(&ended, end).await?;
        Ok(!ended.is_empty())
    }

    /// Ends the live sessions that were made for a client. Publishes each and answers their number.
    ///
    /// # Errors
    /// As every statement.
    pub async fn revoke_sessions_of_client(&mut self, client_id: Uuid, end: SessionEnd) -> Result<usize, StorageError> {
        self.lock_revocations().await?;
        let sql = "UPDATE sessions SET revoked_at = $2, revoked_for = $3 WHERE client_id = $1 AND revoked_at IS NULL \
                   AND expires_at > $2 RETURNING id";
        let ended: Vec<(Uuid,)> =
            on!(self, db => sqlx::query_as(sql).bind(client_id).bind(end.at).bind(end.why.as_str()).fetch_all(db));
        self.publish_ended_sessions(&ended, end).await?;
        Ok(ended.len())
    }

    /// Ends the live sessions of a user: all of them, or those in one workspace, without the one that is to stay.
    /// Publishes each and answers their number.
    ///
    /// # Errors
    /// As every statement.
    pub async fn revoke_sessions_of_user(
        &mut self,
        user_id: Uuid,
        workspace_id: Option<Uuid>,
        except: Option<Uuid>,
        end: SessionEnd,
    ) -> Result<usize, StorageError> {
        self.lock_revocations().await?;
        let sql = "UPDATE sessions SET revoked_at = $2, revoked_for = $3 WHERE user_id = $1 AND revoked_at IS NULL \
                   AND expires_at > $2 AND ($4 IS NULL OR workspace_id = $4) AND ($5 IS NULL OR id <> $5) RETURNING id";
        let ended: Vec<(Uuid,)> = on!(self, db => sqlx::query_as(sql)
            .bind(user_id)
            .bind(end.at)
            .bind(end.why.as_str())
            .bind(workspace_id)
            .bind(except)
            .fetch_all(db));
        self.publish_ended_sessions(&ended, end).await?;
        Ok(ended.len())
    }
}
