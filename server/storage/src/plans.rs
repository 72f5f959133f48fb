//! What SQLite makes of the statements that every request runs: it has no statistics to go by, and has walked through
//! whole tables for want of a word. (PostgreSQL gathers its own.)

use sqlx::{AssertSqlSafe, Row};

use crate::connection::Database;
use crate::{Store, StoreOptions};

/// Asserts that the statement looks rows up in these indexes, in this order, and reads no table from end to end.
pub(crate) async fn assert_plan(sql: &str, indexes: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreOptions::Sqlite { file: folder.path().join("plan.db") }, 0).await.unwrap();
    let mut connection = store.read().await.unwrap();
    let Database::Sqlite(db) = connection.database() else { panic!("a file is SQLite") };
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(db).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    let used: Vec<_> = steps.iter().filter_map(|step| step.strip_prefix("SEARCH ")).collect();
    assert_eq!(used.len(), indexes.len(), "{steps:#?}");
    for (used, index) in used.iter().zip(indexes) {
        assert!(used.contains(&format!("INDEX {index} ")), "not {index}: {steps:#?}");
    }
    // What the statement brings itself may be read as a whole: its values, and rows that it has put together.
    let tables = ["resources", "shares", "memberships", "users", " r", " s", " m", " u", " a", " ra", " rm", " g"];
    let walked = steps.iter().find(|step| {
        step.strip_prefix("SCAN")
            .is_some_and(|rest| tables.iter().any(|table| rest == *table || rest.starts_with(&format!("{table} "))))
    });
    assert_eq!(walked, None, "{steps:#?}");
}
