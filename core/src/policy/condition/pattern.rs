//! The syntax of regular expressions.

use alloc::boxed::Box;
use alloc::vec::Vec;

/// RE2's limit for a repetition.
const REPEAT: u32 = 1_000;
const NESTING: usize = 32;
/// As many ranges as a class may be written with.
const CLASS: usize = 1_000;

/// Ranges of code points, both ends included.
pub(super) type Set = Vec<(u32, u32)>;

#[derive(Clone, Debug)]
pub(super) enum Ast {
    Empty,
    Set(Set),
    Assert(Assertion),
    Concat(Vec<Ast>),
    Either(Vec<Ast>),
    Repeat(Box<Ast>, u32, Option<u32>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Assertion {
    TextStart,
    TextEnd,
    LineStart,
    LineEnd,
    Word,
    NotWord,
}

pub(super) type Parsed<T> = Result<T, &'static str>;

#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
}

struct Parser<'p> {
    rest: &'p str,
    flags: Flags,
    depth: usize,
}

const DIGIT: &[(u32, u32)] = &[(48, 57)];
const SPACE: &[(u32, u32)] = &[(9, 10), (12, 13), (32, 32)];
const WORD: &[(u32, u32)] = &[(48, 57), (65, 90), (95, 95), (97, 122)];
const LAST: u32 = 0x10_FFFF;

/// The classes of POSIX, `[[:alpha:]]`.
const CLASSES: [(&str, &[(u32, u32)]); 14] = [
    ("alnum", &[(48, 57), (65, 90), (97, 122)]),
    ("alpha", &[(65, 90), (97, 122)]),
    ("ascii", &[(0, 127)]),
    ("blank", &[(9, 9), (32, 32)]),
    ("cntrl", &[(0, 31), (127, 127)]),
    ("digit", DIGIT),
    ("graph", &[(33, 126)]),
    ("lower", &[(97, 122)]),
    ("print", &[(32, 126)]),
    ("punct", &[(33, 47), (58, 64), (91, 96), (123, 126)]),
    ("space", &[(9, 13), (32, 32)]),
    ("upper", &[(65, 90)]),
    ("word", WORD),
    ("xdigit", &[(48, 57), (65, 70), (97, 102)]),
];

const CLASS_ERROR: &str = "error parsing regexp: missing closing ]";
const ESCAPE_ERROR: &str = "error parsing regexp: invalid escape sequence";
const RANGE_ERROR: &str = "error parsing regexp: invalid character class range";
const GROUP_ERROR: &str = "error parsing regexp: invalid or unsupported Perl syntax";
const REPEAT_ERROR: &str = "error parsing regexp: invalid nested repetition operator";
const COUNT_ERROR: &str = "error parsing regexp: invalid repeat count";
const FOLD_ERROR: &str = "error parsing regexp: case folding is for ASCII only";

fn negated(set: Set) -> Set {
    // Sets are small: inserting in order costs less code than sorting.
    let mut sorted = Set::new();
    for range in set {
        sorted.insert(sorted.partition_point(|other| *other < range), range);
    }
    let mut out = Vec::new();
    let mut next = 0;
    for (low, high) in sorted {
        if low > next {
            out.push((next, low - 1));
        }
        next = next.max(high + 1);
    }
    if next <= LAST {
        out.push((next, LAST));
    }
    out
}

/// Adds the other case of what is in ASCII, and the two letters outside whose other case is in ASCII.
fn folded(set: &mut Set) -> Parsed<()> {
    let beyond_ascii = |&(low, high): &(u32, u32)| high > 127 && !(low <= 128 && high == LAST);
    if set.iter().any(beyond_ascii) {
        return Err(FOLD_ERROR);
    }
    for index in 0..set.len() {
        let Some(&(low, high)) = set.get(index) else { break };
        for (first, last, other) in [(65, 90, 32_i32), (97, 122, -32)] {
            let (from, to) = (low.max(first), high.min(last));
            if from <= to {
                set.push((from.wrapping_add_signed(other), to.wrapping_add_signed(other)));
            }
        }
        for (letter, twin) in [(u32::from('k'), 0x212A), (u32::from('s'), 0x17F)] {
            if (low..=high).contains(&letter) || (low..=high).contains(&(letter - 32)) {
                set.push((twin, twin));
            }
        }
    }
    Ok(())
}

