//! `sentinel keys list|rotate|retire`: the deployment's signing keys. A running server follows within a second.

use std::path::PathBuf;
use std::sync::Arc;

use sentinel_keys::{RsaBits, lifecycle};
use sentinel_server::service::{Clock, Lifetimes, signing};
use serde_json::{Value, json};

use super::data::{block_on, time};
use super::open;
use crate::outcome::Failure;

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
