//! Services: what tokens are issued for.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::columns::StringList;
use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, Millis, StorageError, Transaction};

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Service {
    /// Its id.
    pub id: Uuid,
    /// What it is called in tokens, unless it belongs to a realm.
    pub service_name: String,
    /// What people call it.
    pub name: String,
    /// The realm that it belongs to.
    pub realm_id: Option<Uuid>,
    /// That realm's slug.
    pub realm_slug: Option<String>,
    /// That realm's name.
    pub realm_name: Option<String>,
    /// What its tokens, actions and resources are scoped to: the realm's slug, else its own name.
    pub scope: String,
    /// The origins whose browsers may resolve tokens for it.
    #[sqlx(try_from = "StringList")]
    pub allowed_origins: Vec<String>,
    /// The client ids whose identity provider's tokens it takes; empty: those of the deployment.
    #[sqlx(try_from = "StringList")]
    pub idp_audiences: Vec<String>,
    /// Where a login whose code only this server can exchange may lead back to, compared as they are.
    #[sqlx(try_from = "StringList")]
    pub relay_redirect_uris: Vec<String>,
    /// Whether its keys and origins open anything.
    pub is_active: bool,
    /// Who made it, where the account still exists.
    pub created_by: Option<Uuid>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
}

/// What a service begins with. It is active.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in Service")]
pub struct NewService<'a> {
    pub id: Uuid,
    pub service_name: &'a str,
    pub name: &'a str,
    pub realm_id: Option<Uuid>,
    pub allowed_origins: &'a [String],
    pub idp_audiences: &'a [String],
    pub relay_redirect_uris: &'a [String],
    pub created_by: Option<Uuid>,
}

/// What of a service is to change; `None` stays as it is. Its `service_name` never changes.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "as in Service")]
pub struct ServiceChange<'a> {
    pub name: Option<&'a str>,
    /// `Some(None)`: it leaves its realm.
    pub realm_id: Option<Option<Uuid>>,
    pub allowed_origins: Option<&'a [String]>,
    pub idp_audiences: Option<&'a [String]>,
    pub relay_redirect_uris: Option<&'a [String]>,
    pub is_active: Option<bool>,
}

/// A service's columns and where they come from: `s`, and its realm `r`.
pub(crate) const SERVICE_COLUMNS: &str = "s.id, s.service_name, s.name, s.realm_id, r.slug AS realm_slug, r.name AS realm_name, \
     COALESCE(r.slug, s.service_name) AS scope, s.allowed_origins, s.idp_audiences, s.relay_redirect_uris, s.is_active, s.created_by, s.created_at, s.updated_at";
const SELECT: &str =
    concatcp!("SELECT ", SERVICE_COLUMNS, " FROM services s LEFT JOIN realms r ON r.id = s.realm_id WHERE ");
const FIRST: &str = " ORDER BY s.service_name LIMIT 1";

