//! `sentinel config`: what is set, and whether it can be used.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::open;
use crate::outcome::Failure;

#[derive(Clone, Copy, clap::Subcommand)]
pub(crate) enum Command {
    /// Say whether the settings can be used; nothing is opened.
    Check,
    /// Show every setting and where it stands; secrets are masked.
    Show,
}

pub(crate) fn run(config: Option<PathBuf>, command: Command) -> Result<Value, Failure> {
    let settings = open::settings(config, Vec::new())?;
    match command {
        Command::Check => Ok(json!({ "ok": true, "providers": settings.providers.len() })),
        Command::Show => serde_json::to_value(settings.shown()).map_err(|why| Failure::unavailable("the answer", why)),
    }
}
