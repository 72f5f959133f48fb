//! Where settings come from: flags over the environment over the file over the defaults.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::{SettingsError, nearest};
use super::table::{self, KNOWN_PROVIDERS, PROVIDER, Setting};

/// Before every name of ours in the environment, where one wants it so.
const PREFIX: &str = "SENTINEL_";
/// Not settings, though they begin like ours: the file of settings, and what the project's own tests hand to the
/// programs that they start, a server among them.
const NOT_SETTINGS: [&str; 3] = ["SENTINEL_CONFIG", "SENTINEL_TEST_POSTGRES", "SENTINEL_BIN"];
/// Longest file of settings, and longest file of a secret, in bytes.
const LONGEST_FILE: u64 = 1024 * 1024;

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// On the command line.
    Flag(&'static str),
    /// In the environment, under this name.
    Environment(String),
    /// In the file of settings.
    File(PathBuf),
    /// In a file of its own, named by a setting.
    OwnFile(PathBuf),
    /// Nowhere: what the table says.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) | Self::OwnFile(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting's text and where it stands. A list's parts are kept apart.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) parts: Vec<String>,
    pub(super) listed: bool,
    pub(super) origin: Origin,
}

/// What settings are read from. Tests give their own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config FILE`.
    pub config: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Flags by the setting's name, with the flag's own name.
    pub flags: Vec<(&'static str, &'static str, String)>,
}

impl Sources {
    /// The process's own environment.
    #[must_use]
    pub fn of_process(config: Option<PathBuf>, flags: Vec<(&'static str, &'static str, String)>) -> Self {
        // What is no UTF-8 is no name of ours, and no value that any of them takes.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        };
        Self { config, environment: std::env::vars_os().filter_map(text).collect(), flags }
    }
}

/// Every value that was given, by name.
pub(super) struct Values {
    pub(super) given: BTreeMap<String, Value>,
    pub(super) providers: Vec<String>,
}

/// The settings that exist for these providers, by name.
pub(super) fn known(providers: &[String]) -> BTreeMap<String, &'static Setting> {
    let mut known = BTreeMap::new();
    for setting in table::all() {
        match setting.name.strip_prefix(PROVIDER) {
            Some(rest) => {
                known.extend(
                    providers.iter().map(|provider| (format!("{}{rest}", provider.to_ascii_uppercase()), setting)),
                );
            }
            None => {
                known.insert(setting.name.to_owned(), setting);
            }
        }
    }
    known
}

pub(super) fn read(sources: &Sources) -> Result<Values, SettingsError> {
    let environment: BTreeMap<&str, &str> = sources
        .environment
        .iter()
        // An empty variable is how compose files and shells say "not set".
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let config = sources.config.clone().or_else(|| environment.get("SENTINEL_CONFIG").map(PathBuf::from));
    let file = config.map(|path| read_file(&path)).transpose()?.unwrap_or_default();
    let providers = providers(&environment, &file)?;
    let known = known(&providers);
    refuse_unknown(&environment, &file, &known)?;

    let mut given = BTreeMap::new();
    for (name, setting) in &known {
        let mut found = from_file(&file, name, setting)?;
        if let Some(value) = from_environment(&environment, name, setting)? {
            found = Some(value);
        }
        if let Some((_, flag, text)) = sources.flags.iter().find(|(flagged, ..)| flagged == name) {
            found = Some(Value { parts: vec![text.clone()], listed: false, origin: Origin::Flag(flag) });
        }
        if let Some(value) = found {
            given.insert(name.clone(), value);
        }
    }
    Ok(Values { given, providers })
}

/// The file of settings: each key's line, as text.
#[derive(Default)]
struct File {
    path: PathBuf,
    keys: BTreeMap<String, toml::Value>,
}

fn read_file(path: &Path) -> Result<File, SettingsError> {
    let text = bounded(path).map_err(|why| SettingsError(format!("the file of settings {}: {why}", path.display())))?;
    let table: toml::Table = toml::from_str(&text).map_err(|why| {
        // The library's own words show the line, which may hold a secret.
        let line = why.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let line = line.map_or_else(String::new, |line| format!(", line {line}"));
        SettingsError(format!(
            "the file of settings {}{line} is not TOML: {}",
            path.display(),
            first_line(why.message())
        ))
    })?;
    Ok(File { path: path.to_owned(), keys: table.into_iter().collect() })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn bounded(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|why| why.to_string())?;
    file.take(LONGEST_FILE + 1).read_to_string(&mut text).map_err(|why| why.to_string())?;
    if text.len() as u64 > LONGEST_FILE { Err(format!("longer than {LONGEST_FILE} bytes")) } else { Ok(text) }
}

/// The providers that may have settings: the known ones and those in `PROVIDERS`.
fn providers(environment: &BTreeMap<&str, &str>, file: &File) -> Result<Vec<String>, SettingsError> {
    let setting =
        table::all().find(|setting| setting.name == "PROVIDERS").ok_or_else(|| SettingsError("PROVIDERS".into()))?;
    let value = match from_environment(environment, "PROVIDERS", setting)? {
        Some(value) => Some(value),
        None => from_file(file, "PROVIDERS", setting)?,
    };
    let mut all: Vec<String> = KNOWN_PROVIDERS.map(str::to_owned).to_vec();
    let Some(value) = value else { return Ok(all) };
    for name in parts(&value) {
        let plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'_';
        let good = name.bytes().next().is_some_and(|first| first.is_ascii_lowercase())
            && name.bytes().all(plain)
            && name.len() <= 32;
        if !good {
            return Err(SettingsError(format!(
                "PROVIDERS ({}): a provider's name begins with a-z, and has a-z, 0-9 and _ alone, at most 32 of them",
                value.origin
            )));
        }
        if !all.contains(&name) {
            all.push(name);
        }
    }
    Ok(all)
}

