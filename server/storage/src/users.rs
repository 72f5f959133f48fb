//! People.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::{Connection, Millis, StorageError, Transaction};

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub email_verified: bool,
    pub name: String,
    pub avatar_url: Option<String>,
    pub is_active: bool,
    pub is_admin: bool,
    pub sessions_invalidated_at: Option<Millis>,
    pub created_at: Millis,
    pub updated_at: Millis,
    pub last_login_at: Option<Millis>,
}

/// What an account begins with.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in User")]
pub struct NewUser<'a> {
    pub id: Uuid,
    pub email: &'a str,
    pub email_verified: bool,
    pub name: &'a str,
    pub avatar_url: Option<&'a str>,
    pub is_admin: bool,
}

const COLUMNS: &str = "id, email, email_verified, name, avatar_url, is_active, is_admin, sessions_invalidated_at, created_at, updated_at, last_login_at";

impl Connection {
    /// The account with this id.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn user(&mut self, id: Uuid) -> Result<Option<User>, StorageError> {
        let sql = const_format::concatcp!("SELECT ", COLUMNS, " FROM users WHERE id = $1");
        Ok(on!(self, db => sqlx::query_as(sql).bind(id).fetch_optional(db)))
    }
}

impl Transaction {
    /// Makes an account.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where another account has proven the same address.
    pub async fn insert_user(&mut self, user: &NewUser<'_>, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO users (id, email, email_key, email_verified, name, avatar_url, is_active, is_admin, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, TRUE, $7, $8, $8)";
        on!(self, db => sqlx::query(sql)
            .bind(user.id)
            .bind(user.email)
            .bind(user.email.to_lowercase())
            .bind(user.email_verified)
            .bind(user.name)
            .bind(user.avatar_url)
            .bind(user.is_admin)
            .bind(now)
            .execute(db));
        Ok(())
    }
}
