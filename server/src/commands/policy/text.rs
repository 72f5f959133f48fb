//! Files as they were read, and mistakes at their places in them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde_json::{Value, json};

/// A text and the name that people know it by.
#[derive(Debug)]
pub(super) struct Text {
    /// The path as it was given, or what the text is.
    pub(super) name: String,
    /// What stands in it.
    pub(super) content: String,
}

impl Text {
    /// A text of this name.
    pub(super) fn new(name: impl Into<String>, content: impl Into<String>) -> Rc<Self> {
        Rc::new(Self { name: name.into(), content: content.into() })
    }

    /// A line, counted from 1.
    pub(super) fn line(&self, number: usize) -> Option<&str> {
        self.content.lines().nth(number.checked_sub(1)?)
    }
}

/// A place in a text. Lines and columns count from 1, columns in code points.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) text: Rc<Text>,
    pub(super) line: usize,
    pub(super) column: usize,
    /// How many characters of the line it is about.
    pub(super) width: usize,
}

impl At {
    /// A mistake here.
    pub(super) fn mistake(&self, message: impl Into<String>) -> Mistake {
        let place = Place {
            file: self.text.name.clone(),
            line: self.line,
            column: self.column,
            width: self.width,
            excerpt: self.text.line(self.line).map(ToOwned::to_owned),
        };
        Mistake { kind: None, message: message.into(), place: Some(place) }
    }

    /// `file:line:column`
    pub(super) fn shown(&self) -> String {
        format!("{}:{}:{}", self.text.name, self.line, self.column)
    }
}

/// Where a mistake is, with the line that it is in.
#[derive(Clone, Debug)]
struct Place {
    file: String,
    line: usize,
    column: usize,
    width: usize,
    excerpt: Option<String>,
}

/// Something that is wrong with what was given.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    /// OpenFGA's word for the kind of a model's mistake.
    kind: Option<&'static str>,
    message: String,
    place: Option<Place>,
}

impl Mistake {
    /// One that is nowhere in a text.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { kind: None, message: message.into(), place: None }
    }

    /// A word about what became of it.
    pub(super) fn note(message: impl Into<String>) -> Self {
        Self { kind: Some("note"), ..Self::new(message) }
    }

    /// One about a file as a whole.
    pub(super) fn of_file(name: &str, message: impl Into<String>) -> Self {
        let place = Place { file: name.to_owned(), line: 0, column: 0, width: 0, excerpt: None };
        Self { place: Some(place), ..Self::new(message) }
    }

    /// One in a line of a stream of which nothing is kept.
    pub(super) fn of_line(name: &str, line: u64, message: impl Into<String>) -> Self {
        let mut mistake = Self::of_file(name, message);
        if let Some(place) = &mut mistake.place {
            place.line = usize::try_from(line).unwrap_or(usize::MAX);
        }
        mistake
    }

    /// Of a kind.
    pub(super) fn kind(mut self, kind: &'static str) -> Self {
        self.kind = Some(kind);
        self
    }

    /// `file:line:column: message`, the line, and a caret under what it is about.
    pub(super) fn shown(&self) -> String {
        let kind = self.kind.map(|kind| format!(" [{kind}]")).unwrap_or_default();
        if self.kind == Some("note") {
            return self.message.clone();
        }
        let Some(place) = &self.place else { return format!("error: {}{kind}", self.message) };
        let Place { file, line, column, width, excerpt } = place;
        let at = match (line, column) {
            (0, _) => file.clone(),
            (line, 0) => format!("{file}:{line}"),
            (line, column) => format!("{file}:{line}:{column}"),
        };
        let mut shown = format!("{at}: {}{kind}", self.message);
        if let Some(excerpt) = excerpt.as_ref().filter(|_| *column > 0) {
            let number = line.to_string();
            // A tab is as wide as the terminal likes: as a space the caret stays below its word.
            let excerpt = excerpt.replace('\t', " ");
            let lead = " ".repeat(column - 1);
            let left = excerpt.chars().count().saturating_sub(column - 1).max(1);
            let carets = "^".repeat((*width).clamp(1, left));
            let margin = " ".repeat(number.len());
            shown.push_str(&format!("\n  {number} | {excerpt}\n  {margin} | {lead}{carets}"));
        }
        shown
    }

    /// As JSON.
    pub(super) fn json(&self) -> Value {
        let mut json = json!({ "message": self.message });
        let Some(members) = json.as_object_mut() else { return json };
        if let Some(kind) = self.kind {
            members.insert("kind".to_owned(), kind.into());
        }
        if let Some(Place { file, line, column, .. }) = &self.place {
            members.insert("file".to_owned(), file.as_str().into());
            if *line > 0 {
                members.insert("line".to_owned(), (*line).into());
            }
            if *column > 0 {
                members.insert("column".to_owned(), (*column).into());
            }
        }
        json
    }
}

impl From<Mistake> for Vec<Mistake> {
    fn from(mistake: Mistake) -> Self {
        vec![mistake]
    }
}

/// Reads a file of text of at most `limit` bytes. Pipes and devices are no files: one may have no end.
pub(super) fn read(path: &Path, limit: usize) -> Result<Rc<Text>, Mistake> {
    let name = path.display().to_string();
    let failed = |why: &dyn std::fmt::Display| Mistake::of_file(&name, format!("cannot be read: {why}"));
    if !std::fs::metadata(path).map_err(|why| failed(&why))?.is_file() {
        return Err(failed(&"it is no regular file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|why| failed(&why))?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|why| failed(&why))?;
    if bytes.len() > limit {
        return Err(failed(&format_args!("longer than {limit} bytes")));
    }
    let content = String::from_utf8(bytes).map_err(|_| failed(&"it is not UTF-8"))?;
    // What an editor put in front of it is no part of the text.
    let content = content.strip_prefix('\u{feff}').map(ToOwned::to_owned).unwrap_or(content);
    Ok(Text::new(name, content))
}

/// The files that another one names, and how far it may reach.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    path: PathBuf,
    /// Whether files outside of the folder may be named, too.
    outside: bool,
}

impl Folder {
    /// The folder that a file lies in.
    pub(super) fn of(file: &Path, outside: bool) -> Self {
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
        Self { path: parent.unwrap_or(Path::new(".")).to_owned(), outside }
    }

    /// Where a file is that was named. A test file can come from anybody, and what is wrong with a file is shown with its
    /// line: it does not get to name those that lie elsewhere, nor through a link.
    pub(super) fn find(&self, name: &str) -> Result<PathBuf, String> {
        let path = self.path.join(name.strip_prefix("./").unwrap_or(name));
        if self.outside {
            return Ok(path);
        }
        let real = |path: &Path| path.canonicalize().map_err(|why| format!("{} cannot be read: {why}", path.display()));
        let beyond = || format!("{name} lies outside of the folder of the file that names it: --allow-external-files");
        if Path::new(name).is_absolute() {
            return Err(beyond());
        }
        if real(&path)?.starts_with(real(&self.path)?) { Ok(path) } else { Err(beyond()) }
    }
}
