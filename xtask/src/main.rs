//! Every command of the project. `cargo xtask help` lists them.

mod bench;
mod build;
mod checks;
mod conformance;
mod demo;
mod fuzz;
mod generate;
mod lint;
mod postgres;
mod process;
mod set_up;
mod size;
mod summary;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask COMMAND

  demo          [--once]: the server, a provider, Team Notes behind its gateways; a real login, and what it allows there; its
                tokens verified natively, in Node, workerd and Chromium. On a terminal it goes on serving
  test          every test of the project; closes with `N passed, N failed`. `test sdk`, `test saml`: those alone

  set-up        finds or installs what the project needs of this machine
  build         the WebAssembly modules and the npm package
  generate      the committed files that programs write
  lint          formatting, clippy, who imports whom, generated files, documentation, licences
  conformance   [--vectors PATH]… [--runtime native,node,workerd,chromium]: the vector files
  bench         [NAME [OPTIONS…]]: tests/bench/NAME.mjs, by default verify;
                `bench server [--write] [--seconds N] [--only sqlite|postgres]`: the server under load;
                `bench policy [engine] [http] [server] [--write] [--quick]`: policy, next to others
  fuzz          [--long]: hostile input; long runs take most of an hour
  size          what ships, gzipped, against its budgets
  with-postgres COMMAND…: runs it with a throwaway PostgreSQL in $SENTINEL_TEST_POSTGRES
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
        ("demo", options) => demo::run(options)?,
        ("test", []) => test::all()?,
        ("test", [lane]) if lane == "sdk" => test::only_sdk()?,
        ("test", [lane]) if lane == "saml" => test::only_saml()?,
        ("set-up", []) => set_up::all()?,
        ("build", []) => build::all()?,
        ("generate", []) => generate::write()?,
        ("lint", []) => lint::all()?,
        ("conformance", options) => conformance::command(options)?,
        ("bench", options) => bench::command(options)?,
        ("fuzz", options) => fuzz::command(options)?,
        ("size", []) => size::command()?,
        ("with-postgres", command) => postgres::command(command)?,
        _ => bail!("unknown: cargo xtask {}\n\n{HELP}", arguments.join(" ")),
    }
    Ok(())
}
