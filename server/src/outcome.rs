//! What a command comes to: JSON on standard output and an exit status.

use sentinel_core::Error;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The token was refused: 1.
    Refused(Error),
    /// The arguments make no sense together: 2.
    Usage(String),
    /// The question could not be answered: 3. With a code and a sentence.
    Unanswered(&'static str, String),
}

impl Failure {
    /// A file or the network failed.
    pub(crate) fn unavailable(what: impl Display, why: impl Display) -> Self {
        Self::Unanswered("unavailable", format!("{what}: {why}"))
    }

    /// A key or a setting that was given cannot be used.
    pub(crate) fn unusable(what: impl Display, error: Error) -> Self {
        Self::Unanswered(error.code().as_str(), format!("{what}: {}", error.message()))
    }
}

/// Prints the answer and gives the exit status. An answer that cannot be
/// written is never a success.
pub(crate) fn report(outcome: Result<String, Failure>) -> ExitCode {
    let (line, status) = match outcome {
        Ok(line) => (line, 0),
        Err(Failure::Refused(error)) => (refusal(error).to_string(), 1),
        Err(Failure::Usage(message)) => {
            eprintln!("error: {}\n\nFor more information, try '--help'.", shown(&message));
            return ExitCode::from(2);
        }
        Err(Failure::Unanswered(code, message)) => {
            eprintln!("error: {}", shown(&message));
            (json!({ "ok": false, "code": code, "message": message }).to_string(), 3)
        }
    };
    match writeln!(std::io::stdout(), "{}", one_line(&line)) {
        Ok(()) => ExitCode::from(status),
        Err(_) => ExitCode::from(3),
    }
}

/// Prints lines for people.
pub(crate) fn report_lines(lines: &str) -> ExitCode {
    let lines: Vec<_> = lines.lines().map(shown).collect();
    match writeln!(std::io::stdout(), "{}", lines.join("\n")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(3),
    }
}

/// Prints one line of JSON, or lines for people (none for an empty text), and gives the exit status.
pub(crate) fn report_with(status: u8, answer: Result<&Value, &str>) -> ExitCode {
    let mut out = std::io::stdout();
    let written = match answer {
        Ok(json) => writeln!(out, "{}", one_line(&json.to_string())),
        Err("") => Ok(()),
        Err(lines) => writeln!(out, "{}", lines.lines().map(shown).collect::<Vec<_>>().join("\n")),
    };
    ExitCode::from(if written.is_ok() { status } else { 3 })
}

/// Says on standard error, line by line, what is wrong.
pub(crate) fn complain(lines: &str) {
    for line in lines.lines() {
        eprintln!("{}", shown(line));
    }
}

/// The exit status of the server, whose lines are its log.
pub(crate) fn ended(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(Err(failure)),
    }
}

/// The same JSON without white space between its parts: a token that was written over several lines forges none of
/// ours; and without characters that steer a terminal or reorder what it shows, which JSON may hold unescaped
/// (RFC 8259 §7 asks for U+0000 to U+001F alone).
fn one_line(json: &str) -> String {
    let (mut out, mut in_string, mut escaped) = (String::with_capacity(json.len()), false, false);
    for character in json.chars() {
        if !in_string && character.is_ascii_whitespace() {
            continue;
        }
        in_string ^= character == '"' && !escaped;
        escaped = in_string && character == '\\' && !escaped;
        push(&mut out, character);
    }
    out
}

/// A message without such characters: a path or a URL may hold them.
fn shown(message: &str) -> String {
    message.chars().fold(String::new(), |mut out, character| {
        push(&mut out, character);
        out
    })
}

/// Appends a character, as JSON escapes where it is not one to be seen.
fn push(out: &mut String, character: char) {
    let hidden = matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    if !hidden && !character.is_control() {
        return out.push(character);
    }
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

/// One line of JSON.
pub(crate) fn line(answer: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(answer).map_err(|why| Failure::unavailable("the answer", why))
}

/// JSON that core has read, to be printed as it was signed: no number is rounded on the way.
pub(crate) fn raw(text: &str) -> Result<&RawValue, Failure> {
    serde_json::from_str(text).map_err(|why| Failure::unavailable("the answer", why))
}

fn refusal(error: Error) -> Value {
    let mut answer = json!({ "ok": false, "code": error.code().as_str(), "message": error.message() });
    if let (Some(members), Some(claim)) = (answer.as_object_mut(), error.claim_name()) {
        members.insert("claim".to_owned(), claim.into());
    }
    answer
}
