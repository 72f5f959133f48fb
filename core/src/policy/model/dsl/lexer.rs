//! Cuts the DSL into the reference's tokens (openfga/language, `OpenFGALexer.g4`).
//!
//! White space and line ends are tokens: the grammar says where they may stand.

use crate::policy::model::small::find;
use crate::policy::model::{ModelError, ModelErrorKind, Position};
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
    // The reference has a number and a name for this one and no text: what closes is `RightBracket`.
    Unused = "RBRACKET",
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
    Equals = "'=='",
    NotEquals = "'!='",
    In = "'in'",
    LessEquals = "'<='",
    GreaterEquals = "'>='",
    LogicalAnd = "'&&'",
    LogicalOr = "'||'",
    RightBracket = "']'",
    LeftBrace = "'{'",
    RightBrace = "'}'",
    Dot = "'.'",
    Minus = "'-'",
    Exclamation = "'!'",
    Question = "'?'",
    Plus = "'+'",
    Star = "'*'",
    Slash = "'/'",
    Percent = "'%'",
    True = "'true'",
    False = "'false'",
    Null = "'null'",
    Comment = "CEL_COMMENT",
    Float = "NUM_FLOAT",
    Int = "NUM_INT",
    Uint = "NUM_UINT",
    String = "STRING",
    Bytes = "BYTES",
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
            out.push_str(line.get(..find(line, " #").unwrap_or(line.len())).unwrap_or_default().trim_end());
        }
    }
    out
}

/// A text cut into tokens.
#[derive(Default)]
pub(super) struct Tokens {
    /// The tokens, the last of them [`Kind::Eof`].
    pub(super) all: Vec<Token>,
    /// The comments between them (`//`), which the grammar passes over.
    pub(super) comments: Vec<Token>,
    /// What is no token, each with the number of the token behind it.
    pub(super) errors: Vec<(usize, ModelError)>,
}

