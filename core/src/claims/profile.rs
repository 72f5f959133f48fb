//! Claims profiles: which claim says what about an [`Identity`].

use super::path::{self, find, present};
use crate::identity::{Part, Text};
use crate::jose::json::Value;
use crate::{Error, ErrorCode, Identity, RoleOrder, VerifiedToken};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// What a claim is mapped to, and with it the JSON type that it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The user's id: a string, not empty, required.
    UserId,
    /// A text: a string; ids must not be empty.
    Text(Text),
    /// Whether the e-mail address is verified: a boolean (OpenID Connect Core §5.1).
    EmailVerified,
    /// The one role: a string, not empty.
    Role,
    /// Roles: a list, or a string for one.
    Roles,
    /// Groups: a list.
    Groups,
    /// Actions: a list.
    Actions,
    /// Actions: a list, or a string with spaces between them (RFC 8693 §4.2, `scope`).
    Scope,
}

/// The claim's path: the names of the members that lead to it in one text.
type ClaimPath = Cow<'static, str>;

macro_rules! mappings {
    ($($field:expr => $claim:literal;)*) => {
        Cow::Borrowed(&[$(($field, Cow::Borrowed($claim)),)*])
    };
}

/// How to read an [`Identity`] from a token.
///
/// A claim that is absent or `null` leaves its field empty. A mapped claim of
/// the wrong JSON type is an error, never ignored: it would be read as "no
/// groups" or "no workspace" where the issuer said something.
///
/// ```
/// use sentinel_core::{ClaimsProfile, claims::Field, Text};
/// // Keycloak keeps roles two levels down.
/// let keycloak = ClaimsProfile::custom([
///     (Field::UserId, &["sub"][..]),
///     (Field::Text(Text::Username), &["preferred_username"]),
///     (Field::Roles, &["realm_access", "roles"]),
/// ])?;
/// # let _ = keycloak;
/// # Ok::<(), sentinel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsProfile {
    mappings: Cow<'static, [(Field, ClaimPath)]>,
    typ: Option<&'static str>,
    required: &'static [&'static str],
    order: RoleOrder,
}

impl ClaimsProfile {
    /// Sentinel Auth's access and authorization tokens.
    pub const SENTINEL: Self = Self {
        mappings: mappings! {
            Field::UserId => "sub";
            Field::Text(Text::Email) => "email";
            Field::Text(Text::Name) => "name";
            Field::Text(Text::WorkspaceId) => "wid";
            Field::Text(Text::WorkspaceSlug) => "wslug";
            Field::Text(Text::OrganizationId) => "oid";
            Field::Text(Text::OrganizationSlug) => "oslug";
            Field::Role => "wrole";
            Field::Groups => "groups";
            Field::Actions => "actions";
        },
        typ: None,
        required: &[],
        order: RoleOrder::SENTINEL,
    };

    /// What of it says what someone may do: a token pair takes who they are from the identity token.
    pub(crate) const AUTHORIZATION: Self = Self {
        mappings: mappings! {
            Field::UserId => "sub";
            Field::Text(Text::WorkspaceId) => "wid";
            Field::Text(Text::WorkspaceSlug) => "wslug";
            Field::Text(Text::OrganizationId) => "oid";
            Field::Text(Text::OrganizationSlug) => "oslug";
            Field::Role => "wrole";
            Field::Groups => "groups";
            Field::Actions => "actions";
        },
        ..Self::SENTINEL
    };

    /// What a gateway's proof says of the caller, see [`crate::gateway`]: the issuer and the id are those of their token.
    pub(crate) const GATEWAY: Self = Self {
        mappings: mappings! {
            Field::UserId => "sub";
            Field::Text(Text::Issuer) => "token_iss";
            Field::Text(Text::JwtId) => "token_jti";
            Field::Text(Text::IdpSubject) => "idp_sub";
            Field::Text(Text::Username) => "username";
            Field::Text(Text::Email) => "email";
            Field::EmailVerified => "email_verified";
            Field::Text(Text::Name) => "name";
            Field::Text(Text::GivenName) => "given_name";
            Field::Text(Text::FamilyName) => "family_name";
            Field::Text(Text::WorkspaceId) => "wid";
            Field::Text(Text::WorkspaceSlug) => "wslug";
            Field::Text(Text::OrganizationId) => "oid";
            Field::Text(Text::OrganizationSlug) => "oslug";
            Field::Roles => "wroles";
            Field::Groups => "groups";
            Field::Actions => "actions";
        },
        ..Self::SENTINEL
    };

    /// The identity convergence of micro-frontends: `username first_name last_name workspace_id role`.
    pub const CONVERGENCE: Self = Self {
        mappings: mappings! {
            Field::UserId => "sub";
            Field::Text(Text::Username) => "username";
            Field::Text(Text::GivenName) => "first_name";
            Field::Text(Text::FamilyName) => "last_name";
            Field::Text(Text::WorkspaceId) => "workspace_id";
            Field::Role => "role";
        },
        typ: None,
        required: &[],
        order: RoleOrder::SENTINEL,
    };

