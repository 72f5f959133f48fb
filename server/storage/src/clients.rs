//! Clients: front ends whose users log in through the server.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::columns::{IdList, StringList};
use crate::connection::on;
use crate::page::key;
use crate::statement::execute;
use crate::{Connection, Millis, Page, PageRequest, SessionDialect, StorageError, Transaction};

/// A front end.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Client {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Where a login may lead back to, compared as they are.
    #[sqlx(try_from = "StringList")]
    pub redirect_uris: Vec<String>,
    /// The origins that CORS lets in.
    #[sqlx(try_from = "StringList")]
    pub allowed_origins: Vec<String>,
    /// The workspaces that it may be used for; none: every one.
    #[sqlx(try_from = "IdList")]
    pub workspaces: Vec<Uuid>,
    /// Which claims the access tokens of its sessions have.
    pub dialect: SessionDialect,
    /// Whether its redirect URIs and origins open anything.
    pub is_active: bool,
    /// Who made it, where the account still exists.
    pub created_by: Option<Uuid>,
    /// When it was made.
    pub created_at: Millis,
    /// When it was last changed.
    pub updated_at: Millis,
}

/// What a client begins with. It is active.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in Client")]
pub struct NewClient<'a> {
    pub id: Uuid,
    pub name: &'a str,
    pub redirect_uris: &'a [String],
    pub allowed_origins: &'a [String],
    pub workspaces: &'a [Uuid],
    pub created_by: Option<Uuid>,
}

/// What of a client is to change; `None` stays as it is.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs, reason = "as in Client")]
pub struct ClientChange<'a> {
    pub name: Option<&'a str>,
    pub redirect_uris: Option<&'a [String]>,
    pub allowed_origins: Option<&'a [String]>,
    pub workspaces: Option<&'a [Uuid]>,
    pub dialect: Option<SessionDialect>,
    pub is_active: Option<bool>,
}

const COLUMNS: &str =
    "id, name, redirect_uris, allowed_origins, workspaces, dialect, is_active, created_by, created_at, updated_at";
const SELECT: &str = concatcp!("SELECT ", COLUMNS, " FROM clients WHERE ");
const OLDEST_FIRST: &str = " ORDER BY created_at, id LIMIT 1";

impl Client {
    /// Whether it may be used for this workspace.
    #[must_use]
    pub fn allows(&self, workspace_id: Uuid) -> bool {
        self.workspaces.is_empty() || self.workspaces.contains(&workspace_id)
    }
}

impl Connection {
    /// The client with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn client(&mut self, id: Uuid) -> Result<Option<Client>, StorageError> {
        Ok(on!(self, db => sqlx::query_as(concatcp!(SELECT, "id = $1")).bind(id).fetch_optional(db)))
    }

    /// The active client that has exactly this redirect URI, the oldest where several have it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn client_by_redirect_uri(&mut self, redirect_uri: &str) -> Result<Option<Client>, StorageError> {
        let sql = self.either(
            concatcp!(
                SELECT,
                "is_active AND EXISTS (SELECT 1 FROM json_each(redirect_uris) WHERE value = $1)",
                OLDEST_FIRST
            ),
            concatcp!(
                SELECT,
                "is_active AND $1 IN (SELECT json_array_elements_text(redirect_uris::json))",
                OLDEST_FIRST
            ),
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(redirect_uri).fetch_optional(db)))
    }

    /// Every origin that an active client or an active service allows, in order, each once.
    ///
    /// # Errors
    /// As every statement.
    pub async fn allowed_origins(&mut self) -> Result<Vec<String>, StorageError> {
        let sql = self.either(
            "SELECT o.value AS origin FROM clients, json_each(clients.allowed_origins) o WHERE is_active \
             UNION SELECT o.value FROM services, json_each(services.allowed_origins) o WHERE is_active ORDER BY origin",
            "SELECT o.value AS origin FROM clients, json_array_elements_text(clients.allowed_origins::json) o WHERE is_active \
             UNION SELECT o.value FROM services, json_array_elements_text(services.allowed_origins::json) o WHERE is_active \
             ORDER BY origin",
        );
        Ok(on!(self, db => sqlx::query_scalar(sql).fetch_all(db)))
    }

    /// Clients in the order of their names.
    ///
    /// # Errors
    /// As every statement.
    pub async fn clients(&mut self, page: &PageRequest) -> Result<Page<Client>, StorageError> {
        let sql = concatcp!(SELECT, "(name_key, id) > ($1, $2) ORDER BY name_key, id LIMIT $3");
        let after = page.start();
        let rows: Vec<Client> = on!(self, db => sqlx::query_as(sql)
            .bind(after.key.as_str())
            .bind(after.id)
            .bind(page.rows())
            .fetch_all(db));
        Ok(Page::new(rows, page, |client| (key(&client.name), client.id)))
    }
}

impl Transaction {
    /// Makes a client.
    ///
    /// # Errors
    /// As every statement.
    pub async fn insert_client(&mut self, client: &NewClient<'_>, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO clients (id, name, name_key, redirect_uris, allowed_origins, workspaces, is_active, created_by, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, TRUE, $7, $8, $8)";
        execute!(
            self,
            sql,
            client.id,
            client.name,
            key(client.name),
            StringList::encode(client.redirect_uris),
            StringList::encode(client.allowed_origins),
            IdList::encode(client.workspaces),
            client.created_by,
            now
        );
        Ok(())
    }

    /// Changes a client. `None`: there is no such client.
    ///
    /// # Errors
    /// As every statement.
    pub async fn update_client(
        &mut self,
        id: Uuid,
        change: &ClientChange<'_>,
        now: Millis,
    ) -> Result<Option<Client>, StorageError> {
        let sql = concatcp!(
            "UPDATE clients SET name = COALESCE($2, name), name_key = COALESCE($3, name_key), \
             redirect_uris = COALESCE($4, redirect_uris), allowed_origins = COALESCE($5, allowed_origins), \
             workspaces = COALESCE($6, workspaces), is_active = COALESCE($7, is_active), updated_at = $8, dialect = COALESCE($9, dialect) WHERE id = $1 RETURNING ",
            COLUMNS
        );
        Ok(on!(self, db => sqlx::query_as(sql)
            .bind(id)
            .bind(change.name)
            .bind(change.name.map(key))
            .bind(change.redirect_uris.map(StringList::encode))
            .bind(change.allowed_origins.map(StringList::encode))
            .bind(change.workspaces.map(IdList::encode))
            .bind(change.is_active)
            .bind(now)
            .bind(change.dialect)
            .fetch_optional(db)))
    }

    /// Removes a client, its codes and its sessions. False: there is no such client.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_client(&mut self, id: Uuid) -> Result<bool, StorageError> {
        Ok(execute!(self, "DELETE FROM clients WHERE id = $1", id) == 1)
    }
}
