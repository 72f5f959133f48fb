//! The configuration, from bindings or KV, kept for the life of the isolate while it is the same.

use std::cell::RefCell;
use std::rc::Rc;

use sentinel_core::config::Config;
use sentinel_core::{KeySet, Limits, Policy, SymmetricKeys, Verifier};
use wasm_bindgen::JsValue;
use worker::Env;

use crate::keys::Keys;

const NAMES: [&str; 3] = ["SENTINEL_CONFIG", "SENTINEL_JWKS", "SENTINEL_JWKS_URL"];
const NAMESPACE: &str = "SENTINEL_KV";

/// KV takes up to a minute to tell every place of a change anyway.
const KV_AGE: f64 = 60_000.0;

/// What each of the names holds.
type Texts = [Option<String>; 3];

/// A configuration in use.
pub(crate) struct Setup {
    config: Config,
    keys: Keys,
}

struct Held {
    texts: Texts,
    setup: Rc<Setup>,
    /// Read from KV at this time.
    read_at: Option<f64>,
}

thread_local! {
    /// INVARIANT: never borrowed across an await, where another request runs.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

impl Setup {
    /// The configuration of this environment.
    pub(crate) async fn of(env: &Env, now: f64) -> Result<Rc<Self>, String> {
        let held = HELD.with_borrow(|held| held.as_ref().map(|held| (Rc::clone(&held.setup), held.read_at)));
        if let Some((setup, Some(read_at))) = held
            && (0.0..KV_AGE).contains(&(now - read_at))
        {
            return Ok(setup);
        }
        let bindings = NAMES.map(|name| binding(env, name));
        let (texts, read_at) = match bindings {
            [Some(_), ..] => (bindings, None),
            _ => (from_kv(env).await?, Some(now)),
        };
        HELD.with_borrow_mut(|held| {
            // The same text: its keys stay fetched.
            let setup = match held.take_if(|held| held.texts == texts) {
                Some(same) => same.setup,
                None => Rc::new(Self::read(&texts)?),
            };
            *held = Some(Held { texts, setup: Rc::clone(&setup), read_at });
            Ok(setup)
        })
    }

    fn read([config, jwks, jwks_url]: &Texts) -> Result<Self, String> {
        let config = config.as_ref().ok_or("there is no SENTINEL_CONFIG")?;
        let config = Config::from_json(config.as_bytes()).map_err(|error| error.message())?;
        let keys = match (jwks, jwks_url) {
            (Some(jwks), None) => {
                // Both are the operator's own words: the list that names HS, and the keys beside it.
                let asked = config.verifier.algorithms().has_symmetric();
                let symmetric = if asked { SymmetricKeys::Accept } else { SymmetricKeys::Refuse };
                let keys = KeySet::from_jwks(jwks.as_bytes(), symmetric, &Limits::DEFAULT);
                Keys::fixed(keys.map_err(|error| error.message())?)
            }
            (None, Some(url)) => Keys::remote(url)?,
            _ => return Err("there must be either SENTINEL_JWKS or SENTINEL_JWKS_URL".to_owned()),
        };
        Ok(Self { config, keys })
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.config.verifier
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.config.policy
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }
}

/// A text binding, or a JSON one as its text.
fn binding(env: &Env, name: &str) -> Option<String> {
    let value = js_sys::Reflect::get(env, &JsValue::from_str(name)).ok()?;
    match value.as_string() {
        Some(text) => Some(text),
        None if value.is_object() => js_sys::JSON::stringify(&value).ok()?.as_string(),
        None => None,
    }
}

async fn from_kv(env: &Env) -> Result<Texts, String> {
    let kv = env.kv(NAMESPACE).map_err(|_| "there is neither SENTINEL_CONFIG nor SENTINEL_KV")?;
    let mut texts = Texts::default();
    for (text, name) in texts.iter_mut().zip(NAMES) {
        *text = kv.get(name).text().await.map_err(|error| format!("KV: {error}"))?;
    }
    Ok(texts)
}
