//! Actions that services define, and roles are made of.

use std::collections::BTreeMap;

use const_format::concatcp;
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::page::pattern;
use crate::{Connection, Millis, Page, PageRequest, StorageError, Transaction};

/// An action in a scope: a service's name, or its realm's slug.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Action {
    pub id: Uuid,
    pub service_name: String,
    pub action: String,
    pub description: Option<String>,
    pub created_at: Millis,
}

/// What an action begins with.
#[derive(Clone, Copy, Debug)]
pub struct NewAction<'a> {
    /// Its id, unless it exists.
    pub id: Uuid,
    /// Its name, unique in the scope.
    pub action: &'a str,
    /// What it allows.
    pub description: Option<&'a str>,
}

pub(crate) const ACTION_COLUMNS: &str = "a.id, a.service_name, a.action, a.description, a.created_at";
/// Rows of one INSERT: far from the most parameters that a statement may have (SQLite: 32,766).
const BATCH: usize = 200;

impl Connection {
    /// The action with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn action(&mut self, id: Uuid) -> Result<Option<Action>, StorageError> {
        let sql = concatcp!("SELECT ", ACTION_COLUMNS, " FROM actions a WHERE a.id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }

    /// Actions in the order of their names; of one scope only, with `search` in their name only.
    ///
    /// # Errors
    /// As every statement.
    pub async fn actions(
        &mut self,
        scope: Option<&str>,
        search: Option<&str>,
        page: &PageRequest,
    ) -> Result<Page<Action>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            ACTION_COLUMNS,
            " FROM actions a WHERE ($1 IS NULL OR a.service_name = $1) \
             AND a.action LIKE $2 ESCAPE '!' AND (a.action, a.id) > ($3, $4) ORDER BY a.action, a.id LIMIT $5"
        );
        let after = page.start();
        let rows: Vec<Action> = on!(self, db => sqlx::query_as(sql)
            .bind(scope)
            .bind(pattern(search))
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |row| (row.action.clone(), row.id)))
    }
}

impl Transaction {
    /// Makes sure that a scope has these actions, and answers them in the order of their names. One that exists keeps
    /// its id, and its description where no new one is given; of one that is named twice the last one counts.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where an id is taken.
    pub async fn register_actions(
        &mut self,
        scope: &str,
        actions: &[NewAction<'_>],
        now: Millis,
    ) -> Result<Vec<Action>, StorageError> {
        // One statement may not touch a row twice (PostgreSQL), and all who lock rows take them in the same order.
        let once: Vec<_> =
            actions.iter().map(|new| (new.action, new)).collect::<BTreeMap<_, _>>().into_values().collect();
        let mut registered: Vec<Action> = Vec::with_capacity(once.len());
        for batch in once.chunks(BATCH) {
            let values: Vec<_> = (0..batch.len())
                .map(|row| format!("(${}, $1, ${}, ${}, $2)", row * 3 + 3, row * 3 + 4, row * 3 + 5))
                .collect();
            let sql = format!(
                "INSERT INTO actions AS a (id, service_name, action, description, created_at) VALUES {} \
                 ON CONFLICT (service_name, action) DO UPDATE SET description = COALESCE(excluded.description, a.description) \
                 RETURNING id, service_name, action, description, created_at",
                values.join(", ")
            );
            let rows: Vec<Action> = on!(self, db => {
                let mut query = sqlx::query_as(AssertSqlSafe(sql.as_str())).persistent(false).bind(scope).bind(now);
                for new in batch {
                    query = query.bind(new.id).bind(new.action).bind(new.description);
                }
                query.fetch_all(db)
            });
            registered.extend(rows);
        }
        registered.sort_by(|one, other| one.action.cmp(&other.action));
        Ok(registered)
    }

    /// Describes an action. False: there is no such action.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_action_description(&mut self, id: Uuid, description: Option<&str>) -> Result<bool, StorageError> {
        let sql = "UPDATE actions SET description = $2 WHERE id = $1";
        Ok(affected!(self, db => sqlx::query(sql).bind(id).bind(description).execute(db)) > 0)
    }

    /// Deletes an action, and takes it out of every role. False: there is no such action.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_action(&mut self, id: Uuid) -> Result<bool, StorageError> {
        self.action_goes(id).await?;
        Ok(affected!(self, db => sqlx::query("DELETE FROM actions WHERE id = $1").bind(id).execute(db)) > 0)
    }
}
