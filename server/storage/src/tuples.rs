//! Relationship tuples: how they are found. Expired ones are found by nobody, pruned or not.

use const_format::concatcp;
use futures_util::{Stream, TryStreamExt as _};
use serde_json::json;
use sqlx::{AssertSqlSafe, FromRow};

use crate::connection::on;
use crate::{Connection, Millis, StorageError};

/// What a tuple is known by in its store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, FromRow)]
pub struct TupleName {
    /// The object's type: `document`.
    pub object_type: String,
    /// The object's id in its type.
    pub object_id: String,
    /// The relation: `viewer`.
    pub relation: String,
    /// The user: `user:anne`, `group:staff#member` or `user:*`.
    pub subject: String,
}

impl TupleName {
    /// Whether it speaks of more than one user: a userset or a wildcard.
    pub(crate) fn is_set(&self) -> bool {
        self.subject.contains('#') || self.subject.ends_with(":*")
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        json!([self.object_type, self.object_id, self.relation, self.subject])
    }
}

/// A tuple as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredTuple {
    /// What it is known by.
    #[sqlx(flatten)]
    pub name: TupleName,
    /// The condition that must hold.
    pub condition: Option<String>,
    /// What the condition is evaluated with: a JSON object.
    pub context: Option<String>,
    /// The write that it came with.
    pub revision: i64,
    /// When it was written.
    pub inserted_at: Millis,
    /// From when on it says nothing.
    pub expires_at: Option<Millis>,
}

/// Which tuples are wanted; `None` lets all through.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "as in TupleName")]
pub struct TupleFilter<'a> {
    pub object_type: Option<&'a str>,
    pub object_id: Option<&'a str>,
    pub relation: Option<&'a str>,
    pub subject: Option<&'a str>,
}

pub(crate) const TUPLE_COLUMNS: &str =
    "object_type, object_id, relation, subject, condition, context, revision, inserted_at, expires_at";
const COLUMNS_OF_T: &str = "t.object_type, t.object_id, t.relation, t.subject, t.condition, t.context, t.revision, \
                            t.inserted_at, t.expires_at";
/// The rows of a JSON array of arrays, `$2`: `value ->> 0` is the first member of each.
pub(crate) const BATCH_SQLITE: &str = "json_each($2) AS batch";
/// As [`BATCH_SQLITE`].
pub(crate) const BATCH_POSTGRES: &str = "json_array_elements($2::json) AS batch(value)";

/// Most rows of a look-up: an object may have millions of users, and nobody may ask for them all at once.
const LOOKED_UP: usize = 250_000;
/// Most bytes of them, contexts included.
const LOOKED_UP_BYTES: usize = 64 << 20;

/// A look-up for many at once. Joined in the order written, from what is wanted to the tuples.
macro_rules! look_up {
    ($columns:expr) => {
        concatcp!(
            "SELECT ",
            COLUMNS_OF_T,
            " FROM ",
            BATCH_SQLITE,
            " CROSS JOIN tuples t WHERE t.store_number = $1 AND ",
            $columns,
            " AND (t.expires_at IS NULL OR t.expires_at > $3)"
        )
    };
}

/// As [`look_up`]. `OFFSET 0` keeps PostgreSQL from joining the other way round: of a table that has grown since its
/// statistics were gathered it thinks so little that it would read all of a store's tuples to compare them with one name.
macro_rules! look_up_postgres {
    ($columns:expr) => {
        concatcp!(
            "SELECT ",
            COLUMNS_OF_T,
            " FROM ",
            BATCH_POSTGRES,
            " CROSS JOIN LATERAL (SELECT * FROM tuples t WHERE t.store_number = $1 AND ",
            $columns,
            " AND (t.expires_at IS NULL OR t.expires_at > $3) OFFSET 0) t"
        )
    };
}

pub(crate) const EXACT: &str = "t.object_type = batch.value ->> 0 AND t.object_id = batch.value ->> 1 \
                     AND t.relation = batch.value ->> 2 AND t.subject = batch.value ->> 3";
const OF_OBJECT: &str =
    "t.object_type = batch.value ->> 0 AND t.object_id = batch.value ->> 1 AND t.relation = batch.value ->> 2";
