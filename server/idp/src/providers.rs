//! All providers of a deployment.

use secrecy::SecretString;
use sentinel_core::ErrorCode;
use sentinel_tower::fetch::{FetchPolicy, Fetcher};

use crate::github::Github;
use crate::oidc::Oidc;
use crate::{Callback, IdpError, Login, LoginSecrets, ProvenIdentity, ProviderConfig, ProviderKind};

/// The identity providers of a deployment. Nothing is fetched before someone asks.
#[derive(Debug)]
pub struct Providers(Vec<Provider>);

#[derive(Debug)]
enum Provider {
    Oidc(Box<Oidc>),
    Github(Box<Github>),
}

impl Providers {
    /// These providers, in this order, reached by this policy.
    ///
    /// # Errors
    /// [`IdpError::Misconfigured`] where a configuration cannot work, or two have one name.
    pub fn new(configs: impl IntoIterator<Item = ProviderConfig>, policy: FetchPolicy) -> Result<Self, IdpError> {
        let mut providers: Vec<Provider> = Vec::new();
        // One for all: making it reads the system's certificates.
        let mut shared: Option<Fetcher> = None;
        for config in configs {
            let misconfigured = |hint| IdpError::Misconfigured { provider: config.id.clone(), hint };
            config.check().map_err(misconfigured)?;
            if providers.iter().any(|known| known.config().id == config.id) {
                return Err(misconfigured("two providers have this name"));
            }
            let fetcher = match &shared {
                Some(fetcher) => fetcher,
                None => {
                    let made = Fetcher::new(policy);
                    shared.insert(made.map_err(|_| misconfigured("the system's certificate store cannot be used"))?)
                }
            };
            providers.push(match config.kind {
                ProviderKind::Oidc | ProviderKind::EntraId => {
                    Provider::Oidc(Box::new(Oidc::new(config, fetcher, policy)?))
                }
                ProviderKind::Github => Provider::Github(Box::new(Github::new(config, fetcher)?)),
            });
        }
        Ok(Self(providers))
    }

    /// The configurations, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &ProviderConfig> {
        self.0.iter().map(Provider::config)
    }

    /// The configuration of this provider.
    #[must_use]
    pub fn lookup(&self, provider: &str) -> Option<&ProviderConfig> {
        self.iter().find(|config| config.id == provider)
    }

    /// Begins a login: makes its secrets and the URL to send the browser to. `redirect_uri` is our own callback,
    /// registered at the provider.
    ///
    /// # Errors
    /// [`IdpError::UnknownProvider`], [`IdpError::Unreachable`], [`IdpError::Misconfigured`].
    pub async fn start(&self, provider: &str, redirect_uri: &str) -> Result<Login, IdpError> {
        match self.get(provider)? {
            Provider::Oidc(oidc) => oidc.start(redirect_uri).await,
            Provider::Github(github) => github.start(redirect_uri),
        }
    }

    /// Ends a login: checks that the answer belongs to it, exchanges the code, proves who it is. The secrets must not
    /// be used a second time.
    ///
    /// # Errors
    /// [`IdpError::LoginRefused`], [`IdpError::TokenRefused`], and those of [`Self::start`].
    pub async fn finish(
        &self,
        provider: &str,
        secrets: &LoginSecrets,
        callback: &Callback<'_>,
    ) -> Result<ProvenIdentity, IdpError> {
        match self.get(provider)? {
            Provider::Oidc(oidc) => oidc.finish(secrets, callback).await,
            Provider::Github(github) => github.finish(secrets, callback).await,
        }
    }

    /// Ends a login that a front end began because it cannot exchange GitHub's code itself: the access token, for the
    /// front end alone. Who it is, is judged when the front end hands it in ([`Self::verify_token`]).
    ///
    /// # Errors
    /// As [`Self::finish`]; [`IdpError::TokenRefused`] for a provider that is not GitHub.
    pub async fn exchange_github(
        &self,
        provider: &str,
        secrets: &LoginSecrets,
        callback: &Callback<'_>,
    ) -> Result<SecretString, IdpError> {
        match self.get(provider)? {
            Provider::Github(github) => Ok(github.exchange(secrets, callback).await?.into()),
            Provider::Oidc(_) => Err(IdpError::token(ErrorCode::TypeMismatch, "this provider is not GitHub")),
        }
    }

    /// Judges an ID token that a front end got by itself. Its audience must be a client id of ours; with `nonce` its
    /// nonce must be that one.
    ///
    /// # Errors
    /// [`IdpError::TokenRefused`], and those of [`Self::start`].
    pub async fn verify_id_token(
        &self,
        provider: &str,
        token: &str,
        nonce: Option<&str>,
    ) -> Result<ProvenIdentity, IdpError> {
        match self.get(provider)? {
            Provider::Oidc(oidc) => oidc.verify_id_token(token, nonce, oidc.config().audiences().collect()).await,
            Provider::Github(_) => Err(IdpError::token(ErrorCode::TypeMismatch, "this provider has no ID tokens")),
        }
    }

    /// Judges an access token of GitHub that a front end handed in: it must have been issued to our app.
    ///
    /// # Errors
    /// As [`Self::verify_id_token`].
    pub async fn verify_github_token(&self, provider: &str, token: &str) -> Result<ProvenIdentity, IdpError> {
        match self.get(provider)? {
            Provider::Github(github) => github.verify(token).await,
            Provider::Oidc(_) => Err(IdpError::token(ErrorCode::TypeMismatch, "this provider is not GitHub")),
        }
    }

    /// Judges whatever token a front end gets from this provider: an ID token, or GitHub's access token, which has no
    /// nonce: where one is demanded it is refused.
    ///
    /// # Errors
    /// As [`Self::verify_id_token`].
    pub async fn verify_token(
        &self,
        provider: &str,
        token: &str,
        nonce: Option<&str>,
    ) -> Result<ProvenIdentity, IdpError> {
        self.verify_token_for(provider, token, nonce, &[]).await
    }

    /// As [`Self::verify_token`], where the token must have been issued to one of these of our client ids; none named:
    /// to any of ours. A name that is no client id of ours at this provider adds nothing.
    ///
    /// # Errors
    /// As there.
    pub async fn verify_token_for(
        &self,
        provider: &str,
        token: &str,
        nonce: Option<&str>,
        client_ids: &[String],
    ) -> Result<ProvenIdentity, IdpError> {
        let provider = self.get(provider)?;
        let ours = provider.config().audiences();
        let accepted: Vec<&str> =
            ours.filter(|id| client_ids.is_empty() || client_ids.iter().any(|it| it == id)).collect();
        if accepted.is_empty() {
            return Err(IdpError::token(ErrorCode::AudienceMismatch, "no token of this provider is accepted here"));
        }
        match (provider, nonce) {
            (Provider::Oidc(oidc), nonce) => oidc.verify_id_token(token, nonce, accepted).await,
            // Its tokens are the one app's.
            (Provider::Github(github), None) => github.verify(token).await,
            (Provider::Github(_), Some(_)) => {
                Err(IdpError::token(ErrorCode::ClaimMissing, "this provider's tokens have no nonce"))
            }
        }
    }

    fn get(&self, provider: &str) -> Result<&Provider, IdpError> {
        self.0.iter().find(|known| known.config().id == provider).ok_or(IdpError::UnknownProvider)
    }
}

impl Provider {
    fn config(&self) -> &ProviderConfig {
        match self {
            Self::Oidc(oidc) => oidc.config(),
            Self::Github(github) => github.config(),
        }
    }
}
