//! YAML, with the place of each value, within limits.

use std::collections::HashMap;
use std::rc::Rc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};
use serde_json::{Map, Number, Value};

use super::text::{At, Mistake, Text};

/// Deepest nesting.
const DEPTH: usize = 64;
/// Most values that aliases may repeat, all together: a few lines of them can stand for more than any memory holds.
const REPEATED: usize = 100_000;

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: At,
    pub(super) value: Content,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Scalar(String, ScalarStyle),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// Reads values one after the other.
pub(super) struct Reader<'a> {
    text: &'a Rc<Text>,
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Node>,
    repeated: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a Rc<Text>) -> Self {
        let parser = Parser::new_from_str(&text.content);
        Self { text, parser, anchors: HashMap::new(), repeated: 0 }
    }

    fn at(&self, span: Span) -> At {
        let width =
            if span.start.line() == span.end.line() { span.end.col().saturating_sub(span.start.col()) } else { 1 };
        let (line, column) = (span.start.line(), span.start.col() + 1);
        At { text: Rc::clone(self.text), line, column, width: width.max(1) }
    }

    fn broken(&self, error: &ScanError) -> Mistake {
        let (line, column) = (error.marker().line(), error.marker().col() + 1);
        let at = At { text: Rc::clone(self.text), line, column, width: 1 };
        at.mistake(format!("this is not YAML: {}", error.info()))
    }

    fn next(&mut self) -> Result<(Event<'a>, At), Mistake> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.at(span))),
            Some(Err(error)) => Err(self.broken(&error)),
            None => Ok((Event::StreamEnd, At { text: Rc::clone(self.text), line: 1, column: 1, width: 1 })),
        }
    }

    /// The first thing in the document; `None` where there is nothing.
    pub(super) fn begin(&mut self) -> Result<Option<(Event<'a>, At)>, Mistake> {
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (Event::StreamEnd | Event::DocumentEnd, _) => return Ok(None),
                found => return Ok(Some(found)),
            }
        }
    }

    /// What follows within a list that began; `None` at its end.
    pub(super) fn item(&mut self) -> Result<Option<Node>, Mistake> {
        match self.next()? {
            (Event::SequenceEnd, _) => Ok(None),
            (event, at) => self.node(event, at, 1).map(Some),
        }
    }

    /// That nothing comes after the one document.
    pub(super) fn end(&mut self) -> Result<(), Mistake> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, at) => return Err(at.mistake("a file has one document")),
            }
        }
    }

    /// The value that an event begins. The recursion is as deep as [`DEPTH`].
    pub(super) fn node(&mut self, event: Event<'a>, at: At, depth: usize) -> Result<Node, Mistake> {
        if depth > DEPTH {
            return Err(at.mistake(format!("nested more than {DEPTH} deep")));
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, _) => (anchor, Content::Scalar(text.into_owned(), style)),
            Event::SequenceStart(anchor, _) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break (anchor, Content::List(items)),
                        (event, at) => items.push(self.node(event, at, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(anchor, _) => {
                let mut members = Vec::new();
                loop {
                    let (event, at) = match self.next()? {
                        (Event::MappingEnd, _) => break (anchor, Content::Map(members)),
                        found => found,
                    };
                    let name = self.node(event, at, depth + 1)?;
                    let (event, at) = self.next()?;
                    members.push((name, self.node(event, at, depth + 1)?));
                }
            }
            Event::Alias(anchor) => {
                let found = self.anchors.get(&anchor).cloned();
                let found = found.ok_or_else(|| at.mistake("an alias of something that is not there"))?;
                self.repeated = self.repeated.saturating_add(size(&found));
                if self.repeated > REPEATED {
                    return Err(at.mistake(format!("aliases repeat more than {REPEATED} values")));
                }
                return Ok(found);
            }
            _ => return Err(at.mistake("a value is missing here")),
        };
        let node = Node { at, value };
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }
}

/// How many values it is made of.
fn size(node: &Node) -> usize {
    1 + match &node.value {
        Content::Scalar(..) => 0,
        Content::List(items) => items.iter().map(size).sum(),
        Content::Map(members) => members.iter().map(|(name, value)| size(name) + size(value)).sum(),
    }
}

/// The one document of a file.
pub(super) fn document(text: &Rc<Text>) -> Result<Node, Mistake> {
    let mut reader = Reader::new(text);
    let Some((event, at)) = reader.begin()? else { return Err(Mistake::of_file(&text.name, "there is nothing in it")) };
    let node = reader.node(event, at, 0)?;
    reader.end()?;
    Ok(node)
}

