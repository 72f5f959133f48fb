//! Prints `npm/src/codes.ts`: the closed lists of core, for TypeScript.
//!
//! `cargo run -q -p sentinel-core --example codes > npm/src/codes.ts`

use sentinel_core::{Algorithm, ErrorCode, Reason};

fn main() {
    println!("// Generated from core by `cargo run -q -p sentinel-core --example codes`. Do not edit.");
    let codes: Vec<_> = ErrorCode::ALL.iter().map(|code| (code.as_str(), code.message())).collect();
    print_list("ErrorCode", "ERROR_CODES", "A stable error code.", &codes);
    let reasons: Vec<_> = Reason::ALL.iter().map(|reason| (reason.as_str(), reason.sentence())).collect();
    print_list("Reason", "REASONS", "Why a decision is what it is.", &reasons);
    let algorithms: Vec<_> = Algorithm::ALL.iter().map(|algorithm| (algorithm.as_str(), "")).collect();
    print_list("Algorithm", "ALGORITHMS", "A signature algorithm (RFC 7518, RFC 8037, RFC 9864).", &algorithms);
}

/// A union of names with what each means, and the same names in the order of core's numbers.
fn print_list(name: &str, constant: &str, title: &str, members: &[(&str, &str)]) {
    println!("\n/** {title} */\nexport type {name} =");
    for (index, (member, meaning)) in members.iter().enumerate() {
        if !meaning.is_empty() {
            println!("  /** {meaning} */");
        }
        let end = if index + 1 == members.len() { ";" } else { "" };
        println!("  | \"{member}\"{end}");
    }
    println!("\nexport const {constant}: readonly {name}[] = [");
    for (member, _) in members {
        println!("  \"{member}\",");
    }
    println!("];");
}
