//! Where in a text a mistake is. As the reference does, the place is searched by the words of the definition: a model has no places.

use crate::policy::model::small::find;
use crate::policy::model::{ModelError, ModelErrorKind, Position};
use alloc::string::String;

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The first line from `from` on that, trimmed and with single spaces, starts with `start` and goes on as `rest` wants it.
fn line(text: &str, from: usize, start: &str, rest: impl Fn(&str) -> bool) -> Option<usize> {
    let word = start.split(' ').next().unwrap_or_default();
    let fits = |line: &str| {
        let line = line.trim();
        if !line.starts_with(word) {
            return false;
        }
        if find(line, "  ").is_none() {
            return line.strip_prefix(start).is_some_and(&rest);
        }
        let mut normal = String::with_capacity(line.len());
        for c in line.chars() {
            if c != ' ' || !normal.ends_with(' ') {
                normal.push(c);
            }
        }
        normal.strip_prefix(start).is_some_and(&rest)
    };
    text.split('\n').enumerate().skip(from).find(|(_, line)| fits(line)).map(|(number, _)| number)
}

/// Nothing more, or a comment.
fn ends(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with('#')
}

/// The line that defines (or else extends) a type.
pub(crate) fn type_line(text: &str, name: &str, extends: bool) -> Option<usize> {
    line(text, 0, &[if extends { "extend " } else { "" }, "type ", name].concat(), ends)
}

/// The line that defines a relation, from the line of its type on.
pub(crate) fn relation_line(text: &str, name: &str, from: Option<usize>) -> Option<usize> {
    line(text, from.unwrap_or(0), &["define ", name].concat(), |rest| rest.trim_start().starts_with(':'))
}

/// The line that defines a condition.
pub(crate) fn condition_line(text: &str, name: &str) -> Option<usize> {
    line(text, 0, &["condition ", name].concat(), |rest| rest.trim_start().starts_with('('))
}

/// The line with the schema's version, or the first.
pub(super) fn schema_line(text: &str, version: &str) -> usize {
    line(text, 0, &["schema ", version].concat(), ends).unwrap_or(0)
}

/// Where `symbol` stands as a word of its own. The reference searches it as a regular expression, in which `:*` are any colons.
fn word(line: &str, symbol: &str) -> Option<usize> {
    let boundary = |at: usize| {
        let (before, behind) = line.split_at_checked(at).unwrap_or_default();
        is_word(before.chars().next_back()) != is_word(behind.chars().next())
    };
    // INVARIANT: what is left of `symbol` stands at `at`; colons that a `:*` could take are tried from the most to none.
    fn matches(line: &str, at: usize, symbol: &str, boundary: &dyn Fn(usize) -> bool) -> bool {
        let (part, more) = match find(symbol, ":*") {
            Some(at) => (symbol.get(..at).unwrap_or_default(), symbol.get(at + 2..)),
            None => (symbol, None),
        };
        let Some(rest) = line.get(at..).and_then(|rest| rest.strip_prefix(part)) else { return false };
        let behind = line.len() - rest.len();
        match more {
            None => boundary(behind),
            Some(more) => {
                let colons = rest.len() - rest.trim_start_matches(':').len();
                (0..=colons).rev().any(|colons| matches(line, behind + colons, more, boundary))
            }
        }
    }
    (0..=line.len()).find(|at| line.is_char_boundary(*at) && boundary(*at) && matches(line, *at, symbol, &boundary))
}

/// The place of an error in its line, and the error with it.
pub(crate) fn placed(mut error: ModelError, text: &str, line: Option<usize>) -> ModelError {
    let Some((number, raw)) = line.and_then(|line| text.split('\n').enumerate().nth(line)) else { return error };
    let symbol = error.symbol.as_str();
    let start = match error.kind {
        // What stands behind the colon: the relation's name in front of it may be the same word.
        ModelErrorKind::InvalidType => {
            let (name, definition) = raw.split_once(':').unwrap_or((raw, ""));
            let definition = definition.split(':').next().unwrap_or_default();
            name.len() + word(definition, symbol).map_or(0, |at| at + 1)
        }
        ModelErrorKind::TuplesetNotDirect => {
            // Behind `from`. Where the line has none, the reference's arithmetic goes on with -1, and so does this.
            let from = find(raw, "from").map_or("from".len() - 1, |at| at + "from".len());
            raw.get(from..).and_then(|rest| find(rest, symbol)).map_or(from - 1, |at| from + at)
        }
        _ => word(raw, symbol).unwrap_or(0),
    };
    let column = raw.get(..start).map_or(0, |before| before.chars().count()) as u32;
    let line = number as u32;
    let width = symbol.chars().count() as u32;
    error.position = Some(Position { line, column, end_line: line, end_column: column + width });
    error
}