/// The parts of a list: as they stand in the file, or separated by commas.
pub(super) fn parts(value: &Value) -> Vec<String> {
    if value.listed {
        return value.parts.clone();
    }
    let parts = value.parts.iter().flat_map(|text| text.split(','));
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn refuse_unknown(
    environment: &BTreeMap<&str, &str>,
    file: &File,
    known: &BTreeMap<String, &'static Setting>,
) -> Result<(), SettingsError> {
    let own_file = |name: &str| {
        let of = name.strip_suffix("_FILE").and_then(|name| known.get(name));
        of.is_some_and(|setting| setting.secret)
    };
    let near = |wrong: &str| nearest(wrong, known.keys().map(String::as_str));
    for key in file.keys.keys() {
        let name = key.to_ascii_uppercase();
        let lower = key.bytes().all(|octet| !octet.is_ascii_uppercase());
        if lower && (known.contains_key(&name) || own_file(&name)) {
            continue;
        }
        let hint = near(key).map_or_else(String::new, |near| format!(": did you mean {}?", near.to_ascii_lowercase()));
        return Err(SettingsError(format!("unknown setting {key} (file {}){hint}", file.path.display())));
    }
    for name in environment.keys() {
        let Some(bare) = name.strip_prefix(PREFIX) else { continue };
        if NOT_SETTINGS.contains(name) || known.contains_key(bare) || own_file(bare) {
            continue;
        }
        let hint = if bare.starts_with("PORT") || bare.starts_with("SERVICE_PORT_") {
            ": Kubernetes sets it for a Service named sentinel; write `enableServiceLinks: false` into the pod, or name the Service otherwise".to_owned()
        } else {
            near(bare).map_or_else(String::new, |near| format!(": did you mean {PREFIX}{near}?"))
        };
        return Err(SettingsError(format!("unknown setting {name} (environment){hint}")));
    }
    Ok(())
}

fn from_environment(
    environment: &BTreeMap<&str, &str>,
    name: &str,
    setting: &Setting,
) -> Result<Option<Value>, SettingsError> {
    let prefixed = format!("{PREFIX}{name}");
    let find =
        |name: &str| environment.get(name).map(|text| ((*text).to_owned(), Origin::Environment(name.to_owned())));
    let once = |plain: &str, prefixed: &str| match (find(plain), find(prefixed)) {
        (Some((a, _)), Some((b, _))) if a != b => {
            Err(SettingsError(format!("{plain} and {prefixed} (environment) differ: set one of them")))
        }
        (a, b) => Ok(a.or(b)),
    };
    let found = once(name, &prefixed)?;
    let own = if setting.secret { once(&format!("{name}_FILE"), &format!("{prefixed}_FILE"))? } else { None };
    match (found, own) {
        (Some(_), Some(_)) => Err(both(name, "environment")),
        (Some((text, origin)), None) => Ok(Some(Value { parts: vec![text], listed: false, origin })),
        (None, Some((path, _))) => own_file(name, Path::new(&path)).map(Some),
        (None, None) => Ok(None),
    }
}

fn both(name: &str, place: &str) -> SettingsError {
    SettingsError(format!("{name} and {name}_FILE ({place}) are both set: set one of them"))
}

fn own_file(name: &str, path: &Path) -> Result<Value, SettingsError> {
    let text = bounded(path).map_err(|why| SettingsError(format!("{name}_FILE: {}: {why}", path.display())))?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() {
        return Err(SettingsError(format!("{name}_FILE: {} is empty", path.display())));
    }
    Ok(Value { parts: vec![text], listed: false, origin: Origin::OwnFile(path.to_owned()) })
}

fn from_file(file: &File, name: &str, setting: &Setting) -> Result<Option<Value>, SettingsError> {
    let key = name.to_ascii_lowercase();
    let own = if setting.secret { file.keys.get(&format!("{key}_file")) } else { None };
    let origin = Origin::File(file.path.clone());
    let wrong =
        || SettingsError(format!("{key} ({origin}) must be a text, a number, true or false, or a list of texts"));
    let plain = |value: &toml::Value| match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(switch) => Some(switch.to_string()),
        _ => None,
    };
    match (file.keys.get(&key), own) {
        (Some(_), Some(_)) => Err(both(&key, &origin.to_string())),
        (None, Some(path)) => {
            let path = plain(path).ok_or_else(wrong)?;
            // As written in the file of settings: beside it where it is not absolute.
            own_file(name, &file.path.parent().unwrap_or(Path::new("")).join(path)).map(Some)
        }
        (Some(toml::Value::Array(values)), None) => {
            let parts = values.iter().map(plain).collect::<Option<_>>().ok_or_else(wrong)?;
            Ok(Some(Value { parts, listed: true, origin }))
        }
        (Some(value), None) => Ok(Some(Value { parts: vec![plain(value).ok_or_else(wrong)?], listed: false, origin })),
        (None, None) => Ok(None),
    }
}
