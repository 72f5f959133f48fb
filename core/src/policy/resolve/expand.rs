//! Expand: how one relation of one object is made up, a level deep.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::compiled::{Expression, RelationSlot};
use super::super::tuple::ObjectRef;
use super::super::words::sort_names;
use super::QueryError;
use super::evaluator::{Evaluator, as_validation, invalid};
use super::layer::NOTHING;
use super::view::{Fact, View};

/// A node of OpenFGA's `UsersetTree`: the relation that it is of, and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// `document:1#viewer`
    pub name: String,
    /// What it is made of.
    pub value: TreeValue,
}

/// What a node of a tree is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeValue {
    /// The users of its tuples, sorted; conditions are not looked at.
    Users(Vec<String>),
    /// Another relation: `document:1#editor`.
    Computed(String),
    /// A relation of the objects that a tupleset leads to.
    TupleToUserset {
        /// `document:1#parent`
        tupleset: String,
        /// `folder:1#viewer`, for each of them
        computed: Vec<String>,
    },
    /// Any of them.
    Union(Vec<Tree>),
    /// All of them.
    Intersection(Vec<Tree>),
    /// The first without the second.
    Difference(Box<Tree>, Box<Tree>),
}

impl Evaluator<'_> {
    /// How the relation of the object is made up: OpenFGA's Expand. Tuples that the model does not allow are left out.
    ///
    /// # Errors
    /// The question is not valid under the model.
    pub fn expand(&self, object: &str, relation: &str) -> Result<Tree, QueryError> {
        self.tree(&self.view(), object, relation)
    }

    pub(super) fn tree(&self, view: &View<'_>, object: &str, relation: &str) -> Result<Tree, QueryError> {
        let parsed = ObjectRef::parse(object).map_err(|error| invalid(error.message()))?;
        let slot = self.relation(parsed.type_name, relation).map_err(as_validation)?;
        let number = view.object(self.model.relation_type(slot), parsed.id, object).unwrap_or(NOTHING);
        let of = Of { view, object, number, slot };
        let root = self.model.relation(slot).map_or(u32::MAX, |relation| relation.root);
        let tree = of.node(root).ok_or(QueryError::Undecided)?;
        if view.is_asking() { Err(QueryError::Undecided) } else { Ok(tree) }
    }
}

struct Of<'a, 'v> {
    view: &'a View<'v>,
    object: &'a str,
    number: u32,
    slot: RelationSlot,
}

impl Of<'_, '_> {
    fn name(&self, slot: RelationSlot) -> String {
        [self.object, "#", self.view.model.relation_name(slot)].concat()
    }

    fn node(&self, at: u32) -> Option<Tree> {
        let nodes = |first, count| {
            self.view.model.operands(first, count).iter().map(|operand| self.node(*operand)).collect::<Option<Vec<_>>>()
        };
        let value = match self.view.model.expression(at)? {
            Expression::This => TreeValue::Users(self.users(self.slot)?),
            Expression::Computed(other) => TreeValue::Computed(self.name(other)),
            Expression::TupleToUserset { tupleset, computed } => {
                let name = self.view.model.name(computed)?;
                TreeValue::TupleToUserset {
                    tupleset: self.name(tupleset),
                    computed: self.users(tupleset)?.into_iter().map(|parent| [&*parent, "#", name].concat()).collect(),
                }
            }
            Expression::Union { first, count } => TreeValue::Union(nodes(first, count)?),
            Expression::Intersection { first, count } => TreeValue::Intersection(nodes(first, count)?),
            Expression::Difference { base, subtract } => {
                TreeValue::Difference(Box::new(self.node(base)?), Box::new(self.node(subtract)?))
            }
        };
        Some(Tree { name: self.name(self.slot), value })
    }

    fn users(&self, slot: RelationSlot) -> Option<Vec<String>> {
        let mut users = Vec::new();
        let known = self.view.written_users(self.number, slot, &mut |user| {
            users.push(self.view.subject_name(user));
        });
        (known != Fact::Unknown || self.view.is_asking()).then(|| sort_names(users))
    }
}
