//! The configuration, from bindings or KV, kept for the life of the isolate while it is the same.

use std::cell::RefCell;
use std::rc::Rc;

use sentinel_core::config::Config;
use sentinel_core::{KeySet, Limits, Policy, SymmetricKeys, TokenPair};
use wasm_bindgen::JsValue;
use worker::Env;

use crate::address::Address;
use crate::bundle::Demands;
use crate::evaluation::EvaluationKey;
use crate::keys::Keys;
use crate::outgoing;
use crate::proof::Prover;
use crate::relations::Relations;
use crate::revocations::Followed;
use crate::settings::{self, Log, Settings, Undecided};

/// What a binding or, where there is no configuration among the bindings, KV holds.
const NAMES: [&str; 4] = ["SENTINEL_CONFIG", "SENTINEL_JWKS", "SENTINEL_JWKS_URL", "SENTINEL_GATEWAY"];
/// What only a secret binding holds: who may read KV must not be able to sign.
const SECRETS: [&str; 3] = ["SENTINEL_GATEWAY_KEY", "SENTINEL_SERVICE_KEY", "SENTINEL_EVALUATION_KEY"];
const NAMESPACE: &str = "SENTINEL_KV";

/// KV takes up to a minute to tell every place of a change anyway.
const KV_AGE: f64 = 60_000.0;

#[derive(PartialEq, Eq)]
struct Texts {
    named: [Option<String>; NAMES.len()],
    secret: [Option<String>; SECRETS.len()],
}

/// A configuration in use.
pub(crate) struct Setup {
    /// Of `SENTINEL_CONFIG`: its rules decide.
    first: Issuer,
    others: Vec<Issuer>,
    pair: Option<Pair>,
    gateway: Option<Gateway>,
}

/// Whose tokens count, and with which keys.
pub(crate) struct Issuer {
    pub(crate) config: Config,
    pub(crate) keys: Rc<Keys>,
}

/// What is asked for where it is two tokens.
pub(crate) struct Pair {
    pub(crate) pair: TokenPair,
    pub(crate) identity_keys: Rc<Keys>,
}

/// What makes the Worker a gateway.
pub(crate) struct Gateway {
    /// Scheme, host and port.
    pub(crate) origin: String,
    pub(crate) prover: Prover,
    pub(crate) cookie: Option<String>,
    pub(crate) login: Option<String>,
    pub(crate) forward_tokens: bool,
    pub(crate) revocations: Option<Rc<Followed>>,
    pub(crate) relations: Option<Relations>,
    evaluation: Option<EvaluationKey>,
    pub(crate) log: Log,
}

impl Gateway {
    /// What is asked by AuthZEN's API, and who may; where it is served.
    pub(crate) fn evaluation(&self) -> Option<(&Relations, &EvaluationKey)> {
        self.relations.as_ref().zip(self.evaluation.as_ref())
    }
}

/// What core has read already, for what is named by it.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirstConfig {
    issuer: Option<serde_json::Value>,
    allowed_workspaces: Option<Vec<String>>,
}

struct Held {
    /// The platform's object with the bindings: while it is the same, so are they.
    env: JsValue,
    texts: Texts,
    ready: Ready,
    /// Read from KV at this time.
    read_at: Option<f64>,
}

/// What a request needs first.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) setup: Rc<Setup>,
    /// Whether there is a rate limiter.
    pub(crate) is_limited: bool,
}

