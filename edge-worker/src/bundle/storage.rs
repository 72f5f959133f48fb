//! What outlives an isolate: the last full bundle in the cache of this place, and in KV which one was seen last.

use sentinel_core::bundle::Known;
use worker::kv::KvStore;
use worker::{Cache, Env, ResponseBuilder};

use crate::outgoing;

/// The binding of a KV namespace that remembers which bundles were seen.
const STATE: &str = "SENTINEL_STATE";
/// The cache is named: what is in it is no answer to any request from outside.
const CACHE: &str = "sentinel-bundles";

/// Where one bundle is kept.
pub(super) struct Storage {
    place: String,
    cache: bool,
}

/// What is to be kept.
#[derive(Default)]
pub(super) struct Writes {
    pub(super) known: Option<Known>,
    /// A full bundle, and for how many seconds it is good.
    pub(super) frame: Option<(Vec<u8>, f64)>,
}

impl Storage {
    pub(super) fn new(place: &str, cache: bool) -> Self {
        Self { place: place.to_owned(), cache }
    }

    fn url(&self) -> String {
        format!("https://bundles.sentinel.invalid/{}", self.place)
    }

    fn name(&self) -> String {
        format!("bundle.{}", self.place)
    }

    /// The full bundle in the cache, where there is one.
    pub(super) async fn cached(&self, limit: usize) -> Option<Vec<u8>> {
        if !self.cache {
            return None;
        }
        let mut response = Cache::open(CACHE.to_owned()).await.get(self.url(), false).await.ok()??;
        outgoing::bounded(&mut response, limit).await.ok()
    }

    /// Which bundle was seen last, where that is remembered.
    ///
    /// # Errors
    /// Where it cannot be told: that is not to be taken for "none".
    pub(super) async fn known(&self, env: &Env) -> Result<Option<Known>, String> {
        let Some(kv) = namespace(env)? else { return Ok(None) };
        let text = kv.get(&self.name()).text().await.map_err(|error| format!("KV: {error}"))?;
        text.map(|text| Known::parse(&text).ok_or("KV holds something else than the last bundle".to_owned()))
            .transpose()
    }

    /// Keeps both. What cannot be kept is said, and fetched again.
    pub(super) async fn write(&self, env: &Env, writes: Writes) {
        if let Some(known) = writes.known
            && let Err(why) = self.remember(env, known).await
        {
            worker::console_warn!("which bundle was seen last could not be kept: {why}");
        }
        if let Some((frame, left)) = writes.frame.filter(|_| self.cache)
            && let Err(why) = self.keep(frame, left).await
        {
            worker::console_warn!("the bundle could not be kept: {}", why.to_string());
        }
    }

    /// Never less than what another isolate has seen, as far as it has been told of here.
    async fn remember(&self, env: &Env, known: Known) -> Result<(), String> {
        let Some(kv) = namespace(env)? else { return Ok(()) };
        let before = self.known(env).await?;
        // A renewed time alone is worth a write now and then: KV takes one in a second for a name.
        let is_new = before.is_none_or(|before| {
            known.revision > before.revision
                || known.revision == before.revision && known.issued_at >= before.issued_at.saturating_add(60)
        });
        if !is_new {
            return Ok(());
        }
        let put = kv.put(&self.name(), known.to_text()).map_err(|error| error.to_string())?;
        put.execute().await.map_err(|error| error.to_string())
    }

    async fn keep(&self, frame: Vec<u8>, left: f64) -> worker::Result<()> {
        if left < 1.0 {
            return Ok(());
        }
        let response = ResponseBuilder::new().with_header("cache-control", &format!("max-age={left:.0}"))?;
        Cache::open(CACHE.to_owned()).await.put(self.url(), response.from_bytes(frame)?).await
    }
}

fn namespace(env: &Env) -> Result<Option<KvStore>, String> {
    if !js_sys::Reflect::has(env, &STATE.into()).unwrap_or(true) {
        return Ok(None);
    }
    env.kv(STATE).map(Some).map_err(|error| format!("{STATE}: {error}"))
}
