//! Tickets that open one WebSocket, once.

use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Millis, StorageError, Transaction};

/// What a ticket stands for.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SocketTicket {
    pub service_id: Uuid,
    pub user_id: Uuid,
    pub workspace_id: Uuid,
    pub session_id: Option<Uuid>,
    pub token_use: String,
    pub jti: String,
    pub issued_at: i64,
    pub ends_at: i64,
    pub expires_at: Millis,
}

impl Transaction {
    /// Stores a ticket by its hash.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn insert_socket_ticket(&mut self, hash: &[u8], ticket: &SocketTicket) -> Result<(), StorageError> {
        let sql = "INSERT INTO socket_tickets (hash, service_id, user_id, workspace_id, session_id, token_use, jti, \
                   issued_at, ends_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        execute!(
            self,
            sql,
            hash,
            ticket.service_id,
            ticket.user_id,
            ticket.workspace_id,
            ticket.session_id,
            ticket.token_use.as_str(),
            ticket.jti.as_str(),
            ticket.issued_at,
            ticket.ends_at,
            ticket.expires_at
        );
        Ok(())
    }

    /// Takes a ticket: of all who try, one gets it. Another service than the one that it is for changes nothing.
    ///
    /// # Errors
    /// As every statement.
    pub async fn take_socket_ticket(
        &mut self,
        hash: &[u8],
        service_id: Uuid,
        now: Millis,
    ) -> Result<Option<SocketTicket>, StorageError> {
        let sql = "DELETE FROM socket_tickets WHERE hash = $1 AND service_id = $2 AND expires_at > $3 \
                   RETURNING service_id, user_id, workspace_id, session_id, token_use, jti, issued_at, ends_at, expires_at";
        Ok(on!(self, db => sqlx::query_as(sql).bind(hash).bind(service_id).bind(now).fetch_optional(db)))
    }
}
