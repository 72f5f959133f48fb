//! Folders of users: whose they are, and that nothing leads out of them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use sentinel_tower::core::{Expected, KeySet, Limits, SymmetricKeys, Verifier};
use sentinel_tower::current::{Actor, sync_scope};
use sentinel_tower::workspace_dir::{FilesError, WorkspaceDir, Workspaces};
use sentinel_tower::{Keys, Sentinel, System, spawn_blocking};
use serde_json::json;
use support::{AUDIENCE, ISSUER, Service, Signer};

const ADA: &str = "aaaaaaaa-1111-4111-8111-111111111111";
const BEN: &str = "bbbbbbbb-2222-4222-8222-222222222222";
const SECRET: &str = "what ben keeps to himself";

/// A root with the folders of two users, gone with the test.
struct Root {
    path: PathBuf,
    workspaces: Workspaces,
}

impl Root {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sentinel-workspaces-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        let workspaces = Workspaces::open(&path, ISSUER).unwrap();
        let root = Self { path, workspaces };
        root.of(BEN).write("secret.txt", SECRET.as_bytes()).unwrap();
        root.of(ADA).write("mine.txt", b"mine").unwrap();
        root
    }

    fn of(&self, user: &str) -> WorkspaceDir {
        self.workspaces.workspace_dir_of(&Actor::from(System::named("test").on_behalf_of(user))).unwrap()
    }

    fn folder(&self, user: &str) -> PathBuf {
        self.path.join(user)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).unwrap();
    }
}

fn is_gone<T: std::fmt::Debug>(result: Result<T, FilesError>) -> bool {
    matches!(result, Err(FilesError::NotFound))
}

#[test]
fn files_are_written_listed_read_and_removed() {
    let root = Root::new();
    let ada = root.of(ADA);
    ada.create_dir_all("site/css").unwrap();
    ada.create_dir_all("site/css").unwrap();
    ada.write("site/index.html", b"<p>").unwrap();
    ada.write("site/index.html", b"<p>new").unwrap();
    assert_eq!(ada.read("site/index.html", 6).unwrap(), b"<p>new");
    assert!(matches!(ada.read("site/index.html", 5), Err(FilesError::TooLarge)));
    let names = |path: &str| -> Vec<_> {
        ada.list(path, 10).unwrap().into_iter().map(|e| (e.name, e.is_folder, e.bytes)).collect()
    };
    assert_eq!(names(""), [("mine.txt".to_owned(), false, 4), ("site".to_owned(), true, 0)]);
    assert_eq!(names("site"), [("css".to_owned(), true, 0), ("index.html".to_owned(), false, 6)]);
    assert!(matches!(ada.list("", 1), Err(FilesError::TooLarge)));
    assert_eq!(ada.subdir("site").unwrap().read("index.html", 10).unwrap(), b"<p>new");
    assert!(is_gone(ada.read("site", 10)) && is_gone(ada.list("mine.txt", 10)) && is_gone(ada.read("mine.txt/x", 10)));
    assert!(is_gone(ada.write("none/x.txt", b"")) && is_gone(ada.create_dir("none/x")));
    assert!(is_gone(ada.create_dir_all("mine.txt/x")));
    assert!(matches!(ada.write("site", b""), Err(FilesError::Conflict(_))));
    assert!(matches!(ada.create_dir("site"), Err(FilesError::Conflict(_))));
    assert!(matches!(ada.remove_dir("site"), Err(FilesError::Conflict(_))));
    assert!(matches!(ada.remove_file("site"), Err(FilesError::Conflict(_))));
    for nothing in ["", "/"] {
        assert!(matches!(ada.write(nothing, b""), Err(FilesError::Path(_))), "{nothing:?}");
        assert!(matches!(ada.remove_dir(nothing), Err(FilesError::Path(_))), "{nothing:?}");
    }
    ada.remove_file("site/index.html").unwrap();
    ada.remove_dir("site/css").unwrap();
    ada.remove_dir("site").unwrap();
    assert!(is_gone(ada.remove_file("site/index.html")) && is_gone(ada.remove_dir("site")));
    assert_eq!(names("").len(), 1);
    // Nothing is left of writing, not even of what failed; and nobody else on the machine reads it.
    assert_eq!(fs::read_dir(root.folder(ADA)).unwrap().count(), 1);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(root.folder(ADA)), mode(root.folder(ADA).join("mine.txt"))), (0o700, 0o600));
}

