//! Relations from a bundle that the service holds: rules and handlers that ask it, and how it is followed.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

#[path = "support/publisher.rs"]
mod publisher;
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use publisher::{LIFE, NOW, Publisher, Store, tuples};
use sentinel_tower::bundle::{BundleSettings, FollowedBundle};
use sentinel_tower::core::bundle::{Given, Roles, Scope};
use sentinel_tower::core::{ErrorCode, KeySet, Limits, SymmetricKeys};
use sentinel_tower::{Keys, Rejection, Relations, RequireAction, Sentinel};
use serde_json::json;
use support::{AUDIENCE, ISSUER, Service, Signer, WORKSPACE, refused};

const TUPLES: &[&str] = &["note:1#editor@user:u1", "note:2#viewer@group:eng#member", "note:3#viewer@user:u2"];

struct Setup {
    signer: Arc<Signer>,
    publisher: Publisher,
    bundle: FollowedBundle,
    clock: Arc<AtomicI64>,
    service: Service,
}

fn keys(signer: &Signer) -> Keys {
    Keys::fixed(KeySet::from_jwks(signer.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap())
}

fn follow(settings: BundleSettings, signer: &Signer, clock: &Arc<AtomicI64>) -> FollowedBundle {
    let clock = Arc::clone(clock);
    FollowedBundle::follow_by(settings, keys(signer), move || clock.load(Ordering::SeqCst)).unwrap()
}

impl Setup {
    async fn new() -> Self {
        Self::with(|_, settings| settings).await
    }

    async fn with(change: impl FnOnce(&Publisher, BundleSettings) -> BundleSettings) -> Self {
        let signer = Arc::new(Signer::new("k1"));
        let publisher = Publisher::new(Arc::clone(&signer), TUPLES).await;
        let clock = Arc::new(AtomicI64::new(NOW));
        let bundle = follow(change(&publisher, publisher.settings()), &signer, &clock);
        let service = serve(&signer, &bundle).await;
        Self { signer, publisher, bundle, clock, service }
    }

    fn token(&self, user: &str, groups: &[&str]) -> String {
        let claims = json!({ "wid": WORKSPACE, "wrole": "viewer", "groups": groups });
        self.signer.sign(ISSUER, AUDIENCE, user, claims)
    }

    async fn ask(&self, path: &str, user: &str, groups: &[&str]) -> (u16, String) {
        self.service.get(path, &self.token(user, groups)).await.verdict()
    }

    /// Until the bundle is of this revision.
    async fn until(&self, revision: u64) {
        while self.bundle.manifest().is_none_or(|manifest| manifest.revision < revision) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn serve(signer: &Signer, bundle: &FollowedBundle) -> Service {
    let configuration = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"],
        "rules": [
            { "method": "GET", "path": "/notes/:id", "allow": { "relation": "can_read", "object": "note:{id}" } },
            { "method": "GET", "path": "/unknown/:id", "allow": { "relation": "can_read", "object": "house:{id}" } },
            { "method": "GET", "path": "/export", "allow": { "action": "notes:export" } },
            { "method": "*", "path": "/share/**", "allow": "authenticated" },
            { "method": "*", "path": "/purge", "allow": "authenticated" },
            { "method": "GET", "path": "/open", "allow": "public" },
        ],
        "relations": [
            { "issuer": ISSUER, "claim": "groups", "user": "user:{sub}", "relation": "member", "object": "group:{value}" },
        ],
    });
    let sentinel = Sentinel::from_json(configuration.to_string().as_bytes(), keys(signer)).unwrap();
    let share = async |Path(id): Path<String>, relations: Relations| -> Result<String, Rejection> {
        relations.require("editor", &format!("note:{id}")).await?;
        Ok("shared".to_owned())
    };
    let routes = Router::new()
        .route("/notes/{id}", get(|| async { "a note" }))
        .route("/open", get(|| async { "well" }))
        .route("/export", get(|| async { "all notes" }))
        .route("/purge", get(|_: RequireAction<PurgeNotes>| async { "gone" }))
        .route("/share/{id}", get(share));
    Service::new(routes.layer(sentinel.relations(bundle.clone()).layer())).await
}

sentinel_tower::actions! {
    PurgeNotes = "notes:purge";
}

fn allowed() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn rules_and_handlers_ask_what_is_held() {
    let setup = Setup::new().await;
    let denied = refused(403, "relation_required");
    for (path, user, groups, expected) in [
        ("/notes/1", "u1", &[][..], allowed()),
        ("/notes/1", "u2", &[], denied.clone()),
        ("/notes/2", "u1", &[], denied.clone()),
        ("/notes/2", "u1", &["eng"], allowed()),
        ("/notes/3", "u1", &["eng"], denied.clone()),
        ("/notes/4", "u1", &["eng"], denied.clone()),
        ("/notes/*", "u1", &[], denied.clone()),
        ("/notes/1%23viewer", "u1", &[], refused(403, "path_refused")),
        ("/share/1", "u1", &[], allowed()),
        ("/share/1", "u2", &[], denied.clone()),
        ("/share/1:x", "u1", &[], denied.clone()),
        ("/share/*", "u1", &[], denied.clone()),
        ("/notes/1", "*", &[], denied.clone()),
        ("/notes/2", "u1", &["eng:x"], refused(401, "claim_invalid")),
        ("/unknown/1", "u1", &[], refused(500, "")),
        ("/open", "u1", &[], allowed()),
    ] {
        assert_eq!(setup.ask(path, user, groups).await, expected, "{path} {user} {groups:?}");
    }
    // Nothing was asked for meanwhile, but for the one bundle.
    assert_eq!(*setup.publisher.asked.lock().unwrap(), [""]);
    let current = |of: &str| setup.bundle.read(|now| now.list_objects("note", "can_read", of, &Given::default()));
    assert_eq!(current("user:u1").unwrap(), ["note:1"]);
}

#[tokio::test]
async fn rules_and_handlers_ask_for_actions_that_a_token_does_not_carry() {
    let setup =
        Setup::with(|publisher, settings| BundleSettings { events: Some(publisher.events.clone()), ..settings }).await;
    setup.until(1).await;
    let undecided = refused(503, "undecided");
    assert_eq!(setup.ask("/export", "u1", &[]).await, undecided, "it does not say who has which role");
    assert_eq!(setup.ask("/purge", "u1", &[]).await, undecided);
    setup.publisher.publish(|store| {
        let actions: [(&str, &[&str]); 2] = [("exporter", &["notes:export"]), ("cleaner", &["notes:purge"])];
        store.roles = Roles::new(actions).held_by([("user:u1", "exporter"), ("user:u2", "cleaner")]);
        store.forgets = true;
    });
    setup.until(2).await;
    let denied = refused(403, "action_required");
    for (path, user, expected) in [
        ("/export", "u1", allowed()),
        ("/export", "u2", denied.clone()),
        ("/export", "u3", denied.clone()),
        ("/export", "*", denied.clone()),
        ("/purge", "u2", allowed()),
        ("/purge", "u1", denied.clone()),
        ("/purge", "*", denied.clone()),
    ] {
        assert_eq!(setup.ask(path, user, &[]).await, expected, "{path} {user}");
    }
    // What a token does carry is what its holder may do.
    for (path, user, actions, expected) in [
        ("/export", "u1", "notes:read", denied.clone()),
        ("/export", "u2", "notes:export", allowed()),
        ("/purge", "u2", "notes:read", denied),
        ("/purge", "u1", "notes:purge", allowed()),
    ] {
        let token = setup.signer.sign(ISSUER, AUDIENCE, user, json!({ "wid": WORKSPACE, "actions": [actions] }));
        assert_eq!(setup.service.get(path, &token).await.verdict(), expected, "{path} {user} {actions}");
    }
}

#[tokio::test]
async fn a_relation_is_of_one_issuer_and_one_workspace() {
    let setup = Setup::new().await;
    let ask = async |issuer: &str, workspace: &str| {
        let token = setup.signer.sign(issuer, AUDIENCE, "u1", json!({ "wid": workspace, "groups": [] }));
        setup.service.get("/notes/1", &token).await.verdict()
    };
    assert_eq!(ask(ISSUER, WORKSPACE).await, allowed());
    assert_eq!(ask(ISSUER, "another").await, refused(403, "relation_required"));
    // A bundle of another issuer than the tokens': its `u1` is somebody else.
    let elsewhere = BundleSettings { issuer: "https://other.example".into(), ..setup.publisher.settings() };
    let bundle = follow(elsewhere, &setup.signer, &setup.clock);
    let service = serve(&setup.signer, &bundle).await;
    assert_eq!(service.get("/notes/1", &setup.token("u1", &[])).await.verdict(), refused(503, "undecided"));
    assert_eq!(service.get("/open", &setup.token("u1", &[])).await.verdict(), allowed());
}

#[tokio::test]
async fn follows_what_changes_and_asks_for_no_more_than_that() {
    let setup =
        Setup::with(|publisher, settings| BundleSettings { events: Some(publisher.events.clone()), ..settings });
    let setup = setup.await;
    setup.until(1).await;
    assert_eq!(setup.ask("/notes/3", "u1", &[]).await.0, 403);
    setup.publisher.publish(|store| store.tuples.extend(tuples(&["note:3#viewer@user:u1"])));
    setup.until(2).await;
    assert_eq!(setup.ask("/notes/3", "u1", &[]).await, allowed());
    setup.publisher.publish(|store| store.tuples.retain(|tuple| tuple.object() != "note:1"));
    setup.until(3).await;
    assert_eq!(setup.ask("/notes/1", "u1", &[]).await.0, 403);
    let asked = setup.publisher.asked.lock().unwrap().clone();
    assert!(asked[0].is_empty() && asked[1..].iter().all(|query| query.starts_with("since=")), "{asked:?}");

    // The publisher forgot what it published: what is held is replaced.
    setup.publisher.publish(|store| {
        store.forgets = true;
        store.tuples = tuples(&["note:9#viewer@user:u1"]);
    });
    setup.until(4).await;
    assert_eq!((setup.ask("/notes/9", "u1", &[]).await.0, setup.ask("/notes/3", "u1", &[]).await.0), (200, 403));

    // A token that was taken back has no relations.
    setup.publisher.publish(|store| store.revoked = vec!["t1".into()]);
    setup.until(5).await;
    assert_eq!(setup.ask("/notes/9", "u1", &[]).await, refused(401, "token_revoked"));
}

#[tokio::test]
async fn answers_until_the_end_of_what_is_held_and_recovers() {
    let setup = Setup::with(|_, settings| BundleSettings { max_age: Duration::from_millis(10), ..settings }).await;
    setup.until(1).await;
    setup.publisher.change(|store| store.down = true);
    setup.clock.store(NOW + LIFE - 1, Ordering::SeqCst);
    assert_eq!(setup.ask("/notes/1", "u1", &[]).await, allowed());
    setup.clock.store(NOW + LIFE, Ordering::SeqCst);
    assert_eq!(setup.ask("/notes/1", "u1", &[]).await, refused(503, "bundle_stale"));
    assert_eq!(setup.ask("/share/1", "u1", &[]).await, refused(503, "bundle_stale"));
    assert_eq!(setup.ask("/open", "u1", &[]).await, allowed(), "what needs no relation goes on");
    setup.publisher.change(|store| {
        (store.down, store.issued_at, store.revision) = (false, NOW + LIFE, 2);
    });
    setup.until(2).await;
    assert_eq!(setup.ask("/notes/1", "u1", &[]).await, allowed());
}

#[tokio::test]
async fn nothing_is_held_that_is_not_for_this_service() {
    type Change = (&'static str, fn(&mut Store));
    let changes: [Change; 5] = [
        ("another audience", |store| store.audience = "mail".into()),
        ("another workspace", |store| store.scope = Scope::workspace("another").of_service("notes")),
        ("another service", |store| store.scope = Scope::workspace(WORKSPACE).of_service("mail")),
        ("the whole workspace", |store| store.scope = Scope::workspace(WORKSPACE)),
        ("past its end", |store| store.issued_at = NOW - LIFE),
    ];
    for (what, change) in changes {
        let signer = Arc::new(Signer::new("k1"));
        let publisher = Publisher::new(Arc::clone(&signer), TUPLES).await;
        publisher.change(change);
        let bundle = follow(publisher.settings(), &signer, &Arc::new(AtomicI64::new(NOW)));
        assert_eq!(bundle.ready().await.unwrap_err().code(), ErrorCode::Unavailable, "{what}");
        let service = serve(&signer, &bundle).await;
        let token = signer.sign(ISSUER, AUDIENCE, "u1", json!({ "wid": WORKSPACE, "groups": [] }));
        assert_eq!(service.get("/notes/1", &token).await.verdict(), refused(503, "unavailable"), "{what}");
    }
    // Another key under the same name.
    let publisher = Publisher::new(Arc::new(Signer::new("k1")), TUPLES).await;
    let bundle = follow(publisher.settings(), &Signer::new("k1"), &Arc::new(AtomicI64::new(NOW)));
    assert_eq!(bundle.ready().await.unwrap_err().code(), ErrorCode::Unavailable);
}

#[tokio::test]
async fn an_older_bundle_is_refused_after_a_restart_too() {
    let signer = Arc::new(Signer::new("k1"));
    let publisher = Publisher::new(Arc::clone(&signer), TUPLES).await;
    let clock = Arc::new(AtomicI64::new(NOW));
    let file = std::env::temp_dir().join(format!("sentinel-bundle-{}-{}", std::process::id(), publisher.url.len()));
    let settings = BundleSettings { remember: Some(file.clone()), ..publisher.settings() };
    publisher.change(|store| store.revision = 7);
    follow(settings.clone(), &signer, &clock).ready().await.unwrap();
    publisher.change(|store| store.revision = 6);
    let restarted = follow(settings.clone(), &signer, &clock);
    assert_eq!(restarted.ready().await.unwrap_err().code(), ErrorCode::Unavailable);
    publisher.change(|store| store.revision = 7);
    follow(settings.clone(), &signer, &clock).ready().await.unwrap();
    // What cannot be read is not "nothing known".
    std::fs::write(&file, "1.x").unwrap();
    assert!(FollowedBundle::follow(settings, keys(&signer)).is_err());
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_layer_without_relations_denies_what_needs_one() {
    let signer = Signer::new("k1");
    let configuration = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"],
        "rules": [
            { "method": "GET", "path": "/notes/:id", "allow": { "relation": "viewer", "object": "note:{id}" } },
            { "method": "GET", "path": "/share", "allow": "authenticated" },
        ],
    });
    let sentinel = Sentinel::from_json(configuration.to_string().as_bytes(), keys(&signer)).unwrap();
    let share = async |relations: Relations| -> Result<(), Rejection> { relations.require("editor", "note:1").await };
    let routes = Router::new().route("/notes/{id}", get(|| async { "a note" })).route("/share", get(share));
    let service = Service::new(routes.layer(sentinel.layer())).await;
    let token = signer.access("owner");
    assert_eq!(service.get("/notes/1", &token).await.verdict(), refused(403, "relation_required"));
    assert_eq!(service.get("/share", &token).await.verdict().0, 500, "the service's own mistake");
}
