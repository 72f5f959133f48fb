//! Tuples out of files, one after the other, each with its place: YAML and JSON lists, JSON lines, and CSV with OpenFGA's
//! columns. `expires_at`, which OpenFGA does not know, may stand in all of them.

use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::rc::Rc;

use chrono::DateTime;
use saphyr_parser::Event;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_server::service::policy::TupleIn;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::text::{At, Mistake, Text};
use super::yaml::{Node, Reader};

/// How tuples are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// user_type,user_id,user_relation,relation,object_type,object_id,condition_name,condition_context,expires_at
    Csv,
    /// One JSON object in each line
    Jsonl,
    /// A list in JSON
    Json,
    /// A list in YAML, or a store file with `tuples`
    Yaml,
}

impl Format {
    /// By the end of a file's name.
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "json" => Some(Self::Json),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }

    /// As [`Format::of`], or what the name should have been.
    pub(super) fn of_file(path: &Path) -> Result<Self, Mistake> {
        let why = "tuples are read from files that end in .yaml, .json, .jsonl or .csv";
        Self::of(path).ok_or_else(|| Mistake::of_file(&path.display().to_string(), why))
    }
}

/// A tuple and where it was written.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) tuple: TupleIn,
    pub(super) spot: Spot,
}

/// Where a tuple was written.
#[derive(Clone, Debug)]
pub(super) enum Spot {
    /// In a text.
    At(At),
    /// In a line of a stream.
    Line(Rc<str>, u64),
}

impl Spot {
    /// A mistake there.
    pub(super) fn mistake(&self, message: impl Into<String>) -> Mistake {
        match self {
            Self::At(at) => at.mistake(message),
            Self::Line(name, line) => Mistake::of_line(name, *line, message),
        }
    }

    /// `file:line:column`
    pub(super) fn shown(&self) -> String {
        match self {
            Self::At(at) => at.shown(),
            Self::Line(name, line) => format!("{name}:{line}"),
        }
    }
}

/// Tuples one after the other. After a mistake there are no more.
pub(super) type Tuples<'a> = Box<dyn Iterator<Item = Result<Entry, Mistake>> + 'a>;

/// The tuples of a text that is there as a whole.
pub(super) fn of_text(text: &Rc<Text>, format: Format) -> Result<Vec<Entry>, Mistake> {
    let in_line = |line: u64| {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let width = text.line(line).map_or(1, |line| line.chars().count());
        Spot::At(At { text: Rc::clone(text), line, column: 1, width })
    };
    match format {
        Format::Csv => csv(Cursor::new(text.content.as_bytes()), Box::new(in_line))?.collect(),
        Format::Jsonl => lines(Cursor::new(text.content.as_bytes()), Box::new(in_line)).collect(),
        Format::Json => json(text),
        Format::Yaml => yaml(text),
    }
}

/// The tuples of a stream that is never there as a whole: CSV or JSON lines.
pub(super) fn of_stream<'a>(name: &str, from: impl Read + 'a, format: Format) -> Result<Tuples<'a>, Mistake> {
    let name: Rc<str> = name.into();
    let in_line = Box::new(move |line| Spot::Line(Rc::clone(&name), line));
    let from = BufReader::new(from);
    match format {
        Format::Csv => csv(from, in_line),
        _ => Ok(lines(from, in_line)),
    }
}

/// As a question of the engine has it.
pub(super) fn key(tuple: &TupleIn) -> Result<TupleKey, String> {
    let key = TupleKey::new(&tuple.object, &tuple.relation, &tuple.user).map_err(|why| why.message().to_owned())?;
    Ok(match &tuple.condition {
        Some(name) => {
            let context = tuple.context.as_ref().filter(|context| !context.is_empty());
            key.with_condition(
                name,
                &context.map(|context| Value::Object(context.clone()).to_string()).unwrap_or_default(),
            )
        }
        None => key,
    })
}

