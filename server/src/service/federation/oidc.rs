//! The tenant's OpenID provider: made of its configuration, asked, and what it says read by the mapping.

use std::sync::Arc;

use secrecy::SecretString;
use sentinel_idp::{LoginSecrets, TenantLogin, TenantProvider};
use sentinel_keys::Purpose;
use sentinel_storage::SsoConfiguration;
use serde_json::Value;
use uuid::Uuid;

use super::enter::Vouched;
use super::{Configuration, Provider, SsoFault};
use crate::service::journey::{ProviderAnswer, callback_of};
use crate::service::{Error, Service};

/// Our secrets at tenants' providers; the row is the configuration's id.
pub(super) const SECRET: Purpose = Purpose::new("sso-client-secret");
/// Most values of one claim that are read.
const VALUES: usize = 1000;

impl Service {
    /// The provider of a configuration.
    pub(super) fn tenant_provider(
        &self,
        stored: &SsoConfiguration,
        configuration: &Configuration,
    ) -> Result<Arc<TenantProvider>, Error> {
        if let Some(ready) = self.inner.federation.ready(stored.id) {
            return Ok(ready);
        }
        let secret = match &stored.sealed_secret {
            Some(sealed) => {
                let opened = self.inner.master.open(SECRET, stored.id.as_bytes(), sealed)?;
                Some(SecretString::from(std::str::from_utf8(&opened).map_err(Error::internal)?))
            }
            None => None,
        };
        let made = Arc::new(self.new_tenant_provider(stored.id, configuration, secret)?);
        self.inner.federation.keep(stored.id, Arc::clone(&made));
        Ok(made)
    }

    /// The provider of a configuration that is not stored yet.
    pub(super) fn new_tenant_provider(
        &self,
        id: Uuid,
        configuration: &Configuration,
        secret: Option<SecretString>,
    ) -> Result<TenantProvider, Error> {
        let Provider::Oidc { issuer, client_id } = &configuration.provider else {
            return Err(Error::internal("a SAML provider was asked as an OpenID provider"));
        };
        let federation = &self.config().federation;
        let fetcher = self.inner.federation.fetcher(federation)?;
        Ok(TenantProvider::new(&id.to_string(), issuer, client_id, secret, fetcher, federation.fetch)?)
    }

    /// What the provider's answer says, or why it says nothing.
    pub(super) async fn redeem_oidc(
        &self,
        stored: &SsoConfiguration,
        configuration: &Configuration,
        secrets: &LoginSecrets,
        answer: &ProviderAnswer,
    ) -> Result<Vouched, SsoFault> {
        let callback = callback_of("sso", answer).map_err(|_| SsoFault::ProviderRefused)?;
        let provider = self.tenant_provider(stored, configuration).map_err(|_| SsoFault::ServerError)?;
        let mapping = &configuration.attribute_mapping;
        let mut wanted = vec![mapping.email()];
        wanted.extend(mapping.role.as_deref());
        let login = provider.finish(secrets, &callback, &wanted).await.map_err(|error| {
            tracing::info!(%error, "a tenant's provider vouched for nobody");
            SsoFault::from(&error)
        })?;
        // Whoever registers there writes what they like into an address that nobody has verified (OpenID Connect Core §5.1).
        let is_denied = |said: &Value| said != &Value::Bool(true) && said.as_str() != Some("true");
        if mapping.email() == "email" && login.claims.get("email_verified").is_some_and(is_denied) {
            return Err(SsoFault::AddressNotVerified);
        }
        Ok(vouched(login, configuration))
    }
}

fn vouched(login: TenantLogin, configuration: &Configuration) -> Vouched {
    let TenantLogin { subject, session, claims } = login;
    let mapping = &configuration.attribute_mapping;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let roles = mapping.role.as_deref().and_then(|name| claims.get(name)).map(values).unwrap_or_default();
    Vouched {
        email: text(mapping.email()),
        name: text(mapping.name()),
        roles,
        attributes: claims.keys().take(VALUES).cloned().collect(),
        subject,
        session,
    }
}

/// The texts of a claim with one value or several.
fn values(claim: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match claim {
        Value::Array(all) => all.iter().take(VALUES).filter_map(text).collect(),
        other => text(other).into_iter().collect(),
    }
}
