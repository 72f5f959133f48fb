//! Claims profiles: which claim says what about an [`Identity`].

use super::Claims;
use crate::identity::Text;
use crate::jose::json::Value;
use crate::{Error, ErrorCode, Identity, RoleOrder, VerifiedToken};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// Longest member path of a custom mapping. Keycloak's deepest is three: `resource_access`, client, `roles`.
pub const PATH_MEMBERS: usize = 8;

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

type Member = Cow<'static, str>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Mapping {
    field: Field,
    path: Cow<'static, [Member]>,
}

macro_rules! mappings {
    ($($field:expr => $($claim:literal).+;)*) => {
        Cow::Borrowed(&[$(Mapping { field: $field, path: Cow::Borrowed(&[$(Cow::Borrowed($claim)),+]) },)*])
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
    mappings: Cow<'static, [Mapping]>,
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
    /// [`ErrorCode::ConfigurationInvalid`] for a path that is empty or longer than [`PATH_MEMBERS`], or a field twice.
    pub fn custom<'a, P: AsRef<[&'a str]>>(paths: impl IntoIterator<Item = (Field, P)>) -> Result<Self, Error> {
        let mut profile = Self::empty();
        for (field, path) in paths {
            profile.map(field, path.as_ref().iter().map(|member| Cow::Owned(String::from(*member))).collect())?;
        }
        profile.complete()
    }

    /// Reads a profile's name, or `{"userId": "sub", "role": ["realm_access", "roles"], …}`: a string is the name
    /// of one claim (its dots mean nothing), an array is a path of member names.
    pub(crate) fn from_json(value: Value<'_>) -> Result<Self, Error> {
        const INVALID: Error = Error::with(ErrorCode::ConfigurationInvalid, "the profile is not understood");
        if let Some(name) = value.as_str() {
            return Self::named(&name).ok_or(INVALID);
        }
        let mut profile = Self::empty();
        for (name, path) in value.members().ok_or(INVALID)? {
            let field = match &*name {
                "userId" => Field::UserId,
                "username" => Field::Text(Text::Username),
                "email" => Field::Text(Text::Email),
                "emailVerified" => Field::EmailVerified,
                "name" => Field::Text(Text::Name),
                "givenName" => Field::Text(Text::GivenName),
                "familyName" => Field::Text(Text::FamilyName),
                "workspaceId" => Field::Text(Text::WorkspaceId),
                "workspaceSlug" => Field::Text(Text::WorkspaceSlug),
                "organizationId" => Field::Text(Text::OrganizationId),
                "organizationSlug" => Field::Text(Text::OrganizationSlug),
                "role" => Field::Roles,
                "groups" => Field::Groups,
                "actions" => Field::Scope,
                _ => return Err(INVALID),
            };
            let mut members = Vec::new();
            match path.elements() {
                Some(elements) => {
                    for member in elements {
                        members.push(Cow::Owned(member.as_str().ok_or(INVALID)?.into_owned()));
                    }
                }
                None => members.push(Cow::Owned(path.as_str().ok_or(INVALID)?.into_owned())),
            }
            profile.map(field, members)?;
        }
        profile.complete()
    }

    fn empty() -> Self {
        Self { mappings: Cow::Owned(Vec::new()), typ: None, required: &[], order: RoleOrder::SENTINEL }
    }

    fn map(&mut self, field: Field, path: Vec<Member>) -> Result<(), Error> {
        if path.is_empty() || path.len() > PATH_MEMBERS || self.mappings.iter().any(|known| known.field == field) {
            return Err(Error::with(ErrorCode::ConfigurationInvalid, "a field is mapped twice, or to no claim"));
        }
        self.mappings.to_mut().push(Mapping { field, path: Cow::Owned(path) });
        Ok(())
    }

    fn complete(mut self) -> Result<Self, Error> {
        if !self.mappings.iter().any(|mapping| mapping.field == Field::UserId) {
            self.map(Field::UserId, Vec::from([Cow::Borrowed("sub")]))?;
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
        let mut identity = Identity::new(Box::default());
        for mapping in self.mappings.iter() {
            let invalid = Error::claim(ErrorCode::ClaimInvalid, mapping.claim_name());
            if let Some(value) = mapping.find(claims).map_err(|_| invalid)? {
                mapping.field.read(value, &mut identity).ok_or(invalid)?;
            } else if mapping.field == Field::UserId {
                return Err(Error::claim(ErrorCode::ClaimMissing, mapping.claim_name()));
            }
        }
        if identity.name().is_none() {
            identity.set(Text::Name, full_name(&identity));
        }
        identity.set(Text::Issuer, claims.issuer().map(boxed));
        identity.set(Text::JwtId, claims.jwt_id().map(boxed));
        identity.issued_at = claims.issued_at();
        Ok(identity)
    }
}

impl Mapping {
    /// The claim's value. Absent where any member on the way is; an error where one is no object.
    fn find<'a>(&self, claims: Claims<'a>) -> Result<Option<Value<'a>>, ()> {
        let mut members = self.path.iter();
        let mut value = members.next().and_then(|name| present(claims.get(name)));
        for name in members {
            let Some(object) = value else { return Ok(None) };
            if !object.is_object() {
                return Err(());
            }
            value = present(object.member(name));
        }
        Ok(value)
    }

    /// For an error, which holds fixed text only.
    fn claim_name(&self) -> &'static str {
        match self.path.first() {
            Some(Cow::Borrowed(name)) => name,
            _ => "(mapped claim)",
        }
    }
}

