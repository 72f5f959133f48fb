//! What sockets ask, which live longer than the request that opens them.

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

use super::{Caller, Guard, Tokens, refused};
use crate::bearer;
use crate::refusal::{Refusal, Which};
#[cfg(feature = "http-client")]
use crate::websocket::Tickets;

#[cfg(feature = "http-client")]
impl super::Sentinel {
    /// Takes tickets in the URLs of sockets, redeemed at the server that issues this service's access tokens.
    #[must_use]
    pub fn socket_tickets(mut self, tickets: Tickets) -> Self {
        self.tickets = Some(tickets);
        self
    }
}

impl Guard {
    #[cfg(feature = "http-client")]
    pub(crate) fn tickets(&self) -> Option<&Tickets> {
        self.0.tickets.as_ref()
    }

    /// The caller by a message that is the token, or a pair's two with a space between them.
    pub(crate) async fn admit_message(&self, text: &str) -> Result<Caller, Refusal> {
        let header =
            |text: String| HeaderValue::try_from(text).map_err(|_| Refusal::Malformed("the token is not text"));
        let mut headers = HeaderMap::new();
        let mut bearer = text;
        if let (Tokens::Pair(_), Some((identity, authorization))) = (&self.0.tokens, text.split_once(' ')) {
            headers.insert(bearer::AUTHZ_TOKEN, header(authorization.to_owned())?);
            bearer = identity;
        }
        headers.insert(AUTHORIZATION, header(format!("Bearer {bearer}"))?);
        let caller = self.authenticate(&self.0.tokens, &headers).await?.ok_or(Refusal::Unauthenticated)?;
        self.in_workspace(&caller.identity)?;
        Ok(caller)
    }

    /// Whether what a caller's tokens said holds still.
    pub(crate) fn recheck(&self, caller: &Caller) -> Result<(), Refusal> {
        let now = (self.0.clock)();
        match &self.0.tokens {
            Tokens::One { verifier, .. } => verifier.recheck(&caller.token, now).map_err(refused(Which::Request))?,
            Tokens::Pair(pair) => {
                let verifier = pair.pair.authorization_verifier();
                verifier.recheck(&caller.token, now).map_err(refused(Which::Authorization))?;
                let verifier = pair.pair.identity_verifier();
                let beside = caller.beside.iter().try_for_each(|token| verifier.recheck(token, now));
                beside.map_err(refused(Which::Identity))?;
            }
            // The proof is for the opening request alone.
            Tokens::Gateway { .. } => {}
        }
        self.not_revoked(caller)
    }

    /// Whether a caller's token says when it ends.
    pub(crate) fn knows_end(&self, caller: &Caller) -> bool {
        !matches!(self.0.tokens, Tokens::Gateway { .. }) && caller.token.claims().expires_at().is_some()
    }
}
