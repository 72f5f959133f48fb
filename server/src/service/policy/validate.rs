//! What of a request a model allows, with OpenFGA's sentences (`internal/validation/validation.go`).

use sentinel_core::policy::Conditions as _;
use sentinel_core::policy::model::{RestrictionKind, Rewrite, TypeRestriction};
use sentinel_core::policy::tuple::{ObjectRef, UserRef, is_relation};
use serde_json::{Map, Value};

use super::{Model, PolicyError, RefusalCode, TupleIn};

/// Largest context of a tuple's condition in bytes (OpenFGA's `conditionContextByteLimit`).
const CONTEXT_BYTES: usize = 32 * 1024;

/// Why a tuple is not allowed.
#[derive(Debug)]
pub(super) enum TupleFault {
    /// The object's type is not in the model.
    Type(String),
    /// The type does not have the relation.
    Relation(String, String),
    /// Anything else about the tuple itself.
    Tuple(String),
    /// Something about its condition.
    Condition(String),
}

impl TupleFault {
    /// The sentence, as a write and a contextual tuple have it.
    pub(super) fn sentence(&self, tuple: &TupleIn) -> String {
        let name = tuple.text();
        match self {
            Self::Type(of) => format!("Invalid tuple '{name}'. Reason: type '{of}' not found"),
            Self::Relation(of, relation) => {
                format!("Invalid tuple '{name}'. Reason: relation '{of}#{relation}' not found")
            }
            Self::Tuple(why) => format!("Invalid tuple '{name}'. Reason: {why}"),
            Self::Condition(why) => {
                let condition = tuple.condition.as_deref().unwrap_or_default();
                format!("Invalid tuple '{name} (condition {condition})'. Reason: {why}")
            }
        }
    }

    /// For a tuple to write.
    pub(super) fn in_write(&self, tuple: &TupleIn) -> PolicyError {
        PolicyError::validation(self.sentence(tuple))
    }

    /// For a contextual tuple.
    pub(super) fn in_context(&self, tuple: &TupleIn) -> PolicyError {
        let code = match self {
            Self::Condition(_) => RefusalCode::ValidationError,
            _ => RefusalCode::InvalidTuple,
        };
        PolicyError::refused(code, self.sentence(tuple))
    }
}

impl Model {
    /// That this tuple may be written: what every write asks, one at a time or a million.
    pub(super) fn admits(&self, tuple: &TupleIn) -> Result<(), PolicyError> {
        self.allows(tuple).map_err(|fault| fault.in_write(tuple))?;
        if tuple.user.strip_prefix(&tuple.object).and_then(|rest| rest.strip_prefix('#')) == Some(&tuple.relation) {
            let why = "cannot write a tuple that is implicit";
            return Err(PolicyError::validation(format!("Invalid tuple '{}'. Reason: {why}", tuple.text())));
        }
        Ok(())
    }

    /// That the model allows this tuple.
    pub(super) fn allows(&self, tuple: &TupleIn) -> Result<(), TupleFault> {
        let user = UserRef::parse(&tuple.user).map_err(|why| TupleFault::Tuple(why.message().into()))?;
        self.known_user(&user)?;
        let object = ObjectRef::parse(&tuple.object).map_err(|_| {
            let wildcard = tuple.object.ends_with(":*");
            let why = if wildcard {
                "the 'object' field cannot reference a typed wildcard"
            } else {
                "invalid 'object' field format"
            };
            TupleFault::Tuple(why.into())
        })?;
        if self.type_named(object.type_name).is_none() {
            return Err(TupleFault::Type(object.type_name.into()));
        }
        if !is_relation(&tuple.relation) {
            return Err(TupleFault::Tuple("the 'relation' field is malformed".into()));
        }
        let relation = self
            .relation(object.type_name, &tuple.relation)
            .ok_or_else(|| TupleFault::Relation(object.type_name.into(), tuple.relation.clone()))?;
        let place = format!("{}#{}", object.type_name, tuple.relation);
        if self.is_tupleset(object.type_name, &tuple.relation) {
            let why = match user {
                UserRef::Object(_) => None,
                UserRef::Wildcard(_) => {
                    Some(format!("unexpected wildcard relationship with tupleset relation '{place}'"))
                }
                UserRef::Userset(..) => {
                    Some(format!("unexpected user '{}' with tupleset relation '{place}'", tuple.user))
                }
            };
            if let Some(why) = why {
                return Err(TupleFault::Tuple(why));
            }
        }
        let fits = |one: &&TypeRestriction| match (&one.kind, user) {
            (RestrictionKind::Object, UserRef::Object(object)) => one.type_name == object.type_name,
            (RestrictionKind::Wildcard, UserRef::Wildcard(type_name)) => one.type_name == type_name,
            (RestrictionKind::Userset(wanted), UserRef::Userset(object, relation)) => {
                one.type_name == object.type_name && wanted == relation
            }
            _ => false,
        };
        let fitting: Vec<&TypeRestriction> = relation.restrictions.iter().filter(fits).collect();
        if fitting.is_empty() {
            return Err(TupleFault::Tuple(match user {
                UserRef::Object(object) => {
                    format!("type '{}' is not an allowed type restriction for '{place}'", object.type_name)
                }
                UserRef::Wildcard(_) => {
                    format!("the typed wildcard '{}' is not an allowed type restriction for '{place}'", tuple.user)
                }
                UserRef::Userset(object, relation) => {
                    format!("'{}#{relation}' is not an allowed type restriction for '{place}'", object.type_name)
                }
            }));
        }
        self.condition_fits(tuple, &fitting)
    }

