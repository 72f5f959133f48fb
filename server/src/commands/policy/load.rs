//! `sentinel tuples import|export`: a store's tuples out of files and into them, also while the server runs.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat};
use clap::{Args, Subcommand, ValueEnum};
use sentinel_server::service::policy::{ImportError, Model, PolicyError, PolicyStore};
use sentinel_server::service::{Error, Service};
use sentinel_storage::StoredTuple;
use serde_json::{Map, Value, json};

use super::ask::is_store_file;
use super::stores::{Which, plain};
use super::text::{Folder, Mistake, Text, read};
use super::tuples::{self, COLUMNS, Entry, Format, Tuples};
use super::{Answer, store};
use crate::commands::data::{self, caller};
use crate::outcome::{self, Failure};

/// Tuples of one transaction. Each is one revision of the store: readers see all of it or nothing, other writers wait
/// for as long.
const PIECE: usize = 5_000;
/// Tuples between two words of how far it has come.
const TOLD: usize = 50_000;
/// Most mistakes that are told at once.
const MISTAKES: usize = 20;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write tuples of a file to a store, in transactions of 5000. A file is read and judged as a whole before anything
    /// is written.
    Import(ImportArgs),
    /// Print a store's tuples, as they all are at one moment.
    Export(ExportArgs),
}

#[derive(Args)]
pub(crate) struct ImportArgs {
    /// Tuples: .csv, .jsonl, .json, .yaml or a store file; `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    which: Which,
    /// How they are written, where the file's name does not say it
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// What a tuple is that the store has already
    #[arg(long, value_enum, default_value_t = OnDuplicate::Error)]
    on_duplicate: OnDuplicate,
    /// The model that they must fit; without it the latest
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Judge them, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Let a store file name files outside of its own folder
    #[arg(long)]
    allow_external_files: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnDuplicate {
    /// A mistake
    Error,
    /// Nothing to do, where it has the same condition: what was begun can be begun anew
    Ignore,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    which: Which,
    /// How they are written
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    format: ExportFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// OpenFGA's columns
    Csv,
    /// One JSON object in each line
    Jsonl,
    /// A list
    Yaml,
}

/// How an import ended, and how far it came.
#[derive(Default)]
struct Progress {
    read: usize,
    written: usize,
    ignored: usize,
    revision: i64,
    mistakes: Vec<Mistake>,
    failure: Option<Error>,
}

pub(super) fn import(config: Option<PathBuf>, args: &ImportArgs) -> Result<Answer, Failure> {
    let mut progress = Progress::default();
    let mut of = String::new();
    data::with_service(config, async |service| {
        let store = args.which.open(service).await.map_err(plain)?;
        let model = service.model(&store, args.model.as_deref()).await.map_err(plain)?;
        of.clone_from(&store.id);
        progress.revision = store.revision;
        run(service, &store, &model, args, &mut progress).await;
        Ok(Value::Null)
    })?;
    Ok(ended(&of, args, progress))
}

fn ended(store: &str, args: &ImportArgs, progress: Progress) -> Answer {
    let Progress { read, written, ignored, revision, mut mistakes, failure } = progress;
    let status = match (&failure, mistakes.is_empty()) {
        (Some(_), _) => 3,
        (None, false) => 2,
        (None, true) => 0,
    };
    if let Some(failure) = failure {
        mistakes.push(Mistake::new(failure.to_string()));
    }
    if status != 0 {
        let begun =
            format!("{written} tuples were written before that; import the file again with --on-duplicate ignore");
        mistakes.push(Mistake::note(if written == 0 { "nothing was written".to_owned() } else { begun }));
    }
    let json = json!({
        "ok": status == 0,
        "store": store,
        "read": read,
        "written": written,
        "ignored": ignored,
        "revision": revision,
        "mistakes": mistakes.iter().map(Mistake::json).collect::<Vec<_>>(),
    });
    let text = match (status, args.dry_run) {
        (0, true) => format!("{read} tuples could be written"),
        (0, false) => {
            format!("{written} tuples written, {ignored} were there already; the store is at revision {revision}")
        }
        _ => String::new(),
    };
    Answer { status, text, json, mistakes }
}

/// Where tuples come from, to be read from the beginning as often as there is one.
enum From {
    Stream(PathBuf, Format),
    /// Of a form that is read as a whole.
    Entries(Vec<Entry>),
}

impl From {
    fn open(args: &ImportArgs) -> Result<Self, Mistake> {
        let path = &args.file;
        let format = match args.format {
            Some(format) => format,
            None if is_input(path) => {
                return Err(Mistake::new(
                    "how standard input is written has to be said: --format csv, jsonl, json or yaml",
                ));
            }
            None => Format::of_file(path)?,
        };
        if matches!(format, Format::Csv | Format::Jsonl) {
            return Ok(Self::Stream(path.clone(), format));
        }
        let text = if is_input(path) {
            let input = std::io::read_to_string(std::io::stdin());
            Text::new("standard input", input.map_err(|why| Mistake::new(format!("standard input: {why}")))?)
        } else {
            read(path, store::BYTES)?
        };
        if is_store_file(path) {
            return store::tuples_of_text(&text, &Folder::of(path, args.allow_external_files)).map(Self::Entries);
        }
        tuples::of_text(&text, format).map(Self::Entries)
    }

