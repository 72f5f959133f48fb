//! The one table of settings: the file, the environment, the reference and the error messages all come from it.

mod http;
mod logins;
mod policy;
mod providers;
mod server;
mod traces;

/// What a setting's text must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// `true` or `false`.
    Switch,
    /// A whole number, from and to.
    Number(u64, u64),
    /// Texts: an array in the file, separated by commas elsewhere.
    List,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An `https` or `http` URL.
    Url,
    /// A file or folder.
    Path,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name in the environment; in the file in lower case. `<PROVIDER>` stands for each provider's name.
    pub name: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// What holds without it, as one would write it; empty where nothing does.
    pub default: &'static str,
    /// Never shown, and may stand in a file of its own, named by `<NAME>_FILE`.
    pub secret: bool,
    /// What it does.
    pub doc: &'static str,
    /// The file that reads it.
    pub read: &'static str,
}

/// The word in a name that stands for a provider.
pub const PROVIDER: &str = "<PROVIDER>";

const fn setting(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    read: &'static str,
    doc: &'static str,
) -> Setting {
    Setting { name, kind, default, secret: false, doc, read }
}

const fn secret(name: &'static str, read: &'static str, doc: &'static str) -> Setting {
    Setting { name, kind: Kind::Text, default: "", secret: true, doc, read }
}

/// By subject, in the order of the reference.
const SUBJECTS: [&[Setting]; 6] =
    [server::SETTINGS, logins::SETTINGS, policy::SETTINGS, http::SETTINGS, traces::SETTINGS, providers::SETTINGS];

/// Every setting, in the order of the reference.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    SUBJECTS.into_iter().flatten()
}

/// Providers that are known without being named in `PROVIDERS`, by the prefix of their settings.
pub const KNOWN_PROVIDERS: [&str; 4] = ["google", "github", "entra", "oidc"];
