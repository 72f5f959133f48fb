//! A key set behind a URL, kept as fresh as its answers ask for.
//!
//! - One fetch at a time, shared by all who wait for it. It runs as a task of
//!   its own, so a request that is cancelled takes nothing down with it.
//! - Used for as long as the answer's header says, within bounds.
//! - A token whose `kid` is unknown asks for a new fetch, at most once in
//!   [`JwksSettings::unknown_kid_pause`]: a rotated key is found at once, and a
//!   storm of invented ones costs one fetch.
//! - While the endpoint is down the last keys stay in use for at most
//!   [`JwksSettings::max_stale`]; after that nothing is accepted.

mod freshness;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;
use sentinel_core::{Error, ErrorCode, KeySet, Limits, SymmetricKeys};
use tokio::sync::watch;

use crate::fetch::{FetchError, FetchPolicy, Fetcher};

const ACCEPT: &str = "application/jwk-set+json, application/json";

/// How a key set is fetched and kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JwksSettings {
    /// The shortest time between fetches of a set that is in use, whatever its header says.
    pub min_age: Duration,
    /// How long a set is used whose header says nothing.
    pub default_age: Duration,
    /// The longest time without a fetch, whatever the header says.
    pub max_age: Duration,
    /// How much longer a set is used while the endpoint fails. Who can block
    /// the endpoint can prolong a withdrawn key's life by this much.
    pub max_stale: Duration,
    /// At most one fetch for an unknown `kid` in this time.
    pub unknown_kid_pause: Duration,
    /// The pause after a failed fetch; it doubles with every further one, up to [`Self::max_retry`].
    pub min_retry: Duration,
    /// The longest pause after failed fetches.
    pub max_retry: Duration,
    /// What the fetch may reach and cost.
    pub fetch: FetchPolicy,
    /// Bounds on the document.
    pub limits: Limits,
}

impl Default for JwksSettings {
    fn default() -> Self {
        Self {
            min_age: Duration::from_secs(60),
            default_age: Duration::from_secs(10 * 60),
            max_age: Duration::from_secs(24 * 60 * 60),
            max_stale: Duration::from_secs(24 * 60 * 60),
            unknown_kid_pause: Duration::from_secs(30),
            min_retry: Duration::from_secs(1),
            max_retry: Duration::from_secs(30),
            fetch: FetchPolicy::default(),
            limits: Limits::DEFAULT,
        }
    }
}

/// A key set behind a URL. Cheap to clone: all clones share one cache.
#[derive(Clone)]
pub struct RemoteKeys {
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    fetcher: Fetcher,
    settings: JwksSettings,
    current: ArcSwapOption<Snapshot>,
    schedule: Mutex<Schedule>,
}

/// One fetched key set.
pub(crate) struct Snapshot {
    pub(crate) keys: KeySet,
    fresh_until: Instant,
    usable_until: Instant,
}

#[derive(Default)]
struct Schedule {
    /// Closed when the fetch under way has ended, however it ended.
    under_way: Option<watch::Receiver<()>>,
    failures: u32,
    retry_at: Option<Instant>,
    unknown_kid_at: Option<Instant>,
}

