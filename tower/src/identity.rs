//! The caller, for whoever handles the request.

use std::ops::Deref;
use std::sync::Arc;

use http::Extensions;
use sentinel_core::Claims;

use crate::layer::Session;
use crate::refusal::{Refusal, Rejection};
use crate::sentinel::{Caller, Sender};

/// The caller. As an argument of an axum handler it answers 401 where there is none.
///
/// As `Option<Identity>` it is `None` on a public route without a token; a
/// token that was refused is still answered with 401, never taken for none.
/// On a route without a [`SentinelLayer`](crate::SentinelLayer) both answer 500.
#[derive(Clone, Debug)]
pub struct Identity(Arc<Caller>);

impl Identity {
    pub(crate) fn new(caller: Arc<Caller>) -> Self {
        Self(caller)
    }

    /// The caller of a request that came through the layer, for services other than axum's.
    ///
    /// # Errors
    /// The answer for a request without one.
    pub fn of(extensions: &Extensions) -> Result<Self, Rejection> {
        match Self::maybe_of(extensions)? {
            Some(identity) => Ok(identity),
            None => Err(session(extensions)?.guard.reject(Refusal::Unauthenticated)),
        }
    }

    /// As [`Self::of`], `None` where the request has no token and needs none.
    ///
    /// # Errors
    /// The answer for a request whose token was refused.
    pub fn maybe_of(extensions: &Extensions) -> Result<Option<Self>, Rejection> {
        let session = session(extensions)?;
        match &session.sender {
            Sender::Known(caller) => Ok(Some(Self(Arc::clone(caller)))),
            Sender::Anonymous => Ok(None),
            Sender::Refused(refusal) => Err(session.guard.reject(*refusal)),
        }
    }

    /// The claims of the token that speaks of this service: of a pair, the authorization token.
    #[must_use]
    pub fn claims(&self) -> Claims<'_> {
        self.0.token.claims()
    }
}

impl Deref for Identity {
    type Target = sentinel_core::Identity;

    fn deref(&self) -> &Self::Target {
        &self.0.identity
    }
}

pub(crate) fn session(extensions: &Extensions) -> Result<&Session, Rejection> {
    const NO_LAYER: &str = "a handler asks who its caller is on a route without a SentinelLayer";
    extensions.get().ok_or_else(|| {
        tracing::error!("{NO_LAYER}");
        Rejection { why: Refusal::Misconfigured(NO_LAYER), realm: None }
    })
}
