//! Sessions that last for as long as they are used. Their one token is an access token; using it brings a fresh one, of the
//! same session, and there is no refresh token that could be stolen in its place.
//!
//! INVARIANT: a fresh token is answered only where the one before it still holds after the request was done, and never one
//! that outlives its session's row: the row moves on first.

use sentinel_storage::{Millis, Session, SessionDialect, SessionForRefresh};
use serde::Serialize;

use super::dialects::{LocalClaims, access_claims};
use super::tokens::{Kind, Times};
use super::{Error, ErrorKind, Service, User};

/// A fresh token is made once a tenth of the last one's life is spent: whoever stays away for an hour has lost at most six
/// minutes of it, and whoever loads a page with fifty requests gets no fifty signatures.
const SPENT: i64 = 10;
/// The row of a session may lag so much behind what it could be: of many requests at once one or two write it. Never by
/// as much as a token gains: tokens that live for a minute would not be followed.
const LAG: Millis = 60 * 1000;
/// A session that was noted as used less than this long ago is not noted again.
const SEEN: Millis = 5 * 60 * 1000;

/// What is to be done once a request of a person has been answered.
#[derive(Clone, Debug)]
pub(crate) struct Afterwards {
    user: User,
    slides: bool,
    is_unseen: bool,
}

impl Service {
    /// What there will be to do after this request; nothing after most. `is_own`: the person asks, and not a service that
    /// has the token.
    pub(crate) fn afterwards(&self, user: &User, is_own: bool) -> Option<Afterwards> {
        let now = self.now();
        let life = user.expires_at.saturating_sub(user.issued_at);
        let spent = now.div_euclid(1000).saturating_sub(user.issued_at);
        let slides = is_own && user.slides && spent.saturating_mul(SPENT) >= life;
        let is_unseen = user.session_seen_at.is_some_and(|at| now.saturating_sub(at) >= SEEN);
        (slides || is_unseen).then(|| Afterwards { user: user.clone(), slides, is_unseen })
    }

    /// Notes that a session is used, and answers the token that follows the one that was used, where there is one: none
    /// for a login that has ended or will not last longer. `may_answer`: the answer can carry it.
    ///
    /// # Errors
    /// As storage.
    pub(crate) async fn conclude(&self, then: &Afterwards, may_answer: bool) -> Result<Option<String>, Error> {
        let user = &then.user;
        let Some(id) = user.session_id else { return Ok(None) };
        if then.slides && may_answer {
            match self.slide(user).await {
                Err(error) if error.kind() == ErrorKind::Unauthenticated => return Ok(None),
                Ok(None) => {}
                slid => return slid,
            }
        }
        if then.is_unseen {
            let mut transaction = self.store().begin().await?;
            transaction.touch_session(id, self.now()).await?;
            transaction.commit().await?;
        }
        Ok(None)
    }

    async fn slide(&self, user: &User) -> Result<Option<String>, Error> {
        // What was done may have ended the token, the session, the membership or the account.
        self.still_acts(user).await?;
        let Some(id) = user.session_id else { return Ok(None) };
        let Some(state) = self.store().read().await?.session_for_refresh(id).await? else { return Ok(None) };
        let (lifetimes, now) = (self.config().lifetimes, self.now());
        let limit = state.session.created_at.saturating_add(lifetimes.local_session);
        let end = now.saturating_add(lifetimes.local_access).min(limit);
        let Some(end) = self.lasts_until(&state.session, end, now).await? else { return Ok(None) };
        if end.div_euclid(1000) <= user.expires_at {
            return Ok(None);
        }
        Ok(Some(self.local_token(&state, end).await?.0))
    }

    /// Lets the session last until `end`, or almost: until when it does. None: it has ended.
    async fn lasts_until(&self, session: &Session, end: Millis, now: Millis) -> Result<Option<Millis>, Error> {
        let lag = LAG.min(self.config().lifetimes.local_access / (2 * SPENT));
        if session.expires_at.saturating_add(lag) >= end {
            return Ok(Some(end.min(session.expires_at)));
        }
        let mut transaction = self.store().begin().await?;
        if transaction.extend_session(session.id, end, now).await? {
            transaction.commit().await?;
            return Ok(Some(end));
        }
        // Someone else was faster, or ended it.
        let session = transaction.session(session.id).await?;
        let alive = session.filter(|session| session.revoked_at.is_none() && session.expires_at > now);
        Ok(alive.map(|session| end.min(session.expires_at)))
    }

    /// The token that somebody came with, as it would be made now: the same id, the same moments. Nothing for one that is no
    /// session's.
    pub(super) async fn token_again(&self, user: &User) -> Result<Option<String>, Error> {
        let Some(id) = user.session_id else { return Ok(None) };
        let mut connection = self.store().read().await?;
        let Some(state) = connection.session_for_refresh(id).await? else { return Ok(None) };
        let times = Times { iat: user.issued_at, exp: user.expires_at };
        let token = match state.session.dialect {
            SessionDialect::Local => {
                let account = connection.local_account(user.id).await?;
                let account = account.ok_or_else(|| Error::unauthenticated("Not a local account"))?;
                self.sign_again(user, times, &LocalClaims::of(&state, user.role, &account))?
            }
            _ => self.sign_again(user, times, &access_claims(&state, user.role, self.config())?)?,
        };
        Ok(Some(token))
    }

    fn sign_again(&self, user: &User, times: Times, claims: &impl Serialize) -> Result<String, Error> {
        self.keys().issue(Kind::Access, &self.config().issuer, Some(user.id), &user.jti, times, claims)
    }

    /// A token of a local account's session until `end`, and its life in seconds.
    pub(super) async fn local_token(&self, state: &SessionForRefresh, end: Millis) -> Result<(String, i64), Error> {
        let account = self.store().read().await?.local_account(state.session.user_id).await?;
        let account = account.ok_or_else(|| Error::unauthenticated("Not a local account"))?;
        let role = state.role.ok_or_else(|| Error::unauthenticated("No longer a member of this workspace"))?;
        let claims = LocalClaims::of(state, role, &account);
        let user = Some(state.session.user_id);
        self.issue_until(Kind::Access, user, state.sessions_invalidated_at, end, &claims).await
    }
}
