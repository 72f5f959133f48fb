//! The language's rules (openfga/language, `validate-dsl`): all mistakes, in the reference's order and words.

use super::index::Index;
use super::{RELATION_NAME, TYPE_NAME, is_name, is_reserved, places};
use crate::policy::model::small::sort;
use crate::policy::model::{
    AuthorizationModel, ModelError, ModelErrorKind as Kind, Origin, Relation, RestrictionKind, Rewrite, TypeDefinition,
};
use alloc::string::String;
use alloc::vec::Vec;

pub(super) fn mistakes(model: &AuthorizationModel, text: Option<&str>) -> Vec<ModelError> {
    let mut judge = Judge { model, index: Index::new(model), text, errors: Vec::new(), files: Vec::new() };
    judge.names();
    match model.schema_version.as_str() {
        "" => judge.push(Kind::SchemaVersionRequired, "", "schema version required".into(), |_| Some(0)),
        "1.1" | "1.2" => judge.definitions(),
        version => judge.push(Kind::InvalidSchema, version, ["invalid schema ", version].concat(), |text| {
            Some(places::schema_line(text, version))
        }),
    }
    for (file, modules) in core::mem::take(&mut judge.files) {
        if modules.len() > 1 {
            let modules = modules.join(", ");
            let message = [
                "file ",
                file,
                " would contain multiple module definitions (",
                &*modules,
                ") when transforming to DSL. Only one module can be defined per file.",
            ]
            .concat();
            judge.errors.push(ModelError::new(Kind::MultipleModulesInFile, file, message));
        }
    }
    judge.errors
}

/// Most mistakes that are looked for: finding the place of one costs a pass through the text.
const MISTAKES: usize = 500;

