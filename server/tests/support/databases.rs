//! Each case on both databases: a file of SQLite's, and a database of its own on the PostgreSQL that the run has.

use std::env;
use std::future::Future;
use std::str::FromStr;

use sentinel_storage::StoreOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use uuid::Uuid;

/// Makes each named `async fn` two tests, one on each database. It gets what the crate's `start` makes of the place.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::databases::on_sqlite($crate::start, super::$case).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::databases::on_postgres($crate::start, super::$case).await;
            })+
        }
    };
}
pub(crate) use cases;

pub(crate) async fn on_sqlite<T, S: Future<Output = T>, F: Future<Output = ()>>(
    start: impl FnOnce(StoreOptions) -> S,
    case: impl FnOnce(T) -> F,
) {
    let folder = tempfile::tempdir().unwrap();
    case(start(StoreOptions::Sqlite { file: folder.path().join("sentinel.db") }).await).await;
}

pub(crate) async fn on_postgres<T, S: Future<Output = T>, F: Future<Output = ()> + Send + 'static>(
    start: impl FnOnce(StoreOptions) -> S,
    case: impl FnOnce(T) -> F,
) {
    let Ok(server) = env::var("SENTINEL_TEST_POSTGRES") else {
        panic!("SENTINEL_TEST_POSTGRES names no PostgreSQL server: run the tests with `cargo xtask test`");
    };
    let options = PgConnectOptions::from_str(&server).unwrap();
    let database = format!("case_{}", Uuid::new_v4().as_simple());
    administer(&options, format!("CREATE DATABASE {database}")).await;
    let mut url = server.clone();
    url.replace_range(server.rfind('/').unwrap() + 1.., &database);
    let started = start(StoreOptions::Postgres { url, max_connections: 8 }).await;
    // In a task of its own, so that the database goes also when the case fails.
    let ended = tokio::spawn(case(started)).await;
    administer(&options, format!("DROP DATABASE {database} WITH (FORCE)")).await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

async fn administer(server: &PgConnectOptions, statement: String) {
    let mut connection = PgConnection::connect_with(server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
