//! The tenant's SAML provider. A response comes by a form from another site, without this origin's cookies: it is judged at
//! once, and what came of it waits, for a moment, for the browser that began the login (SAML bindings, section 3.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sentinel_idp::saml::{self, Assertion, Expected, SamlFault, ServiceProvider, SpConfig, SpKey};
use sentinel_keys::{Purpose, secrets};
use sentinel_storage::{JourneyPurpose, SsoConfiguration, SsoJourney};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::enter::Vouched;
use super::login::{JOURNEY, Journey, Leaving, Way, not_configured, same_browser};
use super::{Arrived, Configuration, SsoError, SsoFault, Urls};
use crate::service::dialects::workspace_of;
use crate::service::{Caller, Error, Millis, Service};

/// Our key for SAML, one for the deployment.
const KEY: Purpose = Purpose::new("saml-sp-key");
/// Where it is.
const KEY_NAME: &str = "saml_sp_key";
/// How long its certificate says that it is good: providers pin it, and hardly look.
const YEARS: i64 = 10 * 366 * 24 * 60 * 60;
/// Seconds by which a provider's clock may differ.
const SKEW: i64 = 60;
/// How long the verdict waits for its browser.
const WAITING: Millis = 2 * 60 * 1000;
/// The name of SAML's own name of the person in a mapping.
const NAME_ID: &str = "NameID";
/// Most values of one attribute that are read.
const VALUES: usize = 1000;

/// Where a browser goes that has posted a response.
#[derive(Clone, Debug)]
pub struct Posted {
    /// On this server's own site, with the cookie.
    pub url: String,
}

/// A response that was judged.
#[derive(Serialize, Deserialize)]
struct Judged {
    journey: Journey,
    /// Whom it vouches for, or the fault.
    verdict: Result<Vouched, String>,
}

impl Service {
    /// Who we are to this tenant's provider.
    async fn service_provider(&self, workspace_id: Uuid) -> Result<ServiceProvider, Error> {
        let key = self.inner.federation.saml_key.get_or_try_init(|| self.saml_key()).await?;
        let urls = Urls::new(&self.config().base_url, workspace_id);
        let config = SpConfig {
            entity_id: urls.saml_metadata,
            acs_url: urls.saml_acs,
            signing: key.clone(),
            decryption: vec![key.clone()],
        };
        ServiceProvider::new(config).map_err(Error::internal)
    }

    /// The key of this deployment, which is made when it is needed first.
    async fn saml_key(&self) -> Result<SpKey, Error> {
        let found = self.store().read().await?.deployment_value(KEY_NAME).await?;
        let text = match found {
            Some(text) => text,
            None => {
                let now = self.now();
                let at = now.div_euclid(1000);
                let name = self.config().base_url.clone();
                let made = tokio::task::spawn_blocking(move || {
                    let key = SpKey::generate()?;
                    let certificate = saml::self_signed(&key, &name, at - 24 * 60 * 60, at.saturating_add(YEARS))?;
                    Ok::<_, saml::SamlError>((key, certificate))
                });
                let (key, certificate) = made.await.map_err(Error::internal)?.map_err(Error::internal)?;
                let plain = serde_json::to_vec(&(STANDARD.encode(&*key), STANDARD.encode(&certificate)));
                let plain = zeroize::Zeroizing::new(plain.map_err(Error::internal)?);
                let sealed = self.inner.master.seal(KEY, KEY_NAME.as_bytes(), &plain)?;
                let mut transaction = self.store().begin().await?;
                let text = transaction.put_deployment_value_if_absent(KEY_NAME, &STANDARD.encode(sealed), now).await?;
                transaction.commit().await?;
                text
            }
        };
        let sealed = STANDARD.decode(text).map_err(Error::internal)?;
        let plain = self.inner.master.open(KEY, KEY_NAME.as_bytes(), &sealed)?;
        let (key, certificate): (String, String) = serde_json::from_slice(&plain).map_err(Error::internal)?;
        let key = zeroize::Zeroizing::new(STANDARD.decode(key).map_err(Error::internal)?);
        let certificate = STANDARD.decode(certificate).map_err(Error::internal)?;
        SpKey::new(&key, &certificate).map_err(Error::internal)
    }

