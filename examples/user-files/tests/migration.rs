//! From one flat folder to folders of users, by the program itself, which is killed on its way.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use support::{ADA, BEN, Folder, Service, program, token, tree};

/// How many entries one user left.
const ENTRIES: usize = 3000;

fn flat() -> Folder {
    let data = Folder::new();
    let root = data.0.join("workspace");
    fs::create_dir(&root).unwrap();
    for number in 0..ENTRIES {
        fs::write(root.join(format!("note-{number:04}.md")), number.to_string()).unwrap();
    }
    fs::create_dir(root.join("site")).unwrap();
    fs::write(root.join("site/index.html"), "<p>").unwrap();
    data
}

fn migrate(data: &Path, user: &str, more: &[&str]) -> Output {
    program(data).args(["migrate", user]).args(more).output().unwrap()
}

/// What is the user's, in either place; panics for what is in both.
fn contents(data: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    let moved = format!("/{ADA}/");
    let mut all = BTreeMap::new();
    for (name, bytes) in tree(&data.join("workspace")) {
        if !name.starts_with("/.sentinel-") && name != format!("/{ADA}") {
            let name = name.strip_prefix(&moved).map_or(name.clone(), |name| format!("/{name}"));
            assert!(all.insert(name, bytes).is_none(), "in both places");
        }
    }
    all
}

#[test]
fn killed_on_its_way_nothing_is_lost_and_it_goes_on() {
    let mut ended_half_way = 0;
    while ended_half_way < 3 {
        let data = flat();
        let before = contents(&data.0);
        assert_eq!(before.len(), ENTRIES + 2);
        let folder = data.0.join("workspace").join(ADA);
        let moved = || fs::read_dir(&folder).map_or(0, Iterator::count);
        // Killed as soon as some of them are moved: again and again, always a little further.
        for part in 1..=5 {
            let mut process =
                program(&data.0).args(["migrate", ADA]).stdout(std::process::Stdio::null()).spawn().unwrap();
            while moved() < ENTRIES * part / 8 && process.try_wait().unwrap().is_none() {}
            process.kill().unwrap();
            process.wait().unwrap();
            assert_eq!(contents(&data.0), before, "after {} were moved", moved());
            let half_way = data.0.join("workspace/.sentinel-migration").exists() && (1..ENTRIES).contains(&moved());
            ended_half_way += usize::from(half_way);
        }
        let last = migrate(&data.0, ADA, &[]);
        assert!(last.status.success(), "{last:?}");
        assert_eq!(contents(&data.0), before);
        assert_eq!(tree(&folder), before, "all of it in the user's folder");
        let again = migrate(&data.0, ADA, &[]);
        assert!(
            again.status.success() && String::from_utf8_lossy(&again.stdout).starts_with("nothing to move"),
            "{again:?}"
        );
        assert_eq!(tree(&folder), before);
    }
}

#[test]
fn it_says_what_it_would_do_and_refuses_what_it_would_have_to_guess() {
    let data = flat();
    let before = tree(&data.0);
    let dry = migrate(&data.0, ADA, &["--dry-run"]);
    assert_eq!(String::from_utf8_lossy(&dry.stdout), format!("would move {} entries to {ADA}\n", ENTRIES + 1));
    assert_eq!(tree(&data.0), before);
    fs::create_dir(data.0.join("workspace").join(BEN)).unwrap();
    let refused = migrate(&data.0, ADA, &[]);
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
    fs::remove_dir(data.0.join("workspace").join(BEN)).unwrap();
    for hostile in ["", "..", "u1", "../../etc", "00000000-0000-0000-0000-000000000000"] {
        assert!(!migrate(&data.0, hostile, &[]).status.success(), "{hostile:?}");
    }
    assert_eq!(tree(&data.0), before);
}

#[test]
fn the_service_starts_after_it_and_not_before() {
    let data = flat();
    let refused =
        program(&data.0).envs([("ISSUER", "https://sentinel.example"), ("ADDRESS", "127.0.0.1:0")]).output().unwrap();
    assert!(!refused.status.success() && refused.stdout.is_empty(), "{refused:?}");
    assert!(migrate(&data.0, &format!("usr_{ADA}"), &[]).status.success());
    let service = Service::start_in(data, 3600);
    assert_eq!(service.get("/files/note-0007.md", &token(ADA)).text(), "7");
    assert_eq!(service.get("/files/site/index.html", &token(ADA)).text(), "<p>");
    assert_eq!(service.get("/files/note-0007.md", &token(BEN)).status, 404);
    let running = migrate(&service.data.0, ADA, &[]);
    assert!(!running.status.success(), "not while the service has it open: {running:?}");
}
