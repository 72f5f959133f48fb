//! Names to numbers and back.

use alloc::string::String;

use super::{Index, IndexFull, MOST, NO_CONTEXT, Tuple, subject};
use crate::policy::tuple::{ObjectRef, TupleKey, UserRef};

impl Index {
    pub(super) fn written(&self, tuple: &Tuple) -> Option<TupleKey> {
        let mut user = String::new();
        self.write_subject(tuple.subject, &mut user);
        let key = TupleKey::new(&self.object_name(tuple.object), self.relations.name(tuple.relation), &user).ok()?;
        Some(match self.context(tuple.context) {
            Some((name, context)) => key.with_condition(self.conditions.name(name), context),
            None => key,
        })
    }

    pub(crate) fn object_name(&self, object: u32) -> String {
        let mut name = String::from(self.types.name(self.names.type_of(object)));
        name.push(':');
        name.push_str(self.names.id(object));
        name
    }

    fn write_subject(&self, user: u32, out: &mut String) {
        let number = user & subject::NUMBER;
        match user & !subject::NUMBER {
            subject::OBJECT => out.push_str(&self.object_name(number)),
            subject::USERSET => {
                let (object, relation) = self.userset(number).unwrap_or((u32::MAX, u16::MAX));
                out.push_str(&self.object_name(object));
                out.push('#');
                out.push_str(self.relations.name(relation));
            }
            _ => {
                out.push_str(self.types.name(number as u16));
                out.push_str(":*");
            }
        }
    }

    /// The numbers of a tuple's parts, where all are known.
    pub(super) fn numbers(&self, object: &str, relation: &str, user: &str) -> Option<(u32, u16, u32)> {
        let object = ObjectRef::parse(object).ok()?;
        let user = match UserRef::parse(user).ok()? {
            UserRef::Object(user) => self.names.find(self.types.find(user.type_name)?, user.id)? | subject::OBJECT,
            UserRef::Userset(of, name) => {
                let number = self.names.find(self.types.find(of.type_name)?, of.id)?;
                self.userset_number(number, self.relations.find(name)?)? | subject::USERSET
            }
            UserRef::Wildcard(of) => u32::from(self.types.find(of)?) | subject::WILDCARD,
        };
        Some((self.names.find(self.types.find(object.type_name)?, object.id)?, self.relations.find(relation)?, user))
    }

    /// The name of the condition of the tuple with this key, where there is such a tuple.
    pub(crate) fn condition_of(&self, tuple: &TupleKey) -> Option<Option<&str>> {
        let (object, relation, user) = self.numbers(tuple.object(), tuple.relation(), tuple.user())?;
        let context = self.find(object, relation, user)?;
        Some(self.context(context).map(|(name, _)| self.conditions.name(name)))
    }

    pub(super) fn intern(&mut self, tuple: &TupleKey) -> Result<Tuple, IndexFull> {
        self.try_intern(tuple).ok_or(IndexFull)
    }

    fn try_intern(&mut self, tuple: &TupleKey) -> Option<Tuple> {
        let object = tuple.object_ref()?;
        let of = self.types.intern(object.type_name)?;
        let object = self.names.intern(of, object.id)?;
        let subject = match tuple.user_ref()? {
            UserRef::Object(user) => {
                let of = self.types.intern(user.type_name)?;
                self.names.intern(of, user.id)? | subject::OBJECT
            }
            UserRef::Userset(user, relation) => {
                let of = self.types.intern(user.type_name)?;
                let number = self.names.intern(of, user.id)?;
                let relation = self.relations.intern(relation)?;
                self.intern_userset(number, relation)? | subject::USERSET
            }
            UserRef::Wildcard(of) => u32::from(self.types.intern(of)?) | subject::WILDCARD,
        };
        let context = match tuple.condition() {
            Some(condition) => {
                let name = self.conditions.intern(&condition.name)?;
                self.intern_context(name, &condition.context)?
            }
            None => NO_CONTEXT,
        };
        Some(Tuple { object, relation: self.relations.intern(tuple.relation())?, subject, context })
    }

    fn intern_userset(&mut self, object: u32, relation: u16) -> Option<u32> {
        if let Some(number) = self.userset_number(object, relation) {
            return Some(number);
        }
        let number = u32::try_from(self.usersets.len()).ok().filter(|number| *number < MOST)?;
        self.usersets.push((object, relation));
        self.usersets_by_parts.insert((object, relation), number);
        Some(number)
    }

    fn intern_context(&mut self, name: u16, context: &str) -> Option<u32> {
        let number = self.contexts_by_parts.intern(name, context)?;
        if number as usize == self.contexts.len() {
            self.context_bytes += context.len() * 2 + 64;
            self.contexts.push((name, context.into()));
        }
        Some(number)
    }
}
