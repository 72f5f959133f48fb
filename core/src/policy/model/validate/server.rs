//! The server's rules (openfga/openfga, `typesystem.NewAndValidate`): the first mistake, types and relations in the order of their
//! names.

use super::index::Index;
use super::{RELATION_NAME, TYPE_NAME, is_name, is_reserved};
use crate::policy::model::small::sort;
use crate::policy::model::{
    AuthorizationModel, ModelError, ModelErrorKind as Kind, Relation, RestrictionKind, Rewrite, TypeDefinition,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

type Judged = Result<(), Box<ModelError>>;

pub(super) fn judge(model: &AuthorizationModel) -> Judged {
    if !matches!(model.schema_version.as_str(), "1.1" | "1.2") {
        return Err(Box::new(ModelError::new(
            Kind::InvalidSchema,
            &model.schema_version,
            "invalid schema version".into(),
        )));
    }
    let mut names: Vec<&str> = model.types.iter().map(|of| of.name.as_str()).collect();
    sort(&mut names, &Ord::cmp);
    if let Some(name) = names.windows(2).find_map(|pair| if pair.first() == pair.last() { pair.first() } else { None })
    {
        return Err(Box::new(ModelError::new(
            Kind::Duplicated,
            name,
            "an authorization model cannot contain duplicate types".into(),
        )));
    }
    for of in &model.types {
        self::names(of)?;
    }
    let index = Index::new(model);
    let (entered, circular) = (index.entered(), index.circular(None));
    let loops = index.circular(Some(&entered));
    let mut tuplesets = Vec::new();
    for (of, relation) in &index.relations {
        each_tupleset(&relation.rewrite, &mut |tupleset| tuplesets.push((of.name.as_str(), tupleset)));
    }
    sort(&mut tuplesets, &Ord::cmp);
    let mut order: Vec<usize> = (0..index.relations.len()).collect();
    let name = |number: &usize| index.relations.get(*number).map(|(of, relation)| (&of.name, &relation.name));
    sort(&mut order, &|a, b| name(a).cmp(&name(b)));
    for number in order {
        let Some((of, relation)) = index.relations.get(number).copied() else { continue };
        rewrite(&index, of, relation, &relation.rewrite)?;
        restrictions(model, &index, &tuplesets, of, relation)?;
        if entered.get(number) == Some(&false) {
            let why = if loops.get(number) == Some(&true) { "potential loop" } else { "no entrypoints defined" };
            return Err(invalid(Kind::RelationNoEntrypoint, of, relation, why));
        }
        if circular.get(number) == Some(&true) {
            return Err(invalid(Kind::Cycle, of, relation, "an authorization model cannot contain a cycle"));
        }
    }
    for condition in &model.conditions {
        if condition.name.is_empty()
            || condition.name.len() > 50
            || condition.name.contains(|c: char| c == '*' || c.is_whitespace())
        {
            let message =
                ["condition '", &*condition.name, "' does not match naming rule: '^[^\\*\\s]{1,50}$'."].concat();
            return Err(Box::new(ModelError::new(Kind::InvalidName, &condition.name, message)));
        }
        #[cfg(feature = "conditions")]
        if let Err(error) = crate::policy::condition::Program::compile(condition) {
            let message = alloc::string::ToString::to_string(&error);
            return Err(Box::new(ModelError::new(Kind::InvalidCondition, &condition.name, message)));
        }
    }
    Ok(())
}

fn about(kind: Kind, symbol: &str, of: &TypeDefinition, relation: &Relation, message: String) -> Box<ModelError> {
    let mut error = ModelError::new(kind, symbol, message);
    error.type_name = Some(of.name.clone());
    error.relation = Some(relation.name.clone());
    Box::new(error)
}

fn invalid(kind: Kind, of: &TypeDefinition, relation: &Relation, why: &str) -> Box<ModelError> {
    let message =
        ["the definition of relation '", &*relation.name, "' in object type '", &*of.name, "' is invalid: ", why]
            .concat();
    about(kind, &relation.name, of, relation, message)
}

fn names(of: &TypeDefinition) -> Judged {
    let name = of.name.as_str();
    if is_reserved(name) {
        let message = ["the definition of type '", name, "' is invalid"].concat();
        return Err(Box::new(ModelError::new(Kind::ReservedTypeKeywords, name, message)));
    }
    if !is_name(name, TYPE_NAME) {
        let message = ["type '", name, "' does not match naming rule: '^[^:#@\\*\\s]{1,254}$'."].concat();
        return Err(Box::new(ModelError::new(Kind::InvalidName, name, message)));
    }
    for relation in &of.relations {
        if is_reserved(&relation.name) {
            return Err(invalid(Kind::ReservedRelationKeywords, of, relation, "self and this are reserved keywords"));
        }
        if !is_name(&relation.name, RELATION_NAME) {
            let why = "its name does not match naming rule: '^[^:#@\\*\\s]{1,50}$'.";
            return Err(invalid(Kind::InvalidName, of, relation, why));
        }
    }
    Ok(())
}

fn undefined(of: &TypeDefinition, relation: &Relation, name: &str) -> Box<ModelError> {
    about(Kind::MissingDefinition, name, of, relation, ["'", &*of.name, "#", name, "' relation is undefined"].concat())
}

fn rewrite(index: &Index<'_>, of: &TypeDefinition, relation: &Relation, form: &Rewrite) -> Judged {
    match form {
        Rewrite::This => Ok(()),
        Rewrite::Computed(computed) if *computed == relation.name => {
            Err(invalid(Kind::SelfError, of, relation, "invalid userset rewrite definition"))
        }
        Rewrite::Computed(computed) => {
            index.relation(&of.name, computed).map(|_| ()).ok_or_else(|| undefined(of, relation, computed))
        }
        Rewrite::TupleToUserset { tupleset, computed } => {
            let from = index.relation(&of.name, tupleset).ok_or_else(|| undefined(of, relation, tupleset))?;
            if from.rewrite != Rewrite::This {
                let message = [
                    "the '",
                    &*of.name,
                    "#",
                    tupleset,
                    "' relation is referenced in at least one tupleset and thus must be a direct relation",
                ]
                .concat();
                return Err(about(Kind::TuplesetNotDirect, tupleset, of, relation, message));
            }
            if from.restrictions.iter().any(|restriction| index.relation(&restriction.type_name, computed).is_some()) {
                return Ok(());
            }
            let types: Vec<String> = from.restrictions.iter().map(|restriction| restriction.text()).collect();
            let message = [
                "undefined relation: ",
                computed,
                " does not appear as a relation in any of the directly related user types [",
                &types.join(" "),
                "]",
            ]
            .concat();
            Err(about(Kind::InvalidRelationOnTupleset, computed, of, relation, message))
        }
        Rewrite::Union(children) | Rewrite::Intersection(children) => {
            if children.len() < 2 {
                let operator = if matches!(form, Rewrite::Union(_)) { "union" } else { "intersection" };
                let message = [
                    "invalid relation: '",
                    &*of.name,
                    "#",
                    &*relation.name,
                    "' as ",
                    operator,
                    " has less than 2 children",
                ]
                .concat();
                return Err(about(Kind::InvalidSyntax, &relation.name, of, relation, message));
            }
            children.iter().try_for_each(|child| rewrite(index, of, relation, child))
        }
        Rewrite::Difference(base, subtract) => {
            rewrite(index, of, relation, base)?;
            rewrite(index, of, relation, subtract)
        }
    }
}

/// The relations that stand behind `from`.
fn each_tupleset<'a>(form: &'a Rewrite, visit: &mut dyn FnMut(&'a str)) {
    match form {
        Rewrite::TupleToUserset { tupleset, .. } => visit(tupleset),
        Rewrite::Union(children) | Rewrite::Intersection(children) => {
            children.iter().for_each(|child| each_tupleset(child, visit));
        }
        Rewrite::Difference(base, subtract) => {
            each_tupleset(base, visit);
            each_tupleset(subtract, visit);
        }
        Rewrite::This | Rewrite::Computed(_) => {}
    }
}

fn is_assignable(form: &Rewrite) -> bool {
    match form {
        Rewrite::This => true,
        Rewrite::Union(children) | Rewrite::Intersection(children) => children.iter().any(is_assignable),
        Rewrite::Difference(base, subtract) => is_assignable(base) || is_assignable(subtract),
        _ => false,
    }
}

fn restrictions(
    model: &AuthorizationModel,
    index: &Index<'_>,
    tuplesets: &[(&str, &str)],
    of: &TypeDefinition,
    relation: &Relation,
) -> Judged {
    let assignable = is_assignable(&relation.rewrite);
    if assignable == relation.restrictions.is_empty() {
        let message = if assignable {
            [
                "the assignable relation '",
                &*relation.name,
                "' in object type '",
                &*of.name,
                "' must contain at least one relation type",
            ]
            .concat()
        } else {
            [
                "the non-assignable relation '",
                &*relation.name,
                "' in object type '",
                &*of.name,
                "' should not contain a relation type",
            ]
            .concat()
        };
        return Err(about(Kind::AssignableRelationsMustHaveType, &relation.name, of, relation, message));
    }
    let is_tupleset = tuplesets.binary_search(&(&of.name, &relation.name)).is_ok();
    for restriction in &relation.restrictions {
        let (userset, symbol) = match &restriction.kind {
            RestrictionKind::Userset(userset) => (Some(userset), [&*restriction.type_name, "#", userset].concat()),
            _ => (None, restriction.type_name.clone()),
        };
        let known = index.has_type(&restriction.type_name)
            && userset.is_none_or(|userset| index.relation(&restriction.type_name, userset).is_some());
        if !known || restriction.kind != RestrictionKind::Object && is_tupleset {
            let message = [
                "the relation type '",
                &*symbol,
                "' on '",
                &*relation.name,
                "' in object type '",
                &*of.name,
                "' is not valid",
            ]
            .concat();
            let kind = if known { Kind::TuplesetNotDirect } else { Kind::InvalidRelationType };
            return Err(about(kind, &symbol, of, relation, message));
        }
        if let Some(condition) = &restriction.condition
            && !model.conditions.iter().any(|defined| defined.name == *condition)
        {
            let message = ["condition ", condition, " is undefined for relation ", &*relation.name].concat();
            return Err(about(Kind::ConditionNotDefined, condition, of, relation, message));
        }
    }
    Ok(())
}
