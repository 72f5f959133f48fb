//! What changed between two revisions, and which of it belongs in a bundle.

use std::collections::BTreeMap;

use sentinel_core::policy::model::AuthorizationModel;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_storage::{TupleChange, TupleName, is_built_in};

use super::place::Part;
use crate::service::Error;
use crate::service::policy::tuple_key;

/// The type of what services register.
const RESOURCE: &str = "resource";

/// Which tuples are in a bundle.
#[derive(Clone, Debug)]
pub(super) struct Which {
    /// Of resources only those whose ids begin so.
    resources: Option<String>,
}

impl Which {
    /// Of a service its own resources. Where a type of the workspace's own leads to resources, answers about its objects
    /// depend on all of them.
    pub(super) fn of(part: &Part, model: &AuthorizationModel) -> Self {
        let Part::Service { scope, .. } = part else { return Self { resources: None } };
        let own = model.types.iter().filter(|one| !is_built_in(&one.name));
        let mut restrictions = own.flat_map(|one| &one.relations).flat_map(|relation| &relation.restrictions);
        let is_led_to = restrictions.any(|restriction| restriction.type_name == RESOURCE);
        Self { resources: (!is_led_to).then(|| sentinel_storage::resources_of_scope(scope)) }
    }

    pub(super) fn is_all(&self) -> bool {
        self.resources.is_none()
    }

    fn has(&self, object_type: &str, object_id: &str) -> bool {
        object_type != RESOURCE || self.resources.as_ref().is_none_or(|prefix| object_id.starts_with(prefix))
    }

    pub(super) fn has_tuple(&self, tuple: &TupleKey) -> bool {
        tuple.object().split_once(':').is_some_and(|(object_type, id)| self.has(object_type, id))
    }
}

/// Tuples that came or have another condition, and tuples that went.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) added: Vec<TupleKey>,
    pub(super) removed: Vec<TupleKey>,
}

/// What changes in their order come to. The log has a deletion only of what was there, and a write only of what was not:
/// so the first change of a tuple says whether it was there before, and the last one whether it is now.
pub(super) fn net(changes: &[TupleChange], which: &Which) -> Result<Net, Error> {
    let mut tuples: BTreeMap<&TupleName, (bool, &TupleChange)> = BTreeMap::new();
    for change in changes.iter().filter(|change| which.has(&change.name.object_type, &change.name.object_id)) {
        tuples.entry(&change.name).and_modify(|(_, last)| *last = change).or_insert((change.is_delete, change));
    }
    let mut net = Net::default();
    for (name, (was_there, last)) in tuples {
        match (was_there, last.is_delete) {
            (_, false) => net.added.push(tuple_key(name, last.condition.as_deref(), last.context.as_deref())?),
            (true, true) => net.removed.push(tuple_key(name, None, None)?),
            (false, true) => {}
        }
    }
    Ok(net)
}

/// What makes one list of tuples another.
pub(super) fn between(mut old: Vec<TupleKey>, mut new: Vec<TupleKey>) -> Net {
    old.sort_unstable();
    new.sort_unstable();
    let name = |tuple: &TupleKey| [tuple.object(), tuple.relation(), tuple.user()].map(str::to_owned);
    let is_there = |tuple: &TupleKey| new.binary_search_by_key(&name(tuple), name).is_ok();
    let removed = old.iter().filter(|tuple| !is_there(tuple)).cloned().collect();
    let added = new.iter().filter(|tuple| old.binary_search(tuple).is_err()).cloned().collect();
    Net { added, removed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(object: &str, is_delete: bool, condition: Option<&str>) -> TupleChange {
        let (object_type, object_id) = object.split_once(':').unwrap();
        let name = TupleName {
            object_type: object_type.into(),
            object_id: object_id.into(),
            relation: "viewer".into(),
            subject: "user:a".into(),
        };
        let condition = condition.map(str::to_owned);
        TupleChange { name, is_delete, condition, context: None, expires_at: None, revision: 1, position: 0, at: 0 }
    }

    fn tuple(object: &str) -> TupleKey {
        TupleKey::new(object, "viewer", "user:a").unwrap()
    }

    #[test]
    fn changes_come_to_what_is_left_of_them() {
        let all = Which { resources: None };
        let changes = [
            change("n:came", false, None),
            change("n:went", true, None),
            change("n:gone-again", false, None),
            change("n:gone-again", true, None),
            change("n:here-again", true, None),
            change("n:here-again", false, Some("c")),
        ];
        let net = net(&changes, &all).unwrap();
        assert_eq!(net.added, [tuple("n:came"), tuple("n:here-again").with_condition("c", "")]);
        assert_eq!(net.removed, [tuple("n:went")]);
    }

    #[test]
    fn a_service_has_its_own_resources() {
        let model =
            |text: &str| AuthorizationModel::from_dsl(&format!("model\n  schema 1.1\ntype user\n{text}")).unwrap();
        let part = Part::Service { name: "n".into(), scope: "notes".into() };
        let plain = model(
            "type resource\n  relations\n    define owner: [user]\ntype doc\n  relations\n    define viewer: [user]\n",
        );
        let which = Which::of(&part, &plain);
        let found =
            net(&[change("resource:notes/n/1", false, None), change("resource:notesx/n/1", false, None)], &which);
        assert_eq!(found.unwrap().added, [tuple("resource:notes/n/1")]);
        assert!(!which.is_all() && which.has_tuple(&tuple("doc:1")) && !which.has_tuple(&tuple("resource:x/n/1")));
        assert!(Which::of(&Part::Workspace { scope: "notes".into() }, &plain).is_all());
        // An own type may lead to any of them.
        let leading = model("type resource\ntype doc\n  relations\n    define of: [resource]\n");
        assert!(Which::of(&part, &leading).is_all());
    }

    #[test]
    fn lists_are_compared() {
        let (one, two, three) = (tuple("n:1"), tuple("n:2"), tuple("n:3"));
        let other = two.clone().with_condition("c", "");
        let net = between(vec![two.clone(), one.clone()], vec![three.clone(), other.clone()]);
        assert_eq!(net, Net { added: vec![other.clone(), three], removed: vec![one] });
        assert_eq!(between(vec![other], vec![two.clone()]), Net { added: vec![two], removed: vec![] });
    }
}
