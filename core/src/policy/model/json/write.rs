//! Writes the JSON form.

use crate::policy::model::{
    AuthorizationModel, Condition, Origin, ParameterType, Relation, RestrictionKind, Rewrite, TypeDefinition,
    TypeRestriction,
};
use alloc::string::String;

/// Members and elements separated by commas.
fn list<T>(
    out: &mut String,
    brackets: (char, char),
    items: impl IntoIterator<Item = T>,
    mut each: impl FnMut(&mut String, T),
) {
    out.push(brackets.0);
    for (position, item) in items.into_iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(brackets.1);
}

const OBJECT: (char, char) = ('{', '}');
const ARRAY: (char, char) = ('[', ']');

/// A string, escaped as RFC 8259 §7 demands and no more.
pub(crate) fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                out.push_str("\\u00");
                out.extend([c as u32 >> 4, c as u32 & 15].map(|digit| char::from_digit(digit, 16).unwrap_or('0')));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// A comma where something stands in the object.
fn comma(out: &mut String) {
    if !out.ends_with('{') {
        out.push(',');
    }
}

/// A member with a string as its value, behind a comma where it is not the first.
fn member(out: &mut String, name: &str, text: &str) {
    comma(out);
    string(out, name);
    out.push(':');
    string(out, text);
}

pub(super) fn write(model: &AuthorizationModel) -> String {
    let mut out = String::from("{");
    if !model.schema_version.is_empty() {
        member(&mut out, "schema_version", &model.schema_version);
    }
    if !model.types.is_empty() {
        comma(&mut out);
        out.push_str("\"type_definitions\":");
        list(&mut out, ARRAY, &model.types, type_definition);
    }
    if !model.conditions.is_empty() {
        comma(&mut out);
        out.push_str("\"conditions\":");
        list(&mut out, OBJECT, &model.conditions, condition);
    }
    out.push('}');
    out
}

fn type_definition(out: &mut String, definition: &TypeDefinition) {
    out.push('{');
    member(out, "type", &definition.name);
    out.push_str(",\"relations\":");
    list(out, OBJECT, &definition.relations, |out, relation| {
        string(out, &relation.name);
        out.push(':');
        rewrite(out, &relation.rewrite);
    });
    out.push_str(",\"metadata\":");
    if definition.relations.is_empty() && definition.origin.is_none() {
        // As the transformer writes a type without relations.
        out.push_str("null}");
        return;
    }
    out.push('{');
    if !definition.relations.is_empty() {
        out.push_str("\"relations\":");
        list(out, OBJECT, &definition.relations, relation_metadata);
    }
    origin(out, definition.origin.as_ref());
    out.push_str("}}");
}

fn relation_metadata(out: &mut String, relation: &Relation) {
    string(out, &relation.name);
    out.push_str(":{\"directly_related_user_types\":");
    list(out, ARRAY, &relation.restrictions, restriction);
    origin(out, relation.origin.as_ref());
    out.push('}');
}

fn restriction(out: &mut String, restriction: &TypeRestriction) {
    out.push('{');
    member(out, "type", &restriction.type_name);
    match &restriction.kind {
        RestrictionKind::Object => {}
        RestrictionKind::Wildcard => out.push_str(",\"wildcard\":{}"),
        RestrictionKind::Userset(relation) => member(out, "relation", relation),
    }
    if let Some(condition) = &restriction.condition {
        member(out, "condition", condition);
    }
    out.push('}');
}

/// `module` and `source_info` in an open object.
fn origin(out: &mut String, origin: Option<&Origin>) {
    let Some(origin) = origin else { return };
    if !origin.module.is_empty() {
        member(out, "module", &origin.module);
    }
    if !origin.file.is_empty() {
        comma(out);
        out.push_str("\"source_info\":{");
        member(out, "file", &origin.file);
        out.push('}');
    }
}

/// Bounded: readers and the parser let no rewrite nest deeper than [`super::NESTING`].
fn rewrite(out: &mut String, form: &Rewrite) {
    match form {
        Rewrite::This => out.push_str("{\"this\":{}}"),
        Rewrite::Computed(relation) => {
            out.push_str("{\"computedUserset\":");
            object_relation(out, relation);
            out.push('}');
        }
        Rewrite::TupleToUserset { tupleset, computed } => {
            out.push_str("{\"tupleToUserset\":{\"tupleset\":");
            object_relation(out, tupleset);
            out.push_str(",\"computedUserset\":");
            object_relation(out, computed);
            out.push_str("}}");
        }
        Rewrite::Union(children) => {
            out.push_str("{\"union\":{\"child\":");
            list(out, ARRAY, children, rewrite);
            out.push_str("}}");
        }
        Rewrite::Intersection(children) => {
            out.push_str("{\"intersection\":{\"child\":");
            list(out, ARRAY, children, rewrite);
            out.push_str("}}");
        }
        Rewrite::Difference(base, subtract) => {
            out.push_str("{\"difference\":{\"base\":");
            rewrite(out, base);
            out.push_str(",\"subtract\":");
            rewrite(out, subtract);
            out.push_str("}}");
        }
    }
}

fn object_relation(out: &mut String, relation: &str) {
    out.push('{');
    member(out, "relation", relation);
    out.push('}');
}

fn condition(out: &mut String, condition: &Condition) {
    string(out, &condition.name);
    out.push_str(":{");
    member(out, "name", &condition.name);
    member(out, "expression", &condition.expression);
    out.push_str(",\"parameters\":");
    list(out, OBJECT, &condition.parameters, |out, parameter| {
        string(out, &parameter.name);
        out.push(':');
        parameter_type(out, &parameter.type_name);
    });
    if condition.origin.is_some() {
        out.push_str(",\"metadata\":{");
        origin(out, condition.origin.as_ref());
        out.push('}');
    }
    out.push('}');
}

fn parameter_type(out: &mut String, of: &ParameterType) {
    out.push_str("{\"type_name\":\"TYPE_NAME_");
    out.push_str(&of.name().to_ascii_uppercase());
    out.push('"');
    if let ParameterType::Map(inner) | ParameterType::List(inner) = of {
        out.push_str(",\"generic_types\":[");
        parameter_type(out, inner);
        out.push(']');
    }
    out.push('}');
}
