//! OpenID Connect: discovery, the authorization code flow with PKCE, ID tokens.

mod discovery;
mod exchange;
mod id_token;
mod issuer;
mod userinfo;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::SystemTime;

use openidconnect::core::CoreResponseType;
use openidconnect::{AuthenticationFlow, CsrfToken, LoginHint, Nonce, PkceCodeChallenge, Scope};
use sentinel_core::{Claims, ErrorCode, VerifiedToken};
use sentinel_tower::fetch::{FetchPolicy, Fetcher};
use serde_json::{Map, Value};

use self::discovery::{Discovered, Discovery};
use self::id_token::Demands;
use self::issuer::Issuers;
use crate::identity::Said;
use crate::remote::Remote;
use crate::{Callback, IdpError, Login, LoginFault, LoginSecrets, ProvenIdentity, ProviderConfig};

/// One OpenID provider.
#[derive(Debug)]
pub(crate) struct Oidc {
    config: ProviderConfig,
    remote: Remote,
    issuers: Issuers,
    discovery: Discovery,
}

impl Oidc {
    pub(crate) fn new(config: ProviderConfig, fetcher: &Fetcher, policy: FetchPolicy) -> Result<Self, IdpError> {
        let remote = Remote::new(&config, fetcher);
        remote.check(&config.issuer)?;
        let issuers = Issuers::new(&config).map_err(|hint| remote.misconfigured(hint))?;
        let discovery = Discovery::new(&config.issuer, policy);
        Ok(Self { config, remote, issuers, discovery })
    }

    pub(crate) fn config(&self) -> &ProviderConfig {
        &self.config
    }

    pub(crate) async fn start(&self, redirect_uri: &str) -> Result<Login, IdpError> {
        self.start_with(redirect_uri, None).await
    }