thread_local! {
    /// INVARIANT: never borrowed across an await, where another request runs.
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

impl Setup {
    /// The configuration of this environment.
    pub(crate) async fn of(env: &Env, now: f64) -> Result<Ready, String> {
        let held = HELD.with_borrow(|held| {
            let held = held.as_ref()?;
            let is_current = match held.read_at {
                Some(read_at) => (0.0..KV_AGE).contains(&(now - read_at)),
                None => held.env == **env,
            };
            is_current.then(|| held.ready.clone())
        });
        if let Some(ready) = held {
            return Ok(ready);
        }
        let bindings = NAMES.map(|name| binding(env, name));
        let (named, read_at) = match bindings {
            [Some(_), ..] => (bindings, None),
            _ => (from_kv(env).await?, Some(now)),
        };
        let texts = Texts { named, secret: SECRETS.map(|name| binding(env, name)) };
        // Who cannot be told from one that is there, is there.
        let is_limited = js_sys::Reflect::has(env, &crate::LIMITER.into()).unwrap_or(true);
        HELD.with_borrow_mut(|held| {
            // The same text: its keys stay fetched.
            let setup = match held.take_if(|held| held.texts == texts) {
                Some(same) => same.ready.setup,
                None => Rc::new(Self::read(&texts)?),
            };
            let ready = Ready { setup, is_limited };
            *held = Some(Held { env: JsValue::clone(env), texts, ready: ready.clone(), read_at });
            Ok(ready)
        })
    }

    fn read(Texts { named: [config, jwks, jwks_url, gateway], secret }: &Texts) -> Result<Self, String> {
        let config = config.as_ref().ok_or("there is no SENTINEL_CONFIG")?;
        let first = Issuer::read(config.as_bytes(), jwks.as_deref(), jwks_url.as_deref())
            .map_err(|why| format!("SENTINEL_CONFIG, SENTINEL_JWKS or SENTINEL_JWKS_URL: {why}"))?;
        let mut setup = Self { first, others: Vec::new(), pair: None, gateway: None };
        if let Some(gateway) = gateway {
            let settings: Settings = serde_json::from_str(gateway).map_err(|why| format!("SENTINEL_GATEWAY: {why}"))?;
            setup.become_gateway(settings, config, secret).map_err(|why| format!("SENTINEL_GATEWAY: {why}"))?;
        }
        Ok(setup)
    }

    fn become_gateway(
        &mut self,
        mut settings: Settings,
        config: &str,
        [key, service_key, evaluation_key]: &[Option<String>; SECRETS.len()],
    ) -> Result<(), String> {
        for issuer in &settings.issuers {
            self.others.push(Issuer::of(issuer)?);
        }
        if let Some(asked) = &settings.pair {
            if !self.others.is_empty() {
                return Err("a pair has one issuer of authorization tokens".to_owned());
            }
            let Issuer { config, keys } = Issuer::of(&asked.identity)?;
            let authorization = self.first.config.verifier.clone();
            let pair = TokenPair::new(config.verifier, authorization, &asked.service).map_err(|why| why.message())?;
            let pair = pair.identity_profile(config.policy.profile().clone());
            self.pair = Some(Pair { pair, identity_keys: keys });
        }
        let relations = self.relations(&mut settings, config, service_key.as_deref())?;
        let evaluation = evaluation_key.as_deref().map(EvaluationKey::new).transpose()?;
        if evaluation.is_some() && relations.is_none() {
            return Err("SENTINEL_EVALUATION_KEY needs a `bundle` to answer from".to_owned());
        }
        let revocations = match (settings.revocations, service_key) {
            (Some(asked), Some(key)) => Some(Rc::new(Followed::new(asked, key)?)),
            (Some(_), None) => return Err("`revocations` needs the secret SENTINEL_SERVICE_KEY".to_owned()),
            (None, _) => None,
        };
        let key =
            key.as_ref().ok_or("the secret SENTINEL_GATEWAY_KEY is missing: the origin could be reached around")?;
        self.gateway = Some(Gateway {
            origin: origin(&settings.origin)?,
            prover: Prover::new(key, &settings.name, &settings.service)?,
            cookie: settings.cookie,
            login: settings.login.map(login).transpose()?,
            forward_tokens: settings.forward_tokens,
            revocations,
            relations,
            evaluation,
            log: settings.log,
        });
        Ok(())
    }

    /// What answers rules with a relation.
    fn relations(
        &self,
        settings: &mut Settings,
        config: &str,
        service_key: Option<&str>,
    ) -> Result<Option<Relations>, String> {
        let asked = settings.ask.take();
        let Some(bundle) = settings.bundle.take() else {
            let alone = asked.is_some() || settings.undecided == Undecided::Ask;
            return if alone { Err("`undecided` and `ask` are for a `bundle`".to_owned()) } else { Ok(None) };
        };
        let service_key = service_key.ok_or("`bundle` needs the secret SENTINEL_SERVICE_KEY")?;
        let said: FirstConfig = serde_json::from_str(config).map_err(|why| why.to_string())?;
        let issuer = bundle.issuer.or(said.issuer.and_then(|issuer| issuer.as_str().map(str::to_owned)));
        let demands = Demands {
            issuer: issuer.ok_or("`bundle` needs an `issuer`: the configuration has not exactly one")?,
            audience: bundle.audience,
            algorithms: self.first.config.verifier.algorithms(),
            keys: Rc::clone(&self.first.keys),
            service_key: service_key.to_owned(),
            max_age: f64::from(bundle.max_age) * 1000.0,
            stale_while_revalidate: f64::from(bundle.stale_while_revalidate) * 1000.0,
            cache: bundle.cache,
        };
        let relations = Relations::new(bundle.url, said.allowed_workspaces, demands)?;
        match (settings.undecided, asked) {
            (Undecided::Ask, Some(url)) => Ok(Some(relations.or_ask(&url)?)),
            (Undecided::Deny, None) => Ok(Some(relations)),
            _ => Err("`undecided` is \"ask\" exactly where `ask` says whom".to_owned()),
        }
    }

    /// The issuer of `SENTINEL_CONFIG`.
    pub(crate) fn first(&self) -> &Issuer {
        &self.first
    }

    /// Every issuer, the first one first.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &Issuer> {
        std::iter::once(&self.first).chain(&self.others)
    }

    pub(crate) fn pair(&self) -> Option<&Pair> {
        self.pair.as_ref()
    }

    /// What decides.
    pub(crate) fn policy(&self) -> &Policy {
        &self.first.config.policy
    }

    pub(crate) fn gateway(&self) -> Option<&Gateway> {
        self.gateway.as_ref()
    }
}

