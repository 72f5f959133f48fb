//! Setting a tenant's provider up: a draft, a login that tries it, and only then what people log in by.

use secrecy::{ExposeSecret as _, SecretString};
use sentinel_keys::secrets;
use sentinel_storage::{
    JourneyPurpose, RevokedFor, SsoConfiguration, SsoEnded, SsoJourney, SsoProtocol, SsoStage, Transaction,
};
use uuid::Uuid;

use super::login::{JOURNEY, TRYING, not_configured, read};
use super::oidc::SECRET;
use super::{Configuration, DomainView, NewConfiguration, NewProvider, Provider, SsoError, SsoFault, Urls};
use crate::service::activity::{Actor, Change};
use crate::service::{Caller, Error, ErrorKind, Millis, Service, User, WorkspaceRole};

/// A configuration as its tenant's administrators see it. Never the secret.
#[derive(Clone, Debug)]
pub struct ConfigurationView {
    /// What was configured.
    pub configuration: Configuration,
    /// Whether there is a secret.
    pub has_client_secret: bool,
    /// SAML: the certificates that responses may be signed with.
    pub certificates: Vec<CertificateView>,
    /// When somebody logged in to try it.
    pub tested_at: Option<Millis>,
    /// When it was configured.
    pub created_at: Millis,
}

/// A certificate of a provider.
#[derive(Clone, Debug)]
pub struct CertificateView {
    /// SHA-256 of it, in hex.
    pub sha256: String,
    /// When it ends.
    pub not_after: Millis,
    /// When it is taken no more, where it has left the provider's metadata.
    pub until: Option<Millis>,
}

/// All of a tenant's federation.
#[derive(Clone, Debug)]
pub struct FederationView {
    /// Where the provider finds us.
    pub urls: Urls,
    /// What is being tried.
    pub draft: Option<ConfigurationView>,
    /// What people log in by.
    pub enabled: Option<ConfigurationView>,
    /// The domains for whose addresses the provider may speak.
    pub domains: Vec<DomainView>,
}

/// What was found out of a new configuration.
struct Found {
    configuration: Configuration,
    secret: Option<SecretString>,
    metadata: Option<String>,
    is_followed: bool,
}

impl Service {
    /// The federation of the user's tenant; its admins see it.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`].
    pub async fn sso_configuration(&self, user: &User) -> Result<FederationView, Error> {
        user.require(user.workspace_id, WorkspaceRole::Admin)?;
        self.sso_view(user.workspace_id).await
    }

    async fn sso_view(&self, workspace_id: Uuid) -> Result<FederationView, Error> {
        let mut connection = self.store().read().await?;
        let draft = connection.sso_configuration_of(workspace_id, SsoStage::Draft).await?;
        let enabled = connection.sso_configuration_of(workspace_id, SsoStage::Enabled).await?;
        drop(connection);
        let view = |stored: Option<SsoConfiguration>| stored.map(|stored| self.seen(&stored)).transpose();
        Ok(FederationView {
            urls: Urls::new(&self.config().base_url, workspace_id),
            draft: view(draft)?,
            enabled: view(enabled)?,
            domains: self.sso_domains_of(workspace_id).await?,
        })
    }

    fn seen(&self, stored: &SsoConfiguration) -> Result<ConfigurationView, Error> {
        Ok(ConfigurationView {
            configuration: read(stored)?,
            has_client_secret: stored.sealed_secret.is_some(),
            #[cfg(feature = "saml")]
            certificates: self.certificates(stored)?,
            #[cfg(not(feature = "saml"))]
            certificates: Vec::new(),
            tested_at: stored.tested_at,
            created_at: stored.created_at,
        })
    }

