//! The decision log: one JSON line for a decision, without any token, query or header.

use sentinel_core::{Decision, Identity};
use serde_json::json;
use worker::{Request, Url};

use crate::answer::Refusal;
use crate::settings::Log;
use crate::setup::Gateway;

/// What was decided.
pub(crate) struct Record<'a> {
    pub(crate) request: &'a Request,
    pub(crate) url: &'a Url,
    pub(crate) identity: Option<&'a Identity>,
    pub(crate) decision: &'a Decision,
    pub(crate) outcome: &'a Result<(), Refusal>,
}

impl Record<'_> {
    /// Writes the line, where the gateway's setting asks for it.
    pub(crate) fn write(&self, gateway: Option<&Gateway>) {
        let log = gateway.map_or(Log::None, |gateway| gateway.log);
        let allowed = self.outcome.is_ok();
        if log == Log::None || (log == Log::Denied && allowed) {
            return;
        }
        let why = match self.outcome {
            Ok(_) => self.decision.reason().as_str(),
            Err(refusal) => refusal.word(),
        };
        let line = json!({
            "event": "decision",
            "allow": allowed,
            "why": why,
            "method": self.request.inner().method(),
            "path": self.url.path(),
            "user": self.identity.map(Identity::user_id),
            "workspace": self.identity.and_then(Identity::workspace_id),
            "issuer": self.identity.and_then(|identity| identity.text(sentinel_core::Text::Issuer)),
            "token": self.identity.and_then(Identity::jwt_id),
            "ray": self.request.headers().get("cf-ray").ok().flatten(),
        });
        worker::console_log!("{line}");
    }
}
