//! A code of a login by a tenant's provider: for one front end, one person and this tenant alone. It stands in a table of its
//! own, so that nothing which lets the holder of a code choose a workspace ever finds it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel_keys::secrets;
use sentinel_storage::{RevokedFor, SessionDialect, SsoCode, SsoCodeUse, Transaction};
use uuid::Uuid;

use crate::service::journey::FrontEnd;
use crate::service::login::{is_verifier, unregistered};
use crate::service::sessions::Beginning;
use crate::service::tenant::TenantSession;
use crate::service::{Caller, Error, Service};

/// Whose a code is.
pub(super) struct Of<'a> {
    pub(super) workspace_id: Uuid,
    pub(super) user_id: Uuid,
    pub(super) subject: &'a [u8; 32],
    pub(super) provider_session: Option<[u8; 32]>,
}

impl Service {
    pub(super) async fn sso_code(
        &self,
        transaction: &mut Transaction,
        front_end: &FrontEnd,
        of: Of<'_>,
    ) -> Result<String, Error> {
        let (Some(client_id), Some(code_challenge)) = (front_end.client_id, front_end.code_challenge.clone()) else {
            return Err(Error::internal("a login without a client or a challenge"));
        };
        // It may have been taken off the list meanwhile.
        let client = transaction.client_by_redirect_uri(&front_end.redirect_uri).await?.ok_or_else(unregistered)?;
        if client.id != client_id {
            return Err(unregistered());
        }
        let code = secrets::random_token()?;
        let now = self.now();
        let stored = SsoCode {
            connection_id: of.workspace_id,
            user_id: of.user_id,
            client_id,
            code_challenge,
            subject: of.subject.to_vec(),
            provider_session: of.provider_session.map(|hash| hash.to_vec()),
            created_at: now,
            expires_at: now.saturating_add(self.config().lifetimes.code),
        };
        transaction.insert_sso_code(&secrets::hash(code.as_bytes()), &stored).await?;
        Ok(code)
    }

    /// Uses a code: a session in the tenant whose provider vouched.
    ///
    /// # Errors
    /// [`crate::service::ErrorKind::Invalid`] for a code that is unknown, used, expired or not this verifier's; a used one
    /// ends what it led to (RFC 6749 §4.1.2). [`crate::service::ErrorKind::Forbidden`] for who is no member any more.
    pub async fn exchange_sso_code(
        &self,
        code: &str,
        code_verifier: &str,
        caller: &Caller,
    ) -> Result<TenantSession, Error> {
        let refused = || Error::invalid("The code is invalid, used or expired");
        let (hash, now) = (secrets::hash(code.as_bytes()), self.now());
        let id = Uuid::new_v4();
        let mut transaction = self.store().begin().await?;
        let code = match transaction.consume_sso_code(&hash, id, now).await? {
            SsoCodeUse::Consumed(code) => code,
            SsoCodeUse::Replayed(session_id) => {
                self.end_session(&mut transaction, session_id, RevokedFor::Replay, caller).await?;
                transaction.commit().await?;
                return Err(refused());
            }
            SsoCodeUse::Unknown => return Err(refused()),
        };
        // Refused from here on, the transaction is undone and the code not used: its owner may try again.
        let challenge = URL_SAFE_NO_PAD.encode(secrets::hash(code_verifier.as_bytes()));
        if !is_verifier(code_verifier) || !secrets::equal(challenge.as_bytes(), code.code_challenge.as_bytes()) {
            return Err(refused());
        }
        let connection = transaction.sso_connection(code.connection_id).await?.ok_or_else(refused)?;
        let client = transaction.client(code.client_id).await?.ok_or_else(refused)?;
        if !client.allows(connection.workspace_id) {
            return Err(Error::forbidden("The front end may not be used for this workspace"));
        }
        if transaction.member_role(connection.workspace_id, code.user_id).await?.is_none() {
            return Err(Error::forbidden("Not a member of this workspace"));
        }
        let beginning = Beginning {
            id,
            user_id: code.user_id,
            workspace_id: connection.workspace_id,
            client_id: Some(code.client_id),
            sso_id: None,
            dialect: SessionDialect::Tenant,
        };
        let begun = self.begin_session(&mut transaction, beginning, caller).await?;
        let provider_session = code.provider_session.as_deref();
        transaction.bind_session_to_sso(id, connection.id, &code.subject, provider_session).await?;
        // A code that somebody holds while all of the person's tokens are voided is void too.
        if begun.state.sessions_invalidated_at.is_some_and(|at| code.created_at.saturating_add(1000) <= at) {
            return Err(refused());
        }
        transaction.commit().await?;
        let tokens = self.first_tokens(&begun).await?;
        crate::service::tenant::session(tokens, &begun.state)
    }
}
