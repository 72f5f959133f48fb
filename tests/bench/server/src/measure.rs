//! One line: connections that each ask again as soon as they have an answer.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{Ask, Connection};
use crate::processes::Server;

/// Before anything counts: statements are prepared, the provider's keys are fetched, pages are in memory.
const WARM_UP: Duration = Duration::from_millis(700);
/// However fast the server is, and however long it is asked, no connection asks more often in one go.
const MOST: usize = 500_000;

/// What each connection asks.
pub(crate) enum Asks {
    /// Always the same.
    Same(Box<Ask>),
    /// With the refresh token of the answer before: a session for each connection.
    Refresh(Vec<String>),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Milliseconds of the server's CPU for each request.
    pub(crate) cpu: f64,
}

struct Worker {
    connection: Connection,
    ask: Ask,
    refresh: bool,
    /// Microseconds.
    took: Vec<u32>,
}

pub(crate) async fn line(server: &Server, connections: usize, asks: Asks, time: Duration) -> Result<Measured> {
    let mut workers = Vec::new();
    for number in 0..connections {
        let (ask, refresh) = match &asks {
            Asks::Same(ask) => (Ask::clone(ask), false),
            Asks::Refresh(tokens) => (refresh(tokens.get(number).context("too few sessions")?), true),
        };
        workers.push(Worker { connection: Connection::open(&server.authority).await?, ask, refresh, took: Vec::new() });
    }
    let mut workers = run(workers, WARM_UP).await?;
    workers.iter_mut().for_each(|worker| worker.took.clear());
    let (cpu, began) = (server.cpu()?, Instant::now());
    let workers = run(workers, time).await?;
    let (cpu, seconds) = (server.cpu()? - cpu, began.elapsed().as_secs_f64());
    let mut took: Vec<u32> = workers.into_iter().flat_map(|worker| worker.took).collect();
    took.sort_unstable();
    let requests = took.len() as f64;
    let at = |share: f64| took.get((requests * share) as usize).map(|took| f64::from(*took) / 1000.0);
    let (p50, p99) = at(0.5).zip(at(0.99)).context("nothing was answered")?;
    Ok(Measured { per_second: requests / seconds, p50, p99, cpu: cpu / requests })
}

/// What the token endpoint is asked.
fn refresh(token: &str) -> Ask {
    Ask::json("/auth/refresh", &json!({ "refresh_token": token }))
}

async fn run(workers: Vec<Worker>, time: Duration) -> Result<Vec<Worker>> {
    let until = Instant::now() + time;
    let mut running: JoinSet<_> = workers.into_iter().map(|worker| worker.work(until)).collect();
    let mut workers = Vec::new();
    while let Some(ended) = running.join_next().await {
        workers.push(ended??);
    }
    Ok(workers)
}

impl Worker {
    async fn work(mut self, until: Instant) -> Result<Self> {
        for _ in 0..MOST {
            let began = Instant::now();
            let (answer, body) = self.connection.send(&self.ask).await?;
            self.took.push(u32::try_from(began.elapsed().as_micros())?);
            ensure!(answer.status == StatusCode::OK, "{}: {}", answer.status, String::from_utf8_lossy(&body));
            if self.refresh {
                let body: Value = serde_json::from_slice(&body)?;
                self.ask = refresh(body.get("refresh_token").and_then(Value::as_str).context("no refresh token")?);
            }
            if Instant::now() >= until {
                break;
            }
        }
        Ok(self)
    }
}
