//! Proxy mode: a front end sends the browser here, here to the identity provider, and back to the front end with a code.

use sentinel_keys::secrets;
use sentinel_storage::{AuthorizationCode, Client, LoginPurpose, PageRequest, WorkspaceOfUser};

use super::journey::{Departure, FrontEnd, Journey, ProviderAnswer};
use super::{Caller, Error, ErrorKind, Service};

/// Longest `state` of a front end.
const STATE: usize = 2048;
/// Most workspaces that someone can choose from.
pub(super) const WORKSPACES: u32 = 1000;

/// What a front end asks for.
#[derive(Clone, Debug)]
pub struct LoginRequest {
    /// Where the answer goes; one of a registered client, octet by octet.
    pub redirect_uri: String,
    /// RFC 7636 §4.2.
    pub code_challenge: String,
    /// `S256`: there is no other.
    pub code_challenge_method: String,
    /// Passed back as it came.
    pub state: Option<String>,
}

/// What a browser brings back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Browser<'a> {
    /// The secret that its login on the way is bound to.
    pub journey: Option<&'a str>,
    /// The secret of a login that it has from before.
    pub login: Option<&'a str>,
}

/// Where a browser goes whose login has come back.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The front end, with a code or an error.
    pub url: String,
    /// The secret of this login, where other front ends may follow it.
    pub login: Option<String>,
}

impl Service {
    /// The names of the configured identity providers, in their order.
    #[must_use]
    pub fn provider_names(&self) -> Vec<String> {
        self.providers().iter().map(|provider| provider.id.clone()).collect()
    }

    /// Begins a login for a front end.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a redirect URI that is not registered or without PKCE: nothing is sent there then.
    /// [`ErrorKind::NotFound`] for an unknown provider.
    pub async fn begin_login(
        &self,
        provider: &str,
        request: LoginRequest,
        browser: Option<&str>,
    ) -> Result<Departure, Error> {
        let (_, front_end) = self.front_end(request).await?;
        let callback = format!("{}/auth/callback/{provider}", self.config().base_url);
        self.depart(LoginPurpose::Login, provider, &callback, Some(front_end), browser).await
    }

    /// The front end that asks, by its registered redirect URI.
    pub(super) async fn front_end(&self, request: LoginRequest) -> Result<(Client, FrontEnd), Error> {
        let client = self.store().read().await?.client_by_redirect_uri(&request.redirect_uri).await?;
        let client = client.ok_or_else(unregistered)?;
        let front_end = FrontEnd {
            redirect_uri: request.redirect_uri,
            state: checked_state(request.state)?,
            code_challenge: Some(checked_challenge(request.code_challenge, &request.code_challenge_method)?),
            client_id: Some(client.id),
        };
        Ok((client, front_end))
    }

    /// Ends a login: the URL of the front end, with a code or with an error (RFC 6749 §4.1.2.1).
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] where the answer belongs to no login of this browser: nobody is told anything then.
    pub async fn finish_login(
        &self,
        provider: &str,
        answer: &ProviderAnswer,
        browser: Browser<'_>,
        caller: &Caller,
    ) -> Result<Arrival, Error> {
        let journey = self.arrive(LoginPurpose::Login, provider, answer, browser.journey).await?;
        let front_end = journey.front_end.clone().ok_or_else(unregistered)?;
        // It may have been taken off the list meanwhile.
        let client = self.store().read().await?.client_by_redirect_uri(&front_end.redirect_uri).await?;
        if client.map(|client| client.id) != front_end.client_id {
            return Err(unregistered());
        }
        let result = self.code_for(provider, &journey, &front_end, answer, browser.login, caller).await;
        let login = result.as_ref().ok().and_then(|(_, login)| login.clone());
        Ok(Arrival { url: back_to(&front_end, result.map(|(code, _)| ("code", code))), login })
    }

    async fn code_for(
        &self,
        provider: &str,
        journey: &Journey,
        front_end: &FrontEnd,
        answer: &ProviderAnswer,
        browser: Option<&str>,
        caller: &Caller,
    ) -> Result<(String, Option<String>), Error> {
        let identity = self.identify(provider, journey, answer).await?;
        let account = self.account_of(&identity, caller).await?;
        let (Some(client_id), Some(code_challenge)) = (front_end.client_id, front_end.code_challenge.clone()) else {
            return Err(Error::internal("a login without a client or a challenge"));
        };
        let now = self.now();
        let expires_at = now.saturating_add(self.config().lifetimes.code);
        let code = secrets::random_token()?;
        let mut transaction = self.store().begin().await?;
        let login = self.remember_login(&mut transaction, account.id, browser, now).await?;
        let sso_id = login.as_ref().map(|login| login.id);
        let stored = AuthorizationCode { user_id: account.id, client_id, code_challenge, expires_at, sso_id };
        transaction.insert_authorization_code(&secrets::hash(code.as_bytes()), &stored, now).await?;
        transaction.commit().await?;
        Ok((code, login.map(|login| login.secret)))
    }

    /// The workspaces that the holder of a code can choose from. Does not use the code.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for a code that is unknown, used or expired.
    pub async fn workspaces_for_code(&self, code: &str) -> Result<Vec<WorkspaceOfUser>, Error> {
        let mut connection = self.store().read().await?;
        let code = connection.authorization_code(&secrets::hash(code.as_bytes()), self.now()).await?;
        let code = code.ok_or_else(|| Error::invalid("The code is invalid, used or expired"))?;
        let client = connection.client(code.client_id).await?.ok_or_else(unregistered)?;
        let found = connection.workspaces_of_user(code.user_id, None, &PageRequest::first(WORKSPACES)).await?.rows;
        Ok(found.into_iter().filter(|found| client.allows(found.workspace.id)).collect())
    }
}

