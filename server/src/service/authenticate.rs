//! Credentials become principals here, and nowhere else.

use super::{Administrator, Error, Service, ServiceApp, User};

impl Service {
    /// The service whose key this is.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] for an unknown, expired or inactive key.
    pub async fn authenticate_service(&self, _key: &str) -> Result<ServiceApp, Error> {
        Err(Error::unavailable("not built yet"))
    }

    /// The person whose token this is: an access token or, for a service, an authz token bound to its scope.
    /// Everything that can have ended the token since it was issued is read from storage on every call.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`].
    pub async fn authenticate_user(&self, _token: &str, _app: Option<&ServiceApp>) -> Result<User, Error> {
        Err(Error::unavailable("not built yet"))
    }

    /// The person of a pair: an identity provider's token, and our authz token bound to its `sub`.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`].
    pub async fn authenticate_pair(&self, _idp_token: &str, _authz_token: &str) -> Result<User, Error> {
        Err(Error::unavailable("not built yet"))
    }

    /// The administrator whose cookie this is; one who no longer is an administrator is refused.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`], [`super::ErrorKind::Forbidden`].
    pub async fn authenticate_administrator(&self, _cookie: &str) -> Result<Administrator, Error> {
        Err(Error::unavailable("not built yet"))
    }

    /// The service that registered this origin.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unauthenticated`] where none did.
    pub async fn service_of_origin(&self, _origin: &str) -> Result<ServiceApp, Error> {
        Err(Error::unavailable("not built yet"))
    }
}
