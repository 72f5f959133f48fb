//! Realms: services that share one scope.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// A realm.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Realm {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub created_at: Millis,
}

impl Connection {
    /// The realm with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn realm(&mut self, id: Uuid) -> Result<Option<Realm>, StorageError> {
        let sql = "SELECT id, slug, name, created_at FROM realms WHERE id = $1";
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }

    /// The realm with this slug.
    ///
    /// # Errors
    /// As every statement.
    pub async fn realm_by_slug(&mut self, slug: &str) -> Result<Option<Realm>, StorageError> {
        let sql = "SELECT id, slug, name, created_at FROM realms WHERE slug = $1";
        Ok(on!(self, db => sqlx::query_as(sql).bind(slug).fetch_optional(db)))
    }

    /// At most `limit` realms in the order of their slugs, those after `after`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn realms(&mut self, after: &str, limit: i64) -> Result<Vec<Realm>, StorageError> {
        let sql = "SELECT id, slug, name, created_at FROM realms WHERE slug > $1 ORDER BY slug LIMIT $2";
        Ok(on!(self, db => sqlx::query_as(sql).bind(after).bind(limit).fetch_all(db)))
    }
}

impl Transaction {
    /// Makes a realm.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where its slug is that of a realm or the name of a service.
    pub async fn insert_realm(&mut self, id: Uuid, slug: &str, name: &str, now: Millis) -> Result<Realm, StorageError> {
        self.insert_scope(slug).await?;
        let sql = "INSERT INTO realms (id, slug, name, created_at) VALUES ($1, $2, $3, $4) \
                   RETURNING id, slug, name, created_at";
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).bind(slug).bind(name).bind(now).fetch_one(db)))
    }

    /// Gives a realm another name; its slug stays, for tokens and actions name it. `None`: there is no such realm.
    ///
    /// # Errors
    /// As every statement.
    pub async fn rename_realm(&mut self, id: Uuid, name: &str) -> Result<Option<Realm>, StorageError> {
        let sql = "UPDATE realms SET name = $2 WHERE id = $1 RETURNING id, slug, name, created_at";
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).bind(name).fetch_optional(db)))
    }

    /// Removes a realm. False: there is no such realm.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where a service still belongs to it.
    pub async fn delete_realm(&mut self, id: Uuid) -> Result<bool, StorageError> {
        let slug: Option<(String,)> = on!(self, db => sqlx::query_as("DELETE FROM realms WHERE id = $1 RETURNING slug").bind(id).fetch_optional(db));
        match slug {
            Some((slug,)) => self.delete_scope(&slug).await.map(|()| true),
            None => Ok(false),
        }
    }

    /// Takes a name that tokens can be scoped to: realms and services share them.
    pub(crate) async fn insert_scope(&mut self, name: &str) -> Result<(), StorageError> {
        execute!(self, "INSERT INTO scopes (name) VALUES ($1)", name);
        Ok(())
    }

    pub(crate) async fn delete_scope(&mut self, name: &str) -> Result<(), StorageError> {
        execute!(self, "DELETE FROM scopes WHERE name = $1", name);
        Ok(())
    }
}
