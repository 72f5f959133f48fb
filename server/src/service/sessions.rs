//! A login's session: a code becomes its first tokens, a refresh token its next ones.
//!
//! INVARIANT: of a family at most one refresh token is alive. The row holds its generation, a child's `jti` follows
//! from its parent's and the family's secret, and the row moves on before the child is answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel_keys::{Purpose, secrets};
use sentinel_storage::{
    CodeConsumption, Millis, NewSession, RevocationKind, RevokedFor, Session, SessionDialect, SessionEnd,
    SessionForRefresh, Transaction,
};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::login::is_verifier;
use super::tokens::{Claims, Kind, RefreshClaims, Times, invalid};
use super::{Caller, Error, Service, User, dialects};

/// How often a refresh looks again when others refresh the same token at the same moment.
const LOOKS: usize = 3;

/// What a login comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAnswer {
    /// For requests.
    pub access_token: String,
    /// For the next tokens; good once.
    pub refresh_token: String,
    /// Seconds until the access token expires.
    pub expires_in: i64,
}

/// What a session is of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning {
    pub(crate) id: Uuid,
    pub(crate) user_id: Uuid,
    pub(crate) workspace_id: Uuid,
    pub(crate) client_id: Option<Uuid>,
    pub(crate) sso_id: Option<Uuid>,
    pub(crate) dialect: SessionDialect,
}

/// A session that was just made.
pub(crate) struct Begun {
    pub(crate) state: SessionForRefresh,
    /// Of its first refresh token.
    jti: String,
}

/// What a refresh token may do now.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    /// It is the live one: its child is made.
    Rotate,
    /// Its child was made a moment ago: the answer was lost, or several asked at once.
    Again,
    /// It was used long ago: someone has a copy (RFC 9700 §4.14.2).
    Reused,
    /// It does nothing.
    Refused(&'static str),
}

impl Service {
    /// Uses an authorization code: a session in a workspace that its user has chosen.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a code that is unknown, used, expired or not this verifier's; a used one ends
    /// what it led to (RFC 6749 §4.1.2). [`super::ErrorKind::Forbidden`] for a workspace without membership.
    pub async fn exchange_code(
        &self,
        code: &str,
        workspace_id: Uuid,
        code_verifier: &str,
        caller: &Caller,
    ) -> Result<TokenAnswer, Error> {
        let (hash, now) = (secrets::hash(code.as_bytes()), self.now());
        let session_id = Uuid::new_v4();
        let mut transaction = self.store().begin().await?;
        let code = match transaction.consume_authorization_code(&hash, session_id, now).await? {
            CodeConsumption::Consumed(code) => code,
            CodeConsumption::Replayed { session_id } => {
                if let Some(id) = session_id {
                    self.end_session(&mut transaction, id, RevokedFor::Replay, caller).await?;
                    transaction.commit().await?;
                }
                return Err(code_refused());
            }
            CodeConsumption::Unknown => return Err(code_refused()),
        };
        // Refused from here on, the transaction is undone and the code not used: its owner may try again.
        let challenge = URL_SAFE_NO_PAD.encode(secrets::hash(code_verifier.as_bytes()));
        if !is_verifier(code_verifier) || !secrets::equal(challenge.as_bytes(), code.code_challenge.as_bytes()) {
            return Err(code_refused());
        }
        if transaction.member_role(workspace_id, code.user_id).await?.is_none() {
            return Err(Error::forbidden("Not a member of this workspace"));
        }
        let client = transaction.client(code.client_id).await?.ok_or_else(code_refused)?;
        if !client.allows(workspace_id) {
            return Err(Error::forbidden("The front end may not be used for this workspace"));
        }
        let beginning = Beginning {
            id: session_id,
            user_id: code.user_id,
            workspace_id,
            client_id: Some(code.client_id),
            sso_id: code.sso_id,
            dialect: client.dialect,
        };
        let begun = self.begin_session(&mut transaction, beginning, caller).await?;
        let state = &begun.state;
        // A code that somebody holds while all of the person's tokens are voided is void too. That moment is
        // rounded up to a whole second, as tokens have them: a login of that very second is not from before it.
        let made_at = code.expires_at.saturating_sub(self.config().lifetimes.code);
        if state.sessions_invalidated_at.is_some_and(|at| made_at.saturating_add(1000) <= at) {
            return Err(code_refused());
        }
        transaction.commit().await?;
        self.first_tokens(&begun).await
    }

