//! How often one may ask: an address, an address at an endpoint where guessing or cost begins, an account, a service.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::Inner;
use crate::http::Failure;
use crate::service::{Caller, Error, ErrorKind};

/// Requests a minute of one address at routes that begin a login, take a secret or ask a provider.
const ENDPOINTS: [(&str, u32); 9] = [
    ("/auth/login/{provider}", 30),
    ("/auth/callback/{provider}", 30),
    ("/auth/token", 60),
    ("/auth/refresh", 120),
    ("/authz/resolve", 120),
    ("/authz/idp/{provider}/login", 30),
    ("/authz/idp/{provider}/callback", 30),
    ("/auth/admin/login/{provider}", 10),
    ("/auth/admin/bootstrap", 10),
];
/// How many times an address's share an account has: it may sit behind several addresses, but not behind hundreds.
const ACCOUNT: u32 = 4;
/// How many times an address's share a service has: it asks for all of its users.
const SERVICE: u32 = 100;
/// Most keys of services that are remembered.
const REMEMBERED: usize = 10_000;

/// Counters of one process. Addresses are counted by what one customer gets: an IPv4 address, an IPv6 /64.
pub(crate) struct Limits {
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    endpoints: Vec<(&'static str, DefaultKeyedRateLimiter<IpAddr>)>,
    accounts: DefaultKeyedRateLimiter<Uuid>,
    services: DefaultKeyedRateLimiter<[u8; 32]>,
    /// Hashes of keys that opened something: only these are counted as services and not by their address. It says
    /// which counter it is and opens nothing: the key itself is looked up on every request.
    proven: Mutex<HashSet<[u8; 32]>>,
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
        self.proven.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    /// Remembers what a key came to, for the next request's counter.
    fn prove(&self, key: [u8; 32], proven: bool) {
        let mut keys = self.proven.lock().unwrap_or_else(PoisonError::into_inner);
        if !proven {
            keys.remove(&key);
        } else if keys.len() < REMEMBERED {
            keys.insert(key);
        }
    }

    pub(super) fn shrink(&self) {
        self.addresses.retain_recent();
        self.accounts.retain_recent();
        self.services.retain_recent();
        self.endpoints.iter().for_each(|(_, limiter)| limiter.retain_recent());
    }
}

fn per_minute(requests: u32) -> Quota {
    Quota::per_minute(NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN))
}

/// What one customer of a network has: counting single IPv6 addresses would give them 2^64 shares.
fn customer(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
    }
}

pub(super) async fn limit(State(state): State<Arc<Inner>>, mut request: Request, next: Next) -> Response {
    let Some(limits) = &state.limits else { return next.run(request).await };
    let key = request.headers().get("x-service-key").map(|key| hash(key.as_bytes()));
    let proven = key.filter(|key| limits.is_proven(key));
    let counted = match (proven, request.extensions().get::<Caller>().and_then(|caller| caller.ip)) {
        (Some(key), _) => limits.count(&limits.services, &key),
        (None, Some(ip)) => limits.address(ip, request.extensions().get::<MatchedPath>().map(MatchedPath::as_str)),
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

fn hash(key: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, key).as_ref());
    hash
}