    /// Whether it can be read again.
    fn stays(&self) -> bool {
        !matches!(self, Self::Stream(path, _) if is_input(path))
    }

    fn tuples(&self) -> Result<Tuples<'_>, Mistake> {
        match self {
            Self::Entries(entries) => Ok(Box::new(entries.iter().cloned().map(Ok))),
            Self::Stream(path, format) if is_input(path) => {
                tuples::of_stream("standard input", std::io::stdin(), *format)
            }
            Self::Stream(path, format) => {
                let name = path.display().to_string();
                let file = File::open(path).map_err(|why| Mistake::of_file(&name, format!("cannot be read: {why}")))?;
                tuples::of_stream(&name, file, *format)
            }
        }
    }
}

fn is_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

async fn run(service: &Service, store: &PolicyStore, model: &Model, args: &ImportArgs, progress: &mut Progress) {
    let from = match From::open(args) {
        Ok(from) => from,
        Err(mistake) => return progress.mistakes.push(mistake),
    };
    if from.stays() || args.dry_run {
        judge(service, model, &from, progress);
        if args.dry_run || !progress.mistakes.is_empty() {
            return;
        }
        progress.read = 0;
    }
    let tuples = match from.tuples() {
        Ok(tuples) => tuples,
        Err(mistake) => return progress.mistakes.push(mistake),
    };
    let ignore = args.on_duplicate == OnDuplicate::Ignore;
    let mut piece: Vec<Entry> = Vec::with_capacity(PIECE);
    for found in tuples {
        match found {
            Ok(entry) => piece.push(entry),
            // What was read before it is written: the line that is told is the first that was not.
            Err(mistake) => {
                progress.mistakes.push(mistake);
                break;
            }
        }
        if piece.len() == PIECE && !write(service, store, model, &mut piece, ignore, progress).await {
            return;
        }
    }
    if !piece.is_empty() {
        write(service, store, model, &mut piece, ignore, progress).await;
    }
}

/// Looks at everything, and writes nothing.
fn judge(service: &Service, model: &Model, from: &From, progress: &mut Progress) {
    let tuples = match from.tuples() {
        Ok(tuples) => tuples,
        Err(mistake) => return progress.mistakes.push(mistake),
    };
    for found in tuples {
        progress.read += 1;
        let judged = found.and_then(|entry| {
            let judged = service.judge_tuple(model, &entry.tuple);
            judged.map_err(|why| entry.spot.mistake(why.message()))
        });
        progress.mistakes.extend(judged.err());
        if progress.mistakes.len() >= MISTAKES {
            return;
        }
    }
}

/// Writes a piece. False: it was not written.
async fn write(
    service: &Service,
    store: &PolicyStore,
    model: &Model,
    piece: &mut Vec<Entry>,
    ignore: bool,
    progress: &mut Progress,
) -> bool {
    let (tuples, spots): (Vec<_>, Vec<_>) = piece.drain(..).map(|entry| (entry.tuple, entry.spot)).unzip();
    let before = progress.read / TOLD;
    progress.read += tuples.len();
    match service.import_tuples(&caller(), store, model, &tuples, ignore).await {
        Ok(done) => {
            progress.written += done.written;
            progress.ignored += done.ignored;
            progress.revision = done.revision;
            if progress.read / TOLD > before {
                eprintln!("{} tuples read, {} written", progress.read, progress.written);
            }
            return true;
        }
        Err(ImportError { error: PolicyError::Failed(error), at: None }) => progress.failure = Some(error),
        Err(ImportError { error, at }) => {
            let mistake = match at.and_then(|at| spots.get(at)) {
                Some(spot) => spot.mistake(error.message()),
                None => Mistake::new(error.message()),
            };
            // What was found before it in the file is no longer the reason.
            progress.mistakes.insert(0, mistake);
        }
    }
    false
}

