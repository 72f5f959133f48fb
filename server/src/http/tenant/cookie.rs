//! The refresh token of a browser in a cookie that no script sees. It goes to this host alone (`__Host-`), with requests
//! that began on this site alone (`SameSite=Strict`), and counts only where `Origin` says that a page of this very origin
//! asks: to `SameSite` other ports and subdomains are the same site. A page of another origin could not read the answers
//! either, since none allows credentials (CORS).

use axum::http::{HeaderMap, header};
use axum::response::Response;
use axum_extra::extract::cookie::CookieJar;
use url::Url;

use super::problem::ForeignOrigin;
use crate::http::{Failure, cookies};
use crate::service::Config;

fn name(config: &Config) -> &'static str {
    if config.is_https() { "__Host-sentinel_refresh" } else { "sentinel_refresh" }
}

/// The refresh token that a browser came with.
pub(super) fn refresh_token(config: &Config, headers: &HeaderMap) -> Option<String> {
    Some(CookieJar::from_headers(headers).get(name(config))?.value().to_owned())
}

/// Lets the browser keep a refresh token.
pub(super) fn keep(response: Response, config: &Config, token: &str) -> Result<Response, Failure> {
    // Longer than the token is good for at most; whether it still is the token says.
    let age = config.lifetimes.refresh.min(config.lifetimes.session) / 1000;
    cookies::with_cookie(response, config, name(config), token, "Strict", age)
}

/// Takes it away.
pub(super) fn forget(response: Response, config: &Config) -> Result<Response, Failure> {
    cookies::with_cookie(response, config, name(config), "", "Strict", 0)
}

/// That a page of this server's own origin asks. Browsers send `Origin` with every `POST` (Fetch §3.1) and no page can
/// choose it.
pub(super) fn require_own_page(config: &Config, headers: &HeaderMap) -> Result<(), ForeignOrigin> {
    let own = Url::parse(&config.base_url).map(|url| url.origin().ascii_serialization());
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (own, origins.next(), origins.next()) {
        (Ok(own), Some(origin), None) if *origin == own.as_str() => Ok(()),
        _ => Err(ForeignOrigin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_the_very_origin_is_one_of_its_own() {
        let config = Config::new("https://auth.example.test/base");
        let asks = |origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(header::ORIGIN, header::HeaderValue::from_static(origin));
            }
            require_own_page(&config, &headers).is_ok()
        };
        assert!(asks(&["https://auth.example.test"]));
        for foreign in [
            &[][..],
            &["null"],
            &["https://example.test"],
            &["https://auth.example.test:8443"],
            &["http://auth.example.test"],
            &["https://auth.example.test.evil.test"],
            &["https://auth.example.test/"],
            &["https://auth.example.test", "https://auth.example.test"],
        ] {
            assert!(!asks(foreign), "{foreign:?}");
        }
    }
}
