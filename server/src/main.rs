//! The `sentinel` program.
//!
//! ```text
//! sentinel verify --jwks jwks.json --issuer https://login.example.com --audience my-service - < token
//! sentinel inspect TOKEN
//! sentinel keys generate --alg RS256 --out private.pem
//! sentinel serve
//! ```
//!
//! Every command but `serve` answers with one line of JSON on standard output. Exit
//! statuses: 0 done (for `verify`: accepted), 1 the token was refused, 2 wrong
//! usage, 3 the question could not be answered (a file, the network, a key).
#![forbid(unsafe_code)]

mod commands;
mod input;
mod outcome;

use clap::{Parser, Subcommand};
use commands::{inspect, keys, serve, verify};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "sentinel", version, about, long_about = None, after_help = EXIT_STATUS)]
struct Cli {
    /// The file of settings (`SENTINEL_CONFIG`)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_STATUS: &str = "\
Every command answers with one line of JSON on standard output.
Exit status: 0 done (for `verify`: accepted) · 1 the token was refused · 2 wrong usage · \
3 the question could not be answered (a file, the network, a key)";

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
}

fn main() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    let outcome = match command {
        Command::Serve(args) => return outcome::ended(serve::run(config, args)),
        Command::Verify(args) => verify::run(*args),
        Command::Inspect(args) => inspect::run(args),
        Command::Keys(command) => keys::run(command),
    };
    outcome::report(outcome)
}