    /// The tenant API: `email role tenant_id`; a tenant is a workspace, roles are `admin > analyst > viewer`.
    pub const TENANT: Self = Self {
        mappings: mappings! {
            Field::UserId => "sub";
            Field::Text(Text::Email) => "email";
            Field::Text(Text::WorkspaceId) => "tenant_id";
            Field::Role => "role";
        },
        typ: None,
        required: &[],
        order: RoleOrder::TENANT,
    };

    /// An OpenID Connect ID token's standard claims (OpenID Connect Core §5.1). They say who someone
    /// is and grant nothing: roles, groups and actions need a custom mapping.
    pub const OIDC: Self = Self {
        mappings: mappings! {
            Field::UserId => "sub";
            Field::Text(Text::Username) => "preferred_username";
            Field::Text(Text::Email) => "email";
            Field::EmailVerified => "email_verified";
            Field::Text(Text::Name) => "name";
            Field::Text(Text::GivenName) => "given_name";
            Field::Text(Text::FamilyName) => "family_name";
        },
        typ: None,
        required: &[],
        order: RoleOrder::SENTINEL,
    };

    /// A JWT access token (RFC 9068): `typ` must be `at+jwt` (§4) and the required claims of §2.2
    /// present; `roles`, `groups` and `entitlements` as in §2.2.3.1.
    ///
    /// `scope` is not mapped to actions: it says what the client was allowed to ask for on the user's
    /// behalf, not what the user may do. A custom mapping can say otherwise.
    pub const RFC9068: Self = Self {
        mappings: mappings! {
            Field::UserId => "sub";
            Field::Text(Text::Username) => "preferred_username";
            Field::Text(Text::Email) => "email";
            Field::EmailVerified => "email_verified";
            Field::Text(Text::Name) => "name";
            Field::Text(Text::GivenName) => "given_name";
            Field::Text(Text::FamilyName) => "family_name";
            Field::Roles => "roles";
            Field::Groups => "groups";
            Field::Actions => "entitlements";
        },
        typ: Some("at+jwt"),
        required: &["iss", "exp", "aud", "sub", "client_id", "iat", "jti"],
        order: RoleOrder::SENTINEL,
    };

    /// The profile of this name: `sentinel`, `convergence`, `tenant`, `oidc`, `rfc9068`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sentinel" => Self::SENTINEL,
            "convergence" => Self::CONVERGENCE,
            "tenant" => Self::TENANT,
            "oidc" => Self::OIDC,
            "rfc9068" => Self::RFC9068,
            _ => return None,
        })
    }

    /// A deployment's own mapping: each field with the path of member names that leads to its claim.
    /// Where the user's id is not named it is `sub`.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] for a path that is empty or longer than [`PATH_MEMBERS`](super::PATH_MEMBERS), a name with a NUL,
    /// or a field twice.
    pub fn custom<'a, P: AsRef<[&'a str]>>(paths: impl IntoIterator<Item = (Field, P)>) -> Result<Self, Error> {
        let mut profile = Self::empty();
        for (field, path) in paths {
            let mut claim = None;
            for name in path.as_ref() {
                path::add(&mut claim, name).ok_or(INVALID)?;
            }
            profile.map(field, claim)?;
        }
        profile.complete()
    }

    /// Reads a profile's name, or `{"userId": "sub", "role": ["realm_access", "roles"], …}`: a string is the name
    /// of one claim (its dots mean nothing), an array is a path of member names.
    pub(crate) fn from_json(value: Value<'_>) -> Result<Self, Error> {
        if let Some(name) = value.as_str() {
            return Self::named(&name).ok_or(INVALID);
        }
        let mut profile = Self::empty();
        for (name, path) in value.members().ok_or(INVALID)? {
            let (_, field) = FIELDS.into_iter().find(|(known, _)| *known == name).ok_or(INVALID)?;
            profile.map(field, path::read(path))?;
        }
        profile.complete()
    }

    const fn empty() -> Self {
        Self { mappings: Cow::Owned(Vec::new()), typ: None, required: &[], order: RoleOrder::SENTINEL }
    }

    fn map(&mut self, field: Field, claim: Option<String>) -> Result<(), Error> {
        // These three are what the verifier checked, whatever else a token says.
        let is_fixed = matches!(field, Field::Text(Text::Issuer | Text::JwtId | Text::IdpSubject));
        let is_known = self.mappings.iter().any(|(known, _)| *known == field);
        let claim = claim.filter(|_| !is_fixed && !is_known).ok_or(INVALID)?;
        self.mappings.to_mut().push((field, Cow::Owned(claim)));
        Ok(())
    }

    fn complete(mut self) -> Result<Self, Error> {
        if !self.mappings.iter().any(|(field, _)| *field == Field::UserId) {
            self.mappings.to_mut().push((Field::UserId, Cow::Borrowed("sub")));
        }
        Ok(self)
    }

    /// The role order that belongs to the profile, where a deployment does not give its own.
    #[must_use]
    pub fn role_order(&self) -> &RoleOrder {
        &self.order
    }

    /// Reads the identity.
    ///
    /// # Errors
    /// [`ErrorCode::ClaimMissing`] without a user id, [`ErrorCode::ClaimInvalid`] for a mapped claim of the wrong
    /// type, [`ErrorCode::TypeMismatch`] where the profile demands another `typ`.
    pub fn identity(&self, token: &VerifiedToken) -> Result<Identity, Error> {
        if let Some(typ) = self.typ {
            token.header().require_type(typ)?;
        }
        let claims = token.claims();
        for name in self.required {
            present(claims.get(name)).ok_or(Error::claim(ErrorCode::ClaimMissing, name))?;
        }
        let mut identity = Identity::new();
        for (field, claim) in self.mappings.iter() {
            match find(claims, claim) {
                Ok(Some(value)) if field.read(value, &mut identity).is_some() => {}
                Ok(None) if *field != Field::UserId => {}
                Ok(None) => return Err(Error::claim(ErrorCode::ClaimMissing, claim_name(claim))),
                _ => return Err(Error::claim(ErrorCode::ClaimInvalid, claim_name(claim))),
            }
        }
        if identity.name().is_none() {
            add_full_name(&mut identity);
        }
        for (text, value) in [(Text::Issuer, claims.issuer()), (Text::JwtId, claims.jwt_id())] {
            if let Some(value) = value {
                identity.add(Part::Text(text), &value);
            }
        }
        identity.issued_at = claims.issued_at();
        Ok(identity)
    }
}

