//! A process is killed at any moment: what it acknowledged is there when the next one opens the store, no session has
//! two live generations, and nothing revoked lives again.
//!
//! The process is this test binary, started again. It says on its standard output what was committed, line by line.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use sentinel_storage::{
    AuthorizationCode, CodeConsumption, RevocationKind, RevokedFor, SessionState, Store, StoreOptions, WorkspaceRole,
};
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::clients::client;
use crate::harness::{NOW, Place, begin, places, read};
use crate::sessions::{LATER, end, session};
use crate::users::people;
use crate::workspaces::workspace;

/// What tells the process that it is to be killed, and where to work.
const WHERE: &str = "SENTINEL_CRASH_TEST";
const KILLS: usize = 40;
/// What works at the same time in the process. Each has sessions and a value of its own.
const WORKERS: u128 = 4;
/// What the lines begin with that the parent heeds.
const MARK: &str = "acknowledged ";

/// A number below `end`.
fn random(end: u128) -> u128 {
    Uuid::new_v4().as_u128() % end
}

/// Whose sessions they are.
#[derive(Clone, Copy)]
struct Ids {
    user: Uuid,
    workspace: Uuid,
    client: Uuid,
}

/// Says what was committed. One short write to the pipe: all of the line is there, or nothing.
fn acknowledge(what: &str) {
    println!("{MARK}{what}");
}

/// Makes a session from an authorization code, in one transaction with the code's consumption.
async fn log_in(store: &Store, ids: Ids, worker: u128) {
    let id = std::iter::repeat_with(Uuid::new_v4).find(|id| id.as_u128() % WORKERS == worker).unwrap();
    let code = AuthorizationCode {
        user_id: ids.user,
        client_id: ids.client,
        code_challenge: "challenge".into(),
        expires_at: LATER,
        sso_id: None,
    };
    let mut db = begin(store).await;
    db.insert_authorization_code(id.as_bytes(), &code, NOW).await.unwrap();
    db.commit().await.unwrap();
    let mut db = begin(store).await;
    let consumed = db.consume_authorization_code(id.as_bytes(), id, NOW).await.unwrap();
    assert_eq!(consumed, CodeConsumption::Consumed(code));
    db.insert_session(&sentinel_storage::NewSession { id, ..session(ids.user, ids.workspace) }, NOW).await.unwrap();
    db.commit().await.unwrap();
    acknowledge(&format!("began {id}"));
}

/// One change after another, for ever.
async fn work(store: Store, ids: Ids, worker: u128) {
    let key = format!("worker {worker}");
    loop {
        let mut sessions = read(&store).await.live_sessions(ids.user, NOW, 100).await.unwrap();
        sessions.retain(|one| one.id.as_u128() % WORKERS == worker);
        if sessions.len() < 2 {
            log_in(&store, ids, worker).await;
            continue;
        }
        let one = &sessions[random(sessions.len() as u128) as usize];
        let mut db = begin(&store).await;
        let done = match random(10) {
            0 => {
                assert!(db.revoke_session(one.id, end(RevokedFor::Logout, NOW)).await.unwrap());
                format!("revoked {}", one.id)
            }
            1 => {
                let jti = Uuid::new_v4().to_string();
                db.insert_revocation(RevocationKind::Token, &jti, NOW, LATER).await.unwrap();
                format!("denied {jti}")
            }
            2 | 3 => {
                let stands = db.deployment_value(&key).await.unwrap();
                let next = stands.map_or(0, |value| value.parse::<i64>().unwrap()) + 1;
                db.put_deployment_value(&key, &next.to_string(), NOW).await.unwrap();
                format!("wrote {worker} {next}")
            }
            _ => {
                assert!(db.rotate_session(one.id, one.generation, LATER, NOW).await.unwrap());
                format!("rotated {} {}", one.id, one.generation + 1)
            }
        };
        db.commit().await.unwrap();
        acknowledge(&done);
    }
}

/// Not a case of its own: the cases below start it, and without them it has nothing to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_is_killed() {
    let Ok(settings) = std::env::var(WHERE) else { return };
    let [kind, place, user, workspace, client] = settings.split('\n').collect::<Vec<_>>()[..] else {
        panic!("it is told where to work");
    };
    let options = if kind == "sqlite" {
        StoreOptions::Sqlite { file: place.into() }
    } else {
        StoreOptions::Postgres { url: place.into(), max_connections: 4 }
    };
    let [user, workspace, client] = [user, workspace, client].map(|id| id.parse().unwrap());
    let store = Store::open(&options, NOW).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..WORKERS {
        workers.spawn(work(store.clone(), Ids { user, workspace, client }, worker));
    }
    // A worker that fails, or a parent that is gone, ends the process.
    let ended = tokio::time::timeout(Duration::from_secs(30), workers.join_next()).await;
    panic!("it was not killed: {ended:?}");
}