    /// Makes a session and notes it. Its tokens are those of [`Self::first_tokens`], once the transaction stands.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] for an account or a front end that is deactivated.
    pub(crate) async fn begin_session(
        &self,
        transaction: &mut Transaction,
        beginning: Beginning,
        caller: &Caller,
    ) -> Result<Begun, Error> {
        let Beginning { id, user_id, workspace_id, client_id, sso_id, dialect } = beginning;
        let now = self.now();
        let secret: [u8; 32] = secrets::random_bytes()?;
        let sealed_secret = self.inner.master.seal(Purpose::SESSION, id.as_bytes(), &secret)?;
        let ip_address = caller.ip.map(|ip| ip.to_string());
        let new = NewSession {
            id,
            user_id,
            workspace_id,
            client_id,
            sealed_secret: &sealed_secret,
            user_agent: caller.user_agent.as_deref(),
            ip_address: ip_address.as_deref(),
            expires_at: now.saturating_add(dialects::idle_life(dialect, self.config())),
            sso_id,
            dialect,
        };
        transaction.insert_session(&new, now).await?;
        if dialect == SessionDialect::Converged {
            // Who logged in last before there were usernames.
            let gone = || Error::internal("a session that was just made is nobody's");
            let account = transaction.user(user_id).await?.ok_or_else(gone)?;
            self.username_of(transaction, &account, caller).await?;
        }
        let state = transaction.session_for_refresh(id).await?;
        let state = state.ok_or_else(|| Error::internal("a session that was just made is not there"))?;
        if !state.is_active {
            return Err(Error::forbidden("The account is deactivated"));
        }
        if !state.client_is_active {
            return Err(Error::forbidden("The front end is deactivated"));
        }
        let change = Change::new("session.create").on("session", id).within(workspace_id);
        self.record(transaction, &Actor::User(user_id), caller, change).await?;
        Ok(Begun { jti: secrets::derive_child(&secret, &id.to_string()), state })
    }

    /// The tokens that a session begins with.
    pub(crate) async fn first_tokens(&self, begun: &Begun) -> Result<TokenAnswer, Error> {
        self.tokens_of(&begun.state, &begun.jti).await
    }

    /// The next tokens of a session.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] where the session or what it rests on has ended, and for a token that was
    /// used before, which ends the session and its access tokens.
    pub async fn refresh(&self, refresh_token: &str, caller: &Caller) -> Result<TokenAnswer, Error> {
        let here = |dialect| matches!(dialect, SessionDialect::Sentinel | SessionDialect::Converged);
        self.refresh_where(refresh_token, here, caller).await
    }

    /// As [`Self::refresh`], for the sessions of some dialects: elsewhere a refresh token of theirs is none.
    pub(crate) async fn refresh_where(
        &self,
        refresh_token: &str,
        is_here: impl Fn(SessionDialect) -> bool,
        caller: &Caller,
    ) -> Result<TokenAnswer, Error> {
        let claims = self.keys().verify(Kind::Refresh, refresh_token, self.now())?;
        let (Some(id), Some(generation)) = (claims.fid, claims.generation) else { return Err(invalid()) };
        for _ in 0..LOOKS {
            let now = self.now();
            let state = self.store().read().await?.session_for_refresh(id).await?;
            let state = state.filter(|state| is_here(state.session.dialect)).ok_or_else(invalid)?;
            match self.turn(&claims, generation, &state, now) {
                Turn::Rotate => {
                    let expires_at = self.sliding_end(&state.session, now);
                    let mut transaction = self.store().begin().await?;
                    if !transaction.rotate_session(id, generation, expires_at, now).await? {
                        // Someone else was faster: whether this is their lost answer, the row says.
                        continue;
                    }
                    transaction.commit().await?;
                    let session = Session {
                        generation: generation.saturating_add(1),
                        rotated_at: now,
                        expires_at,
                        ..state.session
                    };
                    return self.child_of(&claims.jti, &SessionForRefresh { session, ..state }).await;
                }
                Turn::Again => return self.child_of(&claims.jti, &state).await,
                Turn::Reused => {
                    let mut transaction = self.store().begin().await?;
                    self.end_session(&mut transaction, id, RevokedFor::Reuse, caller).await?;
                    transaction.commit().await?;
                    return Err(Error::unauthenticated("The refresh token was used before: log in again"));
                }
                Turn::Refused(why) => return Err(Error::unauthenticated(why)),
            }
        }
        Err(Error::unavailable("a session that others refresh without end"))
    }

