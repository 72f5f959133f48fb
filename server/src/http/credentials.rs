//! Credentials as a request carries them. Each is handed to the use case that verifies it.

use axum::http::request::Parts;
use axum::http::{HeaderName, Method, header};
use axum_extra::extract::cookie::CookieJar;

use super::Failure;
use crate::service::bundles::BundleCaller;
use crate::service::policy::PolicyCaller;
use crate::service::scim::Provisioner;
use crate::service::{Administrator, Error, Service, ServiceApp, User};

pub(super) const SERVICE_KEY: HeaderName = HeaderName::from_static("x-service-key");
const AUTHZ_TOKEN: HeaderName = HeaderName::from_static("x-authz-token");
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
/// The cookie of the admin pages.
pub(super) const ADMIN_COOKIE: &str = "admin_token";

/// The service that the request's key names.
pub(super) async fn service(service: &Service, parts: &Parts) -> Result<ServiceApp, Failure> {
    optional_service(service, parts).await?.ok_or_else(|| Error::unauthenticated("Missing X-Service-Key header").into())
}

/// As [`service`], where the key may be missing; a wrong one is still refused.
pub(super) async fn optional_service(service: &Service, parts: &Parts) -> Result<Option<ServiceApp>, Failure> {
    match single(parts, &SERVICE_KEY)? {
        Some(key) => Ok(Some(service.authenticate_service(key).await?)),
        None => Ok(None),
    }
}

/// The service whose key opens stores of policy.
pub(super) async fn policy(service: &Service, parts: &Parts) -> Result<PolicyCaller, Error> {
    service.authenticate_policy(either(parts)?).await
}

/// The service that asks for bundles.
pub(super) async fn bundle(service: &Service, parts: &Parts) -> Result<BundleCaller, Error> {
    service.authenticate_bundle(either(parts)?).await
}

/// A service's key that stands where all do, or is a bearer token.
fn either(parts: &Parts) -> Result<&str, Error> {
    match single(parts, &SERVICE_KEY)? {
        Some(key) => Ok(key),
        None => bearer(parts),
    }
}

/// The service that provisions a workspace, by its key as a bearer token.
pub(super) async fn provisioner(service: &Service, parts: &Parts) -> Result<Provisioner, Error> {
    service.authenticate_provisioner(bearer(parts)?).await
}

/// Whether a service speaks for itself alone: by its key, without anybody's token.
pub(super) fn is_keyed(parts: &Parts) -> bool {
    match bearer(parts) {
        Ok(token) => token.starts_with("sk_"),
        Err(_) => parts.headers.contains_key(SERVICE_KEY) && !parts.headers.contains_key(header::AUTHORIZATION),
    }
}

/// Whether a request does not even try to name a key.
pub(super) fn names_no_key(parts: &Parts) -> bool {
    !parts.headers.contains_key(SERVICE_KEY) && !parts.headers.contains_key(header::AUTHORIZATION)
}

/// The person whose token is in `Authorization`: an access token, or with a service an authz token of its scope.
pub(super) async fn user(service: &Service, parts: &Parts, app: Option<&ServiceApp>) -> Result<User, Failure> {
    Ok(service.authenticate_user(bearer(parts)?, app).await?)
}

/// The person of a pair: the identity provider's token in `Authorization`, ours beside it.
pub(super) async fn pair(service: &Service, parts: &Parts, authz: &str) -> Result<User, Error> {
    service.authenticate_pair(bearer(parts)?, authz).await
}

/// The authz token beside an identity provider's token.
pub(super) fn authz_token(parts: &Parts) -> Result<Option<&str>, Failure> {
    Ok(single(parts, &AUTHZ_TOKEN)?)
}

/// The service that registered the origin of the request.
pub(super) async fn registered_origin(service: &Service, parts: &Parts) -> Result<ServiceApp, Failure> {
    let origin =
        single(parts, &header::ORIGIN)?.ok_or_else(|| Error::unauthenticated("Missing X-Service-Key header"))?;
    Ok(service.service_of_origin(origin).await?)
}

/// The administrator whose cookie this is. A change must also carry `X-Requested-With`: a foreign page cannot set it.
pub(super) async fn administrator(service: &Service, parts: &Parts) -> Result<Administrator, Failure> {
    let safe = matches!(parts.method, Method::GET | Method::HEAD);
    if !safe && !parts.headers.contains_key(REQUESTED_WITH) {
        return Err(Error::forbidden("Missing X-Requested-With header").into());
    }
    let jar = CookieJar::from_headers(&parts.headers);
    let cookie = jar.get(ADMIN_COOKIE).ok_or_else(|| Error::unauthenticated("Not authenticated"))?;
    Ok(service.authenticate_administrator(cookie.value()).await?)
}

/// The token in `Authorization: Bearer` (RFC 6750 §2.1; the scheme's case does not count, RFC 9110 §11.1).
fn bearer(parts: &Parts) -> Result<&str, Error> {
    let value = single(parts, &header::AUTHORIZATION)?.unwrap_or_default();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => Ok(token.trim()),
        _ => Err(Error::unauthenticated("Missing or invalid Authorization header")),
    }
}

/// A header that must not come twice: two readers could each take another.
fn single<'a>(parts: &'a Parts, name: &HeaderName) -> Result<Option<&'a str>, Error> {
    let mut values = parts.headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    text.map(Some).ok_or_else(|| Error::unauthenticated(format!("The {name} header must come once, in ASCII")))
}
