//! What a database makes of the statements that every request runs. SQLite has no statistics to go by, and has walked
//! through whole tables for want of a word. PostgreSQL gathers its own, up to a minute after they were needed: what looks
//! up tuples must not depend on them.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Row};
use uuid::Uuid;

use crate::connection::Database;
use crate::{Store, StoreOptions};

/// Asserts that the statement looks rows up in these indexes, in this order, and reads no table from end to end.
pub(crate) async fn assert_plan(sql: &str, indexes: &[&str]) {
    let used = looked_up(sql).await;
    assert_eq!(used.len(), indexes.len(), "{used:#?}");
    for (used, index) in used.iter().zip(indexes) {
        assert!(used.contains(&format!("INDEX {index} ")), "not {index}: {used:#?}");
    }
}

/// As [`assert_plan`], in whatever order, each named by its beginning: where one row is found either way, builds of SQLite differ.
pub(crate) async fn assert_indexes(sql: &str, indexes: &[&str]) {
    let used = looked_up(sql).await;
    assert_eq!(used.len(), indexes.len(), "{used:#?}");
    for index in indexes {
        assert!(used.iter().any(|used| used.contains(&format!("INDEX {index}"))), "not {index}: {used:#?}");
    }
}

/// What SQLite looks up, step by step; it reads no table from end to end.
async fn looked_up(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&StoreOptions::Sqlite { file: folder.path().join("plan.db") }, 0).await.unwrap();
    let mut connection = store.read().await.unwrap();
    let Database::Sqlite(db) = connection.database() else { panic!("a file is SQLite") };
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(db).await.unwrap();
    let steps: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
    // What the statement brings itself may be read as a whole: its values, and rows that it has put together.
    let tables = ["resources", "shares", "memberships", "users", " r", " s", " m", " u", " a", " ra", " rm", " g"];
    let walked = steps.iter().find(|step| {
        step.strip_prefix("SCAN")
            .is_some_and(|rest| tables.iter().any(|table| rest == *table || rest.starts_with(&format!("{table} "))))
    });
    assert_eq!(walked, None, "{steps:#?}");
    // Nor is what it looks up in there by an index of a table.
    let own = ["mine"];
    let searched = steps.iter().filter_map(|step| step.strip_prefix("SEARCH "));
    searched.filter(|step| !own.contains(step)).map(str::to_owned).collect()
}

/// Asserts that PostgreSQL, of a table that was filled a moment ago, looks tuples up by an index with each of these
/// conditions and reads nothing else of it.
pub(crate) async fn assert_plan_without_statistics(statements: &[(&str, &str)]) {
    let server = std::env::var("SENTINEL_TEST_POSTGRES").expect("run the tests with `cargo xtask test`");
    let options = PgConnectOptions::from_str(&server).unwrap();
    let mut administrator = PgConnection::connect_with(&options).await.unwrap();
    let database = format!("plans_{}", Uuid::new_v4().as_simple());
    raw(&mut administrator, &format!("CREATE DATABASE {database}")).await;
    let mut url = server.clone();
    url.replace_range(url.rfind('/').unwrap() + 1.., &database);
    let store = Store::open(&StoreOptions::Postgres { url, max_connections: 1 }, 0).await.unwrap();
    let mut found = Vec::new();
    {
        let mut connection = store.read().await.unwrap();
        let Database::Postgres(db) = connection.database() else { panic!("a URL is PostgreSQL") };
        for fill in [
            "SET plan_cache_mode = force_generic_plan",
            "INSERT INTO stores (number, id, name, revision, tuple_count, created_at, updated_at) OVERRIDING SYSTEM VALUE \
             VALUES (1, 'a', 'a', 0, 0, 0, 0)",
            "INSERT INTO tuples (store_number, object_type, object_id, relation, subject, is_set, revision, inserted_at) \
             SELECT 1, 'document', n, 'owner', 'user:' || n, false, 1, 0 FROM generate_series(1, 20000) n",
        ] {
            raw(db, fill).await;
        }
        for (number, (parameters, sql)) in statements.iter().enumerate() {
            raw(db, &format!("PREPARE asked_{number} ({parameters}) AS {sql}")).await;
            let values = ["1", "'[[\"document\",\"1\",\"owner\",\"user:1\"]]'", "0"];
            let values = values.get(..parameters.split(',').count()).unwrap().join(", ");
            let explain = format!("EXPLAIN EXECUTE asked_{number} ({values})");
            let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(&mut *db).await.unwrap();
            found.push(rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>());
        }
    }
    store.close().await;
    raw(&mut administrator, &format!("DROP DATABASE {database} WITH (FORCE)")).await;
    for ((_, sql), plan) in statements.iter().zip(found) {
        let text = plan.join("\n");
        assert!(plan.iter().any(|step| step.contains("Index Cond: ") && step.contains("batch.value")), "{sql}\n{text}");
        assert!(!text.contains("Join") && !text.contains("Seq Scan"), "{sql}\n{text}");
    }
}

async fn raw(db: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(db).await.unwrap();
}
