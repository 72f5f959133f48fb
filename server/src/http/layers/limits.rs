//! How often one may ask: an address, an address at an endpoint where guessing or cost begins, an account, a service.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::Inner;
use super::client::customer;
use super::refusals::{Refusals, Refused};
use crate::http::Failure;
use crate::service::{Caller, Error, ErrorKind};

/// Requests a minute of one address at routes that begin a login, take a secret or ask a provider.
const ENDPOINTS: [(&str, u32); 28] = [
    ("/auth/login", 60),
    ("/auth/login/{provider}", 30),
    ("/auth/callback/{provider}", 30),
    ("/auth/token", 60),
    ("/auth/refresh", 120),
    ("/api/v1/auth/login", 60),
    ("/api/v1/auth/refresh", 120),
    ("/api/v1/auth/password", 30),
    ("/api/v1/auth/password/reset", 30),
    ("/api/v1/auth/sso/configure", 30),
    ("/api/v1/auth/sso/domains", 30),
    ("/api/v1/auth/sso/domains/{domain}/verify", 30),
    ("/api/v1/auth/sso/login", 60),
    ("/api/v1/auth/sso/token", 60),
    ("/api/v1/auth/sso/oidc/callback/{tenant}", 60),
    ("/api/v1/auth/sso/oidc/initiate/{tenant}", 60),
    ("/api/v1/auth/sso/oidc/logout/{tenant}", 120),
    ("/api/v1/auth/sso/saml/acs/{tenant}", 60),
    ("/api/v1/auth/sso/saml/finish/{tenant}", 60),
    ("/api/v1/auth/sso/saml/metadata/{tenant}", 60),
    ("/local/login", 60),
    ("/local/pin", 30),
    ("/authz/resolve", 120),
    ("/authz/idp/{provider}/login", 30),
    ("/authz/idp/{provider}/callback", 30),
    ("/authz/idp/{provider}/token", 60),
    ("/auth/admin/login/{provider}", 10),
    ("/auth/admin/bootstrap", 10),
];
/// How many times an address's share an account has: it may sit behind several addresses, but not behind hundreds.
const ACCOUNT: u32 = 4;
/// How many times an address's share a service has: it asks for all of its users.
const SERVICE: u32 = 100;
/// Most keys of services that are remembered.
const REMEMBERED: usize = 10_000;
/// How long a key that opened something counts as a service's without opening anything again: it may have been taken
/// back elsewhere.
const PROOF: Duration = Duration::from_secs(60);
/// Where keys are asked for. Elsewhere nobody looks at one, and it says nothing about who asks.
const KEYED: [&str; 9] = [
    "/authz/resolve",
    "/permissions/",
    "/roles/",
    "/realm/",
    "/oauth/",
    "/revocations",
    "/users/",
    "/workspaces",
    "/ws/",
];
/// Where they may also come as bearer tokens.
const POLICY: [&str; 3] = ["/stores", "/access/v1/", "/bundles/"];

/// Counters of one process. Addresses are counted by what one customer gets: an IPv4 address, an IPv6 /64.
pub(crate) struct Limits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    endpoints: Vec<(&'static str, DefaultKeyedRateLimiter<IpAddr>)>,
    accounts: DefaultKeyedRateLimiter<Uuid>,
    services: DefaultKeyedRateLimiter<[u8; 32]>,
    refusals: Refusals,
    /// Hashes of keys that opened something, and when last: only these are counted as services and not by their address.
    /// It says which counter it is and opens nothing: the key itself is looked up on every request.
    proven: Mutex<HashMap<[u8; 32], Instant>>,
    clock: DefaultClock,
}

/// In an answer: the request's service key was verified.
#[derive(Clone, Copy)]
pub(crate) struct ServiceProven;

