//! What an operator says about an identity provider.

use secrecy::SecretString;

pub(crate) const GOOGLE: &str = "https://accounts.google.com";
pub(crate) const GITHUB: &str = "https://github.com";
const GITHUB_API: &str = "https://api.github.com";

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// OpenID Connect with discovery.
    Oidc,
    /// OpenID Connect as Microsoft Entra ID does it: one issuer for each tenant, and e-mail addresses that anyone's
    /// administrator can write, which are never proof.
    EntraId,
    /// GitHub's OAuth 2.0 and API: no ID token, no discovery.
    Github,
}

/// One identity provider. The constructors set what is usual; every field may be changed afterwards.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    /// The name in URLs and requests: `google`, `github`, `entra_id` or any of `a-z 0-9 _ -`, at most 64 long.
    pub id: String,
    /// How it is spoken to.
    pub kind: ProviderKind,
    /// The issuer, exactly as its discovery document writes it; for GitHub the address of its web pages.
    pub issuer: String,
    /// Our client id there.
    pub client_id: String,
    /// Our secret there; `None` for a public client (PKCE alone protects it).
    pub client_secret: Option<SecretString>,
    /// Whether the secret goes into the body (`client_secret_post`) also where the provider takes it in a header: some
    /// bind a client to one of the two.
    pub secret_in_body: bool,
    /// Other client ids of ours there (a mobile app's, a front end's), whose ID tokens are accepted too when a front
    /// end hands them in.
    pub extra_audiences: Vec<String>,
    /// What is asked for. OpenID providers are always asked for `openid`.
    pub scopes: Vec<String>,
    /// Whether an address that this provider calls verified counts as proof (and may join accounts). Entra ID's
    /// never does, whatever stands here.
    pub trust_email: bool,
    /// Entra ID: the ids of the tenants whose people are accepted. Required where the issuer is `common`,
    /// `organizations` or `consumers`; elsewhere the issuer says it.
    pub tenants: Vec<String>,
    /// GitHub: the address of its API. `None`: `https://api.github.com`, and `<issuer>/api/v3` at another issuer
    /// (GitHub Enterprise Server).
    pub api_url: Option<String>,
}

impl ProviderConfig {
    /// Any OpenID provider. Its e-mail addresses are not proof until [`Self::trust_email`] is set.
    #[must_use]
    pub fn oidc(id: &str, issuer: &str, client_id: &str, client_secret: Option<SecretString>) -> Self {
        Self {
            id: id.to_owned(),
            kind: ProviderKind::Oidc,
            issuer: issuer.to_owned(),
            client_id: client_id.to_owned(),
            client_secret,
            secret_in_body: false,
            extra_audiences: Vec::new(),
            scopes: ["openid", "email", "profile"].map(str::to_owned).into(),
            trust_email: false,
            tenants: Vec::new(),
            api_url: None,
        }
    }

    /// Google, as `google`.
    #[must_use]
    pub fn google(client_id: &str, client_secret: SecretString) -> Self {
        Self { trust_email: true, ..Self::oidc("google", GOOGLE, client_id, Some(client_secret)) }
    }

    /// Microsoft Entra ID, as `entra_id`, for the people of this tenant (its id, a UUID), or of `common`,
    /// `organizations` or `consumers` with [`Self::tenants`] set.
    #[must_use]
    pub fn entra_id(tenant: &str, client_id: &str, client_secret: SecretString) -> Self {
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let config = Self::oidc("entra_id", &issuer, client_id, Some(client_secret));
        Self { kind: ProviderKind::EntraId, ..config }
    }

    /// GitHub, as `github`.
    #[must_use]
    pub fn github(client_id: &str, client_secret: SecretString) -> Self {
        let config = Self::oidc("github", GITHUB, client_id, Some(client_secret));
        let scopes = ["read:user", "user:email"].map(str::to_owned).into();
        Self { kind: ProviderKind::Github, scopes, trust_email: true, ..config }
    }

    /// Whether a verified address of this provider is proof.
    pub(crate) fn email_is_proof(&self) -> bool {
        self.trust_email && self.kind != ProviderKind::EntraId
    }

    /// Every client id whose tokens are ours.
    pub(crate) fn audiences(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.client_id).chain(&self.extra_audiences).map(String::as_str)
    }

    /// GitHub's API, without a slash at the end.
    pub(crate) fn api(&self) -> String {
        let issuer = self.issuer.trim_end_matches('/');
        match &self.api_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None if issuer == GITHUB => GITHUB_API.to_owned(),
            None => format!("{issuer}/api/v3"),
        }
    }

    /// What cannot be, whatever the provider answers. Gives a hint for the operator.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
        if !(1..=64).contains(&self.id.len()) || !self.id.bytes().all(is_name) {
            return Err("its name must be 1 to 64 of a-z, 0-9, `_` and `-`");
        }
        if self.audiences().any(str::is_empty) {
            return Err("a client id is empty");
        }
        // OpenID Connect Discovery §3: no query or fragment.
        if self.issuer.contains(['?', '#']) {
            return Err("the issuer has a query or a fragment");
        }
        if self.kind == ProviderKind::Github && self.client_secret.is_none() {
            return Err("GitHub needs a client secret");
        }
        if self.kind != ProviderKind::EntraId && !self.tenants.is_empty() {
            return Err("only Entra ID has tenants");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused_at_the_start() {
        let good = ProviderConfig::google("client", "secret".into());
        assert_eq!(good.check(), Ok(()));
        for id in ["", "Google", "a/b", "a b", &"a".repeat(65)] {
            assert!(ProviderConfig { id: id.to_owned(), ..good.clone() }.check().is_err(), "{id}");
        }
        assert!(ProviderConfig { client_id: String::new(), ..good.clone() }.check().is_err());
        assert!(ProviderConfig { extra_audiences: vec![String::new()], ..good.clone() }.check().is_err());
        assert!(ProviderConfig { issuer: "https://id.example/?a".into(), ..good.clone() }.check().is_err());
        assert!(ProviderConfig { tenants: vec!["t".into()], ..good }.check().is_err());
        let github = ProviderConfig::github("client", "secret".into());
        assert_eq!(github.check(), Ok(()));
        assert!(ProviderConfig { client_secret: None, ..github }.check().is_err());
    }

    #[test]
    fn only_some_providers_addresses_are_proof() {
        assert!(ProviderConfig::google("c", "s".into()).email_is_proof());
        assert!(ProviderConfig::github("c", "s".into()).email_is_proof());
        assert!(!ProviderConfig::oidc("okta", "https://id.example", "c", None).email_is_proof());
        let entra = ProviderConfig::entra_id("common", "c", "s".into());
        assert!(!ProviderConfig { trust_email: true, ..entra }.email_is_proof());
    }

    #[test]
    fn githubs_api_is_where_its_pages_are() {
        let github = ProviderConfig::github("c", "s".into());
        assert_eq!(github.api(), "https://api.github.com");
        let enterprise = ProviderConfig { issuer: "https://git.example/".into(), ..github.clone() };
        assert_eq!(enterprise.api(), "https://git.example/api/v3");
        let told = ProviderConfig { api_url: Some("https://api.git.example/".into()), ..github };
        assert_eq!(told.api(), "https://api.git.example");
    }

    #[test]
    fn a_configuration_shows_no_secret() {
        let shown = format!("{:?}", ProviderConfig::google("client", "hunter2".into()));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