impl Issuer {
    fn read(config: &[u8], jwks: Option<&str>, jwks_url: Option<&str>) -> Result<Self, String> {
        let config = Config::from_json(config).map_err(|error| error.message())?;
        let keys = match (jwks, jwks_url) {
            (Some(jwks), None) => {
                // Both are the operator's own words: the list that names HS, and the keys beside it.
                let asked = config.verifier.algorithms().has_symmetric();
                let symmetric = if asked { SymmetricKeys::Accept } else { SymmetricKeys::Refuse };
                let keys = KeySet::from_jwks(jwks.as_bytes(), symmetric, &Limits::DEFAULT);
                Keys::fixed(keys.map_err(|error| error.message())?)
            }
            (None, Some(url)) => Keys::remote(url).ok_or("the key set's URL must be https, without credentials")?,
            _ => return Err("there must be either a key set or its URL".to_owned()),
        };
        Ok(Self { config, keys: Rc::new(keys) })
    }

    fn of(settings::Issuer { config, jwks, jwks_url }: &settings::Issuer) -> Result<Self, String> {
        if ["rules", "roleOrder", "allowedWorkspaces", "relations"].iter().any(|name| config.get(name).is_some()) {
            return Err("only SENTINEL_CONFIG has rules, and they count for every issuer; relations are that issuer's"
                .to_owned());
        }
        let jwks = jwks.as_ref().map(ToString::to_string);
        Self::read(config.to_string().as_bytes(), jwks.as_deref(), jwks_url.as_deref())
    }
}

/// The bare origin: what is decided on is then the very path that is forwarded.
fn origin(text: &str) -> Result<String, &'static str> {
    let url = Address::parse(text).ok_or("`origin` is no URL")?;
    let is_bare = url.path() == "/" && !url.has_more() && !url.has_credentials();
    if is_bare && (url.is_https() || url.is_http()) {
        return Ok(url.origin().to_owned());
    }
    Err("`origin` must be scheme, host and port alone")
}

/// A path of this host or a URL that may be fetched: nothing that a browser could take for a script.
fn login(text: String) -> Result<String, &'static str> {
    let is_path = text.starts_with('/') && !text.starts_with("//") && !text.contains(['\\', '#']);
    if is_path || outgoing::allowed(&text).is_some_and(|url| !url.has_fragment()) {
        return Ok(text);
    }
    Err("`login` must be a path of this host or an https URL, without fragment")
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

async fn from_kv(env: &Env) -> Result<[Option<String>; NAMES.len()], String> {
    let kv = env.kv(NAMESPACE).map_err(|_| "there is neither SENTINEL_CONFIG nor SENTINEL_KV")?;
    let mut texts = <[Option<String>; NAMES.len()]>::default();
    for (text, name) in texts.iter_mut().zip(NAMES) {
        *text = kv.get(name).text().await.map_err(|error| format!("KV: {error}"))?;
    }
    Ok(texts)
}