const SETS_OF_OBJECT: &str = concatcp!(OF_OBJECT, " AND t.is_set");
const OF_SUBJECT: &str =
    "t.subject = batch.value ->> 0 AND t.object_type = batch.value ->> 1 AND t.relation = batch.value ->> 2";

impl Connection {
    /// Those of the named tuples that exist, in no order.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn tuples_named(
        &mut self,
        store: i64,
        names: &[TupleName],
        now: Millis,
    ) -> Result<Vec<StoredTuple>, StorageError> {
        let sql = self.either(look_up!(EXACT), look_up_postgres!(EXACT));
        let batch = serde_json::Value::from_iter(names.iter().map(TupleName::json)).to_string();
        Ok(on!(self, db => sqlx::query_as(sql).bind(store).bind(batch).bind(now).fetch_all(db)))
    }

    /// The tuples of relations of objects, each `(type, id, relation)`, in no order; with `sets` only those that speak of
    /// usersets or wildcards.
    ///
    /// # Errors
    /// As every statement; [`StorageError::TooMuch`].
    pub async fn tuples_of_objects(
        &mut self,
        store: i64,
        relations: &[(&str, &str, &str)],
        sets: bool,
        now: Millis,
    ) -> Result<Vec<StoredTuple>, StorageError> {
        let sql = if sets {
            self.either(look_up!(SETS_OF_OBJECT), look_up_postgres!(SETS_OF_OBJECT))
        } else {
            self.either(look_up!(OF_OBJECT), look_up_postgres!(OF_OBJECT))
        };
        let batch = json!(relations).to_string();
        on!(self, db => bounded(sqlx::query_as(sql).bind(store).bind(batch).bind(now).fetch(db)))
            .ok_or(StorageError::TooMuch)
    }

    /// The tuples in which users stand, each `(user, object type, relation)`, in no order.
    ///
    /// # Errors
    /// As every statement; [`StorageError::TooMuch`].
    pub async fn tuples_of_subjects(
        &mut self,
        store: i64,
        subjects: &[(&str, &str, &str)],
        now: Millis,
    ) -> Result<Vec<StoredTuple>, StorageError> {
        let sql = self.either(look_up!(OF_SUBJECT), look_up_postgres!(OF_SUBJECT));
        let batch = json!(subjects).to_string();
        on!(self, db => bounded(sqlx::query_as(sql).bind(store).bind(batch).bind(now).fetch(db)))
            .ok_or(StorageError::TooMuch)
    }

    /// At most `limit` tuples, those after `after`: by relation and object id where the filter names a user and no object
    /// id, else by type, object id, relation and user.
    ///
    /// # Errors
    /// As every statement.
    pub async fn tuples(
        &mut self,
        store: i64,
        filter: &TupleFilter<'_>,
        after: Option<&TupleName>,
        limit: i64,
        now: Millis,
    ) -> Result<Vec<StoredTuple>, StorageError> {
        let sql = page(filter);
        let start = TupleName {
            object_type: String::new(),
            object_id: String::new(),
            relation: String::new(),
            subject: String::new(),
        };
        let after = after.unwrap_or(&start);
        Ok(on!(self, db => sqlx::query_as(AssertSqlSafe(sql))
            .bind(store)
            .bind(filter.object_type.unwrap_or_default())
            .bind(filter.object_id.unwrap_or_default())
            .bind(filter.relation.unwrap_or_default())
            .bind(filter.subject.unwrap_or_default())
            .bind(&after.object_type)
            .bind(&after.object_id)
            .bind(&after.relation)
            .bind(&after.subject)
            .bind(now)
            .bind(limit)
            .fetch_all(db)))
    }
}

/// Reads as many rows as a look-up may bring. None: there are more.
async fn bounded<E>(
    mut rows: impl Stream<Item = Result<StoredTuple, E>> + Unpin,
) -> Result<Option<Vec<StoredTuple>>, E> {
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.try_next().await? {
        bytes += row.name.subject.len() + row.name.object_id.len() + row.context.as_ref().map_or(0, String::len);
        if found.len() >= LOOKED_UP || bytes > LOOKED_UP_BYTES {
            return Ok(None);
        }
        found.push(row);
    }
    Ok(Some(found))
}

