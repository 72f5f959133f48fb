//! What has expired is removed, a bounded part at a time, so that no request waits long behind it.

use const_format::concatcp;

use crate::statement::execute;
use crate::{Millis, StorageError, Transaction};

/// How many rows of each kind were removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the tables'")]
pub struct Pruned {
    pub login_states: u64,
    pub authorization_codes: u64,
    pub relay_codes: u64,
    pub sessions: u64,
    pub sso_sessions: u64,
    pub revocations: u64,
    pub one_time_links: u64,
    pub service_keys: u64,
    pub invitations: u64,
    pub login_failures: u64,
    pub known_networks: u64,
    pub webhook_deliveries: u64,
    pub socket_tickets: u64,
    pub sso_journeys: u64,
    pub sso_codes: u64,
    pub sso_replays: u64,
    pub sso_failures: u64,
}

impl Pruned {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.login_states
            + self.authorization_codes
            + self.relay_codes
            + self.sessions
            + self.sso_sessions
            + self.revocations
            + self.one_time_links
            + self.service_keys
            + self.invitations
            + self.login_failures
            + self.known_networks
            + self.webhook_deliveries
            + self.socket_tickets
            + self.sso_journeys
            + self.sso_codes
            + self.sso_replays
            + self.sso_failures
    }
}

/// Removes at most `$2` rows of a table that expired before `$1`.
macro_rules! expired {
    ($table:literal, $key:literal) => {
        concatcp!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)"
        )
    };
}

/// The last one stays: its number says how far followers have come, and must not fall.
const REVOCATIONS: &str = "DELETE FROM revocations WHERE seq IN (SELECT seq FROM revocations WHERE expires_at < $1 \
                           AND seq < (SELECT MAX(seq) FROM revocations) ORDER BY expires_at LIMIT $2)";

/// One of an account's, so that the key is of both.
const KNOWN_NETWORKS: &str = "DELETE FROM known_networks WHERE (user_id, network) IN (SELECT user_id, network FROM known_networks \
                              WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

/// One of a workspace's, a code's and an hour's.
const SSO_FAILURES: &str = "DELETE FROM sso_failures WHERE (workspace_id, code, hour) IN (SELECT workspace_id, code, hour FROM \
                            sso_failures WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

impl Transaction {
    /// Removes what expired before `before`, at most `limit` rows of each kind. Call it again while anything was removed.
    ///
    /// INVARIANT: nothing revoked comes back. A session that is gone opens nothing, and a revocation's `expires_at` lies
    /// after the end of every token that it concerns.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn prune_expired(&mut self, before: Millis, limit: i64) -> Result<Pruned, StorageError> {
        Ok(Pruned {
            login_states: execute!(self, expired!("login_states", "state_hash"), before, limit),
            // Before the codes, as where one is ended: who holds the one does not wait for the other.
            sso_sessions: execute!(self, expired!("sso_sessions", "id"), before, limit),
            authorization_codes: execute!(self, expired!("authorization_codes", "code_hash"), before, limit),
            relay_codes: execute!(self, expired!("relay_codes", "code_hash"), before, limit),
            sessions: execute!(self, expired!("sessions", "id"), before, limit),
            revocations: execute!(self, REVOCATIONS, before, limit),
            one_time_links: execute!(self, expired!("one_time_links", "hash"), before, limit),
            service_keys: execute!(self, expired!("service_keys", "hash"), before, limit),
            invitations: execute!(self, expired!("invitations", "id"), before, limit),
            login_failures: execute!(self, expired!("login_failures", "key"), before, limit),
            known_networks: execute!(self, KNOWN_NETWORKS, before, limit),
            webhook_deliveries: execute!(self, expired!("webhook_deliveries", "seq"), before, limit),
            socket_tickets: execute!(self, expired!("socket_tickets", "hash"), before, limit),
            sso_journeys: execute!(self, expired!("sso_journeys", "hash"), before, limit),
            sso_codes: execute!(self, expired!("sso_codes", "hash"), before, limit),
            sso_replays: execute!(self, expired!("sso_replays", "key"), before, limit),
            sso_failures: execute!(self, SSO_FAILURES, before, limit),
        })
    }
}
