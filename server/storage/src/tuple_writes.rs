//! Relationship tuples: how they come and go. One write holds its store's row from beginning to end, so the writes of a
//! store happen one after the other, and each is the revision after the one before it.

use std::collections::HashMap;

use const_format::concatcp;
use serde_json::json;

use crate::built_in::is_built_in;
use crate::connection::on;
use crate::statement::execute;
use crate::stores::STORE_COLUMNS;
use crate::tuples::{BATCH_POSTGRES, BATCH_SQLITE, EXACT};
use crate::{Millis, PolicyStore, StorageError, StoredTuple, Transaction, TupleName};

/// A tuple to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTuple {
    /// What it is known by.
    pub name: TupleName,
    /// The condition that must hold.
    pub condition: Option<String>,
    /// What the condition is evaluated with: a JSON object in one spelling, since it is compared as text.
    pub context: Option<String>,
    /// From when on it says nothing.
    pub expires_at: Option<Millis>,
}

/// What is wanted of tuples that are there already, or not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// A tuple to write may exist, with the same condition and context: then it stays as it is.
    pub ignore_duplicates: bool,
    /// A tuple to delete may be missing.
    pub ignore_missing: bool,
    /// Most tuples that the store may hold afterwards.
    pub most: i64,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// All of it happened; the store's revision afterwards. Where nothing was left to do, it is the one before.
    Done(i64),
    /// Nothing did: there is no such store.
    NoStore,
    /// Nothing did: this tuple to write exists.
    Exists(TupleName),
    /// Nothing did: this tuple to write exists with another condition or context.
    Differs(TupleName),
    /// Nothing did: this tuple to delete does not exist.
    Missing(TupleName),
    /// Nothing did: the store would hold too many tuples.
    Full,
    /// Nothing did: this tuple is of a built-in type in a workspace's store, and says what the workspace's rows say.
    BuiltIn(TupleName),
}

/// By where the rows stand, which this transaction alone can change: see `look_up_postgres` for why they are looked up.
pub(crate) const DELETE_POSTGRES: &str = concatcp!(
    "DELETE FROM tuples WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM ",
    BATCH_POSTGRES,
    " CROSS JOIN LATERAL (SELECT t.ctid FROM tuples t WHERE t.store_number = $1 AND ",
    EXACT,
    " OFFSET 0) t))"
);
const DELETE: &str = "DELETE FROM tuples WHERE store_number = $1 AND (object_type, object_id, relation, subject) IN \
     (SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM ";
const INSERT: &str = "INSERT INTO tuples (store_number, object_type, object_id, relation, subject, is_set, condition, \
     context, expires_at, revision, inserted_at) \
     SELECT $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BOOLEAN), value ->> 5, \
     value ->> 6, CAST(value ->> 7 AS BIGINT), $3, $4 FROM ";
const LOG: &str = "INSERT INTO tuple_changes (store_number, object_type, object_id, relation, subject, is_delete, \
     condition, context, expires_at, position, revision, at) \
     SELECT $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BOOLEAN), value ->> 5, \
     value ->> 6, CAST(value ->> 7 AS BIGINT), CAST(value ->> 8 AS BIGINT), $3, $4 FROM ";

impl Transaction {
    /// Deletes and writes tuples, and logs it as the store's next revision. A tuple stands in `writes` and `deletes`
    /// together at most once. What is refused has changed nothing that a commit would keep.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`]; [`StorageError::Conflict`] for a tuple
    /// that is named twice.
    pub async fn write_tuples(
        &mut self,
        store: i64,
        writes: &[NewTuple],
        deletes: &[TupleName],
        preconditions: Preconditions,
        now: Millis,
    ) -> Result<Written, StorageError> {
        let Some(locked) = self.lock_policy_store(store).await? else { return Ok(Written::NoStore) };
        let names: Vec<_> = writes.iter().map(|tuple| tuple.name.clone()).chain(deletes.iter().cloned()).collect();
        if locked.workspace_id.is_some()
            && let Some(name) = names.iter().find(|name| is_built_in(&name.object_type))
        {
            return Ok(Written::BuiltIn(name.clone()));
        }
        // As if all of time had not come yet: a tuple that has expired is in the way until it is deleted.
        let found = self.tuples_named(store, &names, Millis::MIN).await?;
        let found: HashMap<_, _> = found.into_iter().map(|tuple| (tuple.name.clone(), tuple)).collect();
        let alive = |name: &TupleName| found.get(name).filter(|tuple| !expired(tuple, now));

        let mut gone: Vec<&TupleName> = Vec::new();
        for name in deletes {
            match alive(name) {
                Some(_) => gone.push(name),
                None if !preconditions.ignore_missing => return Ok(Written::Missing(name.clone())),
                None => gone.extend(found.contains_key(name).then_some(name)),
            }
        }
        let mut new: Vec<&NewTuple> = Vec::new();
        for tuple in writes {
            match alive(&tuple.name) {
                Some(_) if !preconditions.ignore_duplicates => return Ok(Written::Exists(tuple.name.clone())),
                Some(old) if !same(old, tuple) => return Ok(Written::Differs(tuple.name.clone())),
                Some(_) => {}
                None => {
                    gone.extend(found.contains_key(&tuple.name).then_some(&tuple.name));
                    new.push(tuple);
                }
            }
        }
        if gone.is_empty() && new.is_empty() {
            return Ok(Written::Done(locked.revision));
        }
        let growth = count(new.len()) - count(gone.len());
        if growth > 0 && locked.tuple_count.saturating_add(growth) > preconditions.most {
            return Ok(Written::Full);
        }
        self.change_tuples(&locked, &gone, &new, now).await.map(Written::Done)
    }

