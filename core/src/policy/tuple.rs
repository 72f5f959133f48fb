//! Relationship tuples: who has which relation to which object.
//!
//! A tuple is written `document:1#viewer@user:anne`. The rules for its three parts are OpenFGA's
//! (`pkg/tuple/tuple.go`: `IsValidObject`, `IsValidRelation`, `IsValidUserset`), the limits those of its API
//! (`openfga/v1/openfga.proto`, `TupleKey`: `object` 256, `relation` 50 and `user` 512 bytes).

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// Longest object in bytes (`TupleKey.object`).
pub const OBJECT_BYTES: usize = 256;
/// Longest relation in bytes (`TupleKey.relation`).
pub const RELATION_BYTES: usize = 50;
/// Longest user in bytes (`TupleKey.user`).
pub const USER_BYTES: usize = 512;
/// Longest type in bytes (`TypeDefinition.type`).
pub const TYPE_BYTES: usize = 254;
/// The id that stands for every object of a type.
pub const WILDCARD: &str = "*";

/// Which part of a tuple is not well-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TupleError {
    /// The object is not `type:id`, is a wildcard, or is too long.
    Object,
    /// The relation has one of `:#@`, white space or control characters, is empty or too long.
    Relation,
    /// The user is not `type:id`, `type:*` or `type:id#relation`, or is too long.
    User,
    /// There is no `#` and `@` between the parts.
    Form,
}

impl TupleError {
    /// A sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Object => "invalid 'object' field format",
            Self::Relation => "the 'relation' field is malformed",
            Self::User => "the 'user' field is malformed",
            Self::Form => "a tuple is written object#relation@user",
        }
    }
}

impl fmt::Display for TupleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for TupleError {}

/// An object: `type:id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef<'a> {
    /// Its type.
    pub type_name: &'a str,
    /// Its id within the type.
    pub id: &'a str,
}

impl<'a> ObjectRef<'a> {
    /// Reads `type:id`. The wildcard `type:*` is no object.
    ///
    /// # Errors
    /// [`TupleError::Object`].
    #[inline]
    pub fn parse(text: &'a str) -> Result<Self, TupleError> {
        match split(text) {
            Some((object, None)) if object.id != WILDCARD && text.len() <= OBJECT_BYTES => Ok(object),
            _ => Err(TupleError::Object),
        }
    }
}

impl fmt::Display for ObjectRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.type_name, self.id)
    }
}

/// The user of a tuple or of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UserRef<'a> {
    /// One object: `user:anne`.
    Object(ObjectRef<'a>),
    /// Whoever has a relation to an object: `group:eng#member`.
    Userset(ObjectRef<'a>, &'a str),
    /// All objects of a type: `user:*`.
    Wildcard(&'a str),
}

impl<'a> UserRef<'a> {
    /// Reads `type:id`, `type:*` or `type:id#relation`.
    ///
    /// # Errors
    /// [`TupleError::User`].
    ///
    /// ```
    /// use sentinel_core::policy::tuple::UserRef;
    /// assert!(matches!(UserRef::parse("group:eng#member"), Ok(UserRef::Userset(_, "member"))));
    /// assert!(matches!(UserRef::parse("user:*"), Ok(UserRef::Wildcard("user"))));
    /// assert!(UserRef::parse("anne").is_err() && UserRef::parse("user:*#member").is_err());
    /// ```
    #[inline]
    pub fn parse(text: &'a str) -> Result<Self, TupleError> {
        if text.len() > USER_BYTES {
            return Err(TupleError::User);
        }
        match split(text) {
            Some((object, Some(relation))) => Ok(Self::Userset(object, relation)),
            Some((object, None)) if object.id == WILDCARD => Ok(Self::Wildcard(object.type_name)),
            Some((object, None)) => Ok(Self::Object(object)),
            None => Err(TupleError::User),
        }
    }

    /// The type of the object that it is or speaks of.
    #[must_use]
    pub const fn type_name(&self) -> &'a str {
        match self {
            Self::Object(object) | Self::Userset(object, _) => object.type_name,
            Self::Wildcard(type_name) => type_name,
        }
    }
}

