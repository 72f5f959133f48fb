//! What is published: all of it, what changed, and that nothing did.

use sentinel_core::{ErrorCode, Limits, UnverifiedToken};
use sentinel_server::service::{Lifetimes, revocation};
use sentinel_storage::{NewTuple, Preconditions, RevocationKind, StoreOptions, TupleName, Written};
use serde_json::json;

use crate::holder::{self, Got, Holder, workspace};
use crate::server::{Credential, NOTES, ROOT, TASKS, World, cases};

cases! {
    all_of_a_workspace,
    a_slice,
    a_service_has_its_own_resources,
    roles_revocations_and_models_are_states_of_their_own,
    what_expires_ends_the_bundle,
    after_a_restore,
    revocations_alone,
}

async fn all_of_a_workspace(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, ada, bob, eve) = (&world.server, &world.ada, &world.bob, &world.eve);
    let (record, note) = world.note(NOTES, bob.id, "private").await;
    world.role("Porter", &["export"], &[bob.id]).await;
    let mut holder = Holder::new(server, &world.path(""), "notes", workspace(world.lab));
    for credential in [Credential::Key(NOTES), Credential::Bearer(NOTES)] {
        assert_eq!(holder.renew(server, &credential).await, Got::Full);
        holder.tag = None;
    }
    let note = format!("resource:notes/note/{note}");
    let can = |holder: &Holder, who, relation| holder.check(server, &note, relation, who).unwrap();
    assert!(can(&holder, bob.id, "edit") && can(&holder, ada.id, "edit") && !can(&holder, eve.id, "view"));
    assert!(holder.bundle().roles().allows("Porter", "export"));
    // Another service's action of that name is another one.
    let mut tasks = Holder::new(server, &world.path(""), "tasks", workspace(world.lab));
    tasks.refresh(server, &Credential::Key(TASKS)).await;
    assert!(!tasks.bundle().roles().allows("Porter", "export"));
    assert_eq!(tasks.tuples(), holder.tuples());
    let revision = world.store().await.revision;
    assert_eq!(holder.manifest().revision, u64::try_from(revision).unwrap());
    assert_eq!(holder.manifest().not_after - holder.manifest().issued_at, 300);

    holder.renew(server, &Credential::Key(NOTES)).await;
    assert_eq!(holder.renew(server, &Credential::Key(NOTES)).await, Got::Unchanged);
    world.share(bob, record, ("user", eve.id), "view").await;
    assert_ne!(holder.refresh(server, &Credential::Key(NOTES)).await, Got::Unchanged);
    assert!(can(&holder, eve.id, "view") && !can(&holder, eve.id, "edit"));
    assert_eq!(holder.manifest().revision, u64::try_from(revision).unwrap() + 1);

    // For each who fetches it there is one, and for a service its own.
    let mut other = Holder::new(server, &world.path(""), "root", workspace(world.lab));
    assert_eq!(other.refresh(server, &Credential::Bearer(ROOT)).await, Got::Full);
    let scope = workspace(world.lab).of_service("notes");
    let mut own = Holder::new(server, &world.path("/services/notes"), "notes", scope);
    assert_eq!(own.refresh(server, &Credential::Key(NOTES)).await, Got::Full);
    assert!(can(&own, eve.id, "view"));
    assert_eq!(own.tuples(), holder.tuples());
    // Past its end nothing is decided by it.
    server.pass(301_000);
    assert_eq!(holder.check(server, &note, "view", bob.id), Err(ErrorCode::BundleStale));
}

async fn a_slice(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, bob, eve) = (&world.server, &world.bob, &world.eve);
    let (shared, note) = world.note(NOTES, bob.id, "private").await;
    let (_, hidden) = world.note(NOTES, bob.id, "private").await;
    world.share(bob, shared, ("user", eve.id), "view").await;
    world.role("Porter", &["export"], &[bob.id]).await;
    world.role("Reader", &["read"], &[eve.id]).await;
    let me = format!("user:{}", eve.id);
    let mut holder = Holder::new(server, &world.path("/me"), "sentinel:slice", workspace(world.lab).of_user(&me));
    assert_eq!(holder.refresh(server, &Credential::Bearer(&eve.token)).await, Got::Full);
    let can = |holder: &Holder, note, relation| {
        holder.check(server, &format!("resource:notes/note/{note}"), relation, eve.id).unwrap()
    };
    assert!(can(&holder, note, "view") && !can(&holder, note, "edit") && !can(&holder, hidden, "view"));
    assert_eq!(holder.bundle().roles().roles().collect::<Vec<_>>(), ["Reader"]);
    assert!(holder.bundle().roles().allows("Reader", "read"));
    assert_eq!(holder.check(server, &format!("resource:notes/note/{note}"), "view", bob.id), Err(ErrorCode::Undecided));
    assert_eq!(holder.refresh(server, &Credential::Bearer(&eve.token)).await, Got::Unchanged);
}

