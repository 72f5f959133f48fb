//! A throwaway PostgreSQL for one run: on a random loopback port, and gone at its end, however that comes.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::process::{Job, ask};
use crate::set_up::postgres;

/// Where tests look for a server on which they may make databases. Whoever sets it has their own server used.
pub(crate) const VARIABLE: &str = "SENTINEL_TEST_POSTGRES";

/// PostgreSQL refuses to run as root; its packages bring this account.
const ACCOUNT: &str = "postgres";

/// Ends the server and removes its files as soon as our end of the pipe closes: when we drop it, and also when we are
/// interrupted or killed, which no handler of ours would see.
const WARDEN: &str = r#"trap '' INT TERM HUP
cat >/dev/null
"$@" stop -m immediate -w >/dev/null 2>&1
rm -rf "$SENTINEL_WARDEN_FOLDER""#;

/// A running server.
pub(crate) struct Postgres {
    url: String,
    /// None where the server is not ours.
    warden: Option<Child>,
}

impl Postgres {
    /// The server that the variable names, else one of our own.
    pub(crate) fn start() -> Result<Self> {
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Self { url, warden: None });
        }
        let programs = postgres::find()?;
        let root = ask("id", &["-u"]).as_deref() == Some("0");
        let folder = folder(root)?;
        let data = folder.join("data").display().to_string();

        let mut control = prefix(root);
        control.extend([programs.join("pg_ctl").display().to_string(), "-D".to_owned(), data.clone()]);
        let warden = Command::new("sh")
            .args(["-c", WARDEN, "warden"])
            .args(&control)
            .env("SENTINEL_WARDEN_FOLDER", &folder)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start sh")?;
        // From here on an error drops the warden, and with it what was begun.
        let mut server = Self { url: String::new(), warden: Some(warden) };

        let mut initdb = prefix(root);
        initdb.extend([programs.join("initdb").display().to_string(), "-D".to_owned(), data]);
        let options = ["-U", "postgres", "-A", "trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
        run("initdb", &initdb, &options)?;
        server.url = serve(&control, &folder)?;
        Ok(server)
    }

    /// A superuser's URL on loopback.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A database of its own.
    pub(crate) fn database(&self) -> Result<Database> {
        let programs = postgres::find()?;
        let name = format!("bench_{:016x}", RandomState::new().hash_one(std::process::id()));
        let (server, _) = self.url.rsplit_once('/').context("the server's URL names no database")?;
        let database = Database { programs, maintenance: self.url.clone(), url: format!("{server}/{name}"), name };
        database.run("createdb", &[&database.name])?;
        Ok(database)
    }
}

/// A database that goes with this.
pub(crate) struct Database {
    programs: PathBuf,
    maintenance: String,
    name: String,
    url: String,
}

impl Database {
    /// A superuser's URL of it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let job = Job::new(program, self.programs.join(program)).args(["--maintenance-db", &self.maintenance]);
        job.args(arguments).succeed().map(drop)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.run("dropdb", &["--force", &self.name]) {
            eprintln!("{error:#}");
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(warden) = &mut self.warden {
            drop(warden.stdin.take());
            // Nothing is left to do for the caller where this fails.
            let _ = warden.wait();
        }
    }
}

/// `cargo xtask with-postgres COMMAND…`: whether the command succeeded.
pub(crate) fn command(command: &[String]) -> Result<()> {
    let (program, arguments) = command.split_first().context("cargo xtask with-postgres COMMAND…")?;
    let server = Postgres::start()?;
    let status = Command::new(program).args(arguments).env(VARIABLE, server.url()).status();
    let status = status.with_context(|| format!("cannot start {program}"))?;
    ensure!(status.success(), "{program}: {status}");
    Ok(())
}

/// A folder of the server's own, which its account can reach: not one under root's home.
fn folder(root: bool) -> Result<PathBuf> {
    let parent = if root { PathBuf::from("/tmp") } else { std::env::temp_dir() };
    let folder = parent.join(format!("sentinel-postgres-{:016x}", RandomState::new().hash_one(std::process::id())));
    fs::DirBuilder::new().mode(0o700).create(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    if root {
        let id = |option| ask("id", &[option, ACCOUNT]).and_then(|id| id.parse().ok());
        let (user, group) = id("-u").zip(id("-g")).with_context(|| format!("no account named {ACCOUNT}"))?;
        chown(&folder, Some(user), Some(group))?;
    }
    Ok(folder)
}

/// What leads from root to the server's account.
fn prefix(root: bool) -> Vec<String> {
    let drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
    drop.iter().filter(|_| root).map(|&word| word.to_owned()).collect()
}

/// Starts it on a free port. Between finding and taking the port another program may: then the next one.
fn serve(control: &[String], folder: &Path) -> Result<String> {
    let mut last = None;
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let log = folder.join("log").display().to_string();
        // What a crash of the machine would lose is not worth a test's time.
        let options = format!(
            "-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c max_connections=300 -c fsync=off",
            folder.display()
        );
        match run("pg_ctl", control, &["start", "-w", "-t", "60", "-l", &log, "-o", &options]) {
            Ok(()) => return Ok(format!("postgres://postgres@127.0.0.1:{port}/postgres")),
            Err(error) => {
                let log = fs::read_to_string(&log).unwrap_or_default();
                last = Some(error.context(format!("PostgreSQL does not start: {log}")));
            }
        }
    }
    Err(last.context("PostgreSQL does not start")?)
}

fn run(label: &str, command: &[String], options: &[&str]) -> Result<()> {
    let (program, arguments) = command.split_first().context("no program")?;
    Job::new(label, program).args(arguments).args(options).dir("/").succeed().map(drop)
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;

    fn listens(url: &str) -> bool {
        let address = url.trim_start_matches("postgres://postgres@").trim_end_matches("/postgres");
        std::net::TcpStream::connect(address).is_ok()
    }

    #[test]
    fn is_there_while_it_is_held_and_gone_afterwards() {
        let given = std::env::var_os(VARIABLE).is_some();
        let server = Postgres::start().unwrap();
        let url = server.url().to_owned();
        assert!(listens(&url));
        drop(server);
        assert_eq!(listens(&url), given);
    }

    #[test]
    fn a_warden_outlives_signals_and_ends_with_its_pipe() {
        let folder = folder(false).unwrap();
        let mut warden = Command::new("sh")
            .args(["-c", WARDEN, "warden", "true"])
            .env("SENTINEL_WARDEN_FOLDER", &folder)
            .process_group(0)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        sleep(Duration::from_millis(200));
        ask("kill", &["-INT", "--", &format!("-{}", warden.id())]);
        ask("kill", &["-TERM", "--", &format!("-{}", warden.id())]);
        sleep(Duration::from_millis(200));
        assert!(warden.try_wait().unwrap().is_none() && folder.exists());
        drop(warden.stdin.take());
        warden.wait().unwrap();
        assert!(!folder.exists());
    }
}
