//! Whoever listens hears that something changed, soon, and only while they may.

use std::time::Duration;

use reqwest::Response;
use sentinel_storage::{RevokedFor, SessionEnd, StoreOptions};
use tokio::time::timeout;

use crate::holder::{Got, Holder, workspace};
use crate::server::{Credential, NOTES, Server, World, cases};

cases! { what_changes_is_heard, who_may_not_any_more_hears_nothing, who_listens_is_counted, a_server_that_stops_ends_them }

/// How soon a change must be heard.
const SOON: Duration = Duration::from_secs(2);

/// A line that is listened to.
pub(crate) struct Line {
    answer: Response,
    text: String,
}

impl Line {
    pub(crate) async fn open(server: &Server, path: &str, credential: &Credential<'_>) -> Self {
        let answer = server.get(path, credential).await;
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(
            (header("x-accel-buffering").as_str(), header("cache-control").as_str()),
            ("no", "private, no-store")
        );
        Self { answer, text: String::new() }
    }

    /// The revision of the next event.
    pub(crate) async fn next(&mut self) -> Option<i64> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let revision = event.strip_prefix("event: changed\ndata: {\"revision\":").map(str::to_owned);
                self.text = rest.to_owned();
                // What is no event is a comment.
                if let Some(revision) = revision {
                    return Some(revision.trim_end_matches('}').parse().unwrap());
                }
                continue;
            }
            let chunk = self.answer.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    pub(crate) async fn hears(&mut self) -> i64 {
        timeout(SOON, self.next()).await.expect("nothing was heard in time").expect("the line ended")
    }
}

/// What one replica writes is heard at the other, and fetched there.
async fn what_changes_is_heard(place: StoreOptions) {
    let world = World::new(place.clone()).await;
    let replica = Server::start(place, Some(&world.server.issuer), |_| {}).await;
    let (bob, eve) = (&world.bob, &world.eve);
    let (record, note) = world.note(NOTES, bob.id, "private").await;
    let note = format!("resource:notes/note/{note}");
    let token = Credential::Bearer(&eve.token);
    let scope = workspace(world.lab).of_user(&format!("user:{}", eve.id));
    for server in [&world.server, &replica] {
        let mut holder = Holder::new(server, &world.path("/me"), "sentinel:slice", scope.clone());
        holder.refresh(server, &token).await;
        let mut line = Line::open(server, &world.path("/events"), &token).await;
        let mut service = Line::open(server, &world.path("/events"), &Credential::Key(NOTES)).await;
        let before = (line.hears().await, service.hears().await);
        assert_eq!(holder.check(server, &note, "view", eve.id), Ok(false));
        world.share(bob, record, ("user", eve.id), "view").await;
        let after = (line.hears().await, service.hears().await);
        assert!(after.0 > before.0 && after == (after.0, after.0), "{before:?} {after:?}");
        assert_ne!(holder.refresh(server, &token).await, Got::Unchanged);
        assert_eq!(holder.check(server, &note, "view", eve.id), Ok(true));
        assert!(holder.manifest().revision >= u64::try_from(after.0).unwrap());
        let path = format!("/permissions/{record}/share");
        let body = serde_json::json!({ "grantee_type": "user", "grantee_id": eve.id, "permission": "view" });
        world.server.call("DELETE", &path, &Credential::Both(NOTES, &bob.token), &body).await;
        line.hears().await;
        // What a role grants has no revision, and is heard, too.
        service.hears().await;
        world.role(&server.base, &["export"], &[eve.id]).await;
        line.hears().await;
    }
}

async fn who_may_not_any_more_hears_nothing(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, eve, bob) = (&world.server, &world.eve, &world.bob);
    let path = world.path("/events");
    let [mut of_eve, mut of_bob] = [
        Line::open(server, &path, &Credential::Bearer(&eve.token)).await,
        Line::open(server, &path, &Credential::Bearer(&bob.token)).await,
    ];
    let mut of_notes = Line::open(server, &path, &Credential::Key(NOTES)).await;
    for line in [&mut of_eve, &mut of_bob, &mut of_notes] {
        line.hears().await;
    }
    // A member who is removed, a session that ends.
    let mut db = server.store.begin().await.unwrap();
    assert!(db.delete_member(world.lab, eve.id, server.now()).await.unwrap());
    let session = db.live_sessions(bob.id, server.now(), 9).await.unwrap()[0].id;
    let end = SessionEnd { why: RevokedFor::Logout, at: server.now(), tokens_until: server.now() + 900_000 };
    assert!(db.revoke_session(session, end).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(timeout(SOON, of_eve.next()).await.expect("it is still told"), None);
    assert_eq!(timeout(SOON, of_bob.next()).await.expect("it is still told"), None);
    of_notes.hears().await;
    // A key that opens the store no more: with the next that there is to hear.
    let mut db = server.store.begin().await.unwrap();
    let notes = db.service_by_name("notes").await.unwrap().unwrap().id;
    db.set_store_access(notes, None).await.unwrap();
    db.commit().await.unwrap();
    world.note(crate::server::TASKS, world.ada.id, "private").await;
    assert_eq!(timeout(SOON, of_notes.next()).await.expect("it is still told"), None);
    for (credential, status) in [(Credential::Bearer(&eve.token), 401), (Credential::Key(NOTES), 403)] {
        assert_eq!(server.get(&path, &credential).await.status().as_u16(), status);
    }
}

async fn who_listens_is_counted(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, path) = (&world.server, world.path("/events"));
    let token = Credential::Bearer(&world.eve.token);
    let mut lines = Vec::new();
    for _ in 0..8 {
        lines.push(Line::open(server, &path, &token).await);
    }
    let refused = server.get(&path, &token).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    // Others have places of their own, and one that is left is free.
    let mut other = Line::open(server, &path, &Credential::Bearer(&world.bob.token)).await;
    other.hears().await;
    lines.pop();
    let free = async {
        while server.get(&path, &token).await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), free).await.expect("the place stays taken");
}

async fn a_server_that_stops_ends_them(place: StoreOptions) {
    let world = World::new(place).await;
    let mut line = Line::open(&world.server, &world.path("/events"), &Credential::Key(NOTES)).await;
    line.hears().await;
    world.server.service.end_events();
    assert_eq!(timeout(SOON, line.next()).await.expect("it is still open"), None);
}
