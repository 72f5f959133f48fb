//! ListObjects and ListUsers a part at a time: who asks is told of the first ones before the last one is decided, and
//! nothing is held between two parts.
//!
//! What is kept are candidates, found as for a whole list; each is decided when its turn comes, by what the index says
//! then. So a tuple that goes while a list is under way is not told of any more, and one that comes may be missed.

use alloc::string::String;
use alloc::vec::Vec;

use super::super::index::Index;
use super::super::tuple::ObjectRef;
use super::evaluator::{Evaluator, User, as_validation, invalid};
use super::layer::{LOCAL, NOBODY, NOTHING, Subject};
use super::list_objects::candidates;
use super::list_users::{listed_user, named};
use super::reach::Question;
use super::view::{Exhausted, Fact, View};
use super::{Query, QueryError};
use crate::policy::compiled::{RelationSlot, TypeSlot};

/// Objects or users that may be in a list, and have not been told of.
#[derive(Debug)]
pub struct Candidates {
    /// The next one last, by the numbers of one index.
    settled: Vec<Subject>,
    /// The next one last: those whose numbers are only the question's own.
    named: Vec<String>,
    /// Whether each of them is in the list.
    sure: bool,
    /// Why there may be more of them.
    trouble: Option<QueryError>,
    index: Option<u64>,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Who or what is in the list.
    pub found: Vec<String>,
    /// Why the last one that was looked at, which `found` does not have, could not be decided; at the end of the list also
    /// why it may have more. The list can go on after it.
    pub trouble: Option<QueryError>,
}

impl Candidates {
    /// Whether the list has ended.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.settled.is_empty() && self.named.is_empty() && self.trouble.is_none()
    }

    /// Whether this is the index that they were found in. One that was made anew has other numbers.
    #[must_use]
    pub fn are_of(&self, index: &Index) -> bool {
        self.index == Some(index.vocabulary().0)
    }

    /// About how many bytes they take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts: usize = self.named.iter().map(String::capacity).sum();
        self.settled.capacity() * size_of::<Subject>() + self.named.capacity() * size_of::<String>() + texts
    }

    fn add(&mut self, candidate: Subject, name: impl FnOnce() -> String) {
        match candidate {
            Subject::Object(LOCAL..) | Subject::Userset(LOCAL.., _) => self.named.push(name()),
            settled => self.settled.push(settled),
        }
    }

    fn next(&self) -> Option<Next<'_>> {
        let settled = self.settled.last().map(|candidate| Next::Settled(*candidate));
        settled.or_else(|| self.named.last().map(|name| Next::Named(name)))
    }

    fn pass(&mut self) -> Option<String> {
        if self.settled.pop().is_some() { None } else { self.named.pop() }
    }
}

enum Next<'a> {
    Settled(Subject),
    Named(&'a str),
}

