//! What the server does with a large store, on both databases.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use sentinel_bench_server::http::Connection;
use sentinel_bench_server::measure::{Asks, Measured, count};
use sentinel_bench_server::processes::Server;
use serde_json::{Value, json};

use crate::Options;
use crate::cases::{Triple, tuples};
use crate::sentinel::{Sentinel, WRITES, allowed};

/// Results of the list.
const LISTED: usize = 1000;
/// Writes that a replica catches up with.
const BEHIND: usize = 10_000;
/// How often it has to.
const TIMES: usize = 5;
const WARM_UP: Duration = Duration::from_millis(200);

/// One database.
pub(crate) struct Outcome {
    pub(crate) database: &'static str,
    pub(crate) tuples: usize,
    /// Seconds until all tuples were stored.
    pub(crate) import: f64,
    /// Seconds of the first question: the index is read from the database.
    pub(crate) first: f64,
    /// MiB resident once it is in memory.
    pub(crate) memory: f64,
    pub(crate) list: Measured,
    /// Requests that write one tuple, and as many as one may.
    pub(crate) writes: [(usize, Measured); 2],
    /// Milliseconds, each time.
    pub(crate) catch_up: Vec<f64>,
}

pub(crate) async fn measure(binary: &Path, folder: &Path, url: &str, options: &Options) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for (database, url) in [("SQLite", None), ("PostgreSQL", Some(url.to_owned()))] {
        println!("== {database}: {} tuples", options.server_tuples);
        outcomes.push(one(database, binary, folder, url, options).await?);
    }
    Ok(outcomes)
}

async fn one(
    database: &'static str,
    binary: &Path,
    folder: &Path,
    url: Option<String>,
    options: &Options,
) -> Result<Outcome> {
    let ours = Sentinel::start(binary, folder.join(database), url).await?;
    let mut all = tuples(options.server_tuples);
    all.extend((0..LISTED).map(|n| owner(&format!("listed-{n}"), "lister")));
    let began = Instant::now();
    ours.import(&all).await?;
    let import = began.elapsed().as_secs_f64();
    println!("   imported in {import:.1} s");

    let mut http = ours.connect().await?;
    let began = Instant::now();
    ensure!(holds(&ours, &mut http, &owner("listed-0", "lister"), None).await?, "an imported tuple is missing");
    let first = began.elapsed().as_secs_f64();
    let memory = ours.server.memory()?;
    println!("   first question after {first:.2} s, {memory:.0} MiB");

    let list =
        ours.of_store("list-objects", &json!({ "type": "document", "relation": "owner", "user": "user:lister" }))?;
    let found = http.done(&list).await?;
    let found = found.get("objects").and_then(Value::as_array).map_or(0, Vec::len);
    ensure!(found == LISTED, "{found} objects are listed");
    let list = count(&ours.server, 1, &Asks::Same(Box::new(list)), WARM_UP, options.time).await?.measured()?;
    println!("   {LISTED} objects listed in {:.2} ms", list.p50);

    let replica = ours.replica()?;
    let catch_up = catch_up(&ours, &replica).await?;
    println!("   caught up in {catch_up:.0?} ms");
    replica.stop()?;

    let ours = Arc::new(ours);
    let mut writes = Vec::new();
    for size in [1, WRITES] {
        let writer = Arc::clone(&ours);
        let make = move |connection: usize, before: usize| {
            let tuple = |n| owner(&format!("written-{size}-{connection}-{before}-{n}"), "writer");
            writer.write(&(0..size).map(tuple).collect::<Vec<_>>())
        };
        let asks = Asks::Made(Arc::new(make));
        let written = count(&ours.server, options.connections, &asks, WARM_UP, options.time).await?.measured()?;
        println!("   {:.0} tuples/s in writes of {size}", written.per_second * size as f64);
        writes.push((size, written));
    }
    let writes = writes.try_into().ok().context("two lines of writes")?;
    Arc::into_inner(ours).context("a writer is left")?.server.stop()?;
    Ok(Outcome { database, tuples: all.len(), import, first, memory, list, writes, catch_up })
}

/// How long a replica's first current answer takes after so many writes elsewhere.
async fn catch_up(ours: &Sentinel, replica: &Server) -> Result<Vec<f64>> {
    let mut http = Connection::open(&replica.authority).await?;
    // It has the store in memory.
    holds(ours, &mut http, &owner("listed-0", "lister"), None).await?;
    let mut took = Vec::new();
    for time in 0..TIMES {
        let written: Vec<_> = (0..BEHIND).map(|n| owner(&format!("behind-{time}-{n}"), "replica")).collect();
        ours.write_all(&written).await?;
        let last = written.last().context("nothing was written")?;
        let began = Instant::now();
        ensure!(holds(ours, &mut http, last, Some("HIGHER_CONSISTENCY")).await?, "the replica missed a write");
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took)
}

async fn holds(ours: &Sentinel, http: &mut Connection, tuple: &Triple, consistency: Option<&str>) -> Result<bool> {
    let Triple(object, relation, user) = tuple;
    let key = json!({ "object": object, "relation": relation, "user": user });
    let (parts, body) =
        http.send(&ours.of_store("check", &json!({ "tuple_key": key, "consistency": consistency }))?).await?;
    ensure!(parts.status.is_success(), "{}: {}", parts.status, String::from_utf8_lossy(&body));
    allowed(&body)
}

fn owner(document: &str, user: &str) -> Triple {
    Triple(format!("document:{document}"), "owner".to_owned(), format!("user:{user}"))
}
