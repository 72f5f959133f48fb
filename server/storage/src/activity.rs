//! What was changed, by whom: the activity log. Only ever appended to.

use serde_json::Value;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::{Connection, Millis, Page, PageRequest, StorageError, Transaction};

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Activity {
    /// Grows with every entry; entries that were never committed leave gaps.
    pub seq: i64,
    pub at: Millis,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub action: String,
    pub target_kind: Option<String>,
    pub target_id: Option<String>,
    pub workspace_id: Option<Uuid>,
    #[sqlx(try_from = "Json")]
    pub detail: Value,
    pub ip_address: Option<String>,
}

/// What is noted.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in Activity")]
pub struct NewActivity<'a> {
    pub actor_kind: &'a str,
    pub actor_id: Option<&'a str>,
    pub action: &'a str,
    pub target_kind: Option<&'a str>,
    pub target_id: Option<&'a str>,
    pub workspace_id: Option<Uuid>,
    /// A JSON object; no secret, no token.
    pub detail: &'a Value,
    pub ip_address: Option<&'a str>,
}

/// Which entries a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct ActivityFilter<'a> {
    /// Only this workspace's.
    pub workspace_id: Option<Uuid>,
    /// Only what this user or service did.
    pub actor_id: Option<&'a str>,
    /// Only this action.
    pub action: Option<&'a str>,
    /// Only what was done to this kind of thing.
    pub target_kind: Option<&'a str>,
    /// Only what was done to this thing.
    pub target_id: Option<&'a str>,
    /// Only from this moment on.
    pub since: Option<Millis>,
    /// Only before this moment.
    pub until: Option<Millis>,
}

/// A JSON value in a column of text.
#[derive(sqlx::Type)]
#[sqlx(transparent)]
struct Json(String);

impl TryFrom<Json> for Value {
    type Error = serde_json::Error;

    fn try_from(text: Json) -> Result<Self, Self::Error> {
        serde_json::from_str(&text.0)
    }
}

impl ActivityFilter<'_> {
    /// Only the conditions that are asked for, so that each list can use its index; all parameters keep their numbers.
    fn conditions(&self) -> String {
        [
            (self.workspace_id.is_some(), " AND workspace_id = $3"),
            (self.actor_id.is_some(), " AND actor_id = $4"),
            (self.action.is_some(), " AND action = $5"),
            (self.target_kind.is_some(), " AND target_kind = $6"),
            (self.target_id.is_some(), " AND target_id = $7"),
            (self.since.is_some(), " AND at >= $8"),
            (self.until.is_some(), " AND at < $9"),
        ]
        .into_iter()
        .filter_map(|(asked, condition)| asked.then_some(condition))
        .collect()
    }
}

impl Connection {
    /// Entries, the latest first.
    ///
    /// # Errors
    /// [`StorageError::Invalid`] where the page begins after a row of another list.
    pub async fn activity(
        &mut self,
        filter: &ActivityFilter<'_>,
        page: &PageRequest,
    ) -> Result<Page<Activity>, StorageError> {
        let sql = format!(
            "SELECT seq, at, actor_kind, actor_id, action, target_kind, target_id, workspace_id, detail, ip_address \
             FROM activity WHERE seq < $1{} ORDER BY seq DESC LIMIT $2",
            filter.conditions()
        );
        let (before, _) = page.start_from_number()?;
        let rows: Vec<Activity> = on!(self, db => sqlx::query_as(AssertSqlSafe(sql))
            // One of very many texts: kept, they would drive the others out of the connection's cache.
            .persistent(false)
            .bind(before)
            .bind(page.rows())
            .bind(filter.workspace_id)
            .bind(filter.actor_id)
            .bind(filter.action)
            .bind(filter.target_kind)
            .bind(filter.target_id)
            .bind(filter.since)
            .bind(filter.until)
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (row.seq.to_string(), Uuid::nil())))
    }
}

impl Transaction {
    /// Notes a change, in the transaction that makes it: neither is there without the other.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn append_activity(&mut self, entry: &NewActivity<'_>, at: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO activity (at, actor_kind, actor_id, action, target_kind, target_id, workspace_id, detail, ip_address) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        affected!(self, db => sqlx::query(sql)
            .bind(at)
            .bind(entry.actor_kind)
            .bind(entry.actor_id)
            .bind(entry.action)
            .bind(entry.target_kind)
            .bind(entry.target_id)
            .bind(entry.workspace_id)
            .bind(entry.detail.to_string())
            .bind(entry.ip_address)
            .execute(db));
        Ok(())
    }
}
