//! Every command of the project. `cargo xtask help` lists them.

mod build;
mod process;
mod set_up;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  set-up        finds or installs what the project needs of this machine
  build         the WebAssembly modules and the npm package
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let Some((command, options)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match (command.as_str(), options) {
        ("help" | "--help" | "-h", _) => print!("{HELP}"),
        ("set-up", []) => set_up::all()?,
        ("build", []) => build::all()?,
        _ => bail!("unknown: cargo xtask {}\n\n{HELP}", arguments.join(" ")),
    }
    Ok(())
}
