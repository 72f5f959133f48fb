//! A key that was given a service's bundle has that, what every holder of one needs, and nothing else.

use std::time::Duration;

use sentinel_server::service::{Actor, Caller};
use sentinel_storage::{BundleGrant, StoreOptions, WorkspaceRole};
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use crate::events::Line;
use crate::holder::{self, Got, Holder, workspace};
use crate::server::{BARE, Credential, NOTES, TASKS, World, cases};

cases! {
    a_gateway_s_key_has_what_it_stands_before,
    it_opens_nothing_else,
    a_service_opens_no_workspace_by_itself,
    what_is_taken_back_is_refused_at_once,
    what_is_said_is_shown,
}

const BARE_KEY: Credential<'_> = Credential::Key(BARE);

impl World {
    async fn service_id(&self, name: &str) -> Uuid {
        self.server.store.read().await.unwrap().service_by_name(name).await.unwrap().unwrap().id
    }

    /// Says which bundles the key that opens nothing opens from now on.
    async fn grant(&self, words: &str) {
        let bare = self.service_id("bare").await;
        self.server.service.set_bundle_access(&Actor::System, &Caller::default(), bare, words).await.unwrap();
    }

    async fn status(&self, path: &str) -> u16 {
        self.server.get(path, &BARE_KEY).await.status().as_u16()
    }
}

async fn a_gateway_s_key_has_what_it_stands_before(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, bob, eve) = (&world.server, &world.bob, &world.eve);
    let (record, note) = world.note(NOTES, bob.id, "private").await;
    let (_, task) = world.note(TASKS, bob.id, "private").await;
    world.role("Porter", &["export"], &[bob.id]).await;
    world.grant("notes/workspace:lab").await;
    let scope = workspace(world.lab).of_service("notes");
    let mut held = Holder::new(server, &world.path("/services/notes"), "notes", scope);
    assert_eq!(held.refresh(server, &BARE_KEY).await, Got::Full);
    assert_eq!(held.refresh(server, &BARE_KEY).await, Got::Unchanged);
    let note = format!("resource:notes/note/{note}");
    assert_eq!(held.check(server, &note, "view", bob.id), Ok(true));
    assert_eq!(held.check(server, &note, "view", eve.id), Ok(false));
    assert!(held.bundle().roles().allows("Porter", "export"));
    assert!(held.tuples().iter().all(|tuple| !tuple.contains(&task.to_string())), "another service's");
    // It is the very bundle that the service itself gets.
    let mut own =
        Holder::new(server, &world.path("/services/notes"), "notes", workspace(world.lab).of_service("notes"));
    own.refresh(server, &Credential::Key(NOTES)).await;
    assert_eq!(own.frame, held.frame);
    // It follows, and hears that there is something to follow.
    let mut line = Line::open(server, &world.path("/events"), &BARE_KEY).await;
    line.hears().await;
    world.share(bob, record, ("user", eve.id), "view").await;
    line.hears().await;
    assert_eq!(held.refresh(server, &BARE_KEY).await, Got::Delta);
    assert_eq!(held.check(server, &note, "view", eve.id), Ok(true));
    // And what was taken back, which is for its own name.
    let answer = server.get(&world.path("/revocations"), &BARE_KEY).await;
    assert_eq!(answer.status(), 200);
    let (frame, keys) = (answer.bytes().await.unwrap(), holder::keys(server).await);
    let verifier = holder::verifier(server, "bare", workspace(world.lab));
    verifier.verify(&frame, &keys, &sentinel_core::jose::signature::Ring, server.now() / 1000).unwrap();
}

async fn it_opens_nothing_else(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, store) = (&world.server, world.store().await);
    world.note(NOTES, world.bob.id, "private").await;
    world.grant("notes/workspace:lab").await;
    let den = server.workspace("den", &[(world.ada.id, WorkspaceRole::Owner)]).await;
    let of_den = format!("/bundles/v1/workspaces/{den}");
    for (path, status) in [
        (world.path("/services/notes"), 200),
        (world.path("/revocations"), 200),
        (world.path(""), 403),
        (world.path("/services/bare"), 403),
        (world.path("/services/tasks"), 403),
        (world.path("/services/nothing"), 403),
        (world.path("/me"), 401),
        (of_den.clone(), 404),
        (format!("{of_den}/services/notes"), 404),
        (format!("{of_den}/revocations"), 404),
        (format!("{of_den}/events"), 404),
    ] {
        assert_eq!(world.status(&path).await, status, "{path}");
    }
    // Every route of policy there is: OpenFGA's and AuthZEN's, reading and writing, with the key in either header.
    let openapi: Value =
        serde_json::from_str(&sentinel_server::http::routes(server.service.clone()).1.to_json().unwrap()).unwrap();
    let mut asked = 0;
    for (path, item) in openapi["paths"].as_object().unwrap() {
        let path = path.replace("{store_id}", &store.id).replace("{id}", &store.id);
        for (method, _) in item.as_object().unwrap().iter().filter(|(_, one)| one["x-access"] == "policy") {
            for credential in [Credential::Bearer(BARE), BARE_KEY] {
                let request = credential.on(server.request(&method.to_uppercase(), &path));
                let answer = request.header("content-type", "application/json").body("{}").send().await.unwrap();
                assert_eq!(answer.status(), 403, "{method} {path}");
                asked += 1;
            }
        }
    }
    assert!(asked > 40, "only {asked} routes of policy");
    // Where any service may ask it asks as itself: of the service whose bundle it holds it changes nothing.
    let new = json!({ "service_name": "notes", "resource_type": "note", "resource_id": Uuid::new_v4(),
        "workspace_id": world.lab, "owner_id": world.bob.id, "visibility": "workspace" });
    let request = BARE_KEY.on(server.request("POST", "/permissions/register"));
    let answer = request.header("content-type", "application/json").body(new.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 403);
}

