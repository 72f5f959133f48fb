//! The login at the provider has ended: what came of it here ends at once.

use sentinel_keys::secrets;
use sentinel_storage::{RevokedFor, SsoConfiguration, SsoEnded, SsoStage};
use uuid::Uuid;

use super::login::{not_configured, read, session_hash, subject_hash};
use super::{Configuration, Provider, SsoAsk, SsoError, SsoFault, SsoTarget};
use crate::service::activity::{Actor, Change};
use crate::service::dialects::workspace_of;
use crate::service::{Caller, Error, Millis, Service};

/// Longest logout token.
const TOKEN: usize = 16 * 1024;
/// How long one is remembered: longer than it is good.
const REMEMBERED: Millis = 60 * 60 * 1000;

impl Service {
    /// A provider's logout token (OpenID Connect Back-Channel Logout 1.0): good once, for its own tenant.
    ///
    /// # Errors
    /// [`SsoError::Fault`] for a token that is not good.
    pub async fn sso_back_channel_logout(&self, tenant: &str, token: &str, caller: &Caller) -> Result<(), SsoError> {
        let (workspace_id, stored, configuration) = self.enabled_oidc(tenant).await?;
        if token.len() > TOKEN {
            return Err(SsoFault::TokenRefused.into());
        }
        let provider = self.tenant_provider(&stored, &configuration)?;
        let judged = provider.logout_token(token).await.map_err(|error| SsoFault::from(&error).into());
        let logout = self.noted(workspace_id, judged).await?;
        let subject = logout.subject.as_deref().map(|subject| subject_hash(workspace_id, &configuration, subject));
        let session = logout.session.as_deref().map(session_hash);
        let key = secrets::hash(format!("logout:{workspace_id}:{}:{}", stored.id, logout.id).as_bytes());
        let mut transaction = self.store().begin().await?;
        if !transaction.insert_sso_replay(&key, self.now().saturating_add(REMEMBERED)).await? {
            return Err(SsoFault::Replayed.into());
        }
        let which = SsoEnded {
            subject: subject.as_ref().map(<[u8; 32]>::as_slice),
            provider_session: session.as_ref().map(<[u8; 32]>::as_slice),
        };
        let ended = transaction.end_sessions_of_sso(workspace_id, which, self.session_end(RevokedFor::Logout)).await?;
        self.note_logout(&mut transaction, workspace_id, ended, caller).await?;
        Ok(transaction.commit().await?)
    }

    /// A provider's page loads ours in a frame (OpenID Connect Front-Channel Logout 1.0): it names the login that has ended,
    /// which nobody else knows. What does not fit ends nothing, and nobody is told.
    ///
    /// # Errors
    /// As storage.
    pub async fn sso_front_channel_logout(
        &self,
        tenant: &str,
        issuer: &str,
        session: &str,
        caller: &Caller,
    ) -> Result<(), SsoError> {
        let (workspace_id, _, configuration) = self.enabled_oidc(tenant).await?;
        if configuration.provider.issuer() != issuer || session.is_empty() {
            return Ok(());
        }
        let session = session_hash(session);
        let which = SsoEnded { subject: None, provider_session: Some(&session) };
        let mut transaction = self.store().begin().await?;
        let ended = transaction.end_sessions_of_sso(workspace_id, which, self.session_end(RevokedFor::Logout)).await?;
        if ended > 0 {
            self.note_logout(&mut transaction, workspace_id, ended, caller).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// A login that begins at the provider (OpenID Connect Core §4): it begins here as any other, in the same browser. The
    /// target is a page of this server's own, or none.
    ///
    /// # Errors
    /// [`SsoFault::IssuerMismatch`] for another provider than the tenant's.
    pub async fn initiated_sso(&self, tenant: &str, issuer: &str) -> Result<(), SsoError> {
        let (workspace_id, _, configuration) = self.enabled_oidc(tenant).await?;
        if configuration.provider.issuer() != issuer {
            return self.noted(workspace_id, Err(SsoFault::IssuerMismatch.into())).await;
        }
        Ok(())
    }

    async fn enabled_oidc(&self, tenant: &str) -> Result<(Uuid, SsoConfiguration, Configuration), SsoError> {
        let workspace_id = workspace_of(tenant).ok_or_else(not_configured)?;
        let stored = self.store().read().await?.sso_configuration_of(workspace_id, SsoStage::Enabled).await?;
        let stored = stored.ok_or_else(not_configured)?;
        let configuration = read(&stored)?;
        match configuration.provider {
            Provider::Oidc { .. } => Ok((workspace_id, stored, configuration)),
            Provider::Saml2 { .. } => Err(not_configured()),
        }
    }

    async fn note_logout(
        &self,
        transaction: &mut sentinel_storage::Transaction,
        workspace_id: Uuid,
        ended: usize,
        caller: &Caller,
    ) -> Result<(), Error> {
        let change = Change::new("sso.logout").on("workspace", workspace_id).within(workspace_id);
        self.record(transaction, &Actor::System, caller, change.detail("sessions", ended)).await
    }
}

impl<'a> SsoAsk<'a> {
    /// What a login that begins at the provider asks for.
    #[must_use]
    pub fn initiated(tenant: &'a str, hint: Option<&'a str>, return_to: Option<&'a str>) -> Self {
        Self { target: SsoTarget::Tenant(tenant), front_end: None, return_to, hint }
    }
}
