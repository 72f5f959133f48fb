//! What bundles of policy are published from, beside tuples: where a workspace stands, what its roles grant, and whose
//! the sessions are that ended.

use const_format::concatcp;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// Where a workspace stands, as of one moment: what has changed since is seen by another number.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct WorkspaceMarks {
    /// The workspace.
    pub workspace_id: Uuid,
    /// Its store.
    pub store_number: i64,
    /// The store's revision.
    pub revision: i64,
    /// The store's latest model.
    pub model: Option<String>,
    /// How often what its roles grant has changed.
    pub roles_revision: i64,
    /// The number of the last revocation of the deployment that is still worth knowing; 0: there is none.
    pub last_revocation: i64,
}

/// A role, and one of the actions that it grants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct RoleAction {
    /// The role's name.
    pub role: String,
    /// The action's.
    pub action: String,
}

/// A member, and one of the roles that they have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, FromRow)]
pub struct RoleHolder {
    /// The member.
    pub user_id: Uuid,
    /// The role's name.
    pub role: String,
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SessionOwner {
    /// The session.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Where.
    pub workspace_id: Uuid,
}

const MARKS: &str = "SELECT w.id AS workspace_id, s.number AS store_number, s.revision, \
     (SELECT MAX(m.id) FROM authorization_models m WHERE m.store_number = s.number) AS model, w.roles_revision, \
     (SELECT COALESCE(MAX(r.seq), 0) FROM revocations r) AS last_revocation \
     FROM workspaces w JOIN stores s ON s.workspace_id = w.id WHERE ";
const GRANTS: &str = "SELECT r.name AS role, a.action FROM roles r JOIN role_actions ra ON ra.role_id = r.id \
     JOIN actions a ON a.id = ra.action_id WHERE r.workspace_id = $1 AND ($2 IS NULL OR a.service_name = $2)";
/// Joined in the order written: SQLite would begin with all actions of the scope.
const OWN_GRANTS: &str = "SELECT r.name AS role, a.action FROM role_members rm CROSS JOIN roles r CROSS JOIN role_actions ra \
     CROSS JOIN actions a WHERE rm.workspace_id = $1 AND rm.user_id = $3 AND r.id = rm.role_id \
     AND ra.role_id = rm.role_id AND a.id = ra.action_id AND ($2 IS NULL OR a.service_name = $2)";
const HOLDERS: &str = "SELECT rm.user_id, r.name AS role FROM role_members rm JOIN roles r ON r.id = rm.role_id \
     WHERE r.workspace_id = $1 ORDER BY rm.user_id, role LIMIT $2";
const GRANTED: &str = " ORDER BY role, action LIMIT $";
/// Values of one statement: far from the most parameters that it may have (SQLite: 32,766).
const BATCH: usize = 500;

/// `$1, $2, …`
fn places(count: usize) -> String {
    (1..=count).map(|place| format!("${place}")).collect::<Vec<_>>().join(", ")
}

impl Connection {
    /// Where these workspaces stand; one that does not exist is not among them.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn workspace_marks(&mut self, workspaces: &[Uuid]) -> Result<Vec<WorkspaceMarks>, StorageError> {
        if let [one] = workspaces {
            let sql = concatcp!(MARKS, "w.id = $1");
            return Ok(on!(self, db => sqlx::query_as(sql).bind(one).fetch_all(db)));
        }
        let mut found = Vec::with_capacity(workspaces.len());
        for batch in workspaces.chunks(BATCH) {
            let sql = format!("{MARKS}w.id IN ({})", places(batch.len()));
            let rows: Vec<WorkspaceMarks> = on!(self, db => {
                let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).persistent(false);
                for id in batch {
                    query = query.bind(id);
                }
                query.fetch_all(db)
            });
            found.extend(rows);
        }
        Ok(found)
    }

    /// What a workspace's roles grant, in the order of their names: in one scope, and to one of its members, where they
    /// are named. At most `limit` rows.
    ///
    /// # Errors
    /// As every statement.
    pub async fn role_grants(
        &mut self,
        workspace_id: Uuid,
        scope: Option<&str>,
        user_id: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<RoleAction>, StorageError> {
        Ok(match user_id {
            None => {
                let sql = concatcp!(GRANTS, GRANTED, "3");
                on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(scope).bind(limit).fetch_all(db))
            }
            Some(user_id) => {
                let sql = concatcp!(OWN_GRANTS, GRANTED, "4");
                on!(self, db => sqlx::query_as(sql)
                    .bind(workspace_id)
                    .bind(scope)
                    .bind(user_id)
                    .bind(limit)
                    .fetch_all(db))
            }
        })
    }

    /// Who has which of a workspace's roles. At most `limit` rows.
    ///
    /// # Errors
    /// As every statement.
    pub async fn role_holders(&mut self, workspace_id: Uuid, limit: i64) -> Result<Vec<RoleHolder>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(HOLDERS).bind(workspace_id).bind(limit).fetch_all(db)))
    }

    /// Whose these sessions are; one that is not known any more is not among them.
    ///
    /// # Errors
    /// As every statement.
    pub async fn session_owners(&mut self, sessions: &[Uuid]) -> Result<Vec<SessionOwner>, StorageError> {
        let mut found = Vec::with_capacity(sessions.len());
        for batch in sessions.chunks(BATCH) {
            let sql = format!("SELECT id, user_id, workspace_id FROM sessions WHERE id IN ({})", places(batch.len()));
            let rows: Vec<SessionOwner> = on!(self, db => {
                let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).persistent(false);
                for id in batch {
                    query = query.bind(id);
                }
                query.fetch_all(db)
            });
            found.extend(rows);
        }
        Ok(found)
    }
}

