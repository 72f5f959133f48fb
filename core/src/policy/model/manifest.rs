//! The manifest `fga.mod` of a modular model: which schema, which files (openfga/language, `mod-to-json`).
//!
//! It is YAML. Read here is what manifests are made of: one mapping of scalars and lists of scalars, plain or quoted, with comments.

use super::small::find;
use super::{ModelError, ModelErrorKind, ModelErrors, Position};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub position: Position,
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The schema version, always `1.2`.
    pub schema: Located<String>,
    /// The files, relative to the manifest, in its order.
    pub contents: Located<Vec<Located<String>>>,
}

/// Longest manifest in bytes.
const BYTES: usize = 64 * 1024;

enum Node {
    Scalar(Scalar),
    List(Vec<Scalar>, Position),
}

struct Scalar {
    text: String,
    /// Quoted, or plain and nothing but text (YAML 1.2, core schema).
    is_text: bool,
    position: Position,
}

fn error(message: String, position: Position) -> ModelError {
    ModelError::new(ModelErrorKind::Manifest, "", message).at(position)
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// All mistakes, with their lines and columns.
    ///
    /// ```
    /// let manifest = sentinel_core::policy::model::Manifest::parse("schema: '1.2'\ncontents:\n  - core.fga\n")?;
    /// assert_eq!(manifest.contents.value[0].value, "core.fga");
    /// # Ok::<(), sentinel_core::policy::model::ModelErrors>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ModelErrors> {
        if text.len() > BYTES {
            return Err(error("the manifest is larger than 64 KiB".into(), Position::default()).into());
        }
        let mut errors = Vec::new();
        let mut fields = read(text, &mut errors);
        let mut field = |name: &str| {
            let at = fields.iter().position(|(field, _)| field == name)?;
            Some(fields.swap_remove(at).1)
        };
        let (schema, contents) = (field("schema"), field("contents"));
        let schema = schema_of(schema, &mut errors);
        let contents = contents_of(contents, &mut errors);
        match (schema, contents) {
            (Some(schema), Some(contents)) if errors.is_empty() => Ok(Self { schema, contents }),
            _ => Err(ModelErrors(errors)),
        }
    }
}

fn schema_of(node: Option<Node>, errors: &mut Vec<ModelError>) -> Option<Located<String>> {
    let (message, position) = match node {
        None => ("missing schema field".into(), Position::default()),
        Some(Node::List(_, position)) => ("unexpected schema type, expected string got value a list".into(), position),
        Some(Node::Scalar(Scalar { text, is_text: false, position })) => {
            (["unexpected schema type, expected string got value ", &*text].concat(), position)
        }
        Some(Node::Scalar(Scalar { text, position, .. })) if text == "1.2" => {
            return Some(Located { value: text, position });
        }
        Some(Node::Scalar(Scalar { position, .. })) => {
            ("unsupported schema version, fga.mod only supported in version `1.2`".into(), position)
        }
    };
    errors.push(error(message, position));
    None
}

fn contents_of(node: Option<Node>, errors: &mut Vec<ModelError>) -> Option<Located<Vec<Located<String>>>> {
    let (items, position) = match node {
        Some(Node::List(items, position)) => (items, position),
        Some(Node::Scalar(Scalar { text, position, .. })) => {
            errors.push(error(
                ["unexpected contents type, expected list of strings got value ", &*text].concat(),
                position,
            ));
            return None;
        }
        None => {
            errors.push(error("missing contents field".into(), Position::default()));
            return None;
        }
    };
    let mut files = Vec::new();
    for Scalar { text, is_text, position } in items {
        // Encoded characters are decoded first, so that a path cannot hide what it is.
        let file = decoded(&text);
        let message = if !is_text {
            ["unexpected contents item type, expected string got value ", &*text].concat()
        } else if find(&file, "../").is_some() || find(&file, "..\\").is_some() || file.starts_with('/') {
            ["invalid contents item ", &*text].concat()
        } else if !file.ends_with(".fga") {
            ["contents items should use fga file extension, got ", &*text].concat()
        } else {
            files.push(Located { value: file, position });
            continue;
        };
        errors.push(error(message, position));
    }
    Some(Located { value: files, position })
}

/// A path without what is encoded in it: `.`, `/` and `\`.
fn decoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        let code = rest.get(1..3).filter(|_| c == '%').map(str::to_ascii_lowercase);
        let (plain, length) = match code.as_deref() {
            Some("2e") => ('.', 3),
            Some("2f") => ('/', 3),
            Some("5c") => ('\\', 3),
            _ => (c, c.len_utf8()),
        };
        out.push(plain);
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// Whether a plain scalar is a word of YAML's core schema and not a text.
fn is_word(text: &str) -> bool {
    let number = text.trim_start_matches(['-', '+']);
    let is_digits = |text: &str, of: fn(&u8) -> bool| text.bytes().all(|b| of(&b));
    matches!(text, "" | "~" | "null" | "Null" | "NULL" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
        || matches!(number, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
        || number.strip_prefix("0x").is_some_and(|hex| is_digits(hex, u8::is_ascii_hexdigit))
        || number.strip_prefix("0o").is_some_and(|octal| is_digits(octal, |b| matches!(b, b'0'..=b'7')))
        || is_decimal(number)
}

/// Digits with at most one point and an exponent.
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let points = mantissa.bytes().filter(|b| *b == b'.').count();
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    points <= 1
        && mantissa.len() > points
        && is_digits(mantissa)
        && !exponent.is_empty()
        && exponent.bytes().all(|b| b.is_ascii_digit())
}

/// A line without its comment and trailing white space.
fn content(line: &str) -> &str {
    let mut quote = None;
    let mut previous = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') && matches!(previous, ' ' | ',' | '[') => quote = Some(c),
            None if c == '#' && previous.is_whitespace() => return line.get(..at).unwrap_or_default().trim_end(),
            None => {}
        }
        previous = c;
    }
    line.trim_end()
}

