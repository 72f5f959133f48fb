//! Who people are at identity providers.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::users::USER_COLUMNS;
use crate::{Connection, Millis, StorageError, Transaction, User};

/// A person at an identity provider: issuer and subject, and nothing else, say who it is.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct Identity {
    pub issuer: String,
    pub subject: String,
    pub user_id: Uuid,
    pub provider: String,
    pub email: Option<String>,
    pub email_verified: bool,
    pub created_at: Millis,
    pub last_login_at: Millis,
}

/// What an identity begins with.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "as in Identity")]
pub struct NewIdentity<'a> {
    pub issuer: &'a str,
    pub subject: &'a str,
    pub user_id: Uuid,
    pub provider: &'a str,
    pub email: Option<&'a str>,
    pub email_verified: bool,
}

const COLUMNS: &str = "issuer, subject, user_id, provider, email, email_verified, created_at, last_login_at";

impl Connection {
    /// The account that this person at this issuer has here.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn user_by_identity(&mut self, issuer: &str, subject: &str) -> Result<Option<User>, StorageError> {
        let sql = concatcp!(
            "SELECT ",
            USER_COLUMNS,
            " FROM identities i JOIN users u ON u.id = i.user_id WHERE i.issuer = $1 AND i.subject = $2"
        );
        Ok(on!(self, db => sqlx::query_as(sql).bind(issuer).bind(subject).fetch_optional(db)))
    }

    /// The identities that lead to an account, the oldest first.
    ///
    /// # Errors
    /// As every statement.
    pub async fn identities_of_user(&mut self, user_id: Uuid) -> Result<Vec<Identity>, StorageError> {
        let sql =
            concatcp!("SELECT ", COLUMNS, " FROM identities WHERE user_id = $1 ORDER BY created_at, issuer, subject");
        Ok(on!(self, db => sqlx::query_as(sql).bind(user_id).fetch_all(db)))
    }
}

impl Transaction {
    /// Lets a person at an issuer into an account.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where that person has an account, [`StorageError::Reference`] where there is no such account.
    pub async fn insert_identity(&mut self, identity: &NewIdentity<'_>, now: Millis) -> Result<(), StorageError> {
        let sql = concatcp!("INSERT INTO identities (", COLUMNS, ") VALUES ($1, $2, $3, $4, $5, $6, $7, $7)");
        affected!(self, db => sqlx::query(sql)
            .bind(identity.issuer)
            .bind(identity.subject)
            .bind(identity.user_id)
            .bind(identity.provider)
            .bind(identity.email)
            .bind(identity.email_verified)
            .bind(now)
            .execute(db));
        Ok(())
    }

    /// Notes a login and what the provider said of the address. False: there is no such identity.
    ///
    /// # Errors
    /// As every statement.
    pub async fn record_identity_login(
        &mut self,
        issuer: &str,
        subject: &str,
        email: Option<&str>,
        email_verified: bool,
        at: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE identities SET email = $3, email_verified = $4, last_login_at = $5 \
                   WHERE issuer = $1 AND subject = $2";
        let changed = affected!(self, db => sqlx::query(sql)
            .bind(issuer)
            .bind(subject)
            .bind(email)
            .bind(email_verified)
            .bind(at)
            .execute(db));
        Ok(changed > 0)
    }

    /// Takes the identity from its account. False: there is no such identity.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_identity(&mut self, issuer: &str, subject: &str) -> Result<bool, StorageError> {
        let sql = "DELETE FROM identities WHERE issuer = $1 AND subject = $2";
        Ok(affected!(self, db => sqlx::query(sql).bind(issuer).bind(subject).execute(db)) > 0)
    }
}
