//! Expand: who has a relation to an object, one step deep, as a tree of what the relation is made of.

use std::collections::BTreeSet;

use sentinel_core::policy::model::Rewrite;
use sentinel_core::policy::tuple::ObjectRef;
use serde_json::{Value, json};

use super::check::Circumstances;
use super::{Model, PolicyCaller, PolicyError, RefusalCode, TupleIn};
use crate::service::Service;

impl Service {
    /// The tree of a relation of an object, in OpenFGA's JSON form. Read from the database: it is always current.
    ///
    /// # Errors
    /// Every refusal of OpenFGA's `Expand`.
    pub async fn expand(
        &self,
        caller: &PolicyCaller,
        store: &str,
        object: &str,
        relation: &str,
        with: &Circumstances,
    ) -> Result<Value, PolicyError> {
        let store = self.open_store(caller, store).await?;
        let model = self.model(&store, with.model.as_deref()).await?;
        if object.is_empty() || relation.is_empty() {
            let why = "Invalid input. Make sure you provide an object and a relation";
            return Err(PolicyError::refused(RefusalCode::InvalidExpandInput, why));
        }
        for tuple in &with.contextual_tuples {
            model.allows_in_context(tuple)?;
        }
        model.knows_object(object, relation)?;
        let parsed = ObjectRef::parse(object).map_err(|why| PolicyError::validation(why.message()))?;
        let of = parsed.type_name;
        let mut needed = BTreeSet::new();
        if let Some(found) = model.relation(of, relation) {
            reads(&found.rewrite, relation, &mut needed);
        }
        let wanted: Vec<_> = needed.iter().map(|relation| (of, parsed.id, *relation)).collect();
        let stored = self.store().read().await?.tuples_of_objects(store.number, &wanted, false, self.now()).await?;
        let mut tuples: Vec<TupleIn> = with.contextual_tuples.clone();
        tuples.extend(stored.into_iter().map(|row| TupleIn {
            object: object.to_owned(),
            relation: row.name.relation,
            user: row.name.subject,
            condition: row.condition,
            ..TupleIn::default()
        }));
        let tree = Tree { model: &model, object, relation, tuples };
        let root = model.relation(of, relation).map(|found| tree.node(&found.rewrite));
        Ok(json!({ "tree": { "root": root } }))
    }
}

/// The relations of the object whose tuples the tree shows.
fn reads<'a>(rewrite: &'a Rewrite, own: &'a str, into: &mut BTreeSet<&'a str>) {
    match rewrite {
        Rewrite::This => _ = into.insert(own),
        Rewrite::Computed(_) => {}
        Rewrite::TupleToUserset { tupleset, .. } => _ = into.insert(tupleset),
        Rewrite::Union(all) | Rewrite::Intersection(all) => all.iter().for_each(|one| reads(one, own, into)),
        Rewrite::Difference(base, subtract) => {
            reads(base, own, into);
            reads(subtract, own, into);
        }
    }
}

struct Tree<'a> {
    model: &'a Model,
    object: &'a str,
    relation: &'a str,
    tuples: Vec<TupleIn>,
}

impl Tree<'_> {
    fn node(&self, rewrite: &Rewrite) -> Value {
        let name = format!("{}#{}", self.object, self.relation);
        match rewrite {
            Rewrite::This => json!({ "name": name, "leaf": { "users": { "users": self.users(self.relation) } } }),
            Rewrite::Computed(relation) => {
                let userset = format!("{}#{relation}", self.object);
                json!({ "name": name, "leaf": { "computed": { "userset": userset } } })
            }
            Rewrite::TupleToUserset { tupleset, computed } => {
                let users = self.users(tupleset);
                let computed: Vec<_> =
                    users.iter().map(|user| json!({ "userset": format!("{user}#{computed}") })).collect();
                let tupleset = format!("{}#{tupleset}", self.object);
                json!({ "name": name, "leaf": { "tupleToUserset": { "tupleset": tupleset, "computed": computed } } })
            }
            Rewrite::Union(all) => json!({ "name": name, "union": { "nodes": self.nodes(all) } }),
            Rewrite::Intersection(all) => json!({ "name": name, "intersection": { "nodes": self.nodes(all) } }),
            Rewrite::Difference(base, subtract) => json!({
                "name": name,
                "difference": { "base": self.node(base), "subtract": self.node(subtract) },
            }),
        }
    }

    fn nodes(&self, all: &[Rewrite]) -> Vec<Value> {
        all.iter().map(|one| self.node(one)).collect()
    }

    /// Who stands in the tuples of a relation of the object, where the model still allows them; sorted, each once.
    fn users(&self, relation: &str) -> BTreeSet<&str> {
        let tuples = self.tuples.iter().filter(|tuple| tuple.relation == relation && tuple.object == self.object);
        // A stored condition's context was judged when it was written.
        tuples.filter(|tuple| self.model.allows(tuple).is_ok()).map(|tuple| tuple.user.as_str()).collect()
    }
}
