//! Cookies that this server sets, and answers that send a browser elsewhere.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::cookie::CookieJar;

use super::Failure;
use crate::service::{Config, Error};

/// The cookie that a login on its way is bound to. With `__Host-` no other host and no plain http page can set it.
fn login_cookie(config: &Config) -> &'static str {
    if config.is_https() { "__Host-sentinel_login" } else { "sentinel_login" }
}

/// What the browser has of a login on its way.
pub(super) fn login_secret(config: &Config, headers: &HeaderMap) -> Option<String> {
    Some(CookieJar::from_headers(headers).get(login_cookie(config))?.value().to_owned())
}

/// The cookie of a login that other front ends may follow, at this server's own origin.
fn sso_cookie(config: &Config) -> &'static str {
    if config.is_https() { "__Host-sentinel_sso" } else { "sentinel_sso" }
}

/// What the browser has of a login from before.
pub(super) fn sso_secret(config: &Config, headers: &HeaderMap) -> Option<String> {
    Some(CookieJar::from_headers(headers).get(sso_cookie(config))?.value().to_owned())
}

/// Lets the browser keep a login; `None` takes it away. `Lax`, for front ends of other sites send it here.
pub(super) fn remember(response: Response, config: &Config, secret: Option<&str>) -> Result<Response, Failure> {
    let age = if secret.is_some() { config.lifetimes.sso / 1000 } else { 0 };
    with_cookie(response, config, sso_cookie(config), secret.unwrap_or_default(), "Lax", age)
}

/// Sends the browser to a provider, with what it must bring back. `Lax`, for it comes back from another site.
pub(super) fn depart(config: &Config, url: &str, secret: &str) -> Result<Response, Failure> {
    keep_login(found(url)?, config, secret)
}

/// Lets the browser keep what it must bring back.
pub(super) fn keep_login(response: Response, config: &Config, secret: &str) -> Result<Response, Failure> {
    let age = config.lifetimes.login / 1000;
    with_cookie(response, config, login_cookie(config), secret, "Lax", age)
}

/// 302 to `url`. What stands in it is not for others.
pub(super) fn found(url: &str) -> Result<Response, Failure> {
    let location = HeaderValue::from_str(url).map_err(Error::internal)?;
    let headers = [(header::LOCATION, location), (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))];
    Ok(private((StatusCode::FOUND, headers).into_response()))
}

/// An answer that nobody keeps.
pub(super) fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Sets a cookie that scripts do not see, for `age` seconds; 0 removes it.
pub(super) fn with_cookie(
    mut response: Response,
    config: &Config,
    name: &str,
    value: &str,
    same_site: &str,
    age: i64,
) -> Result<Response, Failure> {
    let secure = if config.is_https() { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite={same_site}{secure}");
    response.headers_mut().append(header::SET_COOKIE, HeaderValue::from_str(&cookie).map_err(Error::internal)?);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_s_cookie_is_this_host_s_alone() {
        let set = |base_url: &str| {
            let response = depart(&Config::new(base_url), "https://idp.test/", "secret").unwrap();
            response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned()
        };
        assert_eq!(
            set("https://auth.test"),
            "__Host-sentinel_login=secret; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(set("http://127.0.0.1:9003"), "sentinel_login=secret; Path=/; Max-Age=600; HttpOnly; SameSite=Lax");
    }

    #[test]
    fn a_login_for_several_front_ends_is_kept_at_this_host_alone() {
        let set = |base_url: &str, secret: Option<&str>| {
            let mut config = Config::new(base_url);
            config.lifetimes.sso = 3_600_000;
            let response = remember(found("https://app.test/").unwrap(), &config, secret).unwrap();
            response.headers()[header::SET_COOKIE].to_str().unwrap().to_owned()
        };
        assert_eq!(
            set("https://auth.test", Some("secret")),
            "__Host-sentinel_sso=secret; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            set("https://auth.test", None),
            "__Host-sentinel_sso=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn what_cannot_stand_in_a_header_leads_nowhere() {
        assert!(found("https://a.test/\r\nSet-Cookie: x").is_err());
    }
}
