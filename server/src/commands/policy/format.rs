//! `sentinel model format`: a model as OpenFGA prints it. Nothing that it means changes, and no comment is lost: what was
//! formatted is read again and compared before it is shown.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sentinel_core::policy::model::{AuthorizationModel, Condition, TypeDefinition};
use serde_json::json;

use super::Answer;
use super::ask::is_store_file;
use super::model::{self, Form, Rules};
use super::text::{Folder, Mistake, read};

/// Longest file in bytes.
const BYTES: usize = 1024 * 1024;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Models or modules, .fga, or models as OpenFGA's JSON
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Say which files are not formatted, and exit with 1 where there is one
    #[arg(long, conflicts_with_all = ["write", "to"])]
    check: bool,
    /// Write the formatted text into the file
    #[arg(long, conflicts_with = "to")]
    write: bool,
    /// Print the model in this form, an fga.mod with all of its modules in one
    #[arg(long, value_enum, value_name = "FORM")]
    to: Option<To>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum To {
    /// OpenFGA's language
    Fga,
    /// OpenFGA's JSON, as its API takes it
    Json,
}

pub(super) fn run(args: &Args) -> Answer {
    if !args.check && !args.write {
        let [file] = args.files.as_slice() else {
            return Answer::mistaken(
                2,
                vec![Mistake::new("one file at a time is printed: --write or --check for more")],
            );
        };
        let printed = match args.to {
            Some(to) => converted(file, to),
            None => formatted(file).map(|(_, formatted)| formatted),
        };
        return Answer::of(printed, |text| (0, text.trim_end().to_owned(), json!({ "ok": true, "text": text })));
    }
    let (mut changed, mut mistakes) = (Vec::new(), Vec::new());
    for file in &args.files {
        match formatted(file) {
            Ok((before, after)) if before != after => match args.write.then(|| replace(file, &after)) {
                Some(Err(mistake)) => mistakes.push(mistake),
                _ => changed.push(file.display().to_string()),
            },
            Ok(_) => {}
            Err(mistake) => mistakes.extend(mistake),
        }
    }
    if !mistakes.is_empty() {
        return Answer::mistaken(2, mistakes);
    }
    let (name, what) = if args.write { ("formatted", "formatted") } else { ("unformatted", "not formatted") };
    let text = changed.iter().map(|file| format!("{file}: {what}")).collect::<Vec<_>>().join("\n");
    let status = u8::from(args.check && !changed.is_empty());
    Answer { status, text, json: json!({ "ok": status == 0, name: changed }), mistakes }
}

/// A model in another form.
fn converted(path: &Path, to: To) -> Result<String, Vec<Mistake>> {
    let model = model::of_file(path, &Folder::of(path, false), Rules::Server)?;
    match to {
        To::Json => Ok(pretty(&model.source)),
        To::Fga => model.source.to_dsl().map_err(|errors| {
            errors.0.iter().map(|error| Mistake::of_file(&path.display().to_string(), error.message.clone())).collect()
        }),
    }
}

/// OpenFGA's JSON, indented, its members in the order of the model.
fn pretty(model: &AuthorizationModel) -> String {
    indented(&model.to_json())
}

/// JSON, indented, its members in their order.
pub(super) fn indented(json: &str) -> String {
    let (mut out, mut depth, mut in_string, mut escaped) = (String::new(), 0_usize, false, false);
    let mut characters = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(character) = characters.next() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            out.push(character);
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                // What is empty stays in its line.
                match characters.next_if(|next| matches!(next, '}' | ']')) {
                    Some(end) => out.push(end),
                    None => {
                        depth += 1;
                        line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(character);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            ' ' | '\n' => {}
            _ => {
                in_string = character == '"';
                out.push(character);
            }
        }
    }
    out.push('\n');
    out
}

/// A file's text as it is, and as it should be.
fn formatted(path: &Path) -> Result<(String, String), Vec<Mistake>> {
    let name = path.display().to_string();
    if is_store_file(path) || Form::of(path) == Form::Modules {
        let why = "what is formatted are models and modules in files of their own, .fga or .json";
        return Err(Mistake::of_file(&name, why).into());
    }
    let text = read(path, BYTES)?;
    let source = model::Source::whole(&text);
    let model = source.parsed()?;
    let after = match Form::of(path) {
        Form::Json => pretty(&model),
        _ => {
            let after = dsl(&text.content, &model);
            let same = AuthorizationModel::from_dsl(&after).is_ok_and(|read| read == model);
            if !same || comments(&after) != comments(&text.content) {
                let why =
                    "this text cannot be formatted without changing what it says: a comment stands within a definition";
                return Err(Mistake::of_file(&name, why).into());
            }
            after
        }
    };
    Ok((text.content.clone(), after))
}

/// The comments of a text, sorted. As the language has it, `#` begins one at the start of a line or behind a space.
fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.lines().filter_map(|line| split(line).1).collect();
    found.sort_unstable();
    found
}

/// A line without its comment, and the comment.
fn split(line: &str) -> (&str, Option<&str>) {
    let line = line.trim();
    if line.starts_with('#') {
        return ("", Some(line));
    }
    match line.find(" #") {
        Some(at) => {
            let (code, comment) = line.split_at(at);
            (code.trim_end(), Some(comment.trim_start()))
        }
        None => (line, None),
    }
}

