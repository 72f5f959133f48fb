//! `xmlsec1`: what `pysaml2` signs with, and a verifier of XML signatures that shares no code with ours.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::{apt, on_path};
use crate::process::ask;

/// The one on PATH, else Debian's, installed.
pub(crate) fn find() -> Result<PathBuf> {
    if let Some(found) = on_path("xmlsec1") {
        return Ok(found);
    }
    apt::install(&["xmlsec1"]).context("no xmlsec1 (only the tests of SAML need it)")?;
    on_path("xmlsec1").context("Debian's xmlsec1 was installed, yet PATH has none")
}

/// What it calls itself.
pub(crate) fn version() -> Option<String> {
    ask("xmlsec1", &["--version"])
}
