//! Policy on the command line: models, tuples and questions out of files, without a server; and a deployment's stores.

mod ask;
mod format;
mod load;
mod model;
mod store;
mod stores;
mod test;
mod text;
mod tuples;
mod validate;
mod world;
mod yaml;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};
use text::Mistake;

use super::data;
use crate::outcome;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Authorization models in files.
    #[command(subcommand)]
    Model(ModelCommand),
    /// Ask whether a user has a relation to an object. Exits with 0 for allowed, 1 for denied, 2 where there is no answer.
    Check(Box<ask::CheckArgs>),
    /// As `check`, with the shortest chain of tuples that allows it, or what was tried in vain.
    Explain(Box<ask::CheckArgs>),
    /// Show how a relation of an object is made up.
    Expand(Box<ask::ExpandArgs>),
    /// List what a user has, or who has it.
    #[command(subcommand)]
    List(Box<ask::ListCommand>),
    /// The deployment's policy stores.
    #[command(subcommand)]
    Store(stores::Command),
    /// The tuples of the deployment's policy stores.
    #[command(subcommand)]
    Tuples(Box<load::Command>),
}

#[derive(clap::Subcommand)]
pub(crate) enum ModelCommand {
    /// Say what is wrong with models, and where. Exits with 1 where anything is.
    Validate(validate::Args),
    /// Print a model as OpenFGA formats it, its comments kept.
    Format(format::Args),
    /// Run the tests of store files. Exits with 1 where one fails.
    Test(test::Args),
    /// Write a model to a store of the deployment: its latest from then on.
    Write(stores::WriteArgs),
    /// Print a model of a store of the deployment.
    Read(stores::ReadArgs),
}

/// What a command comes to.
struct Answer {
    status: u8,
    /// For people.
    text: String,
    json: Value,
    /// Why there is no better answer: for people on standard error, in the JSON already.
    mistakes: Vec<Mistake>,
}

impl Answer {
    /// What was found, as `shown` shows it, or the mistakes in its way: 2.
    fn of<T>(found: Result<T, Vec<Mistake>>, shown: impl FnOnce(T) -> (u8, String, Value)) -> Self {
        match found {
            Ok(found) => {
                let (status, text, json) = shown(found);
                Self { status, text, json, mistakes: Vec::new() }
            }
            Err(mistakes) => Self::mistaken(2, mistakes),
        }
    }

    fn mistaken(status: u8, mistakes: Vec<Mistake>) -> Self {
        let told: Vec<Value> = mistakes.iter().map(Mistake::json).collect();
        Self { status, text: String::new(), json: json!({ "ok": false, "mistakes": told }), mistakes }
    }
}

pub(crate) fn run(config: Option<PathBuf>, command: Command, in_json: bool) -> ExitCode {
    let answer = match command {
        Command::Model(ModelCommand::Validate(args)) => validate::run(&args),
        Command::Model(ModelCommand::Format(args)) => format::run(&args),
        Command::Model(ModelCommand::Test(args)) => test::run(&args),
        Command::Check(args) => ask::check(&args),
        Command::Explain(args) => ask::explain(&args),
        Command::Expand(args) => ask::expand(&args),
        Command::List(command) => ask::list(&command),
        Command::Model(ModelCommand::Write(args)) => match stores::write_model(config, &args) {
            Ok(answer) => answer,
            Err(failure) => return outcome::report(Err(failure)),
        },
        Command::Model(ModelCommand::Read(args)) => match stores::read_model(config, &args) {
            Ok(answer) => answer,
            Err(failure) => return outcome::report(Err(failure)),
        },
        Command::Store(command) => match stores::run(config, command) {
            Ok(json) => Answer { status: 0, text: data::shown(&json), json, mistakes: Vec::new() },
            Err(failure) => return outcome::report(Err(failure)),
        },
        Command::Tuples(command) => {
            let done = match *command {
                load::Command::Import(args) => load::import(config, &args),
                load::Command::Export(args) => load::export(config, &args),
            };
            match done {
                // What was exported is all that standard output has.
                Ok(Answer { status: 0, json: Value::Null, .. }) => return ExitCode::SUCCESS,
                Ok(answer) => answer,
                Err(failure) => return outcome::report(Err(failure)),
            }
        }
    };
    let Answer { status, text, json, mistakes } = answer;
    if in_json {
        return outcome::report_with(status, Ok(&json));
    }
    for mistake in &mistakes {
        outcome::complain(&mistake.shown());
    }
    outcome::report_with(status, Err(&text))
}

/// The moment that files are asked at, in milliseconds since 1970.
fn now() -> i64 {
    sentinel_server::service::Clock::system().now()
}
