//! `sentinel serve`, with a store: made through the command line and OpenFGA's API, as anyone would.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use sentinel_bench_server::http::{Ask, Connection};
use sentinel_bench_server::processes::{Place, Server};
use sentinel_core::policy::model::AuthorizationModel;
use serde_json::{Value, json};

use crate::cases::{MODEL, Triple};

/// Most tuples of one write.
pub(crate) const WRITES: usize = 100;

/// A deployment that is running.
pub(crate) struct Sentinel {
    pub(crate) place: Place,
    pub(crate) server: Server,
    key: String,
    /// The id of the store that is asked.
    pub(crate) store: String,
}

impl Sentinel {
    /// Starts it on an empty database, with a store that has the model and no tuples.
    pub(crate) async fn start(binary: &Path, folder: PathBuf, database_url: Option<String>) -> Result<Self> {
        fs::create_dir_all(&folder)?;
        let place =
            Place { binary: binary.to_owned(), folder, database_url, issuer: None, settings: Vec::new(), port: None };
        let server = place.serve()?;
        let made = place.cli(&["service", "create", "bench", "--policy", "all"])?;
        let mut sentinel = Self { place, server, key: text(&made, "key")?, store: String::new() };
        let mut http = sentinel.connect().await?;
        let store = http.done(&sentinel.ask("/stores", &json!({ "name": "bench" }))?).await?;
        sentinel.store = text(&store, "id")?;
        let model = AuthorizationModel::from_dsl(MODEL).ok().context("the model")?;
        let model: Value = serde_json::from_str(&model.to_json())?;
        http.done(&sentinel.of_store("authorization-models", &model)?).await?;
        Ok(sentinel)
    }

    /// Another replica on the same database.
    pub(crate) fn replica(&self) -> Result<Server> {
        let folder = self.place.folder.join("replica");
        fs::create_dir_all(&folder)?;
        // The key that seals secrets lies there, and SQLite's file.
        let settings = vec![("DATA_DIR", self.place.folder.join("data").display().to_string())];
        let Place { binary, database_url, .. } = &self.place;
        let (binary, database_url) = (binary.clone(), database_url.clone());
        Place { binary, folder, database_url, issuer: None, settings, port: None }.serve()
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        Connection::open(&self.server.authority).await
    }

    fn ask(&self, path: &str, body: &Value) -> Result<Ask> {
        Ask::json(path, body).bearer(&self.key)
    }

    /// Asks the store.
    pub(crate) fn of_store(&self, what: &str, body: &Value) -> Result<Ask> {
        self.ask(&format!("/stores/{}/{what}", self.store), body)
    }

    /// One check.
    pub(crate) fn check(&self, question: &Triple) -> Result<Ask> {
        self.of_store("check", &json!({ "tuple_key": key(question) }))
    }

    /// Many checks in one request.
    pub(crate) fn batch(&self, questions: &[&Triple]) -> Result<Ask> {
        let one =
            |(at, question): (usize, &&Triple)| json!({ "tuple_key": key(question), "correlation_id": at.to_string() });
        let checks: Vec<_> = questions.iter().enumerate().map(one).collect();
        self.of_store("batch-check", &json!({ "checks": checks }))
    }

    /// Tuples to write, as many as one request takes.
    pub(crate) fn write(&self, tuples: &[Triple]) -> Result<Ask> {
        let keys: Vec<_> = tuples.iter().map(key).collect();
        self.of_store("write", &json!({ "writes": { "tuple_keys": keys } }))
    }

    /// Brings in any number of tuples.
    pub(crate) async fn import(&self, tuples: &[Triple]) -> Result<()> {
        self.write_all(tuples).await
    }

    /// Writes any number of tuples, a request after another.
    pub(crate) async fn write_all(&self, tuples: &[Triple]) -> Result<()> {
        let mut http = self.connect().await?;
        for some in tuples.chunks(WRITES) {
            http.done(&self.write(some)?).await?;
        }
        Ok(())
    }
}

/// What a check answered.
pub(crate) fn allowed(answer: &[u8]) -> Result<bool> {
    let answer: Value = serde_json::from_slice(answer)?;
    answer.get("allowed").and_then(Value::as_bool).with_context(|| answer.to_string())
}

/// What many checks answered, in the order of the questions.
pub(crate) fn all_allowed(answer: &[u8]) -> Result<Vec<bool>> {
    let answer: Value = serde_json::from_slice(answer)?;
    let results = answer.get("result").and_then(Value::as_object).context("no results")?;
    let one = |at: usize| results.get(&at.to_string()).and_then(|one| one.get("allowed")).and_then(Value::as_bool);
    (0..results.len()).map(|at| one(at).context("an error in a batch answer")).collect()
}

fn key(Triple(object, relation, user): &Triple) -> Value {
    json!({ "object": object, "relation": relation, "user": user })
}

fn text(value: &Value, name: &str) -> Result<String> {
    let found = value.get(name).and_then(Value::as_str).with_context(|| format!("no {name} in {value}"))?;
    ensure!(!found.is_empty(), "{name} is empty");
    Ok(found.to_owned())
}