impl fmt::Display for UserRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(object) => object.fmt(f),
            Self::Userset(object, relation) => write!(f, "{object}#{relation}"),
            Self::Wildcard(type_name) => write!(f, "{type_name}:*"),
        }
    }
}

/// The bytes of ASCII below 64 that mean nothing in a tuple, a bit for each; of those above all but 0x7f do.
const PLAIN: u64 = !0 << 0x21 & !(1 << b':' | 1 << b'#' | 1 << b'*');

const fn is_plain(byte: u8) -> bool {
    if byte < 64 { PLAIN >> byte & 1 == 1 } else { byte < 0x7f }
}

/// `type:id` with an optional `#relation`, by OpenFGA's rules for both: one `:`, not first; no white space or control
/// characters; no part empty; in the id of a userset no `*`.
#[inline]
fn split(text: &str) -> Option<(ObjectRef<'_>, Option<&str>)> {
    let bytes = text.as_bytes();
    let mut colon = None;
    let mut hash = None;
    let mut star = false;
    for (at, byte) in bytes.iter().enumerate() {
        if is_plain(*byte) {
            continue;
        }
        match byte {
            b':' if colon.is_none() && at > 0 => colon = Some(at),
            b'#' if colon.is_some() && hash.is_none() => hash = Some(at),
            b':' | b'#' | 0..=b' ' | 0x7f => return None,
            b'*' => star |= colon.is_some(),
            // U+0080 to U+009F are the control characters beyond ASCII: `C2 80` to `C2 9F` in UTF-8.
            0x80..=0x9f if at > 0 && bytes.get(at - 1) == Some(&0xc2) => return None,
            _ => {}
        }
    }
    let colon = colon?;
    let (id, relation) = match hash {
        Some(hash) => (text.get(colon + 1..hash)?, Some(text.get(hash + 1..)?)),
        None => (text.get(colon + 1..)?, None),
    };
    let object = ObjectRef { type_name: text.get(..colon)?, id };
    if id.is_empty() || object.type_name.len() > TYPE_BYTES {
        return None;
    }
    match relation {
        Some(relation) if star || relation.is_empty() || relation.len() > RELATION_BYTES => None,
        relation => Some((object, relation)),
    }
}

/// Whether a text can stand on either side of an object's `:`.
#[cfg(feature = "bundle")]
pub(crate) fn is_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut before = 0;
    !text.is_empty()
        && bytes.iter().all(|byte| {
            // The control characters beyond ASCII, as in `split`.
            let meant = is_plain(*byte) || *byte == b'*' || *byte >= 0x80 && !(before == 0xc2 && *byte <= 0x9f);
            before = *byte;
            meant
        })
}

/// Whether a relation's name is well-formed.
#[must_use]
pub fn is_relation(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= RELATION_BYTES
        && !text.chars().any(|c| matches!(c, ':' | '#' | '@' | ' ') || c.is_control())
}

/// The condition under which a tuple holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TupleCondition {
    /// The condition's name in the model.
    pub name: String,
    /// What is known of its parameters: a JSON object, or empty for none.
    pub context: String,
}

/// One relationship tuple. Its parts are well-formed; whether a model allows it is another question.
///
/// ```
/// use sentinel_core::policy::tuple::TupleKey;
/// let tuple = TupleKey::parse("document:1#viewer@group:eng#member")?;
/// assert_eq!((tuple.object(), tuple.relation(), tuple.user()), ("document:1", "viewer", "group:eng#member"));
/// assert!(TupleKey::new("document:*", "viewer", "user:anne").is_err());
/// # Ok::<(), sentinel_core::policy::tuple::TupleError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TupleKey {
    object: String,
    relation: String,
    user: String,
    condition: Option<Box<TupleCondition>>,
}

impl TupleKey {
    /// A tuple without a condition.
    ///
    /// # Errors
    /// A part is not well-formed.
    pub fn new(object: &str, relation: &str, user: &str) -> Result<Self, TupleError> {
        UserRef::parse(user)?;
        ObjectRef::parse(object)?;
        if !is_relation(relation) {
            return Err(TupleError::Relation);
        }
        Ok(Self { object: object.to_owned(), relation: relation.to_owned(), user: user.to_owned(), condition: None })
    }

