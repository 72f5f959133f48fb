//! Models out of files: `.fga`, OpenFGA's JSON, or modules that an `fga.mod` names; and where in them a mistake is.

use std::path::Path;
use std::rc::Rc;

use saphyr_parser::ScalarStyle;
use sentinel_core::policy::condition::ConditionError;
use sentinel_core::policy::model::{
    AuthorizationModel, Manifest, ModelError, ModelErrors, ModuleFile, Position, TypeDefinition,
};
use sentinel_core::policy::{CompiledModel, ModelConditions};

use super::text::{At, Folder, Mistake, Text, read};
use super::yaml::{Content, Node};

/// Longest file in bytes that is read as a model. What a model may have is less.
const BYTES: usize = 1024 * 1024;

/// A model that can be asked.
#[derive(Debug)]
pub(super) struct Model {
    /// As it was written.
    pub(super) source: AuthorizationModel,
    /// As it is evaluated.
    pub(super) compiled: CompiledModel,
    /// Its conditions.
    pub(super) conditions: ModelConditions,
}

/// Whose rules a model must follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rules {
    /// The server's: what it stores can be asked.
    Server,
    /// The language's as well, which tells of every mistake and wants every condition to be used.
    Language,
}

/// How a model is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Dsl,
    Json,
    Modules,
}

impl Form {
    /// By the end of a file's name.
    pub(super) fn of(path: &Path) -> Self {
        match (path.file_name().and_then(|name| name.to_str()), path.extension().and_then(|end| end.to_str())) {
            (Some(name), _) if name.ends_with("fga.mod") => Self::Modules,
            (_, Some("json")) => Self::Json,
            _ => Self::Dsl,
        }
    }
}

/// The text of a model, and where it stands in the file that it was found in.
#[derive(Debug)]
pub(super) struct Source {
    /// What people look into.
    text: Rc<Text>,
    /// Where it stands in another text; `None`: it is all of it.
    within: Option<Within>,
    /// The model.
    content: String,
    /// Whether it is OpenFGA's JSON form.
    is_json: bool,
}

#[derive(Debug)]
struct Within {
    at: At,
    /// The line where the first line of the content stands, where it stands there line by line.
    first_line: Option<usize>,
}

impl Source {
    /// A whole text.
    pub(super) fn whole(text: &Rc<Text>) -> Self {
        let is_json = Form::of(Path::new(&text.name)) == Form::Json;
        Self { text: Rc::clone(text), within: None, content: text.content.clone(), is_json }
    }

    /// The value of a YAML file.
    pub(super) fn within(node: &Node, text: &Rc<Text>) -> Result<Self, Mistake> {
        let content = node.text("model")?.to_owned();
        let by_line = matches!(node.value, Content::Scalar(_, ScalarStyle::Literal));
        // A block begins below the `|`, wherever the parser says that the value does.
        let first = content.lines().find(|line| !line.is_empty());
        let above = content.lines().take_while(|line| line.is_empty()).count();
        let first_line = first.filter(|_| by_line).and_then(|first| {
            let lines = text.content.lines().enumerate().skip(node.at.line.saturating_sub(1)).take(above + 2);
            let found = lines
                .into_iter()
                .find(|(_, line)| line.trim_start().len() == first.trim_start().len() && line.ends_with(first));
            found.map(|(number, _)| (number + 1).saturating_sub(above))
        });
        let is_json = content.trim_start().starts_with('{');
        Ok(Self { text: Rc::clone(text), within: Some(Within { at: node.at.clone(), first_line }), content, is_json })
    }

    /// A place of the model in the file.
    fn place(&self, position: Position) -> At {
        let (line, column) = (position.line as usize, position.column as usize);
        let same_line = position.end_line == position.line && position.end_column > position.column;
        let width = if same_line { (position.end_column - position.column) as usize } else { 1 };
        let here = |line: usize, column: usize| At { text: Rc::clone(&self.text), line, column, width };
        match &self.within {
            None => here(line + 1, column + 1),
            Some(Within { first_line: Some(first), .. }) => {
                let outer = self.text.line(first + line).unwrap_or_default();
                let inner = self.content.lines().nth(line).unwrap_or_default();
                let indent = outer.strip_suffix(inner).map_or(0, |indent| indent.chars().count());
                here(first + line, indent + column + 1)
            }
            Some(Within { at, .. }) => at.clone(),
        }
    }

