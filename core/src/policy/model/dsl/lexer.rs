//! Cuts the DSL into the reference's tokens (openfga/language, `OpenFGALexer.g4`).
//!
//! White space and line ends are tokens: the grammar says where they may stand.

use crate::policy::model::{ModelError, ModelErrorKind, Position};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

macro_rules! kinds {
    ($($variant:ident = $name:literal,)*) => {
        /// What a token is, in the order in which the reference numbers them: its sentences list what it expected in that order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub(super) enum Kind { $($variant,)* }

        impl Kind {
            /// Every kind, in the order of the numbers.
            pub(super) const ALL: &[Kind] = &[$(Kind::$variant,)*];

            /// As sentences name it.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    Eof = "<EOF>",
    Colon = "':'",
    Comma = "','",
    Less = "'<'",
    Greater = "'>'",
    LeftBracket = "'['",
    LeftParen = "'('",
    RightParen = "')'",
    Whitespace = "WHITESPACE",
    Identifier = "IDENTIFIER",
    Hash = "'#'",
    And = "'and'",
    Or = "'or'",
    ButNot = "'but not'",
    From = "'from'",
    Module = "'module'",
    Model = "'model'",
    Schema = "'schema'",
    SchemaVersion = "SCHEMA_VERSION",
    Extend = "'extend'",
    Type = "'type'",
    Condition = "'condition'",
    Relations = "'relations'",
    Relation = "'relation'",
    Define = "'define'",
    With = "'with'",
    RightBracket = "']'",
    LeftBrace = "'{'",
    RightBrace = "'}'",
    Star = "'*'",
    // What only expressions of conditions are made of: any of it may stand there, so the kinds need no names of their own.
    Operator = "OPERATOR",
    Literal = "LITERAL",
    ExtendedIdentifier = "EXTENDED_IDENTIFIER",
    Newline = "NEWLINE",
    Container = "CONDITION_PARAM_CONTAINER",
    ParameterType = "CONDITION_PARAM_TYPE",
}

/// A token and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) line: u32,
    pub(super) column: u32,
}

impl Token {
    pub(super) fn text(self, source: &str) -> &str {
        if self.kind == Kind::Eof {
            "<EOF>"
        } else {
            source.get(self.start as usize..self.end as usize).unwrap_or_default()
        }
    }

    pub(super) fn position(self, source: &str) -> Position {
        let width = self.text(source).chars().count() as u32;
        Position { line: self.line, column: self.column, end_line: self.line, end_column: self.column + width }
    }

    /// A mistake at this token.
    pub(super) fn error(self, source: &str, message: String) -> ModelError {
        ModelError::new(ModelErrorKind::Syntax, self.text(source), message).at(self.position(source))
    }
}

/// The text without its comments: the reference takes a `#` for one where it begins a line or stands behind a space, also within
/// strings. Lines and columns stay what they were.
pub(super) fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            out.push('\n');
        }
        if !line.trim_start().starts_with('#') {
            out.push_str(line.split(" #").next().unwrap_or_default().trim_end());
        }
    }
    out
}

/// The tokens, the last of them [`Kind::Eof`], and what is no token.
pub(super) fn tokens(source: &str) -> (Vec<Token>, Vec<ModelError>) {
    let mut tokens = Vec::new();
    let mut errors = Vec::new();
    // Between `condition` and the next `)` parameters' types are words of their own.
    let mut in_parameters = false;
    let (mut start, mut line, mut column) = (0, 0, 0);
    loop {
        let rest = source.get(start..).unwrap_or_default();
        let here = Token { kind: Kind::Eof, start: start as u32, end: start as u32, line, column };
        if rest.is_empty() {
            tokens.push(here);
            return (tokens, errors);
        }
        let found = if in_parameters { parameter_token(rest) } else { token(rest) };
        let length = match found {
            Ok((kind, length)) => {
                match kind {
                    Some(Kind::Condition) if !in_parameters => in_parameters = true,
                    Some(Kind::RightParen) => in_parameters = false,
                    _ => {}
                }
                if let Some(kind) = kind {
                    tokens.push(Token { kind, end: (start + length) as u32, ..here });
                }
                length
            }
            Err(length) => {
                let text = escaped(rest.get(..length).unwrap_or_default());
                let position = Position { line, column, end_line: line, end_column: column };
                let message = format!("token recognition error at: '{text}'");
                errors.push(ModelError::new(ModelErrorKind::Syntax, "", message).at(position));
                length
            }
        };
        for c in rest.get(..length).unwrap_or_default().chars() {
            (line, column) = if c == '\n' { (line + 1, 0) } else { (line, column + 1) };
        }
        start += length.max(1);
    }
}

/// Line ends and tabs as sentences show them.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out
}

/// How many bytes from the start are of a kind.
fn run(text: &str, of: impl Fn(u8) -> bool) -> usize {
    text.bytes().take_while(|byte| of(*byte)).count()
}