    /// `hint`: who will probably log in.
    pub(crate) async fn start_with(&self, redirect_uri: &str, hint: Option<&str>) -> Result<Login, IdpError> {
        let redirect = exchange::redirect(redirect_uri, &self.remote)?;
        let discovered = self.discovered().await?;
        let client = exchange::client(&self.config, &discovered.metadata, &self.remote)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        // `openid` is added by the client itself.
        let scopes = self.config.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new);
        let mut request = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .set_redirect_uri(Cow::Owned(redirect))
            .add_scopes(scopes)
            .set_pkce_challenge(challenge);
        if let Some(hint) = hint {
            request = request.set_login_hint(LoginHint::new(hint.to_owned()));
        }
        let (url, state, nonce) = request.url();
        let secrets = LoginSecrets {
            provider: self.config.id.clone(),
            issuer: self.issuers.name().to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            pkce_verifier: verifier.into_secret(),
        };
        Ok(Login { url: url.into(), secrets })
    }

    pub(crate) async fn finish(
        &self,
        secrets: &LoginSecrets,
        callback: &Callback<'_>,
    ) -> Result<ProvenIdentity, IdpError> {
        let (discovered, verified, tokens) = self.redeem(secrets, callback).await?;
        let mut said = said(verified.claims());
        if let (None, Some(url)) = (&said.email, discovered.metadata.userinfo_endpoint()) {
            let subject = verified.claims().subject().unwrap_or_default();
            let further = userinfo::ask(&self.remote, url.as_str(), tokens.access_token(), &subject).await?;
            said = further.unwrap_or(said);
        }
        self.identity(&verified, said)
    }

    /// As [`Self::finish`], with all that the provider says: the ID token's claims and, where one of the `wanted` is not
    /// among them, those of the UserInfo endpoint. What the ID token says stands.
    pub(crate) async fn finish_with_claims(
        &self,
        secrets: &LoginSecrets,
        callback: &Callback<'_>,
        wanted: &[&str],
    ) -> Result<(ProvenIdentity, Map<String, Value>), IdpError> {
        let (discovered, verified, tokens) = self.redeem(secrets, callback).await?;
        let identity = self.identity(&verified, Said::default())?;
        let mut claims = claims_of(&verified);
        let endpoint = discovered.metadata.userinfo_endpoint();
        if let Some(url) = endpoint.filter(|_| wanted.iter().any(|name| !claims.contains_key(*name))) {
            let token = tokens.access_token();
            let further = userinfo::claims(&self.remote, url.as_str(), token, &identity.subject).await?;
            for (name, value) in further.unwrap_or_default() {
                claims.entry(name).or_insert(value);
            }
        }
        Ok((identity, claims))
    }

    /// Judges a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6).
    pub(crate) async fn verify_logout_token(&self, token: &str) -> Result<Map<String, Value>, IdpError> {
        let discovered = self.discovered().await?;
        let verdict =
            id_token::verify_logout(&discovered.keys, &self.issuers, token, &self.config.client_id, now()).await;
        Ok(claims_of(&verdict.map_err(|error| self.refused(error))?))
    }

    /// That the provider answers and is what it was configured as: the address that a browser is sent to.
    pub(crate) async fn check(&self) -> Result<String, IdpError> {
        Ok(self.discovered().await?.metadata.authorization_endpoint().to_string())
    }

    async fn redeem(
        &self,
        secrets: &LoginSecrets,
        callback: &Callback<'_>,
    ) -> Result<(Arc<Discovered>, VerifiedToken, exchange::Tokens), IdpError> {
        secrets.check(&self.config.id, self.issuers.name(), callback)?;
        let discovered = self.discovered().await?;
        // Before the code goes anywhere: in a mix-up it is an honest issuer's code (RFC 9207 §2.4).
        match callback.iss {
            Some(iss) if !self.issuers.accepts(iss) => return Err(LoginFault::Issuer.into()),
            None if discovered.promises_iss() => return Err(LoginFault::Issuer.into()),
            _ => {}
        }
        let client = exchange::client(&self.config, &discovered.metadata, &self.remote)?;
        let tokens = exchange::exchange(&client, &self.remote, secrets, callback.code).await?;
        let id_token = tokens
            .id_token()
            .ok_or_else(|| self.remote.misconfigured("it gave no ID token: it is no OpenID provider"))?;
        let demands = Demands {
            audiences: vec![&self.config.client_id],
            ours: self.config.audiences().collect(),
            nonce: Some(&secrets.nonce),
            access_token: Some(tokens.access_token()),
        };
        let verified = self.verify(&discovered, id_token, &demands).await?;
        Ok((discovered, verified, tokens))
    }

    /// `ours`: the client ids whose tokens are taken, as `aud` and as `azp`.
    pub(crate) async fn verify_id_token(
        &self,
        token: &str,
        nonce: Option<&str>,
        ours: Vec<&str>,
    ) -> Result<ProvenIdentity, IdpError> {
        let discovered = self.discovered().await?;
        let demands = Demands { audiences: ours.clone(), ours, nonce, access_token: None };
        let verified = self.verify(&discovered, token, &demands).await?;
        self.identity(&verified, said(verified.claims()))
    }

    async fn discovered(&self) -> Result<Arc<Discovered>, IdpError> {
        self.discovery.get(&self.remote, &self.issuers).await
    }

    async fn verify(
        &self,
        discovered: &Discovered,
        token: &str,
        demands: &Demands<'_>,
    ) -> Result<VerifiedToken, IdpError> {
        let verdict = id_token::verify(&discovered.keys, &self.issuers, token, demands, now()).await;
        verdict.map_err(|error| self.refused(error))
    }

    fn refused(&self, error: sentinel_core::Error) -> IdpError {
        match error.code() {
            ErrorCode::Unavailable => self.remote.unreachable("its keys could not be fetched"),
            _ => IdpError::TokenRefused(error),
        }
    }

    fn identity(&self, token: &VerifiedToken, said: Said) -> Result<ProvenIdentity, IdpError> {
        let claims = token.claims();
        let issuer = self.issuers.settle(claims).map_err(IdpError::TokenRefused)?;
        let subject = claims.subject().unwrap_or_default();
        ProvenIdentity::new(&self.config, &issuer, &subject, said)
            .ok_or(IdpError::token(ErrorCode::ClaimInvalid, "the subject is empty, too long or not text (sub)"))
    }
}

/// Seconds since the epoch.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// All claims of a verified token.
fn claims_of(token: &VerifiedToken) -> Map<String, Value> {
    // A verified token's payload is a JSON object.
    serde_json::from_str(token.claims().as_json()).unwrap_or_default()
}

/// The standard claims (OpenID Connect Core §5.1). What has another type than it should is not there.
fn said(claims: Claims<'_>) -> Said {
    let text = |name| claims.string(name).map(Cow::into_owned);
    // Some providers write the boolean as a string.
    let email_verified = claims
        .get("email_verified")
        .is_some_and(|v| v.as_bool() == Some(true) || v.as_str().as_deref() == Some("true"));
    Said {
        email: text("email"),
        email_verified,
        hosted_domain: text("hd"),
        username: text("preferred_username"),
        name: text("name"),
        given_name: text("given_name"),
        family_name: text("family_name"),
        picture: text("picture"),
    }
}
