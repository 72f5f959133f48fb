//! The words of an expression.

use crate::policy::condition::value::Value;
use alloc::string::String;
use alloc::vec::Vec;

/// A word, and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'s> {
    Name(&'s str),
    /// The name of a field between backticks.
    Field(&'s str),
    /// An integer without its sign: the sign decides whether it fits.
    Int(u64),
    /// Any other literal.
    Literal(Value),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// What is wrong, and at which byte.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

/// Longer ones first, so that `<=` is not read as `<`.
const SIGNS: [&str; 24] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*",
    "/", "%",
];

/// Reads words one by one.
#[derive(Clone)]
pub(super) struct Lexer<'s> {
    source: &'s str,
    pub(super) at: usize,
}

impl<'s> Lexer<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0 }
    }

    fn rest(&self) -> &'s str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// The next word and where it starts.
    pub(super) fn next(&mut self) -> Result<(usize, Token<'s>), Fault> {
        self.skip_blanks();
        let start = self.at;
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let fault = |what| Fault { at: start, what };
        let Some(first) = bytes.first() else { return Ok((start, Token::End)) };
        if let Some(quoted) = Quoted::begin(rest) {
            let (value, length) = quoted.read(rest).map_err(fault)?;
            self.at += length;
            return Ok((start, Token::Literal(value)));
        }
        if let Some(quoted) = rest.strip_prefix('`') {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/' | ' ');
            let name = quoted.split('`').next().filter(|name| !name.is_empty() && name.chars().all(plain));
            let name = name.filter(|name| name.len() < quoted.len()).ok_or(fault("token recognition error"))?;
            self.at += name.len() + 2;
            return Ok((start, Token::Field(name)));
        }
        if first.is_ascii_alphabetic() || *first == b'_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            self.at += end;
            let name = rest.get(..end).unwrap_or_default();
            return Ok((
                start,
                match name {
                    "true" => Token::Literal(Value::Bool(true)),
                    "false" => Token::Literal(Value::Bool(false)),
                    "null" => Token::Literal(Value::Null),
                    "in" => Token::Sign("in"),
                    _ => Token::Name(name),
                },
            ));
        }
        if first.is_ascii_digit() || (*first == b'.' && bytes.get(1).is_some_and(u8::is_ascii_digit)) {
            let (token, length) = number(rest).ok_or(fault("invalid numeric literal"))?;
            self.at += length;
            return Ok((start, token));
        }
        let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign)).ok_or(fault("token recognition error"))?;
        self.at += sign.len();
        Ok((start, Token::Sign(sign)))
    }
}

fn number(rest: &str) -> Option<(Token<'_>, usize)> {
    let is_unsigned = |at: usize| matches!(rest.as_bytes().get(at), Some(b'u' | b'U'));
    let integer = |digits: &str, radix: u32, end: usize| {
        let value = u64::from_str_radix(digits, radix).ok()?;
        Some(if is_unsigned(end) { (Token::Literal(Value::Uint(value)), end + 1) } else { (Token::Int(value), end) })
    };
    if let Some(hex) = rest.strip_prefix("0x") {
        let end = hex.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(hex.len());
        return integer(hex.get(..end)?, 16, end + 2);
    }
    let bytes = rest.as_bytes();
    let run = |from: usize| from + bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let whole = run(0);
    let mut end = whole;
    if bytes.get(end) == Some(&b'.') && run(end + 1) > end + 1 {
        end = run(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let digits = end + 1 + usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if run(digits) > digits {
            end = run(digits);
        }
    }
    if end == whole {
        return integer(rest.get(..end)?, 10, end);
    }
    let value: f64 = rest.get(..end)?.parse().ok()?;
    value.is_finite().then_some((Token::Literal(Value::Double(value)), end))
}

/// How a string literal begins.
struct Quoted {
    bytes: bool,
    raw: bool,
    quote: &'static str,
    prefix: usize,
}

impl Quoted {
    fn begin(rest: &str) -> Option<Self> {
        let (bytes, after) = match rest.strip_prefix(['b', 'B']) {
            Some(after) => (true, after),
            None => (false, rest),
        };
        let (raw, after) = match after.strip_prefix(['r', 'R']) {
            Some(after) => (true, after),
            None => (false, after),
        };
        let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| after.starts_with(quote))?;
        Some(Self { bytes, raw, quote, prefix: rest.len() - after.len() })
    }

    fn read(&self, rest: &str) -> Result<(Value, usize), &'static str> {
        let long = self.quote.len() == 3;
        let mut out = Vec::new();
        let mut at = self.prefix + self.quote.len();
        loop {
            let here = rest.get(at..).unwrap_or_default();
            if here.starts_with(self.quote) {
                at += self.quote.len();
                break;
            }
            let Some(c) = here.chars().next() else { return Err("unterminated string literal") };
            if c == '\\' && !self.raw {
                at += 1 + self.escape(here.get(1..).unwrap_or_default(), &mut out)?;
                continue;
            }
            at += c.len_utf8();
            match c {
                '\n' | '\r' if !long => return Err("unterminated string literal"),
                // Line ends are `\n`, however they are written (the language's definition, "Values").
                '\r' if here.starts_with("\r\n") => {}
                '\r' => out.push(b'\n'),
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if self.bytes {
            return Ok((Value::Bytes(out.into()), at));
        }
        let text = String::from_utf8(out).map_err(|_| "invalid string literal")?;
        Ok((Value::String(text.into()), at))
    }

    /// Reads what follows a backslash and returns how long it is.
    fn escape(&self, rest: &str, out: &mut Vec<u8>) -> Result<usize, &'static str> {
        const INVALID: &str = "invalid escape sequence in literal";
        let Some(first) = rest.bytes().next() else { return Err(INVALID) };
        let simple = match first {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\\' | b'\'' | b'"' | b'`' | b'?' => first,
            _ => 0,
        };
        if simple != 0 {
            out.push(simple);
            return Ok(1);
        }
        let (digits, radix, length) = match first {
            b'x' | b'X' => (rest.get(1..3), 16, 3),
            b'u' if !self.bytes => (rest.get(1..5), 16, 5),
            b'U' if !self.bytes => (rest.get(1..9), 16, 9),
            b'0'..=b'3' => (rest.get(..3), 8, 3),
            _ => return Err(INVALID),
        };
        // `from_str_radix` would take a sign.
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())).ok_or(INVALID)?;
        let code = u32::from_str_radix(digits, radix).map_err(|_| INVALID)?;
        if self.bytes {
            out.push(code as u8);
        } else {
            let c = char::from_u32(code).ok_or(INVALID)?;
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(length)
    }
}
