//! `conformance [--vectors] PATH…`: runs vector files, or folders of them, through every native backend.

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut paths: Vec<PathBuf> =
        std::env::args_os().skip(1).filter(|argument| argument != "--vectors").map(Into::into).collect();
    if paths.is_empty() {
        paths.push(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors").into());
    }
    let report = sentinel_tests::run(&paths);
    print!("{report}");
    if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
