//! Authz mode at GitHub: its code can be exchanged only with a secret, so a front end has it exchanged here. The token
//! never stands in a URL: the front end gets a code for it, which is good once, soon, and only for who began the login.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use sentinel_idp::ProviderKind;
use sentinel_keys::{Purpose, secrets};
use sentinel_storage::{LoginPurpose, NewRelayCode};
use uuid::Uuid;

use super::journey::{Departure, FrontEnd, Journey, ProviderAnswer};
use super::login::{LoginRequest, back_to, checked_challenge, checked_state, is_verifier, unregistered};
use super::{Error, Service};

impl Service {
    /// Begins a login whose token goes to a front end, at a page that a service has registered for it.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for any other redirect URI, without PKCE, or for a provider whose tokens a front end
    /// gets by itself; [`super::ErrorKind::NotFound`] for an unknown provider.
    pub async fn begin_relay(
        &self,
        provider: &str,
        request: LoginRequest,
        browser: Option<&str>,
    ) -> Result<Departure, Error> {
        self.relayed_provider(provider)?;
        let LoginRequest { redirect_uri, code_challenge, code_challenge_method, state } = request;
        self.service_of_page(&redirect_uri).await?;
        let front_end = FrontEnd {
            redirect_uri,
            state: checked_state(state)?,
            code_challenge: Some(checked_challenge(code_challenge, &code_challenge_method)?),
            client_id: None,
        };
        let callback = format!("{}/authz/idp/{provider}/callback", self.config().base_url);
        self.depart(LoginPurpose::Authz, provider, &callback, Some(front_end), browser).await
    }

    /// Ends it: the URL of the front end, with a code or with an error (RFC 6749 §4.1.2.1).
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] where the answer belongs to no login of this browser: nobody is told anything then.
    pub async fn finish_relay(
        &self,
        provider: &str,
        answer: &ProviderAnswer,
        browser: Option<&str>,
    ) -> Result<String, Error> {
        let journey = self.arrive(LoginPurpose::Authz, provider, answer, browser).await?;
        let front_end = journey.front_end.clone().ok_or_else(unregistered)?;
        // It may have been taken off the list meanwhile.
        let service_id = self.service_of_page(&front_end.redirect_uri).await?;
        let code = self.relay_code(provider, service_id, &journey, &front_end, answer).await;
        Ok(back_to(&front_end, code.map(|code| ("code", code))))
    }

    async fn relay_code(
        &self,
        provider: &str,
        service_id: Uuid,
        journey: &Journey,
        front_end: &FrontEnd,
        answer: &ProviderAnswer,
    ) -> Result<String, Error> {
        let token = self.exchange(provider, journey, answer).await?;
        let Some(code_challenge) = front_end.code_challenge.as_deref() else {
            return Err(Error::internal("a login without a challenge"));
        };
        let code = secrets::random_token()?;
        let hash = secrets::hash(code.as_bytes());
        let sealed = self.inner.master.seal(Purpose::RELAY_CODE, &hash, token.expose_secret().as_bytes())?;
        let expires_at = self.now().saturating_add(self.config().lifetimes.code);
        let stored = NewRelayCode { service_id, provider, code_challenge, sealed: &sealed, expires_at };
        let mut transaction = self.store().begin().await?;
        transaction.insert_relay_code(&hash, &stored).await?;
        transaction.commit().await?;
        Ok(code)
    }

    /// Uses a code: the provider's token, for whoever knows what the challenge was made of.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a code that is unknown, used, expired, or not this verifier's or provider's;
    /// [`super::ErrorKind::NotFound`] for an unknown provider.
    pub async fn exchange_relay_code(
        &self,
        provider: &str,
        code: &str,
        code_verifier: &str,
    ) -> Result<SecretString, Error> {
        self.relayed_provider(provider)?;
        let refused = || Error::invalid("The code is invalid, used or expired");
        if !is_verifier(code_verifier) {
            return Err(refused());
        }
        let challenge = URL_SAFE_NO_PAD.encode(secrets::hash(code_verifier.as_bytes()));
        let hash = secrets::hash(code.as_bytes());
        let mut transaction = self.store().begin().await?;
        let sealed = transaction.take_relay_code(&hash, provider, &challenge, self.now()).await?.ok_or_else(refused)?;
        transaction.commit().await?;
        let token = self.inner.master.open(Purpose::RELAY_CODE, &hash, &sealed)?;
        Ok(std::str::from_utf8(&token).map_err(Error::internal)?.into())
    }

    fn relayed_provider(&self, provider: &str) -> Result<(), Error> {
        let kind = self.providers().lookup(provider).map(|config| config.kind);
        match kind.ok_or_else(|| Error::not_found("No identity provider of this name is configured"))? {
            ProviderKind::Github => Ok(()),
            _ => Err(Error::invalid("A front end logs in with this provider by itself")),
        }
    }

    /// The active service that has registered exactly this page.
    async fn service_of_page(&self, redirect_uri: &str) -> Result<Uuid, Error> {
        let found = self.store().read().await?.service_by_relay_redirect_uri(redirect_uri).await?;
        found.map(|service| service.id).ok_or_else(unregistered)
    }
}