/// A tuple of a YAML file: `user`, `relation`, `object`, and perhaps `condition` and `expires_at`.
pub(super) fn of_node(node: &Node) -> Result<Entry, Mistake> {
    let [user, relation, object, condition, expires] =
        node.fields("a tuple", ["user", "relation", "object", "condition", "expires_at"])?;
    let part = |part: Option<&Node>, name: &str| match part {
        Some(part) => part.text(name).map(ToOwned::to_owned),
        None => Err(node.at.mistake(format!("the tuple has no `{name}`"))),
    };
    let mut tuple = TupleIn {
        user: part(user, "user")?,
        relation: part(relation, "relation")?,
        object: part(object, "object")?,
        ..TupleIn::default()
    };
    if let Some(condition) = condition {
        let [name, context] = condition.fields("a condition", ["name", "context"])?;
        let name = name.ok_or_else(|| condition.at.mistake("the condition has no `name`"))?;
        tuple.condition = Some(name.text("name")?.to_owned());
        tuple.context = context.map(|context| context.object("context")).transpose()?;
    }
    if let Some(expires) = expires {
        tuple.expires_at = Some(moment(expires.text("expires_at")?).map_err(|why| expires.at.mistake(why))?);
    }
    Ok(Entry { tuple, spot: Spot::At(node.at.clone()) })
}

fn yaml(text: &Rc<Text>) -> Result<Vec<Entry>, Mistake> {
    let mut reader = Reader::new(text);
    let mut found = Vec::new();
    match reader.begin()? {
        None => {}
        Some((Event::SequenceStart(..), _)) => {
            while let Some(node) = reader.item()? {
                found.push(of_node(&node)?);
            }
        }
        Some((Event::MappingStart(..), at)) => {
            return Err(at.mistake("tuples are a list; a store file with `tuples` is named .fga.yaml"));
        }
        Some((_, at)) => return Err(at.mistake("tuples are a list")),
    }
    reader.end()?;
    Ok(found)
}

/// A tuple in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    user: String,
    relation: String,
    object: String,
    condition: Option<Condition>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    name: String,
    context: Option<Map<String, Value>>,
}

impl Written {
    fn tuple(self) -> Result<TupleIn, String> {
        let Self { user, relation, object, condition, expires_at } = self;
        let (condition, context) = condition.map_or((None, None), |found| (Some(found.name), found.context));
        let expires_at = expires_at.map(|text| moment(&text)).transpose()?;
        Ok(TupleIn { object, relation, user, condition, context, expires_at })
    }
}

/// serde's words without the place that they end with: it is told otherwise.
fn why(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split_once(" at line ").map_or(text.as_str(), |(why, _)| why).to_owned()
}

fn json(text: &Rc<Text>) -> Result<Vec<Entry>, Mistake> {
    let items: Vec<&RawValue> = serde_json::from_str(&text.content).map_err(|error| {
        let (line, column) = (error.line().max(1), error.column().max(1));
        let at = At { text: Rc::clone(text), line, column, width: 1 };
        at.mistake(format!("this is not a list of tuples in JSON: {}", why(&error)))
    })?;
    let mut found = Vec::with_capacity(items.len());
    // Places by lines passed: from the beginning for each would be quadratic.
    let (mut passed, mut line, mut line_start) = (0, 1, 0);
    for item in items {
        // INVARIANT: what was not copied lies in the text.
        let offset = (item.get().as_ptr() as usize).saturating_sub(text.content.as_ptr() as usize);
        let between = text.content.get(passed..offset).unwrap_or_default();
        if let Some(last) = between.rfind('\n') {
            line += between.matches('\n').count();
            line_start = passed + last + 1;
        }
        passed = offset;
        let column = text.content.get(line_start..offset).map_or(0, |before| before.chars().count()) + 1;
        let at = At { text: Rc::clone(text), line, column, width: 1 };
        let tuple = serde_json::from_str::<Written>(item.get()).map_err(|error| why(&error)).and_then(Written::tuple);
        found.push(Entry { tuple: tuple.map_err(|why| at.mistake(why))?, spot: Spot::At(at) });
    }
    Ok(found)
}

/// Longest line of JSON lines in bytes: a context of 32 KiB, however it is spelled, and the names.
const LINE: u64 = 1024 * 1024;

type SpotOf<'a> = Box<dyn Fn(u64) -> Spot + 'a>;

fn lines<'a>(mut from: impl BufRead + 'a, spot: SpotOf<'a>) -> Tuples<'a> {
    let mut number = 0;
    let mut over = false;
    Box::new(std::iter::from_fn(move || {
        let mut line = Vec::new();
        while !over {
            number += 1;
            line.clear();
            let read = from.by_ref().take(LINE + 1).read_until(b'\n', &mut line);
            let found = match read {
                Err(why) => Err(format!("cannot be read: {why}")),
                Ok(0) => break,
                Ok(_) if line.len() as u64 > LINE => Err(format!("the line is longer than {LINE} bytes")),
                Ok(_) if line.trim_ascii().is_empty() => continue,
                Ok(_) => {
                    let written = serde_json::from_slice::<Written>(line.trim_ascii());
                    written.map_err(|error| why(&error)).and_then(Written::tuple)
                }
            };
            over = found.is_err();
            let spot = spot(number);
            return Some(match found {
                Ok(tuple) => Ok(Entry { tuple, spot }),
                Err(why) => Err(spot.mistake(why)),
            });
        }
        over = true;
        None
    }))
}

