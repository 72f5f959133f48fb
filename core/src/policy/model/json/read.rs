//! Reads the JSON form.

use super::{MEMBERS, NESTING};
use crate::Limits;
use crate::jose::json::{self, Value};
use crate::policy::model::{
    AuthorizationModel, Condition, ModelError, ModelErrorKind, ModelErrors, Origin, Parameter, ParameterType, Relation,
    RestrictionKind, Rewrite, TypeDefinition, TypeRestriction,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) fn read(document: &[u8], bytes: usize) -> Result<AuthorizationModel, ModelErrors> {
    if document.len() > bytes {
        return Err(refused(
            ModelErrorKind::TooLarge,
            "",
            ["the model is larger than ", &*kibibytes(bytes), " KiB"].concat(),
        )
        .into());
    }
    let limits = Limits { json_depth: 64, json_members: MEMBERS, ..Limits::DEFAULT };
    let model = json::parse(document, &limits)
        .ok()
        .filter(|value| value.is_object())
        .ok_or_else(|| malformed("a model", "a JSON object without duplicate members"))?;
    let mut errors = Vec::new();
    let mut types = Vec::new();
    for definition in elements(model, "type_definitions", "typeDefinitions")? {
        types.push(type_definition(definition)?);
    }
    let mut conditions = Vec::new();
    for (key, value) in members(model, "conditions")? {
        conditions.push(condition(key, value, &mut errors)?);
    }
    ModelErrors::none_in(errors)?;
    Ok(AuthorizationModel { schema_version: text(model, "schema_version", "schemaVersion")?, types, conditions })
}

/// Without `core::fmt`, of which nothing else here has need.
fn kibibytes(bytes: usize) -> String {
    let mut rest = bytes / 1024;
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(b'0' + (rest % 10) as u8));
        rest /= 10;
        if rest == 0 {
            return digits.iter().rev().collect();
        }
    }
}

fn refused(kind: ModelErrorKind, symbol: &str, message: String) -> Box<ModelError> {
    Box::new(ModelError::new(kind, symbol, message))
}

fn malformed(what: &str, expected: &str) -> Box<ModelError> {
    refused(ModelErrorKind::InvalidSyntax, what, ["`", what, "` must be ", expected].concat())
}

/// A member by its name in the protocol's source or its JSON name: the mapping accepts both. `null` is as good as absent.
fn field<'a>(value: Value<'a>, name: &str, other: &str) -> Option<Value<'a>> {
    value.member(name).or_else(|| value.member(other)).filter(|value| !value.is_null())
}

fn text(value: Value<'_>, name: &str, other: &str) -> Result<String, Box<ModelError>> {
    match field(value, name, other) {
        None => Ok(String::new()),
        Some(value) => Ok(value.as_str().ok_or_else(|| malformed(name, "a string"))?.into_owned()),
    }
}

fn elements<'a>(value: Value<'a>, name: &str, other: &str) -> Result<Vec<Value<'a>>, Box<ModelError>> {
    match field(value, name, other) {
        None => Ok(Vec::new()),
        Some(value) => Ok(value.elements().ok_or_else(|| malformed(name, "an array"))?.collect()),
    }
}

/// The members of an object that are not `null`, by their names.
fn members<'a>(value: Value<'a>, name: &str) -> Result<Vec<(String, Value<'a>)>, Box<ModelError>> {
    let Some(value) = field(value, name, name) else { return Ok(Vec::new()) };
    let members = value.members().ok_or_else(|| malformed(name, "an object"))?;
    Ok(members.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.into_owned(), value)).collect())
}

fn type_definition(value: Value<'_>) -> Result<TypeDefinition, Box<ModelError>> {
    let name = text(value, "type", "type")?;
    let metadata = field(value, "metadata", "metadata");
    // By name once for all: looking each up would read the metadata once per relation.
    let known = match metadata {
        Some(metadata) => members(metadata, "relations")?,
        None => Vec::new(),
    };
    let mut relations = Vec::new();
    for (position, (relation, definition)) in members(value, "relations")?.into_iter().enumerate() {
        let rewrite = rewrite(definition, 0).map_err(|mut error| {
            error.message =
                ["the definition of relation '", &*relation, "' in object type '", &*name, "': ", &*error.message]
                    .concat();
            error.type_name = Some(name.clone());
            error.relation = Some(relation.clone());
            error
        })?;
        // Both objects mostly have the same order.
        let metadata = known
            .get(position)
            .filter(|(name, _)| *name == relation)
            .or_else(|| known.iter().find(|(name, _)| *name == relation))
            .map(|(_, metadata)| *metadata);
        let mut restrictions = Vec::new();
        for restriction in metadata
            .map_or(Ok(Vec::new()), |m| elements(m, "directly_related_user_types", "directlyRelatedUserTypes"))?
        {
            restrictions.push(restriction_of(restriction)?);
        }
        relations.push(Relation { name: relation, rewrite, restrictions, origin: origin(metadata)? });
    }
    Ok(TypeDefinition { name, relations, origin: origin(metadata)? })
}

