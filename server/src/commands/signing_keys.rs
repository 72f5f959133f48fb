//! `sentinel keys list|export|rotate|retire`: the deployment's signing keys. A running server follows within a second.

use std::path::PathBuf;
use std::sync::Arc;

use sentinel_keys::{PublicKey, RsaBits, lifecycle};
use sentinel_server::service::{Clock, Lifetimes, signing};
use serde_json::{Value, json};

use super::data::{block_on, time};
use super::open;
use crate::outcome::Failure;

#[derive(clap::Args)]
pub(crate) struct Export {
    /// The key's id [default: the key that signs now]
    #[arg(long, conflicts_with = "jwks")]
    kid: Option<String>,
    /// All published keys, as a JWK Set
    #[arg(long)]
    jwks: bool,
}

#[derive(clap::Args)]
pub(crate) struct Rotate {
    /// How long the new key is published before it signs: longer than verifiers keep a key set
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    wait: u32,
}

#[derive(clap::Args)]
pub(crate) struct Retire {
    /// The key's id
    kid: String,
}

/// All keys and where each is in its life.
pub(crate) fn list(config: Option<PathBuf>) -> Result<Value, Failure> {
    let settings = open::settings(config, Vec::new())?;
    block_on(async {
        let (now, algorithm) = (Clock::system().now(), open::algorithm(&settings)?);
        let opened = open::open(&settings, now).await?;
        let keys = signing::list(&opened.store).await.map_err(|why| super::failure(&why))?;
        opened.store.close().await;
        let rows = keys.iter().map(|key| {
            json!({
                "kid": key.kid,
                "algorithm": key.algorithm.as_str(),
                "phase": lifecycle::phase(key, &keys, algorithm, now).as_str(),
                "created_at": time(key.created_at),
                "signs_from": time(key.signs_from),
                "retires_at": key.retires_at.map(time),
            })
        });
        Ok(Value::Array(rows.collect()))
    })
}

/// Public keys for verifiers that cannot ask the server: one in PEM, as text or with its id in JSON; or all.
pub(crate) fn export(config: Option<PathBuf>, args: &Export, in_json: bool) -> Result<Value, Failure> {
    let settings = open::settings(config, Vec::new())?;
    block_on(async {
        let (now, algorithm) = (Clock::system().now(), open::algorithm(&settings)?);
        let opened = open::open(&settings, now).await?;
        let keys = signing::list(&opened.store).await.map_err(|why| super::failure(&why))?;
        opened.store.close().await;
        // The one that signs is the first.
        let mut published = lifecycle::published(&keys, algorithm, now).into_iter();
        let none = |why: &str| Failure::Unanswered("not_found", why.to_owned());
        let read = |key: &sentinel_keys::KeyRecord| {
            PublicKey::from_jwk(&key.public_jwk, key.algorithm.in_core()).map_err(open::keys_failure)
        };
        if args.jwks {
            let keys = published.map(|key| Ok(read(key)?.members().clone().into()));
            let set = json!({ "keys": keys.collect::<Result<Vec<Value>, Failure>>()? });
            return Ok(if in_json { set } else { set.to_string().into() });
        }
        let found = match &args.kid {
            Some(kid) => published.find(|key| key.kid == *kid).ok_or_else(|| none("no published key has this id")),
            None => published.next().ok_or_else(|| none("there is no key yet: `sentinel serve` makes it")),
        };
        let key = read(found?)?;
        let pem = key.pem().map_err(open::keys_failure)?;
        Ok(if in_json { json!({ "kid": key.kid(), "pem": pem }) } else { pem.into() })
    })
}

/// A new key that signs after a while; the others stay published while what they signed lives.
pub(crate) fn rotate(config: Option<PathBuf>, args: Rotate) -> Result<Value, Failure> {
    let settings = open::settings(config, Vec::new())?;
    block_on(async {
        let (now, algorithm) = (Clock::system().now(), open::algorithm(&settings)?);
        let longest = Lifetimes::longest(&open::config(&settings, "")?.lifetimes);
        let opened = open::open(&settings, now).await?;
        let (store, master) = (opened.store, Arc::new(opened.master));
        let wait = i64::from(args.wait) * 1000;
        let kid = signing::rotate(&store, &master, algorithm, RsaBits::default(), wait, longest, now).await;
        store.close().await;
        Ok(json!({ "kid": kid.map_err(|why| super::failure(&why))?, "signs_from": time(now + wait) }))
    })
}

/// Ends a key now: what it signed is refused.
pub(crate) fn retire(config: Option<PathBuf>, args: Retire) -> Result<Value, Failure> {
    let settings = open::settings(config, Vec::new())?;
    block_on(async {
        let now = Clock::system().now();
        let opened = open::open(&settings, now).await?;
        let retired = signing::retire(&opened.store, &args.kid, now).await;
        opened.store.close().await;
        retired.map_err(|why| super::failure(&why))?;
        Ok(json!({ "ok": true, "kid": args.kid }))
    })
}
