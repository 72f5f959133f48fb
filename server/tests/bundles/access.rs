//! Who gets which bundle, and who none.

use sentinel_storage::{RevokedFor, SessionEnd, StoreOptions, WorkspaceRole};
use uuid::Uuid;

use crate::holder::{Got, Holder, workspace};
use crate::server::{BARE, Credential, NOTES, ROOT, TASKS, World, cases};

cases! { each_has_its_own, what_ended_is_refused_at_once }

async fn each_has_its_own(place: StoreOptions) {
    let world = World::new(place).await;
    let server = &world.server;
    let mallory = server.user("mallory").await;
    let den = server.workspace("den", &[(mallory, WorkspaceRole::Owner), (world.ada.id, WorkspaceRole::Viewer)]).await;
    let mallory = server.log_in(mallory, den).await;
    let elsewhere = server.log_in(world.ada.id, den).await;
    let (lab, of_den) = (world.path(""), format!("/bundles/v1/workspaces/{den}"));
    let nowhere = format!("/bundles/v1/workspaces/{}", Uuid::new_v4());
    let [notes, tasks, root, bare] = [NOTES, TASKS, ROOT, BARE].map(Credential::Key);
    let [ada, eve, foreign, ada_elsewhere] =
        [&world.ada, &world.eve, &mallory, &elsewhere].map(|person| Credential::Bearer(&person.token));
    for (path, credential, status) in [
        // All of a workspace: for services whose keys open it, in either header.
        (lab.clone(), notes, 200),
        (lab.clone(), Credential::Bearer(NOTES), 200),
        (lab.clone(), root, 200),
        (lab.clone(), bare, 403),
        (lab.clone(), Credential::None, 401),
        (lab.clone(), Credential::Key("sk_nothing"), 401),
        (lab.clone(), ada, 401),
        (of_den.clone(), notes, 404),
        (of_den.clone(), root, 200),
        (nowhere.clone(), root, 404),
        (nowhere.clone(), notes, 404),
        // A service's: its own.
        (format!("{lab}/services/notes"), notes, 200),
        (format!("{lab}/services/notes"), tasks, 403),
        (format!("{lab}/services/notes"), root, 200),
        (format!("{lab}/services/notes"), bare, 403),
        (format!("{lab}/services/notes"), ada, 401),
        (format!("{lab}/services/nothing"), root, 404),
        (format!("{lab}/services/nothing"), notes, 403),
        (format!("{of_den}/services/notes"), notes, 404),
        (format!("{of_den}/services/notes"), root, 200),
        (format!("{lab}/revocations"), notes, 200),
        (format!("{lab}/revocations"), bare, 403),
        (format!("{lab}/revocations"), ada, 401),
        (format!("{of_den}/revocations"), notes, 404),
        // A person's: their own, in the workspace of their token.
        (format!("{lab}/me"), ada, 200),
        (format!("{lab}/me"), eve, 200),
        (format!("{lab}/me"), Credential::Both(NOTES, &world.eve.token), 200),
        (format!("{lab}/me"), foreign, 403),
        (format!("{lab}/me"), ada_elsewhere, 403),
        (format!("{of_den}/me"), ada, 403),
        (format!("{of_den}/me"), ada_elsewhere, 200),
        (format!("{nowhere}/me"), ada, 403),
        (format!("{lab}/me"), root, 401),
        (format!("{lab}/me"), Credential::Bearer(ROOT), 401),
        (format!("{lab}/me"), Credential::None, 401),
        // What is wrong in itself.
        (format!("{lab}?since=x"), notes, 400),
        (format!("{lab}/me?since=%00"), ada, 422),
        ("/bundles/v1/workspaces/x".to_owned(), root, 422),
    ] {
        let answer = server.get(&path, &credential).await;
        assert_eq!(answer.status().as_u16(), status, "{path} {credential:?}");
        let cache = answer.headers().get("cache-control").map(|value| value.to_str().unwrap().to_owned());
        if status == 200 {
            let of_person = path.contains("/me");
            assert_eq!(cache.as_deref(), Some(if of_person { "private, no-store" } else { "private, no-cache" }));
        } else {
            assert!(answer.text().await.unwrap().contains("\"detail\""), "{path} {credential:?}");
        }
    }
}

/// What was fetched before does not open anything afterwards: each request is judged anew.
async fn what_ended_is_refused_at_once(place: StoreOptions) {
    let world = World::new(place).await;
    let (server, eve, bob) = (&world.server, &world.eve, &world.bob);
    let of = |user: Uuid| workspace(world.lab).of_user(&format!("user:{user}"));
    let mut holder = Holder::new(server, &world.path("/me"), "sentinel:slice", of(eve.id));
    let token = Credential::Bearer(&eve.token);
    assert_eq!(holder.refresh(server, &token).await, Got::Full);
    assert_eq!(holder.refresh(server, &token).await, Got::Unchanged);
    let status = async |path: &str, credential: &Credential<'_>, tag: Option<&String>| {
        let mut request = credential.on(server.request("GET", path));
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        request.send().await.unwrap().status().as_u16()
    };
    // A member who is removed.
    let mut db = server.store.begin().await.unwrap();
    assert!(db.delete_member(world.lab, eve.id, server.now()).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(status(&holder.path, &token, holder.tag.as_ref()).await, 401);
    // A session that ends.
    let mut own = Holder::new(server, &world.path("/me"), "sentinel:slice", of(bob.id));
    let token = Credential::Bearer(&bob.token);
    own.refresh(server, &token).await;
    let mut db = server.store.begin().await.unwrap();
    let sessions = db.live_sessions(bob.id, server.now(), 9).await.unwrap();
    let end = SessionEnd { why: RevokedFor::Logout, at: server.now(), tokens_until: server.now() + 900_000 };
    assert!(db.revoke_session(sessions[0].id, end).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(status(&own.path, &token, own.tag.as_ref()).await, 401);
    // A key that opens nothing any more.
    let key = Credential::Key(NOTES);
    let mut all = Holder::new(server, &world.path(""), "notes", workspace(world.lab));
    all.refresh(server, &key).await;
    let mut db = server.store.begin().await.unwrap();
    let notes = db.service_by_name("notes").await.unwrap().unwrap().id;
    db.set_store_access(notes, None).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(status(&all.path, &key, all.tag.as_ref()).await, 403);
}
