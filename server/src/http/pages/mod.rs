//! Pages that people meet: the account of who logs in with a PIN, and where a link sets a password. All of it in the binary,
//! nothing from elsewhere.
//!
//! Their script is their own, and not npm's client: cargo alone builds this server, that client's logins, tabs and stores
//! are not needed here, and what both have in common is one function ([`ask.js`](ask.js)).

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa_axum::routes;

use super::Failure;
use super::access::{Access, Routes};
use crate::service::{Error, Service};

/// The pages run their own scripts and style and ask this server. No text becomes markup, a script or an address to load
/// (Trusted Types), and no form is sent but by the script: a PIN never gets into an address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, routes!(account))
        .add(Access::Public, routes!(account_script))
        .add(Access::Public, routes!(people))
        .add(Access::Public, routes!(sessions))
        .add(Access::Public, routes!(ask))
        .add(Access::Public, routes!(parts))
        .add(Access::Public, routes!(style))
        .add(Access::Public, routes!(password))
        .add(Access::Public, routes!(password_script))
}

/// A page to log in with a username and a PIN, to see and change one's own account, and for admins everyone's.
#[utoipa::path(get, path = "/account", tag = "pages", responses(
    (status = 200, description = "HTML", content_type = "text/html", body = String),
    (status = 404, description = "Nobody has a local account here"),
))]
async fn account(State(service): State<Service>) -> Result<Response, Failure> {
    if service.has_local_accounts().await? {
        Ok(html(include_str!("account.html")))
    } else {
        Err(Error::not_found("Not Found").into())
    }
}

/// The account page's script.
#[utoipa::path(get, path = "/account/account.js", tag = "pages", responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
async fn account_script() -> Response {
    script(include_str!("account.js"))
}

/// Its part for admins.
#[utoipa::path(get, path = "/account/people.js", tag = "pages", responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
async fn people() -> Response {
    script(include_str!("people.js"))
}

/// Its lists of sessions.
#[utoipa::path(get, path = "/account/sessions.js", tag = "pages", responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
async fn sessions() -> Response {
    script(include_str!("sessions.js"))
}

/// What asks this server, and holds the token.
#[utoipa::path(get, path = "/account/ask.js", tag = "pages", responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
async fn ask() -> Response {
    script(include_str!("ask.js"))
}

/// What pages are made of.
#[utoipa::path(get, path = "/account/parts.js", tag = "pages", responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
async fn parts() -> Response {
    script(include_str!("parts.js"))
}

/// The pages' style.
#[utoipa::path(get, path = "/account/page.css", tag = "pages", responses((status = 200, description = "CSS", content_type = "text/css", body = String)))]
async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css")).into_response()
}

/// The page that a password link leads to: its secret stands in the fragment, which no browser sends.
#[utoipa::path(get, path = "/password", tag = "pages", responses((status = 200, description = "HTML", content_type = "text/html", body = String)))]
async fn password() -> Response {
    html(include_str!("password.html"))
}

/// The password page's script.
#[utoipa::path(get, path = "/password/password.js", tag = "pages", responses((status = 200, description = "JavaScript", content_type = "text/javascript", body = String)))]
async fn password_script() -> Response {
    script(include_str!("password.js"))
}

/// `no-store` and `no-referrer` are every answer's; so page and script are always of one release.
fn html(text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}

fn script(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text).into_response()
}