/// A service registers resources wherever it likes; that alone must not show it anything of a workspace.
async fn a_service_opens_no_workspace_by_itself(place: StoreOptions) {
    let world = World::new(place).await;
    let new = json!({ "service_name": "bare", "resource_type": "note", "resource_id": Uuid::new_v4(),
        "workspace_id": world.lab, "owner_id": world.bob.id, "visibility": "workspace" });
    world.server.call("POST", "/permissions/register", &BARE_KEY, &new).await;
    for rest in ["", "/services/bare", "/revocations", "/events"] {
        assert_eq!(world.status(&world.path(rest)).await, 403, "{rest}");
    }
    world.grant("workspace:lab").await;
    for (rest, status) in [("", 403), ("/services/bare", 200), ("/revocations", 200), ("/events", 200)] {
        assert_eq!(world.status(&world.path(rest)).await, status, "{rest}");
    }
}

async fn what_is_taken_back_is_refused_at_once(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, den) = (&world.server, world.server.workspace("den", &[]).await);
    let (of_lab, of_den) = (world.path("/services/bare"), format!("/bundles/v1/workspaces/{den}/services/bare"));
    let both = async || (world.status(&of_lab).await, world.status(&of_den).await);
    assert_eq!(both().await, (403, 403));
    world.grant("all").await;
    assert_eq!(both().await, (200, 200));
    assert_eq!(world.status(&format!("/bundles/v1/workspaces/{}/services/bare", Uuid::new_v4())).await, 404);
    assert_eq!(world.status(&format!("/bundles/v1/workspaces/{}/events", Uuid::new_v4())).await, 404);
    world.grant("workspace:den").await;
    assert_eq!(both().await, (404, 200));
    world.grant("workspace:lab,workspace:den").await;
    let mut line = Line::open(server, &world.path("/events"), &BARE_KEY).await;
    line.hears().await;
    world.grant("none").await;
    assert_eq!(both().await, (403, 403));
    // Whoever listens hears no more with the next that there is to hear.
    world.note(TASKS, world.ada.id, "private").await;
    let heard = timeout(Duration::from_secs(2), line.next()).await.expect("it is still told");
    assert_eq!(heard, None);
    // A workspace that is gone takes the grant along: it must not come to mean all of them.
    world.grant("workspace:den").await;
    let mut db = server.store.begin().await.unwrap();
    db.delete_workspace(den).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(both().await, (403, 403));
    // So does the service whose bundle it was, also where another one takes its name.
    world.grant("tasks/all").await;
    assert_eq!(world.status(&world.path("/services/tasks")).await, 200);
    let mut db = server.store.begin().await.unwrap();
    let tasks = db.service_by_name("tasks").await.unwrap().unwrap().id;
    db.delete_service(tasks).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(world.status(&world.path("/services/tasks")).await, 403);
    // One that was shut out is published to nobody, and its key opens nothing.
    world.grant("notes/all,all").await;
    let shut = sentinel_storage::ServiceChange { is_active: Some(false), ..Default::default() };
    for (name, path, status) in [("notes", world.path("/services/notes"), 404), ("bare", of_lab.clone(), 401)] {
        assert_eq!(world.status(&path).await, 200);
        let id = world.service_id(name).await;
        let mut db = server.store.begin().await.unwrap();
        db.update_service(id, &shut, server.now()).await.unwrap();
        db.commit().await.unwrap();
        assert_eq!(world.status(&path).await, status, "{name}");
    }
}

async fn what_is_said_is_shown(place: StoreOptions) {
    let world = World::new(place).await;
    let (service, bare) = (&world.server.service, world.service_id("bare").await);
    world.server.workspace("den", &[]).await;
    let said = async |words: &str| {
        world.grant(words).await;
        service.bundle_access(bare).await.unwrap()
    };
    for (words, shown) in [
        ("all", "all"),
        ("workspace:lab", "workspace:lab"),
        ("workspace:lab,workspace:den,workspace:lab", "workspace:den,workspace:lab"),
        ("notes/workspace:lab,tasks/all,all,all", "all,notes/workspace:lab,tasks/all"),
        ("bare/all", "all"),
        ("none", "none"),
    ] {
        assert_eq!(said(words).await, shown, "{words}");
    }
    let set = async |id, words| service.set_bundle_access(&Actor::System, &Caller::default(), id, words).await;
    for wrong in ["workspace:nowhere", "nobody/all", "store:1", "", "workspace:lab,none"] {
        assert!(set(bare, wrong).await.is_err(), "{wrong}");
    }
    assert!(set(Uuid::new_v4(), "none").await.is_err(), "of nobody");
    assert!(service.set_policy_access(&Actor::System, &Caller::default(), Uuid::new_v4(), "none").await.is_err());
    let notes = world.service_id("notes").await;
    let mut db = world.server.store.begin().await.unwrap();
    db.set_bundle_access(bare, &[BundleGrant { of_service_id: notes, workspace_id: None }]).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(service.bundle_access(bare).await.unwrap(), "notes/all");
}