    /// Sets the tenant's provider up, as a draft: what people log in by stays what it is.
    ///
    /// # Errors
    /// `configuration_invalid`; `provider_unreachable` and `provider_misconfigured` where the provider does not answer, or
    /// not as what it was configured.
    pub async fn configure_sso(
        &self,
        user: &User,
        caller: &Caller,
        new: NewConfiguration,
    ) -> Result<FederationView, SsoError> {
        let workspace_id = user.workspace_id;
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        new.check()?;
        let id = Uuid::new_v4();
        // Outside of a transaction: it asks the provider.
        let by_owner = user.role == WorkspaceRole::Owner;
        let Found { configuration, secret, metadata, is_followed } = self.found_out(id, new, by_owner).await?;
        let sealed_secret = secret
            .map(|secret| self.inner.master.seal(SECRET, id.as_bytes(), secret.expose_secret().as_bytes()))
            .transpose()?;
        let protocol = match configuration.provider {
            Provider::Saml2 { .. } => SsoProtocol::Saml2,
            Provider::Oidc { .. } => SsoProtocol::Oidc,
        };
        let now = self.now();
        let stored = SsoConfiguration {
            id,
            connection_id: workspace_id,
            state: SsoStage::Draft,
            protocol,
            config: serde_json::to_string(&configuration).map_err(Error::internal)?,
            sealed_secret,
            metadata,
            is_followed,
            asked_at: now,
            tested_at: None,
            created_by: Some(user.id),
            created_at: now,
        };
        let mut transaction = self.begin_as(&actor).await?;
        // A tenant has one connection, which is named by the tenant: its addresses are known before anything is set up.
        transaction.put_sso_connection(workspace_id, workspace_id, now).await?;
        transaction.put_sso_configuration(&stored).await?;
        let change = Change::new("sso.configure").on("workspace", workspace_id).within(workspace_id);
        let change = change.detail("protocol", protocol.as_str()).detail("provider", configuration.provider.issuer());
        self.record(&mut transaction, &actor, caller, change).await?;
        transaction.commit().await?;
        Ok(self.sso_view(workspace_id).await?)
    }

    async fn found_out(&self, id: Uuid, new: NewConfiguration, by_owner: bool) -> Result<Found, SsoError> {
        let NewConfiguration { provider, attribute_mapping, role_mapping, default_role, max_role } = new;
        let configuration =
            |provider| Configuration { provider, attribute_mapping, role_mapping, default_role, max_role, by_owner };
        match provider {
            NewProvider::Oidc { issuer, discovery_url, client_id, client_secret } => {
                let fetcher = self.inner.federation.fetcher(&self.config().federation)?;
                let issuer = match (issuer, discovery_url) {
                    (Some(issuer), _) => issuer,
                    (None, Some(url)) => {
                        sentinel_idp::issuer_of(&url, fetcher).await.map_err(|error| unusable(&error))?
                    }
                    (None, None) => return Err(SsoError::invalid("oidc needs issuer or discovery_url, one of them")),
                };
                let configuration = configuration(Provider::Oidc { issuer, client_id });
                let Provider::Oidc { issuer, client_id } = &configuration.provider else {
                    return Err(Error::internal("a provider that has become another one").into());
                };
                let federation = &self.config().federation;
                let provider = sentinel_idp::TenantProvider::new(
                    &id.to_string(),
                    issuer,
                    client_id,
                    client_secret.clone(),
                    fetcher,
                    federation.fetch,
                );
                provider.map_err(|error| unusable(&error))?.check().await.map_err(|error| unusable(&error))?;
                Ok(Found { configuration, secret: client_secret, metadata: None, is_followed: false })
            }
            #[cfg(not(feature = "saml"))]
            NewProvider::Saml2 { .. } => Err(SsoError::invalid("this server was built without SAML")),
            #[cfg(feature = "saml")]
            NewProvider::Saml2 { metadata_url, metadata_xml, entity_id } => {
                let is_followed = metadata_url.is_some();
                let (entity_id, metadata) =
                    self.first_metadata(metadata_url.as_deref(), metadata_xml.as_deref(), entity_id.as_deref()).await?;
                let provider = Provider::Saml2 { metadata_url, entity_id };
                Ok(Found {
                    configuration: configuration(provider),
                    secret: None,
                    metadata: Some(metadata),
                    is_followed,
                })
            }
        }
    }

    /// A link that tries what is configured, once: a login that ends in a report. The draft, or else what is enabled.
    ///
    /// # Errors
    /// `sso_not_configured`.
    pub async fn try_sso(&self, user: &User, caller: &Caller) -> Result<(String, Millis), SsoError> {
        let workspace_id = user.workspace_id;
        let actor = user.acting(workspace_id, WorkspaceRole::Admin)?;
        let mut transaction = self.begin_as(&actor).await?;
        let stored = match transaction.sso_configuration_of(workspace_id, SsoStage::Draft).await? {
            Some(draft) => Some(draft),
            None => transaction.sso_configuration_of(workspace_id, SsoStage::Enabled).await?,
        };
        let stored = stored.ok_or_else(not_configured)?;
        let link = secrets::random_token()?;
        let hash = secrets::hash(link.as_bytes());
        let sealed = self.inner.master.seal(JOURNEY, &hash, stored.id.as_bytes())?;
        let expires_at = self.now().saturating_add(TRYING);
        let journey = SsoJourney { connection_id: workspace_id, purpose: JourneyPurpose::Try, sealed, expires_at };
        transaction.insert_sso_journey(&hash, &journey).await?;
        let change = Change::new("sso.test").on("workspace", workspace_id).within(workspace_id);
        self.record(&mut transaction, &actor, caller, change).await?;
        transaction.commit().await?;
        Ok((format!("{}/api/v1/auth/sso/login?test={link}", self.config().base_url), expires_at))
    }