impl Limits {
    pub(super) fn new(rpm: u32) -> Self {
        Self {
            addresses: RateLimiter::keyed(per_minute(rpm)),
            endpoints: ENDPOINTS.map(|(route, most)| (route, RateLimiter::keyed(per_minute(most.min(rpm))))).into(),
            accounts: RateLimiter::keyed(per_minute(rpm.saturating_mul(ACCOUNT))),
            services: RateLimiter::keyed(per_minute(rpm.saturating_mul(SERVICE))),
            refusals: Refusals::default(),
            proven: Mutex::default(),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of an account that was verified.
    ///
    /// # Errors
    /// [`ErrorKind::RateLimited`].
    pub(crate) fn account(&self, id: Uuid) -> Result<(), Error> {
        self.count(&self.accounts, &id)
    }

    /// Asks whether a provider's token is good, for who has not sent too many that are not; `None`: nobody is known.
    ///
    /// # Errors
    /// [`ErrorKind::RateLimited`], and what asking comes to.
    pub(crate) async fn judged<T>(
        &self,
        who: Option<Refused>,
        ask: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        if let Some(who) = who {
            self.refusals.check(who, Instant::now())?;
        }
        let judged = ask.await;
        if let (Some(who), Err(error)) = (who, &judged)
            && error.kind() == ErrorKind::Unauthenticated
        {
            self.refusals.count(who, Instant::now());
        }
        judged
    }

    fn count<K: Clone + std::hash::Hash + Eq>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), Error> {
        limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            let retry_after = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            Error::new(ErrorKind::RateLimited { retry_after: retry_after.max(1) }, "Too many requests")
        })
    }

    fn address(&self, ip: IpAddr, route: Option<&str>) -> Result<(), Error> {
        let ip = customer(ip);
        self.count(&self.addresses, &ip)?;
        let endpoint = self.endpoints.iter().find(|(limited, _)| Some(*limited) == route);
        endpoint.map_or(Ok(()), |(_, limiter)| self.count(limiter, &ip))
    }

    fn is_proven(&self, key: &[u8; 32]) -> bool {
        let keys = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        keys.get(key).is_some_and(|at| at.elapsed() < PROOF)
    }

    /// Remembers what a key came to, for the next request's counter.
    fn prove(&self, key: [u8; 32], proven: bool) {
        let mut keys = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if !proven {
            keys.remove(&key);
        } else if keys.len() < REMEMBERED || keys.contains_key(&key) {
            keys.insert(key, Instant::now());
        }
    }

    pub(super) fn shrink(&self) {
        self.addresses.retain_recent();
        self.accounts.retain_recent();
        self.services.retain_recent();
        self.refusals.shrink(Instant::now());
        self.proven.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, at| at.elapsed() < PROOF);
        self.endpoints.iter().for_each(|(_, limiter)| limiter.retain_recent());
    }
}

fn per_minute(requests: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN))
}

pub(super) async fn limit(State(state): State<Arc<Inner>>, mut request: Request, next: Next) -> Response {
    let Some(limits) = &state.limits else { return next.run(request).await };
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let is_under =
        |prefixes: &[&str]| route.is_some_and(|route| prefixes.iter().any(|prefix| route.starts_with(prefix)));
    let is_policy = is_under(&POLICY);
    let key = request.headers().get("x-service-key").filter(|_| is_policy || is_under(&KEYED));
    let key = key.map(|key| key.as_bytes()).or_else(|| bearer_key(&request).filter(|_| is_policy)).map(hash);
    let proven = key.filter(|key| limits.is_proven(key));
    // A preflight does nothing at its route: it counts as any request.
    let route = route.filter(|_| *request.method() != Method::OPTIONS);
    let counted = match (proven, request.extensions().get::<Caller>().and_then(|caller| caller.ip)) {
        (Some(key), _) => limits.count(&limits.services, &key),
        (None, Some(ip)) => limits.address(ip, route),
        (None, None) => Ok(()),
    };
    if let Err(error) = counted {
        return Failure::from(error).into_response();
    }
    request.extensions_mut().insert(Arc::clone(limits));
    let response = next.run(request).await;
    if let Some(key) = key {
        if response.extensions().get::<ServiceProven>().is_some() {
            limits.prove(key, true);
        } else if response.status() == StatusCode::UNAUTHORIZED {
            limits.prove(key, false);
        }
    }
    response
}

/// A service key that comes as a bearer token.
fn bearer_key(request: &Request) -> Option<&[u8]> {
    let value = request.headers().get(AUTHORIZATION)?.as_bytes();
    let (scheme, key) = value.split_at_checked(7)?;
    (scheme.eq_ignore_ascii_case(b"bearer ") && key.starts_with(b"sk_")).then_some(key)
}

fn hash(key: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, key).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_as_a_service_s_only_while_it_opens_something() {
        let limits = Limits::new(60);
        let key = hash(b"sk_1");
        assert!(!limits.is_proven(&key));
        limits.prove(key, true);
        assert!(limits.is_proven(&key) && !limits.is_proven(&hash(b"sk_2")));
        // Taken back elsewhere: it opened something a minute ago, and nothing since.
        if let Some(at) = limits.proven.lock().unwrap().get_mut(&key) {
            *at = Instant::now().checked_sub(PROOF).unwrap();
        }
        assert!(!limits.is_proven(&key));
        limits.shrink();
        assert!(limits.proven.lock().unwrap().is_empty());
        limits.prove(key, true);
        limits.prove(key, false);
        assert!(!limits.is_proven(&key), "it opened nothing");
    }
}
