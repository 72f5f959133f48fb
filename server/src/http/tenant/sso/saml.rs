//! SAML: who we are, and the responses that browsers bring.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::arrived;
use super::login::ReportAnswer;
use crate::http::access::{Access, Routes};
use crate::http::cookies;
use crate::http::extract::{Path, Query};
use crate::http::tenant::problem::{No, Problem};
use crate::service::{Caller, Error, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, routes!(metadata))
        .add(Access::Public, routes!(consume))
        .add(Access::Public, routes!(finish))
}

/// This server's SAML metadata for a tenant's provider, signed. It is there before anything is configured.
#[utoipa::path(get, path = "/api/v1/auth/sso/saml/metadata/{tenant}", tag = "sso",
    params(("tenant" = String, Path, description = "`ten_…`")), responses(
    (status = 200, description = "An `EntityDescriptor`", content_type = "application/samlmetadata+xml"),
    (status = 404, description = "`sso_not_configured`: there is no such tenant", body = Problem, content_type = "application/problem+json"),
))]
async fn metadata(State(service): State<Service>, Path(tenant): Path<String>) -> Result<Response, No> {
    let text = service.saml_metadata(&tenant).await?;
    let kind = HeaderValue::from_static("application/samlmetadata+xml");
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// What a browser posts (SAML bindings, section 3.5.4).
#[derive(Deserialize, ToSchema)]
struct SamlResponseForm {
    /// Base64.
    #[serde(rename = "SAMLResponse")]
    saml_response: String,
    /// What the request was sent with.
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

/// The assertion consumer service. The browser comes from another site and without its cookie: it is sent on to
/// `…/saml/finish`, where it has it.
#[utoipa::path(post, path = "/api/v1/auth/sso/saml/acs/{tenant}", tag = "sso",
    params(("tenant" = String, Path, description = "`ten_…`")),
    request_body(content = SamlResponseForm, content_type = "application/x-www-form-urlencoded"), responses(
    (status = 303, description = "To `…/saml/finish`, also where nobody will come in"),
    (status = 400, description = "`bad_request`; `login_unknown`: no login waits for it; `replayed`", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
))]
async fn consume(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    form: Result<Form<SamlResponseForm>, FormRejection>,
) -> Result<Response, No> {
    let Ok(Form(form)) = form else { return Err(Error::invalid("A form with SAMLResponse is needed").into()) };
    let posted = service.post_saml(&tenant, &form.saml_response, form.relay_state.as_deref()).await?;
    let mut response = cookies::found(&posted.url).into_response();
    if response.status() == StatusCode::FOUND {
        // A GET, whatever it was before.
        *response.status_mut() = StatusCode::SEE_OTHER;
    }
    Ok(response)
}

#[derive(Deserialize, IntoParams)]
struct SamlFinishQuery {
    /// From the redirect; good once, in the browser that began, for two minutes.
    ticket: String,
}

/// Ends a SAML login in the browser that began it, as the callback of OpenID Connect does.
#[utoipa::path(get, path = "/api/v1/auth/sso/saml/finish/{tenant}", tag = "sso",
    params(("tenant" = String, Path, description = "`ten_…`"), SamlFinishQuery), responses(
    (status = 200, body = ReportAnswer),
    (status = 302, description = "Where the login was begun for"),
    (status = 400, description = "`login_unknown`, `replayed`, `other_browser`, `configuration_gone`", body = Problem, content_type = "application/problem+json"),
    (status = 403, description = "Why nobody came in, by its code", body = Problem, content_type = "application/problem+json"),
    (status = 404, description = "`sso_not_configured`", body = Problem, content_type = "application/problem+json"),
    (status = 422, description = "`request_invalid`", body = Problem, content_type = "application/problem+json"),
))]
async fn finish(
    State(service): State<Service>,
    Path(tenant): Path<String>,
    Query(query): Query<SamlFinishQuery>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, No> {
    let browser = cookies::login_secret(service.config(), &headers);
    let came = service.finish_sso_saml(&tenant, &query.ticket, browser.as_deref(), &caller).await?;
    arrived(service.config(), came)
}