    /// Removes at most `limit` tuples of a store that expired at `now` or before, and logs that they went. Answers how
    /// many.
    ///
    /// # Errors
    /// As every statement.
    pub async fn expire_tuples(&mut self, store: i64, now: Millis, limit: i64) -> Result<u64, StorageError> {
        let Some(locked) = self.lock_policy_store(store).await? else { return Ok(0) };
        let sql = "SELECT object_type, object_id, relation, subject FROM tuples \
                   WHERE expires_at <= $2 AND store_number = $1 ORDER BY expires_at LIMIT $3";
        let gone: Vec<TupleName> = on!(self, db => sqlx::query_as(sql).bind(store).bind(now).bind(limit).fetch_all(db));
        if !gone.is_empty() {
            self.change_tuples(&locked, &gone.iter().collect::<Vec<_>>(), &[], now).await?;
        }
        Ok(gone.len() as u64)
    }

    /// The store, whose writes wait from here on until this transaction has ended. `None`: there is none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn lock_policy_store(&mut self, number: i64) -> Result<Option<PolicyStore>, StorageError> {
        const SELECT: &str =
            concatcp!("SELECT ", STORE_COLUMNS, " FROM stores WHERE number = $1 AND deleted_at IS NULL");
        let sql = self.either(SELECT, concatcp!(SELECT, " FOR UPDATE"));
        Ok(on!(self, db => sqlx::query_as(sql).bind(number).fetch_optional(db)))
    }

    /// Does it, whatever was there: `gone` first. INVARIANT: each revision above 0 has at least one row in the log, which
    /// is how followers know that none is missing.
    pub(crate) async fn change_tuples(
        &mut self,
        store: &PolicyStore,
        gone: &[&TupleName],
        new: &[&NewTuple],
        now: Millis,
    ) -> Result<i64, StorageError> {
        let revision = store.revision + 1;
        if !gone.is_empty() {
            let sql = self.either(concatcp!(DELETE, BATCH_SQLITE, ")"), DELETE_POSTGRES);
            let batch = serde_json::Value::from_iter(gone.iter().map(|name| name.json())).to_string();
            execute!(self, sql, store.number, batch);
        }
        if !new.is_empty() {
            let sql = self.either(concatcp!(INSERT, BATCH_SQLITE), concatcp!(INSERT, BATCH_POSTGRES));
            let rows = new.iter().map(|tuple| row(tuple, tuple.name.is_set(), None));
            let batch = serde_json::Value::from_iter(rows).to_string();
            execute!(self, sql, store.number, batch, revision, now);
        }
        let deleted = gone.iter().zip(0_i64..).map(|(name, position)| {
            json!([name.object_type, name.object_id, name.relation, name.subject, true, null, null, null, position])
        });
        let written = new.iter().zip(count(gone.len())..).map(|(tuple, position)| row(tuple, false, Some(position)));
        let batch = serde_json::Value::from_iter(deleted.chain(written)).to_string();
        let sql = self.either(concatcp!(LOG, BATCH_SQLITE), concatcp!(LOG, BATCH_POSTGRES));
        execute!(self, sql, store.number, batch, revision, now);
        let sql = "UPDATE stores SET revision = $2, tuple_count = tuple_count + $3, updated_at = $4 WHERE number = $1";
        execute!(self, sql, store.number, revision, count(new.len()) - count(gone.len()), now);
        Ok(revision)
    }
}

fn expired(tuple: &StoredTuple, now: Millis) -> bool {
    tuple.expires_at.is_some_and(|at| at <= now)
}

fn same(old: &StoredTuple, new: &NewTuple) -> bool {
    old.condition == new.condition && old.context == new.context && old.expires_at == new.expires_at
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// A row of a batch: the word in the middle is `is_set` for tuples and `is_delete` for changes.
fn row(tuple: &NewTuple, word: bool, position: Option<i64>) -> serde_json::Value {
    let NewTuple { name, condition, context, expires_at } = tuple;
    let TupleName { object_type, object_id, relation, subject } = name;
    json!([object_type, object_id, relation, subject, word, condition, context, expires_at, position])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn a_batch_is_deleted_by_an_index_that_has_all_of_its_name() {
        let indexes = ["tuples_by_subject"];
        assert_plan(concatcp!(DELETE, BATCH_SQLITE, ")"), &indexes).await;
    }
}
