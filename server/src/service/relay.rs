//! Authz mode at GitHub: its code can be exchanged only with a secret, so a front end has it exchanged here.

use secrecy::ExposeSecret as _;
use sentinel_idp::ProviderKind;
use sentinel_storage::LoginPurpose;
use url::Url;

use super::journey::{Departure, FrontEnd, ProviderAnswer};
use super::login::{checked_state, parameters, unregistered};
use super::{Error, Service};

impl Service {
    /// Begins a login whose token goes to a front end: to a redirect URI of a client, or to a page of an origin that a
    /// service has registered.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for any other redirect URI, or a provider whose tokens a front end gets by itself;
    /// [`super::ErrorKind::NotFound`] for an unknown provider.
    pub async fn begin_relay(
        &self,
        provider: &str,
        redirect_uri: &str,
        state: Option<String>,
        browser: Option<&str>,
    ) -> Result<Departure, Error> {
        let kind = self.providers().lookup(provider).map(|config| config.kind);
        match kind.ok_or_else(|| Error::not_found("No identity provider of this name is configured"))? {
            ProviderKind::Github => {}
            _ => return Err(Error::invalid("A front end logs in with this provider by itself")),
        }
        if !self.may_receive(redirect_uri).await? {
            return Err(unregistered());
        }
        let front_end = FrontEnd {
            redirect_uri: redirect_uri.to_owned(),
            state: checked_state(state)?,
            code_challenge: None,
            client_id: None,
        };
        let callback = format!("{}/authz/idp/{provider}/callback", self.config().base_url);
        self.depart(LoginPurpose::Authz, provider, &callback, Some(front_end), browser).await
    }

    /// Ends it: the URL of the front end with `idp_token`, or with an error, in the fragment, which no server and no log
    /// gets to see.
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
        if !self.may_receive(&front_end.redirect_uri).await? {
            return Err(unregistered());
        }
        let token = self.exchange(provider, &journey, answer).await;
        let token = token.map(|token| ("idp_token", token.expose_secret().to_owned()));
        Ok(format!("{}#{}", front_end.redirect_uri, parameters(&front_end, token)))
    }

    async fn may_receive(&self, redirect_uri: &str) -> Result<bool, Error> {
        let mut connection = self.store().read().await?;
        if redirect_uri.contains('#') {
            return Ok(false);
        }
        if connection.client_by_redirect_uri(redirect_uri).await?.is_some() {
            return Ok(true);
        }
        // What a browser would make of it, and nothing that it would read otherwise than we do.
        let Some(origin) = origin_of(redirect_uri) else { return Ok(false) };
        Ok(!connection.services_by_origin(&origin).await?.is_empty())
    }
}

/// The origin of an http(s) URL that is written as every reader reads it.
fn origin_of(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.as_str() == text && url.username().is_empty() && url.password().is_none();
    (is_plain && matches!(url.scheme(), "https" | "http")).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_reader_reads_alike_has_an_origin() {
        assert_eq!(origin_of("https://a.test/x?y=1").as_deref(), Some("https://a.test"));
        assert_eq!(origin_of("http://a.test:8080/").as_deref(), Some("http://a.test:8080"));
        for bad in [
            "https:a.test/",
            "https:\\\\a.test/",
            "https://a.test\\@evil.test/",
            "https://a.test@evil.test/",
            "https://A.test/",
            "https://a.test",
            " https://a.test/",
            "https://a.test/\n",
            "javascript:alert(1)",
            "//a.test/",
            "",
        ] {
            assert_eq!(origin_of(bad), None, "{bad}");
        }
    }
}