    fn turn(&self, claims: &Claims, generation: i64, state: &SessionForRefresh, now: Millis) -> Turn {
        let SessionForRefresh { session, is_active, client_is_active, client_workspaces, .. } = state;
        let SessionForRefresh { sessions_invalidated_at, role, .. } = state;
        if claims.sub != Some(session.user_id) {
            return Turn::Refused("Invalid token");
        }
        if session.revoked_at.is_some() || sessions_invalidated_at.is_some_and(|at| session.created_at < at) {
            return Turn::Refused("The session has ended");
        }
        if !is_active {
            return Turn::Refused("The account is deactivated");
        }
        if !client_is_active {
            return Turn::Refused("The front end is deactivated");
        }
        if !client_workspaces.is_empty() && !client_workspaces.contains(&session.workspace_id) {
            return Turn::Refused("The front end may not be used for this workspace");
        }
        if session.expires_at <= now {
            return Turn::Refused("Token has expired");
        }
        if role.is_none() {
            return Turn::Refused("No longer a member of this workspace");
        }
        // Negative where another replica, whose clock is ahead, was faster: that is within every grace, and there may be none.
        let since = now.saturating_sub(session.rotated_at);
        let grace = dialects::refresh_grace(session.dialect, self.config());
        match session.generation.saturating_sub(generation) {
            0 => Turn::Rotate,
            1 if grace > 0 && since < grace => Turn::Again,
            // Ours, and not yet issued: the database is older than the token. It does nothing.
            ..0 => Turn::Refused("Invalid token"),
            _ => Turn::Reused,
        }
    }

    /// The end of the live refresh token: it slides, up to the end of the session.
    fn sliding_end(&self, session: &Session, now: Millis) -> Millis {
        let lifetimes = self.config().lifetimes;
        now.saturating_add(lifetimes.refresh).min(session.created_at.saturating_add(lifetimes.session))
    }

    async fn child_of(&self, parent_jti: &str, state: &SessionForRefresh) -> Result<TokenAnswer, Error> {
        let session = &state.session;
        let secret = self.inner.master.open(Purpose::SESSION, session.id.as_bytes(), &session.sealed_secret)?;
        let secret: &[u8; 32] =
            secret.as_slice().try_into().map_err(|_| Error::internal("a session's secret is not 256 bits"))?;
        self.tokens_of(state, &secrets::derive_child(secret, parent_jti)).await
    }

    /// The refresh token of the session's generation, the same whenever it is asked for, and an access token.
    async fn tokens_of(&self, state: &SessionForRefresh, jti: &str) -> Result<TokenAnswer, Error> {
        let SessionForRefresh { session, sessions_invalidated_at, .. } = state;
        let role = state.role.ok_or_else(|| Error::unauthenticated("No longer a member of this workspace"))?;
        let access = dialects::access_claims(state, role, self.config())?;
        let life = dialects::access_life(session.dialect, self.config());
        let user = Some(session.user_id);
        let (access_token, expires_in) =
            self.issue(Kind::Access, user, *sessions_invalidated_at, life, &access).await?;
        let times = Times { iat: session.rotated_at.div_euclid(1000), exp: session.expires_at.div_euclid(1000) };
        let refresh = RefreshClaims { fid: session.id, generation: session.generation };
        let refresh_token = self.keys().issue(Kind::Refresh, &self.config().issuer, user, jti, times, &refresh)?;
        Ok(TokenAnswer { access_token, refresh_token, expires_in })
    }