impl Node {
    /// Nothing: `null`, `~` or an empty place.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Content::Scalar(text, ScalarStyle::Plain) if matches!(&**text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// A text. What is written plainly and could be something else is one, too: ids may look like numbers.
    pub(super) fn text(&self, what: &str) -> Result<&str, Mistake> {
        match &self.value {
            Content::Scalar(text, _) if !self.is_null() => Ok(text),
            _ => Err(self.at.mistake(format!("{what} must be a text"))),
        }
    }

    /// True or false.
    pub(super) fn truth(&self, what: &str) -> Result<bool, Mistake> {
        match &self.value {
            Content::Scalar(text, ScalarStyle::Plain) => match &**text {
                "true" | "True" | "TRUE" => Ok(true),
                "false" | "False" | "FALSE" => Ok(false),
                _ => Err(self.at.mistake(format!("{what} must be true or false"))),
            },
            _ => Err(self.at.mistake(format!("{what} must be true or false"))),
        }
    }

    /// The values of a list; nothing is an empty one.
    pub(super) fn list(&self, what: &str) -> Result<&[Node], Mistake> {
        match &self.value {
            Content::List(items) => Ok(items),
            _ if self.is_null() => Ok(&[]),
            _ => Err(self.at.mistake(format!("{what} must be a list"))),
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self, what: &str) -> Result<Vec<String>, Mistake> {
        self.list(what)?.iter().map(|item| item.text(what).map(ToOwned::to_owned)).collect()
    }

    /// The members of a mapping, each name once; nothing is an empty one.
    pub(super) fn members(&self, what: &str) -> Result<Vec<(&str, &Node, &Node)>, Mistake> {
        let members: &[(Node, Node)] = match &self.value {
            Content::Map(members) => members,
            _ if self.is_null() => &[],
            _ => return Err(self.at.mistake(format!("{what} must be a mapping"))),
        };
        let mut seen = std::collections::HashSet::new();
        let mut found = Vec::with_capacity(members.len());
        for (name, value) in members {
            let text = name.text("a name")?;
            if !seen.insert(text) {
                return Err(name.at.mistake(format!("`{text}` stands here twice")));
            }
            found.push((text, name, value));
        }
        Ok(found)
    }

    /// The members that `names` asks for, and no others. One that is null counts as not there.
    pub(super) fn fields<const N: usize>(&self, what: &str, names: [&str; N]) -> Result<[Option<&Self>; N], Mistake> {
        let mut fields = [None; N];
        for (text, name, value) in self.members(what)? {
            let slot = names.iter().position(|known| *known == text).and_then(|at| fields.get_mut(at));
            let Some(slot) = slot else {
                return Err(name.at.mistake(format!("{what} has no field `{text}`; it has {}", names.join(", "))));
            };
            *slot = Some(value).filter(|value| !value.is_null());
        }
        Ok(fields)
    }

    /// As JSON, by YAML's core schema.
    pub(super) fn json(&self) -> Result<Value, Mistake> {
        Ok(match &self.value {
            Content::Scalar(text, ScalarStyle::Plain) => {
                plain(text).ok_or_else(|| self.at.mistake(format!("{text} is no number that JSON has")))?
            }
            Content::Scalar(text, _) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Self::json).collect::<Result<_, _>>()?),
            Content::Map(_) => Value::Object(self.object("a mapping")?),
        })
    }

    /// A JSON object.
    pub(super) fn object(&self, what: &str) -> Result<Map<String, Value>, Mistake> {
        let members = self.members(what)?;
        members.into_iter().map(|(text, _, value)| Ok((text.to_owned(), value.json()?))).collect()
    }
}

/// A plain scalar. What is no word or number of the core schema is a text, also a moment in time.
fn plain(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        ".nan" | ".NaN" | ".NAN" => return None,
        _ if matches!(unsigned, ".inf" | ".Inf" | ".INF") => return None,
        _ if text.starts_with("0x") || text.starts_with("0o") => {
            let radix = if text.starts_with("0x") { 16 } else { 8 };
            text.get(2..).and_then(|digits| u64::from_str_radix(digits, radix).ok()).map_or(text.into(), Value::from)
        }
        _ if unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-')) =>
        {
            let whole = text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from));
            match (whole, text.parse::<f64>()) {
                (Ok(whole), _) => whole,
                (_, Ok(number)) => Value::Number(Number::from_f64(number)?),
                _ => text.into(),
            }
        }
        _ => text.into(),
    })
}
