//! Revocation (RFC 7009) and introspection (RFC 7662) for services, and the feed of what was taken back.

use axum::Json;
use axum::extract::{Form, State, rejection::FormRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;

use super::access::{Access, Routes};
use super::extract::Query;
use super::{Failure, cookies};
use crate::service::{Caller, Service, ServiceApp};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Access::Service, routes!(revoke))
        .add(Access::Service, routes!(introspect))
        .add(Access::Service, routes!(revocations))
}

/// A form (RFC 7009 §2.1, RFC 7662 §2.1). `token_type_hint` is allowed and not needed: a token says what it is.
#[derive(Deserialize, ToSchema)]
struct TokenForm {
    token: String,
}

/// This surface's own dialect (RFC 6749 §5.2).
fn invalid_request() -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_request" }))).into_response()
}

/// Takes back a token; a refresh token ends its session. Answers 200 also for what is no token.
#[utoipa::path(post, path = "/oauth/revoke", tag = "oauth",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It does not hold any more"),
        (status = 400, description = "`token` is missing"),
        (status = 401, description = "No key, or one that opens nothing"),
    ))]
async fn revoke(
    State(service): State<Service>,
    app: ServiceApp,
    caller: Caller,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Ok(Form(form)) = form else { return Ok(invalid_request()) };
    service.revoke_token(&app, &form.token, &caller).await?;
    Ok(StatusCode::OK.into_response())
}

/// Whether a token holds now, and what it says.
#[utoipa::path(post, path = "/oauth/introspect", tag = "oauth",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "`active`, and the claims of one that is", body = serde_json::Value),
        (status = 400, description = "`token` is missing"),
        (status = 401, description = "No key, or one that opens nothing"),
    ))]
async fn introspect(
    State(service): State<Service>,
    app: ServiceApp,
    form: Result<Form<TokenForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Ok(Form(form)) = form else { return Ok(invalid_request()) };
    Ok(cookies::private(Json(service.introspect(&app, &form.token).await?).into_response()))
}

#[derive(Deserialize, IntoParams)]
struct FeedQuery {
    /// The `last` of the answer before; 0 at first.
    #[serde(default)]
    after: i64,
    /// The `epoch` of the answer before. Where it is not the present one, the answer begins anew.
    epoch: Option<String>,
}

/// Something that was taken back before it expired.
#[derive(Serialize, ToSchema)]
struct Entry {
    /// Its place in the order.
    seq: i64,
    /// `token` (value: `jti`), `session` (value: `sid`), or tokens with `iat` before `at`: of a `user` (value: `sub`), of
    /// a `member` (value: `sub`/`wid`), of a `workspace` (value: `wid`), or `all` (no value).
    kind: &'static str,
    value: String,
    /// When it was taken back, in milliseconds since 1970.
    at: i64,
    /// When everything that it concerns has expired by itself, in milliseconds since 1970.
    expires_at: i64,
}

/// What was taken back, in its order.
#[derive(Serialize, ToSchema)]
struct Feed {
    /// In which `seq` and `last` count. After a restore there is another one: what was learnt before stays taken back.
    epoch: String,
    /// At most 1000; where there are so many, ask again at once.
    revocations: Vec<Entry>,
    /// What to ask with next.
    last: i64,
}

/// What was taken back since the answer before, for verifiers elsewhere.
#[utoipa::path(get, path = "/revocations", tag = "oauth", params(FeedQuery), responses(
    (status = 200, body = Feed),
    (status = 400, description = "`after` is negative"),
    (status = 401, description = "No key, or one that opens nothing"),
))]
async fn revocations(
    State(service): State<Service>,
    _app: ServiceApp,
    Query(query): Query<FeedQuery>,
) -> Result<Response, Failure> {
    let found = service.revocations_after(query.after, query.epoch.as_deref()).await?;
    let (epoch, last) = (found.epoch, found.last);
    let entry = |one: sentinel_storage::Revocation| {
        let sentinel_storage::Revocation { seq, kind, value, at, expires_at } = one;
        Entry { seq, kind: kind.as_str(), value, at, expires_at }
    };
    let feed = Feed { epoch, revocations: found.revocations.into_iter().map(entry).collect(), last };
    Ok(cookies::private(Json(feed).into_response()))
}
