//! Authorization models as they were written, and what they are expected to decide.

use sqlx::FromRow;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// A model of a store. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct StoredModel {
    /// Its ULID: a later one is greater.
    pub id: String,
    /// OpenFGA's JSON form.
    pub model: String,
    /// When it was written.
    pub created_at: Millis,
}

impl Connection {
    /// A model of a store.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn authorization_model(&mut self, store: i64, id: &str) -> Result<Option<StoredModel>, StorageError> {
        let sql = "SELECT id, model, created_at FROM authorization_models WHERE store_number = $1 AND id = $2";
        Ok(on!(self, db => sqlx::query_as(sql).bind(store).bind(id).fetch_optional(db)))
    }

    /// The id of a store's latest model: what holds where a request names none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn latest_authorization_model(&mut self, store: i64) -> Result<Option<String>, StorageError> {
        let sql = "SELECT id FROM authorization_models WHERE store_number = $1 ORDER BY id DESC LIMIT 1";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(store).fetch_optional(db)))
    }

    /// At most `limit` models of a store, the newest first; those older than `before`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn authorization_models(
        &mut self,
        store: i64,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<StoredModel>, StorageError> {
        let sql = "SELECT id, model, created_at FROM authorization_models WHERE store_number = $1 \
                   AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
        Ok(on!(self, db => sqlx::query_as(sql).bind(store).bind(before).bind(limit).fetch_all(db)))
    }

    /// How many models a store has.
    ///
    /// # Errors
    /// As every statement.
    pub async fn count_authorization_models(&mut self, store: i64) -> Result<i64, StorageError> {
        let sql = "SELECT COUNT(*) FROM authorization_models WHERE store_number = $1";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(store).fetch_one(db)))
    }

    /// How many octets the texts of a store's models have together.
    ///
    /// # Errors
    /// As every statement.
    pub async fn authorization_model_bytes(&mut self, store: i64) -> Result<i64, StorageError> {
        let sql = "SELECT COALESCE((SELECT s.model_bytes FROM stores s WHERE s.number = $1), 0)";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(store).fetch_one(db)))
    }

    /// What was last said that a model is expected to decide, as JSON.
    ///
    /// # Errors
    /// As every statement.
    pub async fn assertions(&mut self, store: i64, model: &str) -> Result<Option<String>, StorageError> {
        let sql = "SELECT assertions FROM assertions WHERE store_number = $1 AND model_id = $2";
        Ok(on!(self, db => sqlx::query_scalar(sql).bind(store).bind(model).fetch_optional(db)))
    }
}

impl Transaction {
    /// Adds a model to a store.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such store, [`StorageError::Conflict`] for an id that it has.
    pub async fn insert_authorization_model(
        &mut self,
        store: i64,
        id: &str,
        model: &str,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO authorization_models (store_number, id, model, created_at) VALUES ($1, $2, $3, $4)";
        execute!(self, sql, store, id, model, now);
        let bytes = i64::try_from(model.len()).unwrap_or(i64::MAX);
        execute!(self, "UPDATE stores SET model_bytes = model_bytes + $2 WHERE number = $1", store, bytes);
        Ok(())
    }

    /// Says what a model is expected to decide, instead of what was said before.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such model.
    pub async fn set_assertions(
        &mut self,
        store: i64,
        model: &str,
        assertions: &str,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO assertions (store_number, model_id, assertions, updated_at) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (store_number, model_id) DO UPDATE SET assertions = excluded.assertions, \
                   updated_at = excluded.updated_at";
        execute!(self, sql, store, model, assertions, now);
        Ok(())
    }
}
