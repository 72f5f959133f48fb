//! Which services' bundles, of which workspaces, a service's keys open.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, StorageError, Transaction};

/// A service's bundle that another service's keys open, or its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, FromRow)]
pub struct BundleGrant {
    /// Whose bundle.
    pub of_service_id: Uuid,
    /// Of which workspace; `None`: of every one, also of those that are made later.
    pub workspace_id: Option<Uuid>,
}

impl Connection {
    /// Which bundles the keys of a service open.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn bundle_access(&mut self, service_id: Uuid) -> Result<Vec<BundleGrant>, StorageError> {
        let sql = "SELECT of_service_id, workspace_id FROM bundle_access WHERE service_id = $1 \
                   ORDER BY of_service_id, workspace_id";
        Ok(on!(self, db => sqlx::query_as(sql).bind(service_id).fetch_all(db)))
    }
}

impl Transaction {
    /// Says which bundles a service's keys open from now on. What is named twice is named once.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such service or workspace.
    pub async fn set_bundle_access(&mut self, service_id: Uuid, access: &[BundleGrant]) -> Result<(), StorageError> {
        execute!(self, "DELETE FROM bundle_access WHERE service_id = $1", service_id);
        let sql = "INSERT INTO bundle_access (service_id, of_service_id, workspace_id) VALUES ($1, $2, $3)";
        // Of rows that name no workspace no database says that they are the same.
        let each: std::collections::BTreeSet<_> = access.iter().collect();
        for BundleGrant { of_service_id, workspace_id } in each {
            execute!(self, sql, service_id, of_service_id, workspace_id);
        }
        Ok(())
    }
}
