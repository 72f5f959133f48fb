//! Stores of policy: each holds authorization models and tuples, and counts its writes.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// A store of policy.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PolicyStore {
    /// What its models, tuples and changes are found by.
    pub number: i64,
    /// Its ULID.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The workspace whose own store it is: made with it, and gone with it.
    pub workspace_id: Option<Uuid>,
    /// How many writes there were: the state that is read now, or a later one.
    pub revision: i64,
    /// How many tuples it holds, those included that have expired and are not yet pruned.
    pub tuple_count: i64,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last written to.
    pub updated_at: Millis,
}

/// What a store begins with.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in PolicyStore")]
pub struct NewPolicyStore<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

/// Which stores a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct PolicyStoreFilter<'a> {
    /// Only those of exactly this name.
    pub name: Option<&'a str>,
    /// Only this one.
    pub number: Option<i64>,
    /// Only this workspace's.
    pub workspace_id: Option<Uuid>,
}

/// Which stores a service's keys open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreAccess {
    /// All of them, and new ones can be made.
    All,
    /// The one with this number.
    Store(i64),
    /// The one of this workspace.
    Workspace(Uuid),
}

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    service_name: String,
    bound: bool,
    store_number: Option<i64>,
    workspace_id: Option<Uuid>,
    expires_at: Option<Millis>,
}

/// A key of an active service, as policy asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyKey {
    /// The service.
    pub service_id: Uuid,
    /// Its name.
    pub service_name: String,
    /// Which stores the key opens; `None`: none.
    pub access: Option<StoreAccess>,
    /// From when on it opens nothing more.
    pub expires_at: Option<Millis>,
}

fn access(number: Option<i64>, workspace: Option<Uuid>) -> StoreAccess {
    match (number, workspace) {
        (Some(number), _) => StoreAccess::Store(number),
        (None, Some(workspace)) => StoreAccess::Workspace(workspace),
        (None, None) => StoreAccess::All,
    }
}

pub(crate) const STORE_COLUMNS: &str = "number, id, name, workspace_id, revision, tuple_count, created_at, updated_at";
const SELECT: &str = concatcp!("SELECT ", STORE_COLUMNS, " FROM stores WHERE deleted_at IS NULL AND ");

impl Connection {
    /// The store with this ULID.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn policy_store(&mut self, id: &str) -> Result<Option<PolicyStore>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(SELECT, "id = $1")).bind(id).fetch_optional(db)))
    }

    /// A store's revision and its latest model, of one moment: what a state in memory is compared with.
    ///
    /// # Errors
    /// As every statement.
    pub async fn policy_state(&mut self, number: i64) -> Result<Option<(i64, Option<String>)>, StorageError> {
        let sql = "SELECT revision, (SELECT MAX(m.id) FROM authorization_models m WHERE m.store_number = s.number) \
                   FROM stores s WHERE s.number = $1 AND s.deleted_at IS NULL";
        Ok(on!(self, db => sqlx::query_as(sql).bind(number).fetch_optional(db)))
    }

    /// The store with this number.
    ///
    /// # Errors
    /// As every statement.
    pub async fn policy_store_by_number(&mut self, number: i64) -> Result<Option<PolicyStore>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(SELECT, "number = $1")).bind(number).fetch_optional(db)))
    }

    /// The workspace's own store.
    ///
    /// # Errors
    /// As every statement.
    pub async fn policy_store_of_workspace(&mut self, workspace: Uuid) -> Result<Option<PolicyStore>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(SELECT, "workspace_id = $1")).bind(workspace).fetch_optional(db)))
    }

    /// At most `limit` stores, the newest first; those older than `before`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn policy_stores(
        &mut self,
        filter: &PolicyStoreFilter<'_>,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<PolicyStore>, StorageError> {
        let sql = concatcp!(
            SELECT,
            "($1 IS NULL OR name = $1) AND ($2 IS NULL OR number = $2) AND ($3 IS NULL OR workspace_id = $3) \
             AND ($4 IS NULL OR id < $4) ORDER BY id DESC LIMIT $5"
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(filter.name)
            .bind(filter.number)
            .bind(filter.workspace_id)
            .bind(before)
            .bind(limit)
            .fetch_all(db)))
    }

    /// How many stores there are.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_policy_stores(&mut self) -> Result<i64, StorageError> {
        let sql = "SELECT COUNT(*) FROM stores WHERE deleted_at IS NULL";
        Ok(on!(self, db => sqlx::query_scalar(sql).fetch_one(db)))
    }

    /// How many stores there are that belong to no workspace, those that were deleted and not emptied yet among them: at
    /// most as many as `most`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_stores_of_their_own(&mut self, most: i64) -> Result<i64, StorageError> {
        let sql = "SELECT COUNT(*) FROM (SELECT 1 FROM stores s WHERE s.workspace_id IS NULL LIMIT $1) found";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(most).fetch_one(db)))
    }

    /// The active service that a key with this hash opens, and which stores the key opens, where it has not expired. What
    /// every request of policy reads, unless nothing was committed since ([`crate::Store::seen`]).
    ///
    /// # Errors
    /// As every statement.
    pub async fn policy_caller_by_key(&mut self, hash: &[u8], now: Millis) -> Result<Option<PolicyKey>, StorageError> {
        let sql = "SELECT s.id, s.service_name, a.service_id IS NOT NULL AS bound, a.store_number, a.workspace_id, \
                   k.expires_at \
                   FROM service_keys k JOIN services s ON s.id = k.service_id \
                   LEFT JOIN store_access a ON a.service_id = s.id \
                   WHERE k.hash = $1 AND s.is_active AND (k.expires_at IS NULL OR k.expires_at > $2)";
        let row: Option<KeyRow> = on!(self, db => sqlx::query_as(sql).bind(hash).bind(now).fetch_optional(db));
        Ok(row.map(|row| PolicyKey {
            service_id: row.id,
            service_name: row.service_name,
            access: row.bound.then(|| access(row.store_number, row.workspace_id)),
            expires_at: row.expires_at,
        }))
    }

    /// Which stores the keys of a service open; `None`: none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn store_access(&mut self, service_id: Uuid) -> Result<Option<StoreAccess>, StorageError> {
        let sql = "SELECT store_number, workspace_id FROM store_access WHERE service_id = $1";
        let row: Option<(Option<i64>, Option<Uuid>)> =
            on!(self, db => sqlx::query_as(sql).bind(service_id).fetch_optional(db));
        Ok(row.map(|(number, workspace)| access(number, workspace)))
    }
}

