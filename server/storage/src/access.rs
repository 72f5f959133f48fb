//! THE statement of authorization: all that decides whether a token still holds, as it is now, in one round trip.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::columns::{GROUPS_POSTGRES, GROUPS_SQLITE, IdList, StringList};
use crate::connection::on;
use crate::{Connection, Millis, SessionDialect, StorageError, WorkspaceRole};

/// What is known now of a token's user, workspace, session and `jti`. Facts: whether they suffice, the caller decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessState {
    /// The user's address, for display.
    pub email: String,
    /// The user's name, for display.
    pub name: String,
    /// Whether the user may log in.
    pub is_active: bool,
    /// Whether the user administers the deployment.
    pub is_admin: bool,
    /// How often that has changed.
    pub admin_generation: i64,
    /// What was issued to the user before this moment is void.
    pub sessions_invalidated_at: Option<Millis>,
    /// The user's role in the workspace; none where no workspace was named, or the user is not a member of it.
    pub role: Option<WorkspaceRole>,
    /// The session that was named.
    pub session: SessionState,
    /// Whether the token was revoked by its `jti`.
    pub token_revoked: bool,
    /// The user's groups in the workspace, in no order.
    pub groups: Vec<Uuid>,
    /// The actions in the scope that the user's roles in the workspace grant, in no order; empty where no scope was named.
    pub actions: Vec<String>,
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// No session was named.
    NotAsked,
    /// There is none: it never was, or has expired and was pruned. A token of it does not hold.
    Unknown,
    /// It is known.
    Known {
        /// Whose it is.
        user_id: Uuid,
        /// Where.
        workspace_id: Uuid,
        /// When it expires.
        expires_at: Millis,
        /// When it was revoked.
        revoked_at: Option<Millis>,
        /// Which system's tokens it has.
        dialect: SessionDialect,
        /// When it was noted last that it is used.
        last_used_at: Millis,
        /// The workspace's own provider that it came of.
        federation_id: Option<Uuid>,
    },
}

#[derive(FromRow)]
struct Row {
    email: String,
    name: String,
    is_active: bool,
    is_admin: bool,
    admin_generation: i64,
    sessions_invalidated_at: Option<Millis>,
    role: Option<WorkspaceRole>,
    session_user_id: Option<Uuid>,
    session_workspace_id: Option<Uuid>,
    session_expires_at: Option<Millis>,
    session_revoked_at: Option<Millis>,
    session_dialect: Option<SessionDialect>,
    session_last_used_at: Option<Millis>,
    session_federation_id: Option<Uuid>,
    token_revoked: bool,
    #[sqlx(try_from = "IdList")]
    groups: Vec<Uuid>,
    #[sqlx(try_from = "StringList")]
    actions: Vec<String>,
}

impl Row {
    /// What became of the session that was named.
    fn session(&self, named: Option<Uuid>) -> SessionState {
        if named.is_none() {
            return SessionState::NotAsked;
        }
        let known = || {
            Some(SessionState::Known {
                user_id: self.session_user_id?,
                workspace_id: self.session_workspace_id?,
                expires_at: self.session_expires_at?,
                revoked_at: self.session_revoked_at,
                dialect: self.session_dialect?,
                last_used_at: self.session_last_used_at?,
                federation_id: self.session_federation_id,
            })
        };
        known().unwrap_or(SessionState::Unknown)
    }
}

const FACTS: &str = "SELECT u.email, u.name, u.is_active, u.is_admin, u.admin_generation, u.sessions_invalidated_at, m.role, \
     s.user_id AS session_user_id, s.workspace_id AS session_workspace_id, s.expires_at AS session_expires_at, \
     s.revoked_at AS session_revoked_at, s.dialect AS session_dialect, s.last_used_at AS session_last_used_at, \
     s.federation_id AS session_federation_id, \
     EXISTS (SELECT 1 FROM revocations r WHERE r.kind = 'token' AND r.value = $4) AS token_revoked, ";
const FROM: &str = " AS actions FROM users u \
     LEFT JOIN memberships m ON m.workspace_id = $2 AND m.user_id = u.id \
     LEFT JOIN sessions s ON s.id = $3 \
     WHERE u.id = $1";
const NO_ACTIONS: &str = " AS groups, '[]'";
/// Joined in the order written: SQLite would begin with all actions of the scope.
const ACTIONS_FROM: &str = " FROM role_members rm CROSS JOIN role_actions ra CROSS JOIN actions a \
     WHERE rm.workspace_id = m.workspace_id AND rm.user_id = m.user_id AND ra.role_id = rm.role_id \
     AND a.id = ra.action_id AND a.service_name = $5)";
const ACTIONS_SQLITE: &str = concatcp!(" AS groups, (SELECT json_group_array(DISTINCT a.action)", ACTIONS_FROM);
const ACTIONS_POSTGRES: &str =
    concatcp!(" AS groups, (SELECT COALESCE(json_agg(DISTINCT a.action)::text, '[]')", ACTIONS_FROM);

impl Connection {
    /// The state of a token's user, of the user's membership in the workspace, of the session and of the `jti`; with
    /// the actions that the user's roles grant in `scope`, where one is named. `None`: there is no such user.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn access_state(
        &mut self,
        user_id: Uuid,
        workspace_id: Option<Uuid>,
        session_id: Option<Uuid>,
        jti: &str,
        scope: Option<&str>,
    ) -> Result<Option<AccessState>, StorageError> {
        let row: Option<Row> = match scope {
            Some(scope) => {
                let sql = self.either(
                    concatcp!(FACTS, GROUPS_SQLITE, ACTIONS_SQLITE, FROM),
                    concatcp!(FACTS, GROUPS_POSTGRES, ACTIONS_POSTGRES, FROM),
                );
                on!(self, db => sqlx::query_as(sql)
                    .bind(user_id)
                    .bind(workspace_id)
                    .bind(session_id)
                    .bind(jti)
                    .bind(scope)
                    .fetch_optional(db))
            }
            None => {
                let sql = self.either(
                    concatcp!(FACTS, GROUPS_SQLITE, NO_ACTIONS, FROM),
                    concatcp!(FACTS, GROUPS_POSTGRES, NO_ACTIONS, FROM),
                );
                on!(self, db => sqlx::query_as(sql)
                    .bind(user_id)
                    .bind(workspace_id)
                    .bind(session_id)
                    .bind(jti)
                    .fetch_optional(db))
            }
        };
        Ok(row.map(|row| AccessState {
            session: row.session(session_id),
            email: row.email,
            name: row.name,
            is_active: row.is_active,
            is_admin: row.is_admin,
            admin_generation: row.admin_generation,
            sessions_invalidated_at: row.sessions_invalidated_at,
            role: row.role,
            token_revoked: row.token_revoked,
            groups: row.groups,
            actions: row.actions,
        }))
    }
}

#[cfg(test)]
mod tests {
    use const_format::concatcp;

    use super::{ACTIONS_SQLITE, FACTS, FROM};
    use crate::columns::GROUPS_SQLITE;
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn every_fact_has_its_index() {
        let indexes = [
            "sqlite_autoindex_users_1",
            "sqlite_autoindex_memberships_1",
            "sqlite_autoindex_sessions_1",
            "sqlite_autoindex_revocations_1",
            "group_members_by_user",
            "role_members_by_user",
            "sqlite_autoindex_role_actions_1",
            "sqlite_autoindex_actions_1",
        ];
        assert_plan(concatcp!(FACTS, GROUPS_SQLITE, ACTIONS_SQLITE, FROM), &indexes).await;
    }
}
