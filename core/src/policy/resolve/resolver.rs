//! The same questions without an index: what is needed is asked for, in rounds.

use alloc::string::String;
use alloc::vec::Vec;

use super::super::compiled::CompiledModel;
use super::super::tuple::{ObjectRef, TupleKey, UserRef};
use super::evaluator::Evaluator;
use super::layer::{Ask, Layer};
use super::view::View;
use super::{Budget, Conditions, QueryError};

/// What a storage is asked for: tuples, all of which are to be answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Read {
    /// The tuple of exactly this object, relation and user (which may be a wildcard), if there is one.
    Tuple {
        /// `document:1`
        object: String,
        /// `viewer`
        relation: String,
        /// `user:anne`, `user:*` or `group:eng#member`
        user: String,
    },
    /// The tuples of the object and relation whose user is a userset (`group:eng#member`).
    Usersets {
        /// `document:1`
        object: String,
        /// `viewer`
        relation: String,
    },
    /// The tuples of the object and relation whose user is an object (`folder:1`), no wildcard and no userset.
    Objects {
        /// `document:1`
        object: String,
        /// `parent`
        relation: String,
    },
    /// All tuples of the object and relation.
    Users {
        /// `document:1`
        object: String,
        /// `viewer`
        relation: String,
    },
    /// The tuples of exactly this user in the relation, with any object of the type.
    StartingWith {
        /// `user:anne`, `user:*` or `group:eng#member`
        user: String,
        /// `viewer`
        relation: String,
        /// `document`
        object_type: String,
    },
}

/// What a driver answers to a [`Read`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All the tuples there are. Others than those asked for are taken too: they must be stored.
    Tuples(Vec<TupleKey>),
    /// It cannot be known here: an answer that depends on it is [`QueryError::Undecided`].
    Unknown,
}

/// Where a resolver stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// These reads are needed, all of them can be made at once. Their answers are for the next step, in this order.
    Read(Vec<Read>),
    /// The answer, or why there is none.
    Done(Result<Outcome, QueryError>),
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Query<'a> {
    /// Whether the user has the relation to the object.
    Check {
        /// `document:1`
        object: &'a str,
        /// `viewer`
        relation: &'a str,
        /// `user:anne`
        user: &'a str,
    },
    /// Which objects of a type.
    ListObjects {
        /// `document`
        type_name: &'a str,
        /// `viewer`
        relation: &'a str,
        /// `user:anne`
        user: &'a str,
    },
    /// Which users of a type, or which usersets.
    ListUsers {
        /// `document:1`
        object: &'a str,
        /// `viewer`
        relation: &'a str,
        /// `user`
        type_name: &'a str,
        /// `member`, for usersets
        userset: Option<&'a str>,
    },
    /// How the relation of an object is made up.
    Expand {
        /// `document:1`
        object: &'a str,
        /// `viewer`
        relation: &'a str,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// To [`Query::Check`].
    Decision(bool),
    /// To [`Query::ListObjects`] and [`Query::ListUsers`], sorted.
    Names(Vec<String>),
    /// To [`Query::Expand`].
    Tree(super::Tree),
}

/// A question under way. It reads nothing itself: whoever drives it does.
///
/// Every round is a pass over all that is known; what is not known is neither yes nor no in it, and everything there is
/// to read is asked for at once. So there are as many rounds as tuples that lead from one to the next, whatever their number.
pub struct Resolver<'a> {
    evaluator: Evaluator<'a>,
    query: Query<'a>,
    asked: Vec<Ask>,
}

impl<'a> Resolver<'a> {
    /// Begins a question.
    #[must_use]
    pub fn new(model: &'a CompiledModel, query: Query<'a>) -> Self {
        Self { evaluator: Evaluator::without_index(model), query, asked: Vec::new() }
    }

    /// With what evaluates conditions, and knows the question's context.
    #[must_use]
    pub fn with_conditions(mut self, conditions: &'a dyn Conditions) -> Self {
        self.evaluator = self.evaluator.with_conditions(conditions);
        self
    }

