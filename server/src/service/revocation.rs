//! Tokens taken back (RFC 7009), asked about (RFC 7662), and what verifiers elsewhere must know of it.

use sentinel_storage::{Millis, Revocation, RevocationKind, RevokedFor, SessionDialect, Store};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::tokens::{Claims, Kind};
use super::{Caller, Error, Lifetimes, Service, ServiceApp};

/// Most revocations of one answer.
const FEED: i64 = 1000;

/// Under which the feed's epoch is remembered.
pub(super) const EPOCH: &str = "revocations_epoch";

/// What was taken back, for verifiers elsewhere.
#[derive(Clone, Debug)]
pub struct RevocationFeed {
    /// In which the numbers count.
    pub epoch: String,
    /// In their order, at most 1000.
    pub revocations: Vec<Revocation>,
    /// What to ask with next.
    pub last: i64,
}

/// Ends everything that was issued until now, here and elsewhere, and begins the feed anew: after a restore nobody
/// knows what was taken back since the copy was made, and numbers that were told come a second time.
///
/// # Errors
/// As storage.
pub async fn restart(store: &Store, lifetimes: &Lifetimes, now: Millis) -> Result<(), Error> {
    let Lifetimes { access, authz, admin, m2m, .. } = *lifetimes;
    let longest = [access, authz, admin, m2m].into_iter().max().unwrap_or_default();
    let mut transaction = store.begin().await?;
    // First: the revocation of everything has the first of the new numbers.
    transaction.renumber(now).await?;
    transaction.insert_revocation(RevocationKind::All, "", now, now.saturating_add(longest)).await?;
    transaction.invalidate_all_sessions(now).await?;
    transaction.put_deployment_value(EPOCH, &Uuid::new_v4().to_string(), now).await?;
    Ok(transaction.commit().await?)
}

impl Service {
    /// Takes back a token that a service was shown: a refresh token ends its session, any other only itself. What is no
    /// token, or not the service's to end, is nothing to tell (RFC 7009 §2.2).
    ///
    /// # Errors
    /// As storage.
    pub async fn revoke_token(&self, app: &ServiceApp, token: &str, caller: &Caller) -> Result<(), Error> {
        let Some((kind, claims)) = self.concerning(app, token) else { return Ok(()) };
        let actor = Actor::Service(app.service_name.clone());
        let mut transaction = self.begin_as(&actor).await?;
        match (kind, claims.fid) {
            (Kind::Refresh, Some(id)) => {
                self.end_login(&mut transaction, id, RevokedFor::Logout).await?;
            }
            _ => {
                // Before the session, as the order of locks wants it. A token that slides has children, which go with it.
                self.revoke_jti(&mut transaction, &claims.jti, claims.exp).await?;
                if let Some(id) = claims.sid
                    && let Some(session) = transaction.session(id).await?
                    && session.dialect == SessionDialect::Local
                {
                    self.end_login(&mut transaction, id, RevokedFor::Logout).await?;
                }
            }
        }
        let change = Change::new("token.revoke").on("token", &claims.jti).detail("type", kind.token_use());
        self.commit_as(transaction, &actor, caller, change).await
    }

    /// Whether a token holds at this moment, and what it says (RFC 7662 §2.2); of one that does not, nothing else.
    ///
    /// # Errors
    /// As storage.
    pub async fn introspect(&self, app: &ServiceApp, token: &str) -> Result<Value, Error> {
        let inactive = json!({ "active": false });
        let Some((kind, claims)) = self.concerning(app, token) else { return Ok(inactive) };
        let holds = match kind {
            Kind::Access | Kind::Authz => {
                let state = match self.standing(&claims, claims.wid).await {
                    Ok(state) => state,
                    Err(error) if error.kind() == super::ErrorKind::Unauthenticated => return Ok(inactive),
                    Err(error) => return Err(error),
                };
                state.role.map(|role| ("wrole", json!(role)))
            }
            // No user stands behind it.
            Kind::M2m => {
                let issued_at = claims.iat.saturating_mul(1000);
                let mut connection = self.store().read().await?;
                let revoked = connection.is_revoked(&claims.jti, None, None, issued_at).await?;
                // Whom a token names is whom it is for: another service of the realm learns nothing from it.
                let is_for_app = claims.aud_target.as_ref().is_none_or(|target| *target == app.service_name);
                // Who calls must still be what the token says: a service of this scope, and an active one.
                let caller = match &claims.caller {
                    Some(name) if !revoked && is_for_app => connection.service_by_name(name).await?,
                    _ => None,
                };
                let caller = caller.filter(|caller| caller.is_active && caller.scope == app.scope());
                caller.map(|caller| ("caller", json!(caller.service_name)))
            }
            // A refresh token is between its front end and this server.
            Kind::Refresh | Kind::Admin => None,
        };
        let Some((name, value)) = holds else { return Ok(inactive) };
        let said = [
            ("active", json!(true)),
            ("iss", json!(self.config().issuer)),
            ("aud", json!(kind.audience())),
            ("type", json!(kind.token_use())),
            ("token_type", json!("Bearer")),
            ("sub", json!(claims.sub)),
            ("jti", json!(claims.jti)),
            ("iat", json!(claims.iat)),
            ("exp", json!(claims.exp)),
            ("wid", json!(claims.wid)),
            ("svc", json!(claims.svc)),
            ("aud_target", json!(claims.aud_target)),
            (name, value),
        ];
        let said = said.into_iter().filter(|(_, value)| !value.is_null());
        Ok(Value::Object(said.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()))
    }

    /// The revocations after number `seq` in their order. A verifier elsewhere asks with the number and the epoch that it
    /// was answered last; 0 is the beginning of what is still worth knowing. Numbers count within an epoch: with another
    /// one than the present the answer begins anew.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a negative number.
    pub async fn revocations_after(&self, seq: i64, epoch: Option<&str>) -> Result<RevocationFeed, Error> {
        if seq < 0 {
            return Err(Error::invalid("after must not be negative"));
        }
        let present = self.feed_epoch().await?;
        let seq = if epoch.is_none_or(|epoch| epoch == present) { seq } else { 0 };
        let revocations = self.store().read().await?.revocations_after(seq, FEED).await?;
        Ok(RevocationFeed { last: revocations.last().map_or(seq, |last| last.seq), epoch: present, revocations })
    }

    /// Made when somebody first asks.
    pub(super) async fn feed_epoch(&self) -> Result<String, Error> {
        if let Some(epoch) = self.store().read().await?.deployment_value(EPOCH).await? {
            return Ok(epoch);
        }
        let mut transaction = self.store().begin().await?;
        let new = Uuid::new_v4().to_string();
        let epoch = transaction.put_deployment_value_if_absent(EPOCH, &new, self.now()).await?;
        transaction.commit().await?;
        Ok(epoch)
    }

    /// A token of ours that is this service's business: those that every service sees, and those of its own scope.
    fn concerning(&self, app: &ServiceApp, token: &str) -> Option<(Kind, Claims)> {
        let kind = Kind::claimed_by(token)?;
        let claims = self.keys().verify(kind, token, self.now()).ok()?;
        let is_theirs = match kind {
            Kind::Access | Kind::Refresh => true,
            Kind::Authz | Kind::M2m => claims.svc.as_deref() == Some(app.scope()),
            Kind::Admin => false,
        };
        is_theirs.then_some((kind, claims))
    }
}