/// What a line begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Begins {
    Head,
    Schema,
    Type,
    Relations,
    Define,
    Condition,
    Nothing,
}

fn begins(code: &str) -> Begins {
    let words: Vec<&str> = code.split_whitespace().collect();
    match *words.as_slice() {
        ["model"] | ["module", _] => Begins::Head,
        ["schema", _] => Begins::Schema,
        ["type", _] | ["extend", "type", _] => Begins::Type,
        ["relations"] => Begins::Relations,
        ["define", ..] => Begins::Define,
        ["condition", name, ..] if name.contains('(') || words.get(2).is_some_and(|next| next.starts_with('(')) => {
            Begins::Condition
        }
        _ => Begins::Nothing,
    }
}

/// A statement: where it begins, its lines, and the comments above it. An empty line among these keeps them apart.
struct Statement<'a> {
    begins: Begins,
    above: Vec<&'a str>,
    lines: Vec<&'a str>,
}

fn statements(text: &str) -> (Vec<Statement<'_>>, Vec<&str>) {
    let mut found: Vec<Statement<'_>> = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    for line in text.lines() {
        let (code, comment) = split(line);
        match (code, comment) {
            ("", None) => {
                if above.last().is_some_and(|last| !last.is_empty()) {
                    above.push("");
                }
            }
            ("", Some(comment)) => above.push(comment),
            (code, _) => match (begins(code), found.last_mut()) {
                // Within a definition that goes on: so did the comments between.
                (Begins::Nothing, Some(last)) => {
                    last.lines.append(&mut above);
                    last.lines.push(line);
                }
                (begins, _) => found.push(Statement { begins, above: std::mem::take(&mut above), lines: vec![line] }),
            },
        }
    }
    while above.last().is_some_and(|last| last.is_empty()) {
        above.pop();
    }
    (found, above)
}

/// The text, statement by statement in its own order, each as the model's printer prints it.
fn dsl(text: &str, model: &AuthorizationModel) -> String {
    let (statements, end) = statements(text);
    let mut out = String::new();
    let mut types = model.types.iter();
    let mut conditions = model.conditions.iter();
    let mut defines: std::vec::IntoIter<String> = Vec::new().into_iter();
    for statement in statements {
        let Statement { begins, above, lines } = statement;
        let code = split(lines.first().copied().unwrap_or_default()).0;
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
        let indent = match begins {
            Begins::Schema | Begins::Relations => "  ",
            Begins::Define => "    ",
            _ => "",
        };
        if matches!(begins, Begins::Type | Begins::Condition) && !out.is_empty() {
            out.push('\n');
        }
        above_it(&mut out, &above, indent);
        let inner: Vec<&str> = lines.iter().filter_map(|line| split(line).1).collect();
        let printed = match begins {
            Begins::Type => {
                defines = types.next().map(printed_defines).unwrap_or_default().into_iter();
                code
            }
            Begins::Define => defines.next().unwrap_or(code),
            Begins::Condition => match conditions.next().filter(|_| inner.is_empty()) {
                Some(condition) => printed_condition(condition),
                // With comments within it stays as it was written.
                None => lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n"),
            },
            Begins::Nothing => lines.join("\n"),
            _ => code,
        };
        out.push_str(indent);
        out.push_str(&printed);
        // The comments of a definition's lines stand behind it, in one line.
        if begins != Begins::Condition && !inner.is_empty() {
            out.push(' ');
            out.push_str(&inner.join(" "));
        }
        out.push('\n');
    }
    if !end.is_empty() && !out.is_empty() {
        out.push('\n');
    }
    above_it(&mut out, &end, "");
    out
}

fn above_it(out: &mut String, comments: &[&str], indent: &str) {
    for comment in comments {
        if !comment.is_empty() {
            out.push_str(indent);
            out.push_str(comment);
        }
        out.push('\n');
    }
}

/// The definitions of a type, one line each.
fn printed_defines(of: &TypeDefinition) -> Vec<String> {
    let mut of = of.clone();
    of.origin = None;
    for relation in &mut of.relations {
        relation.origin = None;
    }
    let model = AuthorizationModel { types: vec![of], ..AuthorizationModel::default() };
    let printed = model.to_dsl().unwrap_or_default();
    printed.lines().map(str::trim).filter(|line| line.starts_with("define ")).map(ToOwned::to_owned).collect()
}

/// A condition, its parameters in their own order.
fn printed_condition(condition: &Condition) -> String {
    let parameters: Vec<_> =
        condition.parameters.iter().map(|one| format!("{}: {}", one.name, one.type_name.text())).collect();
    format!("condition {}({}) {{\n  {}\n}}", condition.name, parameters.join(", "), condition.expression)
}

/// Puts a text in a file's place: all of it or none.
fn replace(path: &Path, text: &str) -> Result<(), Mistake> {
    let failed =
        |why: std::io::Error| Mistake::of_file(&path.display().to_string(), format!("cannot be written: {why}"));
    // Where the name is a link, the file that it leads to is written.
    let path = path.canonicalize().map_err(failed)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let write = || -> std::io::Result<()> {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&new)?;
        file.set_permissions(std::fs::metadata(&path)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)
    };
    write().map_err(|why| {
        // What is not whole goes; there is nobody left to tell.
        let _ = std::fs::remove_file(&new);
        failed(why)
    })
}
