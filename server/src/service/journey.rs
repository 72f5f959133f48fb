//! A browser's way to an identity provider and back. The `state` is good once, for the purpose and provider that it
//! was made for, in the browser that began (RFC 9700 §4.7: login CSRF).

use secrecy::SecretString;
use sentinel_idp::{Callback, LoginSecrets, ProvenIdentity};
use sentinel_keys::{Purpose, secrets};
use sentinel_storage::{LoginPurpose, LoginState};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Error, Service};

/// What the provider sent the browser back with (RFC 6749 §4.1.2, RFC 9207).
#[derive(Clone, Debug, Default)]
pub struct ProviderAnswer {
    /// The provider's code.
    pub code: Option<String>,
    /// The `state` that we sent.
    pub state: Option<String>,
    /// Who answers, where the provider says so.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// A login that has begun.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Where to send the browser.
    pub url: String,
    /// What the browser must bring back in its cookie.
    pub browser: String,
}

/// What the way back needs.
#[derive(Serialize, Deserialize)]
pub(crate) struct Journey {
    secrets: LoginSecrets,
    browser_hash: [u8; 32],
    pub(crate) front_end: Option<FrontEnd>,
}

/// Who is waiting for the answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FrontEnd {
    pub(crate) redirect_uri: String,
    /// The client's own `state`, passed back as it came.
    pub(crate) state: Option<String>,
    /// S256 (RFC 7636 §4.2); none where there is no code to protect.
    pub(crate) code_challenge: Option<String>,
    pub(crate) client_id: Option<Uuid>,
}

/// Longest of what comes back in a query: more than any provider sends.
const PARAMETER: usize = 8192;

impl Service {
    /// Sends a browser to a provider. `browser` is the secret that it has from an earlier login on its way, if any:
    /// two at a time must both come back.
    pub(crate) async fn depart(
        &self,
        purpose: LoginPurpose,
        provider: &str,
        callback: &str,
        front_end: Option<FrontEnd>,
        browser: Option<&str>,
    ) -> Result<Departure, Error> {
        let login = self.providers().start(provider, callback).await?;
        let browser = match browser.filter(|known| is_secret(known)) {
            Some(known) => known.to_owned(),
            None => secrets::random_token()?,
        };
        let hash = secrets::hash(login.secrets.state.as_bytes());
        let journey = Journey { secrets: login.secrets, browser_hash: secrets::hash(browser.as_bytes()), front_end };
        let journey = serde_json::to_vec(&journey).map_err(Error::internal)?;
        let sealed = self.inner.master.seal(Purpose::LOGIN_STATE, &hash, &journey)?;
        let expires_at = self.now().saturating_add(self.config().lifetimes.login);
        let mut transaction = self.store().begin().await?;
        let state = LoginState { purpose, provider: provider.to_owned(), sealed, expires_at };
        transaction.insert_login_state(&hash, &state).await?;
        transaction.commit().await?;
        Ok(Departure { url: login.url, browser })
    }

    /// Takes the journey that this answer belongs to. Whatever comes of it, it is used up.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for an answer that no login of this browser is waiting for.
    pub(crate) async fn arrive(
        &self,
        purpose: LoginPurpose,
        provider: &str,
        answer: &ProviderAnswer,
        browser: Option<&str>,
    ) -> Result<Journey, Error> {
        let state = answer.state.as_deref().ok_or_else(|| Error::invalid("The state is missing"))?;
        let hash = secrets::hash(state.as_bytes());
        let mut transaction = self.store().begin().await?;
        let taken = transaction.take_login_state(&hash, self.now()).await?;
        transaction.commit().await?;
        let unknown = || Error::invalid("The login is unknown, used or expired: begin again");
        let taken = taken.filter(|taken| taken.purpose == purpose && taken.provider == provider).ok_or_else(unknown)?;
        let journey = self.inner.master.open(Purpose::LOGIN_STATE, &hash, &taken.sealed)?;
        let journey: Journey = serde_json::from_slice(&journey).map_err(Error::internal)?;
        let is_same = browser.is_some_and(|it| secrets::equal(&secrets::hash(it.as_bytes()), &journey.browser_hash));
        if is_same { Ok(journey) } else { Err(Error::invalid("The login was begun in another browser")) }
    }

    /// Who it is, by the provider's word.
    pub(crate) async fn identify(
        &self,
        provider: &str,
        journey: &Journey,
        answer: &ProviderAnswer,
    ) -> Result<ProvenIdentity, Error> {
        let callback = callback_of(provider, answer)?;
        Ok(self.providers().finish(provider, &journey.secrets, &callback).await?)
    }

    /// The access token of a provider without ID tokens, for the front end that waits for it.
    pub(crate) async fn exchange(
        &self,
        provider: &str,
        journey: &Journey,
        answer: &ProviderAnswer,
    ) -> Result<SecretString, Error> {
        let callback = callback_of(provider, answer)?;
        Ok(self.providers().exchange_github(provider, &journey.secrets, &callback).await?)
    }
}

/// The provider's answer, where it is one.
pub(super) fn callback_of<'a>(provider: &str, answer: &'a ProviderAnswer) -> Result<Callback<'a>, Error> {
    if let Some(error) = &answer.error {
        tracing::info!(provider, error = error.get(..64).unwrap_or(error), "an identity provider refused a login");
        return Err(Error::unauthenticated("The identity provider refused the login"));
    }
    let (Some(code), Some(state)) = (&answer.code, &answer.state) else {
        return Err(Error::invalid("The code is missing"));
    };
    if code.len() > PARAMETER {
        return Err(Error::invalid("The code is too long"));
    }
    Ok(Callback { code, state, iss: answer.iss.as_deref() })
}

/// Whether it looks like one of ours: nobody makes us keep anything else.
pub(super) fn is_secret(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
}
