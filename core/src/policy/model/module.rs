//! Modules (schema 1.2): the files that `fga.mod` names, merged into one model whose parts know where they come from
//! (openfga/language, `modules-to-model`).

use super::json::{MEMBERS, MODEL_BYTES};
use super::small::sort;
use super::validate::places;
use super::{
    AuthorizationModel, ModelError, ModelErrorKind as Kind, ModelErrors, Origin, Position, TypeDefinition, dsl,
};
use alloc::string::String;
use alloc::vec::Vec;

/// One file of a modular model.
#[derive(Clone, Copy, Debug)]
pub struct ModuleFile<'a> {
    /// Its name in the manifest.
    pub name: &'a str,
    /// What it holds.
    pub text: &'a str,
}

impl AuthorizationModel {
    /// Merges modules into one model and judges it as the language does.
    ///
    /// # Errors
    /// All mistakes of all files, each with its file, line and column.
    ///
    /// ```
    /// use sentinel_core::policy::model::{AuthorizationModel, ModuleFile};
    /// let files = [
    ///     ModuleFile { name: "core.fga", text: "module core\ntype user" },
    ///     ModuleFile { name: "wiki.fga", text: "module wiki\nextend type user\n  relations\n    define friend: [user]" },
    /// ];
    /// let model = AuthorizationModel::from_modules(&files, "1.2")?;
    /// assert_eq!(model.types[0].relations[0].origin.as_ref().map(|origin| &*origin.module), Some("wiki"));
    /// # Ok::<(), sentinel_core::policy::model::ModelErrors>(())
    /// ```
    pub fn from_modules(files: &[ModuleFile<'_>], schema_version: &str) -> Result<Self, ModelErrors> {
        let mut model = Self { schema_version: schema_version.into(), ..Self::default() };
        let mut errors = Vec::new();
        let mut extensions = Vec::new();
        if files.iter().map(|file| file.text.len()).sum::<usize>() > MODEL_BYTES {
            return Err(ModelError::new(Kind::TooLarge, "", "the model is larger than 256 KiB".into()).into());
        }
        for file in files {
            match dsl::parse(file.text) {
                Ok(parsed) => {
                    extensions.extend(define(&mut model, file, parsed, &mut errors).into_iter().map(|of| (file, of)))
                }
                Err(mistakes) => errors.extend(mistakes.0.into_iter().map(|mut mistake| {
                    mistake.file = Some(file.name.into());
                    mistake
                })),
            }
        }
        for (file, extension) in extensions {
            extend(&mut model, file, extension, &mut errors);
        }
        if let Err(mistakes) = model.validate_language() {
            errors.extend(mistakes.0.into_iter().map(|mistake| located(mistake, files)));
        }
        ModelErrors::none_in(errors).map(|()| model)
    }

    /// The modules that the model was merged from, sorted.
    ///
    /// # Errors
    /// The schema version has no modules.
    pub fn modules(&self) -> Result<Vec<&str>, ModelErrors> {
        if self.schema_version != "1.2" {
            let message = ["model schema version ", &*self.schema_version, " does not support modules"].concat();
            return Err(ModelError::new(Kind::InvalidSchema, &self.schema_version, message).into());
        }
        if !dsl::is_modular(self) {
            return Ok(Vec::new());
        }
        let types = self.types.iter().flat_map(|of| {
            core::iter::once(of.origin.as_ref()).chain(of.relations.iter().map(|relation| relation.origin.as_ref()))
        });
        let origins = types.chain(self.conditions.iter().map(|condition| condition.origin.as_ref()));
        let mut modules: Vec<&str> =
            origins.flatten().map(|origin| &*origin.module).filter(|module| !module.is_empty()).collect();
        sort(&mut modules, &Ord::cmp);
        modules.dedup();
        Ok(modules)
    }
}

fn in_file(origin: &mut Option<Origin>, file: &ModuleFile<'_>) {
    if let Some(origin) = origin {
        origin.file = file.name.into();
    }
}

fn refused(file: &ModuleFile<'_>, symbol: &str, message: String, line: Option<usize>) -> ModelError {
    let mut error = ModelError::new(Kind::Transformation, symbol, message);
    if line.is_some() {
        error.file = Some(file.name.into());
    }
    places::placed(error, file.text, line)
}

/// Takes over what a file defines and gives back what it extends.
fn define(
    model: &mut AuthorizationModel,
    file: &ModuleFile<'_>,
    parsed: dsl::Parsed,
    errors: &mut Vec<ModelError>,
) -> Vec<TypeDefinition> {
    let mut extensions = Vec::new();
    if !parsed.model.schema_version.is_empty() {
        let mut error =
            ModelError::new(Kind::Transformation, "", "file is not a module".into()).at(Position::default());
        error.file = Some(file.name.into());
        errors.push(error);
        return extensions;
    }
    for mut definition in parsed.model.types {
        if parsed.extended.contains(&definition.name) {
            extensions.push(definition);
        } else {
            in_file(&mut definition.origin, file);
            model.types.push(definition);
        }
    }
    for mut condition in parsed.model.conditions {
        if model.conditions.iter().any(|other| other.name == condition.name) {
            let line = places::condition_line(file.text, &condition.name);
            errors.push(refused(file, &condition.name, ["duplicate condition ", &*condition.name].concat(), line));
        } else if model.conditions.len() >= usize::from(MEMBERS) {
            errors.push(refused(file, &condition.name, "the model has too many conditions".into(), None));
            break;
        } else {
            in_file(&mut condition.origin, file);
            model.conditions.push(condition);
        }
    }
    extensions
}

fn extend(
    model: &mut AuthorizationModel,
    file: &ModuleFile<'_>,
    extension: TypeDefinition,
    errors: &mut Vec<ModelError>,
) {
    let name = &extension.name;
    let Some(original) = model.types.iter_mut().find(|of| of.name == *name) else {
        let line = places::type_line(file.text, name, true);
        errors.push(refused(file, name, ["extended type ", name, " does not exist"].concat(), line));
        return;
    };
    for mut relation in extension.relations {
        if original.relations.iter().any(|other| other.name == relation.name) {
            let line = places::relation_line(file.text, &relation.name, None);
            let message = ["relation ", &*relation.name, " already exists on type ", name].concat();
            errors.push(refused(file, &relation.name, message, line));
        } else if original.relations.len() >= usize::from(MEMBERS) {
            let line = places::relation_line(file.text, &relation.name, None);
            errors.push(refused(file, &relation.name, "the type has too many relations".into(), line));
            return;
        } else {
            in_file(&mut relation.origin, file);
            original.relations.push(relation);
        }
    }
}

/// A mistake of the merged model at its place in the file it comes from.
fn located(error: ModelError, files: &[ModuleFile<'_>]) -> ModelError {
    let Some(file) = files.iter().find(|file| error.module.is_some() && error.file.as_deref() == Some(file.name))
    else {
        return error;
    };
    let type_line =
        |name: &str| places::type_line(file.text, name, false).or_else(|| places::type_line(file.text, name, true));
    let line = match (error.kind, &error.type_name, &error.relation) {
        (Kind::ConditionNotUsed, _, _) => places::condition_line(file.text, &error.symbol),
        (Kind::ReservedTypeKeywords | Kind::InvalidName, _, None) => places::type_line(file.text, &error.symbol, false),
        (Kind::ReservedRelationKeywords | Kind::InvalidName, _, Some(relation)) => {
            places::relation_line(file.text, relation, None)
        }
        (_, Some(type_name), relation) => {
            let of = type_line(error.offending_type.as_ref().unwrap_or(type_name));
            match relation {
                Some(relation) => places::relation_line(file.text, relation, of),
                None => of,
            }
        }
        _ => None,
    };
    places::placed(error, file.text, line)
}
