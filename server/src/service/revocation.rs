//! Tokens taken back (RFC 7009), asked about (RFC 7662), and what verifiers elsewhere must know of it.

use sentinel_storage::{Revocation, RevokedFor};
use serde_json::{Map, Value, json};

use super::activity::{Actor, Change};
use super::tokens::{Claims, Kind};
use super::{Caller, Error, Service, ServiceApp};

/// Most revocations of one answer.
const FEED: i64 = 1000;

impl Service {
    /// Takes back a token that a service was shown: a refresh token ends its session, any other only itself. What is no
    /// token, or not the service's to end, is nothing to tell (RFC 7009 §2.2).
    ///
    /// # Errors
    /// As storage.
    pub async fn revoke_token(&self, app: &ServiceApp, token: &str, caller: &Caller) -> Result<(), Error> {
        let Some((kind, claims)) = self.concerning(app, token) else { return Ok(()) };
        let mut transaction = self.store().begin().await?;
        match (kind, claims.fid) {
            (Kind::Refresh, Some(id)) => {
                transaction.revoke_session(id, self.session_end(RevokedFor::Logout)).await?;
            }
            _ => self.revoke_jti(&mut transaction, &claims.jti, claims.exp).await?,
        }
        let change = Change::new("token.revoke").on("token", &claims.jti).detail("type", kind.token_use());
        self.record(&mut transaction, &Actor::Service(app.service_name.clone()), caller, change).await?;
        Ok(transaction.commit().await?)
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

    /// The revocations after number `seq` in their order, and the number of the last one. A verifier elsewhere asks with
    /// the number that it was answered last; 0 is the beginning of what is still worth knowing.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a negative number.
    pub async fn revocations_after(&self, seq: i64) -> Result<Vec<Revocation>, Error> {
        if seq < 0 {
            return Err(Error::invalid("after must not be negative"));
        }
        Ok(self.store().read().await?.revocations_after(seq, FEED).await?)
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