/// Where a part of a line is.
fn place(number: usize, line: &str, part: &str) -> Position {
    // INVARIANT: `part` was cut out of `line`.
    let start = (part.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
    let column = line.get(..start).map_or(0, |before| before.chars().count()) as u32;
    let width = part.chars().count() as u32;
    Position { line: number as u32, column, end_line: number as u32, end_column: column + width }
}

/// The mapping's fields. What is not understood is reported and left out.
fn read(text: &str, errors: &mut Vec<ModelError>) -> Vec<(String, Node)> {
    let mut fields: Vec<(String, Node)> = Vec::new();
    let lines: Vec<&str> = text.split('\n').collect();
    let mut number = 0;
    while let Some(line) = lines.get(number).copied() {
        let here = content(line);
        number += 1;
        if here.trim().is_empty() || here == "---" {
            continue;
        }
        let Some((name, value)) = here.split_once(':').filter(|(name, value)| {
            !name.starts_with([' ', '\t', '-']) && (value.is_empty() || value.starts_with([' ', '\t']))
        }) else {
            errors.push(error(["expected a field, got ", here.trim()].concat(), place(number - 1, line, here.trim())));
            continue;
        };
        let value = value.trim();
        let node = if let Some(list) = value.strip_prefix('[') {
            let items = list.strip_suffix(']').unwrap_or_else(|| {
                errors.push(error("a list must end on its line".into(), place(number - 1, line, value)));
                list
            });
            let items = items.split(',').map(str::trim).filter(|item| !item.is_empty());
            Node::List(
                items.filter_map(|item| scalar(number - 1, line, item, errors)).collect(),
                place(number - 1, line, value),
            )
        } else if value.is_empty() {
            block(&lines, &mut number, errors).unwrap_or(Node::Scalar(Scalar {
                text: "null".into(),
                is_text: false,
                position: place(number - 1, line, value),
            }))
        } else {
            match scalar(number - 1, line, value, errors) {
                Some(scalar) => Node::Scalar(scalar),
                None => continue,
            }
        };
        if fields.iter().any(|(field, _)| field == name.trim()) {
            errors.push(error("Map keys must be unique".into(), place(number - 1, line, name)));
        }
        fields.push((name.trim().to_string(), node));
    }
    fields
}

/// The lines with a dash that follow a field.
fn block(lines: &[&str], number: &mut usize, errors: &mut Vec<ModelError>) -> Option<Node> {
    let mut items = Vec::new();
    let mut position: Option<Position> = None;
    while let Some(line) = lines.get(*number).copied() {
        let here = content(line);
        let item = here.trim_start();
        if item.is_empty() {
            *number += 1;
            continue;
        }
        let Some(value) = item.strip_prefix('-').filter(|value| value.is_empty() || value.starts_with([' ', '\t']))
        else {
            break;
        };
        let at = place(*number, line, item);
        items.extend(scalar(*number, line, value.trim(), errors));
        *number += 1;
        // A list ends where the next line begins, if there is one.
        let end = match lines.get(*number) {
            Some(_) => (*number as u32, 0),
            None => (at.line, at.end_column),
        };
        let position = position.get_or_insert(at);
        (position.end_line, position.end_column) = end;
    }
    position.map(|position| Node::List(items, position))
}

fn scalar(number: usize, line: &str, text: &str, errors: &mut Vec<ModelError>) -> Option<Scalar> {
    let position = place(number, line, text);
    let inside = |quote: char| text.strip_prefix(quote).map(|rest| rest.strip_suffix(quote));
    let mut read = |value: Option<String>| {
        if value.is_none() {
            errors.push(error(["not a value that a manifest has: ", &*text].concat(), position));
        }
        value.map(|text| Scalar { text, is_text: true, position })
    };
    if let Some(inside) = inside('\'') {
        // A quote within is written twice.
        return read(inside.map(|inside| {
            let mut previous = false;
            let mut keep = |c: char| {
                previous = c == '\'' && !previous;
                c != '\'' || previous
            };
            inside.chars().filter(|c| keep(*c)).collect()
        }));
    }
    if let Some(inside) = inside('"') {
        return read(inside.and_then(unescaped));
    }
    if text.starts_with(['&', '*', '!', '|', '>', '%', '@', '`', '{', '}', '[', ']', ',', '?'])
        || find(text, ": ").is_some()
    {
        return read(None);
    }
    Some(Scalar { text: text.into(), is_text: !is_word(text), position })
}

/// A text in double quotes, with the escapes that paths have a use for.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(match chars.next()? {
                c @ ('\\' | '"' | '/' | ' ') => c,
                _ => return None,
            }),
            '"' => return None,
            c => out.push(c),
        }
    }
    Some(out)
}