    /// Ends what the user came with: the token, the session that it is of, and the login that this came of.
    ///
    /// # Errors
    /// As storage.
    pub async fn log_out(&self, user: &User, caller: &Caller) -> Result<(), Error> {
        let mut transaction = self.store().begin().await?;
        if let Some(id) = user.session_id {
            self.end_login(&mut transaction, id, RevokedFor::Logout).await?;
        }
        self.revoke_jti(&mut transaction, &user.jti, user.expires_at).await?;
        let change = Change::new("user.logout").on("user", user.id).within(user.workspace_id);
        self.commit_as(transaction, &Actor::User(user.id), caller, change).await
    }

    /// Ends a session because of what came in, and notes it.
    pub(crate) async fn end_session(
        &self,
        transaction: &mut Transaction,
        id: Uuid,
        why: RevokedFor,
        caller: &Caller,
    ) -> Result<(), Error> {
        if transaction.revoke_session(id, self.session_end(why)).await? {
            let change = Change::new("session.revoke").on("session", id).detail("why", why.as_str());
            self.record(transaction, &Actor::System, caller, change).await?;
        }
        Ok(())
    }

    /// An end of sessions now. Verifiers elsewhere are told of it while an access token of theirs can be alive.
    pub(crate) fn session_end(&self, why: RevokedFor) -> SessionEnd {
        let at = self.now();
        SessionEnd { why, at, tokens_until: at.saturating_add(self.config().lifetimes.longest_access()) }
    }

    /// Tells verifiers elsewhere that what a member was given in a workspace until now no longer says what is so. Here
    /// every request reads the membership itself. A token of the very second counts as one of before.
    pub(crate) async fn void_elsewhere(
        &self,
        transaction: &mut Transaction,
        kind: RevocationKind,
        value: &str,
    ) -> Result<(), Error> {
        let (at, lifetimes) = (self.now(), self.config().lifetimes);
        let until = at.saturating_add(lifetimes.longest_access().max(lifetimes.authz));
        Ok(transaction.insert_revocation(kind, value, at, until).await?)
    }

    /// Takes back one token. `expires_at` in seconds since 1970.
    pub(crate) async fn revoke_jti(
        &self,
        transaction: &mut Transaction,
        jti: &str,
        expires_at: i64,
    ) -> Result<(), Error> {
        let kind = RevocationKind::Token;
        Ok(transaction.insert_revocation(kind, jti, self.now(), expires_at.saturating_mul(1000)).await?)
    }

    /// Voids everything that a user has been given until now: sessions, and every token of any kind. For deactivation,
    /// and for "log out everywhere". The caller records the change.
    ///
    /// # Errors
    /// As storage.
    pub async fn void_tokens_of(
        &self,
        transaction: &mut Transaction,
        user_id: Uuid,
        why: RevokedFor,
    ) -> Result<usize, Error> {
        let end = self.session_end(why);
        let lifetimes = self.config().lifetimes;
        let until = end.at.saturating_add(
            [lifetimes.longest_access(), lifetimes.authz, lifetimes.admin].into_iter().max().unwrap_or_default(),
        );
        let kind = RevocationKind::User;
        let ended = transaction.revoke_sessions_of_user(user_id, None, None, end).await?;
        transaction.insert_revocation(kind, &user_id.to_string(), end.at, until).await?;
        transaction.forget_sso_sessions_of_user(user_id).await?;
        transaction.invalidate_user_sessions(user_id, end.at).await?;
        Ok(ended)
    }
}

fn code_refused() -> Error {
    Error::invalid("The code is invalid, used or expired")
}