#[tokio::test]
async fn whose_they_are_is_the_tokens_word_alone() {
    let signer = Signer::new("k1");
    let root = Arc::new(Root::new());
    let keys = KeySet::from_jwks(signer.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
    let both = Expected::one_of([ISSUER, "https://other.example"]);
    let verifier = Verifier::new(both, Expected::exactly(AUDIENCE), support::verifier().algorithms());
    let layer = Sentinel::new(verifier, Keys::fixed(keys)).exclude_paths(["/open"]).unwrap().layer();
    async fn names(State(root): State<Arc<Root>>) -> Result<String, FilesError> {
        // Three calls below, in another thread.
        let listed = spawn_blocking(move || root.workspaces.workspace_dir()?.list("", 10)).await;
        Ok(listed.unwrap()?.into_iter().map(|entry| entry.name).collect::<Vec<_>>().join(" "))
    }
    let routes = Router::new().route("/", get(names)).route("/open", get(names)).with_state(Arc::clone(&root));
    let service = Service::new(routes.layer(layer)).await;
    let ask = async |issuer: &str, user: &str| {
        let reply = service.get("/", &signer.sign(issuer, AUDIENCE, user, json!({ "wid": BEN }))).await;
        (reply.status, reply.body)
    };
    assert_eq!(ask(ISSUER, ADA).await, (200, "mine.txt".to_owned()));
    assert_eq!(ask(ISSUER, BEN).await, (200, "secret.txt".to_owned()));
    assert_eq!(ask(ISSUER, &format!("usr_{ADA}")).await, (200, "mine.txt".to_owned()), "one user, in another dialect");
    assert_eq!(ask("https://other.example", BEN).await, (403, "the user is of another issuer".to_owned()));
    for hostile in [
        "..",
        ".",
        "/",
        "u1",
        "../bbbbbbbb-2222-4222-8222-222222222222",
        "BBBBBBBB-2222-4222-8222-222222222222",
        "usr_../bbbbbbbb-2222-4222-8222-222222222222",
        "bbbbbbbb-2222-4222-8222-222222222222/",
        "system:test",
        "bbbbbbbb-2222-4222-8222-222222222222\u{0}",
        "%62bbbbbbb-2222-4222-8222-222222222222",
        "uid-ben",
        "00000000-0000-0000-0000-000000000000",
        ".sentinel-workspaces",
        "~",
    ] {
        assert_eq!(ask(ISSUER, hostile).await.0, 403, "{hostile:?}");
    }
    assert_eq!(service.send("GET", "/open", &[]).await.status, 403, "nobody");
    assert_eq!(fs::read_dir(&root.path).unwrap().count(), 3, "two users and our mark: none was made for another");
    // Where nobody said in whose name, and as a system that works for nobody.
    assert!(matches!(root.workspaces.workspace_dir(), Err(FilesError::Caller(_))));
    let alone = sync_scope(System::named("cleanup"), || root.workspaces.workspace_dir());
    assert!(matches!(alone, Err(FilesError::Owner(_))));
    let mut users = root.workspaces.users().unwrap();
    users.sort();
    assert_eq!(users, [ADA, BEN]);
}

/// Every way of using a path, which must not reach anything by it.
fn reaches_nothing(dir: &WorkspaceDir, path: &str, root: &Root) {
    assert!(dir.read(path, 1000).is_err(), "read {path:?}");
    assert!(dir.open(path).is_err(), "open {path:?}");
    assert!(dir.list(path, 1000).is_err(), "list {path:?}");
    assert!(dir.subdir(path).is_err(), "subdir {path:?}");
    assert!(dir.create_dir(path).is_err(), "create {path:?}");
    assert!(dir.remove_dir(path).is_err(), "remove {path:?}");
    assert_eq!(fs::read_to_string(root.folder(BEN).join("secret.txt")).unwrap(), SECRET);
}

#[test]
fn no_path_leads_out() {
    let root = Root::new();
    let ada = root.of(ADA);
    ada.create_dir("sub").unwrap();
    let absolute = root.folder(BEN).join("secret.txt");
    let paths = [
        format!("../{BEN}/secret.txt"),
        format!("sub/../../{BEN}/secret.txt"),
        format!("./../{BEN}/secret.txt"),
        format!("..//{BEN}/secret.txt"),
        format!("..\\{BEN}\\secret.txt"),
        format!("%2e%2e/{BEN}/secret.txt"),
        format!("..%2f{BEN}%2fsecret.txt"),
        format!("\u{ff0e}\u{ff0e}/{BEN}/secret.txt"),
        format!("..\u{2215}{BEN}\u{2215}secret.txt"),
        format!("../{BEN}/secret.txt\0.png"),
        format!("mine.txt\0../{BEN}/secret.txt"),
        absolute.to_str().unwrap().to_owned(),
        format!("/{}", absolute.display()),
        format!("file://{}", absolute.display()),
        "..".to_owned(),
        ".".to_owned(),
        "../".to_owned(),
        "../..".to_owned(),
        "sub/..".to_owned(),
        "sub/../..".to_owned(),
        "/".to_owned(),
        "//".to_owned(),
        "/etc/passwd".to_owned(),
        "../../../../../../etc/passwd".to_owned(),
        "/proc/self/cwd/Cargo.toml".to_owned(),
        "/dev/stdin".to_owned(),
        "\\\\?\\C:\\".to_owned(),
        "C:\\x".to_owned(),
        "CON".to_owned(),
        "sub/NUL.txt".to_owned(),
        "mine.txt::$DATA".to_owned(),
        "../.sentinel-workspaces".to_owned(),
        "a".repeat(256),
        vec!["a"; 40].join("/"),
        "x".repeat(1 << 16),
    ];
    for path in &paths {
        reaches_nothing(&ada, path, &root);
        assert!(matches!(ada.write(path, b"over"), Err(FilesError::Path(_))), "write {path:?}");
        assert!(matches!(ada.remove_file(path), Err(FilesError::Path(_))), "remove {path:?}");
    }
    assert_eq!(ada.list("", 10).unwrap().len(), 2, "and nothing was made");
}

#[test]
fn no_link_leads_anywhere() {
    let root = Root::new();
    let ada = root.of(ADA);
    ada.create_dir_all("own").unwrap();
    ada.write("own/file.txt", b"own").unwrap();
    let (mine, bens) = (root.folder(ADA), root.folder(BEN));
    let links = [
        (bens.clone(), "to-folder"),
        (PathBuf::from(format!("../{BEN}")), "to-folder-relative"),
        (bens.join("secret.txt"), "to-file"),
        (PathBuf::from(format!("../{BEN}/secret.txt")), "to-file-relative"),
        (PathBuf::from("/"), "to-root"),
        (PathBuf::from(".."), "to-parent"),
        (PathBuf::from("."), "to-itself"),
        (PathBuf::from("to-loop"), "to-loop"),
        (PathBuf::from("/proc/self/cwd"), "to-magic"),
        (PathBuf::from("own"), "to-own-folder"),
        (PathBuf::from("own/file.txt"), "to-own-file"),
        (PathBuf::from("nowhere"), "to-nothing"),
    ];
    for (target, name) in &links {
        symlink(target, mine.join(name)).unwrap();
        reaches_nothing(&ada, name, &root);
        for below in ["secret.txt", "file.txt", "own/file.txt", BEN] {
            let below = format!("{name}/{below}");
            reaches_nothing(&ada, &below, &root);
            assert!(is_gone(ada.write(&below, b"over")), "write {below:?}");
            assert!(is_gone(ada.remove_file(&below)), "remove {below:?}");
            assert!(is_gone(ada.create_dir(&below)) && is_gone(ada.create_dir_all(&below)), "create {below:?}");
        }
    }
    assert_eq!(ada.list("", 100).unwrap().len(), 2, "links are not there");
    // Writing puts a file in a link's place, removing removes it: never what it led to.
    ada.write("to-file", b"mine now").unwrap();
    assert_eq!(ada.read("to-file", 100).unwrap(), b"mine now");
    ada.remove_file("to-file-relative").unwrap();
    ada.remove_file("to-folder").unwrap();
    assert_eq!(fs::read_to_string(bens.join("secret.txt")).unwrap(), SECRET);
    // Nor does the folder itself lead elsewhere.
    fs::remove_dir_all(&mine).unwrap();
    symlink(&bens, &mine).unwrap();
    let again = root.workspaces.workspace_dir_of(&Actor::from(System::named("test").on_behalf_of(ADA)));
    assert!(is_gone(again));
}

#[test]
fn what_is_no_file_is_not_there() {
    let root = Root::new();
    let (ada, mine) = (root.of(ADA), root.folder(ADA));
    fs::hard_link(root.folder(BEN).join("secret.txt"), mine.join("linked.txt")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(mine.join("socket")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(mine.join("pipe")).status().unwrap().success());
    for name in ["linked.txt", "socket", "pipe"] {
        // Of a pipe whose other end nobody holds, the question alone would wait for ever.
        assert!(is_gone(ada.read(name, 1000)), "{name}");
    }
    fs::write(mine.join("NUL"), "x").unwrap();
    fs::write(mine.join("a\u{202e}b"), "x").unwrap();
    fs::write(Path::new(&mine).join(std::ffi::OsStr::new("bad\u{7f}")), "x").unwrap();
    assert_eq!(ada.list("", 100).unwrap().len(), 1, "nor are they listed");
    ada.write("linked.txt", b"mine now").unwrap();
    assert_eq!(fs::read_to_string(root.folder(BEN).join("secret.txt")).unwrap(), SECRET);
    assert_eq!(ada.read("linked.txt", 100).unwrap(), b"mine now");
}

/// A folder and a file that are exchanged for links to another user's, all the time and by another thread.
#[test]
fn no_race_leads_out() {
    let root = Root::new();
    let (ada, mine, bens) = (root.of(ADA), root.folder(ADA), root.folder(BEN));
    fs::create_dir(mine.join("real")).unwrap();
    fs::write(mine.join("real/secret.txt"), "own").unwrap();
    fs::write(mine.join("real-file"), "own").unwrap();
    symlink(&bens, mine.join("link")).unwrap();
    symlink(bens.join("secret.txt"), mine.join("link-file")).unwrap();
    fs::rename(mine.join("real"), mine.join("x")).unwrap();
    fs::rename(mine.join("real-file"), mine.join("y")).unwrap();
    let (stop, leaked, honest, refused) =
        (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    /// The other threads end also where this one fails.
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    std::thread::scope(|threads| {
        let _stop = Stop(&stop);
        threads.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for (shown, own, link) in [("x", "real", "link"), ("y", "real-file", "link-file")] {
                    let swap = |from: &str, to: &str| fs::rename(mine.join(from), mine.join(to));
                    // What a write has put in a link's place is put away first.
                    swap(shown, own).unwrap();
                    swap(link, shown).unwrap();
                    std::thread::yield_now();
                    swap(shown, link).unwrap();
                    swap(own, shown).unwrap();
                }
            }
        });
        // Whoever checks first and opens by path then, as a careful program does, is led out: the race is a real one.
        threads.spawn(|| {
            while leaked.load(Ordering::Relaxed) < 20 && !stop.load(Ordering::Relaxed) {
                for path in [mine.join("x/secret.txt"), mine.join("y")] {
                    let is_plain = |path: &Path| path.symlink_metadata().is_ok_and(|about| !about.is_symlink());
                    let checked = is_plain(&path) && is_plain(path.parent().unwrap());
                    if checked && fs::read_to_string(&path).is_ok_and(|text| text == SECRET) {
                        leaked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
        while leaked.load(Ordering::Relaxed) < 20
            || honest.load(Ordering::Relaxed) < 200
            || refused.load(Ordering::Relaxed) < 200
        {
            for path in ["x/secret.txt", "y"] {
                match ada.read(path, 1000) {
                    Ok(text) => {
                        assert_eq!(text, b"own", "{path}");
                        honest.fetch_add(1, Ordering::Relaxed);
                    }
                    Err(FilesError::NotFound) => drop(refused.fetch_add(1, Ordering::Relaxed)),
                    Err(error) => panic!("{path}: {error:?}"),
                }
            }
            match ada.list("x", 100) {
                Ok(listed) => assert!(listed.iter().all(|entry| entry.bytes == 3), "{listed:?}"),
                Err(FilesError::NotFound) => {}
                Err(error) => panic!("{error:?}"),
            }
            // What is written lands in the own folder or nowhere.
            match ada.write("x/new.txt", b"new") {
                Ok(()) | Err(FilesError::NotFound) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    });
    assert_eq!(fs::read_dir(&bens).unwrap().count(), 1, "nothing came into the other's folder");
    assert_eq!(fs::read_to_string(bens.join("secret.txt")).unwrap(), SECRET);
}

#[test]
fn a_root_stays_the_one_that_was_opened() {
    let root = Root::new();
    let (moved, other) = (root.path.with_extension("moved"), root.path.with_extension("other"));
    fs::rename(&root.path, &moved).unwrap();
    fs::create_dir(&other).unwrap();
    symlink(&other, &root.path).unwrap();
    assert_eq!(root.of(ADA).read("mine.txt", 100).unwrap(), b"mine");
    root.of(ADA).write("later.txt", b"later").unwrap();
    assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
    fs::remove_file(&root.path).unwrap();
    fs::remove_dir(&other).unwrap();
    fs::rename(&moved, &root.path).unwrap();
}
