//! Revocations that a host knows by itself: it is asked about an identity.

use crate::{Error, ErrorCode, Identity};

/// What a host knows of revoked tokens: by `jti`, and by the time before which
/// all of a subject's sessions are void.
///
/// The identity is passed so that a host can tell issuers apart: a `jti` and a
/// `sub` are unique only within one issuer (RFC 7519 §4.1.2, §4.1.7). A host that
/// cannot tell answers with an error ([`ErrorCode::Unavailable`]), which denies.
///
/// ```
/// use sentinel_core::{Error, Identity, Revocations};
///
/// struct LoggedOut<'a> {
///     tokens: &'a [&'a str],
///     users: &'a [(&'a str, i64)],
/// }
///
/// impl Revocations for LoggedOut<'_> {
///     fn is_revoked(&self, _: &Identity, jwt_id: &str) -> Result<bool, Error> {
///         Ok(self.tokens.contains(&jwt_id))
///     }
///     fn sessions_invalidated_at(&self, identity: &Identity) -> Result<Option<i64>, Error> {
///         Ok(self.users.iter().find(|(user, _)| *user == identity.user_id()).map(|(_, at)| *at))
///     }
/// }
/// ```
pub trait Revocations {
    /// Whether the token with this `jti` was revoked.
    ///
    /// # Errors
    /// Where it cannot be told.
    fn is_revoked(&self, identity: &Identity, jwt_id: &str) -> Result<bool, Error>;

    /// The second before which all of the subject's tokens are void, where there is one. `iat` has whole
    /// seconds in most tokens: a host that wants the tokens of the same second void too gives the next one.
    ///
    /// # Errors
    /// Where it cannot be told.
    fn sessions_invalidated_at(&self, identity: &Identity) -> Result<Option<i64>, Error>;

    /// Whether a token without `jti` is refused, since it could not be revoked alone. Say `false` only
    /// for issuers that set none, as most OpenID providers in their ID tokens.
    fn needs_jwt_id(&self) -> bool {
        true
    }
}

/// Refuses what was revoked, and what could not be if it had to.
///
/// # Errors
/// [`ErrorCode::TokenRevoked`]; [`ErrorCode::ClaimMissing`] where `jti` or `iat` is needed to tell; whatever the
/// host answers.
pub fn check(identity: &Identity, revocations: &(impl Revocations + ?Sized)) -> Result<(), Error> {
    match identity.jwt_id() {
        Some(jwt_id) if revocations.is_revoked(identity, jwt_id)? => return Err(ErrorCode::TokenRevoked.into()),
        None if revocations.needs_jwt_id() => return Err(Error::claim(ErrorCode::ClaimMissing, "jti")),
        _ => {}
    }
    if let Some(void_before) = revocations.sessions_invalidated_at(identity)? {
        let issued_at = identity.issued_at().ok_or(Error::claim(ErrorCode::ClaimMissing, "iat"))?;
        if issued_at.is_before(void_before) {
            return Err(ErrorCode::TokenRevoked.into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::NumericDate;
    use crate::identity::{Part, Text};

    struct Known {
        jwt_id: Result<&'static str, Error>,
        void_before: Result<Option<i64>, Error>,
        needs_jwt_id: bool,
    }

    impl Revocations for Known {
        fn is_revoked(&self, _: &Identity, jwt_id: &str) -> Result<bool, Error> {
            self.jwt_id.map(|revoked| revoked == jwt_id)
        }
        fn sessions_invalidated_at(&self, _: &Identity) -> Result<Option<i64>, Error> {
            self.void_before
        }
        fn needs_jwt_id(&self) -> bool {
            self.needs_jwt_id
        }
    }

    #[test]
    fn fails_closed() {
        let down = Err(Error::new(ErrorCode::Unavailable));
        let none = || Known { jwt_id: Ok(""), void_before: Ok(None), needs_jwt_id: true };
        let (revoked, missing) = (Some(ErrorCode::TokenRevoked), Some(ErrorCode::ClaimMissing));
        let unavailable = Some(ErrorCode::Unavailable);
        for (name, jwt_id, issued_at, known, expected) in [
            ("nothing revoked", Some("t1"), Some(10), none(), None),
            ("this token", Some("t1"), Some(10), Known { jwt_id: Ok("t1"), ..none() }, revoked),
            ("another token", Some("t1"), Some(10), Known { jwt_id: Ok("t2"), ..none() }, None),
            ("no jti", None, Some(10), none(), missing),
            ("no jti, none needed", None, Some(10), Known { needs_jwt_id: false, ..none() }, None),
            ("issued before", Some("t1"), Some(10), Known { void_before: Ok(Some(11)), ..none() }, revoked),
            ("issued at that second", Some("t1"), Some(10), Known { void_before: Ok(Some(10)), ..none() }, None),
            ("issued after", Some("t1"), Some(10), Known { void_before: Ok(Some(9)), ..none() }, None),
            ("no iat", Some("t1"), None, Known { void_before: Ok(Some(9)), ..none() }, missing),
            ("no iat, none needed", Some("t1"), None, none(), None),
            ("tokens cannot be told", Some("t1"), Some(10), Known { jwt_id: down.map(|()| ""), ..none() }, unavailable),
            (
                "times cannot be told",
                Some("t1"),
                Some(10),
                Known { void_before: down.map(|()| None), ..none() },
                unavailable,
            ),
        ] {
            let mut identity = Identity::new();
            jwt_id.into_iter().for_each(|id| identity.add(Part::Text(Text::JwtId), id));
            identity.issued_at = issued_at.map(NumericDate::from_seconds);
            assert_eq!(check(&identity, &known).err().map(|error| error.code()), expected, "{name}");
        }
    }
}
