//! Credentials become principals here, and nowhere else.

use sentinel_keys::secrets;
use sentinel_storage::{AccessState, Millis, SessionDialect, SessionState};
use uuid::Uuid;

use super::tokens::{Claims, Kind, invalid};
use super::{Administrator, Error, Realm, Service, ServiceApp, TokenKind, User};

/// Longer than any key of ours.
const KEY_BYTES: usize = 256;

impl Service {
    /// The service whose key this is.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] for an unknown, expired or inactive key.
    pub async fn authenticate_service(&self, key: &str) -> Result<ServiceApp, Error> {
        let refused = || Error::unauthenticated("Invalid service key");
        if key.len() > KEY_BYTES {
            return Err(refused());
        }
        let found = self.store().read().await?.service_by_key(&secrets::hash(key.as_bytes()), self.now()).await?;
        found.map(ServiceApp::from).ok_or_else(refused)
    }

    /// The person whose token this is: an access token or, for a service, an authz token bound to its scope.
    /// Everything that can have ended the token since it was issued is read from storage on every call.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`]; [`super::ErrorKind::Forbidden`] for a token of another service.
    pub async fn authenticate_user(&self, token: &str, app: Option<&ServiceApp>) -> Result<User, Error> {
        let now = self.now();
        match (Kind::claimed_by(token), app) {
            (Some(Kind::Authz), Some(app)) => {
                let claims = self.keys().verify(Kind::Authz, token, now)?;
                if claims.svc.as_deref() != Some(app.scope()) {
                    return Err(Error::forbidden("The authz token was issued for a different service"));
                }
                self.acting(claims, TokenKind::Authz).await
            }
            (Some(Kind::Authz), None) => {
                Err(Error::unauthenticated("An authz token counts only together with its service's key"))
            }
            _ => self.acting(self.keys().verify(Kind::Access, token, now)?, TokenKind::Access).await,
        }
    }

    /// The person of a pair: an identity provider's token, and our authz token bound to its `sub`.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`].
    pub async fn authenticate_pair(&self, idp_token: &str, authz_token: &str) -> Result<User, Error> {
        // Ours first: nobody makes us ask a provider without one.
        let claims = self.keys().verify(Kind::Authz, authz_token, self.now())?;
        let (provider, scope) =
            (claims.idp.as_deref().ok_or_else(invalid)?, claims.svc.as_deref().ok_or_else(invalid)?);
        let services = self.store().read().await?.services_of_scope(scope).await?;
        if services.is_empty() {
            return Err(Error::unauthenticated("The service is not active"));
        }
        let audiences = audiences_of(&services);
        let identity = self.providers().verify_token_for(provider, idp_token, None, &audiences).await?;
        if claims.idp_sub.as_deref() != Some(identity.subject.as_str()) {
            return Err(Error::unauthenticated("Token binding mismatch: idp_sub does not match"));
        }
        // Two issuers may give the same subject; the account says whose it is.
        let account = self.store().read().await?.user_by_identity(&identity.issuer, &identity.subject).await?;
        if account.map(|account| account.id) != claims.sub {
            return Err(Error::unauthenticated("Token binding mismatch: the account is another one"));
        }
        self.acting(claims, TokenKind::Authz).await
    }

    /// The administrator whose cookie this is; one who no longer is an administrator is refused.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`], [`super::ErrorKind::Forbidden`].
    pub async fn authenticate_administrator(&self, cookie: &str) -> Result<Administrator, Error> {
        let claims = self.keys().verify(Kind::Admin, cookie, self.now())?;
        let id = claims.subject()?;
        let state = self.standing(&claims, None).await?;
        if !state.is_admin {
            return Err(Error::forbidden("Not an administrator"));
        }
        if claims.generation != Some(state.admin_generation) {
            return Err(Error::unauthenticated("Token has been revoked"));
        }
        Ok(Administrator { id, email: state.email, name: state.name, jti: claims.jti, expires_at: claims.exp })
    }

