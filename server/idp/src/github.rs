//! GitHub: OAuth 2.0 with PKCE, then its API says who it is. It has no ID tokens.
//!
//! An access token that a front end hands in is first asked about at `POST /applications/{client_id}/token`, which
//! knows only tokens of that app: one that another app was given must not log anybody in here.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use openidconnect::{CsrfToken, PkceCodeChallenge};
use secrecy::ExposeSecret;
use sentinel_core::ErrorCode;
use sentinel_tower::fetch::Fetcher;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::identity::Said;
use crate::recent::Recent;
use crate::remote::Remote;
use crate::{Callback, IdpError, Login, LoginFault, LoginSecrets, ProvenIdentity, ProviderConfig};

const JSON: &str = "application/vnd.github+json";
const VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");

/// Longest token that is passed on; GitHub recommends room for 255.
const TOKEN_BYTES: usize = 1024;

/// GitHub, or a GitHub Enterprise Server.
#[derive(Debug)]
pub(crate) struct Github {
    config: ProviderConfig,
    remote: Remote,
    /// Without a slash at the end; also the issuer.
    web: String,
    api: String,
    recent: Recent,
}

/// `POST /login/oauth/access_token`: an error has status 200 too.
#[derive(Deserialize)]
struct Exchanged {
    access_token: Option<String>,
    error: Option<String>,
}

/// `POST /applications/{client_id}/token`.
#[derive(Deserialize)]
struct Checked {
    app: App,
    user: Option<Account>,
}

#[derive(Deserialize)]
struct App {
    client_id: String,
}

#[derive(Deserialize)]
struct Account {
    id: u64,
}

/// `GET /user`.
#[derive(Deserialize)]
struct User {
    id: u64,
    login: Option<String>,
    name: Option<String>,
    avatar_url: Option<String>,
}

/// `GET /user/emails`.
#[derive(Deserialize)]
struct Email {
    email: String,
    primary: bool,
    verified: bool,
}

impl Github {
    pub(crate) fn new(config: ProviderConfig, fetcher: &Fetcher) -> Result<Self, IdpError> {
        let remote = Remote::new(&config, fetcher);
        let (web, api) = (config.issuer.trim_end_matches('/').to_owned(), config.api());
        remote.check(&web)?;
        remote.check(&api)?;
        Ok(Self { config, remote, web, api, recent: Recent::default() })
    }

    pub(crate) fn config(&self) -> &ProviderConfig {
        &self.config
    }

    pub(crate) fn start(&self, redirect_uri: &str) -> Result<Login, IdpError> {
        Url::parse(redirect_uri).map_err(|_| self.remote.misconfigured("the redirect URI is not a URL"))?;
        let state = CsrfToken::new_random().into_secret();
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", redirect_uri),
            ("scope", &self.config.scopes.join(" ")),
            ("state", &state),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let url = Url::parse_with_params(&format!("{}/login/oauth/authorize", self.web), parameters)
            .map_err(|_| self.remote.misconfigured("the issuer is not a URL"))?;
        let secrets = LoginSecrets {
            provider: self.config.id.clone(),
            issuer: self.web.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state,
            nonce: String::new(),
            pkce_verifier: verifier.into_secret(),
        };
        Ok(Login { url: url.into(), secrets })
    }

    pub(crate) async fn finish(
        &self,
        secrets: &LoginSecrets,
        callback: &Callback<'_>,
    ) -> Result<ProvenIdentity, IdpError> {
        self.identity(&self.exchange(secrets, callback).await?, None).await
    }

