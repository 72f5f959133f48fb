//! One line: connections that each ask again as soon as they have an answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::http::{Ask, Connection};
use crate::processes::Server;

/// Before anything counts: statements are prepared, the provider's keys are fetched, pages are in memory.
pub const WARM_UP: Duration = Duration::from_millis(700);
/// However fast the server is, and however long it is asked, no connection asks more often in one go.
const MOST: usize = 500_000;

/// What each connection asks.
pub enum Asks {
    /// Always the same.
    Same(Box<Ask>),
    /// These in turns; each connection begins at another one.
    Each(Arc<[Ask]>),
    /// Made for it: of which connection, and how many it had before.
    Made(Make),
    /// With the refresh token of the answer before: a session for each connection.
    Refresh(Vec<String>),
}

/// Makes what a connection asks next.
pub type Make = Arc<dyn Fn(usize, usize) -> Result<Ask> + Send + Sync>;

#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub per_second: f64,
    /// Milliseconds.
    pub p50: f64,
    pub p99: f64,
    /// Milliseconds of the server's CPU for each request.
    pub cpu: f64,
}

/// What was counted while a server was asked; more can be added.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Microseconds of each request.
    took: Vec<u32>,
    seconds: f64,
    /// Milliseconds of the server's CPU.
    cpu: f64,
}

impl Counted {
    pub fn add(&mut self, other: Self) {
        self.took.extend(other.took);
        self.seconds += other.seconds;
        self.cpu += other.cpu;
    }

    /// The figures of it.
    ///
    /// # Errors
    /// Where nothing was answered.
    pub fn measured(mut self) -> Result<Measured> {
        self.took.sort_unstable();
        let requests = self.took.len() as f64;
        let at = |share: f64| self.took.get((requests * share) as usize).map(|took| f64::from(*took) / 1000.0);
        let (p50, p99) = at(0.5).zip(at(0.99)).context("nothing was answered")?;
        Ok(Measured { per_second: requests / self.seconds, p50, p99, cpu: self.cpu / requests })
    }
}

enum Next {
    Same(Box<Ask>),
    Each(Arc<[Ask]>, usize),
    Made { make: Make, connection: usize, before: usize, ask: Box<Ask> },
    Refresh(Box<Ask>),
}

struct Worker {
    connection: Connection,
    next: Next,
    /// Microseconds.
    took: Vec<u32>,
}

/// Warms up, and measures for this time.
///
/// # Errors
/// Where an answer is not 200, or nothing listens.
pub async fn line(server: &Server, connections: usize, asks: Asks, time: Duration) -> Result<Measured> {
    count(server, connections, &asks, WARM_UP, time).await?.measured()
}

/// As [`line()`], as one part of several.
///
/// # Errors
/// Where an answer is not 200, or nothing listens.
pub async fn count(
    server: &Server,
    connections: usize,
    asks: &Asks,
    warm_up: Duration,
    time: Duration,
) -> Result<Counted> {
    let mut workers = Vec::new();
    for number in 0..connections {
        let next = match asks {
            Asks::Same(ask) => Next::Same(ask.clone()),
            Asks::Each(asks) => Next::Each(Arc::clone(asks), asks.len() * number / connections),
            Asks::Made(make) => {
                let (make, ask) = (Arc::clone(make), Box::new(Ask::get("/")));
                Next::Made { make, connection: number, before: 0, ask }
            }
            Asks::Refresh(tokens) => Next::Refresh(Box::new(refresh(tokens.get(number).context("too few sessions")?))),
        };
        workers.push(Worker { connection: Connection::open(&server.authority).await?, next, took: Vec::new() });
    }
    let mut workers = run(workers, warm_up).await?;
    workers.iter_mut().for_each(|worker| worker.took.clear());
    let (cpu, began) = (server.cpu()?, Instant::now());
    let workers = run(workers, time).await?;
    let (cpu, seconds) = (server.cpu()? - cpu, began.elapsed().as_secs_f64());
    let took = workers.into_iter().flat_map(|worker| worker.took).collect();
    Ok(Counted { took, seconds, cpu })
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
            let ask = match &mut self.next {
                Next::Same(ask) | Next::Refresh(ask) => &**ask,
                Next::Each(asks, at) => {
                    *at = (*at + 1) % asks.len().max(1);
                    asks.get(*at).context("nothing to ask")?
                }
                Next::Made { make, connection, before, ask } => {
                    **ask = make(*connection, *before)?;
                    *before += 1;
                    &**ask
                }
            };
            let began = Instant::now();
            let (answer, body) = self.connection.send(ask).await?;
            self.took.push(u32::try_from(began.elapsed().as_micros())?);
            ensure!(answer.status == StatusCode::OK, "{}: {}", answer.status, String::from_utf8_lossy(&body));
            if let Next::Refresh(ask) = &mut self.next {
                let body: Value = serde_json::from_slice(&body)?;
                **ask = refresh(body.get("refresh_token").and_then(Value::as_str).context("no refresh token")?);
            }
            if Instant::now() >= until {
                break;
            }
        }
        Ok(self)
    }
}
