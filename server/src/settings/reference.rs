//! `docs/reference/settings.md`, written from the table.

use std::fmt::Write as _;

use super::table::{self, Kind};

const HEAD: &str = "\
# Settings

Written by `cargo xtask generate` from `server/src/settings/table`.

A setting is a variable in the environment under the name below, also as `SENTINEL_` and the name, or a key in lower case
in a TOML file named by `--config FILE` or `SENTINEL_CONFIG`. A flag wins over the environment, that over the file. A
variable that is set but empty counts as not set. A key in the file that is not known, or a variable that begins with
`SENTINEL_` and is not known, stops the start. A secret may stand in a file of its own, named by its setting and `_FILE`.
Lists are arrays in the file and separated by commas elsewhere. `sentinel config check` tries the settings,
`sentinel config show` tells what holds and where it stands.

| setting | what it must be | default | |
|---|---|---|---|
";

/// The reference, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for setting in table::all() {
        let kind = match setting.kind {
            Kind::Text if setting.secret => "secret text".to_owned(),
            Kind::Text => "text".to_owned(),
            Kind::Switch => "`true` or `false`".to_owned(),
            Kind::Number(least, most) => format!("{least} to {most}"),
            Kind::List => "list".to_owned(),
            Kind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
            Kind::Url => "URL".to_owned(),
            Kind::Path => "path".to_owned(),
        };
        let default = if setting.default.is_empty() { String::new() } else { format!("`{}`", setting.default) };
        let _ = writeln!(text, "| `{}` | {kind} | {default} | {} |", setting.name, setting.doc);
    }
    text
}
