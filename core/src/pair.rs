//! The token pair: who someone is from their identity provider, and what they
//! may do in this service from Sentinel.

use crate::claims::{Claims, ClaimsProfile, Expected};
use crate::identity::{Part, Text};
use crate::jose::json::Value;
use crate::jose::signature::SignatureBackend;
use crate::{Algorithms, Error, ErrorCode, Identity, KeySet, VerifiedToken, Verifier};
use alloc::borrow::Cow;
use alloc::boxed::Box;

/// The audience of authorization tokens.
pub const AUTHORIZATION_AUDIENCE: &str = "sentinel:authz";
/// The `type` claim of authorization tokens.
pub const AUTHORIZATION_USE: &str = "authz";

/// Verifies the two tokens of Sentinel Auth's authz mode and binds them.
///
/// | | identity token | authorization token |
/// |---|---|---|
/// | issued by | the identity provider | Sentinel |
/// | `iss` | the provider, exactly one | Sentinel |
/// | `aud` | the application's client id there | `sentinel:authz` |
/// | keys | the provider's | Sentinel's |
/// | binds by | `sub` | `idp_sub` = that `sub`, `svc` = this service |
///
/// There are two verifiers and two key sets, and no token passes both: neither can be passed off as the
/// other. An identity token for another client of the same provider is refused by its audience; an authorization
/// token that was made for another user by `idp_sub`, for another service by `svc`. A `sub` is unique only within its
/// issuer (OpenID Connect Core §2): where identity tokens of more than one issuer are accepted, the authorization
/// token must name that issuer too, in `idp_iss`.
///
/// The identity has the user id, workspace, role, groups and actions of the authorization token alone; from
/// the provider come e-mail, names and the `idp_subject`.
#[derive(Clone, Debug)]
pub struct TokenPair {
    identity: Verifier,
    authorization: Verifier,
    service: Box<str>,
    profile: ClaimsProfile,
}

impl TokenPair {
    /// A pair for this service, whose effective scope is `service`: its realm's slug, or its own name.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] where a verifier leaves issuer or audience unchecked (of the identity
    /// verifier, the issuer may be left to `idp_iss`), the identity verifier accepts [`AUTHORIZATION_AUDIENCE`], the
    /// authorization verifier anything else, or the service has no name.
    pub fn new(identity: Verifier, authorization: Verifier, service: &str) -> Result<Self, Error> {
        let invalid = |why| Err(Error::with(ErrorCode::ConfigurationInvalid, why));
        let (ours, theirs) = (&authorization.rules().audience, &identity.rules().audience);
        if theirs.accepts(AUTHORIZATION_AUDIENCE) {
            return invalid("the identity verifier of a token pair accepts authorization tokens, or any audience");
        }
        if ours.only() != Some(AUTHORIZATION_AUDIENCE) || authorization.rules().issuer.is_any() {
            return invalid(
                "the authorization verifier of a token pair must check the issuer and the audience sentinel:authz",
            );
        }
        if service.is_empty() {
            return invalid("the service of a token pair has no name");
        }
        let authorization = authorization.token_use(AUTHORIZATION_USE);
        Ok(Self { identity, authorization, service: service.into(), profile: ClaimsProfile::OIDC })
    }

    /// The verifier that authorization tokens of this issuer need.
    #[must_use]
    pub fn authorization_from(issuer: &str, algorithms: Algorithms) -> Verifier {
        Verifier::new(Expected::exactly(issuer), Expected::exactly(AUTHORIZATION_AUDIENCE), algorithms)
            .token_use(AUTHORIZATION_USE)
    }

    /// Where the identity provider keeps e-mail and names; [`ClaimsProfile::OIDC`] until said otherwise.
    #[must_use]
    pub fn identity_profile(mut self, profile: ClaimsProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Verifies the identity token, for hosts that check signatures themselves.
    #[must_use]
    pub fn identity_verifier(&self) -> &Verifier {
        &self.identity
    }

    /// Verifies the authorization token, for hosts that check signatures themselves.
    #[must_use]
    pub fn authorization_verifier(&self) -> &Verifier {
        &self.authorization
    }

    /// Verifies and binds both, each as `(token, keys)`.
    ///
    /// # Errors
    /// What [`Verifier::verify`] says of either; then as [`Self::bind`].
    pub fn verify(
        &self,
        identity: (&str, &KeySet),
        authorization: (&str, &KeySet),
        backend: &impl SignatureBackend,
        now: i64,
    ) -> Result<Identity, Error> {
        let identity = self.identity.verify(identity.0, identity.1, backend, now)?;
        let authorization = self.authorization.verify(authorization.0, authorization.1, backend, now)?;
        self.bind(&identity, &authorization)
    }

    /// Binds two tokens that [`Self::identity_verifier`] and [`Self::authorization_verifier`] have verified.
    ///
    /// # Errors
    /// [`ErrorCode::BindingMismatch`] where they do not belong together or to this service, or were
    /// verified by something else; [`ErrorCode::ClaimMissing`], [`ErrorCode::ClaimInvalid`] where they cannot be bound.
    pub fn bind(&self, identity: &VerifiedToken, authorization: &VerifiedToken) -> Result<Identity, Error> {
        let (theirs, ours) = (identity.claims(), authorization.claims());
        // Types do not tell the two apart: what a caller swapped or verified otherwise ends here.
        let is_use = ours.string("type").is_some_and(|token_use| token_use == AUTHORIZATION_USE);
        if !self.identity.rules().is_for_us(theirs) || !self.authorization.rules().is_for_us(ours) || !is_use {
            return Err(ErrorCode::BindingMismatch.into());
        }
        let subject = text(theirs, "sub")?;
        if subject != text(ours, "idp_sub")? || text(ours, "svc")? != *self.service {
            return Err(ErrorCode::BindingMismatch.into());
        }
        let issuer = present(ours.get("idp_iss"));
        let is_bound_to_issuer = match issuer {
            Some(issuer) => issuer.as_str().is_some_and(|issuer| theirs.issuer().is_some_and(|iss| iss == issuer)),
            None => self.identity.rules().issuer.only().is_some(),
        };
        if !is_bound_to_issuer {
            return Err(ErrorCode::BindingMismatch.into());
        }
        let personal = self.profile.identity(identity)?;
        let mut bound = ClaimsProfile::AUTHORIZATION.identity(authorization)?;
        for text in [Text::Username, Text::Email, Text::Name, Text::GivenName, Text::FamilyName] {
            if let Some(value) = personal.text(text) {
                bound.add(Part::Text(text), value);
            }
        }
        bound.email_verified = personal.email_verified;
        bound.add(Part::Text(Text::IdpSubject), &subject);
        Ok(bound)
    }
}

fn present(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

/// A claim to bind by: present, a string, not empty.
fn text<'a>(claims: Claims<'a>, name: &'static str) -> Result<Cow<'a, str>, Error> {
    present(claims.get(name))
        .ok_or(Error::claim(ErrorCode::ClaimMissing, name))?
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or(Error::claim(ErrorCode::ClaimInvalid, name))
}