/// The side of the question that is the same for all candidates.
enum Fixed<'a> {
    /// Objects are listed.
    User { user: User, text: &'a str },
    /// Users are listed.
    Object { object: u32, of: TypeSlot, text: &'a str },
}

impl Evaluator<'_> {
    /// What may be in the answer to [`Query::ListObjects`] or [`Query::ListUsers`]: what [`Evaluator::next_of`] decides.
    ///
    /// # Errors
    /// As [`Evaluator::list_objects`] and [`Evaluator::list_users`]; [`QueryError::Undecided`] for other questions.
    pub fn candidates(&self, query: Query<'_>) -> Result<Candidates, QueryError> {
        let view = self.view();
        let index = self.index.map(|index| index.vocabulary().0);
        let mut found = Candidates { settled: Vec::new(), named: Vec::new(), sure: false, trouble: None, index };
        let exhausted = |_: Exhausted| QueryError::BudgetExceeded;
        match query {
            Query::ListObjects { type_name, relation, user } => {
                let slot = self.relation(type_name, relation)?;
                let (subject, of) = self.user(&view, user, "").map_err(as_validation)?;
                let (objects, sure) = candidates(&view, slot, subject, of).map_err(exhausted)?;
                found.sure = sure;
                for object in objects.into_iter().rev() {
                    // A userset of an object that no tuple names is in itself all the same.
                    let own = || user.rsplit_once('#').map_or(user, |(name, _)| name).into();
                    let name = || if object == NOBODY { own() } else { view.name_of(object) };
                    found.add(Subject::Object(object), name);
                }
            }
            Query::ListUsers { object, relation, type_name, userset } => {
                let (of, userset) = self.listed(type_name, userset)?;
                let (slot, number) = self.object_asked(&view, object, relation)?;
                let users = named(&view, (number, slot), of, userset).map_err(exhausted)?;
                if users.unknown {
                    found.trouble = Some(view.trouble());
                }
                for (user, _) in users.users.iter() {
                    found.add(user, || listed_user(&view, user, object));
                }
                found.settled.reverse();
                found.named.reverse();
            }
            _ => return Err(QueryError::Undecided),
        }
        Ok(found)
    }

    /// Decides the next candidates, and tells of those that are in the list: `most` candidates at most, and as many as
    /// take `pause` steps of work together; each of them has the whole budget. The question is the one that they were
    /// found by.
    ///
    /// # Errors
    /// As [`Evaluator::candidates`]; [`QueryError::Undecided`] where they are of another index.
    pub fn next_of(
        &self,
        candidates: &mut Candidates,
        query: Query<'_>,
        most: usize,
        pause: u64,
    ) -> Result<Part, QueryError> {
        if candidates.index != self.index.map(|index| index.vocabulary().0) {
            return Err(QueryError::Undecided);
        }
        let (fixed, slot, relation) = self.fixed(query)?;
        let (mut part, mut spent) = (Part::default(), 0u64);
        for _ in 0..most {
            let view = self.view();
            let Some(next) = candidates.next() else {
                part.trouble = candidates.trouble.take();
                break;
            };
            let fact = match (&fixed, next) {
                _ if candidates.sure => Ok(Fact::Yes),
                (Fixed::User { user: (user, user_type), .. }, Next::Settled(Subject::Object(object))) => {
                    let (user, user_type) = (*user, *user_type);
                    self.decide(&view, Question { object, slot, user, user_type })
                }
                (Fixed::Object { object, of, .. }, Next::Settled(user)) => {
                    self.decide(&view, Question { object: *object, slot, user, user_type: *of })
                }
                (Fixed::User { text, .. }, Next::Named(name)) => self.fact_of(&view, name, relation, text)?,
                (Fixed::Object { text, .. }, Next::Named(name)) => self.fact_of(&view, text, relation, name)?,
                (Fixed::User { .. }, Next::Settled(_)) => Ok(Fact::No),
            };
            let settled = candidates.settled.last().copied();
            let named = candidates.pass();
            match fact {
                Ok(Fact::Yes) => part.found.push(match (settled, named) {
                    (_, Some(name)) => name,
                    (Some(candidate), None) => view.subject_name(candidate),
                    (None, None) => continue,
                }),
                Ok(Fact::No) => {}
                Ok(Fact::Unknown) => part.trouble = Some(view.trouble()),
                Err(Exhausted) => part.trouble = Some(QueryError::BudgetExceeded),
            }
            spent = spent.saturating_add(view.spent());
            if part.trouble.is_some() || spent >= pause {
                break;
            }
        }
        Ok(part)
    }

    fn fixed<'q>(&self, query: Query<'q>) -> Result<(Fixed<'q>, RelationSlot, &'q str), QueryError> {
        let view = self.view();
        match query {
            Query::ListObjects { type_name, relation, user: text } => {
                let slot = self.relation(type_name, relation)?;
                let user = self.user(&view, text, "").map_err(as_validation)?;
                Ok((Fixed::User { user, text }, slot, relation))
            }
            Query::ListUsers { object: text, relation, type_name, userset } => {
                let (of, _) = self.listed(type_name, userset)?;
                let (slot, object) = self.object_asked(&view, text, relation)?;
                Ok((Fixed::Object { object, of, text }, slot, relation))
            }
            _ => Err(QueryError::Undecided),
        }
    }

    /// A check of a candidate that is known by its name alone.
    fn fact_of(
        &self,
        view: &View<'_>,
        object: &str,
        relation: &str,
        user: &str,
    ) -> Result<Result<Fact, Exhausted>, QueryError> {
        let question = self.question(view, object, relation, user)?;
        Ok(self.decide(view, question))
    }

    /// The type, and the relation of it, whose users or usersets are listed.
    pub(super) fn listed(
        &self,
        type_name: &str,
        userset: Option<&str>,
    ) -> Result<(TypeSlot, Option<RelationSlot>), QueryError> {
        let of = self.model.type_slot(type_name).ok_or_else(|| QueryError::TypeNotFound(type_name.into()))?;
        let userset = userset.map(|name| self.relation(type_name, name)).transpose()?;
        Ok((of, userset))
    }

    /// The relation of an object, and the object's number.
    pub(super) fn object_asked(
        &self,
        view: &View<'_>,
        object: &str,
        relation: &str,
    ) -> Result<(RelationSlot, u32), QueryError> {
        let parsed = ObjectRef::parse(object).map_err(|error| as_validation(invalid(error.message())))?;
        let slot = self.relation(parsed.type_name, relation)?;
        Ok((slot, view.object(self.model.relation_type(slot), parsed.id, object).unwrap_or(NOTHING)))
    }
}
