//! One database from its first start to its end: seeded, loaded, started again.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use sentinel_bench_server::http::{Ask, Connection};
use sentinel_bench_server::measure::{Asks, Measured, line};
use sentinel_bench_server::processes::{Place, Provider, Server};
use serde_json::{Value, json};

use crate::deployment::{Deployment, KIND, RESOURCES, SERVICE};

/// A line and what the peer spends on it: milliseconds of CPU a request of its one worker.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) peer: f64,
    /// The goal is this part of the peer's.
    pub(crate) part: f64,
}

/// In the order in which they are measured.
pub(crate) const LINES: [Line; 9] = [
    Line { name: "`/health`", peer: 1.6, part: 20.0 },
    Line { name: "`/.well-known/jwks.json`", peer: 1.5, part: 20.0 },
    Line { name: "`/users/me`", peer: 5.0, part: 20.0 },
    Line { name: "permission check of 1", peer: 12.0, part: 20.0 },
    Line { name: "permission check of 100", peer: 750.0, part: 100.0 },
    Line { name: "accessible, of 1,200 resources", peer: 17.0, part: 20.0 },
    Line { name: "`/roles/check-action`", peer: 11.0, part: 20.0 },
    Line { name: "`/auth/refresh`", peer: 116.0, part: 20.0 },
    Line { name: "`/authz/resolve`", peer: 74.0, part: 20.0 },
];

/// How it is run.
pub(crate) struct Options {
    pub(crate) connections: usize,
    /// For each line.
    pub(crate) time: Duration,
}

pub(crate) struct Outcome {
    pub(crate) database: &'static str,
    /// In the order of [`LINES`].
    pub(crate) lines: Vec<Measured>,
    /// MiB resident after the second start, and after all lines.
    pub(crate) idle: f64,
    pub(crate) loaded: f64,
    /// Milliseconds: with a key to make, and with everything there.
    pub(crate) first_start: f64,
    pub(crate) second_starts: Vec<f64>,
}

/// Starts on data that is there, for their median.
const STARTS: usize = 5;

pub(crate) async fn database(
    name: &'static str,
    binary: &Path,
    folder: &Path,
    database_url: Option<String>,
    provider: &Provider,
    options: &Options,
) -> Result<Outcome> {
    fs::create_dir_all(folder)?;
    let (binary, folder) = (binary.to_owned(), folder.to_owned());
    let mut place =
        Place { binary, folder, database_url, issuer: Some(provider.issuer.clone()), settings: Vec::new(), port: None };
    println!("== {name}: starting and seeding");
    let server = place.serve()?;
    let first_start = server.took.as_secs_f64() * 1000.0;
    // Where it listened is its URL from now on: tokens name it.
    place.port = server.authority.rsplit(':').next().and_then(|port| port.parse().ok());
    server.stop()?;
    let server = place.serve()?;
    let deployment = Deployment::seed(&place, &server.authority, provider, options.connections).await?;
    server.stop()?;

    let mut second_starts = Vec::new();
    for _ in 1..STARTS {
        let server = place.serve()?;
        second_starts.push(server.took.as_secs_f64() * 1000.0);
        server.stop()?;
    }
    let server = place.serve()?;
    second_starts.push(server.took.as_secs_f64() * 1000.0);
    second_starts.sort_by(f64::total_cmp);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let idle = server.memory()?;

    check(&server, &deployment).await?;
    let mut lines = Vec::new();
    for (Line { name, .. }, asks) in LINES.iter().zip(asks(&deployment)?) {
        let measured = line(&server, options.connections, asks, options.time).await?;
        println!("   {name}: {:.0} requests/s, {:.3} ms of CPU each", measured.per_second, measured.cpu);
        lines.push(measured);
    }
    let loaded = server.memory()?;
    server.stop()?;
    Ok(Outcome { database: name, lines, idle, loaded, first_start, second_starts })
}

fn check_of(deployment: &Deployment, number: usize) -> Result<Ask> {
    // From everywhere in the workspace: some are the person's, some are not.
    let chosen = deployment.resources.iter().step_by(11).cycle().take(number);
    let check =
        |id: &String| json!({ "service_name": SERVICE, "resource_type": KIND, "resource_id": id, "action": "view" });
    let body = json!({ "checks": chosen.map(check).collect::<Vec<_>>() });
    as_person(Ask::json("/permissions/check", &body), deployment)
}

fn accessible(deployment: &Deployment) -> Result<Ask> {
    let body = json!({
        "service_name": SERVICE, "resource_type": KIND, "action": "view", "workspace_id": deployment.workspace,
    });
    as_person(Ask::json("/permissions/accessible", &body), deployment)
}

/// With the service's key and the person's token.
fn as_person(ask: Ask, deployment: &Deployment) -> Result<Ask> {
    ask.bearer(&deployment.access_token)?.with("x-service-key", &deployment.key)
}

fn asks(deployment: &Deployment) -> Result<[Asks; 9]> {
    let same = |ask| Asks::Same(Box::new(ask));
    let workspace = &deployment.workspace;
    let action = json!({ "service_name": SERVICE, "action": "notes:do-2", "workspace_id": workspace });
    let resolve = json!({ "idp_token": deployment.id_token, "provider": "oidc", "workspace_id": workspace });
    Ok([
        same(Ask::get("/health")),
        same(Ask::get("/.well-known/jwks.json")),
        same(Ask::get("/users/me").bearer(&deployment.access_token)?),
        same(check_of(deployment, 1)?),
        same(check_of(deployment, 100)?),
        same(accessible(deployment)?),
        same(as_person(Ask::json("/roles/check-action", &action), deployment)?),
        Asks::Refresh(deployment.refresh_tokens.clone()),
        same(Ask::json("/authz/resolve", &resolve).with("x-service-key", &deployment.key)?),
    ])
}

/// What is measured is worth measuring: the answers say what was seeded.
async fn check(server: &Server, deployment: &Deployment) -> Result<()> {
    let mut http = Connection::open(&server.authority).await?;
    let found = http.done(&accessible(deployment)?).await?;
    let found = found.get("resource_ids").and_then(Value::as_array).map_or(0, Vec::len);
    // A sixth is the person's own, a third every member sees, a sixth is shared with them, and part of another sixth
    // with their groups.
    ensure!(found > RESOURCES / 6 * 4 && found < RESOURCES / 6 * 5, "{found} of {RESOURCES} are accessible");
    let answers = http.done(&check_of(deployment, 100)?).await?;
    let answers = answers.get("results").and_then(Value::as_array).cloned().unwrap_or_default();
    let allowed = answers.iter().filter(|answer| answer.get("allowed") == Some(&Value::Bool(true))).count();
    ensure!(answers.len() == 100 && (20..95).contains(&allowed), "{allowed} of {} allowed", answers.len());
    Ok(())
}
