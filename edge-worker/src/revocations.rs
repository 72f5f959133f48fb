//! What the server took back: followed while requests come, and bounded in how old it may be.

use std::cell::RefCell;
use std::rc::Rc;

use crate::address::Address;
use crate::host::Host;
use crate::outgoing;
use crate::settings::RevocationSettings;
use sentinel_core::{Error, ErrorCode, RevocationFeed, VerifiedToken};

/// Longest answer: a thousand revocations take a fifth of it.
const ANSWER_BYTES: usize = 1024 * 1024;
/// Most answers in a row: a hundred thousand revocations.
const ANSWERS: usize = 100;
/// Milliseconds after a failure before the server is asked again.
const PAUSE: f64 = 1_000.0;

/// The server's revocations.
pub(crate) struct Followed {
    url: Address,
    key: String,
    /// Milliseconds.
    max_age: f64,
    max_stale: f64,
    /// INVARIANT: never borrowed across an await, where another request runs.
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    feed: RevocationFeed,
    /// When the last answer was asked for, in milliseconds since 1970.
    as_of: Option<f64>,
    retry_at: f64,
    /// Somebody is asking, until then at the latest.
    under_way_until: f64,
}

impl Followed {
    pub(crate) fn new(settings: RevocationSettings, key: &str) -> Result<Self, &'static str> {
        let url = outgoing::allowed(&settings.url).ok_or("the revocations' URL must be https, without credentials")?;
        if url.has_more() {
            return Err("the revocations' URL must have no query");
        }
        let (max_age, max_stale) = (f64::from(settings.max_age) * 1000.0, f64::from(settings.max_stale) * 1000.0);
        if max_stale < max_age {
            return Err("`maxStale` must not be less than `maxAge`");
        }
        Ok(Self { url, key: key.to_owned(), max_age, max_stale, state: RefCell::default() })
    }

    /// Refuses a token that was taken back.
    ///
    /// # Errors
    /// As [`RevocationFeed::check`]; `unavailable` where what was heard last is too old.
    pub(crate) async fn check(self: &Rc<Self>, token: &VerifiedToken, now: f64, host: &Host<'_>) -> Result<(), Error> {
        let waits = {
            let state = self.state.borrow();
            now < state.retry_at || now < state.under_way_until
        };
        if !self.is_within(self.max_age, now) && !waits {
            self.ask(now).await;
        } else if !self.is_within(self.max_age / 2.0, now) && !waits {
            // Early enough that under a steady stream of requests none of them waits, and none is answered by what is older
            // than `maxAge`.
            let followed = Rc::clone(self);
            self.state.borrow_mut().under_way_until = now + f64::from(outgoing::TIMEOUT);
            host.context.wait_until(async move { followed.ask(now).await });
        }
        if !self.is_within(self.max_stale, crate::now()) {
            return Err(Error::with(ErrorCode::Unavailable, "it cannot be told what was revoked"));
        }
        self.state.borrow().feed.check(token)
    }

    /// A clock that went backwards makes it too old.
    fn is_within(&self, age: f64, now: f64) -> bool {
        self.state.borrow().as_of.is_some_and(|as_of| (0.0..age).contains(&(now - as_of)))
    }

    async fn ask(&self, now: f64) {
        self.state.borrow_mut().under_way_until = now + f64::from(outgoing::TIMEOUT);
        let outcome = self.catch_up().await;
        let mut state = self.state.borrow_mut();
        state.under_way_until = 0.0;
        match outcome {
            Ok(()) => {
                // As of when it was asked: what was taken back while the answer was on its way is not in it.
                (state.as_of, state.retry_at) = (Some(now), 0.0);
                state.feed.forget(now as i64);
            }
            Err(why) => {
                worker::console_warn!("the revocations could not be read: {why}");
                state.retry_at = crate::now() + PAUSE;
            }
        }
    }

    async fn catch_up(&self) -> Result<(), String> {
        for _ in 0..ANSWERS {
            let url = {
                let state = self.state.borrow();
                let after = state.feed.after().to_string();
                let epoch = state.feed.epoch().map(|epoch| ("epoch", epoch));
                let members: Vec<_> = std::iter::once(("after", after.as_str())).chain(epoch).collect();
                self.url.with_query(&members)
            };
            let headers = [("accept", "application/json"), ("x-service-key", &self.key)];
            let (_, body) = outgoing::get(&url, &headers, ANSWER_BYTES).await?;
            let complete = self.state.borrow_mut().feed.read(&body).map_err(|error| error.message())?;
            if complete {
                return Ok(());
            }
        }
        Err("there is no end to them".to_owned())
    }
}