async fn a_service_has_its_own_resources(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, bob) = (&world.server, &world.bob);
    let (_, note) = world.note(NOTES, bob.id, "private").await;
    let (_, task) = world.note(TASKS, bob.id, "private").await;
    let scope = workspace(world.lab).of_service("tasks");
    let mut tasks = Holder::new(server, &world.path("/services/tasks"), "tasks", scope);
    tasks.refresh(server, &Credential::Key(TASKS)).await;
    let named = |holder: &Holder, id: &str| holder.tuples().iter().any(|tuple| tuple.contains(id));
    assert!(named(&tasks, &task.to_string()) && !named(&tasks, &note.to_string()));
    let (_, other) = world.note(NOTES, bob.id, "private").await;
    let (_, more) = world.note(TASKS, bob.id, "workspace").await;
    assert_eq!(tasks.refresh(server, &Credential::Key(TASKS)).await, Got::Delta);
    assert!(named(&tasks, &more.to_string()) && !named(&tasks, &other.to_string()));
    // A type that leads to resources may lead to any.
    let model = json!({ "schema_version": "1.1", "type_definitions": [{ "type": "folder",
        "relations": { "of": { "this": {} } },
        "metadata": { "relations": { "of": { "directly_related_user_types": [{ "type": "resource" }] } } } }] });
    world.fga("POST", "authorization-models", &model).await;
    assert_eq!(tasks.refresh(server, &Credential::Key(TASKS)).await, Got::Full);
    assert!(named(&tasks, &more.to_string()) && named(&tasks, &other.to_string()));
}

/// What has no revision of its own is seen all the same, and in its order.
async fn roles_revocations_and_models_are_states_of_their_own(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, bob) = (&world.server, &world.bob);
    let key = Credential::Key(NOTES);
    let mut holder = Holder::new(server, &world.path(""), "notes", workspace(world.lab));
    let me = workspace(world.lab).of_user(&format!("user:{}", bob.id));
    let mut slice = Holder::new(server, &world.path("/me"), "sentinel:slice", me);
    let token = Credential::Bearer(&bob.token);
    holder.refresh(server, &key).await;
    slice.refresh(server, &token).await;
    let revision = holder.manifest().revision;
    world.role("Porter", &["export"], &[bob.id]).await;
    assert_eq!(holder.refresh(server, &key).await, Got::Delta);
    assert_eq!(slice.refresh(server, &token).await, Got::Delta);
    assert!(holder.bundle().roles().allows("Porter", "export") && slice.bundle().roles().allows("Porter", "export"));
    let mut db = server.store.begin().await.unwrap();
    let until = server.now() + 900_000;
    db.insert_revocation(RevocationKind::Token, "lost", server.now(), until).await.unwrap();
    db.insert_revocation(RevocationKind::User, &world.eve.id.to_string(), server.now(), until).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(holder.refresh(server, &key).await, Got::Delta);
    assert!(holder.bundle().revocations().is_token_revoked("lost"));
    assert!(!holder.bundle().revocations().is_token_revoked("kept"));
    // Nothing of it is this user's own.
    assert_eq!(slice.refresh(server, &token).await, Got::Unchanged);
    let model = json!({ "schema_version": "1.1", "type_definitions": [{ "type": "folder" }] });
    world.fga("POST", "authorization-models", &model).await;
    assert_eq!(holder.refresh(server, &key).await, Got::Full);
    assert_eq!(slice.refresh(server, &token).await, Got::Full);
    assert_eq!((holder.manifest().revision, slice.manifest().revision), (revision, revision));
    // The second half of its life: only its end moves.
    let (state, end) = (holder.manifest().state, holder.manifest().not_after);
    server.pass(151_000);
    assert_eq!(holder.refresh(server, &key).await, Got::Delta);
    assert!(holder.manifest().state == state && holder.manifest().not_after > end);
}

