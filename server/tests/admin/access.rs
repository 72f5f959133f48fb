//! What every route of the room refuses, from the route table itself.

use std::sync::Arc;

use sentinel_storage::WorkspaceRole;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Server, cases};

cases! { nobody_else_gets_in, unknown_and_malformed_ids_are_told }

/// Every route under `/admin`: its method and path.
fn routes(server: &Server) -> Vec<(String, String)> {
    let document = serde_json::to_value(sentinel_server::http::routes(server.service.clone()).1).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let found: Vec<_> = paths
        .iter()
        .filter(|(path, _)| path.starts_with("/admin/"))
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())))
        .filter(|(method, _)| ["GET", "POST", "PATCH", "PUT", "DELETE"].contains(&method.as_str()))
        .collect();
    assert!(found.len() >= 44, "{found:?}");
    found
}

fn filled(path: &str, id: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/")
}

async fn nobody_else_gets_in(server: Arc<Server>) {
    let ada = server.user("ada").await;
    let workspace = server.workspace("ops", &[(ada, WorkspaceRole::Owner)]).await;
    let tokens = server.log_in(ada, workspace).await;
    let second = server.user("second").await;
    let demoted = server.cookie_of(second).await;
    assert_eq!(server.call_as(&demoted, "GET", "/admin/stats", Value::Null).await.0, 200);
    assert_eq!(server.call("PATCH", &format!("/admin/users/{second}"), json!({ "is_admin": false })).await.0, 200);
    for (method, path) in routes(&server) {
        let path = filled(&path, &Uuid::new_v4().to_string());
        let url = format!("{}{path}", server.base);
        let bare = || server.http.request(method.parse().unwrap(), &url);
        let status = async |request: reqwest::RequestBuilder| request.send().await.unwrap().status().as_u16();
        let asked = || bare().header("x-requested-with", "test");
        assert_eq!(status(asked()).await, 401, "{method} {path}: without a cookie");
        assert_eq!(status(asked().bearer_auth(&tokens.access)).await, 401, "{method} {path}: with an access token");
        for wrong in [&tokens.access, &tokens.refresh] {
            let answer = status(server.request(&method, &path, wrong)).await;
            assert_eq!(answer, 401, "{method} {path}: another token as the cookie");
        }
        assert_eq!(status(server.request(&method, &path, &demoted)).await, 403, "{method} {path}: no longer one");
        if method != "GET" {
            let foreign = bare().header("cookie", format!("admin_token={}", server.cookie));
            assert_eq!(status(foreign).await, 403, "{method} {path}: from a foreign page");
        }
    }
}

async fn unknown_and_malformed_ids_are_told(server: Arc<Server>) {
    // Something for every body; each route takes its own.
    let body = json!({
        "name": "A name", "slug": "a-slug", "description": "x", "email": "root@example.test", "role": "viewer",
        "domain": "firm.example",
        "is_active": true, "stores": "all", "bundles": "all",
    });
    let rooms = [
        "/admin/users",
        "/admin/workspaces",
        "/admin/actions",
        "/admin/permissions",
        "/admin/service-apps",
        "/admin/client-apps",
        "/admin/realms",
    ];
    for (method, path) in routes(&server) {
        if !path.contains('{') || !rooms.iter().any(|room| path.starts_with(room)) {
            continue;
        }
        let unknown = filled(&path, &Uuid::new_v4().to_string());
        let malformed = filled(&path, "no-id");
        let nul = filled(&path, "%00");
        server
            .refused(&[
                (method.as_str(), unknown, body.clone(), 404),
                (method.as_str(), malformed, body.clone(), 422),
                (method.as_str(), nul, body.clone(), 422),
            ])
            .await;
    }
}
