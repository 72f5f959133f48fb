//! An access token is for one workspace. Of the others it shows that its bearer is in them, and changes nothing there.

use reqwest::Method;
use sentinel_storage::{StoreOptions, WorkspaceRole};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, body, cases};

cases! { a_token_changes_its_own_workspace_alone }

async fn a_token_changes_its_own_workspace_alone(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = server.log_in("ada").await;
    let bob = server.log_in("bob").await.user();
    let (own, other) = (
        ada.workspace(),
        server.workspace("other", &[(ada.user(), WorkspaceRole::Owner), (bob, WorkspaceRole::Viewer)]).await,
    );
    let asked = async |method: Method, path: String, value: Value| {
        let request = server.http.request(method, format!("{}{path}", server.base)).bearer_auth(&ada.access);
        let request = request.header("content-type", "application/json");
        request.body(value.to_string()).send().await.unwrap()
    };
    let list = body(asked(Method::GET, "/workspaces".into(), json!({})).await).await;
    let listed: Vec<Uuid> =
        list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().parse().unwrap()).collect();
    assert!(listed.contains(&own) && listed.contains(&other), "{list}");
    let mut db = server.begin().await;
    let new = |workspace_id| sentinel_storage::NewGroup {
        id: Uuid::new_v4(),
        workspace_id,
        name: "group",
        description: None,
        created_by: None,
    };
    let (own_group, other_group) = (new(own), new(other));
    db.insert_group(&own_group, server.now()).await.unwrap();
    db.insert_group(&other_group, server.now()).await.unwrap();
    db.commit().await.unwrap();
    for (method, path, value, own_status, other_status) in [
        (Method::GET, "", json!({}), 200, 200),
        (Method::GET, "/members", json!({}), 200, 403),
        (Method::GET, "/groups", json!({}), 200, 403),
        (Method::PATCH, "", json!({ "name": "Renamed" }), 200, 403),
        (Method::POST, "/members/invite", json!({ "email": "bob@example.test", "role": "viewer" }), 201, 403),
        (Method::PATCH, "/members/{bob}", json!({ "role": "editor" }), 200, 403),
        (Method::POST, "/groups", json!({ "name": "more" }), 201, 403),
        (Method::PATCH, "/groups/{group}", json!({ "name": "other" }), 200, 403),
        (Method::POST, "/groups/{group}/members/{bob}", json!({}), 204, 403),
        (Method::GET, "/groups/{group}/members", json!({}), 200, 403),
        (Method::DELETE, "/groups/{group}/members/{bob}", json!({}), 204, 403),
        (Method::DELETE, "/groups/{group}", json!({}), 204, 403),
        (Method::DELETE, "/members/{bob}", json!({}), 204, 403),
        (Method::DELETE, "", json!({}), 204, 403),
    ] {
        // First where it must do nothing: the last one ends the token itself.
        for (workspace, group, expected) in [(other, other_group.id, other_status), (own, own_group.id, own_status)] {
            let path = path.replace("{group}", &group.to_string()).replace("{bob}", &bob.to_string());
            let answer = asked(method.clone(), format!("/workspaces/{workspace}{path}"), value.clone()).await;
            let status = answer.status().as_u16();
            assert_eq!(status, expected, "{method} {path} {workspace}: {}", answer.text().await.unwrap());
        }
    }
}
