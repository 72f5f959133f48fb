//! Other endpoints while wrong passwords are tried: 200 connections log in with passwords that are wrong, each from a
//! network of its own and for a name of its own, and wait where they are told to come again.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sentinel_bench_server::http::{Ask, Connection};
use sentinel_bench_server::measure::{Asks, Measured, line};
use sentinel_bench_server::processes::{Place, Server};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::run::Options;

const CONNECTIONS: usize = 200;
/// Those that are measured: few, for they are to be answered and not to be the load.
const OTHERS: usize = 2;
/// Milliseconds that the 99th percentile of other endpoints may take under the flood.
const MOST: f64 = 50.0;
/// What may be added to the memory that the server has: two hashes of 64 MiB, and as much again for 200 requests.
const MOST_MEMORY: f64 = 192.0;
const EMAIL: &str = "user@firm.example";
const PASSWORD: &str = "secure-Passw0rd-of-mine";

/// What a flood came to.
#[derive(Default)]
struct Told {
    wrong: AtomicU64,
    later: AtomicU64,
}

pub(crate) async fn flood(
    name: &'static str,
    binary: &Path,
    folder: &Path,
    database_url: Option<String>,
    options: &Options,
) -> Result<()> {
    fs::create_dir_all(folder)?;
    // Each connection speaks for a network: as behind a proxy.
    let settings = vec![("TRUSTED_PROXIES", "127.0.0.1".to_owned())];
    let (binary, folder) = (binary.to_owned(), folder.to_owned());
    let place = Place { binary, folder, database_url, issuer: None, settings, port: None };
    let server = place.serve()?;
    let token = log_in(&place, &server).await?;
    let lines = [("`/health`", Ask::get("/health")), ("`/users/me`", Ask::get("/users/me").bearer(&token)?)];

    let mut quiet = Vec::new();
    for (_, ask) in &lines {
        quiet.push(line(&server, OTHERS, Asks::Same(Box::new(ask.clone())), options.time).await?);
    }
    let before = server.memory()?;
    let (told, over) = (Arc::new(Told::default()), Arc::new(AtomicBool::new(false)));
    let mut guessing = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (authority, told, over) = (server.authority.clone(), Arc::clone(&told), Arc::clone(&over));
        guessing.spawn(async move { guess(&authority, number, &told, &over).await });
    }
    let (mut flooded, mut most) = (Vec::new(), before);
    for (_, ask) in &lines {
        flooded.push(line(&server, OTHERS, Asks::Same(Box::new(ask.clone())), options.time).await?);
        most = most.max(server.memory()?);
    }
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = guessing.join_next().await {
        ended??;
    }
    most = most.max(server.memory()?);
    server.stop()?;

    println!("\n{name}: {CONNECTIONS} connections that guess\n");
    println!("| | p50, ms | p99, ms | p50 under the flood, ms | p99 under the flood, ms | at most, ms | met |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | --- |");
    for (((name, _), quiet), flooded) in lines.iter().zip(&quiet).zip(&flooded) {
        let met = if flooded.p99 <= MOST { "yes" } else { "**no**" };
        let (Measured { p50, p99, .. }, under) = (quiet, flooded);
        println!("| {name} | {p50:.2} | {p99:.2} | {:.2} | {:.2} | {MOST:.0} | {met} |", under.p50, under.p99);
    }
    let (wrong, later) = (told.wrong.load(Ordering::Relaxed), told.later.load(Ordering::Relaxed));
    let (more, met) = (most - before, if most - before <= MOST_MEMORY { "yes" } else { "**no**" });
    println!(
        "\nGuesses: {wrong} judged, {later} told to come again. Memory: {before:.0} MiB before, {more:.0} MiB more at most; goal {MOST_MEMORY:.0} MiB, met: {met}."
    );
    ensure!(wrong > 0 && later > 0, "that was no flood");
    Ok(())
}

/// An account with a password, and its access token.
async fn log_in(place: &Place, server: &Server) -> Result<String> {
    place.cli(&["user", "create", EMAIL, "--name", "Uma User"])?;
    place.cli(&["workspace", "create", "firm", "--name", "Firm", "--owner", EMAIL])?;
    let link = place.cli(&["password", "link", EMAIL])?;
    let mut http = Connection::open(&server.authority).await?;
    let body = json!({ "secret": link.get("secret"), "new_password": PASSWORD });
    http.done(&Ask::json("/api/v1/auth/password/reset", &body)).await?;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let session = http.done(&Ask::json("/api/v1/auth/login", &body)).await?;
    Ok(session.get("access_token").and_then(Value::as_str).context("no access token")?.to_owned())
}

/// Guesses until it is over, from one network after another: each network may guess a few times only.
async fn guess(authority: &str, number: usize, told: &Told, over: &AtomicBool) -> Result<()> {
    let mut http = Connection::open(authority).await?;
    let mut turn = 0_usize;
    while !over.load(Ordering::Relaxed) {
        turn += 1;
        let body =
            json!({ "email": format!("nobody-{number}-{turn}@firm.example"), "password": "wrong-Passw0rd-of-mine" });
        let from = format!("198.{}.{}.{}", 18 + turn / 256 % 2, turn % 256, number);
        let (answer, _) = http.send(&Ask::json("/api/v1/auth/login", &body).with("x-forwarded-for", &from)?).await?;
        match answer.status.as_u16() {
            401 => told.wrong.fetch_add(1, Ordering::Relaxed),
            503 => {
                let after = answer.headers.get("retry-after").and_then(|after| after.to_str().ok());
                let seconds = after.and_then(|after| after.parse().ok()).context("503 without Retry-After")?;
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                told.later.fetch_add(1, Ordering::Relaxed)
            }
            other => anyhow::bail!("a wrong login was answered {other}"),
        };
    }
    Ok(())
}