impl<'p> Parser<'p> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.rest = self.rest.get(c.len_utf8()..)?;
        Some(c)
    }

    fn accept(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn alternatives(&mut self) -> Parsed<Ast> {
        self.depth += 1;
        if self.depth > NESTING {
            return Err("error parsing regexp: expression nests too deeply");
        }
        // Flags set inside of a group end with it, those between alternatives do not.
        let flags = self.flags;
        let mut branches = Vec::from([self.sequence()?]);
        while self.accept("|") {
            branches.push(self.sequence()?);
        }
        self.flags = flags;
        self.depth -= 1;
        Ok(match branches.len() {
            1 => branches.pop().unwrap_or(Ast::Empty),
            _ => Ast::Either(branches),
        })
    }

    fn sequence(&mut self) -> Parsed<Ast> {
        let mut items = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            if self.accept("\\Q") {
                let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
                for c in quoted.chars() {
                    items.push(self.literal(c)?);
                }
                self.rest = rest;
                continue;
            }
            let item = self.item()?;
            items.push(self.repetition(item)?);
        }
        Ok(Ast::Concat(items))
    }

    fn literal(&self, c: char) -> Parsed<Ast> {
        let mut set = Vec::from([(c as u32, c as u32)]);
        if self.flags.fold {
            folded(&mut set)?;
        }
        Ok(Ast::Set(set))
    }

    fn repetition(&mut self, item: Ast) -> Parsed<Ast> {
        let before = self.rest;
        let Some((least, most)) = self.count()? else { return Ok(item) };
        // Lazy or not: it decides what is found, not whether.
        self.accept("?");
        let after = self.rest;
        if self.count()?.is_some() {
            return Err(REPEAT_ERROR);
        }
        self.rest = after;
        debug_assert!(self.rest.len() < before.len());
        Ok(Ast::Repeat(Box::new(item), least, most))
    }

    fn count(&mut self) -> Parsed<Option<(u32, Option<u32>)>> {
        if self.accept("*") {
            return Ok(Some((0, None)));
        }
        if self.accept("+") {
            return Ok(Some((1, None)));
        }
        if self.accept("?") {
            return Ok(Some((0, Some(1))));
        }
        // What only looks like a repetition is text.
        let Some((inside, rest)) = self.rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
            return Ok(None);
        };
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
            true if text.len() > 1 && text.starts_with('0') => None,
            true => Some(text.parse().unwrap_or(u32::MAX)),
            false => None,
        };
        let bounds = match inside.split_once(',') {
            None => number(inside).map(|count| (count, Some(count))),
            Some((least, "")) => number(least).map(|least| (least, None)),
            Some((least, most)) => number(least).zip(number(most)).map(|(least, most)| (least, Some(most))),
        };
        let Some((least, most)) = bounds else { return Ok(None) };
        if least > REPEAT || most.is_some_and(|most| most > REPEAT || most < least) {
            return Err(COUNT_ERROR);
        }
        self.rest = rest;
        Ok(Some((least, most)))
    }

    fn item(&mut self) -> Parsed<Ast> {
        let Some(c) = self.next() else { return Ok(Ast::Empty) };
        Ok(match c {
            '*' | '+' | '?' => return Err("error parsing regexp: missing argument to repetition operator"),
            '^' if self.flags.lines => Ast::Assert(Assertion::LineStart),
            '^' => Ast::Assert(Assertion::TextStart),
            '$' if self.flags.lines => Ast::Assert(Assertion::LineEnd),
            '$' => Ast::Assert(Assertion::TextEnd),
            '.' if self.flags.dot_all => Ast::Set(Vec::from([(0, LAST)])),
            '.' => Ast::Set(Vec::from([(0, 9), (11, LAST)])),
            '[' => Ast::Set(self.class()?),
            '(' => return self.group(),
            '\\' => match self.peek() {
                Some('A') => self.assertion(Assertion::TextStart),
                Some('z') => self.assertion(Assertion::TextEnd),
                Some('b') => self.assertion(Assertion::Word),
                Some('B') => self.assertion(Assertion::NotWord),
                _ => match self.perl_class() {
                    Some(set) => Ast::Set(set),
                    None => {
                        let c = self.escape()?;
                        self.literal(c)?
                    }
                },
            },
            c => self.literal(c)?,
        })
    }

    fn assertion(&mut self, assertion: Assertion) -> Ast {
        self.next();
        Ast::Assert(assertion)
    }

    fn group(&mut self) -> Parsed<Ast> {
        if self.accept("?P<") || self.accept("?<") {
            let (name, rest) = self.rest.split_once('>').ok_or(GROUP_ERROR)?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(GROUP_ERROR);
            }
            self.rest = rest;
        } else if self.accept("?") {
            let mut flags = self.flags;
            let mut on = true;
            let mut seen = false;
            loop {
                match self.next() {
                    Some('i') => flags.fold = on,
                    Some('m') => flags.lines = on,
                    Some('s') => flags.dot_all = on,
                    Some('U') => {}
                    Some('-') if on => {
                        on = false;
                        seen = false;
                        continue;
                    }
                    Some(')') if seen => {
                        self.flags = flags;
                        return Ok(Ast::Empty);
                    }
                    Some(':') if seen || on => break,
                    _ => return Err(GROUP_ERROR),
                }
                seen = true;
            }
            let outer = core::mem::replace(&mut self.flags, flags);
            let inside = self.closed();
            self.flags = outer;
            return inside;
        }
        self.closed()
    }

    fn closed(&mut self) -> Parsed<Ast> {
        let inside = self.alternatives()?;
        match self.accept(")") {
            true => Ok(inside),
            false => Err("error parsing regexp: missing closing )"),
        }
    }

    /// `\d` and its like, after the backslash.
    fn perl_class(&mut self) -> Option<Set> {
        let set = match self.peek()?.to_ascii_lowercase() {
            'd' => DIGIT,
            's' => SPACE,
            'w' => WORD,
            _ => return None,
        };
        let negate = self.next()?.is_ascii_uppercase();
        Some(if negate { negated(set.to_vec()) } else { set.to_vec() })
    }

    /// One character, after the backslash.
    fn escape(&mut self) -> Parsed<char> {
        let c = self.next().ok_or("error parsing regexp: trailing backslash at end of expression")?;
        Ok(match c {
            'a' => '\u{7}',
            'f' => '\u{c}',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'v' => '\u{b}',
            '0'..='7' => {
                // One digit other than 0 alone would be a reference to a group.
                let more = self.rest.bytes().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                if c != '0' && more == 0 {
                    return Err(ESCAPE_ERROR);
                }
                let mut code = c as u32 - 48;
                for _ in 0..more {
                    code = code * 8 + self.next().map_or(0, |digit| digit as u32 - 48);
                }
                char::from_u32(code).ok_or(ESCAPE_ERROR)?
            }
            'x' => {
                let digits = match self.rest.strip_prefix('{') {
                    Some(rest) => {
                        let (digits, rest) = rest.split_once('}').ok_or(ESCAPE_ERROR)?;
                        self.rest = rest;
                        digits
                    }
                    None => {
                        let (digits, rest) = self.rest.split_at_checked(2).ok_or(ESCAPE_ERROR)?;
                        self.rest = rest;
                        digits
                    }
                };
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                    return Err(ESCAPE_ERROR);
                }
                let code = u32::from_str_radix(digits, 16).map_err(|_| ESCAPE_ERROR)?;
                char::from_u32(code).ok_or(ESCAPE_ERROR)?
            }
            c if c.is_ascii_punctuation() => c,
            _ => return Err(ESCAPE_ERROR),
        })
    }

    /// `[…]`, after the bracket.
    fn class(&mut self) -> Parsed<Set> {
        let negate = self.accept("^");
        let mut set: Set = Vec::new();
        let mut first = true;
        while first || self.peek() != Some(']') {
            if self.rest.is_empty() {
                return Err(CLASS_ERROR);
            }
            // A dash stands for itself at either end only.
            let dash = self.rest.strip_prefix('-');
            if !first && dash.is_some_and(|after| !after.starts_with(']')) {
                return Err(RANGE_ERROR);
            }
            first = false;
            if set.len() > CLASS {
                return Err("error parsing regexp: character class too large");
            }
            if let Some((name, rest)) = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
                let (name, not) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
                let (_, class) = CLASSES.iter().find(|(known, _)| *known == name).ok_or(RANGE_ERROR)?;
                set.extend(if not { negated(class.to_vec()) } else { class.to_vec() });
                self.rest = rest;
                continue;
            }
            if self.accept("\\") {
                if let Some(class) = self.perl_class() {
                    set.extend(class);
                    continue;
                }
                let low = self.escape()?;
                self.range(low, &mut set)?;
                continue;
            }
            let low = self.next().ok_or(CLASS_ERROR)?;
            self.range(low, &mut set)?;
        }
        self.next();
        if self.flags.fold {
            folded(&mut set)?;
        }
        Ok(if negate { negated(set) } else { set })
    }

    fn range(&mut self, low: char, set: &mut Set) -> Parsed<()> {
        let mut high = low;
        if self.rest.strip_prefix('-').is_some_and(|after| !after.starts_with(']')) {
            self.next();
            high = match self.next().ok_or(CLASS_ERROR)? {
                '\\' => self.escape()?,
                c => c,
            };
        }
        if high < low {
            return Err(RANGE_ERROR);
        }
        set.push((low as u32, high as u32));
        Ok(())
    }
}

/// Reads a whole pattern.
pub(super) fn parse(pattern: &str) -> Parsed<Ast> {
    let mut parser = Parser { rest: pattern, flags: Flags::default(), depth: 0 };
    let ast = parser.alternatives()?;
    match parser.rest.is_empty() {
        true => Ok(ast),
        false => Err("error parsing regexp: unexpected )"),
    }
}