/// The statement of [`Connection::tuples`]. What is not asked for does not stand in it, so that an index is found for
/// what is.
fn page(filter: &TupleFilter<'_>) -> String {
    let wanted = |wanted: bool, equals: &'static str, nothing: &'static str| if wanted { equals } else { nothing };
    let order = if filter.subject.is_some() && filter.object_id.is_none() {
        ["(subject, object_type, relation, object_id) > ($9, $6, $8, $7)", "subject, object_type, relation, object_id"]
    } else {
        ["(object_type, object_id, relation, subject) > ($6, $7, $8, $9)", "object_type, object_id, relation, subject"]
    };
    // A parameter that no condition needs still has to have a type.
    let parts = [
        wanted(filter.object_type.is_some(), "object_type = $2", "$2 = ''"),
        wanted(filter.object_id.is_some(), "object_id = $3", "$3 = ''"),
        wanted(filter.relation.is_some(), "relation = $4", "$4 = ''"),
        wanted(filter.subject.is_some(), "subject = $5", "$5 = ''"),
        order[0],
    ];
    format!(
        "SELECT {TUPLE_COLUMNS} FROM tuples WHERE store_number = $1 AND {} \
         AND (expires_at IS NULL OR expires_at > $10) ORDER BY {} LIMIT $11",
        parts.join(" AND "),
        order[1]
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn look_ups_go_by_an_index_without_statistics_too() {
        let parameters = "bigint, text, bigint";
        crate::plans::assert_plan_without_statistics(&[
            (parameters, look_up_postgres!(EXACT)),
            (parameters, look_up_postgres!(OF_OBJECT)),
            (parameters, look_up_postgres!(SETS_OF_OBJECT)),
            (parameters, look_up_postgres!(OF_SUBJECT)),
            ("bigint, text", crate::tuple_writes::DELETE_POSTGRES),
        ])
        .await;
    }

    #[tokio::test]
    async fn look_ups_go_by_an_index() {
        let primary = "sqlite_autoindex_tuples_1";
        assert_plan(look_up!(EXACT), &[primary]).await;
        assert_plan(look_up!(OF_OBJECT), &[primary]).await;
        assert_plan(look_up!(SETS_OF_OBJECT), &["tuples_of_sets"]).await;
        assert_plan(look_up!(OF_SUBJECT), &["tuples_by_subject"]).await;
        let (object_type, object_id) = (Some("document"), Some("1"));
        let (relation, subject) = (Some("viewer"), Some("user:anne"));
        for (filter, index) in [
            (TupleFilter::default(), primary),
            (TupleFilter { object_type, object_id, ..TupleFilter::default() }, primary),
            (TupleFilter { object_type, object_id, relation, ..TupleFilter::default() }, primary),
            (TupleFilter { object_type, object_id, relation, subject }, primary),
            (TupleFilter { object_type, subject, ..TupleFilter::default() }, "tuples_by_subject"),
            (TupleFilter { object_type, relation, subject, ..TupleFilter::default() }, "tuples_by_subject"),
        ] {
            assert_plan(&page(&filter), &[index]).await;
        }
    }
    #[tokio::test]
    async fn a_look_up_brings_no_more_than_it_may() {
        let row = |context: usize| {
            Ok::<_, StorageError>(StoredTuple {
                name: TupleName {
                    object_type: String::new(),
                    object_id: String::new(),
                    relation: String::new(),
                    subject: "user:anne".into(),
                },
                condition: None,
                context: Some("x".repeat(context)),
                revision: 1,
                inserted_at: 0,
                expires_at: None,
            })
        };
        let read = async |rows: usize, context: usize| {
            let rows = futures_util::stream::iter((0..rows).map(|_| row(context)));
            bounded(rows).await.unwrap().map(|found| found.len())
        };
        assert_eq!(read(LOOKED_UP, 0).await, Some(LOOKED_UP));
        assert_eq!(read(LOOKED_UP + 1, 0).await, None);
        assert_eq!(read(1_000, 32 * 1024).await, Some(1_000));
        assert_eq!(read(2_100, 32 * 1024).await, None);
    }
}
