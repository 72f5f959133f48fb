//! Proxy mode: logins by way of this server, their tokens, and their end.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::access::{Access, Routes};
use super::extract::{Body, Path, Query};
use super::{Failure, cookies};
use crate::service::journey::ProviderAnswer;
use crate::service::login::{Browser, LoginRequest};
use crate::service::sessions::TokenAnswer;
use crate::service::{Caller, Error, Service, User};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, routes!(providers))
        .add(Access::Public, routes!(login))
        .add(Access::Public, routes!(follow))
        .add(Access::Public, routes!(callback))
        .add(Access::Public, routes!(workspaces))
        .add(Access::Public, routes!(token))
        .add(Access::Public, routes!(refresh))
        .add(Access::User, routes!(logout))
}

/// The configured identity providers.
#[derive(Serialize, ToSchema)]
struct ProviderList {
    /// Their names, as they stand in `/auth/login/{provider}`.
    providers: Vec<String>,
}

/// Who people can log in with.
#[utoipa::path(get, path = "/auth/providers", tag = "auth", responses((status = 200, body = ProviderList)))]
async fn providers(State(service): State<Service>) -> Json<ProviderList> {
    Json(ProviderList { providers: service.provider_names() })
}

#[derive(Deserialize, IntoParams)]
pub(super) struct LoginQuery {
    /// Where the answer goes: a registered redirect URI, octet by octet.
    redirect_uri: String,
    /// SHA-256 of the verifier in base64url (RFC 7636 §4.2).
    code_challenge: String,
    /// `S256`.
    code_challenge_method: String,
    /// Passed back as it came.
    state: Option<String>,
}

impl From<LoginQuery> for LoginRequest {
    fn from(LoginQuery { redirect_uri, code_challenge, code_challenge_method, state }: LoginQuery) -> Self {
        Self { redirect_uri, code_challenge, code_challenge_method, state }
    }
}

/// How someone is asked.
#[derive(Deserialize, IntoParams)]
struct PromptQuery {
    /// `none`: not at all, and only a login from before counts (OpenID Connect Core §3.1.2.1).
    prompt: Option<String>,
}

impl PromptQuery {
    fn is_none(&self) -> Result<bool, Error> {
        match self.prompt.as_deref() {
            None => Ok(false),
            Some("none") => Ok(true),
            Some(_) => Err(Error::invalid("prompt must be none, or left out")),
        }
    }
}

/// Sends the browser to an identity provider. With `prompt=none` as `/auth/login`.
#[utoipa::path(get, path = "/auth/login/{provider}", tag = "auth",
    params(("provider" = String, Path, description = "Its name"), LoginQuery, PromptQuery),
    responses(
        (status = 302, description = "To the identity provider"),
        (status = 400, description = "The redirect URI is not registered, or the challenge is none"),
        (status = 404, description = "No such provider"),
        (status = 422, description = "A parameter is missing"),
    ))]
async fn login(
    State(service): State<Service>,
    Path(provider): Path<String>,
    Query(query): Query<LoginQuery>,
    Query(prompt): Query<PromptQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if prompt.is_none()? {
        return silently(&service, query, &headers).await;
    }
    let known = cookies::login_secret(service.config(), &headers);
    let departure = service.begin_login(&provider, query.into(), known.as_deref()).await?;
    cookies::depart(service.config(), &departure.url, &departure.browser)
}

/// Logs someone in who has logged in for another front end, without asking: sends the browser back at once, with a code,
/// or with `login_required` where nobody is logged in. For pages, and not for what is inside of one.
#[utoipa::path(get, path = "/auth/login", tag = "auth", params(LoginQuery, PromptQuery),
    responses(
        (status = 302, description = "To the registered redirect URI, with `code` or `error`, and `state`"),
        (status = 400, description = "The redirect URI is not registered, the challenge is none, `prompt` is not `none`, or no page asks"),
        (status = 422, description = "A parameter is missing"),
    ))]
async fn follow(
    State(service): State<Service>,
    Query(query): Query<LoginQuery>,
    Query(prompt): Query<PromptQuery>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if !prompt.is_none()? {
        return Err(Error::invalid("prompt must be none: to be asked, name a provider").into());
    }
    silently(&service, query, &headers).await
}

async fn silently(service: &Service, query: LoginQuery, headers: &HeaderMap) -> Result<Response, Failure> {
    // A frame or an image of another front end's page would get the code of its user there. Browsers send the cookie
    // into none of another site's, but subdomains and ports of one site are no others to them.
    let is = |name: &str, expected: &str| headers.get(name).is_none_or(|value| value == expected);
    if !is("sec-fetch-mode", "navigate") || !is("sec-fetch-dest", "document") {
        return Err(Error::invalid("Only a page of its own can be logged in without asking").into());
    }
    let config = service.config();
    let known = cookies::sso_secret(config, headers);
    let followed = service.follow_login(query.into(), known.as_deref()).await?;
    let response = cookies::found(&followed.url)?;
    if known.is_some() && !followed.is_known { cookies::remember(response, config, None) } else { Ok(response) }
}

/// What an identity provider sends a browser back with.
#[derive(Deserialize, IntoParams)]
pub(super) struct CallbackQuery {
    /// Its code.
    code: Option<String>,
    /// The `state` that it was sent.
    state: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
    /// Why there is no code.
    error: Option<String>,
}