    /// The service that registered this origin.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] where none did; [`super::ErrorKind::Forbidden`] where services of several
    /// scopes did, so that it does not say whose front end this is.
    pub async fn service_of_origin(&self, origin: &str) -> Result<ServiceApp, Error> {
        let found = self.store().read().await?.services_by_origin(origin).await?;
        let idp_audiences = audiences_of(&found);
        let mut found = found.into_iter();
        let first = found.next().ok_or_else(|| Error::unauthenticated("The origin is not registered"))?;
        if found.any(|other| other.scope != first.scope) {
            return Err(Error::forbidden("Several services have this origin: use a service key"));
        }
        Ok(ServiceApp { idp_audiences, ..first.into() })
    }

    /// A person in the workspace of a token that holds.
    async fn acting(&self, claims: Claims, token: TokenKind) -> Result<User, Error> {
        let (id, workspace_id) = (claims.subject()?, claims.wid.ok_or_else(invalid)?);
        if token == TokenKind::Access && claims.sid.is_none() {
            return Err(invalid());
        }
        let state = self.standing(&claims, Some(workspace_id)).await?;
        let role = state.role.ok_or_else(|| Error::unauthenticated("No longer a member of this workspace"))?;
        let (session_seen_at, slides, is_federated) = match &state.session {
            SessionState::Known { last_used_at, dialect, federation_id, .. } => {
                let slides = token == TokenKind::Access && *dialect == SessionDialect::Local;
                (Some(*last_used_at), slides, federation_id.is_some())
            }
            SessionState::NotAsked | SessionState::Unknown => (None, false, false),
        };
        Ok(User {
            id,
            email: state.email,
            name: state.name,
            workspace_id,
            role,
            groups: state.groups,
            token,
            jti: claims.jti,
            issued_at: claims.iat,
            expires_at: claims.exp,
            session_id: claims.sid,
            session_seen_at,
            slides,
            scope: claims.svc,
            is_federated,
        })
    }

    /// That a person who was let in may still act: nothing has ended the token since, and the membership goes on.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`].
    pub(crate) async fn still_acts(&self, user: &User) -> Result<(), Error> {
        self.stands(user).await.map(drop)
    }

    /// As [`Self::still_acts`], and what storage says of the person now takes the place of what it said then.
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn renew(&self, user: &mut User) -> Result<(), Error> {
        let AccessState { email, name, role, groups, .. } = self.stands(user).await?;
        let role = role.ok_or_else(invalid)?;
        (user.email, user.name, user.role, user.groups) = (email, name, role, groups);
        Ok(())
    }

    async fn stands(&self, user: &User) -> Result<AccessState, Error> {
        let facts = Facts { id: user.id, workspace_id: Some(user.workspace_id), session_id: user.session_id };
        let mut connection = self.store().read().await?;
        let found = connection.access_state(user.id, facts.workspace_id, facts.session_id, &user.jti, None).await?;
        let state = found.ok_or_else(invalid)?;
        let now = self.now();
        let is_alive = user.expires_at.saturating_mul(1000) > now && state.role.is_some();
        if is_alive && holds_of(&facts, user.issued_at, &state, now) { Ok(state) } else { Err(ended(&state)) }
    }

    /// What storage says now of a token's user, session and `jti`, in one statement; an error where any of them ended
    /// the token. Membership and rank are the caller's to judge.
    pub(crate) async fn standing(&self, claims: &Claims, workspace_id: Option<Uuid>) -> Result<AccessState, Error> {
        let id = claims.subject()?;
        let mut connection = self.store().read().await?;
        let state = connection.access_state(id, workspace_id, claims.sid, &claims.jti, None).await?;
        let state = state.ok_or_else(invalid)?;
        if holds(claims, &state, self.now()) { Ok(state) } else { Err(ended(&state)) }
    }
}

/// Whose a token is: the user, the workspace and the session.
struct Facts {
    id: Uuid,
    workspace_id: Option<Uuid>,
    session_id: Option<Uuid>,
}

/// Whether nothing has ended the token since it was issued.
fn holds(claims: &Claims, state: &AccessState, now: Millis) -> bool {
    let Some(id) = claims.sub else { return false };
    holds_of(&Facts { id, workspace_id: claims.wid, session_id: claims.sid }, claims.iat, state, now)
}