pub(super) fn export(config: Option<PathBuf>, args: &ExportArgs) -> Result<Answer, Failure> {
    let told = data::with_service(config, async |service| {
        let store = args.which.open(service).await.map_err(plain)?;
        let mut export = service.export_tuples(&store).await.map_err(plain)?;
        let mut out = Writer::new(args.format).map_err(Error::unavailable)?;
        let mut count = 0_usize;
        loop {
            let found = export.next().await.map_err(plain)?;
            if found.is_empty() {
                break;
            }
            count += found.len();
            for tuple in found {
                out.write(tuple).map_err(Error::unavailable)?;
            }
        }
        out.end(count).map_err(Error::unavailable)?;
        Ok(json!(format!("{count} tuples of revision {}", export.store.revision)))
    })?;
    // Standard output is the tuples'.
    outcome::complain(told.as_str().unwrap_or_default());
    Ok(Answer { status: 0, text: String::new(), json: Value::Null, mistakes: Vec::new() })
}

enum Writer {
    Csv(Box<csv::Writer<BufWriter<std::io::Stdout>>>),
    Lines(BufWriter<std::io::Stdout>),
    Yaml(BufWriter<std::io::Stdout>),
}

impl Writer {
    fn new(format: ExportFormat) -> std::io::Result<Self> {
        let out = BufWriter::with_capacity(1 << 16, std::io::stdout());
        Ok(match format {
            ExportFormat::Jsonl => Self::Lines(out),
            ExportFormat::Yaml => Self::Yaml(out),
            ExportFormat::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                csv.write_record(COLUMNS)?;
                Self::Csv(Box::new(csv))
            }
        })
    }

    fn write(&mut self, tuple: StoredTuple) -> std::io::Result<()> {
        let StoredTuple { name, condition, context, expires_at, .. } = tuple;
        let expires_at = expires_at.and_then(DateTime::from_timestamp_millis);
        let expires_at = expires_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true));
        if let Self::Csv(csv) = self {
            let (user, relation) = match name.subject.rsplit_once('#') {
                Some((user, relation)) => (user, relation),
                None => (name.subject.as_str(), ""),
            };
            let (user_type, user_id) = user.split_once(':').unwrap_or((user, ""));
            let [condition, context, expires_at] = [condition, context, expires_at].map(Option::unwrap_or_default);
            let of = [user_type, user_id, relation, &name.relation, &name.object_type, &name.object_id];
            return Ok(csv.write_record(of.into_iter().chain([&*condition, &*context, &*expires_at]))?);
        }
        let object = format!("{}:{}", name.object_type, name.object_id);
        let mut told =
            vec![("user", json!(name.subject)), ("relation", json!(name.relation)), ("object", json!(object))];
        if let Some(name) = condition {
            let context: Option<Value> = context.map(|text| serde_json::from_str(&text)).transpose()?;
            told.push(("condition", json!({ "name": name, "context": context.unwrap_or(Value::Object(Map::new())) })));
        }
        told.extend(expires_at.map(|at| ("expires_at", json!(at))));
        match self {
            Self::Csv(_) => Ok(()),
            Self::Lines(out) => {
                let told: Vec<String> = told.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                writeln!(out, "{{{}}}", told.join(","))
            }
            // JSON's texts are YAML's, too.
            Self::Yaml(out) => {
                let told: Vec<String> = told.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                writeln!(out, "- {}", told.join("\n  "))
            }
        }
    }

    fn end(self, count: usize) -> std::io::Result<()> {
        match self {
            Self::Csv(mut csv) => csv.flush(),
            Self::Yaml(mut out) if count == 0 => writeln!(out, "[]").and_then(|()| out.flush()),
            Self::Lines(mut out) | Self::Yaml(mut out) => out.flush(),
        }
    }
}
