//! The authorization model as it is written: types, relations, rewrites and conditions.
//!
//! What stands here is only shape. A model that passed the validation is compiled before anything is decided by it.

#[cfg(feature = "dsl")]
pub mod dsl;
mod error;
pub mod json;
#[cfg(feature = "dsl")]
mod manifest;
#[cfg(feature = "dsl")]
mod module;
mod small;
mod validate;

pub use error::{ModelError, ModelErrorKind, ModelErrors, Position};
#[cfg(feature = "dsl")]
pub use manifest::{Located, Manifest};
#[cfg(feature = "dsl")]
pub use module::ModuleFile;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// A whole model: what the DSL prints and the JSON form carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorizationModel {
    /// `1.1`, or `1.2` where modules are used.
    pub schema_version: String,
    /// The types in the order of the document.
    pub types: Vec<TypeDefinition>,
    /// The conditions in the order of the document.
    pub conditions: Vec<Condition>,
}

/// One `type` of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeDefinition {
    /// Its name, e.g. `document`.
    pub name: String,
    /// Its relations in the order of the document.
    pub relations: Vec<Relation>,
    /// The module and file that it comes from (schema 1.2).
    pub origin: Option<Origin>,
}

/// One `define` of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relation {
    /// Its name, e.g. `viewer`.
    pub name: String,
    /// How it follows from tuples and other relations.
    pub rewrite: Rewrite,
    /// Who may be written to it directly: what stands in `[…]`. Empty where the rewrite has no [`Rewrite::This`].
    pub restrictions: Vec<TypeRestriction>,
    /// The module and file that an `extend type` added it from (schema 1.2).
    pub origin: Option<Origin>,
}

/// How a relation follows from others: OpenFGA's `Userset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// The tuples of the relation itself: `[user, group#member]`.
    This,
    /// Another relation of the same object: `editor`.
    Computed(String),
    /// A relation of the objects that a relation of this object leads to: `viewer from parent`.
    TupleToUserset {
        /// The relation whose tuples lead there: `parent`.
        tupleset: String,
        /// The relation that is asked of them: `viewer`.
        computed: String,
    },
    /// Any of them: `or`.
    Union(Vec<Rewrite>),
    /// All of them: `and`.
    Intersection(Vec<Rewrite>),
    /// The first without the second: `but not`.
    Difference(Box<Rewrite>, Box<Rewrite>),
}

/// One entry of a relation's `[…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeRestriction {
    /// The type of the user, e.g. `group`.
    pub type_name: String,
    /// Which users of that type.
    pub kind: RestrictionKind,
    /// The condition that such a tuple must name: `with in_region`.
    pub condition: Option<String>,
}

/// Which users of a type a restriction admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestrictionKind {
    /// One object: `user`.
    Object,
    /// All objects of the type: `user:*`.
    Wildcard,
    /// Whoever has a relation to one object: `group#member`.
    Userset(String),
}

/// A named condition in the Common Expression Language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its name.
    pub name: String,
    /// The expression, as written.
    pub expression: String,
    /// Its parameters in the order of the document.
    pub parameters: Vec<Parameter>,
    /// The module and file that it comes from (schema 1.2).
    pub origin: Option<Origin>,
}

/// One parameter of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the expression.
    pub name: String,
    /// Its type.
    pub type_name: ParameterType,
}

/// The type of a condition's parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// Anything.
    Any,
    /// True or false.
    Bool,
    /// Text.
    String,
    /// A signed integer of 64 bits.
    Int,
    /// An unsigned integer of 64 bits.
    Uint,
    /// A binary floating-point number of 64 bits.
    Double,
    /// A length of time, e.g. `1h30m`.
    Duration,
    /// A moment in RFC 3339.
    Timestamp,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// A map from text to values of one type.
    Map(Box<ParameterType>),
    /// A list of values of one type.
    List(Box<ParameterType>),
}

/// Where a part of a modular model comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The module's name.
    pub module: String,
    /// The file, as the manifest `fga.mod` names it.
    pub file: String,
}

impl ParameterType {
    /// The types that stand for themselves.
    const SIMPLE: [Self; 9] = [
        Self::Any,
        Self::Bool,
        Self::String,
        Self::Int,
        Self::Uint,
        Self::Double,
        Self::Duration,
        Self::Timestamp,
        Self::IpAddress,
    ];

    /// The name in the DSL, e.g. `ipaddress`; of a container without what it contains.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::String => "string",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::Duration => "duration",
            Self::Timestamp => "timestamp",
            Self::IpAddress => "ipaddress",
            Self::Map(_) => "map",
            Self::List(_) => "list",
        }
    }

    /// The type of this name that is no container.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::SIMPLE.into_iter().find(|simple| simple.name() == name)
    }

    /// As it is written in the DSL, e.g. `list<string>`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Map(inner) | Self::List(inner) => [self.name(), "<", &inner.text(), ">"].concat(),
            _ => self.name().into(),
        }
    }
}

impl TypeRestriction {
    /// As it is written, e.g. `group#member with in_region`.
    pub(crate) fn text(&self) -> String {
        let mut out = self.type_name.clone();
        match &self.kind {
            RestrictionKind::Object => {}
            RestrictionKind::Wildcard => out.push_str(":*"),
            RestrictionKind::Userset(relation) => {
                out.push('#');
                out.push_str(relation);
            }
        }
        if let Some(condition) = &self.condition {
            out.push_str(" with ");
            out.push_str(condition);
        }
        out
    }
}