pub(super) fn tokens(source: &str) -> Tokens {
    let mut tokens = Tokens::default();
    // Between `condition` and the next `)` parameters' types are words of their own.
    let mut in_parameters = false;
    let (mut start, mut line, mut column) = (0, 0, 0);
    loop {
        let rest = source.get(start..).unwrap_or_default();
        let here = Token { kind: Kind::Eof, start: start as u32, end: start as u32, line, column };
        if rest.is_empty() {
            tokens.all.push(here);
            return tokens;
        }
        let found = if in_parameters { parameter_token(rest) } else { token(rest) };
        let length = match found {
            Ok((kind, length)) => {
                match kind {
                    Kind::Condition if !in_parameters => in_parameters = true,
                    Kind::RightParen => in_parameters = false,
                    _ => {}
                }
                let token = Token { kind, end: (start + length) as u32, ..here };
                if kind == Kind::Comment { &mut tokens.comments } else { &mut tokens.all }.push(token);
                length
            }
            Err(length) => {
                let text = rest.get(..length).unwrap_or_default();
                let position = Position { line, column, end_line: line, end_column: column };
                let message = ["token recognition error at: '", text, "'"].concat();
                tokens
                    .errors
                    .push((tokens.all.len(), ModelError::new(ModelErrorKind::Syntax, "", message).at(position)));
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

/// A token's kind and length, or the length of what is no token.
type Found = Result<(Kind, usize), usize>;

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

/// The length of the first character.
fn unknown(text: &str) -> usize {
    text.chars().next().map_or(1, char::len_utf8)
}

fn parameter_token(text: &str) -> Found {
    let one = |kind| Ok((kind, 1));
    match text.bytes().next() {
        Some(b')') => one(Kind::RightParen),
        Some(b'(') => one(Kind::LeftParen),
        Some(b'<') => one(Kind::Less),
        Some(b'>') => one(Kind::Greater),
        Some(b':') => one(Kind::Colon),
        Some(b',') => one(Kind::Comma),
        Some(b' ' | b'\t' | b'\x0c') => Ok((Kind::Whitespace, run(text, |b| matches!(b, b' ' | b'\t' | b'\x0c')))),
        Some(byte) if is_letter(byte) => {
            let length = identifier(text);
            let kind = match text.get(..length).unwrap_or_default() {
                "map" | "list" => Kind::Container,
                "bool" | "string" | "int" | "uint" | "double" | "duration" | "timestamp" | "ipaddress" => {
                    Kind::ParameterType
                }
                _ => Kind::Identifier,
            };
            Ok((kind, length))
        }
        _ => Err(unknown(text)),
    }
}

fn token(text: &str) -> Found {
    let bytes = text.as_bytes();
    let Some(&first) = bytes.first() else { return Err(0) };
    let second = bytes.get(1).copied().unwrap_or(0);
    let one = |kind| Ok((kind, 1));
    let two = |kind| Ok((kind, 2));
    match first {
        b' ' | b'\t' | b'\x0c' | b'\r' | b'\n' => {
            let length = run(text, |b| matches!(b, b' ' | b'\t' | b'\x0c' | b'\r' | b'\n'));
            let is_line = text.bytes().take(length).any(|b| matches!(b, b'\r' | b'\n'));
            Ok((if is_line { Kind::Newline } else { Kind::Whitespace }, length))
        }
        b'/' if second == b'/' => Ok((Kind::Comment, run(text, |b| b != b'\n'))),
        b'"' | b'\'' => string(text, Kind::String, 0),
        _ if is_letter(first) => {
            // What begins a string that does not end is a word, and the quote behind it no token.
            let kind = match first {
                b'r' | b'R' => Kind::String,
                b'b' | b'B' => Kind::Bytes,
                _ => return Ok(word(text)),
            };
            let prefix = 1 + usize::from(kind == Kind::Bytes && matches!(second, b'r' | b'R'));
            match bytes.get(prefix) {
                Some(b'"' | b'\'') => string(text, kind, prefix).or_else(|_| Ok(word(text))),
                _ => Ok(word(text)),
            }
        }
        b'0'..=b'9' => Ok(number(text)),
        b'.' if second.is_ascii_digit() => {
            Ok((Kind::Float, 1 + digits_and_exponent(text.get(1..).unwrap_or_default())))
        }
        b'=' if second == b'=' => two(Kind::Equals),
        b'!' if second == b'=' => two(Kind::NotEquals),
        b'<' if second == b'=' => two(Kind::LessEquals),
        b'>' if second == b'=' => two(Kind::GreaterEquals),
        b'&' if second == b'&' => two(Kind::LogicalAnd),
        b'|' if second == b'|' => two(Kind::LogicalOr),
        // Only the character behind it shows that it is no token: both are lost, as in the reference.
        b'=' | b'&' | b'|' => Err(text.chars().take(2).map(char::len_utf8).sum()),
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
        b'.' => one(Kind::Dot),
        b'-' => one(Kind::Minus),
        b'!' => one(Kind::Exclamation),
        b'?' => one(Kind::Question),
        b'+' => one(Kind::Plus),
        b'/' => one(Kind::Slash),
        b'%' => one(Kind::Percent),
        _ => Err(unknown(text)),
    }
}

fn word(text: &str) -> (Kind, usize) {
    // Two words and one space are one token, whatever follows: it is longer than the identifier `but`.
    if text.starts_with("but not") {
        return (Kind::ButNot, "but not".len());
    }
    let (plain, extended) = (identifier(text), extended_identifier(text));
    if extended > plain {
        return (Kind::ExtendedIdentifier, extended);
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
        "in" => Kind::In,
        "true" => Kind::True,
        "false" => Kind::False,
        "null" => Kind::Null,
        _ => Kind::Identifier,
    };
    (kind, plain)
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

fn number(text: &str) -> (Kind, usize) {
    let whole_number = |length: usize| match text.as_bytes().get(length) {
        Some(b'u' | b'U') => (Kind::Uint, length + 1),
        _ => (Kind::Int, length),
    };
    if text.starts_with("0x") {
        let hex = run(text.get(2..).unwrap_or_default(), |b| b.is_ascii_hexdigit());
        if hex > 0 {
            return whole_number(2 + hex);
        }
    }
    let whole = run(text, |b| b.is_ascii_digit());
    let behind = text.get(whole..).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
    let fraction = run(behind, |b| b.is_ascii_digit());
    if fraction > 0 {
        let with_exponent = digits_and_exponent(behind);
        let kind = if with_exponent > fraction { Kind::Float } else { Kind::SchemaVersion };
        return (kind, whole + 1 + with_exponent);
    }
    let with_exponent = digits_and_exponent(text);
    if with_exponent > whole { (Kind::Float, with_exponent) } else { whole_number(whole) }
}

/// A string behind its prefix of `r` (no escapes) and `b`. Three quotes open one that may go over lines.
fn string(text: &str, kind: Kind, prefix: usize) -> Found {
    let bytes = text.as_bytes();
    let quote = bytes.get(prefix).copied().unwrap_or(0);
    let raw = text.bytes().take(prefix).any(|b| matches!(b, b'r' | b'R'));
    let is_quote = |at: usize| bytes.get(at) == Some(&quote);
    let long = is_quote(prefix + 1) && is_quote(prefix + 2);
    let found = |end: usize| Ok((kind, end));
    let mut at = if long { prefix + 3 } else { prefix + 1 };
    loop {
        let rest = text.get(at..).unwrap_or_default();
        match bytes.get(at) {
            None if long => return found(prefix + 2), // An empty string, and a quote that opens nothing.
            None => return Err(at),
            Some(b'\n' | b'\r') if !long => return Err(at + 1),
            Some(b'\\') if !raw => match escape(rest) {
                Ok(length) => at += length,
                Err(_) if long => return found(prefix + 2),
                Err(length) => return Err(at + length),
            },
            Some(_) if is_quote(at) && !long => return found(at + 1),
            Some(_) if is_quote(at) && is_quote(at + 1) && is_quote(at + 2) => return found(at + 3),
            Some(_) => at += unknown(rest),
        }
    }
}

/// The length of an escape in a string, or that up to the character that shows that it is none.
fn escape(text: &str) -> Result<usize, usize> {
    let is = |at: usize, of: fn(&u8) -> bool| text.as_bytes().get(at).is_some_and(of);
    let digits = |first: usize, count: usize, of: fn(&u8) -> bool| match (first..first + count).find(|at| !is(*at, of))
    {
        None => Ok(first + count),
        Some(at) => Err(at + text.get(at..).map_or(0, unknown).min(text.len() - at.min(text.len()))),
    };
    match text.as_bytes().get(1) {
        Some(b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`') => Ok(2),
        Some(b'x' | b'X') => digits(2, 2, u8::is_ascii_hexdigit),
        Some(b'u') => digits(2, 4, u8::is_ascii_hexdigit),
        Some(b'U') => digits(2, 8, u8::is_ascii_hexdigit),
        Some(b'0'..=b'3') => digits(2, 2, |b| matches!(b, b'0'..=b'7')),
        Some(_) => Err(1 + unknown(text.get(1..).unwrap_or_default())),
        None => Err(1),
    }
}
