//! `sentinel doctor`: what could be wrong with a deployment, looked at one by one.

use std::path::{Path, PathBuf};

use sentinel_idp::Providers;
use sentinel_keys::{KeyRing, MasterKey};
use sentinel_server::service::{Clock, signing};
use sentinel_server::settings::Settings;
use sentinel_storage::Store;
use serde_json::{Value, json};

use super::data::block_on;
use super::open;
use crate::outcome::Failure;

/// Released after this moment (2026-01-01): a clock before it is wrong.
const RELEASED: i64 = 1_767_225_600_000;

/// What was looked at: its name, and what is so, or what is wrong and what to do.
type Finding = (&'static str, Result<String, String>);

/// Looks at everything. Answers the findings and whether all is well.
pub(crate) fn run(config: Option<PathBuf>) -> Result<(Value, bool), Failure> {
    let findings = match open::settings(config, Vec::new()) {
        Ok(settings) => block_on(async { Ok(findings(&settings).await) })?,
        Err(why) => vec![("settings", Err(said(why)))],
    };
    let well = findings.iter().all(|(_, finding)| finding.is_ok());
    let rows = findings.into_iter().map(|(name, finding)| {
        let ok = finding.is_ok();
        let (Ok(says) | Err(says)) = finding;
        json!({ "check": name, "ok": ok, "says": says })
    });
    Ok((Value::Array(rows.collect()), well))
}

async fn findings(settings: &Settings) -> Vec<Finding> {
    let mut all: Vec<Finding> = vec![("settings", Ok("can be used".to_owned()))];
    let now = Clock::system().now();
    all.push((
        "clock",
        if now > RELEASED {
            Ok("after this release".to_owned())
        } else {
            Err("it is before this release was made: tokens will not be valid".to_owned())
        },
    ));
    if settings.database_url.is_none() || settings.master_key_file.is_none() {
        all.push(("data folder", private(&settings.data_dir, 0o077)));
    }
    if settings.database_url.is_none() {
        all.push(("database file", private(&settings.data_dir.join(open::DATABASE), 0o077)));
    }
    if settings.master_key_file.is_none() {
        all.push((
            "master key's place",
            Err("it lies beside the data: move it elsewhere and set MASTER_KEY_FILE".to_owned()),
        ));
    }
    if settings.base_url.as_ref().is_none_or(|url| url.scheme() != "https") {
        all.push((
            "base url",
            Err("BASE_URL is not https: tokens and cookies travel openly, which is for this machine alone".to_owned()),
        ));
    }
    // Not made by looking.
    let exists = settings.database_url.is_some() || settings.data_dir.join(open::DATABASE).exists();
    match open::open_store(settings, now).await {
        _ if !exists => all.push(("database", Err("there is none yet: `sentinel serve` makes it".to_owned()))),
        Ok(store) => {
            all.push(("database", Ok(format!("answers, schema {}", sentinel_storage::SCHEMA_VERSION))));
            all.push(("signing keys", keys(settings, &store, now).await));
            store.close().await;
        }
        Err(why) => all.push(("database", Err(said(why)))),
    }
    all.extend(providers(settings).await);
    all
}

async fn keys(settings: &Settings, store: &Store, now: i64) -> Result<String, String> {
    let (file, _) = open::master_key_file(settings);
    let master = MasterKey::load(&file).map_err(|why| why.to_string())?;
    let keys = signing::list(store).await.map_err(|why| why.to_string())?;
    let algorithm = open::algorithm(settings).map_err(said)?;
    let ring = KeyRing::new(&keys, &master, algorithm, now).map_err(|why| why.to_string())?;
    let kid = ring.kid().ok_or("there is no key to sign with: `sentinel keys rotate`")?;
    Ok(format!("{kid} signs, {} are published", ring.key_set().len()))
}

/// Each provider's metadata are asked for, as at a login.
async fn providers(settings: &Settings) -> Vec<Finding> {
    let providers = match Providers::new(settings.providers.iter().cloned(), settings.fetch_policy()) {
        Ok(providers) => providers,
        Err(why) => return vec![("identity providers", Err(why.to_string()))],
    };
    if settings.providers.is_empty() {
        return vec![("identity providers", Err("none is set: nobody can log in".to_owned()))];
    }
    let mut all: Vec<Finding> = Vec::new();
    for provider in &settings.providers {
        let callback = format!("{}/auth/callback/{}", open::base_url(settings, settings.service_port), provider.id);
        let reached = providers.start(&provider.id, &callback).await;
        let reached =
            reached.map(|_| format!("{} answers", provider.id)).map_err(|why| format!("{}: {why}", provider.id));
        all.push(("identity provider", reached));
    }
    all
}

/// That others than its owner have nothing of these rights.
#[cfg(unix)]
fn private(path: &Path, others: u32) -> Result<String, String> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & others == 0 {
        Ok(format!("{} is its owner's alone", path.display()))
    } else {
        Err(format!("{} is open to others (mode {mode:o}): chmod go-rwx", path.display()))
    }
}

#[cfg(not(unix))]
fn private(path: &Path, _: u32) -> Result<String, String> {
    Ok(format!("{}: not looked at on this system", path.display()))
}

fn said(why: Failure) -> String {
    match why {
        Failure::Refused(error) => error.message().to_owned(),
        Failure::Usage(message) | Failure::Unanswered(_, message) => message,
    }
}
