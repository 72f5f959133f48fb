//! A signed bundle that is held for the life of the isolate: asked at once, brought up to date behind the requests.

mod storage;

use std::cell::RefCell;
use std::rc::Rc;

use sentinel_core::bundle::{Bounds, Bundle, BundleVerifier, Kind, Known, Scope};
use sentinel_core::{Algorithms, Error, ErrorCode};
use worker::Env;

use crate::address::Address;
use crate::host::Host;
use crate::keys::Keys;
use crate::outgoing;
use crate::signature::Keyring;
use storage::{Storage, Writes};

/// A Worker has 128 MB for everything.
const BOUNDS: Bounds = Bounds { body_bytes: 24 << 20, name_bytes: 48 << 20, tuples: 1_500_000 };
/// Milliseconds after a failure before the server is asked again; twice as many after each further one.
const LEAST_RETRY: f64 = 1_000.0;
const MOST_RETRY: f64 = 15_000.0;

/// What is demanded of bundles, whatever workspace they are of.
#[derive(Clone)]
pub(crate) struct Demands {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) algorithms: Algorithms,
    pub(crate) keys: Rc<Keys>,
    pub(crate) service_key: String,
    /// Milliseconds after which it is asked for again.
    pub(crate) max_age: f64,
    /// And how much longer requests are answered meanwhile.
    pub(crate) stale_while_revalidate: f64,
    pub(crate) cache: bool,
}

/// One bundle.
pub(crate) struct Place {
    url: Address,
    demands: Demands,
    verifier: BundleVerifier,
    storage: Storage,
    /// INVARIANT: never borrowed across an await, where another request runs.
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    bundle: Option<Bundle>,
    /// Looked for in the cache, which is worth it once.
    was_cached: bool,
    /// When what is held was asked for, or found to be current.
    heard_at: Option<f64>,
    etag: Option<String>,
    /// What is held is not what the server counts from.
    needs_full: bool,
    failures: i32,
    retry_at: f64,
    /// Somebody is asking, until then at the latest.
    under_way_until: f64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Fresh,
    /// Good enough to answer with, while it is asked for again.
    Due,
    /// Worth waiting for a newer one.
    Late,
    Nothing,
}

impl Place {
    pub(crate) fn new(url: Address, scope: Scope, demands: &Demands) -> Self {
        let verifier = BundleVerifier::new(&demands.issuer, &demands.audience, scope.clone(), demands.algorithms);
        let place = scope.place(&demands.issuer, &demands.audience, Kind::Full);
        Self {
            url,
            verifier: verifier.bounds(BOUNDS),
            storage: Storage::new(&place, demands.cache),
            demands: demands.clone(),
            state: RefCell::default(),
        }
    }

    /// Asks what is held now.
    ///
    /// # Errors
    /// `unavailable` where nothing is; else what `ask` says.
    pub(crate) fn read<T>(&self, ask: impl FnOnce(&Bundle, i64) -> Result<T, Error>) -> Result<T, Error> {
        const NOTHING: Error = Error::with(ErrorCode::Unavailable, "the bundle could not be had");
        ask(self.state.borrow().bundle.as_ref().ok_or(NOTHING)?, crate::seconds(crate::now()))
    }

    /// The revision that is held.
    pub(crate) fn revision(&self) -> Option<u64> {
        self.read(|bundle, _| Ok(bundle.manifest().revision)).ok()
    }

    /// Whether what is held may answer as it is, and nothing is due.
    pub(crate) fn is_fresh(&self) -> bool {
        let state = self.state.borrow();
        self.age(&state, crate::now()) == Age::Fresh
    }

    /// Waits where nothing is held that may answer, or only what is too old; else what is due is done later.
    pub(crate) async fn ready(self: &Rc<Self>, host: &Host<'_>) {
        let is_first = !std::mem::replace(&mut self.state.borrow_mut().was_cached, true);
        if is_first {
            self.take_from_cache(host.env).await;
        }
        let now = crate::now();
        let (age, resting, under_way) = {
            let state = self.state.borrow();
            (self.age(&state, now), now < state.retry_at, now < state.under_way_until)
        };
        match age {
            Age::Fresh => {}
            _ if resting => {}
            // A request must not wait for another one's I/O: it goes on with what is there, or asks itself.
            Age::Due | Age::Late if under_way => {}
            Age::Due => {
                let (place, env) = (Rc::clone(self), host.env.clone());
                self.state.borrow_mut().under_way_until = now + f64::from(outgoing::TIMEOUT);
                host.context.wait_until(async move {
                    let writes = place.refresh(&env).await;
                    place.storage.write(&env, writes).await;
                });
            }
            Age::Late | Age::Nothing => {
                let writes = self.refresh(host.env).await;
                let (place, env) = (Rc::clone(self), host.env.clone());
                host.context.wait_until(async move { place.storage.write(&env, writes).await });
            }
        }
    }

    /// A clock that went backwards makes it late.
    fn age(&self, state: &State, now: f64) -> Age {
        let (Some(heard_at), Some(bundle)) = (state.heard_at, &state.bundle) else { return Age::Nothing };
        let age = now - heard_at;
        let late = self.demands.max_age + self.demands.stale_while_revalidate;
        if bundle.at(crate::seconds(now), None).is_err() || !(0.0..late).contains(&age) {
            return Age::Late;
        }
        if age < self.demands.max_age { Age::Fresh } else { Age::Due }
    }

