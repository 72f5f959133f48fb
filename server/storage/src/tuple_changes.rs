//! The log of what was written to stores: what indexes in memory follow, and what callers read to follow it themselves.

use const_format::concatcp;
use sqlx::FromRow;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction, TupleName};

/// One change of a store.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct TupleChange {
    /// The tuple.
    #[sqlx(flatten)]
    pub name: TupleName,
    /// Whether it went; else it came.
    pub is_delete: bool,
    /// The condition that it came with.
    pub condition: Option<String>,
    /// What the condition is evaluated with: a JSON object.
    pub context: Option<String>,
    /// From when on it says nothing.
    pub expires_at: Option<Millis>,
    /// The write that it was part of.
    pub revision: i64,
    /// Where in that write it stood.
    pub position: i64,
    /// When that was.
    pub at: Millis,
}

/// Which changes are wanted; `None` lets all through.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangeFilter<'a> {
    /// Of objects of this type.
    pub object_type: Option<&'a str>,
    /// Not before this moment.
    pub since: Option<Millis>,
}

/// By how much the clocks of replicas differ at most.
const CLOCKS: Millis = 10_000;

const CHANGES: &str = "SELECT object_type, object_id, relation, subject, is_delete, condition, context, expires_at, \
     revision, position, at FROM tuple_changes \
     WHERE store_number = $1 AND (revision, position) > ($2, $3) AND ($4 IS NULL OR at >= $4)";
const IN_ORDER: &str = " ORDER BY revision, position LIMIT $5";
const OF_ALL: &str = concatcp!(CHANGES, IN_ORDER);
/// The type is said by itself: what a parameter may leave out no index leads to.
const OF_A_TYPE: &str = concatcp!(CHANGES, " AND object_type = $6", IN_ORDER);

impl Connection {
    /// At most `limit` changes of a store in order, those after this revision and position.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn tuple_changes(
        &mut self,
        store: i64,
        filter: &ChangeFilter<'_>,
        after: (i64, i64),
        limit: i64,
    ) -> Result<Vec<TupleChange>, StorageError> {
        Ok(match filter.object_type {
            None => on!(self, db => sqlx::query_as(OF_ALL)
                .bind(store)
                .bind(after.0)
                .bind(after.1)
                .bind(filter.since)
                .bind(limit)
                .fetch_all(db)),
            Some(object_type) => on!(self, db => sqlx::query_as(OF_A_TYPE)
                .bind(store)
                .bind(after.0)
                .bind(after.1)
                .bind(filter.since)
                .bind(limit)
                .bind(object_type)
                .fetch_all(db)),
        })
    }

    /// A place in the log after which every change is that is not before a moment. Found by halving: whatever is older is
    /// not read.
    ///
    /// # Errors
    /// As every statement.
    pub async fn place_in_changes(&mut self, store: i64, since: Millis) -> Result<(i64, i64), StorageError> {
        const ENDS: &str = "SELECT COALESCE((SELECT MIN(c.revision) FROM tuple_changes c WHERE c.store_number = $1), 0), \
                            COALESCE((SELECT MAX(c.revision) FROM tuple_changes c WHERE c.store_number = $1), 0)";
        const FROM: &str = "SELECT c.revision, c.at FROM tuple_changes c WHERE c.store_number = $1 AND c.revision >= $2 \
                            ORDER BY c.revision, c.position LIMIT 1";
        // Clocks of replicas differ, so the moments do not quite grow with the revisions.
        let since = since.saturating_sub(CLOCKS);
        let (mut low, mut high): (i64, i64) = on!(self, db => sqlx::query_as(ENDS).bind(store).fetch_one(db));
        // INVARIANT: below `low` all are before the moment.
        while low < high {
            let middle = low + (high - low) / 2;
            let found: Option<(i64, Millis)> =
                on!(self, db => sqlx::query_as(FROM).bind(store).bind(middle).fetch_optional(db));
            match found {
                Some((revision, at)) if at < since => low = revision + 1,
                _ => high = middle,
            }
        }
        Ok((low - 1, i64::MAX))
    }

    /// The stores that hold tuples which expired at `now` or before, at most `limit` of them.
    ///
    /// # Errors
    /// As every statement.
    pub async fn stores_with_expired_tuples(&mut self, now: Millis, limit: i64) -> Result<Vec<i64>, StorageError> {
        let sql = "SELECT DISTINCT t.store_number FROM tuples t JOIN stores s ON s.number = t.store_number \
                   WHERE t.expires_at <= $1 AND s.deleted_at IS NULL LIMIT $2";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(now).bind(limit).fetch_all(db)))
    }

    /// The stores whose log has changes from before `before`, at most `limit` of them.
    ///
    /// # Errors
    /// As every statement.
    pub async fn stores_with_old_changes(&mut self, before: Millis, limit: i64) -> Result<Vec<i64>, StorageError> {
        let sql = "SELECT s.number FROM stores s WHERE s.deleted_at IS NULL AND (SELECT c.at FROM tuple_changes c \
                   WHERE c.store_number = s.number ORDER BY c.revision, c.position LIMIT 1) < $1 LIMIT $2";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(before).bind(limit).fetch_all(db)))
    }
}

impl Transaction {
    /// Removes the oldest changes of a store, as far as they are from before `before`: whole writes, of about `limit`
    /// changes together. Answers how many went. Who follows the log from before there finds it broken off and begins anew.
    ///
    /// # Errors
    /// As every statement.
    pub async fn prune_tuple_changes(&mut self, store: i64, before: Millis, limit: i64) -> Result<u64, StorageError> {
        // Clocks of replicas differ: what is younger stops it, also where an older one comes after it.
        let sql = "DELETE FROM tuple_changes WHERE store_number = $1 AND revision <= COALESCE(\
                   (SELECT MIN(o.revision) - 1 FROM (SELECT revision, at FROM tuple_changes WHERE store_number = $1 \
                    ORDER BY revision, position LIMIT $3) AS o WHERE o.at >= $2), \
                   (SELECT MAX(o.revision) FROM (SELECT revision FROM tuple_changes WHERE store_number = $1 \
                    ORDER BY revision, position LIMIT $3) AS o))";
        Ok(execute!(self, sql, store, before, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::{OF_A_TYPE, OF_ALL};
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn the_log_is_read_from_a_place_on() {
        assert_plan(OF_ALL, &["sqlite_autoindex_tuple_changes_1"]).await;
        assert_plan(OF_A_TYPE, &["tuple_changes_by_type"]).await;
    }
}