    /// That a question can be asked of the model: its words are well-formed and its object's relation exists.
    pub(super) fn knows(&self, object: &str, relation: &str, user: &str) -> Result<(), PolicyError> {
        let user = UserRef::parse(user).map_err(|why| PolicyError::validation(why.message()))?;
        self.known_user(&user).map_err(|fault| match fault {
            TupleFault::Type(of) => PolicyError::validation(format!("type '{of}' not found")),
            TupleFault::Relation(of, relation) => {
                PolicyError::validation(format!("relation '{of}#{relation}' not found"))
            }
            TupleFault::Tuple(why) | TupleFault::Condition(why) => PolicyError::validation(why),
        })?;
        self.knows_object(object, relation)
    }

    /// That an object's relation exists.
    pub(super) fn knows_object(&self, object: &str, relation: &str) -> Result<(), PolicyError> {
        let object = ObjectRef::parse(object).map_err(|why| PolicyError::validation(why.message()))?;
        let of = object.type_name;
        if self.type_named(of).is_none() {
            return Err(PolicyError::validation(format!("type '{of}' not found")));
        }
        if !is_relation(relation) {
            return Err(PolicyError::validation("the 'relation' field is malformed"));
        }
        match self.relation(of, relation) {
            Some(_) => Ok(()),
            None => Err(PolicyError::validation(format!("relation '{of}#{relation}' not found"))),
        }
    }

    fn known_user(&self, user: &UserRef<'_>) -> Result<(), TupleFault> {
        let of = user.type_name();
        if self.type_named(of).is_none() {
            return Err(TupleFault::Type(of.into()));
        }
        match user {
            UserRef::Userset(_, relation) if self.relation(of, relation).is_none() => {
                Err(TupleFault::Relation(of.into(), (*relation).into()))
            }
            _ => Ok(()),
        }
    }

    /// Whether a relation stands after a `from` of its type.
    fn is_tupleset(&self, type_name: &str, relation: &str) -> bool {
        fn uses(rewrite: &Rewrite, relation: &str) -> bool {
            match rewrite {
                Rewrite::This | Rewrite::Computed(_) => false,
                Rewrite::TupleToUserset { tupleset, .. } => tupleset == relation,
                Rewrite::Union(all) | Rewrite::Intersection(all) => all.iter().any(|one| uses(one, relation)),
                Rewrite::Difference(base, subtract) => uses(base, relation) || uses(subtract, relation),
            }
        }
        let of = self.type_named(type_name);
        of.is_some_and(|of| of.relations.iter().any(|one| uses(&one.rewrite, relation)))
    }

    fn condition_fits(&self, tuple: &TupleIn, fitting: &[&TypeRestriction]) -> Result<(), TupleFault> {
        let fault = |why: &str| TupleFault::Condition(why.to_owned());
        let Some(name) = tuple.condition.as_deref() else {
            let free = fitting.iter().any(|one| one.condition.is_none());
            return if free { Ok(()) } else { Err(fault("condition is missing")) };
        };
        if !self.source.conditions.iter().any(|one| one.name == name) {
            return Err(fault("undefined condition"));
        }
        if !fitting.iter().any(|one| one.condition.as_deref() == Some(name)) {
            return Err(fault("invalid condition for type restriction"));
        }
        let empty = Map::new();
        let context = tuple.context.as_ref().unwrap_or(&empty);
        if Value::Object(context.clone()).to_string().len() > CONTEXT_BYTES {
            return Err(TupleFault::Tuple(format!(
                "condition context size limit exceeded: more than {CONTEXT_BYTES} bytes"
            )));
        }
        let slot = self.source.conditions.iter().position(|one| one.name == name).unwrap_or_default();
        let text = Value::Object(context.clone()).to_string();
        let slot = u16::try_from(slot).unwrap_or(u16::MAX);
        let conditions = self.conditions.in_context(None);
        conditions.fits(slot, &text).map_err(|failure| TupleFault::Condition(failure.to_string()))
    }
}
