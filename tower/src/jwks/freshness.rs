//! How long a key set may be used: what its answer's header says, within bounds (RFC 9111 §4.2).

use std::time::{Duration, SystemTime};

use http::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName};

use super::JwksSettings;

/// The freshness lifetime that is left: `max-age`, else `Expires` less `Date`,
/// both less `Age`; without either the default. Always within the bounds, so
/// neither `no-store` nor a bad clock makes every request a fetch.
pub(super) fn lifetime(headers: &HeaderMap, now: SystemTime, settings: &JwksSettings) -> Duration {
    let said = match max_age(headers) {
        Directive::Uncacheable => Some(Duration::ZERO),
        Directive::MaxAge(age) => Some(age.saturating_sub(age_of(headers))),
        Directive::None => expires(headers, now).map(|left| left.saturating_sub(age_of(headers))),
    };
    said.unwrap_or(settings.default_age).clamp(settings.min_age, settings.max_age.max(settings.min_age))
}

enum Directive {
    Uncacheable,
    MaxAge(Duration),
    None,
}

fn max_age(headers: &HeaderMap) -> Directive {
    let mut found = Directive::None;
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    for directive in lines.flat_map(|line| line.split(',')).map(str::trim) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
            return Directive::Uncacheable;
        }
        if name.eq_ignore_ascii_case("max-age") {
            // Of several the shortest; one that is no number counts as stale (RFC 9111 §4.2.1).
            let age = seconds(value.trim().trim_matches('"')).unwrap_or_default();
            found = match found {
                Directive::MaxAge(earlier) => Directive::MaxAge(earlier.min(age)),
                _ => Directive::MaxAge(age),
            };
        }
    }
    found
}

fn expires(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let expires = headers.get(EXPIRES)?;
    let date = |name: HeaderName| httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok();
    // An Expires that is no date, such as `0`, is in the past (RFC 9111 §5.3).
    let Some(expires) = expires.to_str().ok().and_then(|value| httpdate::parse_http_date(value).ok()) else {
        return Some(Duration::ZERO);
    };
    Some(expires.duration_since(date(DATE).unwrap_or(now)).unwrap_or_default())
}

fn age_of(headers: &HeaderMap) -> Duration {
    headers.get(AGE).and_then(|age| age.to_str().ok()).and_then(seconds).unwrap_or_default()
}

/// delta-seconds; one too large to hold is as good as infinite (RFC 9111 §1.2.2).
fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(headers: &[(HeaderName, &str)]) -> u64 {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let now = httpdate::parse_http_date("Tue, 15 Nov 1994 12:45:26 GMT").unwrap();
        lifetime(&headers, now, &JwksSettings::default()).as_secs()
    }

    #[test]
    fn the_header_decides_within_the_bounds() {
        let settings = JwksSettings::default();
        let (min, max) = (settings.min_age.as_secs(), settings.max_age.as_secs());
        assert_eq!(left(&[]), settings.default_age.as_secs());
        assert_eq!(left(&[(CACHE_CONTROL, "public, max-age=300, must-revalidate")]), 300);
        assert_eq!(left(&[(CACHE_CONTROL, "Max-Age=\"300\"")]), 300);
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=300"), (AGE, "100")]), 200);
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=300"), (AGE, "1000")]), min);
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=300, max-age=200")]), 200);
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=5")]), min);
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=-5")]), min);
        assert_eq!(left(&[(CACHE_CONTROL, "max-age=99999999999999999999999")]), max);
        assert_eq!(left(&[(CACHE_CONTROL, "no-store, max-age=300")]), min);
        assert_eq!(left(&[(CACHE_CONTROL, "public")]), settings.default_age.as_secs());
    }

    #[test]
    fn expires_counts_where_max_age_is_not_said() {
        let min = JwksSettings::default().min_age.as_secs();
        let date = (DATE, "Tue, 15 Nov 1994 12:45:26 GMT");
        assert_eq!(left(&[date.clone(), (EXPIRES, "Tue, 15 Nov 1994 12:50:26 GMT")]), 300);
        assert_eq!(left(&[(EXPIRES, "Tue, 15 Nov 1994 12:50:26 GMT")]), 300);
        assert_eq!(left(&[(EXPIRES, "Tue, 15 Nov 1994 12:50:26 GMT"), (AGE, "60")]), 240);
        assert_eq!(left(&[date.clone(), (EXPIRES, "Tue, 15 Nov 1994 12:40:26 GMT")]), min);
        assert_eq!(left(&[date.clone(), (EXPIRES, "0")]), min);
        assert_eq!(left(&[date, (EXPIRES, "Tue, 15 Nov 1994 12:50:26 GMT"), (CACHE_CONTROL, "max-age=100")]), 100);
    }
}
