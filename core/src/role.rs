//! Role orders: which role includes which, as data.

use crate::jose::json::Value;
use crate::{Decision, Error, ErrorCode, Identity, Reason};
use alloc::borrow::Cow;
use alloc::string::String;

/// Most roles in an order, and the longest name of one in bytes. The orders of
/// the field have three or four roles; SQL dialects that hold them end names at 63 bytes.
pub const ROLES: usize = 32;
/// Longest name of a role in bytes.
pub const ROLE_BYTES: usize = 64;

const INVALID: Error = Error::with(
    ErrorCode::ConfigurationInvalid,
    "the role order is not a list of 1 to 32 different names without white space",
);

/// Roles from the lowest to the highest; a role includes every lower one.
///
/// Names are compared octet by octet: `Admin` is not `admin`. A name that is
/// not in the order satisfies nothing, on either side.
///
/// ```
/// use sentinel_core::RoleOrder;
/// let order = RoleOrder::SENTINEL;
/// assert!(order.satisfies("owner", "editor") && !order.satisfies("viewer", "editor"));
/// assert!(!order.satisfies("root", "viewer") && !order.satisfies("owner", "root"));
///
/// let own = RoleOrder::new(["guest", "member", "host"])?;
/// assert!(own.satisfies("host", "member"));
/// # Ok::<(), sentinel_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleOrder(
    /// With spaces between them, of which no name has one.
    Cow<'static, str>,
);

impl RoleOrder {
    /// Sentinel Auth's workspace roles: `owner > admin > editor > viewer`.
    pub const SENTINEL: Self = Self(Cow::Borrowed("viewer editor admin owner"));
    /// The tenant API's roles: `admin > analyst > viewer`.
    pub const TENANT: Self = Self(Cow::Borrowed("viewer analyst admin"));

    /// A deployment's own order, lowest first.
    ///
    /// # Errors
    /// [`ErrorCode::ConfigurationInvalid`] for no role at all, more than [`ROLES`], a name twice, or a name that is
    /// empty, longer than [`ROLE_BYTES`] or has white space or control characters.
    pub fn new<'a>(lowest_first: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut order = String::new();
        for role in lowest_first {
            add(&mut order, role)?;
        }
        Self::complete(order)
    }

    /// Reads `["viewer", "editor", …]`, lowest first.
    pub(crate) fn from_json(value: Value<'_>) -> Result<Self, Error> {
        let mut order = String::new();
        for role in value.elements().ok_or(INVALID)? {
            add(&mut order, &role.as_str().ok_or(INVALID)?)?;
        }
        Self::complete(order)
    }

    fn complete(order: String) -> Result<Self, Error> {
        if order.is_empty() { Err(INVALID) } else { Ok(Self(Cow::Owned(order))) }
    }

    /// How high the role stands: 0 for the lowest, `None` for one that is not in the order.
    #[must_use]
    pub fn rank(&self, role: &str) -> Option<u8> {
        self.iter().position(|known| known == role).map(|rank| rank as u8)
    }

    /// Whether someone who has the one role may do what needs the other.
    #[must_use]
    pub fn satisfies(&self, has: &str, needs: &str) -> bool {
        match (self.rank(has), self.rank(needs)) {
            (Some(has), Some(needs)) => has >= needs,
            _ => false,
        }
    }

    /// The roles, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    /// The highest role that the identity has, of those in the order.
    #[must_use]
    pub fn highest_of<'i>(&self, identity: &'i Identity) -> Option<&'i str> {
        identity.roles().max_by_key(|role| self.rank(role)).filter(|role| self.rank(role).is_some())
    }

    /// Whether the identity has this role or a higher one.
    pub fn require(&self, identity: &Identity, role: &str) -> Decision {
        Decision::of(if identity.roles().any(|has| self.satisfies(has, role)) {
            Reason::Role
        } else {
            Reason::RoleRequired
        })
    }
}

fn add(order: &mut String, role: &str) -> Result<(), Error> {
    let is_name = !role.is_empty() && role.len() <= ROLE_BYTES && role.bytes().all(|b| b > b' ' && b != 0x7f);
    let mut known = order.split(' ');
    if !is_name || known.clone().any(|other| other == role) || known.nth(ROLES - 1).is_some() {
        return Err(INVALID);
    }
    if !order.is_empty() {
        order.push(' ');
    }
    order.push_str(role);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, jose::json};
    use std::string::ToString;
    use std::vec::Vec;

    #[test]
    fn the_seeds_orders() {
        let sentinel = RoleOrder::SENTINEL;
        for (has, needs, expected) in [
            ("owner", "owner", true),
            ("owner", "viewer", true),
            ("admin", "owner", false),
            ("editor", "editor", true),
            ("viewer", "editor", false),
            ("Owner", "viewer", false),
            ("owner ", "viewer", false),
            ("analyst", "viewer", false),
            ("", "viewer", false),
            ("viewer", "", false),
            ("x", "x", false),
        ] {
            assert_eq!(sentinel.satisfies(has, needs), expected, "{has} for {needs}");
        }
        assert!(RoleOrder::TENANT.satisfies("admin", "analyst") && !RoleOrder::TENANT.satisfies("owner", "viewer"));
    }

    #[test]
    fn refuses_what_is_no_order() {
        let many: Vec<_> = (0..=ROLES).map(|n| n.to_string()).collect();
        let long = "x".repeat(ROLE_BYTES + 1);
        for roles in [&[][..], &["a", "a"], &[""], &["a b"], &["a\n"], &["\u{7f}"], &[long.as_str()]] {
            assert_eq!(RoleOrder::new(roles.iter().copied()).unwrap_err().code(), INVALID.code(), "{roles:?}");
        }
        assert!(RoleOrder::new(many.iter().map(AsRef::as_ref)).is_err());
        assert!(RoleOrder::new(many.iter().skip(1).map(AsRef::as_ref)).is_ok());
    }

    #[test]
    fn reads_json() {
        let read = |text: &str| RoleOrder::from_json(json::parse(text.as_bytes(), &Limits::DEFAULT).unwrap());
        assert_eq!(read(r#"["viewer","analyst","admin"]"#).unwrap(), RoleOrder::TENANT);
        for text in ["[]", "\"viewer\"", "[1]", r#"["a","\u0061"]"#, "{}", "null"] {
            assert_eq!(read(text).unwrap_err().code(), INVALID.code(), "{text}");
        }
    }
}