    /// Lets people log in by the draft, which somebody has tried.
    ///
    /// # Errors
    /// `sso_not_configured` without a draft, `sso_not_tested` for one that nobody has logged in by.
    pub async fn enable_sso(&self, user: &User, caller: &Caller) -> Result<FederationView, SsoError> {
        let workspace_id = user.workspace_id;
        let (actor, mut transaction) = self.begin_sso_change(user).await?;
        let draft =
            transaction.sso_configuration_of(workspace_id, SsoStage::Draft).await?.ok_or_else(not_configured)?;
        if !transaction.enable_sso_draft(workspace_id, draft.id).await? {
            return Err(SsoError::refused(
                ErrorKind::Conflict,
                "sso_not_tested",
                "Nobody has logged in by exactly this configuration yet: try it first",
            ));
        }
        let change = Change::new("sso.enable").on("workspace", workspace_id).within(workspace_id);
        let change = change.detail("provider", read(&draft)?.provider.issuer());
        self.record(&mut transaction, &actor, caller, change).await?;
        transaction.commit().await?;
        Ok(self.sso_view(workspace_id).await?)
    }

    /// Lets nobody log in by the tenant's provider any more, and ends the sessions that came of it.
    ///
    /// # Errors
    /// `sso_not_configured` where nobody could.
    pub async fn disable_sso(&self, user: &User, caller: &Caller) -> Result<FederationView, SsoError> {
        let workspace_id = user.workspace_id;
        let (actor, mut transaction) = self.begin_sso_change(user).await?;
        if !transaction.disable_sso(workspace_id).await? {
            return Err(not_configured());
        }
        self.end_sso_sessions(&mut transaction, &actor, caller, workspace_id, "sso.disable").await?;
        transaction.commit().await?;
        Ok(self.sso_view(workspace_id).await?)
    }

    /// Forgets the tenant's provider, and ends the sessions that came of it. The domains stay proven.
    ///
    /// # Errors
    /// `sso_not_configured` where there is none.
    pub async fn delete_sso(&self, user: &User, caller: &Caller) -> Result<(), SsoError> {
        let workspace_id = user.workspace_id;
        let (actor, mut transaction) = self.begin_sso_change(user).await?;
        self.end_sso_sessions(&mut transaction, &actor, caller, workspace_id, "sso.remove").await?;
        if !transaction.delete_sso_connection(workspace_id).await? {
            return Err(not_configured());
        }
        Ok(transaction.commit().await?)
    }

    /// A change of what people log in by: a login that is under way comes before it or after it.
    async fn begin_sso_change(&self, user: &User) -> Result<(Actor, Transaction), SsoError> {
        let actor = user.acting(user.workspace_id, WorkspaceRole::Admin)?;
        let mut transaction = self.begin_as(&actor).await?;
        if !transaction.hold_sso_connection(user.workspace_id).await? {
            return Err(not_configured());
        }
        Ok((actor, transaction))
    }

    async fn end_sso_sessions(
        &self,
        transaction: &mut Transaction,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        action: &'static str,
    ) -> Result<(), Error> {
        let end = self.session_end(RevokedFor::Admin);
        let ended = transaction.end_sessions_of_sso(workspace_id, SsoEnded::default(), end).await?;
        let change = Change::new(action).on("workspace", workspace_id).within(workspace_id).detail("sessions", ended);
        self.record(transaction, actor, caller, change).await
    }
}

/// A provider that cannot be configured as it is: its own words are not passed on, they can hold anything.
fn unusable(error: &sentinel_idp::IdpError) -> SsoError {
    tracing::info!(%error, "a tenant's provider cannot be used");
    let fault = SsoFault::from(error);
    let detail = match error {
        sentinel_idp::IdpError::Misconfigured { hint, .. } => format!("The provider cannot be used: {hint}"),
        sentinel_idp::IdpError::Unreachable { why, .. } => format!("The provider cannot be used: {why}"),
        _ => "The provider cannot be used".to_owned(),
    };
    SsoError::refused(ErrorKind::Invalid, fault.code(), detail)
}
