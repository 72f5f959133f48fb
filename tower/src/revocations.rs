//! What the server took back, followed.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::HeaderValue;
use reqwest::Url;
use sentinel_core::{Error, ErrorCode, RevocationFeed, VerifiedToken};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::bundle::SERVICE_KEY;
use crate::fetch::{FetchPolicy, Fetcher};
use crate::sentinel::system_clock;

/// Most answers in a row: a hundred thousand revocations.
const ANSWERS: usize = 100;

/// Which revocations are followed, and how.
#[derive(Clone, Debug)]
pub struct RevocationSettings {
    /// Where they are: the server's `/revocations`.
    pub url: String,
    /// The service's key, sent in `X-Service-Key`.
    pub key: String,
    /// How long after an answer the next one is asked for.
    pub every: Duration,
    /// How old what is known may be. Beyond this it cannot be told what was revoked.
    pub max_stale: Duration,
    /// What a fetch may reach and cost.
    pub fetch: FetchPolicy,
}

impl RevocationSettings {
    /// Those of the server at this URL: asked for every two seconds, known for at most a minute.
    #[must_use]
    pub fn new(server: &str, key: &str) -> Self {
        Self {
            url: format!("{}/revocations", server.trim_end_matches('/')),
            key: key.to_owned(),
            every: Duration::from_secs(2),
            max_stale: Duration::from_secs(60),
            fetch: FetchPolicy::default(),
        }
    }
}

/// What the server took back (`GET /revocations`), as far as it was heard of: a token that somebody's logout ended is refused
/// within seconds, and no request waits for the server. Cheap to clone: all clones share one. It is followed until the last is
/// gone.
///
/// ```no_run
/// use sentinel_tower::{FollowedRevocations, RevocationSettings, Sentinel};
///
/// # async fn serve(sentinel: Sentinel, key: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let revocations = FollowedRevocations::follow(RevocationSettings::new("https://sentinel.example.com", key))?;
/// revocations.ready().await?;
/// let layer = sentinel.follow_revocations(revocations).layer();
/// # let _ = layer;
/// # Ok(())
/// # }
/// ```
///
/// What was heard too long ago tells nothing: then every token is answered with 503, until the server is back.
#[derive(Clone)]
pub struct FollowedRevocations {
    task: Arc<Task>,
}

struct Task {
    shared: Arc<Shared>,
    running: AbortHandle,
}

struct Shared {
    url: Url,
    key: HeaderValue,
    every: Duration,
    max_stale: Duration,
    fetcher: Fetcher,
    held: RwLock<Held>,
    /// How many attempts to hear of them have ended.
    attempts: watch::Sender<u64>,
}

#[derive(Default)]
struct Held {
    feed: RevocationFeed,
    /// When the last complete answer was asked for: what was taken back while it was on its way is not in it.
    as_of: Option<Instant>,
}

const fn invalid(detail: &'static str) -> Error {
    Error::with(ErrorCode::ConfigurationInvalid, detail)
}

const fn unavailable(detail: &'static str) -> Error {
    Error::with(ErrorCode::Unavailable, detail)
}

impl FollowedRevocations {
    /// Follows them from now on. Needs a tokio runtime.
    ///
    /// # Errors
    /// `configuration_invalid` for a URL that may not be fetched, or a key that cannot stand in a header.
    pub fn follow(settings: RevocationSettings) -> Result<Self, Error> {
        let fetcher =
            Fetcher::new(settings.fetch).map_err(|_| unavailable("the system's certificate store cannot be used"))?;
        fetcher.check(&settings.url).map_err(|_| invalid("the revocations' URL is not one that may be fetched"))?;
        let url = Url::parse(&settings.url).map_err(|_| invalid("the revocations' URL is none"))?;
        let mut key =
            HeaderValue::try_from(settings.key).map_err(|_| invalid("the service key is no header's text"))?;
        key.set_sensitive(true);
        let RevocationSettings { every, max_stale, .. } = settings;
        let (held, attempts) = (RwLock::default(), watch::Sender::new(0));
        let shared = Arc::new(Shared { url, key, every, max_stale, fetcher, held, attempts });
        let running = tokio::spawn(Arc::clone(&shared).follow()).abort_handle();
        Ok(Self { task: Arc::new(Task { shared, running }) })
    }

    /// Waits for the end of the first attempt to hear of them.
    ///
    /// # Errors
    /// `unavailable` where nothing is known then. They are still followed.
    pub async fn ready(&self) -> Result<(), Error> {
        // It fails only where the sender is gone, which is ours.
        let _ = self.task.shared.attempts.subscribe().wait_for(|ended| *ended > 0).await;
        self.task.shared.ask(|_| Ok(()))
    }

    /// Refuses a token that was taken back, and one that could not be: without `jti`, or where its time counts `iat`.
    ///
    /// # Errors
    /// `token_revoked`, `claim_missing`; `unavailable` where what is known is too old.
    pub fn check(&self, token: &VerifiedToken) -> Result<(), Error> {
        self.task.shared.ask(|feed| feed.check(token))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl fmt::Debug for FollowedRevocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known_for =
            self.task.shared.held.read().unwrap_or_else(PoisonError::into_inner).as_of.map(|at| at.elapsed());
        f.debug_struct("FollowedRevocations").field("known_for", &known_for).finish_non_exhaustive()
    }
}

impl Shared {
    fn ask(&self, ask: impl FnOnce(&RevocationFeed) -> Result<(), Error>) -> Result<(), Error> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        match held.as_of {
            Some(as_of) if as_of.elapsed() < self.max_stale => ask(&held.feed),
            _ => Err(unavailable("it cannot be told what was revoked")),
        }
    }

    async fn follow(self: Arc<Self>) {
        loop {
            if let Err(why) = self.catch_up().await {
                tracing::warn!(reason = %why, "the revocations could not be brought up to date");
            }
            self.attempts.send_modify(|ended| *ended += 1);
            tokio::time::sleep(self.every).await;
        }
    }

    /// Hears of everything that was taken back until now.
    async fn catch_up(&self) -> Result<(), Error> {
        let asked = Instant::now();
        for _ in 0..ANSWERS {
            let request = http::Request::get(self.question().as_str()).header(SERVICE_KEY, self.key.clone());
            let request = request.body(Vec::new()).map_err(|_| invalid("the revocations' URL is none"))?;
            let response = self.fetcher.send(request).await.map_err(|_| unavailable("the server cannot be reached"))?;
            if response.status() != StatusCode::OK {
                return Err(unavailable("the server does not say what was revoked"));
            }
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            if held.feed.read(response.body())? {
                held.as_of = Some(asked);
                held.feed.forget(system_clock().saturating_mul(1000));
                return Ok(());
            }
        }
        Err(unavailable("there is no end to the revocations"))
    }

    fn question(&self) -> Url {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("after", &held.feed.after().to_string());
        if let Some(epoch) = held.feed.epoch() {
            url.query_pairs_mut().append_pair("epoch", epoch);
        }
        url
    }
}