fn origin(metadata: Option<Value<'_>>) -> Result<Option<Origin>, Box<ModelError>> {
    let Some(metadata) = metadata else { return Ok(None) };
    let module = text(metadata, "module", "module")?;
    let file = match field(metadata, "source_info", "sourceInfo") {
        Some(info) => text(info, "file", "file")?,
        None => String::new(),
    };
    Ok((!module.is_empty() || !file.is_empty()).then_some(Origin { module, file }))
}

fn restriction_of(value: Value<'_>) -> Result<TypeRestriction, Box<ModelError>> {
    let type_name = text(value, "type", "type")?;
    let relation = text(value, "relation", "relation")?;
    let condition = text(value, "condition", "condition")?;
    let kind = match (field(value, "wildcard", "wildcard").is_some(), relation.is_empty()) {
        (false, true) => RestrictionKind::Object,
        (true, true) => RestrictionKind::Wildcard,
        (false, false) => RestrictionKind::Userset(relation),
        (true, false) => {
            let symbol = [&*type_name, ":*#", &*relation].concat();
            let message = ["type restriction `", &*symbol, "` cannot contain both wildcard and relation"].concat();
            return Err(refused(ModelErrorKind::TypeWildcardRelation, &symbol, message));
        }
    };
    Ok(TypeRestriction { type_name, kind, condition: (!condition.is_empty()).then_some(condition) })
}

/// One `Userset`: exactly one of its six forms. The depth is bounded, so the recursion is.
fn rewrite(value: Value<'_>, depth: usize) -> Result<Rewrite, Box<ModelError>> {
    if depth > NESTING {
        return Err(refused(ModelErrorKind::TooLarge, "", "operators are nested too deep".into()));
    }
    let mut found = None;
    for (name, value) in value.members().ok_or_else(|| malformed("userset", "an object"))? {
        if value.is_null() {
            continue;
        }
        let form = match &*name {
            "this" => Rewrite::This,
            "computedUserset" | "computed_userset" => Rewrite::Computed(text(value, "relation", "relation")?),
            "tupleToUserset" | "tuple_to_userset" => Rewrite::TupleToUserset {
                tupleset: relation_in(value, "tupleset", "tupleset")?,
                computed: relation_in(value, "computedUserset", "computed_userset")?,
            },
            "union" => Rewrite::Union(children(value, depth)?),
            "intersection" => Rewrite::Intersection(children(value, depth)?),
            "difference" => Rewrite::Difference(side(value, "base", depth)?, side(value, "subtract", depth)?),
            _ => continue,
        };
        if found.replace(form).is_some() {
            return Err(malformed("userset", "of one form only"));
        }
    }
    found.ok_or_else(|| {
        malformed("userset", "one of this, computedUserset, tupleToUserset, union, intersection, difference")
    })
}

fn relation_in(value: Value<'_>, name: &str, other: &str) -> Result<String, Box<ModelError>> {
    field(value, name, other).map_or(Ok(String::new()), |relation| text(relation, "relation", "relation"))
}

fn children(value: Value<'_>, depth: usize) -> Result<Vec<Rewrite>, Box<ModelError>> {
    let children = elements(value, "child", "child")?;
    if children.is_empty() {
        return Err(malformed("child", "an array with elements"));
    }
    children.into_iter().map(|child| rewrite(child, depth + 1)).collect()
}

fn side(value: Value<'_>, name: &str, depth: usize) -> Result<Box<Rewrite>, Box<ModelError>> {
    let side = field(value, name, name).ok_or_else(|| malformed(name, "an object"))?;
    Ok(Box::new(rewrite(side, depth + 1)?))
}

fn condition(key: String, value: Value<'_>, errors: &mut Vec<ModelError>) -> Result<Condition, Box<ModelError>> {
    if !value.is_object() {
        return Err(malformed("conditions", "an object of objects"));
    }
    let name = text(value, "name", "name")?;
    if name != key {
        errors.push(*refused(
            ModelErrorKind::DifferentNestedConditionName,
            &name,
            ["condition key is `", &*key, "` but nested name property is ", &*name].concat(),
        ));
    }
    let mut parameters = Vec::new();
    for (name, value) in members(value, "parameters")? {
        parameters.push(Parameter { type_name: parameter_type(value)?, name });
    }
    let metadata = field(value, "metadata", "metadata");
    let expression = text(value, "expression", "expression")?;
    Ok(Condition { name: key, expression, parameters, origin: origin(metadata)? })
}

fn parameter_type(value: Value<'_>) -> Result<ParameterType, Box<ModelError>> {
    let name = text(value, "type_name", "typeName")?;
    let generic = elements(value, "generic_types", "genericTypes")?;
    let inner = |generic: &[Value<'_>]| match generic {
        [of] => Ok(Box::new(parameter_type(*of)?)),
        _ => Err(malformed("generic_types", "exactly one type")),
    };
    let short = name.strip_prefix("TYPE_NAME_").unwrap_or_default();
    Ok(match ParameterType::named(&short.to_ascii_lowercase()) {
        Some(simple) => simple,
        None if short == "MAP" => ParameterType::Map(inner(&generic)?),
        None if short == "LIST" => ParameterType::List(inner(&generic)?),
        None => return Err(malformed("type_name", "the name of a parameter's type")),
    })
}
