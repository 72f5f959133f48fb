//! The credentials in a request: `Authorization: Bearer` (RFC 6750 §2.1) and
//! `X-Authz-Token` beside it. Never a query parameter, never a form field.

use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use sentinel_core::gateway;

/// Where the authorization token of a pair travels.
pub const AUTHZ_TOKEN: HeaderName = HeaderName::from_static("x-authz-token");

/// Where a gateway's proof travels.
const PROOF: HeaderName = HeaderName::from_static(gateway::HEADER);

/// What the request's header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Credentials<'a> {
    /// No such credentials; another scheme counts as none.
    None,
    /// More than one, or no text.
    Malformed(&'static str),
    /// One token.
    Token(&'a str),
}

/// The proof of a gateway before us.
pub(crate) fn proof(headers: &HeaderMap) -> Credentials<'_> {
    single(headers, &PROOF)
}

/// The token after `Bearer`. Whether it is of a token's form is core's to say.
pub(crate) fn bearer(headers: &HeaderMap) -> Credentials<'_> {
    match single(headers, &AUTHORIZATION) {
        Credentials::Token(value) => {
            // Schemes are case-insensitive, followed by one space or more (RFC 9110 §11.4).
            let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
            let is_bearer = scheme.eq_ignore_ascii_case("bearer");
            if is_bearer { Credentials::Token(token.trim_matches(' ')) } else { Credentials::None }
        }
        other => other,
    }
}

pub(crate) fn authorization_token(headers: &HeaderMap) -> Credentials<'_> {
    single(headers, &AUTHZ_TOKEN)
}

/// Two values are refused rather than one of them chosen: a proxy before us may have read the other.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Credentials<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Credentials::None,
        (Some(value), None) => {
            value.to_str().map_or(Credentials::Malformed("the header is not text"), Credentials::Token)
        }
        _ => Credentials::Malformed("the header is repeated"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(values: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        match bearer(&headers) {
            Credentials::Token(token) => token.to_owned(),
            Credentials::None => "none".to_owned(),
            Credentials::Malformed(_) => "malformed".to_owned(),
        }
    }

    #[test]
    fn one_bearer_token_or_nothing() {
        assert_eq!(read(&["Bearer a.b.c"]), "a.b.c");
        assert_eq!(read(&["bEARER   a.b.c "]), "a.b.c");
        assert_eq!(read(&["Bearer a b"]), "a b");
        assert_eq!((read(&["Bearer"]), read(&["Bearer "])), (String::new(), String::new()));
        assert_eq!(read(&[]), "none");
        assert_eq!(read(&["Basic dXNlcjpwdw=="]), "none");
        assert_eq!(read(&["Bearera.b.c"]), "none");
        assert_eq!(read(&["Bearer a.b.c", "Bearer a.b.c"]), "malformed");
        assert_eq!(read(&["Basic dXNlcjpwdw==", "Bearer a.b.c"]), "malformed");
        assert_eq!(read(&["Bearer ä"]), "malformed");
    }
}
