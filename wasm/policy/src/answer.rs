//! Answers as JSON.

use alloc::string::String;
use alloc::vec::Vec;

use sentinel_core::policy::model::ModelError;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::policy::{By, Explanation, Tree, TreeValue};

use crate::json::{member, name, number, text, truth};
use crate::refusal::Refusal;

fn numbered(out: &mut String, key: &str, value: u32) {
    name(out, key);
    number(out, value.into());
}

pub(crate) fn list<T>(out: &mut String, values: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut String, T)) {
    out.push('[');
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        each(out, value);
    }
    out.push(']');
}

/// Names of objects, users or relations.
pub(crate) fn names(out: &mut String, names: Vec<String>) {
    list(out, names, |out, name| text(out, &name));
}

/// A tuple key as OpenFGA's API has it.
pub(crate) fn tuple(out: &mut String, tuple: &TupleKey) {
    out.push('{');
    member(out, "user", tuple.user());
    member(out, "relation", tuple.relation());
    member(out, "object", tuple.object());
    if let Some(condition) = tuple.condition() {
        name(out, "condition");
        out.push('{');
        member(out, "name", &condition.name);
        if !condition.context.is_empty() {
            // It was read as a JSON object.
            name(out, "context");
            out.push_str(&condition.context);
        }
        out.push('}');
    }
    out.push('}');
}

/// `PolicyError` of `npm/src/policy/api.ts`.
pub(crate) fn refusal(out: &mut String, refusal: &Refusal) {
    out.push('{');
    member(out, "message", &refusal.message);
    if !refusal.openfga.is_empty() {
        member(out, "openfgaCode", refusal.openfga);
    }
    name(out, "mistakes");
    list(out, &refusal.mistakes, mistake);
    out.push('}');
}

fn mistake(out: &mut String, mistake: &ModelError) {
    out.push('{');
    member(out, "kind", mistake.kind.as_str());
    member(out, "message", &mistake.message);
    if let Some(position) = mistake.position {
        numbered(out, "line", position.line);
        numbered(out, "column", position.column);
        numbered(out, "endLine", position.end_line);
        numbered(out, "endColumn", position.end_column);
    }
    if !mistake.symbol.is_empty() {
        member(out, "symbol", &mistake.symbol);
    }
    if let Some(of) = &mistake.type_name {
        member(out, "type", of);
    }
    if let Some(relation) = &mistake.relation {
        member(out, "relation", relation);
    }
    out.push('}');
}

/// `Explanation` of `npm/src/policy/api.ts`.
pub(crate) fn explanation(out: &mut String, explanation: &Explanation) {
    out.push('{');
    name(out, "allowed");
    truth(out, explanation.allowed);
    name(out, "steps");
    list(out, &explanation.steps, |out, step| {
        out.push('{');
        numbered(out, "level", step.level);
        member(out, "relation", &step.relation);
        let (by, rest) = match &step.by {
            By::Itself => ("itself", None),
            By::Tuple(tuple) => ("tuple", Some(("tuple", tuple))),
            By::Userset(tuple) => ("userset", Some(("tuple", tuple))),
            By::Parent(tuple, _) => ("parent", Some(("tuple", tuple))),
            By::Computed(from) => ("computed", Some(("from", from))),
            By::Intersection => ("intersection", None),
            By::Exclusion => ("exclusion", None),
            By::NoTuple(tuple) => ("no_tuple", Some(("tuple", tuple))),
            By::Excluded => ("excluded", None),
            _ => ("", None),
        };
        member(out, "by", by);
        if let Some((key, value)) = rest {
            member(out, key, value);
        }
        if let By::Parent(_, relation) = &step.by {
            member(out, "parentRelation", relation);
        }
        out.push('}');
    });
    out.push('}');
}

/// A node of OpenFGA's `UsersetTree`. As deep as operators nest in one relation, which a model bounds.
pub(crate) fn tree(out: &mut String, of: &Tree) {
    out.push('{');
    member(out, "name", &of.name);
    let leaf = |out: &mut String, kind: &str| {
        name(out, "leaf");
        out.push('{');
        name(out, kind);
        out.push('{');
    };
    match &of.value {
        TreeValue::Users(users) => {
            leaf(out, "users");
            name(out, "users");
            list(out, users, |out, user| text(out, user));
            out.push_str("}}");
        }
        TreeValue::Computed(userset) => {
            leaf(out, "computed");
            member(out, "userset", userset);
            out.push_str("}}");
        }
        TreeValue::TupleToUserset { tupleset, computed } => {
            leaf(out, "tupleToUserset");
            member(out, "tupleset", tupleset);
            name(out, "computed");
            list(out, computed, |out, userset| {
                out.push('{');
                member(out, "userset", userset);
                out.push('}');
            });
            out.push_str("}}");
        }
        TreeValue::Union(nodes) => several(out, "union", nodes),
        TreeValue::Intersection(nodes) => several(out, "intersection", nodes),
        TreeValue::Difference(base, subtract) => {
            name(out, "difference");
            out.push('{');
            name(out, "base");
            tree(out, base);
            name(out, "subtract");
            tree(out, subtract);
            out.push('}');
        }
    }
    out.push('}');
}

fn several(out: &mut String, kind: &str, nodes: &[Tree]) {
    name(out, kind);
    out.push('{');
    name(out, "nodes");
    list(out, nodes, tree);
    out.push('}');
}