/// The names of fields in a configuration. `role` and `actions` take every shape that is known of such claims.
const FIELDS: [(&str, Field); 14] = [
    ("userId", Field::UserId),
    ("username", Field::Text(Text::Username)),
    ("email", Field::Text(Text::Email)),
    ("emailVerified", Field::EmailVerified),
    ("name", Field::Text(Text::Name)),
    ("givenName", Field::Text(Text::GivenName)),
    ("familyName", Field::Text(Text::FamilyName)),
    ("workspaceId", Field::Text(Text::WorkspaceId)),
    ("workspaceSlug", Field::Text(Text::WorkspaceSlug)),
    ("organizationId", Field::Text(Text::OrganizationId)),
    ("organizationSlug", Field::Text(Text::OrganizationSlug)),
    ("role", Field::Roles),
    ("groups", Field::Groups),
    ("actions", Field::Scope),
];

const INVALID: Error = Error::with(
    ErrorCode::ConfigurationInvalid,
    "the claims profile is no known name, or maps a field that is not known, twice, or to no claim",
);

/// For an error, which holds fixed text only.
fn claim_name(claim: &ClaimPath) -> &'static str {
    match claim {
        Cow::Borrowed(name) => name,
        Cow::Owned(_) => "(mapped claim)",
    }
}

impl Field {
    /// `None` where the value is of the wrong type.
    fn read(self, value: Value<'_>, identity: &mut Identity) -> Option<()> {
        let (part, is_one, is_list) = match self {
            Self::EmailVerified => {
                identity.email_verified = Some(value.as_bool()?);
                return Some(());
            }
            Self::UserId => (Part::UserId, true, false),
            Self::Text(text) => (Part::Text(text), true, false),
            Self::Role => (Part::Role, true, false),
            Self::Roles => (Part::Role, true, true),
            Self::Groups => (Part::Group, false, true),
            Self::Actions => (Part::Action, false, true),
            Self::Scope => (Part::Action, true, true),
        };
        match value.as_str() {
            Some(scope) if self == Self::Scope => {
                scope.split(' ').filter(|action| !action.is_empty()).for_each(|action| identity.add(part, action));
            }
            // Beside a name every text is something to decide by: empty, it would equal other empty ones.
            Some(text) if is_one && (!text.is_empty() || is_for_show(part)) => identity.add(part, &text),
            None if is_list => {
                for entry in value.elements()? {
                    let text = path::text(entry)?;
                    if text.is_empty() {
                        return None;
                    }
                    identity.add(part, &text);
                }
            }
            _ => return None,
        }
        Some(())
    }
}

fn is_for_show(part: Part) -> bool {
    matches!(part, Part::Text(text) if !matches!(text, Text::WorkspaceId | Text::OrganizationId))
}

fn add_full_name(identity: &mut Identity) {
    let mut name = String::new();
    for part in [Text::GivenName, Text::FamilyName] {
        if let Some(part) = identity.text(part) {
            if !name.is_empty() {
                name.push(' ');
            }
            name.push_str(part);
        }
    }
    if !name.is_empty() {
        identity.add(Part::Text(Text::Name), &name);
    }
}

#[cfg(test)]
pub(crate) mod tests;
