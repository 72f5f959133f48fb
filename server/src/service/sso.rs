//! One login for several front ends. After a login the browser has a secret at this server's own origin, and a front end
//! that sends it here with `prompt=none` gets a code at once (OpenID Connect Core §3.1.2.1). No cookie is shared between
//! front ends: each exchanges its own code for a session of its own.

use sentinel_keys::secrets;
use sentinel_storage::{
    AuthorizationCode, Client, Millis, PageRequest, RevokedFor, SsoSession, StorageError, Transaction,
};
use uuid::Uuid;

use super::journey::FrontEnd;
use super::login::{LoginRequest, WORKSPACES, way_back};
use super::{Error, Service};

/// Where a browser goes that asked for a login without being asked itself.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The front end, with a code or an error.
    pub url: String,
    /// Whether what the browser has stands for a login that still counts.
    pub is_known: bool,
}

/// A login that other front ends may follow.
#[derive(Clone, Debug)]
pub(crate) struct Remembered {
    pub(crate) id: Uuid,
    /// What the browser keeps of it.
    pub(crate) secret: String,
}

/// Why there is no code: the front end asks its user to log in.
const LOGIN_REQUIRED: &str = "login_required";

impl Service {
    /// Whether a login counts for other front ends.
    #[must_use]
    pub fn has_sso(&self) -> bool {
        self.config().lifetimes.sso > 0
    }

    /// A code for a front end whose user has logged in before, for another one. `browser` is the secret of that login.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] as for [`Service::begin_login`]: nothing is sent to an address that is not
    /// registered.
    pub async fn follow_login(&self, request: LoginRequest, browser: Option<&str>) -> Result<Followed, Error> {
        let (client, front_end) = self.front_end(request).await?;
        let login = match browser.filter(|_| self.has_sso()) {
            Some(secret) => self.login_of(secret).await?,
            None => None,
        };
        let refused = |error, is_known| Followed { url: way_back(&front_end, &[("error", error)]), is_known };
        let Some(login) = login else { return Ok(refused(LOGIN_REQUIRED, false)) };
        if !self.has_place(&login, &client).await? {
            // Someone is logged in, and asking them again changes nothing.
            return Ok(refused("access_denied", true));
        }
        Ok(match self.code_of(&login, &client, &front_end).await? {
            Some(code) => Followed { url: way_back(&front_end, &[("code", &code)]), is_known: true },
            None => refused(LOGIN_REQUIRED, false),
        })
    }

    /// The login that this secret stands for, where it still counts.
    async fn login_of(&self, secret: &str) -> Result<Option<SsoSession>, Error> {
        let found = self.store().read().await?.sso_session(&secrets::hash(secret.as_bytes())).await?;
        let now = self.now();
        Ok(found
            .filter(|found| {
                let voided = found.sessions_invalidated_at.is_some_and(|at| found.session.created_at < at);
                // The setting may be shorter by now.
                let most = found.session.created_at.saturating_add(self.config().lifetimes.sso);
                found.is_active && !voided && now < found.session.expires_at.min(most)
            })
            .map(|found| found.session))
    }

    /// Whether there is a workspace of the user's for which the front end may be used.
    async fn has_place(&self, login: &SsoSession, client: &Client) -> Result<bool, Error> {
        let mut connection = self.store().read().await?;
        let page = PageRequest::first(WORKSPACES);
        let found = connection.workspaces_of_user(login.user_id, None, &page).await?.rows;
        Ok(found.iter().any(|found| client.allows(found.workspace.id)))
    }

    /// None where the login has ended at this very moment.
    async fn code_of(
        &self,
        login: &SsoSession,
        client: &Client,
        front_end: &FrontEnd,
    ) -> Result<Option<String>, Error> {
        let now = self.now();
        let code = secrets::random_token()?;
        let stored = AuthorizationCode {
            user_id: login.user_id,
            client_id: client.id,
            code_challenge: front_end.code_challenge.clone().unwrap_or_default(),
            expires_at: now.saturating_add(self.config().lifetimes.code),
            sso_id: Some(login.id),
        };
        let mut transaction = self.store().begin().await?;
        match transaction.insert_authorization_code(&secrets::hash(code.as_bytes()), &stored, now).await {
            Ok(()) => transaction.commit().await?,
            Err(StorageError::Reference) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        Ok(Some(code))
    }

    /// Remembers a login that has just been made in a browser, where that is set: by a new secret in any case, so that
    /// nobody knows it who knew the one before. `browser` is the one before.
    pub(crate) async fn remember_login(
        &self,
        transaction: &mut Transaction,
        user_id: Uuid,
        browser: Option<&str>,
        now: Millis,
    ) -> Result<Option<Remembered>, Error> {
        if !self.has_sso() {
            return Ok(None);
        }
        let secret = secrets::random_token()?;
        let hash = secrets::hash(secret.as_bytes());
        let mut session = SsoSession {
            id: Uuid::new_v4(),
            user_id,
            created_at: now,
            expires_at: now.saturating_add(self.config().lifetimes.sso),
        };
        let before = match browser {
            Some(secret) => transaction.sso_session(&secrets::hash(secret.as_bytes())).await?,
            None => None,
        };
        // The same user's front ends stay one login, which ends as one. Another user's login here is over.
        if let Some(before) = before.map(|before| before.session) {
            if before.user_id == user_id {
                session.id = before.id;
                if transaction.renew_sso_session(&hash, &session).await? {
                    return Ok(Some(Remembered { id: session.id, secret }));
                }
                session.id = Uuid::new_v4();
            } else {
                transaction.end_sso_session(before.id, self.session_end(RevokedFor::User)).await?;
            }
        }
        transaction.insert_sso_session(&hash, &session).await?;
        Ok(Some(Remembered { id: session.id, secret }))
    }

    /// Ends a session, and with it the login that it came of: every front end that followed that login.
    pub(crate) async fn end_login(
        &self,
        transaction: &mut Transaction,
        session_id: Uuid,
        why: RevokedFor,
    ) -> Result<bool, Error> {
        let end = self.session_end(why);
        let login = transaction.session(session_id).await?.and_then(|session| session.sso_id);
        let ended = transaction.revoke_session(session_id, end).await?;
        if let Some(login) = login {
            transaction.end_sso_session(login, end).await?;
        }
        Ok(ended)
    }
}