    /// A mistake of the model.
    fn mistake(&self, error: &ModelError) -> Mistake {
        let place = error.position.or_else(|| self.find(error)).map(|position| self.place(position));
        let mistake = match place {
            Some(place) => place.mistake(error.message.clone()),
            None => Mistake::of_file(&self.text.name, error.message.clone()),
        };
        mistake.kind(error.kind.as_str())
    }

    fn mistakes(&self, errors: &ModelErrors) -> Vec<Mistake> {
        errors.0.iter().map(|error| self.mistake(error)).collect()
    }

    /// The definition that an error without a place is about. A text in JSON has no lines that say what they define.
    fn find(&self, error: &ModelError) -> Option<Position> {
        if self.is_json {
            return None;
        }
        let defines = |line: &str, what: &[&str]| {
            let mut words =
                line.split(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | '#')).filter(|word| !word.is_empty());
            what.iter().all(|word| words.next() == Some(word))
        };
        let lines = || self.content.lines().enumerate();
        let of_type = error.type_name.as_deref().and_then(|name| {
            lines().find(|(_, line)| defines(line, &["type", name]) || defines(line, &["extend", "type", name]))
        });
        let from = of_type.map_or(0, |(number, _)| number);
        let of_relation = error
            .relation
            .as_deref()
            .and_then(|name| lines().skip(from).find(|(_, line)| defines(line, &["define", name])));
        let of_condition = || lines().find(|(_, line)| defines(line, &["condition", &error.symbol]));
        let (number, line) = of_relation.or(of_type).or_else(of_condition)?;
        Some(whole_line(number, line))
    }

    /// Where an expression has its mistake.
    fn in_condition(&self, model: &AuthorizationModel, error: &ConditionError) -> Mistake {
        let place = (|| {
            let condition = model.conditions.iter().find(|one| one.name == error.condition)?;
            let named = |line: &str| {
                let rest = line.trim_start().strip_prefix("condition").map(str::trim_start);
                rest.and_then(|rest| rest.strip_prefix(&*condition.name))
                    .is_some_and(|rest| rest.trim_start().starts_with('('))
            };
            let (above, head) = self.content.lines().enumerate().find(|(_, line)| named(line))?;
            let Some(row) = error.line.checked_sub(1) else { return Some(whole_line(above, head)) };
            let first = condition.expression.lines().next()?.trim_end();
            let (start, line) = self.content.lines().enumerate().skip(above).find(|(_, line)| line.contains(first))?;
            // The first line of an expression begins somewhere in its line; the others are as they were written.
            let shift = if row == 0 {
                line.find(first).and_then(|at| line.get(..at)).map_or(0, |lead| lead.chars().count())
            } else {
                0
            };
            let (line, column) =
                (u32::try_from(start).ok()? + row, u32::try_from(shift).ok()? + error.column.saturating_sub(1));
            Some(Position { line, column, end_line: line, end_column: column + 1 })
        })();
        let message = format!("condition `{}`: {}", error.condition, error.message);
        let mistake = match place.filter(|_| !self.is_json) {
            Some(position) => self.place(position).mistake(message),
            None => Mistake::of_file(&self.text.name, message),
        };
        mistake.kind("invalid-condition")
    }

    /// Reads the model: a text in OpenFGA's language, or its JSON form.
    pub(super) fn model(&self, rules: Rules) -> Result<Model, Vec<Mistake>> {
        self.judged(self.parsed()?, rules)
    }

    /// As it is written, whether or not it makes sense.
    pub(super) fn parsed(&self) -> Result<AuthorizationModel, Vec<Mistake>> {
        if self.is_json { self.of_json() } else { self.of_dsl() }
    }

    fn of_json(&self) -> Result<AuthorizationModel, Vec<Mistake>> {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&self.content) {
            let (line, column) = (error.line().saturating_sub(1) as u32, error.column().saturating_sub(1) as u32);
            let at = self.place(Position { line, column, end_line: line, end_column: column + 1 });
            return Err(at.mistake(format!("this is not JSON: {error}")).into());
        }
        AuthorizationModel::from_json(self.content.as_bytes()).map_err(|errors| self.mistakes(&errors))
    }

    fn of_dsl(&self) -> Result<AuthorizationModel, Vec<Mistake>> {
        AuthorizationModel::from_dsl(&self.content).map_err(|errors| self.mistakes(&errors))
    }

    /// The mistakes that the language knows: all of them, and where the text has lines, with their places.
    fn language(&self, source: &AuthorizationModel) -> Result<(), Vec<Mistake>> {
        let judged = if self.is_json {
            source.validate_language()
        } else {
            AuthorizationModel::from_valid_dsl(&self.content).map(drop)
        };
        judged.map_err(|errors| self.mistakes(&errors))
    }

    fn judged(&self, source: AuthorizationModel, rules: Rules) -> Result<Model, Vec<Mistake>> {
        let is_module = |of: &TypeDefinition| of.origin.is_some();
        if source.schema_version.is_empty() && source.types.iter().any(is_module) {
            let why = "this is one module of a model: name the fga.mod that it belongs to";
            return Err(Mistake::of_file(&self.text.name, why).into());
        }
        if rules == Rules::Language {
            self.language(&source)?;
        }
        let conditions = ModelConditions::compile(&source).map_err(|error| self.in_condition(&source, &error))?;
        if let Err(errors) = source.validate() {
            // The server's judge stops at the first mistake and knows no places.
            self.language(&source)?;
            return Err(self.mistakes(&errors));
        }
        let compiled = CompiledModel::compile(&source);
        let compiled = compiled.map_err(|error| Mistake::of_file(&self.text.name, error.message()))?;
        Ok(Model { source, compiled, conditions })
    }
}