async fn what_expires_ends_the_bundle(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, eve) = (&world.server, &world.eve);
    let model = json!({ "schema_version": "1.1", "type_definitions": [{ "type": "folder",
        "relations": { "viewer": { "this": {} } },
        "metadata": { "relations": { "viewer": { "directly_related_user_types": [{ "type": "user" }] } } } }] });
    world.fga("POST", "authorization-models", &model).await;
    let name = |id: &str, user| TupleName {
        object_type: "folder".into(),
        object_id: id.into(),
        relation: "viewer".into(),
        subject: format!("user:{user}"),
    };
    let tuple = |name, expires_at| NewTuple { name, condition: None, context: None, expires_at };
    let all = Preconditions { most: i64::MAX, ..Preconditions::default() };
    let soon = server.now() + 60_000;
    let mut db = server.store.begin().await.unwrap();
    let new = [tuple(name("1", eve.id), Some(soon)), tuple(name("2", eve.id), None)];
    let written = db.write_tuples(world.store().await.number, &new, &[], all, server.now()).await.unwrap();
    assert!(matches!(written, Written::Done(_)));
    db.commit().await.unwrap();
    let key = Credential::Key(NOTES);
    let mut holder = Holder::new(server, &world.path(""), "notes", workspace(world.lab));
    let scope = |user| workspace(world.lab).of_user(&format!("user:{user}"));
    let mut own = Holder::new(server, &world.path("/me"), "sentinel:slice", scope(eve.id));
    let mut others = Holder::new(server, &world.path("/me"), "sentinel:slice", scope(world.bob.id));
    holder.refresh(server, &key).await;
    own.refresh(server, &Credential::Bearer(&eve.token)).await;
    others.refresh(server, &Credential::Bearer(&world.bob.token)).await;
    assert_eq!(holder.check(server, "folder:1", "viewer", eve.id), Ok(true));
    assert_eq!((holder.manifest().not_after, own.manifest().not_after), (soon / 1000, soon / 1000));
    // Whom it does not concern it does not end.
    assert_eq!(others.manifest().not_after - others.manifest().issued_at, 300);
    server.pass(60_000);
    assert_eq!(holder.check(server, "folder:1", "viewer", eve.id), Err(ErrorCode::BundleStale));
    assert_eq!(holder.refresh(server, &key).await, Got::Delta);
    own.refresh(server, &Credential::Bearer(&eve.token)).await;
    for holder in [&holder, &own] {
        assert_eq!(holder.check(server, "folder:1", "viewer", eve.id), Ok(false));
        assert_eq!(holder.check(server, "folder:2", "viewer", eve.id), Ok(true));
        assert_eq!(holder.manifest().not_after - holder.manifest().issued_at, 300);
    }
}

/// The database is an older copy: what is published then is newer than all that was published before.
async fn after_a_restore(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, key) = (&world.server, Credential::Key(NOTES));
    let mut holder = Holder::new(server, &world.path(""), "notes", workspace(world.lab));
    holder.refresh(server, &key).await;
    let mut taken = None;
    let of = (world.path("/revocations"), workspace(world.lab));
    holder::revocations(server, (&of.0, "notes", of.1.clone()), &key, &mut taken).await;
    let (before, number) = (holder.manifest().clone(), taken.as_ref().unwrap().manifest().revision);
    revocation::restart(&server.store, &Lifetimes::default(), server.now()).await.unwrap();
    world.note(NOTES, world.bob.id, "private").await;
    assert_eq!(holder.refresh(server, &key).await, Got::Full);
    assert!(holder.manifest().revision > before.revision + 1_000_000);
    let manifest = holder::revocations(server, (&of.0, "notes", of.1), &key, &mut taken).await;
    assert!(manifest.from.is_none() && manifest.revision > number + 1_000_000);
    world.note(NOTES, world.bob.id, "private").await;
    assert_eq!(holder.refresh(server, &key).await, Got::Delta);
}

async fn revocations_alone(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, key) = (&world.server, Credential::Key(NOTES));
    let (path, scope) = (world.path("/revocations"), workspace(world.lab));
    let mut held = None;
    let first = holder::revocations(server, (&path, "notes", scope.clone()), &key, &mut held).await;
    assert!(first.from.is_none() && first.not_after - first.issued_at == 60);
    let people = [&world.ada, &world.bob, &world.eve].map(|person| token(&person.token));
    let [ada, bob, eve] = people.each_ref().map(|token| token.claims_unverified().unwrap());
    for revoked in [bob, eve] {
        let mut db = server.store.begin().await.unwrap();
        let jti = revoked.jwt_id().unwrap();
        db.insert_revocation(RevocationKind::Token, &jti, server.now(), server.now() + 900_000).await.unwrap();
        db.commit().await.unwrap();
        let before = held.as_ref().unwrap().manifest().clone();
        let delta = holder::revocations(server, (&path, "notes", scope.clone()), &key, &mut held).await;
        assert_eq!((delta.from, delta.previous), (Some(before.revision), Some(before.state)));
    }
    let held = held.unwrap();
    let check = |claims| held.check(claims, server.now() / 1000).map_err(|error| error.code());
    assert_eq!([check(ada), check(bob), check(eve)], [Ok(()), REVOKED, REVOKED]);
    assert_eq!(held.check(ada, first.not_after + 60).map_err(|error| error.code()), Err(ErrorCode::BundleStale));
}

const REVOKED: Result<(), ErrorCode> = Err(ErrorCode::TokenRevoked);

fn token(text: &str) -> UnverifiedToken {
    UnverifiedToken::parse(text, &Limits::DEFAULT).unwrap()
}