impl Connection {
    /// The service with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn service(&mut self, id: Uuid) -> Result<Option<Service>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(SELECT, "s.id = $1")).bind(id).fetch_optional(db)))
    }

    /// The service with this `service_name`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn service_by_name(&mut self, service_name: &str) -> Result<Option<Service>, StorageError> {
        let sql = concatcp!(SELECT, "s.service_name = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(service_name).fetch_optional(db)))
    }

    /// The active services whose allowed origins hold this one, in the order of their names.
    ///
    /// # Errors
    /// As every statement.
    pub async fn services_by_origin(&mut self, origin: &str) -> Result<Vec<Service>, StorageError> {
        let sql = self.either(
            concatcp!(
                SELECT,
                "s.is_active AND EXISTS (SELECT 1 FROM json_each(s.allowed_origins) WHERE value = $1) ORDER BY s.service_name"
            ),
            concatcp!(SELECT, "s.is_active AND $1 IN (SELECT json_array_elements_text(s.allowed_origins::json)) ORDER BY s.service_name"),
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(origin).fetch_all(db)))
    }

    /// The active service that has exactly this relay redirect URI, the first by name where several have it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn service_by_relay_redirect_uri(&mut self, redirect_uri: &str) -> Result<Option<Service>, StorageError> {
        let sql = self.either(
            concatcp!(
                SELECT,
                "s.is_active AND EXISTS (SELECT 1 FROM json_each(s.relay_redirect_uris) WHERE value = $1)",
                FIRST
            ),
            concatcp!(
                SELECT,
                "s.is_active AND $1 IN (SELECT json_array_elements_text(s.relay_redirect_uris::json))",
                FIRST
            ),
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(redirect_uri).fetch_optional(db)))
    }

    /// The active services of a scope, in the order of their `service_name`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn services_of_scope(&mut self, scope: &str) -> Result<Vec<Service>, StorageError> {
        // Names and slugs share one table of scopes: at most one of the two matches.
        let sql = concatcp!(
            SELECT,
            "s.is_active AND (r.slug = $1 OR (s.realm_id IS NULL AND s.service_name = $1)) ORDER BY s.service_name"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(scope).fetch_all(db)))
    }

    /// At most `limit` services in the order of their `service_name`, those after `after`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn services(&mut self, after: &str, limit: i64) -> Result<Vec<Service>, StorageError> {
        let sql = concatcp!(SELECT, "s.service_name > $1 ORDER BY s.service_name LIMIT $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(after).bind(limit).fetch_all(db)))
    }

    /// The services of a realm, in the order of their `service_name`.
    ///
    /// # Errors
    /// As every statement.
    pub async fn services_of_realm(&mut self, realm_id: Uuid) -> Result<Vec<Service>, StorageError> {
        let sql = concatcp!(SELECT, "s.realm_id = $1 ORDER BY s.service_name");
        Ok(on!(self, db => sqlx::query_as(sql).bind(realm_id).fetch_all(db)))
    }
}

impl Transaction {
    /// Makes a service.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where its name is that of a service or the slug of a realm, [`StorageError::Reference`]
    /// where there is no such realm.
    pub async fn insert_service(&mut self, service: &NewService<'_>, now: Millis) -> Result<(), StorageError> {
        self.insert_scope(service.service_name).await?;
        let sql = "INSERT INTO services (id, service_name, name, realm_id, allowed_origins, idp_audiences, relay_redirect_uris, is_active, \
                   created_by, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8, $9, $9)";
        execute!(
            self,
            sql,
            service.id,
            service.service_name,
            service.name,
            service.realm_id,
            StringList::encode(service.allowed_origins),
            StringList::encode(service.idp_audiences),
            StringList::encode(service.relay_redirect_uris),
            service.created_by,
            now
        );
        Ok(())
    }

    /// Changes a service. False: there is no such service.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such realm.
    pub async fn update_service(
        &mut self,
        id: Uuid,
        change: &ServiceChange<'_>,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE services SET name = COALESCE($2, name), realm_id = CASE WHEN $3 THEN $4 ELSE realm_id END, \
                   allowed_origins = COALESCE($5, allowed_origins), idp_audiences = COALESCE($6, idp_audiences), \
                   relay_redirect_uris = COALESCE($7, relay_redirect_uris), is_active = COALESCE($8, is_active), updated_at = $9 \
                   WHERE id = $1";
        let changed = execute!(
            self,
            sql,
            id,
            change.name,
            change.realm_id.is_some(),
            change.realm_id.flatten(),
            change.allowed_origins.map(StringList::encode),
            change.idp_audiences.map(StringList::encode),
            change.relay_redirect_uris.map(StringList::encode),
            change.is_active,
            now
        );
        Ok(changed == 1)
    }

    /// Removes a service and its keys. Its actions and resources stay. False: there is no such service.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_service(&mut self, id: Uuid) -> Result<bool, StorageError> {
        let sql = "DELETE FROM services WHERE id = $1 RETURNING service_name";
        let name: Option<(String,)> = on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db));
        match name {
            Some((name,)) => self.delete_scope(&name).await.map(|()| true),
            None => Ok(false),
        }
    }
}
