//! What is held, and how it is kept current.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH};
use sentinel_core::bundle::{Bundle, BundleVerifier, Kind};
use sentinel_core::jose::signature::Ring;
use sentinel_core::{Error, ErrorCode, KeySet};
use tokio::sync::{Notify, watch};

use super::BundleSettings;
use super::memory::Memory;
use crate::fetch::Fetcher;
use crate::keys::Keys;
use crate::relations::Realm;

pub(crate) const SERVICE_KEY: HeaderName = HeaderName::from_static("x-service-key");
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/vnd.sentinel.bundle");
/// The pause after a failure; it doubles with every further one.
const LEAST_RETRY: Duration = Duration::from_secs(1);
const MOST_RETRY: Duration = Duration::from_secs(15);

pub(super) struct Shared {
    url: String,
    verifier: BundleVerifier,
    realm: Realm,
    key: HeaderValue,
    max_age: Duration,
    keys: Keys,
    fetcher: Fetcher,
    clock: Box<dyn Fn() -> i64 + Send + Sync>,
    held: RwLock<Option<Bundle>>,
    memory: Memory,
    /// How many attempts to fetch it have ended.
    attempts: watch::Sender<u64>,
}

/// What the last answer was, for the next question.
#[derive(Default)]
struct Asked {
    etag: Option<HeaderValue>,
    /// What is held is not what the server counts from.
    needs_full: bool,
}

const fn invalid(detail: &'static str) -> Error {
    Error::with(ErrorCode::ConfigurationInvalid, detail)
}

impl Shared {
    pub(super) fn new(
        settings: BundleSettings,
        keys: Keys,
        clock: Box<dyn Fn() -> i64 + Send + Sync>,
    ) -> Result<Self, Error> {
        let fetcher = Fetcher::new(settings.fetch)
            .map_err(|_| Error::with(ErrorCode::Unavailable, "the system's certificate store cannot be used"))?;
        fetcher.check(&settings.url).map_err(|_| invalid("the bundle's URL is not one that may be fetched"))?;
        let mut key =
            HeaderValue::try_from(settings.key).map_err(|_| invalid("the service key is no header's text"))?;
        key.set_sensitive(true);
        let realm = Realm { issuer: settings.issuer.clone(), workspace: Some(settings.scope.workspace.clone()) };
        let verifier = BundleVerifier::new(&settings.issuer, &settings.audience, settings.scope, settings.algorithms)
            .bounds(settings.bounds);
        Ok(Self {
            url: settings.url,
            verifier,
            realm,
            key,
            max_age: settings.max_age,
            keys,
            fetcher,
            clock,
            held: RwLock::default(),
            memory: Memory::open(settings.remember)?,
            attempts: watch::Sender::new(0),
        })
    }

    pub(super) fn key(&self) -> HeaderValue {
        self.key.clone()
    }

    pub(super) fn realm(&self) -> &Realm {
        &self.realm
    }

    pub(super) fn read<T>(&self, ask: impl FnOnce(&Bundle, i64) -> Result<T, Error>) -> Result<T, Error> {
        const NONE: Error = Error::with(ErrorCode::Unavailable, "no bundle could be had yet");
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        ask(held.as_ref().ok_or(NONE)?, (self.clock)())
    }

    pub(super) async fn first_attempt(&self) {
        // It fails only where the sender is gone, which is ours.
        let _ = self.attempts.subscribe().wait_for(|ended| *ended > 0).await;
    }

    /// Fetches it again and again: after `max_age`, or when something changed.
    pub(super) async fn follow(self: Arc<Self>, changed: Arc<Notify>) {
        let mut asked = Asked::default();
        let mut failures = 0u32;
        loop {
            let pause = match Arc::clone(&self).fetch(&mut asked).await {
                Ok(()) => {
                    failures = 0;
                    self.max_age
                }
                Err(why) => {
                    tracing::warn!(reason = %why, failures, "the bundle could not be brought up to date");
                    let pause = LEAST_RETRY.saturating_mul(1 << failures.min(5)).min(MOST_RETRY);
                    // A gap is closed at once, but not for ever: a server that answers with nothing else is left alone.
                    let at_once = asked.needs_full && failures == 0;
                    failures = failures.saturating_add(1);
                    if at_once { Duration::ZERO } else { pause }
                }
            };
            self.attempts.send_modify(|ended| *ended += 1);
            let _ = tokio::time::timeout(pause, changed.notified()).await;
        }
    }

    async fn fetch(self: Arc<Self>, asked: &mut Asked) -> Result<(), Trouble> {
        let state = self.read(|bundle, _| Ok(bundle.manifest().state)).ok().filter(|_| !asked.needs_full);
        let mut request = http::Request::get(self.question(state.map(|state| state.to_string()).as_deref()))
            .header(ACCEPT, MEDIA_TYPE)
            .header(SERVICE_KEY, self.key.clone());
        if let (Some(etag), true) = (&asked.etag, state.is_some()) {
            request = request.header(IF_NONE_MATCH, etag);
        }
        let request = request.body(Vec::new()).map_err(|_| Trouble::Refused(0))?;
        let response = self.fetcher.send(request).await.map_err(|_| Trouble::Unreachable)?;
        match response.status() {
            StatusCode::NOT_MODIFIED if state.is_some() => return Ok(()),
            StatusCode::OK => {}
            status => return Err(Trouble::Refused(status.as_u16())),
        }
        let etag = response.headers().get(ETAG).cloned();
        let frame = response.into_body();
        // Reading a large one takes some tenths of a second: not on a thread that serves requests.
        let (taking, runtime) = (Arc::clone(&self), tokio::runtime::Handle::current());
        let taken =
            tokio::task::spawn_blocking(move || runtime.block_on(taking.keys.with(|keys| taking.take(&frame, keys))));
        match taken.await.map_err(|_| Trouble::Unreachable)? {
            Ok(()) => {
                *asked = Asked { etag, needs_full: false };
                Ok(())
            }
            Err(error) => {
                *asked = Asked { etag: None, needs_full: state.is_some() };
                Err(Trouble::Bundle(error))
            }
        }
    }

    fn question(&self, since: Option<&str>) -> String {
        let separator = if self.url.contains('?') { '&' } else { '?' };
        since.map_or_else(|| self.url.clone(), |state| format!("{}{separator}since={state}", self.url))
    }

    /// Verifies what came, and holds it or what it makes of what is held.
    fn take(&self, frame: &[u8], keys: &KeySet) -> Result<(), Error> {
        let opened = self.verifier.verify(frame, keys, &Ring, (self.clock)())?;
        let known = if opened.manifest().kind == Kind::Delta {
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            let bundle = held.as_mut().ok_or(ErrorCode::BundleStale)?;
            bundle.apply(&opened)?;
            bundle.known()
        } else {
            let known = self.read(|bundle, _| Ok(bundle.known())).ok().or(self.memory.known());
            let bundle = Bundle::load(&opened, known.as_ref())?;
            let known = bundle.known();
            *self.held.write().unwrap_or_else(PoisonError::into_inner) = Some(bundle);
            known
        };
        self.memory.keep(known);
        Ok(())
    }
}

/// Why it is not up to date.
enum Trouble {
    Unreachable,
    /// The status.
    Refused(u16),
    Bundle(Error),
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the server could not be reached"),
            Self::Refused(status) => write!(f, "the server answered with {status}"),
            Self::Bundle(error) => error.fmt(f),
        }
    }
}