/// The way back to the front end, with the answer or with why there is none, by its registered code.
pub(crate) fn back_to(front_end: &FrontEnd, answer: Result<(&str, String), Error>) -> String {
    match answer {
        Ok((name, value)) => way_back(front_end, &[(name, &value)]),
        Err(error) => {
            let code = match error.kind() {
                ErrorKind::Invalid | ErrorKind::NotFound => "invalid_request",
                ErrorKind::Unauthenticated | ErrorKind::Forbidden => "access_denied",
                ErrorKind::Unavailable | ErrorKind::RateLimited { .. } => "temporarily_unavailable",
                _ => "server_error",
            };
            if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) {
                tracing::error!(cause = ?std::error::Error::source(&error).map(ToString::to_string), "a login failed");
            }
            way_back(front_end, &[("error", code), ("error_description", error.detail())])
        }
    }
}

/// The redirect URI with what is added to it, and the front end's own state.
pub(super) fn way_back(front_end: &FrontEnd, parameters: &[(&str, &str)]) -> String {
    let uri = &front_end.redirect_uri;
    let separator = if uri.contains('?') { '&' } else { '?' };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    if let Some(state) = &front_end.state {
        query.append_pair("state", state);
    }
    format!("{uri}{separator}{}", query.finish())
}

pub(crate) fn unregistered() -> Error {
    Error::invalid("redirect_uri is not registered")
}

pub(crate) fn checked_state(state: Option<String>) -> Result<Option<String>, Error> {
    match state {
        Some(state) if state.len() > STATE => {
            Err(Error::invalid(format!("state must have at most {STATE} characters")))
        }
        state => Ok(state),
    }
}

/// A challenge that nobody can answer who has only seen it.
pub(crate) fn checked_challenge(challenge: String, method: &str) -> Result<String, Error> {
    if method != "S256" {
        return Err(Error::invalid("code_challenge_method must be S256"));
    }
    if !is_challenge(&challenge) {
        return Err(Error::invalid("code_challenge must be a SHA-256 in base64url, 43 characters (RFC 7636 §4.2)"));
    }
    Ok(challenge)
}

/// Whether it is long enough to be one (RFC 7636 §4.1).
pub(crate) fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
}

/// 256 bits in base64url without padding.
fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front_end(redirect_uri: &str, state: Option<&str>) -> FrontEnd {
        let state = state.map(str::to_owned);
        FrontEnd { redirect_uri: redirect_uri.into(), state, code_challenge: None, client_id: None }
    }

    #[test]
    fn the_way_back_keeps_what_was_registered_and_escapes_what_is_added() {
        let back = |uri, state| back_to(&front_end(uri, state), Ok(("code", "c&d".into())));
        assert_eq!(back("https://a.test/cb", None), "https://a.test/cb?code=c%26d");
        assert_eq!(back("https://a.test/cb?x=1", Some("s=&#")), "https://a.test/cb?x=1&code=c%26d&state=s%3D%26%23");
    }

    #[test]
    fn an_error_on_the_way_back_has_a_registered_code() {
        let back = |error| back_to(&front_end("https://a.test/cb", Some("s")), Err(error));
        assert_eq!(
            back(Error::forbidden("The account is deactivated")),
            "https://a.test/cb?error=access_denied&error_description=The+account+is+deactivated&state=s"
        );
        assert!(
            back(Error::internal("secret of ours")).contains("error=server_error&error_description=Internal+error")
        );
    }

    #[test]
    fn a_challenge_is_a_sha_256() {
        assert!(is_challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        for bad in ["", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c="] {
            assert!(!is_challenge(bad), "{bad}");
        }
    }
}
