//! Tickets for WebSockets. A browser cannot send a header when it opens one, and a token in a URL stands in every log on
//! the way: in its place goes a ticket that opens one socket, once, within seconds, at one service.

use sentinel_keys::secrets;
use sentinel_storage::{Millis, SocketTicket};
use serde::Serialize;
use uuid::Uuid;

use super::tokens::Kind;
use super::{Error, Service, ServiceApp, TokenKind, User, WorkspaceRole};

/// How long a ticket can be used: a browser opens the socket with its next line.
const LIFE: Millis = 30 * 1000;
/// So that a ticket is recognised where it does not belong.
const PREFIX: &str = "wst_";
/// Longer than any ticket of ours.
const TICKET_BYTES: usize = 256;

/// A new ticket.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// What goes into the socket's URL. A secret.
    pub ticket: String,
    /// Seconds for which it can be used.
    pub expires_in: i64,
}

/// Who opens a socket: what an access token would say, as storage has it now.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SocketIdentity {
    /// The account.
    pub sub: Uuid,
    /// For display.
    pub email: String,
    /// For display.
    pub name: String,
    /// The workspace that the token is for.
    pub wid: Uuid,
    /// Its slug.
    pub wslug: String,
    /// The role in it.
    #[schema(value_type = String, example = "editor")]
    pub wrole: WorkspaceRole,
    /// The groups in it.
    pub groups: Vec<Uuid>,
    /// The session behind the token; revocations name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<Uuid>,
    /// The token that the ticket was asked for with; revocations name it.
    pub jti: String,
    /// When that was issued, in seconds since 1970.
    pub iat: i64,
    /// When it ends: until then the socket may stay open, unless a revocation comes first.
    pub exp: i64,
    /// An access token that says the same, for services that judge by tokens: with the id and the moments of the one that the
    /// ticket was asked for with. Not for an authz token, which is worth nothing without its provider's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// The token's `type`.
    #[serde(rename = "type")]
    #[schema(example = "access")]
    pub token_use: String,
}

impl Service {
    /// Makes a ticket with which this person can open one WebSocket at a service.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] where no active service has the name; [`super::ErrorKind::Forbidden`] for a token that
    /// is bound to another scope.
    pub async fn issue_socket_ticket(&self, user: &User, service_name: &str) -> Result<NewTicket, Error> {
        let found = self.store().read().await?.service_by_name(service_name).await?;
        let service = found.filter(|service| service.is_active);
        let service = service.ok_or_else(|| Error::not_found("No active service has this name"))?;
        if user.scope.as_ref().is_some_and(|scope| *scope != service.scope) {
            return Err(Error::forbidden("The token is for another service"));
        }
        let kind = match user.token {
            TokenKind::Access => Kind::Access,
            TokenKind::Authz => Kind::Authz,
        };
        let ticket = format!("{PREFIX}{}", secrets::random_token()?);
        let stored = SocketTicket {
            service_id: service.id,
            user_id: user.id,
            workspace_id: user.workspace_id,
            session_id: user.session_id,
            token_use: kind.token_use().to_owned(),
            jti: user.jti.clone(),
            issued_at: user.issued_at,
            ends_at: user.expires_at,
            expires_at: self.now().saturating_add(LIFE),
        };
        let mut transaction = self.store().begin().await?;
        transaction.insert_socket_ticket(&secrets::hash(ticket.as_bytes()), &stored).await?;
        transaction.commit().await?;
        Ok(NewTicket { ticket, expires_in: LIFE.div_euclid(1000) })
    }

    /// Uses a ticket: who opens the socket, where the token behind the ticket still holds. Whatever comes of it, it is used:
    /// that stands before it is answered.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a ticket that is unknown, used, expired or another service's, and for one whose
    /// person may not act any more: always in the same words.
    pub async fn redeem_socket_ticket(&self, app: &ServiceApp, ticket: &str) -> Result<SocketIdentity, Error> {
        if ticket.len() > TICKET_BYTES {
            return Err(refused());
        }
        let (hash, now) = (secrets::hash(ticket.as_bytes()), self.now());
        let mut transaction = self.store().begin().await?;
        let taken = transaction.take_socket_ticket(&hash, app.id, now).await?.ok_or_else(refused)?;
        transaction.commit().await?;
        let token = if taken.token_use == Kind::Authz.token_use() { TokenKind::Authz } else { TokenKind::Access };
        let mut user = User {
            id: taken.user_id,
            email: String::new(),
            name: String::new(),
            workspace_id: taken.workspace_id,
            role: WorkspaceRole::Viewer,
            groups: Vec::new(),
            token,
            jti: taken.jti,
            issued_at: taken.issued_at,
            expires_at: taken.ends_at,
            session_id: taken.session_id,
            session_seen_at: None,
            slides: false,
            scope: None,
            is_federated: true,
        };
        self.renew(&mut user).await.map_err(|error| match error.kind() {
            super::ErrorKind::Unauthenticated => refused(),
            _ => error,
        })?;
        let workspace = self.store().read().await?.workspace(user.workspace_id).await?.ok_or_else(refused)?;
        let access_token = self.token_again(&user).await?;
        Ok(SocketIdentity {
            access_token,
            sub: user.id,
            email: user.email,
            name: user.name,
            wid: user.workspace_id,
            wslug: workspace.slug,
            wrole: user.role,
            groups: user.groups,
            sid: user.session_id,
            jti: user.jti,
            iat: user.issued_at,
            exp: user.expires_at,
            token_use: taken.token_use,
        })
    }
}

fn refused() -> Error {
    Error::invalid("The ticket is invalid, used or expired")
}
