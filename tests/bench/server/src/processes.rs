//! The programs that take part: the server, and the identity provider.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// How long a program may take until it listens.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of the times in `/proc/PID/stat`: what Linux shows programs, whatever its own clock does (`USER_HZ`).
const TICKS_A_SECOND: f64 = 100.0;
/// What `provider-cli.mjs` knows our server as.
pub const CLIENT: &str = "sentinel";
const CLIENT_SECRET: &str = "opens-nothing-but-this-provider-0";
/// Where a front end that asks the provider by itself is sent back to.
pub const FRONT_END: &str = "http://127.0.0.1/front-end";
/// Who becomes an administrator at the first login.
pub const ROOT: &str = "root";

/// The real OpenID provider of `tests/e2e`; ends when our end of its input closes.
pub struct Provider {
    child: Child,
    pub issuer: String,
}

impl Provider {
    pub fn start(root: &Path) -> Result<Self> {
        let uris = [FRONT_END, "http://127.0.0.1/auth/callback/oidc", "http://127.0.0.1/auth/admin/callback/oidc"];
        let client = serde_json::json!({ "client_id": CLIENT, "client_secret": CLIENT_SECRET, "redirect_uris": uris });
        let mut child = Command::new("node")
            .arg(root.join("tests/e2e/provider-cli.mjs"))
            .arg(serde_json::json!({ "clients": [client] }).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start node")?;
        let mut line = String::new();
        let out = child.stdout.take().context("no output")?;
        // Spawned first, so that it ends with us whatever comes next.
        let mut provider = Self { child, issuer: String::new() };
        BufReader::new(out).read_line(&mut line)?;
        let said: Value = serde_json::from_str(&line).context("the provider did not start")?;
        provider.issuer = said.get("issuer").and_then(Value::as_str).context("no issuer")?.to_owned();
        Ok(provider)
    }

    pub fn basic(&self) -> (&'static str, &'static str) {
        (CLIENT, CLIENT_SECRET)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends by itself; where it does not there is nobody to tell.
        let _ = self.child.wait();
    }
}

/// Where a deployment lives, and how its programs are started.
pub struct Place {
    pub binary: PathBuf,
    pub folder: PathBuf,
    /// None: SQLite in the folder.
    pub database_url: Option<String>,
    /// None: nobody logs in.
    pub issuer: Option<String>,
    /// Settings beside those of every benchmark.
    pub settings: Vec<(&'static str, String)>,
    /// The one of the first start, kept so that the URL stays.
    pub port: Option<u16>,
}

impl Place {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.env_clear().envs(std::env::var_os("PATH").map(|path| ("PATH", path))).current_dir(&self.folder);
        command.envs([
            ("SERVICE_HOST", "127.0.0.1"),
            ("MANAGEMENT_PORT", "0"),
            // Everything else as it is where nothing is set: one line in the log for every request, too.
            ("RATE_LIMIT_RPM", "0"),
        ]);
        if let Some(issuer) = &self.issuer {
            command.envs([
                ("ALLOW_LOOPBACK_PROVIDERS", "true"),
                ("OIDC_CLIENT_ID", CLIENT),
                ("OIDC_CLIENT_SECRET", CLIENT_SECRET),
                ("OIDC_ISSUER", issuer),
                ("OIDC_TRUST_EMAIL", "true"),
            ]);
        }
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("SERVICE_PORT", self.port.unwrap_or_default().to_string());
        command.env("ADMIN_EMAILS", format!("{ROOT}@example.test"));
        if let Some(port) = self.port {
            command.env("BASE_URL", format!("http://127.0.0.1:{port}"));
        }
        command.envs(self.database_url.as_ref().map(|url| ("DATABASE_URL", url)));
        command
    }

    /// `sentinel ARGUMENTS --json` on the same data.
    pub fn cli(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.command().args(arguments).arg("--json").stdin(Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "sentinel {}: {text}", arguments.join(" "));
        serde_json::from_slice(&output.stdout).with_context(|| text)
    }

    /// Starts the server and waits until it listens.
    pub fn serve(&self) -> Result<Server> {
        let path = self.folder.join("server.log");
        let log = File::create(&path)?;
        let began = Instant::now();
        let errors = File::create(self.folder.join("server.err"))?;
        let child = self.command().arg("serve").stdin(Stdio::null()).stdout(log).stderr(errors).spawn()?;
        let mut server = Server { child, authority: String::new(), took: Duration::ZERO };
        loop {
            let text = fs::read_to_string(&path)?;
            if let Some(line) = text.lines().find(|line| line.contains("\"listening\"") && line.ends_with('}')) {
                server.took = began.elapsed();
                let line: Value = serde_json::from_str(line)?;
                server.authority = line.get("address").and_then(Value::as_str).context("no address")?.to_owned();
                return Ok(server);
            }
            if began.elapsed() > PATIENCE || server.child.try_wait()?.is_some() {
                bail!("the server does not listen: {text}{}", fs::read_to_string(self.folder.join("server.err"))?);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A running server; ended with this.
pub struct Server {
    child: Child,
    /// `127.0.0.1:port`.
    pub authority: String,
    /// From its start until it listened.
    pub took: Duration,
}

impl Server {
    /// A program that was started elsewhere and listens.
    #[must_use]
    pub fn watch(child: Child, authority: String) -> Self {
        Self { child, authority, took: Duration::ZERO }
    }

    /// Whether it is not there any more.
    ///
    /// # Errors
    /// Where the system does not say.
    pub fn ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Milliseconds of CPU since its start, of all its threads, in user space and in the kernel.
    pub fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name stands in parentheses and may hold spaces; `utime` and `stime` are fields 14 and 15 (proc(5)).
        let (_, rest) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        let mut fields = rest.split_whitespace().skip(11);
        let mut ticks = || -> Result<f64> { Ok(fields.next().context("/proc/PID/stat")?.parse::<f64>()?) };
        Ok((ticks()? + ticks()?) * 1000.0 / TICKS_A_SECOND)
    }

    /// MiB of memory that is resident.
    pub fn memory(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }

    /// Asks it to end, and waits.
    pub fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        ensure!(asked.success() && self.child.wait()?.success(), "the server did not end well");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Where it was stopped both fail, and nothing is left to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
