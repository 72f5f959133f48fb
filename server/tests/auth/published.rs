//! What verifiers elsewhere learn of, by `GET /revocations`.

use reqwest::Method;
use sentinel_server::service::{Actor, Caller, Lifetimes, revocation};
use sentinel_storage::{StoreOptions, WorkspaceRole};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, Tokens, body, cases, claims};

cases! { memberships_that_ended_or_shrank, workspaces_and_clients_that_are_gone, a_restore_begins_anew }

async fn feed(server: &Deployment, query: &str) -> Value {
    let request = server.http.get(format!("{}/revocations?{query}", server.base)).header("x-service-key", KEY);
    body(request.send().await.unwrap()).await
}

/// Kind and value of what was published since, and the number of the last one.
async fn since(server: &Deployment, last: &mut i64) -> Vec<(String, String)> {
    let said = feed(server, &format!("after={last}")).await;
    *last = said["last"].as_i64().unwrap();
    let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
    said["revocations"].as_array().unwrap().iter().map(|one| (text(one, "kind"), text(one, "value"))).collect()
}

async fn memberships_that_ended_or_shrank(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada, bob) = (server.log_in("ada").await, server.log_in("bob").await.user());
    let workspace = ada.workspace();
    let mut db = server.begin().await;
    db.insert_member(workspace, bob, WorkspaceRole::Editor, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let bobs = server.log_in_at("bob", workspace).await;
    let (member, mut last) = (format!("{bob}/{workspace}"), 0);
    since(&server, &mut last).await;
    let asked = async |method: Method, value: Value| {
        let request = server.http.request(method, format!("{}/workspaces/{workspace}/members/{bob}", server.base));
        let request = request.bearer_auth(&ada.access).header("content-type", "application/json");
        request.body(value.to_string()).send().await.unwrap().status().as_u16()
    };
    assert_eq!(asked(Method::PATCH, json!({ "role": "admin" })).await, 200);
    assert_eq!(since(&server, &mut last).await, [], "more rights make no token wrong");
    assert_eq!(asked(Method::PATCH, json!({ "role": "viewer" })).await, 200);
    assert_eq!(since(&server, &mut last).await, [("member".into(), member.clone())]);
    // Here the role of this moment counts, and the session goes on.
    assert!(server.holds(&bobs.access).await);
    let bobs = Tokens::of(body(server.refresh(&bobs.refresh).await).await);
    assert_eq!(asked(Method::DELETE, json!({})).await, 204);
    let session = claims(&bobs.access)["sid"].as_str().unwrap().to_owned();
    // Twice within a millisecond would be one.
    let published = since(&server, &mut last).await;
    assert_eq!(published, [("session".into(), session), ("member".into(), member)]);
    assert!(!server.holds(&bobs.access).await);
    assert_eq!(server.refresh(&bobs.refresh).await.status(), 401);
    // Whoever is invited again logs in again.
    let mut db = server.begin().await;
    db.insert_member(workspace, bob, WorkspaceRole::Editor, server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(server.refresh(&bobs.refresh).await.status(), 401);
}

async fn workspaces_and_clients_that_are_gone(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada, bob, mut last) = (server.log_in("ada").await, server.log_in("bob").await, 0);
    since(&server, &mut last).await;
    let request =
        server.http.delete(format!("{}/workspaces/{}", server.base, ada.workspace())).bearer_auth(&ada.access);
    assert_eq!(request.send().await.unwrap().status(), 204);
    assert_eq!(since(&server, &mut last).await, [("workspace".into(), ada.workspace().to_string())]);
    let session: Uuid = claims(&bob.access)["sid"].as_str().unwrap().parse().unwrap();
    let client = server.begin().await.session(session).await.unwrap().unwrap().client_id.unwrap();
    server.service.delete_client_app(&Actor::System, &Caller::default(), client).await.unwrap();
    assert_eq!(since(&server, &mut last).await, [("session".into(), session.to_string())]);
    assert!(!server.holds(&bob.access).await);
}

async fn a_restore_begins_anew(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada, bob) = (server.log_in("ada").await, server.log_in("bob").await);
    for tokens in [&ada, &bob] {
        assert_eq!(server.form("/oauth/revoke", KEY, &[("token", &tokens.access)]).await.status(), 200);
    }
    let before = feed(&server, "after=0").await;
    let (epoch, last) = (before["epoch"].as_str().unwrap(), before["last"].as_i64().unwrap());
    let again = feed(&server, &format!("after={last}&epoch={epoch}")).await;
    assert_eq!(
        (&again["epoch"], &again["last"], &again["revocations"]),
        (&before["epoch"], &before["last"], &json!([]))
    );
    revocation::restart(&server.store, &Lifetimes::default(), server.now()).await.unwrap();
    // Whoever goes on with the numbers of before is told everything.
    let after = feed(&server, &format!("after={}&epoch={epoch}", last + 1000)).await;
    assert_ne!(after["epoch"], before["epoch"]);
    let kinds: Vec<_> =
        after["revocations"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"all") && kinds.len() > 1, "{after}");
    for tokens in [&ada, &bob] {
        assert!(!server.holds(&tokens.access).await);
        assert_eq!(server.refresh(&tokens.refresh).await.status(), 401);
    }
    let epoch = after["epoch"].as_str().unwrap();
    let next = feed(&server, &format!("after={}&epoch={epoch}", after["last"])).await;
    assert_eq!(next["revocations"], json!([]));
    assert!(server.holds(&server.log_in("ada").await.access).await);
}
