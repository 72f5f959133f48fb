//! An OpenID provider that a tenant has configured: the same flow as the deployment's own, and nothing that it says of an
//! address is proof. What it vouches for is the server's to decide, by the tenant.

use secrecy::SecretString;
use sentinel_tower::fetch::{FetchPolicy, Fetcher};
use serde_json::{Map, Value};

use crate::oidc::Oidc;
use crate::remote::Remote;
use crate::{Callback, IdpError, Login, LoginSecrets, ProviderConfig};

/// Where discovery documents are (OpenID Connect Discovery §4).
const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Longest name of a login at the provider.
const SID_BYTES: usize = 255;

/// An OpenID provider that a tenant has configured.
#[derive(Debug)]
pub struct TenantProvider(Oidc);

/// Who has logged in there, and all that was said of them.
#[derive(Clone)]
pub struct TenantLogin {
    /// The provider's name for the person.
    pub subject: String,
    /// The provider's name for its login (`sid`), where it has one.
    pub session: Option<String>,
    /// The claims, all covered by the ID token's signature or had from the UserInfo endpoint for the same subject.
    pub claims: Map<String, Value>,
}

/// Whose logins have ended at the provider (OpenID Connect Back-Channel Logout 1.0 §2.4). One of the two names is there.
#[derive(Clone)]
pub struct LogoutToken {
    /// Good once.
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub issued_at: i64,
    /// The person.
    pub subject: Option<String>,
    /// One login.
    pub session: Option<String>,
}

impl TenantProvider {
    /// A provider. `id` names this configuration of it: what was begun by another one does not end here.
    ///
    /// # Errors
    /// [`IdpError::Misconfigured`] for what cannot be an issuer or a client.
    pub fn new(
        id: &str,
        issuer: &str,
        client_id: &str,
        client_secret: Option<SecretString>,
        fetcher: &Fetcher,
        policy: FetchPolicy,
    ) -> Result<Self, IdpError> {
        let config = ProviderConfig::oidc(id, issuer, client_id, client_secret);
        config.check().map_err(|hint| IdpError::Misconfigured { provider: id.to_owned(), hint })?;
        Ok(Self(Oidc::new(config, fetcher, policy)?))
    }

    /// That the provider answers and says that it is this issuer: the address that it will send browsers to.
    ///
    /// # Errors
    /// [`IdpError::Unreachable`], [`IdpError::Misconfigured`].
    pub async fn check(&self) -> Result<String, IdpError> {
        self.0.check().await
    }

    /// Begins a login. `hint`: who will probably log in.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub async fn start(&self, redirect_uri: &str, hint: Option<&str>) -> Result<Login, IdpError> {
        self.0.start_with(redirect_uri, hint).await
    }

    /// Ends a login. `wanted`: claims for which the UserInfo endpoint is asked where the ID token does not have them.
    ///
    /// # Errors
    /// [`IdpError::LoginRefused`], [`IdpError::TokenRefused`], and those of [`Self::check`].
    pub async fn finish(
        &self,
        secrets: &LoginSecrets,
        callback: &Callback<'_>,
        wanted: &[&str],
    ) -> Result<TenantLogin, IdpError> {
        let (identity, claims) = self.0.finish_with_claims(secrets, callback, wanted).await?;
        let session = claims.get("sid").and_then(Value::as_str).filter(|sid| sid.len() <= SID_BYTES);
        Ok(TenantLogin { subject: identity.subject, session: session.map(str::to_owned), claims })
    }

    /// Judges a logout token.
    ///
    /// # Errors
    /// [`IdpError::TokenRefused`], and those of [`Self::check`].
    pub async fn logout_token(&self, token: &str) -> Result<LogoutToken, IdpError> {
        let claims = self.0.verify_logout_token(token).await?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let issued_at = claims.get("iat").and_then(Value::as_f64).map_or(0, |at| at as i64);
        Ok(LogoutToken { id: text("jti").unwrap_or_default(), issued_at, subject: text("sub"), session: text("sid") })
    }
}

/// The issuer whose discovery document this is, as the document writes it.
///
/// # Errors
/// [`IdpError::Unreachable`]; [`IdpError::Misconfigured`] for an address that is no discovery document's, or a document
/// that is another issuer's.
pub async fn issuer_of(discovery_url: &str, fetcher: &Fetcher) -> Result<String, IdpError> {
    let remote = Remote::new(&ProviderConfig::oidc("tenant", discovery_url, "client", None), fetcher);
    let no_address = "its discovery URL must end with /.well-known/openid-configuration";
    let prefix = discovery_url.strip_suffix(DISCOVERY).ok_or_else(|| remote.misconfigured(no_address))?;
    let answer = remote.fetcher.get(discovery_url, "application/json").await.map_err(|error| remote.failed(error))?;
    let document: Value = remote.json(&answer.body)?;
    let issuer = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if issuer.trim_end_matches('/') != prefix {
        return Err(remote.misconfigured("its discovery document names another issuer than the address it is at"));
    }
    Ok(issuer.to_owned())
}
