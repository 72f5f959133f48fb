//! Keys: the configured ones, or a key set behind a URL.
//!
//! The rules are those of every surface: kept as long as the answer's header
//! says within bounds, fetched again for an unknown `kid` at most once in 30 s,
//! stale keys for a bounded time while the endpoint is down, a time limit, a
//! size limit, no redirects to other origins. One thing is the platform's: a request must
//! not wait for the I/O of another, so fetches are not shared but spared, by
//! using what is at hand while one is under way.

use std::cell::RefCell;
use std::rc::Rc;

use sentinel_core::{Error, ErrorCode, KeySet, Limits, SymmetricKeys, VerifiedToken, Verifier};
use worker::Headers;

use crate::address::Address;
use crate::host::Host;
use crate::outgoing;
use crate::signature::Keyring;

/// Milliseconds.
const LEAST_AGE: f64 = 60_000.0;
const UNSAID_AGE: f64 = 600_000.0;
const MOST_AGE: f64 = 86_400_000.0;
/// For so long after they ceased to be fresh, keys are fetched behind the requests.
const LATE: f64 = 60_000.0;
const MOST_STALE: f64 = 86_400_000.0;
const UNKNOWN_KID_PAUSE: f64 = 30_000.0;
const LEAST_RETRY: f64 = 1_000.0;
const MOST_RETRY: f64 = 30_000.0;

/// Where keys come from.
pub(crate) enum Keys {
    Fixed(Rc<Keyring>),
    Remote(Rc<Remote>),
}

/// A key set behind a URL.
pub(crate) struct Remote {
    url: Address,
    /// INVARIANT: never borrowed across an await, where another request runs.
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failures: i32,
    retry_at: f64,
    sought_at: Option<f64>,
    /// A fetch is under way until then at the latest.
    under_way_until: f64,
}

#[derive(Clone)]
struct Held {
    keys: Rc<Keyring>,
    fetched_at: f64,
    fresh_until: f64,
}

impl Keys {
    pub(crate) fn fixed(keys: KeySet) -> Self {
        Self::Fixed(Keyring::new(keys))
    }

    /// The key set behind a URL.
    pub(crate) fn remote(url: &str) -> Option<Self> {
        outgoing::allowed(url).map(|url| Self::Remote(Rc::new(Remote { url, state: RefCell::default() })))
    }

    /// Verifies a token; where no key fits it, once more with newer keys if there are any.
    pub(crate) async fn verify(
        &self,
        verifier: &Verifier,
        token: &str,
        now: f64,
        host: &Host<'_>,
    ) -> Result<VerifiedToken, Error> {
        let verify = async |keys: Rc<Keyring>| {
            let challenge = verifier.begin(token, keys.keys())?;
            let holds = keys.holds(&challenge).await?;
            challenge.finish(holds, crate::seconds(now))
        };
        self.with(now, Some(host), verify).await
    }

    /// Does what needs keys; where none of them fits, once more with newer ones if there are any. Behind a request there is no
    /// `host`: nobody waits.
    pub(crate) async fn with<T>(
        &self,
        now: f64,
        host: Option<&Host<'_>>,
        verify: impl AsyncFn(Rc<Keyring>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match verify(self.current(now, host).await?).await {
            Err(error) if error.code() == ErrorCode::KeyNotFound => match self.newer(now).await {
                Some(keys) => verify(keys).await,
                None => Err(error),
            },
            verdict => verdict,
        }
    }

    /// The keys to verify with now.
    async fn current(&self, now: f64, host: Option<&Host<'_>>) -> Result<Rc<Keyring>, Error> {
        match self {
            Self::Fixed(keys) => Ok(Rc::clone(keys)),
            Self::Remote(remote) => remote.current(now, host).await,
        }
    }

    /// Newer keys for a token that none of the current ones fits, where they may be asked for.
    async fn newer(&self, now: f64) -> Option<Rc<Keyring>> {
        match self {
            Self::Fixed(_) => None,
            Self::Remote(remote) => remote.newer(now).await,
        }
    }
}

impl Remote {
    async fn current(self: &Rc<Self>, now: f64, host: Option<&Host<'_>>) -> Result<Rc<Keyring>, Error> {
        let (held, waits) = {
            let state = self.state.borrow();
            (state.held.clone(), now < state.retry_at || now < state.under_way_until)
        };
        // A clock that went backwards makes them stale.
        if let Some(held) = held.as_ref().filter(|held| (held.fetched_at..held.fresh_until).contains(&now)) {
            return Ok(Rc::clone(&held.keys));
        }
        let usable = held.filter(|held| (held.fetched_at..held.fresh_until + MOST_STALE).contains(&now));
        if let (true, Some(stale)) = (waits, &usable) {
            return Ok(Rc::clone(&stale.keys));
        }
        // What was fresh a moment ago serves this request too; the next one finds newer ones.
        if let (Some(held), Some(host)) = (usable.as_ref().filter(|held| now < held.fresh_until + LATE), host) {
            let remote = Rc::clone(self);
            self.state.borrow_mut().under_way_until = now + f64::from(outgoing::TIMEOUT);
            host.context.wait_until(async move { drop(remote.refresh(now).await) });
            return Ok(Rc::clone(&held.keys));
        }
        let resting = now < self.state.borrow().retry_at;
        let fetched = if resting { None } else { self.refresh(now).await };
        fetched
            .or(usable.map(|stale| stale.keys))
            .ok_or(Error::with(ErrorCode::Unavailable, "the key set could not be fetched"))
    }

