//! Where people begin, and a front end's code for tokens.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use crate::http::access::{Access, Routes};
use crate::http::extract::{Body, Query};
use crate::http::tenant::problem::{No, Problem};
use crate::http::tenant::session::{TenantTokens, signed_in};
use crate::http::{Failure, cookies};
use crate::service::dialects::TenantRole;
use crate::service::federation::{Leaving, Report, SsoAsk, SsoTarget};
use crate::service::login::LoginRequest;
use crate::service::{Caller, Config, Error, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Access::Public, routes!(login)).add(Access::Public, routes!(token))
}

/// Sends the form on without a click; where no script runs there is its button.
const SUBMIT: &str = "document.forms[0].submit()";

#[derive(Deserialize, IntoParams)]
struct SsoLoginQuery {
    /// Whose provider: `ten_…`. One of `tenant`, `email`, `domain` and `test` is given.
    tenant: Option<String>,
    /// The provider of the tenant that has proven this address's domain.
    email: Option<String>,
    /// The provider of the tenant that has proven this domain.
    domain: Option<String>,
    /// From `POST …/sso/test`.
    test: Option<String>,
    /// A registered front end's, octet by octet: it gets a code. Without it a page of this server's own origin gets the
    /// refresh token in a cookie.
    redirect_uri: Option<String>,
    /// RFC 7636 §4.2.
    code_challenge: Option<String>,
    /// `S256`.
    code_challenge_method: Option<String>,
    /// Passed back to the front end.
    state: Option<String>,
    /// A path on this server's own origin, where the browser goes with its cookie; `/` without it.
    return_to: Option<String>,
}

/// Begins a login by a tenant's own provider.
#[utoipa::path(get, path = "/api/v1/auth/sso/login", tag = "sso", params(SsoLoginQuery), responses(
    (status = 200, description = "A page that posts the request to the provider (SAML, where it takes no redirect)", content_type = "text/html"),
    (status = 302, description = "To the provider"),
    (status = 400, description = "`bad_request`; `login_unknown` for a test link that was used", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`: the front end may not be used for this tenant", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
    (status = 502, description = "`provider_unreachable`, `provider_misconfigured`", body = Problem, content_type = "application/problem+json"),
))]
async fn login(
    State(service): State<Service>,
    Query(query): Query<SsoLoginQuery>,
    headers: HeaderMap,
) -> Result<Response, No> {
    let named = [&query.tenant, &query.email, &query.domain, &query.test];
    if named.into_iter().flatten().count() != 1 {
        return Err(Error::invalid("Name one of tenant, email and domain").into());
    }
    let target = match &query {
        SsoLoginQuery { tenant: Some(tenant), .. } => SsoTarget::Tenant(tenant),
        SsoLoginQuery { email: Some(email), .. } => SsoTarget::Email(email),
        SsoLoginQuery { domain: Some(domain), .. } => SsoTarget::Domain(domain),
        SsoLoginQuery { test, .. } => SsoTarget::Try(test.as_deref().unwrap_or_default()),
    };
    let front_end = query.redirect_uri.clone().map(|redirect_uri| LoginRequest {
        redirect_uri,
        code_challenge: query.code_challenge.clone().unwrap_or_default(),
        code_challenge_method: query.code_challenge_method.clone().unwrap_or_default(),
        state: query.state.clone(),
    });
    let ask = SsoAsk { target, front_end, return_to: query.return_to.as_deref(), hint: None };
    let config = service.config();
    let known = cookies::login_secret(config, &headers);
    let leaving = service.begin_sso(ask, known.as_deref()).await?;
    Ok(leave(config, leaving).into_response())
}

/// Sends the browser on its way, with what it must bring back.
pub(super) fn leave(config: &Config, leaving: Leaving) -> Result<Response, Failure> {
    let Leaving { url, form, browser } = leaving;
    let Some(fields) = form else { return cookies::depart(config, &url, &browser) };
    let fields: String = fields
        .iter()
        .map(|(name, value)| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value)))
        .collect();
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Log in</title><form method=\"post\" action=\"{}\">{fields}\
         <noscript><button>Continue</button></noscript></form><script>{SUBMIT}</script>",
        escaped(&url)
    );
    let script = STANDARD.encode(digest(&SHA256, SUBMIT.as_bytes()));
    // The provider may send the form on, within its own sites: browsers ask this policy about that, too.
    let plain = if config.is_https() { "" } else { " http:" };
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{script}'; form-action https:{plain}; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = cookies::private(Html(page).into_response());
    let policy = HeaderValue::from_str(&policy).map_err(Error::internal)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    cookies::keep_login(response, config, &browser)
}

/// Text in an attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

#[derive(Deserialize, ToSchema)]
struct SsoTokenBody {
    /// From the redirect; good once.
    code: String,
    /// What the challenge was made of (RFC 7636 §4.1).
    code_verifier: String,
}

/// Uses a code: tokens for the tenant whose provider vouched. There is nothing to choose.
#[utoipa::path(post, path = "/api/v1/auth/sso/token", tag = "sso", request_body = SsoTokenBody, responses(
    (status = 200, body = TenantTokens),
    (status = 400, description = "`bad_request`: the code is unknown, used, expired or not this verifier's; a used one ends its session", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "`forbidden`: not a member any more, or the account or the front end is deactivated", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
))]
async fn token(State(service): State<Service>, caller: Caller, Body(body): Body<SsoTokenBody>) -> Result<Response, No> {
    let session = service.exchange_sso_code(&body.code, &body.code_verifier, &caller).await?;
    Ok(signed_in(service.config(), session).into_response())
}

/// What trying a configuration has shown.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportAnswer {
    /// Whether somebody would come in.
    ok: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// The provider's name for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// What they would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<TenantRole>,
    /// The values of the role attribute.
    roles: Vec<String>,
    /// The names of everything that came.
    attributes: Vec<String>,
}

impl From<Report> for ReportAnswer {
    fn from(report: Report) -> Self {
        let Report { fault, subject, email, role, roles, attributes } = report;
        Self { ok: fault.is_none(), code: fault.map(|fault| fault.code()), subject, email, role, roles, attributes }
    }
}
