//! The program, its data, and the people who are logged in.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use uuid::Uuid;

use crate::Folder;
use crate::browser::{Browser, form_of, parameter};
use crate::model::{Facts, Person};
use crate::server::{Server, done_with};

const CALLBACK: &str = "https://app.example/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CLIENT: &str = "sentinel";
pub(crate) const SERVICE: &str = "notes";

/// The real OpenID provider; it ends when its input does.
struct Provider {
    child: Child,
    issuer: String,
}

impl Provider {
    fn start() -> Self {
        let client = json!({
            "client_id": CLIENT, "client_secret": "a-secret-between-the-two-of-them",
            "redirect_uris": ["http://127.0.0.1/auth/callback/oidc"],
        });
        let mut child = Command::new("node")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/auth/provider.mjs"))
            .arg(json!({ "clients": [client] }).to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node, of version 20.16 or newer, must be on PATH");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the provider did not start");
        Self { child, issuer: said["issuer"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A database of this test's own; `None` for SQLite.
#[derive(Clone)]
pub(crate) struct Database(Option<(PgConnectOptions, String, String)>);

impl Database {
    async fn create() -> Self {
        let Ok(server) = std::env::var("SENTINEL_TEST_POSTGRES") else {
            panic!("SENTINEL_TEST_POSTGRES names no PostgreSQL server: run the tests with `cargo xtask test`");
        };
        let options = PgConnectOptions::from_str(&server).unwrap();
        let name = format!("crash_{}", Uuid::new_v4().as_simple());
        execute(&options, format!("CREATE DATABASE {name}")).await;
        let mut url = server.clone();
        url.replace_range(server.rfind('/').unwrap() + 1.., &name);
        Self(Some((options, name, url)))
    }

    pub(crate) async fn drop(self) {
        if let Some((options, name, _)) = self.0 {
            execute(&options, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }

    /// PostgreSQL may still be busy with what the process had sent: waits until it has noticed that nobody is there.
    async fn settle(&self) {
        let Some((options, name, _)) = &self.0 else { return };
        let mut db = PgConnection::connect_with(options).await.unwrap();
        for _ in 0..1000 {
            let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'";
            let open: i64 = sqlx::query_scalar(sql).bind(name).fetch_one(&mut db).await.unwrap();
            if open == 0 {
                return db.close().await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the killed process's connections are still open");
    }
}

async fn execute(server: &PgConnectOptions, statement: String) {
    let mut connection = PgConnection::connect_with(server).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

pub(crate) struct Deployment {
    server: Option<Server>,
    environment: Vec<(&'static str, String)>,
    folder: Folder,
    provider: Provider,
    pub(crate) database: Database,
    key: String,
    workspace: String,
    owner_id: String,
    owner: Option<Person>,
}

impl Deployment {
    pub(crate) async fn on_sqlite() -> Self {
        Self::start(Database(None)).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::start(Database::create().await).await
    }

    async fn start(database: Database) -> Self {
        let (folder, provider) = (Folder::new(), Provider::start());
        let mut environment = vec![
            ("RATE_LIMIT_RPM", "0".to_owned()),
            ("ALLOW_LOOPBACK_PROVIDERS", "true".to_owned()),
            ("OIDC_CLIENT_ID", CLIENT.to_owned()),
            ("OIDC_CLIENT_SECRET", "a-secret-between-the-two-of-them".to_owned()),
            ("OIDC_ISSUER", provider.issuer.clone()),
            ("OIDC_TRUST_EMAIL", "true".to_owned()),
            // Quicker to make and to sign with.
            ("SIGNING_ALGORITHM", "ES256".to_owned()),
        ];
        environment.extend(database.0.iter().map(|(_, _, url)| ("DATABASE_URL", url.clone())));
        let first = Server::start(&folder, &borrowed(&environment));
        // The tokens name this port: it stays.
        let port = first.address.rsplit(':').next().unwrap().to_owned();
        drop(first);
        environment.push(("BASE_URL", format!("http://127.0.0.1:{port}")));
        environment.push(("SERVICE_PORT", port));
        let server = Some(Server::start(&folder, &borrowed(&environment)));
        let run = |arguments: &str| done_with(&folder, arguments, &borrowed(&environment));
        let key = run(&format!("service create {SERVICE}"))["key"].as_str().unwrap().to_owned();
        run(&format!("client create app --redirect-uri {CALLBACK}"));
        let owner_id = run("user create owner@example.test --name Owner")["id"].as_str().unwrap().to_owned();
        let workspace = run("workspace create lab --name Lab --owner owner@example.test");
        let workspace = workspace["id"].as_str().unwrap().to_owned();
        let mut deployment =
            Self { server, environment, folder, provider, database, key, workspace, owner_id, owner: None };
        deployment.owner = Some(deployment.exchange("owner").await);
        deployment
    }

    pub(crate) fn address(&self) -> String {
        self.server.as_ref().unwrap().address.clone()
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts {
            key: self.key.clone(),
            workspace: self.workspace.clone(),
            owner_id: self.owner_id.clone(),
            owner_token: self.owner.as_ref().unwrap().access.clone(),
        }
    }

    /// A new member of the workspace, with a session there.
    pub(crate) async fn log_in(&self, name: &str) -> Person {
        let run = |arguments: &str| done_with(&self.folder, arguments, &borrowed(&self.environment));
        run(&format!("user create {name}@example.test --name {name}"));
        run(&format!("workspace add-member lab {name}@example.test --role editor"));
        self.exchange(name).await
    }

    async fn exchange(&self, name: &str) -> Person {
        let query = [("redirect_uri", CALLBACK), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let url = format!("http://{}/auth/login/oidc?{}", self.address(), form_of(&query));
        let back = Browser::new().log_in(&url, name, CALLBACK).await;
        let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code: {back}"));
        let body = json!({ "code": code, "workspace_id": self.workspace, "code_verifier": VERIFIER }).to_string();
        let kind = [("Content-Type", "application/json")];
        let answer = self.server.as_ref().unwrap().send("POST", "/auth/token", &kind, &body);
        assert_eq!(answer.status, 200, "{answer:?}");
        Person::new(name, &answer.json())
    }

    /// SIGKILL: nothing in the process runs any more.
    pub(crate) fn kill(&mut self) {
        self.server = None;
    }

    pub(crate) async fn start_again(&mut self) {
        assert!(self.provider.child.try_wait().unwrap().is_none(), "the provider has ended");
        self.database.settle().await;
        self.server = Some(Server::start(&self.folder, &borrowed(&self.environment)));
    }
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
