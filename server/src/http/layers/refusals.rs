//! Providers' tokens that were refused. To judge one costs more than to send one, and a provider counts what it is asked:
//! who sends many that are no good is not judged for a while.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::client::customer;
use crate::http::access::Resolver;
use crate::service::{Caller, Error, ErrorKind};

/// A window of counting.
const WINDOW: Duration = Duration::from_secs(60);
/// Most refusals of one client in a window.
const ADDRESS: u32 = 20;
/// Most of one service, which asks for all of its users.
const SERVICE: u32 = 600;
/// Most that are counted at once.
const MOST: usize = 100_000;

/// Whose refusals are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Refused {
    Address(IpAddr),
    Service(Uuid),
}

impl Refused {
    /// Who sends a provider's token by themselves.
    pub(crate) fn of_client(caller: &Caller) -> Option<Self> {
        caller.ip.map(|ip| Self::Address(customer(ip)))
    }

    /// Who has one resolved.
    pub(crate) fn of_resolver(resolver: &Resolver, caller: &Caller) -> Option<Self> {
        match resolver {
            Resolver::Service(app) => Some(Self::Service(app.id)),
            Resolver::Browser(_) => Self::of_client(caller),
        }
    }

    fn most(self) -> u32 {
        match self {
            Self::Address(_) => ADDRESS,
            Self::Service(_) => SERVICE,
        }
    }
}

/// How many were refused since when.
#[derive(Default)]
pub(super) struct Refusals(Mutex<HashMap<Refused, (Instant, u32)>>);

impl Refusals {
    /// Whether another token of theirs is judged.
    pub(super) fn check(&self, who: Refused, now: Instant) -> Result<(), Error> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counts.get(&who) {
            Some((since, count)) if *count >= who.most() && now.duration_since(*since) < WINDOW => {
                let rest = WINDOW.saturating_sub(now.duration_since(*since));
                let kind = ErrorKind::RateLimited { retry_after: rest.as_secs().max(1) };
                Err(Error::new(kind, "Too many tokens of identity providers were refused"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn count(&self, who: Refused, now: Instant) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST && !counts.contains_key(&who) {
            return;
        }
        let (since, count) = counts.entry(who).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
    }

    pub(super) fn shrink(&self, now: Instant) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_many_bad_tokens_is_not_judged_for_a_while() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let [one, other] = [1, 2].map(|last| Refused::Address(IpAddr::from([203, 0, 113, last])));
        let service = Refused::Service(Uuid::nil());
        for _ in 0..ADDRESS {
            assert!(refusals.check(one, now).is_ok());
            refusals.count(one, now);
            refusals.count(service, now);
        }
        let refused = refusals.check(one, now + Duration::from_secs(10)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::RateLimited { retry_after: 50 });
        assert!(refusals.check(other, now).is_ok() && refusals.check(service, now).is_ok());
        assert!(refusals.check(one, now + WINDOW).is_ok());
        refusals.shrink(now + WINDOW);
        assert!(refusals.0.lock().unwrap().is_empty());
    }
}
