//! `kill -9` under load: the real program answers refreshes, logouts and writes over HTTP, is killed at a random point and
//! started again on the same data, ten times, on each database. No change that was answered is lost, no session has two
//! live refresh tokens, none that ended lives again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "../auth/browser.rs"]
#[allow(dead_code, reason = "another test uses the rest")]
mod browser;
mod model;
mod place;
#[path = "../support/server.rs"]
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use model::{Client, Person};
use place::Deployment;
use support::Folder;

/// At once, each with sessions and resources of its own.
const CLIENTS: usize = 4;
const SESSIONS: usize = 6;
const KILLS: usize = 10;
/// Answered changes in all: each life of the server gives a share of it and is then killed at the next random moment.
const CHANGES: usize = 200;
/// A life in which nothing is answered is a fault.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_on_sqlite() {
    killed_again_and_again(Deployment::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_answered_is_lost_on_postgres() {
    let deployment = Deployment::on_postgres().await;
    let database = deployment.database.clone();
    // In a task of its own, so that the database goes also when it fails.
    let ended = tokio::spawn(killed_again_and_again(deployment)).await;
    database.drop().await;
    if let Err(failed) = ended {
        std::panic::resume_unwind(failed.into_panic());
    }
}

async fn killed_again_and_again(mut deployment: Deployment) {
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut people = Vec::new();
        for session in 0..SESSIONS {
            people.push(deployment.log_in(&format!("person-{number}-{session}")).await);
        }
        clients.push(Client::new(number, deployment.facts(), people));
    }
    let mut total = 0;
    for life in 1..=KILLS {
        let answered = AtomicUsize::new(0);
        let enough = CHANGES * life / KILLS;
        let address = deployment.address();
        std::thread::scope(|threads| {
            let running: Vec<_> = clients
                .iter_mut()
                .map(|client| {
                    let (address, answered) = (address.clone(), &answered);
                    threads.spawn(move || {
                        while client.change(&address) {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                    })
                })
                .collect();
            let began = Instant::now();
            while total + answered.load(Ordering::Relaxed) < enough {
                assert!(began.elapsed() < PATIENCE, "{} changes", answered.load(Ordering::Relaxed));
                assert!(running.iter().any(|client| !client.is_finished()), "every client has given up");
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros(model::random() % 8_000));
            deployment.kill();
        });
        total += answered.into_inner();
        deployment.start_again().await;
        for client in &mut clients {
            client.check(&deployment.address());
        }
    }
    assert!(total >= CHANGES, "{total} changes");
    let all: Vec<&Person> = clients.iter().flat_map(Client::people).collect();
    let ended = all.iter().filter(|person| person.has_ended()).count();
    assert!(ended > 0 && ended < all.len(), "{ended} of {} sessions were ended: that proves too little", all.len());
    for client in &mut clients {
        client.close(&deployment.address());
    }
}