/// The columns, in the order in which they are written.
pub(super) const COLUMNS: [&str; 9] = [
    "user_type",
    "user_id",
    "user_relation",
    "relation",
    "object_type",
    "object_id",
    "condition_name",
    "condition_context",
    "expires_at",
];

fn csv<'a>(from: impl Read + 'a, spot: SpotOf<'a>) -> Result<Tuples<'a>, Mistake> {
    let mut reader = csv::ReaderBuilder::new().from_reader(from);
    let header = reader.headers().map_err(|why| broken_csv(&why, &spot))?.clone();
    let header: Vec<&str> = header.iter().map(|name| name.trim().trim_start_matches('\u{feff}')).collect();
    if let Some(name) = header.iter().find(|name| !COLUMNS.contains(name)) {
        return Err(spot(1).mistake(format!("there is no column `{name}`, but {}", COLUMNS.join(", "))));
    }
    let mut columns = COLUMNS.map(|name| header.iter().position(|found| *found == name));
    for (name, column) in COLUMNS.iter().zip(&columns) {
        let optional = matches!(*name, "user_relation" | "condition_name" | "condition_context" | "expires_at");
        if column.is_none() && !optional {
            return Err(spot(1).mistake(format!("the first line has to name the columns: `{name}` is missing")));
        }
        if header.iter().filter(|found| *found == name).count() > 1 {
            return Err(spot(1).mistake(format!("the column `{name}` stands there twice")));
        }
    }
    if let [.., None, Some(_), _] = columns {
        return Err(spot(1).mistake("`condition_context` needs `condition_name`"));
    }
    let mut record = csv::StringRecord::new();
    let mut over = false;
    Ok(Box::new(std::iter::from_fn(move || {
        if over {
            return None;
        }
        let read = match reader.read_record(&mut record) {
            Ok(false) => {
                over = true;
                return None;
            }
            Ok(true) => {
                let spot = spot(record.position().map_or(0, csv::Position::line));
                match of_record(&record, &mut columns) {
                    Ok(tuple) => Ok(Entry { tuple, spot }),
                    Err(why) => Err(spot.mistake(why)),
                }
            }
            Err(why) => Err(broken_csv(&why, &spot)),
        };
        over = read.is_err();
        Some(read)
    })))
}

fn of_record(record: &csv::StringRecord, columns: &mut [Option<usize>; 9]) -> Result<TupleIn, String> {
    let [user_type, user_id, user_relation, relation, object_type, object_id, condition, context, expires] =
        columns.map(|column| column.and_then(|column| record.get(column)).unwrap_or_default());
    let mut user = format!("{user_type}:{user_id}");
    if !user_relation.is_empty() {
        user.push('#');
        user.push_str(user_relation);
    }
    let mut tuple =
        TupleIn { user, relation: relation.into(), object: format!("{object_type}:{object_id}"), ..TupleIn::default() };
    if !condition.is_empty() {
        tuple.condition = Some(condition.into());
        if !context.is_empty() {
            let object = serde_json::from_str(context);
            tuple.context =
                Some(object.map_err(|error| format!("condition_context is no JSON object: {}", why(&error)))?);
        }
    } else if !context.is_empty() {
        return Err("a condition_context without a condition_name".to_owned());
    }
    if !expires.is_empty() {
        tuple.expires_at = Some(moment(expires)?);
    }
    Ok(tuple)
}

fn broken_csv(error: &csv::Error, spot: &SpotOf<'_>) -> Mistake {
    let line = error.position().map_or(1, csv::Position::line);
    let why = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} columns where there are {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "it is not UTF-8".to_owned(),
        csv::ErrorKind::Io(why) => format!("cannot be read: {why}"),
        _ => "this is not CSV".to_owned(),
    };
    spot(line).mistake(why)
}

/// A moment, in milliseconds since 1970.
fn moment(text: &str) -> Result<i64, String> {
    let moment = DateTime::parse_from_rfc3339(text);
    moment.map(|moment| moment.timestamp_millis()).map_err(|_| format!("{text} is no moment as RFC 3339 writes it"))
}
