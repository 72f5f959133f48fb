//! Logins on their way to an identity provider and back.

use sqlx::FromRow;

use crate::connection::on;
use crate::statement::execute;
use crate::{LoginPurpose, Millis, StorageError, Transaction};

/// A login on its way.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct LoginState {
    /// What it is for.
    pub purpose: LoginPurpose,
    /// The identity provider's name.
    pub provider: String,
    /// What the way back needs, sealed.
    pub sealed: Vec<u8>,
    /// When the way back is closed.
    pub expires_at: Millis,
}

impl Transaction {
    /// Stores a login by the hash of its `state`.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn insert_login_state(&mut self, state_hash: &[u8], state: &LoginState) -> Result<(), StorageError> {
        let sql =
            "INSERT INTO login_states (state_hash, purpose, provider, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)";
        execute!(
            self,
            sql,
            state_hash,
            state.purpose.as_str(),
            state.provider.as_str(),
            state.sealed.as_slice(),
            state.expires_at
        );
        Ok(())
    }

    /// Takes a login that has not expired: of all who try, one gets it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn take_login_state(
        &mut self,
        state_hash: &[u8],
        now: Millis,
    ) -> Result<Option<LoginState>, StorageError> {
        let sql = "DELETE FROM login_states WHERE state_hash = $1 AND expires_at > $2 \
                   RETURNING purpose, provider, sealed, expires_at";
        Ok(on!(self, db => sqlx::query_as(sql).bind(state_hash).bind(now).fetch_optional(db)))
    }
}
