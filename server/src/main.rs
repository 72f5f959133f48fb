//! The `sentinel` program.
//!
//! ```text
//! sentinel verify --jwks jwks.json --issuer https://login.example.com --audience my-service - < token
//! sentinel inspect TOKEN
//! sentinel keys generate --alg RS256 --out private.pem
//! sentinel serve
//! ```
//!
//! `verify`, `inspect` and `keys generate` answer with one line of JSON on standard output, the others with `--json`. Exit
//! statuses: 0 done (for `verify`: accepted), 1 the token was refused, 2 wrong
//! usage, 3 the question could not be answered (a file, the network, a key).
#![forbid(unsafe_code)]

mod commands;
mod input;
mod outcome;

use clap::{CommandFactory as _, Parser, Subcommand};
use commands::{backup, data, doctor, inspect, keys, openapi, policy, serve, settings, verify};
use serde_json::Value;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "sentinel", version, about, long_about = None, after_help = EXIT_STATUS)]
struct Cli {
    /// The file of settings (`SENTINEL_CONFIG`)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer with one line of JSON; `verify`, `inspect`, `keys generate` and `openapi` always do
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "\
Exit status: 0 done (for `verify`: accepted, for `check`: allowed) · 1 the token was refused, the answer is no, \
a test failed · 2 wrong usage, or files that make no sense · 3 the question could not be answered (a file, the network, a key)";

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Args),
    /// Verify a token: signature and claims. Exits with 0 only where it is accepted.
    Verify(Box<verify::Args>),
    /// Decode a token and verify NOTHING.
    Inspect(inspect::Args),
    /// Signing keys.
    #[command(subcommand)]
    Keys(keys::Command),
    #[command(flatten)]
    Policy(policy::Command),
    #[command(flatten)]
    Data(data::Command),
    /// Administrators of the deployment.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// The settings.
    #[command(subcommand)]
    Config(settings::Command),
    /// Copy the SQLite database into a file, also while the server runs. The master key is not in it.
    Backup(backup::Args),
    /// Put a backup in the place of the SQLite database. The server must not run; all sessions end.
    Restore(backup::RestoreArgs),
    /// Look for what could be wrong with this deployment.
    Doctor,
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
    /// Print a script that completes commands in a shell.
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Subcommand)]
enum AdminCommand {
    /// Make a one-time link that makes whoever opens it within 24 hours an administrator.
    Bootstrap,
}

fn main() -> ExitCode {
    let Cli { config, json, command } = Cli::parse();
    let answer = match command {
        Command::Serve(args) => return outcome::ended(serve::run(config, args)),
        Command::Verify(args) => return outcome::report(verify::run(*args)),
        Command::Inspect(args) => return outcome::report(inspect::run(args)),
        Command::Openapi => return outcome::report(openapi::run()),
        Command::Completions { shell } => {
            // Into memory first: a pipe that is closed early is no fault to panic about.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "sentinel", &mut script);
            let written = std::io::stdout().write_all(&script);
            return ExitCode::from(if written.is_ok() { 0 } else { 3 });
        }
        Command::Doctor => {
            return match doctor::run(config) {
                Ok((findings, well)) => {
                    let shown = shown(Ok(findings), json);
                    if well { shown } else { ExitCode::from(3) }
                }
                Err(failure) => outcome::report(Err(failure)),
            };
        }
        Command::Policy(command) => return policy::run(config, command, json),
        Command::Keys(keys::Command::Generate(args)) => return outcome::report(keys::generate(args)),
        Command::Keys(command) => keys::run(config, command, json),
        Command::Data(command) => data::run(config, command),
        Command::Admin(AdminCommand::Bootstrap) => data::with_service(config, async |service| {
            Ok(data::row([("link", service.new_admin_link().await?.into())]))
        }),
        Command::Config(command) => settings::run(config, command),
        Command::Backup(args) => backup::backup(config, args),
        Command::Restore(args) => backup::restore(config, args),
    };
    shown(answer, json)
}

/// An answer as JSON, or for people.
fn shown(answer: Result<Value, outcome::Failure>, json: bool) -> ExitCode {
    match answer {
        Ok(answer) if !json => outcome::report_lines(&data::shown(&answer)),
        answer => outcome::report(answer.map(|answer| answer.to_string())),
    }
}
