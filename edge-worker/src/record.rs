//! The decision log: one JSON line for a decision, without any token, query or header.

use sentinel_core::{Decision, Identity};
use serde_json::json;

use crate::answer::Refusal;
use crate::head::Head;
use crate::settings::Log;
use crate::setup::Gateway;

/// What was decided.
pub(crate) struct Record<'a> {
    pub(crate) head: &'a Head<'a>,
    pub(crate) identity: Option<&'a Identity>,
    pub(crate) decision: &'a Decision,
    pub(crate) outcome: &'a Result<(), Refusal>,
    /// Of the bundle that was asked.
    pub(crate) revision: Option<u64>,
}

impl Record<'_> {
    /// In a word, what it came to.
    pub(crate) fn why(&self) -> &'static str {
        match self.outcome {
            Ok(()) => self.decision.reason().as_str(),
            Err(refusal) => refusal.word(),
        }
    }

    /// Writes the line, where the gateway's setting asks for it.
    pub(crate) fn write(&self, gateway: Option<&Gateway>) {
        let log = gateway.map_or(Log::None, |gateway| gateway.log);
        let allowed = self.outcome.is_ok();
        if log == Log::None || (log == Log::Denied && allowed) {
            return;
        }
        let line = json!({
            "event": "decision",
            "allow": allowed,
            "why": self.why(),
            "method": self.head.method,
            "path": self.head.path,
            "user": self.identity.map(Identity::user_id),
            "workspace": self.identity.and_then(Identity::workspace_id),
            "issuer": self.identity.and_then(|identity| identity.text(sentinel_core::Text::Issuer)),
            "revision": self.revision,
            "token": self.identity.and_then(Identity::jwt_id),
            "ray": self.head.header("cf-ray"),
        });
        worker::console_log!("{line}");
    }
}
