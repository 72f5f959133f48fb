//! A migration that ends anywhere, and starts again.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::workspace_dir::Workspaces;

const ADA: &str = "11111111-1111-4111-8111-111111111111";
const BEN: &str = "22222222-2222-4222-8222-222222222222";
const ISSUER: &str = "https://id.example";

/// A folder of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sentinel-migration-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// As one user left it.
    fn flat() -> Self {
        let folder = Self::new();
        for (path, text) in
            [("notes.md", "a"), ("site/index.html", "b"), ("site/css/x.css", "c"), (".hidden", "d"), ("empty.txt", "")]
        {
            folder.put(path, text);
        }
        fs::create_dir(folder.0.join("nothing")).unwrap();
        folder
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Every file with its text, and every folder, below this path.
    fn below(&self, path: &str) -> BTreeMap<String, Option<String>> {
        fn walk(path: &Path, name: String, found: &mut BTreeMap<String, Option<String>>) {
            for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
                let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
                if entry.file_type().unwrap().is_dir() {
                    found.insert(name.clone(), None);
                    walk(&entry.path(), name, found);
                } else {
                    found.insert(name, Some(fs::read_to_string(entry.path()).unwrap()));
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(&self.0.join(path), String::new(), &mut found);
        found
    }

    /// What is the user's, in either place.
    fn contents(&self) -> BTreeMap<String, Option<String>> {
        let mut all = self.below("");
        all.retain(|name, _| !name.starts_with("/.sentinel-") && *name != format!("/{ADA}"));
        let moved = format!("/{ADA}/");
        let mut contents = BTreeMap::new();
        for (name, text) in all {
            let name = name.strip_prefix(&moved).map_or(name.clone(), |name| format!("/{name}"));
            assert!(contents.insert(name, text).is_none(), "in both places");
        }
        contents
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn ambiguous(result: Result<Migration, MigrationError>) -> Vec<String> {
    match result {
        Err(MigrationError::Ambiguous(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_is_moved_once() {
    let folder = Folder::flat();
    let before = folder.below("");
    let planned = plan(&folder.0, ADA).unwrap();
    assert_eq!(folder.below(""), before, "a plan changes nothing");
    let Migration::Moves { entries, user_id } = &planned else { panic!("{planned:?}") };
    assert_eq!(
        (entries.as_slice(), user_id.as_str()),
        (&[".hidden", "empty.txt", "notes.md", "nothing", "site"].map(str::to_owned)[..], ADA)
    );
    assert!(matches!(Workspaces::open(&folder.0, ISSUER), Err(FilesError::Conflict(_))), "it is flat still");
    assert_eq!(migrate(&folder.0, &format!("usr_{ADA}")).unwrap(), planned);
    assert_eq!(folder.below(ADA), before);
    let after = folder.below("");
    for user in [ADA, BEN] {
        assert_eq!(migrate(&folder.0, user).unwrap(), Migration::AlreadyDone);
        assert_eq!(plan(&folder.0, user).unwrap(), Migration::AlreadyDone);
    }
    assert_eq!(folder.below(""), after);
    let workspaces = Workspaces::open(&folder.0, ISSUER).unwrap();
    assert_eq!(workspaces.users().unwrap(), [ADA]);
}

#[test]
fn whenever_it_ends_nothing_is_lost_and_it_goes_on() {
    let before = Folder::flat().contents();
    let mut ends = 0_usize;
    loop {
        let folder = Folder::flat();
        let mut left = ends;
        let mut step = || left.checked_sub(1).map(|rest| left = rest).ok_or_else(|| io::Error::other("killed"));
        let ended = run(&folder.0, ADA, &mut step);
        assert_eq!(folder.contents(), before, "after {ends} steps");
        if ended.is_ok() {
            break;
        }
        assert!(Workspaces::open(&folder.0, ISSUER).is_err(), "after {ends} steps: no service works on half of it");
        // And ends again, at every later place.
        let mut left = ends % 3;
        let _ = run(&folder.0, ADA, &mut || {
            left.checked_sub(1).map(|rest| left = rest).ok_or_else(|| io::Error::other("killed"))
        });
        assert_eq!(folder.contents(), before, "after {ends} steps and some more");
        assert!(matches!(migrate(&folder.0, ADA).unwrap(), Migration::Moves { .. }));
        assert_eq!(folder.below(ADA), before, "after {ends} steps");
        assert_eq!(migrate(&folder.0, ADA).unwrap(), Migration::AlreadyDone);
        ends += 1;
    }
    assert_eq!(ends, 11, "draft, its text, journal, folder, five entries, sync, mark");
}

#[test]
fn what_could_be_meant_in_two_ways_is_refused() {
    let strange = |name: &str, make: &dyn Fn(&Path)| {
        let folder = Folder::flat();
        make(&folder.0.join(name));
        let before: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        for result in [plan(&folder.0, ADA), migrate(&folder.0, ADA)] {
            let what = ambiguous(result);
            assert!(what.len() == 1 && what[0].starts_with(name), "{name}: {what:?}");
        }
        let after: Vec<_> = fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(before, after);
    };
    let file = |path: &Path| fs::write(path, "x").unwrap();
    let dir = |path: &Path| fs::create_dir(path).unwrap();
    for name in [ADA, BEN, &format!("usr_{BEN}")] {
        strange(name, &file);
        strange(name, &dir);
    }
    for name in ["aux", "com1.txt", "a\\b", "%2e%2e", "x\u{202e}y", "trailing.", ".sentinel-else"] {
        strange(name, &file);
    }
    #[cfg(unix)]
    {
        strange("link", &|path| std::os::unix::fs::symlink("notes.md", path).unwrap());
        strange("dangling", &|path| std::os::unix::fs::symlink("/nowhere", path).unwrap());
        strange("socket", &|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()));
    }
    let folder = Folder::flat();
    fs::hard_link(folder.0.join("notes.md"), folder.0.join("same.md")).unwrap();
    assert_eq!(ambiguous(migrate(&folder.0, ADA)).len(), 2);
    for hostile in ["", "..", "u1", "00000000-0000-0000-0000-000000000000", "../../etc"] {
        assert!(matches!(migrate(&folder.0, hostile), Err(MigrationError::Owner(_))), "{hostile:?}");
    }
}

#[test]
fn a_run_that_ended_is_gone_on_with_only_where_it_fits() {
    let ended_after = |steps: usize| {
        let folder = Folder::flat();
        let mut left = steps;
        let _ = run(&folder.0, ADA, &mut || {
            left.checked_sub(1).map(|rest| left = rest).ok_or_else(|| io::Error::other("killed"))
        });
        folder
    };
    // Two entries are moved.
    let folder = ended_after(6);
    assert_eq!(ambiguous(migrate(&folder.0, BEN)).len(), 1, "it was begun for another one");
    folder.put("new.txt", "came meanwhile");
    assert!(ambiguous(migrate(&folder.0, ADA))[0].starts_with("new.txt"));
    fs::remove_file(folder.0.join("new.txt")).unwrap();
    folder.put(".hidden", "written again");
    assert_eq!(ambiguous(migrate(&folder.0, ADA)), [".hidden: is in both places"]);
    fs::remove_file(folder.0.join(".hidden")).unwrap();
    fs::rename(folder.0.join("notes.md"), folder.0.join(ADA).join("elsewhere.md")).unwrap();
    assert_eq!(ambiguous(migrate(&folder.0, ADA)), ["notes.md: is in neither place"]);
    fs::rename(folder.0.join(ADA).join("elsewhere.md"), folder.0.join("notes.md")).unwrap();
    fs::write(folder.0.join(JOURNAL), r#"{"user_id":"..","entries":["../x"]}"#).unwrap();
    assert!(ambiguous(migrate(&folder.0, ADA))[0].starts_with(JOURNAL));
    // The user's folder became a link meanwhile.
    let folder = ended_after(4);
    fs::remove_dir(folder.0.join(ADA)).unwrap();
    #[cfg(unix)]
    {
        let elsewhere = Folder::new();
        std::os::unix::fs::symlink(&elsewhere.0, folder.0.join(ADA)).unwrap();
        assert!(migrate(&folder.0, ADA).is_err());
        assert!(elsewhere.below("").is_empty());
    }
}

#[test]
fn nobody_else_is_in_it() {
    let folder = Folder::new();
    let workspaces = Workspaces::open(&folder.0, ISSUER).unwrap();
    let another = Workspaces::open(&folder.0, ISSUER).unwrap();
    assert!(matches!(migrate(&folder.0, ADA), Err(MigrationError::InUse)));
    drop(workspaces);
    assert!(matches!(plan(&folder.0, ADA), Err(MigrationError::InUse)));
    drop(another);
    assert_eq!(migrate(&folder.0, ADA).unwrap(), Migration::AlreadyDone);
    folder.put("stray.txt", "x");
    assert!(ambiguous(migrate(&folder.0, ADA))[0].starts_with("stray.txt"));
    let flat = Folder::flat();
    let root = Root::lock(&flat.0).unwrap();
    assert!(matches!(migrate(&flat.0, ADA), Err(MigrationError::InUse)));
    assert!(matches!(Workspaces::open(&flat.0, ISSUER), Err(FilesError::Conflict(_))));
    drop(root);
    migrate(&flat.0, ADA).unwrap();
}
