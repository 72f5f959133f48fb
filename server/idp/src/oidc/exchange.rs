//! A code for tokens (OpenID Connect Core §3.1.3), by openidconnect's client over the bounded HTTP client.

use std::fmt;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClientAuthMethod, CoreErrorResponseType, CoreGenderClaim, CoreIdToken,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
};
use openidconnect::{
    AccessToken, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, EmptyAdditionalClaims, EndpointNotSet,
    EndpointSet, JsonWebKeySet, OAuth2TokenResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError,
    Scope, StandardErrorResponse, TokenResponse, TokenType,
};
use secrecy::ExposeSecret;
use sentinel_tower::fetch::FetchError;
use serde::{Deserialize, Serialize};

use super::discovery::Metadata;
use crate::remote::Remote;
use crate::{IdpError, LoginFault, LoginSecrets, ProviderConfig};

pub(crate) type OidcClient = Client<
    EmptyAdditionalClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// A token response that leaves the ID token as it came: the core reads it, and nobody before.
#[derive(Deserialize, Serialize)]
pub(crate) struct Tokens {
    access_token: AccessToken,
    token_type: AnyTokenType,
    #[serde(default)]
    id_token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct AnyTokenType(String);

impl TokenType for AnyTokenType {}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

impl Tokens {
    pub(crate) fn access_token(&self) -> &str {
        self.access_token.secret()
    }

    pub(crate) fn id_token(&self) -> Option<&str> {
        self.id_token.as_deref()
    }
}

impl OAuth2TokenResponse for Tokens {
    type TokenType = AnyTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }
    fn token_type(&self) -> &AnyTokenType {
        &self.token_type
    }
    fn expires_in(&self) -> Option<Duration> {
        None
    }
    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }
    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

type JweAlgorithm = CoreJweContentEncryptionAlgorithm;

impl TokenResponse<EmptyAdditionalClaims, CoreGenderClaim, JweAlgorithm, CoreJwsSigningAlgorithm> for Tokens {
    /// openidconnect's own reading of the ID token: there is none.
    fn id_token(&self) -> Option<&CoreIdToken> {
        None
    }
}

/// openidconnect's client for this provider as it described itself.
pub(crate) fn client(config: &ProviderConfig, metadata: &Metadata, remote: &Remote) -> Result<OidcClient, IdpError> {
    let token = metadata.token_endpoint().ok_or_else(|| remote.misconfigured("it has no token endpoint"))?;
    let client_id = ClientId::new(config.client_id.clone());
    let client = Client::new(client_id, metadata.issuer().clone(), JsonWebKeySet::default())
        .set_auth_uri(metadata.authorization_endpoint().clone())
        .set_token_uri(token.clone());
    let Some(secret) = &config.client_secret else {
        return Ok(client.set_auth_type(AuthType::RequestBody));
    };
    // Basic is the default where nothing is said (OpenID Connect Discovery §3) and keeps secrets out of bodies.
    let only_in_body = metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| {
        !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
            && methods.contains(&CoreClientAuthMethod::ClientSecretPost)
    });
    let auth_type = if config.secret_in_body || only_in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
    Ok(client.set_client_secret(ClientSecret::new(secret.expose_secret().to_owned())).set_auth_type(auth_type))
}

/// The redirect URI as openidconnect takes it.
pub(crate) fn redirect(uri: &str, remote: &Remote) -> Result<RedirectUrl, IdpError> {
    RedirectUrl::new(uri.to_owned()).map_err(|_| remote.misconfigured("the redirect URI is not a URL"))
}

/// Exchanges the code.
pub(crate) async fn exchange(
    client: &OidcClient,
    remote: &Remote,
    secrets: &LoginSecrets,
    code: &str,
) -> Result<Tokens, IdpError> {
    let redirect = redirect(&secrets.redirect_uri, remote)?;
    let send = |request| {
        let fetcher = remote.fetcher.clone();
        async move { fetcher.send(request).await }
    };
    let answer = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(secrets.pkce_verifier.clone()))
        .set_redirect_uri(std::borrow::Cow::Owned(redirect))
        .request_async(&send)
        .await;
    answer.map_err(|error| refused(error, remote))
}

type ExchangeError = RequestTokenError<FetchError, StandardErrorResponse<CoreErrorResponseType>>;

/// What the provider's refusal means (RFC 6749 §5.2). Its own words are not passed on: they can hold anything.
fn refused(error: ExchangeError, remote: &Remote) -> IdpError {
    use CoreErrorResponseType as Refusal;
    match error {
        RequestTokenError::Request(error) => remote.failed(error),
        RequestTokenError::ServerResponse(answer) => match answer.error() {
            // What a made-up code provokes.
            Refusal::InvalidGrant | Refusal::InvalidRequest => LoginFault::Code.into(),
            Refusal::InvalidClient | Refusal::UnauthorizedClient => {
                remote.misconfigured("it does not accept our client id and secret")
            }
            Refusal::InvalidScope => remote.misconfigured("it does not know one of the scopes"),
            Refusal::UnsupportedGrantType => remote.misconfigured("it does not allow us the authorization code grant"),
            _ => remote.unreachable("it refuses to exchange the code"),
        },
        _ => remote.unreachable("its token endpoint's answer is not in the form that is specified"),
    }
}