impl Transaction {
    /// Makes a store, empty and at revision 0.
    ///
    /// # Errors
    /// As every statement.
    pub async fn insert_policy_store(
        &mut self,
        new: &NewPolicyStore<'_>,
        now: Millis,
    ) -> Result<PolicyStore, StorageError> {
        let sql = concatcp!(
            "INSERT INTO stores (id, name, revision, tuple_count, created_at, updated_at) \
             VALUES ($1, $2, 0, 0, $3, $3) RETURNING ",
            STORE_COLUMNS
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(new.id)
            .bind(new.name)
            .bind(now)
            .fetch_one(db)))
    }

    /// Deletes a store: nobody finds it any more. What was in it goes with [`Transaction::prune_policy_stores`]. False:
    /// there is no such store, or it is a workspace's.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_policy_store(&mut self, id: &str, now: Millis) -> Result<bool, StorageError> {
        let sql = "UPDATE stores SET deleted_at = $2, updated_at = $2 WHERE id = $1 \
                   AND workspace_id IS NULL AND deleted_at IS NULL";
        Ok(execute!(self, sql, id, now) == 1)
    }

    /// Removes at most `limit` tuples and as many changes of deleted stores, and the stores that have none left. Answers
    /// how many rows went: call it again while any did.
    ///
    /// # Errors
    /// As every statement.
    pub async fn prune_policy_stores(&mut self, limit: i64) -> Result<u64, StorageError> {
        let tuples = "DELETE FROM tuples WHERE (store_number, object_type, object_id, relation, subject) IN \
             (SELECT t.store_number, t.object_type, t.object_id, t.relation, t.subject FROM stores s \
              JOIN tuples t ON t.store_number = s.number WHERE s.deleted_at IS NOT NULL LIMIT $1)";
        let changes = "DELETE FROM tuple_changes WHERE (store_number, revision, position) IN \
             (SELECT c.store_number, c.revision, c.position FROM stores s \
              JOIN tuple_changes c ON c.store_number = s.number WHERE s.deleted_at IS NOT NULL LIMIT $1)";
        let stores = "DELETE FROM stores WHERE deleted_at IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM tuples t WHERE t.store_number = number) \
             AND NOT EXISTS (SELECT 1 FROM tuple_changes c WHERE c.store_number = number)";
        Ok(execute!(self, tuples, limit) + execute!(self, changes, limit) + execute!(self, stores))
    }

    /// Says which stores a service's keys open from now on; `None`: none.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such service, store or workspace.
    pub async fn set_store_access(
        &mut self,
        service_id: Uuid,
        access: Option<StoreAccess>,
    ) -> Result<(), StorageError> {
        let (number, workspace) = match access {
            None => {
                execute!(self, "DELETE FROM store_access WHERE service_id = $1", service_id);
                return Ok(());
            }
            Some(StoreAccess::All) => (None, None),
            Some(StoreAccess::Store(number)) => (Some(number), None),
            Some(StoreAccess::Workspace(workspace)) => (None, Some(workspace)),
        };
        let sql = "INSERT INTO store_access (service_id, store_number, workspace_id) VALUES ($1, $2, $3) \
                   ON CONFLICT (service_id) DO UPDATE SET store_number = excluded.store_number, \
                   workspace_id = excluded.workspace_id";
        execute!(self, sql, service_id, number, workspace);
        Ok(())
    }
}
