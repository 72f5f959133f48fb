//! The built-in model of a workspace's store, and the seven steps as its relations.
//!
//! 1 and 2, a resource that is not registered in the workspace of the token: no tuple of this store names it. 3 `owner`;
//! 4 `admin from workspace`; 5 `viewer` and `editor from shown_to`; 6 and 7 `shared_view` and `shared_edit`, to users and
//! to groups. Who is not a member has no tuples.

use std::sync::{Arc, LazyLock};

use sentinel_core::policy::model::{AuthorizationModel, TypeDefinition};
use sentinel_core::policy::{Budget, Outcome};
use sentinel_storage::{is_built_in, user_name};
use uuid::Uuid;

use super::check::Circumstances;
use super::evaluate::Asked;
use super::{Model, PolicyError, TupleIn};
use crate::service::{Error, Permission, Service};

/// The built-in model as text.
pub(in crate::service) const TEXT: &str = include_str!("built_in.fga");

static MODEL: LazyLock<Option<Arc<Model>>> = LazyLock::new(|| {
    let source = AuthorizationModel::from_dsl(TEXT).ok()?;
    Model::compile("built-in", source).ok().map(Arc::new)
});

/// Groups may be in groups as often as a workspace may put one into another (`service/group_members.rs`), one behind the
/// other: there is an answer all the same.
const DEPTH: u32 = 100_000;
/// What a question about one resource may take.
const CHECK: Budget = Budget { depth: DEPTH, ..Budget::DEFAULT };
/// The steps that a list may take: all of a store that is kept in memory. What is asked is our own.
const LIST: Budget = Budget { depth: DEPTH, work: 1_000_000_000 };

fn model() -> Result<&'static Arc<Model>, Error> {
    MODEL.as_ref().ok_or_else(|| Error::internal("the built-in model does not compile"))
}

fn types() -> &'static [TypeDefinition] {
    MODEL.as_ref().map(|model| model.source.types.as_slice()).unwrap_or_default()
}

/// A workspace's own types together with the built-in ones: what questions to its store are answered by. Where a type of
/// its own has the name of a built-in one, the built-in one counts.
pub(super) fn with_built_in(own: AuthorizationModel) -> AuthorizationModel {
    let own_types = own.types.into_iter().filter(|one| !is_built_in(&one.name));
    let types = types().iter().cloned().chain(own_types).collect();
    AuthorizationModel { types, ..own }
}

/// A model that is to be written to a workspace's store, without the built-in types: it may repeat them as they are, since
/// that is how it was read.
///
/// # Errors
/// The name of a type that it would define anew.
pub(super) fn own_part(mut model: AuthorizationModel) -> Result<AuthorizationModel, String> {
    let same = |one: &TypeDefinition, other: &TypeDefinition| {
        let mut sorted = [one.relations.clone(), other.relations.clone()];
        sorted.iter_mut().for_each(|relations| relations.sort_by(|a, b| a.name.cmp(&b.name)));
        sorted[0] == sorted[1]
    };
    for one in &model.types {
        let built_in = types().iter().find(|other| other.name == one.name);
        if built_in.is_some_and(|built_in| !same(one, built_in)) {
            return Err(one.name.clone());
        }
    }
    model.types.retain(|one| !is_built_in(&one.name));
    Ok(model)
}

/// What a write of a built-in tuple is told.
pub(super) fn not_written(type_name: &str) -> String {
    format!(
        "Tuples of the built-in type '{type_name}' follow from the workspace's members, groups and permissions: they \
         cannot be written or deleted by themselves"
    )
}

impl Model {
    /// That a question may bring this tuple along. Of the built-in types what is stored counts, and nothing that a caller
    /// says besides.
    pub(super) fn allows_in_context(&self, tuple: &TupleIn) -> Result<(), PolicyError> {
        let of = tuple.object.split(':').next().unwrap_or_default();
        if self.has_built_in && is_built_in(of) {
            let why = format!("Invalid tuple '{}'. Reason: {}", tuple.text(), not_written(of));
            return Err(PolicyError::refused(super::RefusalCode::InvalidTuple, why));
        }
        self.allows(tuple).map_err(|fault| fault.in_context(tuple))
    }
}

