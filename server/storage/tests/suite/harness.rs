//! What a case gets: a store of its own, on SQLite in a folder that goes when the case ends, and on PostgreSQL in a
//! database that goes too. `SENTINEL_TEST_POSTGRES` names a server on which databases may be made.

use std::env;
use std::future::Future;
use std::str::FromStr;

use sentinel_storage::{Connection, Store, StoreOptions, Transaction};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _};
use uuid::Uuid;

/// When the cases happen.
pub(crate) const NOW: i64 = 1_800_000_000_000;

/// Where a store is made, and made again.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) options: StoreOptions,
}

impl Place {
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.options, NOW).await.unwrap()
    }
}

/// Makes each named `async fn(Store)` two tests, one on each database.
macro_rules! cases {
    ($($case:ident),+ $(,)?) => {
        $crate::harness::places! { $($case => |place: $crate::harness::Place| async move {
            let store = place.open().await;
            super::$case(store.clone()).await;
            store.close().await;
        }),+ }
    };
}
pub(crate) use cases;

/// The same for closures that take a [`Place`].
macro_rules! places {
    ($($case:ident => $run:expr),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::harness::on_sqlite($run).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $crate::harness::on_postgres($run).await;
            })+
        }
    };
}
pub(crate) use places;

pub(crate) async fn on_sqlite<F: Future<Output = ()>>(case: impl FnOnce(Place) -> F) {
    let folder = tempfile::tempdir().unwrap();
    case(Place { options: StoreOptions::Sqlite { file: folder.path().join("sentinel.db") } }).await;
}

pub(crate) async fn on_postgres<F: Future<Output = ()> + Send + 'static>(case: impl FnOnce(Place) -> F) {
    let Ok(server) = env::var("SENTINEL_TEST_POSTGRES") else {
        panic!("SENTINEL_TEST_POSTGRES names no PostgreSQL server: run the tests with `cargo xtask test`");
    };
    let options = PgConnectOptions::from_str(&server).unwrap();
    let database = format!("storage_{}", Uuid::new_v4().as_simple());
    administer(&options, format!("CREATE DATABASE {database}")).await;
    let mut url = server.clone();
    let path = url.rfind('/').unwrap();
    url.replace_range(path + 1.., &database);
    let place = Place { options: StoreOptions::Postgres { url, max_connections: 8 } };
    // In a task of its own, so that the database goes also when the case fails.
    let ended = tokio::spawn(case(place)).await;
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

/// A transaction; what it cannot begin fails the case.
pub(crate) async fn begin(store: &Store) -> Transaction {
    store.begin().await.unwrap()
}

/// A connection to read through.
pub(crate) async fn read(store: &Store) -> Connection {
    store.read().await.unwrap()
}
