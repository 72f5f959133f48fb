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

    /// The account that has this username or, since nobody else ever gets it, had it; octet by octet.
    ///
    /// # Errors
    /// As every statement.
    pub async fn user_by_username(&mut self, username: &str) -> Result<Option<User>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            USER_COLUMNS,
            " FROM usernames n JOIN users u ON u.id = COALESCE(n.user_id, n.formerly_of) WHERE n.username = $1"
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

    /// Gives the account this username in the place of the one that it has, if any, which stays its own: it may have it back.
    /// False where somebody else has or had it: what was written until then is to be undone by the caller.
    ///
    /// # Errors
    /// [`StorageError::Reference`] where there is no such account.
    pub async fn rename_username(&mut self, user_id: Uuid, username: &str, now: Millis) -> Result<bool, StorageError> {
        let sql = "UPDATE usernames SET formerly_of = user_id, user_id = NULL WHERE user_id = $1";
        execute!(self, sql, user_id);
        let sql =
            "UPDATE usernames SET user_id = formerly_of, formerly_of = NULL WHERE username = $2 AND formerly_of = $1";
        if execute!(self, sql, user_id, username) == 1 {
            return Ok(true);
        }
        self.claim_username(user_id, username, now).await
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
