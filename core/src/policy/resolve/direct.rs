//! Checks that one look into the index decides, as most do.
//!
//! A relation that nothing but tuples of objects and wildcards makes up needs no walk, and names that the index knows
//! need no look at their form: it knows well-formed ones only. What is not that simple is left to the
//! [`Evaluator`](super::Evaluator), which says the same of what is.

use super::super::compiled::{Admitted, CompiledModel, NO_CONDITION};
use super::super::index::{Index, NO_CONTEXT, subject};
use super::super::tuple::{OBJECT_BYTES, USER_BYTES, WILDCARD};
use super::binding::Binding;

/// Whether the user has the relation to the object (in the order object, relation, user). `None`: one look does not tell,
/// and be it that the question is not valid.
///
/// Allocates nothing. A host need not prove that the texts are UTF-8: the names that they are compared with are.
#[inline]
pub fn decide_directly<T: AsRef<[u8]>>(
    model: &CompiledModel,
    index: &Index,
    binding: &Binding,
    question: [T; 3],
) -> Option<bool> {
    let [object, relation, user] = question.each_ref().map(|text| text.as_ref());
    if object.len() > OBJECT_BYTES || user.len() > USER_BYTES || !binding.is_current(model, index) {
        return None;
    }
    let (of, object) = parts(object)?;
    let of = model.type_slot(of)?;
    let slot = model.relation_slot(of, relation)?;
    let relation = model.relation(slot).filter(|relation| relation.leaf)?;
    let (user_type, user) = parts(user)?;
    let user_type = model.type_slot(user_type)?;
    let user_type_there = binding.type_to(user_type)?;
    let object = index.names.find(binding.type_to(of)?, object)?;
    let user = index.names.find(user_type_there, user)?;
    let relation = binding.name_to(relation.name)?;
    let wildcard = u32::from(user_type_there) | subject::WILDCARD;
    for (kind, user) in [(Admitted::Object, user | subject::OBJECT), (Admitted::Wildcard, wildcard)] {
        if model.assignable(slot, user_type, kind)
            && let Some(context) = index.find(object, relation, user)
        {
            if context != NO_CONTEXT {
                return None;
            }
            if model.admits_condition(slot, user_type, kind, NO_CONDITION) {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// Type and id, which are two names where the index knows them.
#[inline]
fn parts(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().position(|byte| *byte == b':')?;
    let (of, id) = text.split_at_checked(colon)?;
    let id = id.get(1..)?;
    (id != WILDCARD.as_bytes()).then_some((of, id))
}

#[cfg(test)]
mod tests {
    use super::super::super::model::AuthorizationModel;
    use super::super::super::tuple::TupleKey;
    use super::super::Evaluator;
    use super::*;
    use std::prelude::v1::*;

    const MODEL: &str = r#"{"schema_version":"1.1","type_definitions":[{"type":"user"},
        {"type":"group","relations":{"member":{"this":{}}},"metadata":{"relations":{
            "member":{"directly_related_user_types":[{"type":"user"},{"type":"user","wildcard":{}}]}}}},
        {"type":"doc","relations":{"owner":{"this":{}},"guest":{"this":{}},"viewer":{"this":{}}},"metadata":{"relations":{
            "owner":{"directly_related_user_types":[{"type":"user"}]},
            "guest":{"directly_related_user_types":[{"type":"user","condition":"c"},{"type":"user"}]},
            "viewer":{"directly_related_user_types":[{"type":"user"},{"type":"group","relation":"member"}]}}}}],
        "conditions":{"c":{"name":"c","expression":"true","parameters":{}}}}"#;

    #[test]
    fn says_what_the_walk_says_or_nothing() {
        let model = CompiledModel::compile(&AuthorizationModel::from_json(MODEL.as_bytes()).unwrap()).unwrap();
        let tuples =
            ["doc:1#owner@user:anne", "doc:1#guest@user:anne", "doc:1#viewer@user:anne", "group:all#member@user:*"]
                .map(|text| TupleKey::parse(text).unwrap());
        let on_condition = TupleKey::parse("doc:1#guest@user:bob").unwrap().with_condition("c", "");
        let mut index = Index::from_tuples(tuples.iter().chain([&on_condition])).unwrap();
        let binding = Binding::new(&model, &index);
        let long = format!("doc:{}", "x".repeat(300));
        index.insert(&TupleKey::new("doc:2", "owner", &long.replace("doc", "user")).unwrap()).unwrap();
        for (question, expected) in [
            (["doc:1", "owner", "user:anne"], Some(true)),
            (["doc:1", "owner", "user:bob"], Some(false)),
            (["doc:1", "guest", "user:anne"], Some(true)),
            (["group:all", "member", "user:bob"], Some(true)),
            (["group:all", "member", "doc:1"], Some(false)),
            // Whatever its condition says.
            (["doc:1", "guest", "user:bob"], None),
            // It may take a walk.
            (["doc:1", "viewer", "user:anne"], None),
            // Nobody knows them: are they well-formed?
            (["doc:9", "owner", "user:anne"], None),
            (["doc:1", "owner", "user:nobody"], None),
            (["doc:1:1", "owner", "user:anne"], None),
            (["doc:", "owner", "user:anne"], None),
            (["doc", "owner", "user:anne"], None),
            (["doc:1", "", "user:anne"], None),
            (["doc:1", "reader", "user:anne"], None),
            (["group:all", "member", "user:*"], None),
            (["doc:1", "owner", "group:all#member"], None),
            ([&long.replace("doc", "user"), "owner", "user:anne"], None),
        ] {
            assert_eq!(decide_directly(&model, &index, &binding, question), expected, "{question:?}");
            let walked =
                Evaluator::new(&model, &index).with_tuples([]).unwrap().check(question[0], question[1], question[2]);
            assert!(expected.is_none() || walked.ok() == expected, "{question:?}");
        }
        assert_eq!(decide_directly(&model, &index, &binding, [b"doc:\xff".as_slice(), b"owner", b"user:anne"]), None);
        index.insert(&TupleKey::parse("team:1#lead@user:anne").unwrap()).unwrap();
        let stale = decide_directly(&model, &index, &binding, ["doc:1", "owner", "user:anne"]);
        assert_eq!(stale, None, "the binding is not of this index any more");
    }
}