impl Field {
    /// `None` where the value is of the wrong type.
    fn read(self, value: Value<'_>, identity: &mut Identity) -> Option<()> {
        match self {
            Self::UserId => identity.user_id = id(value)?,
            Self::Text(text @ (Text::WorkspaceId | Text::OrganizationId)) => identity.set(text, Some(id(value)?)),
            Self::Text(text) => identity.set(text, Some(boxed(value.as_str()?))),
            Self::EmailVerified => identity.email_verified = Some(value.as_bool()?),
            Self::Role => identity.roles = Vec::from([id(value)?]),
            Self::Roles => {
                identity.roles = match id(value) {
                    Some(role) => Vec::from([role]),
                    None => list(value)?,
                }
            }
            Self::Groups => identity.groups = list(value)?,
            Self::Actions => identity.actions = list(value)?,
            Self::Scope => {
                identity.actions = match value.as_str() {
                    Some(scope) => scope.split(' ').filter(|action| !action.is_empty()).map(Into::into).collect(),
                    None => list(value)?,
                }
            }
        }
        Some(())
    }
}

/// `null` says that there is none: Sentinel's own convergence writes `"first_name": null`.
fn present(value: Option<Value<'_>>) -> Option<Value<'_>> {
    value.filter(|value| !value.is_null())
}

fn boxed(text: Cow<'_, str>) -> Box<str> {
    text.into_owned().into_boxed_str()
}

/// A string that must say something: an empty id would equal other empty ones.
fn id(value: Value<'_>) -> Option<Box<str>> {
    value.as_str().filter(|text| !text.is_empty()).map(boxed)
}

/// An array of strings, or of objects with a string `value` (RFC 7643 §2.4, as RFC 9068 §2.2.3.1 allows).
fn list(value: Value<'_>) -> Option<Vec<Box<str>>> {
    value.elements()?.map(|entry| id(entry).or_else(|| id(entry.member("value")?))).collect()
}

fn full_name(identity: &Identity) -> Option<Box<str>> {
    match (identity.text(Text::GivenName), identity.text(Text::FamilyName)) {
        (Some(given), Some(family)) => {
            let mut name = String::from(given);
            name.push(' ');
            name.push_str(family);
            Some(name.into_boxed_str())
        }
        (given, family) => given.or(family).map(Into::into),
    }
}

#[cfg(test)]
pub(crate) mod tests;