    /// What another isolate of this place left. It is verified as what came over the network.
    async fn take_from_cache(&self, env: &Env) {
        let Some(frame) = self.storage.cached(BOUNDS.body_bytes).await else { return };
        let known = match self.storage.known(env).await {
            Ok(known) => known,
            Err(why) => return worker::console_warn!("{why}"),
        };
        match self.take(&frame, known.as_ref()).await {
            Ok(_) => {
                let mut state = self.state.borrow_mut();
                // As of when it was published: it may have lain there for long.
                state.heard_at = state.bundle.as_ref().map(|held| held.manifest().issued_at as f64 * 1000.0);
            }
            Err(error) => worker::console_warn!("the bundle in the cache was refused: {}", error.to_string()),
        }
    }

    async fn refresh(&self, env: &Env) -> Writes {
        let began = crate::now();
        self.state.borrow_mut().under_way_until = began + f64::from(outgoing::TIMEOUT);
        let outcome = self.fetch(env).await;
        let mut state = self.state.borrow_mut();
        state.under_way_until = 0.0;
        match outcome {
            Ok(writes) => {
                (state.heard_at, state.failures, state.retry_at) = (Some(began), 0, 0.0);
                writes
            }
            // Another request was quicker.
            Err(_) if state.heard_at.is_some_and(|heard_at| heard_at > began) => Writes::default(),
            Err(why) => {
                worker::console_warn!("the bundle could not be brought up to date: {why}");
                state.retry_at = crate::now() + (LEAST_RETRY * f64::from(state.failures.min(4)).exp2()).min(MOST_RETRY);
                state.failures = state.failures.saturating_add(1);
                Writes::default()
            }
        }
    }

    async fn fetch(&self, env: &Env) -> Result<Writes, String> {
        let known = match self.read(|bundle, _| Ok(bundle.known())) {
            Ok(known) => Some(known),
            Err(_) => self.storage.known(env).await?,
        };
        match self.fetch_once(known.as_ref()).await {
            // What is held is not what the server counts from: once more, in full.
            Err(Trouble::Gap) => self.fetch_once(known.as_ref()).await.map_err(|why| why.to_string()),
            answer => answer.map_err(|why| why.to_string()),
        }
    }

    async fn fetch_once(&self, known: Option<&Known>) -> Result<Writes, Trouble> {
        let (mut url, mut etag) = (self.url.clone(), None);
        {
            let state = self.state.borrow();
            if let Some(held) = state.bundle.as_ref().filter(|_| !state.needs_full) {
                url = url.with_query(&[("since", &held.manifest().state.to_string())]);
                etag = state.etag.clone();
            }
        }
        let mut headers =
            vec![("accept", "application/vnd.sentinel.bundle"), ("x-service-key", self.demands.service_key.as_str())];
        headers.extend(etag.as_deref().map(|etag| ("if-none-match", etag)));
        let answer = outgoing::get_unless(&url, &headers, BOUNDS.body_bytes).await.map_err(Trouble::Failed)?;
        let Some((headers, frame)) = answer else { return Ok(Writes::default()) };
        let taken = self.take(&frame, known).await;
        let mut state = self.state.borrow_mut();
        match taken {
            Ok(kind) => {
                (state.etag, state.needs_full) = (headers.get("etag").ok().flatten(), false);
                let Some(bundle) = &state.bundle else { return Ok(Writes::default()) };
                let left = bundle.manifest().not_after as f64 - crate::now() / 1000.0;
                Ok(Writes { known: Some(bundle.known()), frame: (kind == Kind::Full).then_some((frame, left)) })
            }
            Err(error) => {
                let was_delta = state.bundle.is_some() && !state.needs_full;
                (state.etag, state.needs_full) = (None, state.bundle.is_some());
                Err(if was_delta { Trouble::Gap } else { Trouble::Failed(error.to_string()) })
            }
        }
    }

    /// Verifies a frame, and holds it or what it makes of what is held.
    async fn take(&self, frame: &[u8], known: Option<&Known>) -> Result<Kind, Error> {
        let now = crate::now();
        let verified = async |keys: Rc<Keyring>| {
            let sealed = self.verifier.begin(frame, keys.keys())?;
            let holds = keys.holds(sealed.challenge()).await?;
            let opened = sealed.open(holds, crate::seconds(now))?;
            let kind = opened.manifest().kind;
            let mut state = self.state.borrow_mut();
            if kind == Kind::Delta {
                state.bundle.as_mut().ok_or(ErrorCode::BundleStale)?.apply(&opened)?;
            } else {
                // Of two answers on their way at once the older may be the later.
                if let Some(held) = &state.bundle {
                    held.known().admits(opened.manifest())?;
                }
                let bundle = Bundle::load(&opened, known)?;
                state.bundle = Some(bundle);
            }
            Ok(kind)
        };
        self.demands.keys.with(now, None, verified).await
    }
}

enum Trouble {
    /// A full bundle is needed.
    Gap,
    Failed(String),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gap => f.write_str("what came does not follow what is held"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}
