//! Who sends a request: the tokens in it, verified.

use sentinel_core::{Error, ErrorCode, Identity, VerifiedToken};

use crate::head::Head;
use crate::host::Host;
use crate::setup::{Gateway, Pair, Setup};

/// Where the authorization token of a pair travels.
const AUTHZ_TOKEN: &str = "x-authz-token";

/// Who is asking.
pub(crate) struct Caller {
    pub(crate) identity: Identity,
    /// The first issuer's token, or the authorization token of a pair: revocations and relations are that issuer's.
    pub(crate) token: Option<VerifiedToken>,
    /// When the token ends, of a pair the one that ends first, in seconds since 1970.
    pub(crate) expires_at: Option<i64>,
}

/// The caller by the request's tokens; `None` where it has none.
pub(crate) async fn authenticate(
    setup: &Setup,
    asked: &Head<'_>,
    now: f64,
    host: &Host<'_>,
) -> Result<Option<Caller>, Error> {
    let bearer = match bearer(asked) {
        Some(token) => Some(token),
        None => setup.gateway().and_then(|gateway| cookie(gateway, asked)),
    };
    let caller = match (setup.pair(), bearer) {
        (None, None) => return Ok(None),
        (None, Some(token)) => one(setup, token, now, host).await?,
        (Some(pair), identity) => {
            let authorization = asked.header(AUTHZ_TOKEN);
            let (Some(identity), Some(authorization)) = (identity, authorization) else {
                return match (identity, authorization) {
                    (None, None) => Ok(None),
                    // Half a pair is nobody, and says so.
                    _ => Err(Error::with(ErrorCode::BindingMismatch, "one token of the pair is missing")),
                };
            };
            two(setup, pair, identity, authorization, now, host).await?
        }
    };
    if let Some(revocations) = setup.gateway().and_then(|gateway| gateway.revocations.as_ref())
        && let Some(token) = &caller.token
    {
        revocations.check(token, now, host).await?;
    }
    Ok(Some(caller))
}

/// One token, of any of the issuers. The first issuer's token comes along: the revocations are that issuer's.
async fn one(setup: &Setup, token: &str, now: f64, host: &Host<'_>) -> Result<Caller, Error> {
    let mut refused: Option<Error> = None;
    for (number, issuer) in setup.issuers().enumerate() {
        match issuer.keys.verify(&issuer.config.verifier, token, now, host).await {
            Ok(verified) => {
                let identity = issuer.config.policy.profile().identity(&verified)?;
                let expires_at = expires_at(&verified);
                return Ok(Caller { identity, token: (number == 0).then_some(verified), expires_at });
            }
            // Whoever has no key for it has less to say than one whose check it failed; who cannot tell has the most.
            Err(error) => refused = Some(refused.filter(|held| weight(held) >= weight(&error)).unwrap_or(error)),
        }
    }
    Err(refused.unwrap_or(Error::new(ErrorCode::KeyNotFound)))
}

fn weight(error: &Error) -> u8 {
    match error.code() {
        ErrorCode::KeyNotFound | ErrorCode::KeyUnusable | ErrorCode::AlgorithmNotAllowed => 0,
        ErrorCode::Unavailable => 2,
        _ => 1,
    }
}

async fn two(
    setup: &Setup,
    Pair { pair, identity_keys }: &Pair,
    identity: &str,
    authorization: &str,
    now: f64,
    host: &Host<'_>,
) -> Result<Caller, Error> {
    let of_identity = identity_keys.verify(pair.identity_verifier(), identity, now, host).await?;
    let token = setup.first().keys.verify(pair.authorization_verifier(), authorization, now, host).await?;
    let identity = pair.bind(&of_identity, &token)?;
    let expires_at = expires_at(&of_identity).into_iter().chain(expires_at(&token)).min();
    Ok(Caller { identity, token: Some(token), expires_at })
}

fn expires_at(token: &VerifiedToken) -> Option<i64> {
    token.claims().expires_at().map(|at| at.seconds())
}

/// `Authorization: Bearer` (RFC 6750 §2.1); another scheme counts as none. The platform joins repeated headers with a
/// comma, which no token may hold.
fn bearer<'a>(asked: &Head<'a>) -> Option<&'a str> {
    let value = asked.header("authorization")?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

/// The token in the cookie, where the browser says that the request comes from a page of this host or is a plain
/// visit: a cookie is sent by itself, also for other sites' pages.
fn cookie<'a>(gateway: &Gateway, asked: &Head<'a>) -> Option<&'a str> {
    let wanted = gateway.cookie.as_deref()?;
    let is_visit = asked.is_visit() && asked.header("upgrade").is_none();
    let same_origin = asked.header("origin").is_some_and(|origin| origin == asked.origin());
    let says_same = asked.header("sec-fetch-site").is_some_and(|site| site == "same-origin");
    if !is_visit && !same_origin && !says_same {
        return None;
    }
    let mut values = asked.header("cookie")?.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut named = values.by_ref().filter(|(name, _)| *name == wanted).map(|(_, value)| value.trim_matches('"'));
    match (named.next(), named.next()) {
        (Some(value), None) if !value.is_empty() => Some(value),
        // Two of one name: one of them may be another site's (RFC 6265 §4.2.2 gives them no order to rely on).
        _ => None,
    }
}