impl Transaction {
    /// Says that what the workspace's roles grant may have changed.
    pub(crate) async fn roles_changed(&mut self, workspace_id: Uuid) -> Result<(), StorageError> {
        let sql = "UPDATE workspaces SET roles_revision = roles_revision + 1 WHERE id = $1";
        execute!(self, sql, workspace_id);
        Ok(())
    }

    /// The same for every workspace in which a role grants the action.
    pub(crate) async fn action_goes(&mut self, action_id: Uuid) -> Result<(), StorageError> {
        let sql = "UPDATE workspaces SET roles_revision = roles_revision + 1 WHERE id IN \
                   (SELECT r.workspace_id FROM role_actions ra JOIN roles r ON r.id = ra.role_id WHERE ra.action_id = $1)";
        execute!(self, sql, action_id);
        Ok(())
    }

    /// Makes the revisions of all stores, and the numbers of revocations, go on above every one that was told before
    /// `now`: after a restore what was counted since the copy was made is counted anew, and a holder of what was
    /// published then must neither take the new for older nor two states for one.
    ///
    /// A millisecond is more than a write takes: what was reached by counting is below the time in milliseconds.
    ///
    /// # Errors
    /// As every statement.
    pub async fn renumber(&mut self, now: Millis) -> Result<(), StorageError> {
        let sql = "UPDATE stores SET revision = $1 WHERE revision < $1";
        execute!(self, sql, now);
        // SQLite remembers a number once there was one.
        let sql = self.either(
            "INSERT INTO sqlite_sequence (name, seq) SELECT 'revocations', 0 \
             WHERE $1 > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'revocations')",
            "SELECT $1",
        );
        execute!(self, sql, now);
        let sql = self.either(
            "UPDATE sqlite_sequence SET seq = $1 WHERE name = 'revocations' AND seq < $1",
            "SELECT setval(pg_get_serial_sequence('revocations', 'seq'), $1) \
             WHERE $1 > (SELECT COALESCE(MAX(seq), 0) FROM revocations)",
        );
        execute!(self, sql, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn from_the_workspace_and_from_the_member_to_the_actions() {
        let indexes = ["sqlite_autoindex_roles_3", "sqlite_autoindex_role_actions_1", "sqlite_autoindex_actions_1"];
        assert_plan(GRANTS, &indexes).await;
        let indexes = [
            "role_members_by_user",
            "sqlite_autoindex_roles_1",
            "sqlite_autoindex_role_actions_1",
            "sqlite_autoindex_actions_1",
        ];
        assert_plan(OWN_GRANTS, &indexes).await;
    }

    #[tokio::test]
    async fn marks_are_looked_up() {
        let indexes =
            ["sqlite_autoindex_workspaces_1", "sqlite_autoindex_stores_2", "sqlite_autoindex_authorization_models_1"];
        // The greatest number of a table is found without an index of a name.
        let (before, after) = MARKS.split_once("(SELECT COALESCE(MAX(r.seq), 0) FROM revocations r)").unwrap();
        assert_plan(&format!("{before}0{after}w.id = $1"), &indexes).await;
    }
}