    /// With another budget. Each round has it anew.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.evaluator = self.evaluator.with_budget(budget);
        self
    }

    /// With contextual tuples, as [`Evaluator::with_tuples`].
    ///
    /// # Errors
    /// [`QueryError::InvalidTuple`].
    pub fn with_tuples<'t>(mut self, tuples: impl IntoIterator<Item = &'t TupleKey>) -> Result<Self, QueryError> {
        self.evaluator = self.evaluator.with_tuples(tuples)?;
        Ok(self)
    }

    /// Takes the answers to the reads of the step before (none at first) and goes on as far as they lead. An answer that
    /// is missing is taken for [`Answer::Unknown`].
    pub fn step(&mut self, answers: Vec<Answer>) -> Step {
        let mut layer = self.evaluator.layer.take().unwrap_or_else(|| self.evaluator.empty_layer());
        self.name_question(&mut layer);
        let mut answers = answers.into_iter();
        for ask in core::mem::take(&mut self.asked) {
            match answers.next() {
                Some(Answer::Tuples(tuples)) => {
                    for tuple in &tuples {
                        // What the model knows nothing of leads nowhere.
                        let _ = self.evaluator.add(&mut layer, tuple);
                    }
                    layer.known.add(ask);
                }
                Some(Answer::Unknown) | None => {
                    layer.unknowable.add(ask);
                }
            }
        }
        self.evaluator.layer = Some(layer);
        let view = self.evaluator.view();
        let outcome = self.evaluate(&view);
        // An answer that is there needs nothing more; any other may change with what is still to be read.
        match outcome {
            Err(QueryError::Undecided | QueryError::Condition(..) | QueryError::TooDeep) if view.is_asking() => {
                let asks: Vec<Ask> = view.asks().iter().map(|(ask, _)| ask).collect();
                let reads = asks.iter().map(|ask| written(&view, *ask)).collect();
                self.asked = asks;
                Step::Read(reads)
            }
            outcome => Step::Done(outcome),
        }
    }

    /// The question's own names get numbers, so that reads can be written.
    fn name_question(&self, layer: &mut Layer) {
        let mut object = |name: &str| {
            if ObjectRef::parse(name).is_ok() {
                let _ = self.evaluator.intern_object(layer, name);
            }
        };
        match self.query {
            Query::Check { object: name, .. }
            | Query::ListUsers { object: name, .. }
            | Query::Expand { object: name, .. } => {
                object(name);
            }
            Query::ListObjects { .. } => {}
        }
        if let Query::Check { user, .. } | Query::ListObjects { user, .. } = self.query
            && let Ok(parsed) = UserRef::parse(user)
        {
            let _ = self.evaluator.intern_user(layer, parsed, user);
        }
    }

    fn evaluate(&self, view: &View<'_>) -> Result<Outcome, QueryError> {
        match self.query {
            Query::Check { object, relation, user } => {
                self.evaluator.check_in(view, object, relation, user).map(Outcome::Decision)
            }
            Query::ListObjects { type_name, relation, user } => {
                self.evaluator.objects(view, type_name, relation, user).map(Outcome::Names)
            }
            Query::ListUsers { object, relation, type_name, userset } => {
                self.evaluator.users(view, object, relation, type_name, userset).map(Outcome::Names)
            }
            Query::Expand { object, relation } => self.evaluator.tree(view, object, relation).map(Outcome::Tree),
        }
    }
}

fn written(view: &View<'_>, ask: Ask) -> Read {
    let relation = |slot| String::from(view.model.relation_name(slot));
    match ask {
        Ask::Tuple(object, slot, user) => {
            Read::Tuple { object: view.name_of(object), relation: relation(slot), user: view.subject_name(user) }
        }
        Ask::Usersets(object, slot) => Read::Usersets { object: view.name_of(object), relation: relation(slot) },
        Ask::Objects(object, slot) => Read::Objects { object: view.name_of(object), relation: relation(slot) },
        Ask::Users(object, slot) => Read::Users { object: view.name_of(object), relation: relation(slot) },
        Ask::StartingWith(user, slot) => Read::StartingWith {
            user: view.subject_name(user),
            relation: relation(slot),
            object_type: view.model.type_name(view.model.relation_type(slot)).into(),
        },
    }
}
