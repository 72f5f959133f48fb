//! Lists: what someone has a relation to, and who has a relation to something. As with OpenFGA they end when the time for
//! them is up, with what was found so far; only the searches of AuthZEN, which are pages of a whole, are whole or none.

use std::sync::Arc;

use sentinel_core::policy::tuple::{ObjectRef, UserRef};
use sentinel_core::policy::{Budget, Outcome};

use super::check::{Answer, Circumstances};
use super::evaluate::Asked;
use super::hot::Source;
use super::listing::Stream;
use super::{Model, PolicyCaller, PolicyError, RefusalCode};
use crate::service::Service;

impl Service {
    /// The objects of a type that a user has a relation to, sorted: as many as a list has, of those that are found first,
    /// unless `all` are wanted.
    ///
    /// # Errors
    /// Every refusal of OpenFGA's `ListObjects`.
    pub async fn list_objects(
        &self,
        caller: &PolicyCaller,
        store: &str,
        (object_type, relation, user): (&str, &str, &str),
        with: &Circumstances,
        all: bool,
    ) -> Result<Answer<Vec<String>>, PolicyError> {
        let (source, model) = self.open_for(caller, store, with).await?;
        knows_relation(&model, object_type, relation)?;
        model.knows_user(user)?;
        let asked = Asked::ListObjects {
            type_name: object_type.to_owned(),
            relation: relation.to_owned(),
            user: user.to_owned(),
        };
        self.list(&source, &model, with, &asked, all).await
    }

    /// As [`Service::list_objects`]: all of them, in no order, each told when it is found.
    ///
    /// # Errors
    /// Every refusal of OpenFGA's `ListObjects`.
    pub async fn stream_objects(
        &self,
        caller: &PolicyCaller,
        store: &str,
        (object_type, relation, user): (&str, &str, &str),
        with: &Circumstances,
    ) -> Result<Stream, PolicyError> {
        let (source, model) = self.open_for(caller, store, with).await?;
        knows_relation(&model, object_type, relation)?;
        model.knows_user(user)?;
        let asked = Asked::ListObjects {
            type_name: object_type.to_owned(),
            relation: relation.to_owned(),
            user: user.to_owned(),
        };
        self.list_as_found(&source, &model, with, &asked).await
    }

    async fn list(
        &self,
        source: &Source,
        model: &Arc<Model>,
        with: &Circumstances,
        asked: &Asked,
        all: bool,
    ) -> Result<Answer<Vec<String>>, PolicyError> {
        if all {
            return Ok(names(self.answer_from(source, model, with, asked).await?));
        }
        let most = self.config().policy.list_results;
        if let Source::Memory(hot) = source
            && let Some(Ok(answer)) = self.evaluate_quickly(hot, model, with, asked, Budget::DEFAULT.depth).await
        {
            let mut answer = names(answer);
            answer.value.truncate(most);
            return Ok(answer);
        }
        self.list_in_time(source, model, with, asked, most).await
    }

    /// The users of a type, or the usersets of a type and a relation, that have a relation to an object, sorted: as many
    /// as a list has, of those that are found first, unless `all` are wanted.
    ///
    /// # Errors
    /// Every refusal of OpenFGA's `ListUsers`.
    pub async fn list_users(
        &self,
        caller: &PolicyCaller,
        store: &str,
        (object, relation): (&str, &str),
        (user_type, userset): (&str, Option<&str>),
        with: &Circumstances,
        all: bool,
    ) -> Result<Answer<Vec<String>>, PolicyError> {
        let (source, model) = self.open_for(caller, store, with).await?;
        let of = ObjectRef::parse(object).map_err(|why| PolicyError::validation(why.message()))?;
        if model.type_named(user_type).is_none() {
            return Err(type_not_found(user_type));
        }
        if let Some(userset) = userset {
            knows_relation(&model, user_type, userset)?;
        }
        knows_relation(&model, of.type_name, relation)?;
        let asked = Asked::ListUsers {
            object: object.to_owned(),
            relation: relation.to_owned(),
            type_name: user_type.to_owned(),
            userset: userset.map(str::to_owned),
        };
        self.list(&source, &model, with, &asked, all).await
    }

    /// The relations of an object's type that a user has to it, sorted. One whose condition cannot be evaluated with what
    /// is given is none of them.
    ///
    /// # Errors
    /// Every refusal of OpenFGA's `Check` that is about the user or the object.
    pub async fn list_relations(
        &self,
        caller: &PolicyCaller,
        store: &str,
        object: &str,
        user: &str,
        with: &Circumstances,
    ) -> Result<Vec<String>, PolicyError> {
        let (source, model) = self.open_for(caller, store, with).await?;
        let of = ObjectRef::parse(object).map_err(|why| PolicyError::validation(why.message()))?;
        let of = model.type_named(of.type_name).ok_or_else(|| type_not_found(of.type_name))?;
        model.knows_user(user)?;
        let mut found = Vec::new();
        for relation in &of.relations {
            let asked =
                Asked::Check { object: object.to_owned(), relation: relation.name.clone(), user: user.to_owned() };
            match self.answer_from(&source, &model, with, &asked).await {
                Ok(answer) if answer.value == Outcome::Decision(true) => found.push(relation.name.clone()),
                Ok(_) | Err(PolicyError::Refused { code: RefusalCode::ValidationError, .. }) => {}
                Err(failed) => return Err(failed),
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

/// To a question for names nothing else is answered.
fn names(answer: Answer<Outcome>) -> Answer<Vec<String>> {
    let value = match answer.value {
        Outcome::Names(names) => names,
        _ => Vec::new(),
    };
    Answer { value, revision: answer.revision }
}

fn knows_relation(model: &Model, of: &str, relation: &str) -> Result<(), PolicyError> {
    if model.type_named(of).is_none() {
        return Err(type_not_found(of));
    }
    match model.relation(of, relation) {
        Some(_) => Ok(()),
        None => {
            let why = format!("relation '{of}#{relation}' not found");
            Err(PolicyError::refused(RefusalCode::RelationNotFound, why))
        }
    }
}

fn type_not_found(of: &str) -> PolicyError {
    PolicyError::refused(RefusalCode::TypeNotFound, format!("type '{of}' not found"))
}

impl Model {
    /// That the model knows a user's type and relation.
    pub(super) fn knows_user(&self, user: &str) -> Result<(), PolicyError> {
        let wrong = |why: &str| PolicyError::validation(format!("invalid 'user' value: {why}"));
        let user = UserRef::parse(user).map_err(|why| wrong(why.message()))?;
        let of = user.type_name();
        match user {
            _ if self.type_named(of).is_none() => Err(wrong(&format!("type '{of}' not found"))),
            UserRef::Userset(_, relation) if self.relation(of, relation).is_none() => {
                Err(wrong(&format!("relation '{of}#{relation}' not found")))
            }
            _ => Ok(()),
        }
    }
}