    /// The access token that a login comes to.
    pub(crate) async fn exchange(&self, secrets: &LoginSecrets, callback: &Callback<'_>) -> Result<String, IdpError> {
        secrets.check(&self.config.id, &self.web, callback)?;
        // GitHub's authorization server metadata (RFC 8414) names the longer one.
        let is_ours = |iss: &str| iss == self.web || iss.strip_prefix(&self.web) == Some("/login/oauth");
        if callback.iss.is_some_and(|iss| !is_ours(iss)) {
            return Err(LoginFault::Issuer.into());
        }
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("client_secret", self.secret())
            .append_pair("code", callback.code)
            .append_pair("redirect_uri", &secrets.redirect_uri)
            .append_pair("code_verifier", &secrets.pkce_verifier)
            .finish();
        let request = http::Request::post(format!("{}/login/oauth/access_token", self.web))
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.into_bytes());
        let answer = self.remote.send(request).await?;
        if !answer.status().is_success() {
            return Err(self.remote.unreachable("its token endpoint answers with an error"));
        }
        match self.remote.json(answer.body())? {
            Exchanged { error: None, access_token: Some(token) } => Ok(token),
            Exchanged { error: Some(error), .. } => Err(match error.as_str() {
                "incorrect_client_credentials" => {
                    self.remote.misconfigured("it does not accept our client id and secret")
                }
                "redirect_uri_mismatch" => {
                    self.remote.misconfigured("our callback is not the one that is registered there")
                }
                _ => LoginFault::Code.into(),
            }),
            Exchanged { error: None, access_token: None } => {
                Err(self.remote.unreachable("its answer is not in the form that is specified"))
            }
        }
    }

    pub(crate) async fn verify(&self, token: &str) -> Result<ProvenIdentity, IdpError> {
        if let Some(word) = self.recent.word(token, Instant::now()) {
            return word;
        }
        let word = self.judge(token).await;
        self.recent.remember(token, &word, Instant::now());
        word
    }

    async fn judge(&self, token: &str) -> Result<ProvenIdentity, IdpError> {
        const NOT_OURS: (ErrorCode, &str) =
            (ErrorCode::AudienceMismatch, "the token was not issued to this app, or has ended");
        let refused = || IdpError::token(NOT_OURS.0, NOT_OURS.1);
        if token.is_empty() || token.len() > TOKEN_BYTES || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IdpError::token(ErrorCode::TokenMalformed, "the token is not an access token of GitHub"));
        }
        let client_id: String = url::form_urlencoded::byte_serialize(self.config.client_id.as_bytes()).collect();
        let credentials = STANDARD.encode(format!("{}:{}", self.config.client_id, self.secret()));
        let request = http::Request::post(format!("{}/applications/{client_id}/token", self.api))
            .header(ACCEPT, JSON)
            .header(VERSION.0, VERSION.1)
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Basic {credentials}"))
            .body(serde_json::json!({ "access_token": token }).to_string().into_bytes());
        let answer = self.remote.send(request).await?;
        let checked: Checked = match answer.status().as_u16() {
            200 => self.remote.json(answer.body())?,
            404 | 422 => return Err(refused()),
            401 => return Err(self.remote.misconfigured("it does not accept our client id and secret")),
            _ => return Err(self.remote.unreachable("its API answers with an error")),
        };
        match checked.user {
            Some(owner) if checked.app.client_id == self.config.client_id => self.identity(token, Some(owner.id)).await,
            _ => Err(refused()),
        }
    }

    /// Whose token it is; `owner` is who it must be.
    async fn identity(&self, token: &str, owner: Option<u64>) -> Result<ProvenIdentity, IdpError> {
        let (user, emails) =
            tokio::join!(self.ask::<User>(token, "/user"), self.ask::<Vec<Email>>(token, "/user/emails"));
        let refused = || IdpError::token(ErrorCode::SignatureInvalid, "GitHub does not accept the token");
        let user = user?.ok_or_else(refused)?;
        if owner.is_some_and(|owner| owner != user.id) {
            return Err(IdpError::token(ErrorCode::BindingMismatch, "GitHub names two owners of the token"));
        }
        // Without the scope `user:email` there is a person without an address.
        let emails = emails?.unwrap_or_default();
        let primary = emails.into_iter().find(|email| email.primary);
        let said = Said {
            email_verified: primary.as_ref().is_some_and(|primary| primary.verified),
            email: primary.map(|primary| primary.email),
            name: user.name.or_else(|| user.login.clone()),
            hosted_domain: None,
            given_name: None,
            family_name: None,
            username: user.login,
            picture: user.avatar_url,
        };
        ProvenIdentity::new(&self.config, &self.web, &user.id.to_string(), said)
            .ok_or_else(|| self.remote.unreachable("its answer is not in the form that is specified"))
    }

    /// Asks the API with the person's own token; nothing where it may not.
    async fn ask<T: DeserializeOwned>(&self, token: &str, path: &str) -> Result<Option<T>, IdpError> {
        let request = http::Request::get(format!("{}{path}", self.api))
            .header(ACCEPT, JSON)
            .header(VERSION.0, VERSION.1)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Vec::new());
        let answer = self.remote.send(request).await?;
        // A rate limit is 403 too, but then it says so.
        let is_limited = answer.headers().get("x-ratelimit-remaining").is_some_and(|left| left == "0");
        match answer.status().as_u16() {
            200 => self.remote.json(answer.body()).map(Some),
            401 | 403 | 404 if !is_limited => Ok(None),
            _ => Err(self.remote.unreachable("its API answers with an error")),
        }
    }

    fn secret(&self) -> &str {
        self.config.client_secret.as_ref().map_or("", |secret| secret.expose_secret())
    }
}