impl From<CallbackQuery> for ProviderAnswer {
    fn from(CallbackQuery { code, state, iss, error }: CallbackQuery) -> Self {
        Self { code, state, iss, error }
    }
}

/// Takes the identity provider's answer, and sends the browser back to the front end with a code or an `error`.
#[utoipa::path(get, path = "/auth/callback/{provider}", tag = "auth",
    params(("provider" = String, Path, description = "Its name"), CallbackQuery),
    responses(
        (status = 302, description = "To the registered redirect URI, with `code` or `error`, and `state`"),
        (status = 400, description = "No login of this browser is waiting for this answer"),
    ))]
async fn callback(
    State(service): State<Service>,
    Path(provider): Path<String>,
    Query(query): Query<CallbackQuery>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let config = service.config();
    let (journey, login) = (cookies::login_secret(config, &headers), cookies::sso_secret(config, &headers));
    let browser = Browser { journey: journey.as_deref(), login: login.as_deref() };
    let arrival = service.finish_login(&provider, &query.into(), browser, &caller).await?;
    let response = cookies::found(&arrival.url)?;
    match &arrival.login {
        Some(secret) => cookies::remember(response, config, Some(secret)),
        None => Ok(response),
    }
}

#[derive(Deserialize, IntoParams)]
struct CodeQuery {
    /// From the redirect; is not used up.
    code: String,
}

/// A workspace that someone is a member of.
#[derive(Serialize, ToSchema)]
pub(super) struct Choice {
    id: Uuid,
    name: String,
    slug: String,
    /// The role there.
    #[schema(value_type = String)]
    role: sentinel_storage::WorkspaceRole,
}

impl From<sentinel_storage::WorkspaceOfUser> for Choice {
    fn from(sentinel_storage::WorkspaceOfUser { workspace, role }: sentinel_storage::WorkspaceOfUser) -> Self {
        Self { id: workspace.id, name: workspace.name, slug: workspace.slug, role }
    }
}

/// The workspaces that the holder of a code can choose from.
#[utoipa::path(get, path = "/auth/workspaces", tag = "auth", params(CodeQuery), responses(
    (status = 200, body = Vec<Choice>),
    (status = 400, description = "The code is unknown, used or expired"),
))]
async fn workspaces(State(service): State<Service>, Query(query): Query<CodeQuery>) -> Result<Response, Failure> {
    let choices: Vec<Choice> = service.workspaces_for_code(&query.code).await?.into_iter().map(Choice::from).collect();
    Ok(cookies::private(Json(choices).into_response()))
}

/// New tokens.
#[derive(Serialize, ToSchema)]
struct Tokens {
    /// For requests.
    access_token: String,
    /// For the next tokens; good once.
    refresh_token: String,
    /// `bearer`.
    token_type: &'static str,
    /// Seconds until the access token expires.
    expires_in: i64,
}

fn tokens(answer: TokenAnswer) -> Response {
    let TokenAnswer { access_token, refresh_token, expires_in } = answer;
    let tokens = Tokens { access_token, refresh_token, token_type: "bearer", expires_in };
    cookies::private(Json(tokens).into_response())
}

#[derive(Deserialize, ToSchema)]
struct TokenBody {
    /// From the redirect; good once.
    code: String,
    /// One that `/auth/workspaces` lists.
    workspace_id: Uuid,
    /// What the challenge was made of (RFC 7636 §4.1).
    code_verifier: String,
}

/// Uses a code: tokens for one workspace.
#[utoipa::path(post, path = "/auth/token", tag = "auth", request_body = TokenBody, responses(
    (status = 200, body = Tokens),
    (status = 400, description = "The code is unknown, used, expired or not this verifier's; a used one ends its session"),
    (status = 403, description = "Not a member of this workspace"),
    (status = 422, description = "The body does not fit"),
))]
async fn token(
    State(service): State<Service>,
    caller: Caller,
    Body(body): Body<TokenBody>,
) -> Result<Response, Failure> {
    let TokenBody { code, workspace_id, code_verifier } = body;
    Ok(tokens(service.exchange_code(&code, workspace_id, &code_verifier, &caller).await?))
}

#[derive(Deserialize, ToSchema)]
struct RefreshBody {
    /// The last one that was answered.
    refresh_token: String,
}

/// The next tokens. A lost answer may be asked for again for a few seconds; after that a token that comes a second time
/// ends its session.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", request_body = RefreshBody, responses(
    (status = 200, body = Tokens),
    (status = 401, description = "The session has ended, or the token was used before"),
    (status = 422, description = "The body does not fit"),
))]
async fn refresh(
    State(service): State<Service>,
    caller: Caller,
    Body(body): Body<RefreshBody>,
) -> Result<Response, Failure> {
    Ok(tokens(service.refresh(&body.refresh_token, &caller).await?))
}

/// That it was done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    ok: bool,
}

impl Done {
    pub(super) const OK: Self = Self { ok: true };
}

/// Ends the token that it comes with, its session, and the login that other front ends have followed, with theirs.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses(
    (status = 200, body = Done),
    (status = 401, description = "No token, or one that does not hold"),
))]
async fn logout(State(service): State<Service>, user: User, caller: Caller) -> Result<Json<Done>, Failure> {
    service.log_out(&user, &caller).await?;
    Ok(Json(Done::OK))
}
