//! Why a model is refused: the reference's kinds and sentences (openfga/language, `pkg/js/errors.ts`), so that an editor or a
//! client that reads OpenFGA's errors reads ours.

use crate::{Error, ErrorCode};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// What kind of mistake a model has. The names are the reference's.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ModelErrorKind {
            $($(#[$doc])* $variant,)*
        }

        impl ModelErrorKind {
            /// The kind as the reference writes it, e.g. `missing-definition`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(ModelErrorKind::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// The text does not follow the grammar.
    Syntax = "syntax";
    /// Modules do not fit together.
    Transformation = "transformation-error";
    /// The manifest `fga.mod` is not valid.
    Manifest = "validation";
    /// The JSON form is not that of a model.
    InvalidSyntax = "invalid-syntax";
    /// Longer, deeper or more than what is accepted.
    TooLarge = "too-large";
    /// There is no schema version.
    SchemaVersionRequired = "schema-version-required";
    /// The schema version is not known.
    InvalidSchema = "invalid-schema";
    /// A type is named `self` or `this`.
    ReservedTypeKeywords = "reserved-type-keywords";
    /// A relation is named `self` or `this`.
    ReservedRelationKeywords = "reserved-relation-keywords";
    /// A relation is defined by itself.
    SelfError = "self-error";
    /// A name has characters or a length that names must not have.
    InvalidName = "invalid-name";
    /// A relation is used that is not defined.
    MissingDefinition = "missing-definition";
    /// A relation is asked of a type that does not have it.
    InvalidRelationType = "invalid-relation-type";
    /// No type that the `from` relation leads to has the relation.
    InvalidRelationOnTupleset = "invalid-relation-on-tupleset";
    /// A type is used that is not defined.
    InvalidType = "invalid-type";
    /// Nobody can ever have this relation.
    RelationNoEntrypoint = "relation-no-entry-point";
    /// The relation after `from` is not assigned directly to objects.
    TuplesetNotDirect = "tupleuserset-not-direct";
    /// Something is written twice.
    Duplicated = "duplicated-error";
    /// Types and assignment do not belong together.
    AssignableRelationsMustHaveType = "assignable-relation-must-have-type";
    /// A restriction has both a wildcard and a relation.
    TypeWildcardRelation = "type-wildcard-relation";
    /// A condition is used that is not defined.
    ConditionNotDefined = "condition-not-defined";
    /// A condition is defined that is not used.
    ConditionNotUsed = "condition-not-used";
    /// A condition's expression is not in the Common Expression Language, or not one of truth.
    InvalidCondition = "invalid-condition";
    /// A condition's key in the JSON form is not its name.
    DifferentNestedConditionName = "different-nested-condition-name";
    /// One file would have to hold more than one module.
    MultipleModulesInFile = "multiple-modules-in-file";
    /// Relations are defined by one another in a circle.
    Cycle = "cycle";
    /// The model cannot be written in the DSL.
    UnsupportedNesting = "unsupported-nesting";
}

/// A place in a text. Lines and columns count from 0, columns in code points, as the reference's do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column where it begins.
    pub column: u32,
    /// The line where it ends.
    pub end_line: u32,
    /// The column behind its end.
    pub end_column: u32,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelError {
    /// Its kind.
    pub kind: ModelErrorKind,
    /// The reference's sentence.
    pub message: String,
    /// Where in the text it is, where there is a text.
    pub position: Option<Position>,
    /// The word that it is about.
    pub symbol: String,
    /// The type that it is about.
    pub type_name: Option<String>,
    /// The relation that it is about.
    pub relation: Option<String>,
    /// The file it is in, in a modular model.
    pub file: Option<String>,
    /// The module it is in, in a modular model.
    pub module: Option<String>,
    /// The type whose definition holds the mistake, where [`Self::type_name`] is another one.
    pub(crate) offending_type: Option<String>,
}

impl ModelError {
    /// A mistake without a place.
    #[must_use]
    pub fn new(kind: ModelErrorKind, symbol: &str, message: String) -> Self {
        Self {
            kind,
            message,
            position: None,
            symbol: symbol.into(),
            type_name: None,
            relation: None,
            file: None,
            module: None,
            offending_type: None,
        }
    }

    #[cfg(feature = "dsl")]
    pub(crate) fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.as_str())?;
        f.write_str(" error")?;
        if let Some(position) = self.position {
            write!(f, " at line={}, column={}", position.line, position.column)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl core::error::Error for ModelError {}

/// Every mistake that was found, in the reference's order. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelErrors(pub Vec<ModelError>);

impl ModelErrors {
    /// `Ok` where there is none.
    pub(crate) fn none_in(errors: Vec<ModelError>) -> Result<(), Self> {
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }
}

impl From<Box<ModelError>> for ModelErrors {
    fn from(error: Box<ModelError>) -> Self {
        Self(alloc::vec![*error])
    }
}

impl From<ModelError> for ModelErrors {
    fn from(error: ModelError) -> Self {
        Self(alloc::vec![error])
    }
}

impl From<ModelErrors> for Error {
    fn from(_: ModelErrors) -> Self {
        ErrorCode::ModelInvalid.into()
    }
}

impl fmt::Display for ModelErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} error{} occurred:", self.0.len(), if self.0.len() == 1 { "" } else { "s" })?;
        for error in &self.0 {
            write!(f, "\n\t* {error}")?;
        }
        f.write_str("\n\n")
    }
}

impl core::error::Error for ModelErrors {}
