//! Identity providers as they are set.

use sentinel_idp::ProviderConfig;
use sentinel_tower::fetch::FetchPolicy;
use url::Url;

use super::{Read, Settings, SettingsError};

/// A provider that is turned on: its client id is set.
pub type Provider = ProviderConfig;

impl Settings {
    /// How far outgoing requests to providers may reach.
    #[must_use]
    pub fn fetch_policy(&self) -> FetchPolicy {
        FetchPolicy {
            loopback: self.allow_loopback_providers,
            private_networks: self.allow_private_providers,
            ..FetchPolicy::default()
        }
    }
}

pub(super) fn all(read: &Read<'_>) -> Result<Vec<Provider>, SettingsError> {
    let mut all = Vec::new();
    for id in &read.values.providers {
        all.extend(one(read, id)?);
    }
    Ok(all)
}

fn one(read: &Read<'_>, id: &str) -> Result<Option<Provider>, SettingsError> {
    let prefix = id.to_ascii_uppercase();
    let name = |rest: &str| format!("{prefix}_{rest}");
    let Some(client_id) = read.text(&name("CLIENT_ID"))? else {
        // Half a provider is a mistake; one that is only named in `PROVIDERS`, too.
        let begun = read.values.given.keys().find(|given| given.starts_with(&format!("{prefix}_")));
        let named = !super::table::KNOWN_PROVIDERS.contains(&id);
        return match begun.map(String::as_str).or(named.then_some("PROVIDERS")) {
            Some(begun) => {
                Err(SettingsError(format!("{} is missing: {begun} is set for the provider {id}", name("CLIENT_ID"))))
            }
            None => Ok(None),
        };
    };
    let secret = read.secret(&name("CLIENT_SECRET"))?;
    let issuer = read.text(&name("ISSUER"))?;
    let mut provider = match id {
        "google" => Provider::google(&client_id, required(secret, &name("CLIENT_SECRET"))?),
        "github" => Provider::github(&client_id, required(secret, &name("CLIENT_SECRET"))?),
        "entra" => {
            let tenant = required(read.text("ENTRA_TENANT_ID")?, "ENTRA_TENANT_ID")?;
            let mut provider = Provider::entra_id(&tenant, &client_id, required(secret, &name("CLIENT_SECRET"))?);
            provider.tenants.extend(read.list("ENTRA_TENANTS")?);
            provider
        }
        _ => Provider::oidc(id, &required(issuer.clone(), &name("ISSUER"))?, &client_id, secret),
    };
    if let Some(issuer) = issuer {
        let https = Url::parse(&issuer).is_ok_and(|url| url.scheme() == "https");
        if !https && read.switch("ALLOW_LOOPBACK_PROVIDERS")? != Some(true) {
            return Err(
                read.wrong(&name("ISSUER"), "an https URL; http only on this machine, with ALLOW_LOOPBACK_PROVIDERS")
            );
        }
        provider.issuer = issuer;
    }
    provider.extra_audiences = read.list(&name("EXTRA_AUDIENCES"))?;
    let scopes = read.list(&name("SCOPES"))?;
    if !scopes.is_empty() {
        provider.scopes = scopes;
    }
    if let Some(trust) = read.switch(&name("TRUST_EMAIL"))? {
        provider.trust_email = trust;
    }
    if id == "github" {
        provider.api_url = read.text("GITHUB_API_URL")?.or(provider.api_url);
    }
    Ok(Some(provider))
}

fn required<T>(value: Option<T>, name: &str) -> Result<T, SettingsError> {
    value.ok_or_else(|| SettingsError(format!("{name} is missing: the provider's client id is set")))
}
