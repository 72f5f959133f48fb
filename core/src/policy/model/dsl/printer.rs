//! Prints a model as the reference formats it (openfga/language, `jsontodsl`).

use crate::policy::model::small::sort;
use crate::policy::model::{
    AuthorizationModel, Condition, ModelError, ModelErrorKind, Origin, Relation, Rewrite, TypeDefinition,
    TypeRestriction,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// Whether the model's types come from modules.
pub(crate) fn is_modular(model: &AuthorizationModel) -> bool {
    model.types.iter().any(|definition| !module_of(definition.origin.as_ref()).is_empty())
}

fn module_of(origin: Option<&Origin>) -> &str {
    origin.map_or("", |origin| &origin.module)
}

/// By module, file and name; what has no module stands first.
fn by_module(a: (&str, Option<&Origin>), b: (&str, Option<&Origin>)) -> Ordering {
    fn key<'a>((name, origin): (&'a str, Option<&'a Origin>)) -> [&'a str; 3] {
        let module = module_of(origin);
        let file = if module.is_empty() { "" } else { origin.map_or("", |origin| &origin.file) };
        [module, file, name]
    }
    key(a).cmp(&key(b))
}

pub(super) fn print(model: &AuthorizationModel, with_origins: bool) -> Result<String, Box<ModelError>> {
    let version = if model.schema_version.is_empty() { "1.1" } else { &model.schema_version };
    let mut out = ["model\n  schema ", version, "\n"].concat();
    let modular = is_modular(model);
    let mut types: Vec<&TypeDefinition> = model.types.iter().collect();
    if modular {
        sort(&mut types, &|a, b| by_module((&a.name, a.origin.as_ref()), (&b.name, b.origin.as_ref())));
    }
    for definition in types {
        print_type(&mut out, definition, modular, with_origins)?;
    }
    let mut conditions: Vec<&Condition> = model.conditions.iter().collect();
    sort(&mut conditions, &|a, b| {
        if modular {
            by_module((&a.name, a.origin.as_ref()), (&b.name, b.origin.as_ref()))
        } else {
            a.name.cmp(&b.name)
        }
    });
    for condition in conditions {
        print_condition(&mut out, condition, with_origins);
    }
    Ok(out)
}

fn print_origin(out: &mut String, lead: &str, origin: Option<&Origin>, with_origins: bool) {
    if let (true, Some(origin)) = (with_origins && !module_of(origin).is_empty(), origin) {
        out.push_str(&[" #", lead, " module: ", &*origin.module, ", file: ", &*origin.file].concat());
    }
}

fn print_type(
    out: &mut String,
    definition: &TypeDefinition,
    modular: bool,
    with_origins: bool,
) -> Result<(), Box<ModelError>> {
    out.push_str("\ntype ");
    out.push_str(&definition.name);
    print_origin(out, "", definition.origin.as_ref(), with_origins);
    if !definition.relations.is_empty() {
        out.push_str("\n  relations");
    }
    let mut relations: Vec<&Relation> = definition.relations.iter().collect();
    if modular {
        sort(&mut relations, &|a, b| by_module((&a.name, a.origin.as_ref()), (&b.name, b.origin.as_ref())));
    }
    for relation in relations {
        out.push_str("\n    define ");
        out.push_str(&relation.name);
        out.push_str(": ");
        if direct(&relation.rewrite) > usize::from(is_direct_first(&relation.rewrite)) {
            let message = [
                "the '",
                &*relation.name,
                "' relation definition under the '",
                &*definition.name,
                "' type is not supported by the OpenFGA DSL syntax yet",
            ]
            .concat();
            let mut error = ModelError::new(ModelErrorKind::UnsupportedNesting, &relation.name, message);
            error.type_name = Some(definition.name.clone());
            error.relation = Some(relation.name.clone());
            return Err(Box::new(error));
        }
        print_rewrite(out, &relation.rewrite, &relation.restrictions, false);
        print_origin(out, " extended by:", relation.origin.as_ref(), with_origins);
    }
    out.push('\n');
    Ok(())
}

/// How often direct assignment stands in a rewrite.
fn direct(rewrite: &Rewrite) -> usize {
    match rewrite {
        Rewrite::This => 1,
        Rewrite::Union(children) | Rewrite::Intersection(children) => children.iter().map(direct).sum(),
        Rewrite::Difference(base, subtract) => direct(base) + direct(subtract),
        _ => 0,
    }
}

/// Whether direct assignment is what is printed first.
fn is_direct_first(rewrite: &Rewrite) -> bool {
    match rewrite {
        Rewrite::This => true,
        Rewrite::Union(children) | Rewrite::Intersection(children) => {
            children.contains(&Rewrite::This) || children.first().is_some_and(is_direct_first)
        }
        Rewrite::Difference(base, _) => is_direct_first(base),
        _ => false,
    }
}

/// Bounded: readers and the parser let no rewrite nest deeper than [`crate::policy::model::json::NESTING`].
fn print_rewrite(out: &mut String, rewrite: &Rewrite, restrictions: &[TypeRestriction], in_parentheses: bool) {
    let join = |out: &mut String, children: &mut dyn Iterator<Item = &Rewrite>, operator: &str| {
        if in_parentheses {
            out.push('(');
        }
        for (position, child) in children.enumerate() {
            if position > 0 {
                out.push_str(operator);
            }
            print_rewrite(out, child, restrictions, true);
        }
        if in_parentheses {
            out.push(')');
        }
    };
    match rewrite {
        Rewrite::This => print_restrictions(out, restrictions),
        Rewrite::Computed(relation) => out.push_str(relation),
        Rewrite::TupleToUserset { tupleset, computed } => {
            out.push_str(computed);
            out.push_str(" from ");
            out.push_str(tupleset);
        }
        Rewrite::Union(children) => join(out, &mut direct_first(children), " or "),
        Rewrite::Intersection(children) => join(out, &mut direct_first(children), " and "),
        Rewrite::Difference(base, subtract) => join(out, &mut [&**base, &**subtract].into_iter(), " but not "),
    }
}

/// The children with direct assignment before the others: the grammar wants it first, and the order means nothing.
fn direct_first(children: &[Rewrite]) -> impl Iterator<Item = &Rewrite> {
    let first = children.iter().position(|child| *child == Rewrite::This);
    let others =
        children.iter().enumerate().filter(move |(position, _)| Some(*position) != first).map(|(_, child)| child);
    first.and_then(|first| children.get(first)).into_iter().chain(others)
}

fn print_restrictions(out: &mut String, restrictions: &[TypeRestriction]) {
    out.push('[');
    for (position, restriction) in restrictions.iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        out.push_str(&restriction.text());
    }
    out.push(']');
}

fn print_condition(out: &mut String, condition: &Condition, with_origins: bool) {
    let mut parameters: Vec<_> = condition.parameters.iter().collect();
    sort(&mut parameters, &|a, b| a.name.cmp(&b.name));
    out.push_str("\ncondition ");
    out.push_str(&condition.name);
    out.push('(');
    for (position, parameter) in parameters.into_iter().enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        out.push_str(&parameter.name);
        out.push_str(": ");
        out.push_str(&parameter.type_name.text());
    }
    out.push_str(") {\n  ");
    out.push_str(&condition.expression);
    out.push_str("\n}");
    print_origin(out, "", condition.origin.as_ref(), with_origins);
    out.push('\n');
}