fn whole_line(number: usize, line: &str) -> Position {
    let lead = line.chars().take_while(|c| c.is_whitespace()).count();
    let (number, lead, end) = (number as u32, lead as u32, line.trim_end().chars().count() as u32);
    Position { line: number, column: lead, end_line: number, end_column: end }
}

/// Reads a model's file, whatever its form.
pub(super) fn of_file(path: &Path, folder: &Folder, rules: Rules) -> Result<Model, Vec<Mistake>> {
    let text = read(path, BYTES)?;
    match Form::of(path) {
        Form::Modules => of_modules(&text, folder),
        Form::Json | Form::Dsl => Source::whole(&text).model(rules),
    }
}

/// A module's name in the manifest, and its text.
type Named = (String, Rc<Text>);

/// The files of a modular model, in the order of its manifest.
pub(super) fn modules(manifest: &Rc<Text>, folder: &Folder) -> Result<(Manifest, Vec<Named>), Vec<Mistake>> {
    let whole = Source::whole(manifest);
    let parsed = Manifest::parse(&manifest.content).map_err(|errors| whole.mistakes(&errors))?;
    let mut files = Vec::new();
    for file in &parsed.contents.value {
        let here = || whole.place(file.position);
        let path = folder.find(&file.value).map_err(|why| here().mistake(why))?;
        let text = read(&path, BYTES)?;
        files.push((file.value.clone(), text));
    }
    Ok((parsed, files))
}

fn of_modules(manifest: &Rc<Text>, folder: &Folder) -> Result<Model, Vec<Mistake>> {
    let (parsed, texts) = modules(manifest, folder)?;
    let files: Vec<_> = texts.iter().map(|(name, text)| ModuleFile { name, text: &text.content }).collect();
    let sources: Vec<_> = texts.iter().map(|(name, text)| (name.as_str(), Source::whole(text))).collect();
    let whole = Source::whole(manifest);
    let of = |file: Option<&str>| {
        file.and_then(|file| sources.iter().find(|(name, _)| *name == file)).map_or(&whole, |found| &found.1)
    };
    let told = |errors: ModelErrors| -> Vec<Mistake> {
        errors.0.iter().map(|error| of(error.file.as_deref()).mistake(error)).collect()
    };
    let source = AuthorizationModel::from_modules(&files, &parsed.schema.value).map_err(told)?;
    let conditions = ModelConditions::compile(&source).map_err(|error| {
        let origin =
            source.conditions.iter().find(|one| one.name == error.condition).and_then(|one| one.origin.as_ref());
        of(origin.map(|origin| origin.file.as_str())).in_condition(&source, &error)
    })?;
    source.validate().map_err(told)?;
    let compiled = CompiledModel::compile(&source);
    let compiled = compiled.map_err(|error| Mistake::of_file(&manifest.name, error.message()))?;
    Ok(Model { source, compiled, conditions })
}
