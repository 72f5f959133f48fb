//! Usernames: one for each account, never given to another one.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::users::USER_COLUMNS;
use crate::{Connection, Millis, StorageError, Transaction, User};

/// What an account is called: see the schema.
#[derive(Clone, Debug, Default, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Names {
    pub username: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
}

impl Connection {
    /// What the account is called; nothing of who has no account.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn names_of(&mut self, user_id: Uuid) -> Result<Names, StorageError> {
        let sql = "SELECT n.username, u.given_name, u.family_name FROM users u LEFT JOIN usernames n ON n.user_id = u.id \
                   WHERE u.id = $1";
        let found: Option<Names> = on!(self, db => sqlx::query_as(sql).bind(user_id).fetch_optional(db));
        Ok(found.unwrap_or_default())
    }

    /// The account with this username, octet by octet.
    ///
    /// # Errors
    /// As every statement.
    pub async fn user_by_username(&mut self, username: &str) -> Result<Option<User>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            USER_COLUMNS,
            " FROM usernames n JOIN users u ON u.id = n.user_id WHERE n.username = $1"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(username).fetch_optional(db)))
    }
}

impl Transaction {
    /// Gives the account this username. False where somebody has or had it, or where the account has one.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such account.
    pub async fn claim_username(&mut self, user_id: Uuid, username: &str, now: Millis) -> Result<bool, StorageError> {
        let sql = "INSERT INTO usernames (username, user_id, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        Ok(execute!(self, sql, username, user_id, now) == 1)
    }

    /// Notes the parts of the account's name; `None` removes one.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_user_names(
        &mut self,
        user_id: Uuid,
        given_name: Option<&str>,
        family_name: Option<&str>,
    ) -> Result<(), StorageError> {
        let sql = "UPDATE users SET given_name = $2, family_name = $3 WHERE id = $1";
        execute!(self, sql, user_id, given_name, family_name);
        Ok(())
    }
}
