//! How administrators come in and leave: by a provider, the first one by a link from the terminal.

use axum::Json;
use axum::extract::{Form, State, rejection::FormRejection};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use uuid::Uuid;

use super::access::{Access, Routes};
use super::auth::{CallbackQuery, Done};
use super::credentials::ADMIN_COOKIE;
use super::extract::{Path, Query, unprocessable};
use super::{Failure, cookies};
use crate::service::admin_login::{AdminSession, BootstrapAsks};
use crate::service::{Administrator, Caller, Error, Service};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Public, routes!(login))
        .add(Access::Public, routes!(callback))
        .add(Access::Admin, routes!(me))
        .add(Access::Admin, routes!(logout))
        .add(Access::Public, routes!(bootstrap_page, bootstrap))
}

/// Sends the browser of an administrator to an identity provider.
#[utoipa::path(get, path = "/auth/admin/login/{provider}", tag = "admin login",
    params(("provider" = String, Path, description = "Its name")),
    responses(
        (status = 302, description = "To the identity provider"),
        (status = 404, description = "No such provider"),
    ))]
async fn login(
    State(service): State<Service>,
    Path(provider): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let known = cookies::login_secret(service.config(), &headers);
    let departure = service.begin_admin_login(&provider, known.as_deref()).await?;
    cookies::depart(service.config(), &departure.url, &departure.browser)
}

/// Takes the identity provider's answer and sets the admin cookie.
#[utoipa::path(get, path = "/auth/admin/callback/{provider}", tag = "admin login",
    params(("provider" = String, Path, description = "Its name"), CallbackQuery),
    responses(
        (status = 200, description = "A page that leads on, with the cookie", content_type = "text/html", body = String),
        (status = 400, description = "No login of this browser is waiting for this answer"),
        (status = 401, description = "The provider refused"),
        (status = 403, description = "Not an administrator"),
    ))]
async fn callback(
    State(service): State<Service>,
    Path(provider): Path<String>,
    Query(query): Query<CallbackQuery>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let browser = cookies::login_secret(service.config(), &headers);
    let session = service.finish_admin_login(&provider, &query.into(), browser.as_deref(), &caller).await?;
    come_in(&service, &session)
}

/// The cookie, and a page that leads on. Not a redirect: the browser comes from the provider's site, and sends a
/// `Strict` cookie only where the way begins here (RFC 6265bis §5.2).
fn come_in(service: &Service, session: &AdminSession) -> Result<Response, Failure> {
    let home = escape(&service.config().admin_home);
    let head = format!("<meta http-equiv=\"refresh\" content=\"0; url={home}\">");
    let response = page("Logged in", &head, &format!("<p><a href=\"{home}\">Go on</a></p>"));
    cookies::with_cookie(response, service.config(), ADMIN_COOKIE, &session.token, "Strict", session.expires_in)
}

/// An administrator.
#[derive(Serialize, ToSchema)]
struct Me {
    id: Uuid,
    email: String,
    name: String,
    /// Always: who is not is refused.
    is_admin: bool,
}

/// Whose cookie this is.
#[utoipa::path(get, path = "/auth/admin/me", tag = "admin login", responses(
    (status = 200, body = Me),
    (status = 401, description = "No cookie, or one that does not hold"),
    (status = 403, description = "No longer an administrator"),
))]
async fn me(admin: Administrator) -> Json<Me> {
    Json(Me { id: admin.id, email: admin.email, name: admin.name, is_admin: true })
}

/// Ends the cookie.
#[utoipa::path(post, path = "/auth/admin/logout", tag = "admin login", responses(
    (status = 200, body = Done),
    (status = 401, description = "No cookie, or one that does not hold"),
    (status = 403, description = "`X-Requested-With` is missing, or no longer an administrator"),
))]
async fn logout(State(service): State<Service>, admin: Administrator, caller: Caller) -> Result<Response, Failure> {
    service.log_out_administrator(&admin, &caller).await?;
    cookies::with_cookie(Json(Done::OK).into_response(), service.config(), ADMIN_COOKIE, "", "Strict", 0)
}

#[derive(Deserialize, IntoParams)]
struct BootstrapQuery {
    /// From the terminal.
    token: String,
}

/// The page of a one-time link. It changes nothing: what previews links must not use them up.
#[utoipa::path(get, path = "/auth/admin/bootstrap", tag = "admin login", params(BootstrapQuery), responses(
    (status = 200, description = "A form", content_type = "text/html", body = String),
    (status = 404, description = "The link is unknown, used or expired"),
))]
async fn bootstrap_page(
    State(service): State<Service>,
    Query(query): Query<BootstrapQuery>,
) -> Result<Response, Failure> {
    let asked = match service.look_at_bootstrap(&query.token).await? {
        BootstrapAsks::Nothing => "",
        BootstrapAsks::NameAndEmail => {
            "<p><label>Name <input name=\"name\" required maxlength=\"200\"></label></p>\
             <p><label>E-mail <input name=\"email\" type=\"email\" required maxlength=\"254\"></label></p>"
        }
    };
    let token = escape(&query.token);
    let form = format!(
        "<form method=\"post\" action=\"/auth/admin/bootstrap\"><input type=\"hidden\" name=\"token\" value=\"{token}\">{asked}\
         <p><button>Become administrator</button></p></form>"
    );
    Ok(page("Administrator of this Sentinel", "", &form))
}

#[derive(Deserialize, ToSchema)]
struct BootstrapForm {
    /// From the link.
    token: String,
    /// Where the account is made.
    name: Option<String>,
    /// Where the account is made.
    email: Option<String>,
}

/// Uses a one-time link: whoever has it becomes an administrator.
#[utoipa::path(post, path = "/auth/admin/bootstrap", tag = "admin login",
    request_body(content = BootstrapForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page that leads on, with the cookie", content_type = "text/html", body = String),
        (status = 400, description = "The name or the address is none"),
        (status = 404, description = "The link is unknown, used or expired"),
        (status = 409, description = "There is an administrator already"),
        (status = 422, description = "The form does not fit"),
    ))]
async fn bootstrap(
    State(service): State<Service>,
    caller: Caller,
    form: Result<Form<BootstrapForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form.map_err(|_| unprocessable("body", "the form does not fit"))?;
    let BootstrapForm { token, name, email } = form;
    let has_nul = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains('\0'));
    if has_nul(&name) || has_nul(&email) {
        return Err(Error::invalid("A text holds a NUL character").into());
    }
    let session = service.bootstrap(&token, name.as_deref(), email.as_deref(), &caller).await?;
    come_in(&service, &session)
}

/// A page without scripts, which nothing frames, keeps or learns the address of.
fn page(title: &str, head: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>{head}</head>\
         <body><h1>{title}</h1>{body}</body></html>"
    );
    let mut response = cookies::private(Html(html).into_response());
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A text inside an attribute's quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