struct Judge<'a> {
    model: &'a AuthorizationModel,
    index: Index<'a>,
    text: Option<&'a str>,
    errors: Vec<ModelError>,
    /// The modules of each file, both in the order in which they were met.
    files: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Judge<'a> {
    fn push(&mut self, kind: Kind, symbol: &str, message: String, line: impl FnOnce(&str) -> Option<usize>) {
        let error = ModelError::new(kind, symbol, message);
        self.errors.push(match self.text {
            Some(text) => places::placed(error, text, line(text)),
            None => error,
        });
    }

    fn is_full(&self) -> bool {
        self.errors.len() >= MISTAKES
    }

    /// A mistake in the definition of a relation.
    fn in_relation(&mut self, kind: Kind, symbol: &str, message: String, of: &TypeDefinition, relation: &Relation) {
        self.push(kind, symbol, message, |text| {
            places::relation_line(text, &relation.name, places::type_line(text, &of.name, false))
        });
        self.about(Some(&of.name), Some(&relation.name), origin_of(of, relation));
    }

    /// Says what the last mistake is about.
    fn about(&mut self, type_name: Option<&str>, relation: Option<&str>, (module, file): (&str, &str)) {
        if let Some(error) = self.errors.last_mut() {
            let some = |text: &str| (!text.is_empty()).then(|| String::from(text));
            error.type_name = type_name.map(Into::into);
            error.relation = relation.map(Into::into);
            error.module = some(module);
            error.file = some(file);
        }
    }

    fn in_file(&mut self, (module, file): (&'a str, &'a str)) {
        if module.is_empty() || file.is_empty() {
            return;
        }
        match self.files.iter_mut().find(|(known, _)| *known == file) {
            Some((_, modules)) if modules.contains(&module) => {}
            Some((_, modules)) => modules.push(module),
            None => self.files.push((file, alloc::vec![module])),
        }
    }

    fn names(&mut self) {
        for of in &self.model.types {
            if self.is_full() {
                return;
            }
            let name = of.name.as_str();
            let origin = parts(of.origin.as_ref());
            self.in_file(origin);
            let line = |text: &str| places::type_line(text, name, false);
            if is_reserved(name) {
                self.push(Kind::ReservedTypeKeywords, name, "a type cannot be named 'self' or 'this'.".into(), line);
                self.about(None, None, origin);
            }
            if !is_name(name, TYPE_NAME) {
                let message = ["type '", name, "' does not match naming rule: '^[^:#@\\*\\s]{1,254}$'."].concat();
                self.push(Kind::InvalidName, name, message, line);
                self.about(None, None, origin);
            }
            for relation in &of.relations {
                if self.is_full() {
                    return;
                }
                let name = relation.name.as_str();
                // All of the relation's, or all of the type's.
                let origin = match parts(relation.origin.as_ref()) {
                    ("", _) => origin,
                    own => own,
                };
                if is_reserved(name) {
                    self.in_relation(
                        Kind::ReservedRelationKeywords,
                        name,
                        "a relation cannot be named 'self' or 'this'.".into(),
                        of,
                        relation,
                    );
                    self.about(None, Some(name), origin);
                }
                if !is_name(name, RELATION_NAME) {
                    let message = [
                        "relation '",
                        name,
                        "' of type '",
                        &*of.name,
                        "' does not match naming rule: '^[^:#@\\*\\s]{1,50}$'.",
                    ]
                    .concat();
                    self.in_relation(Kind::InvalidName, name, message, of, relation);
                    self.about(None, Some(name), origin);
                }
            }
        }
    }

    fn definitions(&mut self) {
        if !self.errors.is_empty() {
            return;
        }
        let model = self.model;
        for of in &model.types {
            for relation in &of.relations {
                // Of types with one name the last counts, as in the reference's map.
                if let Some((of, relation)) =
                    self.index.number(&of.name, &relation.name).and_then(|n| self.index.relations.get(n))
                {
                    self.rewrites(of, relation);
                }
            }
        }
        if self.errors.is_empty() {
            self.duplicates();
        }
        if self.errors.is_empty() {
            self.entries();
        }
        for condition in &model.conditions {
            let origin = parts(condition.origin.as_ref());
            self.in_file(origin);
            let name = condition.name.as_str();
            let mut restrictions =
                model.types.iter().flat_map(|of| &of.relations).flat_map(|relation| &relation.restrictions);
            if !self.is_full() && !restrictions.any(|restriction| restriction.condition.as_deref() == Some(name)) {
                self.push(
                    Kind::ConditionNotUsed,
                    name,
                    ["`", name, "` condition is not used in the model."].concat(),
                    |text| places::condition_line(text, name),
                );
                self.about(None, None, origin);
            }
        }
    }

    /// What a relation is made of must be defined. Level by level, as the reference walks it.
    fn rewrites(&mut self, of: &'a TypeDefinition, relation: &'a Relation) {
        let mut open = alloc::collections::VecDeque::from([&relation.rewrite]);
        while let Some(rewrite) = open.pop_front() {
            if self.is_full() {
                return;
            }
            match rewrite {
                Rewrite::Union(children) | Rewrite::Intersection(children) => open.extend(children),
                Rewrite::Difference(base, subtract) => open.extend([&**base, &**subtract]),
                Rewrite::This => self.direct(of, relation),
                Rewrite::Computed(computed) => {
                    if self.index.relation(&of.name, computed).is_none() {
                        let message = ["the relation `", computed, "` does not exist."].concat();
                        self.in_relation(Kind::MissingDefinition, computed, message, of, relation);
                    }
                }
                Rewrite::TupleToUserset { tupleset, computed } => {
                    self.tuple_to_userset(of, relation, tupleset, computed)
                }
            }
        }
    }

    fn direct(&mut self, of: &'a TypeDefinition, relation: &'a Relation) {
        if relation.restrictions.is_empty() {
            let message = "assignable relation '' must have types".into();
            self.errors.push(ModelError::new(Kind::AssignableRelationsMustHaveType, "", message));
        }
        for restriction in &relation.restrictions {
            if self.is_full() {
                return;
            }
            let name = restriction.type_name.as_str();
            if !self.index.has_type(name) {
                self.in_relation(Kind::InvalidType, name, ["`", name, "` is not a valid type."].concat(), of, relation);
            }
            if let Some(condition) = &restriction.condition
                && !self.model.conditions.iter().any(|defined| defined.name == *condition)
            {
                let message = ["`", condition, "` is not a defined condition in the model."].concat();
                self.in_relation(Kind::ConditionNotDefined, condition, message, of, relation);
            }
            if let RestrictionKind::Userset(userset) = &restriction.kind
                && self.index.relation(name, userset).is_none()
            {
                let message = ["`", userset, "` is not a valid relation for `", name, "`."].concat();
                self.in_relation(Kind::InvalidRelationType, &[name, "#", userset].concat(), message, of, relation);
                if let Some(error) = self.errors.last_mut() {
                    error.offending_type = error.type_name.replace(name.into());
                }
            }
        }
    }

    fn tuple_to_userset(&mut self, of: &'a TypeDefinition, relation: &'a Relation, tupleset: &str, computed: &str) {
        let symbol = [computed, " from ", tupleset].concat();
        let Some(from) = self.index.relation(&of.name, tupleset) else {
            let message = ["`", tupleset, "` is not a valid relation for `", &*of.name, "`."].concat();
            self.in_relation(Kind::InvalidRelationType, &symbol, message, of, relation);
            if let Some(error) = self.errors.last_mut() {
                error.offending_type = error.type_name.clone();
            }
            return;
        };
        let not_direct = ["`", tupleset, "` relation used inside from allows only direct relation."].concat();
        if from.rewrite != Rewrite::This || from.restrictions.is_empty() {
            self.in_relation(Kind::TuplesetNotDirect, tupleset, not_direct, of, relation);
            return;
        }
        let mut without = Vec::new();
        for restriction in &from.restrictions {
            if restriction.kind != RestrictionKind::Object {
                self.in_relation(Kind::TuplesetNotDirect, tupleset, not_direct.clone(), of, relation);
            } else if self.index.relation(&restriction.type_name, computed).is_none() {
                without.push(&restriction.type_name);
            }
        }
        // One type that has the relation suffices.
        if without.len() == from.restrictions.len() {
            for type_name in without {
                let message = [
                    "the `",
                    computed,
                    "` relation definition on type `",
                    &*of.name,
                    "` is not valid: `",
                    computed,
                    "` does not exist on `",
                    tupleset,
                    "`, which is of type `",
                    type_name,
                    "`.",
                ]
                .concat();
                self.in_relation(Kind::InvalidRelationOnTupleset, &symbol, message, of, relation);
            }
        }
    }

    fn duplicates(&mut self) {
        let model = self.model;
        let names: Vec<&str> = model.types.iter().map(|of| of.name.as_str()).collect();
        for (of, is_again) in model.types.iter().zip(repeated(&names)) {
            let origin = parts(of.origin.as_ref());
            let name = of.name.as_str();
            if is_again {
                self.push(Kind::Duplicated, name, ["the type `", name, "` is a duplicate."].concat(), |text| {
                    places::type_line(text, name, false)
                });
                self.about(Some(name), None, origin);
            }
            for relation in &of.relations {
                self.duplicate_restrictions(of, relation);
                self.duplicate_partials(of, relation);
                if self.is_full() {
                    return;
                }
            }
        }
    }

    fn duplicate_restrictions(&mut self, of: &TypeDefinition, relation: &Relation) {
        let written: Vec<String> = relation.restrictions.iter().map(|restriction| restriction.text()).collect();
        for (symbol, is_again) in written.iter().zip(repeated(&written)) {
            if is_again && !self.is_full() {
                let message =
                    ["the type restriction `", symbol, "` is a duplicate in the relation `", &*relation.name, "`."]
                        .concat();
                // The reference searches the line from the restriction's type on, which may stand behind it.
                self.in_relation(Kind::Duplicated, symbol, message, of, relation);
            }
        }
    }

    fn duplicate_partials(&mut self, of: &TypeDefinition, relation: &Relation) {
        let written = |partial: &Rewrite| match partial {
            Rewrite::Computed(computed) => computed.clone(),
            Rewrite::TupleToUserset { tupleset, computed } => [computed, " from ", tupleset].concat(),
            // What is nested is not compared.
            _ => String::new(),
        };
        let partials: Vec<String> = match &relation.rewrite {
            Rewrite::Union(children) | Rewrite::Intersection(children) => children.iter().map(written).collect(),
            Rewrite::Difference(base, subtract) => [base, subtract].map(|side| written(side)).into(),
            _ => return,
        };
        for (symbol, is_again) in partials.iter().zip(repeated(&partials)) {
            if is_again && !symbol.is_empty() && !self.is_full() {
                let message = [
                    "the partial relation definition `",
                    symbol,
                    "` is a duplicate in the relation `",
                    &*relation.name,
                    "`.",
                ]
                .concat();
                self.in_relation(Kind::Duplicated, symbol, message, of, relation);
                self.about(Some(&of.name), Some(&relation.name), parts(of.origin.as_ref()));
            }
        }
    }

    fn entries(&mut self) {
        let entered = self.index.entered();
        let circular = self.index.circular(Some(&entered));
        let relations = self.index.relations.clone();
        for (number, (of, relation)) in relations.into_iter().enumerate() {
            self.in_file(origin_of(of, relation));
            if entered.get(number) == Some(&true) || self.is_full() {
                continue;
            }
            let why = if circular.get(number) == Some(&true) { "potential loop" } else { "no entrypoint" };
            let message =
                ["`", &*relation.name, "` is an impossible relation for `", &*of.name, "` (", why, ")."].concat();
            self.in_relation(Kind::RelationNoEntrypoint, &relation.name, message, of, relation);
        }
    }
}

/// For each text whether it stands before, too.
fn repeated<T: AsRef<str>>(texts: &[T]) -> Vec<bool> {
    let mut order: Vec<(&str, usize)> =
        texts.iter().enumerate().map(|(position, text)| (text.as_ref(), position)).collect();
    sort(&mut order, &Ord::cmp);
    let mut repeated = alloc::vec![false; texts.len()];
    let mut previous = None;
    for (text, position) in order {
        if let (true, Some(repeated)) = (previous == Some(text), repeated.get_mut(position)) {
            *repeated = true;
        }
        previous = Some(text);
    }
    repeated
}

/// Module and file, empty where there is none.
fn parts(origin: Option<&Origin>) -> (&str, &str) {
    origin.map_or(("", ""), |origin| (&origin.module, &origin.file))
}

/// Module and file of a relation: its own, or else its type's.
fn origin_of<'a>(of: &'a TypeDefinition, relation: &'a Relation) -> (&'a str, &'a str) {
    let (own, types) = (parts(relation.origin.as_ref()), parts(of.origin.as_ref()));
    (if own.0.is_empty() { types.0 } else { own.0 }, if own.1.is_empty() { types.1 } else { own.1 })
}