fn relation(permission: Permission) -> &'static str {
    match permission {
        Permission::View => "view",
        Permission::Edit => "edit",
    }
}

impl Service {
    /// Whether a member of the workspace may do this with its resources, each by its id in the built-in type: as it is
    /// committed when the question comes. An id that no resource can have is none that may.
    pub(in crate::service) async fn permitted(
        &self,
        workspace_id: Uuid,
        user_id: Uuid,
        questions: &[(String, Permission)],
    ) -> Result<Vec<bool>, Error> {
        let Some(source) = self.source_of_workspace(workspace_id).await? else {
            return Ok(vec![false; questions.len()]);
        };
        let user = user_name(user_id);
        let mut answers = Vec::with_capacity(questions.len());
        for (id, permission) in questions {
            let (object, relation) = (format!("resource:{id}"), relation(*permission).to_owned());
            let asked = Asked::Check { object, relation, user: user.clone() };
            let found = self.answer_within(&source, model()?, &Circumstances::default(), &asked, CHECK).await;
            let found = found.map_err(failed)?;
            answers.push(found.value == Outcome::Decision(true));
        }
        Ok(answers)
    }

    /// The ids of the workspace's resources with which a member may do this, those that begin with `kind`; without it.
    pub(in crate::service) async fn permitted_of_kind(
        &self,
        workspace_id: Uuid,
        user_id: Uuid,
        permission: Permission,
        kind: &str,
    ) -> Result<Vec<Uuid>, Error> {
        let Some(source) = self.source_of_workspace(workspace_id).await? else { return Ok(Vec::new()) };
        let user = user_name(user_id);
        let (relation, type_name) = (relation(permission).to_owned(), "resource".to_owned());
        let asked = Asked::ListObjects { type_name, relation, user };
        let found = self.answer_within(&source, model()?, &Circumstances::default(), &asked, LIST).await;
        let names = match found.map_err(failed)?.value {
            Outcome::Names(names) => names,
            _ => Vec::new(),
        };
        let id = |name: &String| name.strip_prefix("resource:")?.strip_prefix(kind)?.parse().ok();
        let mut ids: Vec<Uuid> = names.iter().filter_map(id).collect();
        ids.sort_unstable();
        Ok(ids)
    }
}

/// To a question of ours there is an answer: where there is none, the fault is ours.
pub(super) fn failed(error: PolicyError) -> Error {
    match error {
        PolicyError::Failed(error) => error,
        PolicyError::Refused { message, .. } => Error::internal(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_is_valid_and_has_the_built_in_types() {
        let model = model().unwrap();
        model.source.validate().unwrap();
        let mut names: Vec<_> = model.source.types.iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, sentinel_storage::BUILT_IN_TYPES);
    }

    #[test]
    fn what_was_read_can_be_written_again_and_nothing_else_of_a_built_in_type() {
        let own = "type document\n  relations\n    define viewer: [user, group#member]\n";
        let model = |text: &str| AuthorizationModel::from_dsl(&format!("model\n  schema 1.1\n{text}")).unwrap();
        let effective = with_built_in(model(own));
        effective.validate().unwrap();
        assert_eq!(effective.types.len(), 5);
        let read = AuthorizationModel::from_json(effective.to_json().as_bytes()).unwrap();
        assert_eq!(own_part(read).unwrap().types, model(own).types);
        assert_eq!(own_part(model("type user\n")).unwrap().types, []);
        for (text, name) in [
            ("type user\n  relations\n    define self: [user]\n", "user"),
            ("type group\n", "group"),
            ("type resource\n  relations\n    define view: [user]\ntype user\n", "resource"),
        ] {
            assert_eq!(own_part(model(text)).unwrap_err(), name);
        }
    }
}