/// A token's kind (none for what is passed over) and length, or the length of what is no token.
type Found = Result<(Option<Kind>, usize), usize>;

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn identifier(text: &str) -> usize {
    if text.bytes().next().is_some_and(is_letter) {
        run(text, |b| is_letter(b) || b.is_ascii_digit() || b == b'-')
    } else {
        0
    }
}

/// Parts of letters and digits, joined by single `/`, `.` and `-`.
fn extended_identifier(text: &str) -> usize {
    let part = |text: &str| run(text, |b| is_letter(b) || b.is_ascii_digit());
    let mut length = part(text);
    loop {
        let rest = text.get(length..).unwrap_or_default();
        let joined = match rest.bytes().next() {
            Some(b'/' | b'.' | b'-') => part(rest.get(1..).unwrap_or_default()),
            _ => 0,
        };
        if joined == 0 {
            return length;
        }
        length += joined + 1;
    }
}

/// The length of the first character and, where the lexer had to look at one more to see that there is no token, of that too.
fn unknown(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

fn parameter_token(text: &str) -> Found {
    let one = |kind| Ok((Some(kind), 1));
    match text.bytes().next() {
        Some(b')') => one(Kind::RightParen),
        Some(b'(') => one(Kind::LeftParen),
        Some(b'<') => one(Kind::Less),
        Some(b'>') => one(Kind::Greater),
        Some(b':') => one(Kind::Colon),
        Some(b',') => one(Kind::Comma),
        Some(b' ' | b'\t' | b'\x0c') => {
            Ok((Some(Kind::Whitespace), run(text, |b| matches!(b, b' ' | b'\t' | b'\x0c'))))
        }
        Some(byte) if is_letter(byte) => {
            let length = identifier(text);
            let kind = match text.get(..length).unwrap_or_default() {
                "map" | "list" => Kind::Container,
                "bool" | "string" | "int" | "uint" | "double" | "duration" | "timestamp" | "ipaddress" => {
                    Kind::ParameterType
                }
                _ => Kind::Identifier,
            };
            Ok((Some(kind), length))
        }
        _ => Err(unknown(text)),
    }
}

fn token(text: &str) -> Found {
    let bytes = text.as_bytes();
    let Some(&first) = bytes.first() else { return Err(0) };
    let second = bytes.get(1).copied().unwrap_or(0);
    let one = |kind| Ok((Some(kind), 1));
    match first {
        b' ' | b'\t' | b'\x0c' | b'\r' | b'\n' => {
            let length = run(text, |b| matches!(b, b' ' | b'\t' | b'\x0c' | b'\r' | b'\n'));
            let is_line = text.bytes().take(length).any(|b| matches!(b, b'\r' | b'\n'));
            Ok((Some(if is_line { Kind::Newline } else { Kind::Whitespace }), length))
        }
        b'/' if second == b'/' => Ok((None, run(text, |b| b != b'\n'))),
        b'"' | b'\'' => string(text, false),
        b'r' | b'R' if matches!(second, b'"' | b'\'') => {
            string(text.get(1..).unwrap_or_default(), true).map(longer).map_err(|l| l + 1)
        }
        b'b' | b'B' if matches!(second, b'"' | b'\'') => {
            string(text.get(1..).unwrap_or_default(), false).map(longer).map_err(|l| l + 1)
        }
        b'b' | b'B' if matches!(second, b'r' | b'R') && matches!(bytes.get(2), Some(b'"' | b'\'')) => {
            string(text.get(2..).unwrap_or_default(), true).map(longer).map(longer).map_err(|l| l + 2)
        }
        _ if is_letter(first) => Ok(word(text)),
        b'0'..=b'9' => Ok(number(text)),
        b'.' if second.is_ascii_digit() => {
            Ok((Some(Kind::Literal), 1 + digits_and_exponent(text.get(1..).unwrap_or_default())))
        }
        b'=' | b'!' | b'<' | b'>' if second == b'=' => Ok((Some(Kind::Operator), 2)),
        b'&' | b'|' if second == first => Ok((Some(Kind::Operator), 2)),
        b'#' => one(Kind::Hash),
        b':' => one(Kind::Colon),
        b',' => one(Kind::Comma),
        b'<' => one(Kind::Less),
        b'>' => one(Kind::Greater),
        b'[' => one(Kind::LeftBracket),
        b']' => one(Kind::RightBracket),
        b'{' => one(Kind::LeftBrace),
        b'}' => one(Kind::RightBrace),
        b'(' => one(Kind::LeftParen),
        b')' => one(Kind::RightParen),
        b'*' => one(Kind::Star),
        b'.' | b'-' | b'!' | b'?' | b'+' | b'/' | b'%' => one(Kind::Operator),
        _ => Err(unknown(text)),
    }
}

fn longer((kind, length): (Option<Kind>, usize)) -> (Option<Kind>, usize) {
    (kind, length + 1)
}

fn word(text: &str) -> (Option<Kind>, usize) {
    // Two words and one space are one token, whatever follows: it is longer than the identifier `but`.
    if text.starts_with("but not") {
        return (Some(Kind::ButNot), "but not".len());
    }
    let (plain, extended) = (identifier(text), extended_identifier(text));
    if extended > plain {
        return (Some(Kind::ExtendedIdentifier), extended);
    }
    let kind = match text.get(..plain).unwrap_or_default() {
        "and" => Kind::And,
        "or" => Kind::Or,
        "from" => Kind::From,
        "module" => Kind::Module,
        "model" => Kind::Model,
        "schema" => Kind::Schema,
        "extend" => Kind::Extend,
        "type" => Kind::Type,
        "condition" => Kind::Condition,
        "relations" => Kind::Relations,
        "relation" => Kind::Relation,
        "define" => Kind::Define,
        "with" => Kind::With,
        "in" => Kind::Operator,
        "true" | "false" | "null" => Kind::Literal,
        _ => Kind::Identifier,
    };
    (Some(kind), plain)
}

fn digits_and_exponent(text: &str) -> usize {
    let digits = run(text, |b| b.is_ascii_digit());
    let rest = text.get(digits..).unwrap_or_default();
    let sign = match rest.as_bytes() {
        [b'e' | b'E', b'+' | b'-', ..] => 2,
        [b'e' | b'E', ..] => 1,
        _ => return digits,
    };
    let exponent = run(rest.get(sign..).unwrap_or_default(), |b| b.is_ascii_digit());
    if exponent == 0 { digits } else { digits + sign + exponent }
}

fn number(text: &str) -> (Option<Kind>, usize) {
    let unsigned = |length: usize| length + usize::from(matches!(text.as_bytes().get(length), Some(b'u' | b'U')));
    if text.starts_with("0x") {
        let hex = run(text.get(2..).unwrap_or_default(), |b| b.is_ascii_hexdigit());
        if hex > 0 {
            return (Some(Kind::Literal), unsigned(2 + hex));
        }
    }
    let whole = run(text, |b| b.is_ascii_digit());
    let fraction =
        text.get(whole..).and_then(|rest| rest.strip_prefix('.')).map_or(0, |rest| run(rest, |b| b.is_ascii_digit()));
    if fraction > 0 {
        let length = whole + 1 + fraction;
        let with_exponent = whole + 1 + digits_and_exponent(text.get(whole + 1..).unwrap_or_default());
        return if with_exponent > length {
            (Some(Kind::Literal), with_exponent)
        } else {
            (Some(Kind::SchemaVersion), length)
        };
    }
    let with_exponent = digits_and_exponent(text);
    (Some(Kind::Literal), if with_exponent > whole { with_exponent } else { unsigned(whole) })
}

/// A string from its quote on. Three quotes open one that may go over lines.
fn string(text: &str, raw: bool) -> Found {
    let quote = text.get(..1).unwrap_or_default();
    let bytes = text.as_bytes();
    let long =
        text.get(..3).is_some_and(|three| three.bytes().all(|b| b == quote.as_bytes().first().copied().unwrap_or(0)));
    let found = |end: usize| Ok((Some(Kind::Literal), end));
    let mut at = if long { 3 } else { 1 };
    loop {
        let rest = text.get(at..).unwrap_or_default();
        match bytes.get(at) {
            None if long => return found(2), // An empty string, and quotes that open nothing.
            None => return Err(at),
            Some(b'\n' | b'\r') if !long => return Err(at + 1),
            Some(b'\\') if !raw => match escape(rest) {
                0 => {
                    return if long {
                        found(2)
                    } else {
                        Err((at + 1 + unknown(rest.get(1..).unwrap_or_default())).min(text.len()))
                    };
                }
                length => at += length,
            },
            _ if rest.starts_with(quote) => {
                if !long {
                    return found(at + 1);
                }
                if rest.get(1..).is_some_and(|r| r.starts_with(quote))
                    && rest.get(2..).is_some_and(|r| r.starts_with(quote))
                {
                    return found(at + 3);
                }
                at += 1;
            }
            _ => at += unknown(rest),
        }
    }
}

/// The length of an escape in a string, or 0 where it is none.
fn escape(text: &str) -> usize {
    let hex = |count: usize| {
        let digits = text.as_bytes().get(2..2 + count);
        if digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) { 2 + count } else { 0 }
    };
    match text.as_bytes() {
        [_, b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`', ..] => 2,
        [_, b'x' | b'X', ..] => hex(2),
        [_, b'u', ..] => hex(4),
        [_, b'U', ..] => hex(8),
        [_, b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] => 4,
        _ => 0,
    }
}