fn holds_of(token: &Facts, issued_at: i64, state: &AccessState, now: Millis) -> bool {
    let voided = state.sessions_invalidated_at.is_some_and(|at| issued_at.saturating_mul(1000) < at);
    let session = match &state.session {
        SessionState::NotAsked => token.session_id.is_none(),
        SessionState::Unknown => false,
        SessionState::Known { user_id, workspace_id, expires_at, revoked_at, federation_id, .. } => {
            // An administrator of the deployment never acts by the word of a tenant's provider.
            let is_foreign = federation_id.is_some() && state.is_admin;
            !is_foreign
                && *user_id == token.id
                && Some(*workspace_id) == token.workspace_id
                && revoked_at.is_none()
                && *expires_at > now
        }
    };
    state.is_active && !state.token_revoked && !voided && session
}

fn ended(state: &AccessState) -> Error {
    let detail = if state.is_active { "Token has been revoked" } else { "The account is deactivated" };
    Error::unauthenticated(detail)
}

impl From<sentinel_storage::Service> for ServiceApp {
    fn from(service: sentinel_storage::Service) -> Self {
        let realm = service.realm_slug.zip(service.realm_name).map(|(slug, name)| Realm { slug, name });
        Self { id: service.id, service_name: service.service_name, realm, idp_audiences: service.idp_audiences }
    }
}

/// What services of one scope take together: each other's, and where one of them has no list of its own, all of the
/// deployment's. Members of a realm act for one another anyway.
fn audiences_of(services: &[sentinel_storage::Service]) -> Vec<String> {
    if services.iter().any(|service| service.idp_audiences.is_empty()) {
        return Vec::new();
    }
    services.iter().flat_map(|service| &service.idp_audiences).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 1_767_225_600_500;

    fn claims() -> Claims {
        Claims {
            sub: Some(Uuid::from_u128(1)),
            jti: "jti".into(),
            iat: NOW / 1000,
            exp: NOW / 1000 + 60,
            sid: Some(Uuid::from_u128(2)),
            wid: Some(Uuid::from_u128(3)),
            svc: None,
            idp: None,
            idp_sub: None,
            caller: None,
            aud_target: None,
            fid: None,
            generation: None,
        }
    }

    fn state() -> AccessState {
        AccessState {
            email: "a@example.test".into(),
            name: "A".into(),
            is_active: true,
            is_admin: false,
            admin_generation: 0,
            sessions_invalidated_at: None,
            role: None,
            session: SessionState::Known {
                user_id: Uuid::from_u128(1),
                workspace_id: Uuid::from_u128(3),
                expires_at: NOW + 1,
                revoked_at: None,
                dialect: SessionDialect::Sentinel,
                last_used_at: NOW,
                federation_id: None,
            },
            token_revoked: false,
            groups: Vec::new(),
            actions: Vec::new(),
        }
    }

    #[test]
    fn a_token_holds_until_something_ends_it() {
        assert!(holds(&claims(), &state(), NOW));
        let known = |user, workspace, expires_at, revoked_at| SessionState::Known {
            user_id: Uuid::from_u128(user),
            workspace_id: Uuid::from_u128(workspace),
            expires_at,
            revoked_at,
            dialect: SessionDialect::Sentinel,
            last_used_at: NOW,
            federation_id: None,
        };
        for ended in [
            AccessState { is_active: false, ..state() },
            AccessState { token_revoked: true, ..state() },
            AccessState { sessions_invalidated_at: Some(NOW), ..state() },
            AccessState { session: SessionState::Unknown, ..state() },
            AccessState { session: SessionState::NotAsked, ..state() },
            AccessState { session: known(9, 3, NOW + 1, None), ..state() },
            AccessState { session: known(1, 9, NOW + 1, None), ..state() },
            AccessState { session: known(1, 3, NOW, None), ..state() },
            AccessState { session: known(1, 3, NOW + 1, Some(NOW)), ..state() },
        ] {
            assert!(!holds(&claims(), &ended, NOW), "{ended:?}");
        }
    }

    #[test]
    fn what_was_issued_in_or_before_the_second_of_an_invalidation_is_void() {
        let at = |at| AccessState { sessions_invalidated_at: Some(at), ..state() };
        assert!(holds(&claims(), &at(NOW - NOW % 1000), NOW), "issued not before it");
        assert!(!holds(&claims(), &at(NOW - NOW % 1000 + 1), NOW), "may have been issued before it");
    }
}