/// Starts the process, kills it after some changes, and answers what it had acknowledged.
fn run_and_kill(options: &StoreOptions, ids: Ids) -> Vec<String> {
    let (kind, place) = match options {
        StoreOptions::Sqlite { file } => ("sqlite", file.to_str().unwrap()),
        StoreOptions::Postgres { url, .. } => ("postgres", url.as_str()),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::the_process_that_is_killed", "--nocapture"])
        .env(
            WHERE,
            [kind, place, &ids.user.to_string(), &ids.workspace.to_string(), &ids.client.to_string()].join("\n"),
        )
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).filter_map(|line| {
        // The test runner writes on the same line, before what comes first.
        line.split_once(MARK).map(|(_, what)| what.to_owned())
    });
    let wanted = 1 + random(9) as usize;
    let mut acknowledged: Vec<_> = lines.by_ref().take(wanted).collect();
    let failed = acknowledged.len() < wanted;
    std::thread::sleep(Duration::from_micros(random(4000) as u64));
    // SIGKILL. What had been written to the pipe by then can still be read.
    child.kill().unwrap();
    acknowledged.extend(lines);
    child.wait().unwrap();
    assert!(!failed, "the process ended by itself");
    acknowledged
}

/// What must be there.
#[derive(Default)]
struct Known {
    /// Sessions: their generation, and whether they are revoked.
    sessions: BTreeMap<Uuid, (i64, bool)>,
    values: BTreeMap<String, i64>,
    denied: BTreeSet<String>,
}

impl Known {
    fn learn(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["began", id] => drop(self.sessions.insert(id.parse().unwrap(), (0, false))),
            ["revoked", id] => self.sessions.get_mut(&id.parse().unwrap()).unwrap().1 = true,
            ["rotated", id, generation] => {
                let (known, revoked) = self.sessions.get_mut(&id.parse().unwrap()).unwrap();
                *known += 1;
                assert!(!*revoked && known.to_string() == generation, "{line}, after {known}");
            }
            ["wrote", worker, value] => {
                self.values.insert(format!("worker {worker}"), value.parse().unwrap());
            }
            ["denied", jti] => drop(self.denied.insert(jti.into())),
            _ => panic!("{line}"),
        }
    }

    /// Compares with the store. Each worker may have committed one change more than it could say.
    async fn check(&mut self, store: &Store, ids: Ids) {
        let mut db = read(store).await;
        for one in db.live_sessions(ids.user, NOW, 1000).await.unwrap() {
            self.sessions.entry(one.id).or_insert((0, false));
        }
        for (id, (generation, revoked)) in &mut self.sessions {
            let found = db.session(*id).await.unwrap().expect("what began is there");
            let more = i64::from(!*revoked);
            assert!((*generation..=*generation + more).contains(&found.generation), "{found:?}, known {generation}");
            assert!(!*revoked || found.revoked_at.is_some(), "{found:?} lives again");
            (*generation, *revoked) = (found.generation, found.revoked_at.is_some());
            // What revoked it is published with it, and what verifiers here see says the same.
            assert_eq!(db.is_revoked("", Some(*id), None, NOW).await.unwrap(), *revoked);
            let state = db.access_state(ids.user, None, Some(*id), "", None).await.unwrap().unwrap();
            assert!(
                matches!(state.session, SessionState::Known { revoked_at, .. } if revoked_at.is_some() == *revoked)
            );
        }
        for (key, value) in &mut self.values {
            let found = db.deployment_value(key).await.unwrap().unwrap().parse().unwrap();
            assert!((*value..=*value + 1).contains(&found), "{key} is {found}, not {value}");
            *value = found;
        }
        for jti in &self.denied {
            assert!(db.is_revoked(jti, None, None, NOW).await.unwrap(), "{jti} lives again");
        }
        drop(db);
        // Tried, and not committed.
        let mut db = begin(store).await;
        for (id, (generation, revoked)) in &self.sessions {
            for other in [*generation - 1, *generation + 1] {
                assert!(!db.rotate_session(*id, other, LATER, NOW).await.unwrap(), "a second live generation");
            }
            assert_eq!(db.rotate_session(*id, *generation, LATER, NOW).await.unwrap(), !*revoked);
            let again = db.consume_authorization_code(id.as_bytes(), Uuid::new_v4(), NOW).await.unwrap();
            assert_eq!(again, CodeConsumption::Replayed { session_id: Some(*id) }, "a code is good again");
        }
    }
}

/// PostgreSQL may still be busy with what the process had sent: waits until it has noticed that nobody is there.
async fn settled(options: &StoreOptions) {
    let StoreOptions::Postgres { url, .. } = options else { return };
    let mut db = PgConnection::connect(url).await.unwrap();
    for _ in 0..1000 {
        let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                   AND backend_type = 'client backend'";
        let others: i64 = sqlx::query_scalar(sql).fetch_one(&mut db).await.unwrap();
        if others == 0 {
            return db.close().await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the killed process's connections are still open");
}

async fn killed_again_and_again(place: Place) {
    let store = place.open().await;
    let [user] = people(&store, ["ada"]).await;
    let workspace = workspace(&store, "lab", [(user, WorkspaceRole::Viewer)]).await;
    let app = client("App", &["https://app.example/"], &[]);
    let mut db = begin(&store).await;
    db.insert_client(&app.as_new(), NOW).await.unwrap();
    db.commit().await.unwrap();
    store.close().await;
    let ids = Ids { user, workspace, client: app.id };
    let (mut known, mut acknowledged) = (Known::default(), 0);
    for _ in 0..KILLS {
        let options = place.options.clone();
        let lines = tokio::task::spawn_blocking(move || run_and_kill(&options, ids)).await.unwrap();
        acknowledged += lines.len();
        lines.iter().for_each(|line| known.learn(line));
        settled(&place.options).await;
        let store = place.open().await;
        known.check(&store, ids).await;
        store.close().await;
    }
    assert!(acknowledged >= 2 * KILLS, "{acknowledged} changes");
}

places! { killed => super::killed_again_and_again }