    /// Our metadata for a tenant's provider.
    ///
    /// # Errors
    /// `sso_not_configured` for what is no tenant.
    pub async fn saml_metadata(&self, tenant: &str) -> Result<String, SsoError> {
        let workspace_id = workspace_of(tenant).ok_or_else(not_configured)?;
        // Known before anything is configured: the provider is told of us first.
        self.store().read().await?.workspace(workspace_id).await?.ok_or_else(not_configured)?;
        let provider = self.service_provider(workspace_id).await?;
        Ok(provider.metadata_xml(None).map_err(Error::internal)?)
    }

    pub(super) async fn begin_saml(
        &self,
        workspace_id: Uuid,
        stored: &SsoConfiguration,
        leaving: impl Fn(String, Option<Vec<(&'static str, String)>>) -> Leaving,
    ) -> Result<(String, Way, Leaving), SsoError> {
        let now = self.now();
        let idp = self.held(stored)?.at(self.config().federation.metadata_overlap, now);
        let provider = self.service_provider(workspace_id).await?;
        let state = secrets::random_token()?;
        let at = now.div_euclid(1000);
        let misfit = |why: saml::SamlError| {
            tracing::warn!(%why, "a login by a tenant's SAML provider cannot begin");
            SsoFault::ProviderMisconfigured
        };
        if idp.sso_redirect.is_some() {
            let request = provider.redirect_request(&idp, &state, at).map_err(misfit)?;
            return Ok((state, Way::Saml { request_id: request.id }, leaving(request.url, None)));
        }
        let request = provider.post_request(&idp, &state, at).map_err(misfit)?;
        let form = vec![("SAMLRequest", request.saml_request), ("RelayState", request.relay_state)];
        Ok((state, Way::Saml { request_id: request.id }, leaving(request.action, Some(form))))
    }

    /// A response that was posted to a tenant's own address: judged, and kept for the browser that began.
    ///
    /// # Errors
    /// [`SsoError::Fault`] where no login of this tenant waits for it.
    pub async fn post_saml(&self, tenant: &str, response: &str, relay_state: Option<&str>) -> Result<Posted, SsoError> {
        let workspace_id = workspace_of(tenant).ok_or_else(not_configured)?;
        let journey = match relay_state {
            Some(state) => self.take_journey::<Journey>(workspace_id, JourneyPurpose::Leave, state).await,
            None => Err(SsoFault::LoginUnknown.into()),
        };
        // For a tenant that has a provider: nobody fills the table for others. The connection goes back before the next is
        // taken: whoever holds one and waits for another stops everybody once the pool is used up.
        let connection = self.store().read().await?.sso_connection(workspace_id).await?;
        let journey = match (journey, connection) {
            (journey, Some(_)) => self.noted(workspace_id, journey).await?,
            (_, None) => return Err(not_configured()),
        };
        let Way::Saml { request_id } = &journey.way else { return Err(SsoFault::LoginUnknown.into()) };
        let verdict = match self.configuration_of(&journey).await? {
            Some((stored, configuration)) => {
                self.judge(workspace_id, &stored, &configuration, response, request_id).await?
            }
            None => Err(SsoFault::ConfigurationGone),
        };
        let now = self.now();
        let ticket = secrets::random_token()?;
        let hash = secrets::hash(ticket.as_bytes());
        let mut transaction = self.store().begin().await?;
        // Once among all replicas: noted with the verdict, which is used once, too.
        let verdict = match verdict {
            Ok((vouched, assertion)) => {
                let key = secrets::hash(format!("assertion:{workspace_id}:{}", assertion.id).as_bytes());
                let until = assertion.not_on_or_after.saturating_add(2 * SKEW).saturating_mul(1000);
                match transaction.insert_sso_replay(&key, until.max(now)).await? {
                    true => Ok(vouched),
                    false => Err(SsoFault::Replayed),
                }
            }
            Err(fault) => Err(fault),
        };
        let judged = Judged { journey, verdict: verdict.map_err(|fault| fault.code().to_owned()) };
        let plain = serde_json::to_vec(&judged).map_err(Error::internal)?;
        let sealed = self.inner.master.seal(JOURNEY, &hash, &plain)?;
        let kept = SsoJourney {
            connection_id: workspace_id,
            purpose: JourneyPurpose::Arrive,
            sealed,
            expires_at: now.saturating_add(WAITING),
        };
        transaction.insert_sso_journey(&hash, &kept).await?;
        transaction.commit().await?;
        let base = &self.config().base_url;
        Ok(Posted { url: format!("{base}/api/v1/auth/sso/saml/finish/{tenant}?ticket={ticket}") })
    }

    /// Judges a response. Where its certificate is unknown the metadata are asked for once more: the provider may have
    /// changed its keys a moment ago.
    async fn judge(
        &self,
        workspace_id: Uuid,
        stored: &SsoConfiguration,
        configuration: &Configuration,
        response: &str,
        request_id: &str,
    ) -> Result<Result<(Vouched, Assertion), SsoFault>, SsoError> {
        let provider = self.service_provider(workspace_id).await?;
        let (now, overlap) = (self.now(), self.config().federation.metadata_overlap);
        let expected = Expected { request_id, now: now.div_euclid(1000), skew: SKEW, allow_expired_certificate: false };
        let mut idp = self.held(stored)?.at(overlap, now);
        if idp.valid_until.is_some_and(|until| until <= expected.now) {
            match self.follow_now(stored).await.map(|held| held.at(overlap, now)) {
                Some(newer) if newer.valid_until.is_none_or(|until| until > expected.now) => idp = newer,
                _ => return Ok(Err(SsoFault::MetadataExpired)),
            }
        }
        let mut verdict = provider.judge(&idp, response, &expected);
        let is_unknown = |fault: &SamlFault| matches!(fault.code(), "certificate_unknown" | "signature_invalid");
        if verdict.as_ref().is_err_and(is_unknown)
            && let Some(held) = self.follow_now(stored).await
        {
            verdict = provider.judge(&held.at(overlap, now), response, &expected);
        }
        let assertion = match verdict {
            Ok(assertion) => assertion,
            Err(fault) => return Ok(Err(SsoFault::of(fault.code()))),
        };
        let subject = assertion.subject(configuration.attribute_mapping.subject.as_deref());
        Ok(match subject {
            Ok(subject) => Ok((vouched(subject, &assertion, configuration), assertion)),
            Err(fault) => Err(SsoFault::of(fault.code())),
        })
    }

    /// The browser that began comes for what its response has come to.
    ///
    /// # Errors
    /// [`SsoError::Fault`], where no front end is told of it.
    pub async fn finish_sso_saml(
        &self,
        tenant: &str,
        ticket: &str,
        browser: Option<&str>,
        caller: &Caller,
    ) -> Result<Arrived, SsoError> {
        let workspace_id = workspace_of(tenant).ok_or_else(not_configured)?;
        let judged: Judged = self.take_journey(workspace_id, JourneyPurpose::Arrive, ticket).await?;
        let same = same_browser(&judged.journey, browser).map_err(SsoError::from);
        self.noted(workspace_id, same).await?;
        let verdict = judged.verdict.map_err(|code| SsoFault::of(&code));
        self.conclude_sso(workspace_id, &judged.journey, verdict, caller).await
    }
}

fn vouched(subject: String, assertion: &Assertion, configuration: &Configuration) -> Vouched {
    let mapping = &configuration.attribute_mapping;
    let values = |name: &str| assertion.attributes.get(name).map(Vec::as_slice).unwrap_or_default();
    // An address with several values is none: which of them is meant nobody says.
    let one = |name: &str| match (name, values(name)) {
        (NAME_ID, []) => Some(assertion.name_id.clone()),
        (_, [only]) => Some(only.clone()),
        _ => None,
    };
    let roles = mapping.role.as_deref().map(values).unwrap_or_default();
    Vouched {
        email: one(mapping.email()),
        name: mapping.name.as_deref().and_then(one),
        roles: roles.iter().take(VALUES).cloned().collect(),
        attributes: assertion.attributes.keys().take(VALUES).cloned().collect(),
        session: assertion.session_index.clone(),
        subject,
    }
}