impl RemoteKeys {
    /// The key set at this URL. Nothing is fetched yet.
    ///
    /// # Errors
    /// `configuration_invalid` where the policy refuses the URL.
    pub fn new(url: &str, settings: JwksSettings) -> Result<Self, Error> {
        let policy =
            FetchPolicy { max_bytes: settings.fetch.max_bytes.min(settings.limits.jwks_bytes), ..settings.fetch };
        let fetcher = Fetcher::new(policy)
            .map_err(|_| Error::with(ErrorCode::Unavailable, "the system's certificate store cannot be used"))?;
        fetcher.check(url).map_err(|error| Error::with(ErrorCode::ConfigurationInvalid, refused(error)))?;
        let shared = Shared {
            url: url.to_owned(),
            fetcher,
            settings,
            current: ArcSwapOption::empty(),
            schedule: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The keys to verify with now.
    ///
    /// # Errors
    /// `unavailable`: none could be fetched, or the last ones are too old.
    pub(crate) async fn current(&self) -> Result<Arc<Snapshot>, Error> {
        let shared = &self.shared;
        let held = shared.current.load_full();
        if let Some(fresh) = held.as_ref().filter(|held| Instant::now() < held.fresh_until) {
            return Ok(Arc::clone(fresh));
        }
        // Asked again under the lock: another fetch may have ended meanwhile.
        let stale = |now| shared.current.load().as_ref().is_none_or(|held| now >= held.fresh_until);
        let (landing, failing) = shared.refresh(|_, now| stale(now));
        // An endpoint that is known to be down is asked again, but not waited for.
        if let Some(stale) = held.filter(|held| failing && Instant::now() < held.usable_until) {
            return Ok(stale);
        }
        land(landing).await;
        let held = shared.current.load_full().filter(|held| Instant::now() < held.usable_until);
        held.ok_or(Error::with(ErrorCode::Unavailable, "the key set could not be fetched"))
    }

    /// Newer keys for a token that none of the `seen` ones fits, where there are any.
    pub(crate) async fn newer_than(&self, seen: &Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        let shared = &self.shared;
        let newer = || shared.current.load_full().filter(|held| !Arc::ptr_eq(held, seen));
        if let Some(newer) = newer() {
            return Some(newer);
        }
        let pause = shared.settings.unknown_kid_pause;
        let (landing, _) = shared.refresh(|unknown_kid_at, now| {
            let paused = unknown_kid_at.is_some_and(|at| now.saturating_duration_since(at) < pause);
            let may = !paused && newer().is_none();
            if may {
                *unknown_kid_at = Some(now);
            }
            may
        });
        land(landing).await;
        newer()
    }
}

impl Shared {
    /// The fetch under way, else a new one where neither the pause after a
    /// failure nor `may` forbids it; and whether the last fetch failed.
    fn refresh(
        self: &Arc<Self>,
        may: impl FnOnce(&mut Option<Instant>, Instant) -> bool,
    ) -> (Option<watch::Receiver<()>>, bool) {
        let mut schedule = self.schedule();
        let failing = schedule.failures > 0;
        // A closed channel is a fetch that has ended: also one that panicked or
        // whose runtime is gone.
        if let Some(under_way) = schedule.under_way.as_ref().filter(|it| it.has_changed().is_ok()) {
            return (Some(under_way.clone()), failing);
        }
        let now = Instant::now();
        let resting = schedule.retry_at.is_some_and(|at| now < at);
        let starts = !resting && may(&mut schedule.unknown_kid_at, now);
        schedule.under_way = starts.then(|| {
            let (ended, landing) = watch::channel(());
            let shared = Arc::clone(self);
            tokio::spawn(async move {
                shared.fetch().await;
                drop(ended);
            });
            landing
        });
        (schedule.under_way.clone(), failing)
    }

    async fn fetch(&self) {
        match self.fetch_snapshot().await {
            Ok(snapshot) => {
                self.current.store(Some(Arc::new(snapshot)));
                let mut schedule = self.schedule();
                schedule.failures = 0;
                schedule.retry_at = None;
            }
            Err(why) => {
                let mut schedule = self.schedule();
                let pause = self.settings.min_retry.saturating_mul(1 << schedule.failures.min(16));
                schedule.failures = schedule.failures.saturating_add(1);
                schedule.retry_at = Some(Instant::now() + pause.min(self.settings.max_retry));
                tracing::warn!(reason = %why, failures = schedule.failures, "the key set could not be fetched");
            }
        }
    }

    async fn fetch_snapshot(&self) -> Result<Snapshot, Box<dyn std::error::Error + Send + Sync>> {
        let asked = Instant::now();
        let answer = self.fetcher.get(&self.url, ACCEPT).await?;
        // A shared secret is never taken from a URL: who may read it could sign.
        let keys = KeySet::from_jwks(&answer.body, SymmetricKeys::Refuse, &self.settings.limits)?;
        let fresh_until = asked + freshness::lifetime(&answer.headers, SystemTime::now(), &self.settings);
        // Beyond what a clock can count, "stale for ever" was meant: and that is never granted.
        let usable_until = fresh_until.checked_add(self.settings.max_stale).unwrap_or(fresh_until);
        Ok(Snapshot { keys, fresh_until, usable_until })
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn land(landing: Option<watch::Receiver<()>>) {
    if let Some(mut landing) = landing {
        // Nothing is ever sent: this ends when the fetch drops its end.
        let _ = landing.changed().await;
    }
}

fn refused(error: FetchError) -> &'static str {
    match error {
        FetchError::AddressRefused => "the key set's address may not be reached by this policy",
        _ => "the key set's URL is not an https URL without credentials",
    }
}

impl std::fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteKeys").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