    async fn newer(&self, now: f64) -> Option<Rc<Keyring>> {
        {
            let mut state = self.state.borrow_mut();
            let paused = state.sought_at.is_some_and(|at| (0.0..UNKNOWN_KID_PAUSE).contains(&(now - at)));
            if paused || now < state.retry_at {
                return None;
            }
            state.sought_at = Some(now);
        }
        self.refresh(now).await
    }

    async fn refresh(&self, now: f64) -> Option<Rc<Keyring>> {
        self.state.borrow_mut().under_way_until = now + f64::from(outgoing::TIMEOUT);
        let outcome = self.fetch().await;
        let mut state = self.state.borrow_mut();
        let now = crate::now();
        state.under_way_until = 0.0;
        match outcome {
            Ok((keys, age)) => {
                let keys = Keyring::new(keys);
                state.held = Some(Held { keys: Rc::clone(&keys), fetched_at: now, fresh_until: now + age });
                (state.failures, state.retry_at) = (0, 0.0);
                Some(keys)
            }
            Err(why) => {
                worker::console_warn!("the key set could not be fetched: {why}");
                state.retry_at = now + (LEAST_RETRY * f64::from(state.failures.min(5)).exp2()).min(MOST_RETRY);
                state.failures = state.failures.saturating_add(1);
                None
            }
        }
    }

    async fn fetch(&self) -> Result<(KeySet, f64), String> {
        let accept = [("accept", "application/jwk-set+json, application/json")];
        let (headers, body) = outgoing::get(&self.url, &accept, Limits::DEFAULT.jwks_bytes).await?;
        // A shared secret is never taken from a URL: who may read it could sign.
        let keys = KeySet::from_jwks(&body, SymmetricKeys::Refuse, &Limits::DEFAULT);
        Ok((keys.map_err(|error| error.message())?, age(&headers)))
    }
}

/// How long the answer says it stays fresh (RFC 9111 §4.2: `max-age` less `Age`), within our bounds.
fn age(headers: &Headers) -> f64 {
    let text = |name| headers.get(name).ok().flatten().unwrap_or_default();
    let seconds = |digits: &str| digits.trim().trim_matches('"').parse::<u32>().ok().map(f64::from);
    let control = text("cache-control").to_ascii_lowercase();
    let mut directives = control.split(',').map(|directive| directive.split_once('=').unwrap_or((directive, "")));
    let named = |wanted: &str, (name, _): &(&str, &str)| name.trim() == wanted;
    if directives.clone().any(|it| named("no-store", &it) || named("no-cache", &it)) {
        return LEAST_AGE;
    }
    match directives.find(|it| named("max-age", it)) {
        // One that is no number counts as stale (RFC 9111 §4.2.1).
        Some((_, value)) => {
            let left = seconds(value).unwrap_or_default() - seconds(&text("age")).unwrap_or_default();
            (left * 1000.0).clamp(LEAST_AGE, MOST_AGE)
        }
        None => UNSAID_AGE,
    }
}
