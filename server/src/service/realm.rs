//! What a service asks about itself: its scope, and a token for others in its realm.

use super::tokens::{Kind, M2mClaims};
use super::{Error, Service, ServiceApp};

/// In-realm trust is whole: what a member may do there, the receiver decides by who calls.
const EVERYTHING: [&str; 1] = ["*"];

impl Service {
    /// A token that shows other services of the realm who calls, without any user. Answers it and its lifetime in
    /// seconds.
    ///
    /// # Errors
    /// [`super::ErrorKind::Forbidden`] for a service without a realm: there is nobody that it would be for.
    pub async fn m2m_token(&self, app: &ServiceApp, target: Option<&str>) -> Result<(String, i64), Error> {
        if app.realm.is_none() {
            return Err(Error::forbidden("The service belongs to no realm"));
        }
        if let Some(target) = target {
            let found = self.store().read().await?.service_by_name(target).await?;
            if found.is_none_or(|found| !found.is_active || found.scope != app.scope()) {
                return Err(Error::forbidden("The target is no service of the realm"));
            }
        }
        let claims =
            M2mClaims { svc: app.scope(), aud_target: target, caller: &app.service_name, actions: &EVERYTHING };
        self.issue(Kind::M2m, None, None, self.config().lifetimes.m2m, &claims).await
    }
}
