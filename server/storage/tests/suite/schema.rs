//! Opening a store: once, again, by many at a time, and when it is too new.

use sentinel_storage::{NewUser, SCHEMA_VERSION, StorageError, Store, StoreOptions, Visibility, WorkspaceRole as Role};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::derived::{said, tuples};
use crate::harness::{NOW, Place, begin, places, read};
use crate::resources::document;
use crate::users::people;
use crate::workspaces::workspace;

async fn replicas_start_together(place: Place) {
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let place = place.clone();
        starting.spawn(async move { place.open().await });
    }
    for store in starting.join_all().await {
        assert_eq!(read(&store).await.schema_version().await.unwrap(), SCHEMA_VERSION);
        store.close().await;
    }
}

async fn a_newer_schema_is_refused(place: Place) {
    place.open().await.close().await;
    let statement = format!("INSERT INTO schema_versions (version, applied_at) VALUES ({}, 0)", SCHEMA_VERSION + 1);
    match &place.options {
        StoreOptions::Sqlite { file } => {
            let mut db = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
        }
        StoreOptions::Postgres { url, .. } => {
            let mut db = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
        }
    }
    let refused = Store::open(&place.options, NOW).await.unwrap_err();
    assert!(
        matches!(refused, StorageError::NewerSchema { found, known } if found == SCHEMA_VERSION + 1 && known == SCHEMA_VERSION),
        "{refused}"
    );
}

async fn what_is_not_committed_is_undone(place: Place) {
    let store = place.open().await;
    let mut dropped = begin(&store).await;
    dropped.insert_user(&crate::users::person("ada"), NOW).await.unwrap();
    drop(dropped);
    assert_eq!(read(&store).await.count_users(&Default::default()).await.unwrap(), 0);
    store.close().await;
}

/// PostgreSQL's text holds no NUL; SQLite's does. Either way it is no fault of the server's.
async fn a_nul_is_no_fault(place: Place) {
    let store = place.open().await;
    let mut transaction = begin(&store).await;
    let written = transaction.insert_user(&NewUser { name: "a\0b", ..crate::users::person("nul") }, NOW).await;
    let found = read(&store).await.user_by_verified_email("a\0b@example.com").await;
    match place.options {
        StoreOptions::Sqlite { .. } => {
            assert_eq!(written.unwrap().name, "a\0b");
            assert_eq!(found.unwrap(), None);
        }
        StoreOptions::Postgres { .. } => {
            assert!(matches!(written.unwrap_err(), StorageError::Invalid));
            assert!(matches!(found.unwrap_err(), StorageError::Invalid));
        }
    }
}

/// A database from before workspaces had stores.
async fn what_was_there_before_gets_its_tuples(place: Place) {
    let store = place.open().await;
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    let lab = workspace(&store, "lab", [(ada, Role::Owner), (bob, Role::Viewer)]).await;
    let mut db = begin(&store).await;
    db.insert_resource(&document(lab, bob, Visibility::Workspace), NOW).await.unwrap();
    db.commit().await.unwrap();
    store.close().await;
    let before = "DELETE FROM stores; DROP INDEX resources_of_owner; ALTER TABLE workspaces DROP COLUMN roles_revision; \
                  DELETE FROM schema_versions WHERE version > 2; \
                  DROP INDEX sessions_by_sso; ALTER TABLE sessions DROP COLUMN sso_id; ALTER TABLE clients DROP COLUMN workspaces; \
                  DROP TABLE sso_sessions; DROP TABLE bundle_access; \
                  DROP TABLE sso_configurations; DROP TABLE sso_codes; DROP TABLE sso_journeys; DROP TABLE sso_connections; \
                  DROP TABLE sso_domains; DROP TABLE sso_failures; DROP TABLE sso_replays; \
                  DROP INDEX sessions_by_federation; ALTER TABLE sessions DROP COLUMN federation_id; \
                  ALTER TABLE sessions DROP COLUMN federation_subject; ALTER TABLE sessions DROP COLUMN federation_session; \
                  DROP TABLE scim_ended; DROP TABLE local_accounts; DROP TABLE socket_tickets; \
                  DROP TABLE password_history; DROP TABLE passwords; DROP TABLE login_failures; DROP TABLE known_networks; \
                  ALTER TABLE sessions DROP COLUMN dialect; \
                  DROP TABLE scim_users; DROP TABLE scim_clients; DROP TABLE webhook_deliveries; DROP TABLE webhook_endpoints; DROP TABLE usernames; ALTER TABLE users DROP COLUMN given_name; ALTER TABLE users DROP COLUMN family_name; \
                  ALTER TABLE clients DROP COLUMN dialect; \
                  DROP TABLE group_groups; DROP INDEX tuple_changes_by_type; ALTER TABLE stores DROP COLUMN model_bytes";
    match &place.options {
        StoreOptions::Sqlite { file } => {
            let mut db = SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
            // A column that refers to another table cannot be dropped.
            let codes = "DROP TABLE authorization_codes; CREATE TABLE authorization_codes (code_hash BLOB PRIMARY KEY)";
            sqlx::raw_sql(codes).execute(&mut db).await.unwrap();
            sqlx::raw_sql(before).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
        }
        StoreOptions::Postgres { url, .. } => {
            let mut db = PgConnection::connect(url).await.unwrap();
            sqlx::raw_sql("ALTER TABLE authorization_codes DROP COLUMN sso_id").execute(&mut db).await.unwrap();
            sqlx::raw_sql(before).execute(&mut db).await.unwrap();
            db.close().await.unwrap();
        }
    }
    let store = place.open().await;
    let mut db = read(&store).await;
    let own = db.policy_store_of_workspace(lab).await.unwrap().unwrap();
    assert_eq!((own.revision, own.tuple_count), (1, 5));
    assert_eq!(tuples(&mut db, own.number).await, said(&mut db, lab).await);
    drop(db);
    store.close().await;
}

places! {
    older_workspaces => super::what_was_there_before_gets_its_tuples,
    nul => super::a_nul_is_no_fault,
    starts_of_replicas => super::replicas_start_together,
    newer_schema => super::a_newer_schema_is_refused,
    undone => super::what_is_not_committed_is_undone,
}

#[test]
fn the_options_do_not_show_the_password() {
    let options = StoreOptions::Postgres { url: "postgres://sentinel:hunter2@db/sentinel".into(), max_connections: 1 };
    assert!(!format!("{options:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_wrong_url_is_a_setting_not_a_fault() {
    let options = StoreOptions::Postgres { url: "mysql:/nowhere".into(), max_connections: 1 };
    let refused = Store::open(&options, NOW).await.unwrap_err();
    assert!(matches!(refused, StorageError::Settings(_)), "{refused}");
}