    /// Reads `object#relation@user`.
    ///
    /// # Errors
    /// A part is missing or not well-formed.
    pub fn parse(text: &str) -> Result<Self, TupleError> {
        let (object, rest) = text.split_once('#').ok_or(TupleError::Form)?;
        let (relation, user) = rest.split_once('@').ok_or(TupleError::Form)?;
        Self::new(object, relation, user)
    }

    /// The same tuple under a condition. `context` is a JSON object, or empty.
    #[must_use]
    pub fn with_condition(mut self, name: &str, context: &str) -> Self {
        self.condition = Some(Box::new(TupleCondition { name: name.to_owned(), context: context.to_owned() }));
        self
    }

    /// The object, e.g. `document:1`.
    #[must_use]
    pub fn object(&self) -> &str {
        &self.object
    }

    /// The relation, e.g. `viewer`.
    #[must_use]
    pub fn relation(&self) -> &str {
        &self.relation
    }

    /// The user, e.g. `user:anne`.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The condition, where it has one.
    #[must_use]
    pub fn condition(&self) -> Option<&TupleCondition> {
        self.condition.as_deref()
    }

    /// The object's parts.
    pub(crate) fn object_ref(&self) -> Option<ObjectRef<'_>> {
        ObjectRef::parse(&self.object).ok()
    }

    /// The user's parts.
    pub(crate) fn user_ref(&self) -> Option<UserRef<'_>> {
        UserRef::parse(&self.user).ok()
    }
}

impl TupleKey {
    /// As it is shown to people: `object#relation@user`, and the name of its condition.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = [&*self.object, "#", &*self.relation, "@", &*self.user].concat();
        if let Some(condition) = &self.condition {
            text.push_str(" (condition ");
            text.push_str(&condition.name);
            text.push(')');
        }
        text
    }
}

impl fmt::Display for TupleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects() {
        for good in ["document:1", "a:b@c", "folder:x*y", "d:ü", "d:a/b|c", "d:**"] {
            assert!(ObjectRef::parse(good).is_ok(), "{good}");
        }
        for bad in ["document", ":1", "document:", "a:b:c", "a:b c", "a:b#c", "a:*", "a:\u{7f}", "a:\u{85}", "a:\t", ""]
        {
            assert_eq!(ObjectRef::parse(bad), Err(TupleError::Object), "{bad}");
        }
        // U+00C5 ends in the byte 85 too, and is a letter.
        assert!(ObjectRef::parse("a:\u{c5}").is_ok());
        let longest = alloc::format!("d:{}", "x".repeat(OBJECT_BYTES - 2));
        assert!(ObjectRef::parse(&longest).is_ok());
        assert!(ObjectRef::parse(&alloc::format!("{longest}x")).is_err());
    }

    #[test]
    fn users() {
        assert_eq!(UserRef::parse("user:*"), Ok(UserRef::Wildcard("user")));
        for bad in ["*", "anne", "a:b#", "a:#b", "a#b", "#a", "a:b#c#d", "a:b#c:d", "a:*#m", "a:b*#m", "a:b #m"] {
            assert_eq!(UserRef::parse(bad), Err(TupleError::User), "{bad}");
        }
        for good in ["user:anne", "g:1#m", "g:x@y#m"] {
            assert_eq!(UserRef::parse(good).map(|user| alloc::format!("{user}")), Ok(good.into()));
        }
    }

    #[test]
    fn tuples() {
        let text = "document:1#viewer@user:a@b";
        assert_eq!(TupleKey::parse(text).map(|tuple| alloc::format!("{tuple}")), Ok(text.into()));
        assert_eq!(TupleKey::parse("document:1#viewer"), Err(TupleError::Form));
        assert_eq!(TupleKey::parse("document:1"), Err(TupleError::Form));
        assert_eq!(TupleKey::parse("document:1#@user:a"), Err(TupleError::Relation));
    }
}
