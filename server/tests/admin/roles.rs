//! Roles and the actions that they grant, and resources with their shares.

use std::sync::Arc;

use sentinel_storage::{
    Coordinates, Grantee, NewAction, NewResource, NewService, NewShare, Permission, Visibility, WorkspaceRole,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Server, cases, each, now};

cases! { roles, actions, permissions }

/// The scope `notes` with these actions; their ids.
async fn registered(server: &Server, actions: &[&str]) -> Vec<Uuid> {
    let mut db = server.store.begin().await.unwrap();
    let id = Uuid::new_v4();
    let service = NewService {
        id,
        service_name: "notes",
        name: "notes",
        realm_id: None,
        allowed_origins: &[],
        idp_audiences: &[],
        relay_redirect_uris: &[],
        created_by: None,
    };
    db.insert_service(&service, now()).await.unwrap();
    let actions: Vec<_> =
        actions.iter().map(|action| NewAction { id: Uuid::new_v4(), action, description: None }).collect();
    db.register_actions("notes", &actions, now()).await.unwrap();
    db.commit().await.unwrap();
    actions.iter().map(|action| action.id).collect()
}

async fn roles(server: Arc<Server>) {
    let ada = server.user("ada").await;
    let workspace = server.workspace("ops", &[(ada, WorkspaceRole::Viewer)]).await;
    let actions = registered(&server, &["notes:export"]).await;
    let path = format!("/admin/workspaces/{workspace}/roles");
    let (status, made) = server.call("POST", &path, json!({ "name": "Exporter", "description": "x" })).await;
    assert_eq!((status, &made["created_by"]), (201, &json!(server.root)), "{made}");
    assert_eq!(server.logged("role.create").await["target_id"], made["id"]);
    server.call("POST", &path, json!({ "name": "Auditor" })).await;
    assert_eq!(each(&server.get(&path).await, "name"), ["Auditor", "Exporter"]);
    assert_eq!(each(&server.get(&format!("{path}?q=aud")).await, "name"), ["Auditor"]);
    assert_eq!(server.pages(&format!("{path}?limit=1")).await.len(), 2);
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let (status, changed) = server.call("PATCH", &one, json!({ "name": "Out", "description": null })).await;
    assert_eq!((status, &changed["name"], &changed["description"]), (200, &json!("Out"), &Value::Null));
    assert_eq!(server.logged("role.update").await["target_id"], made["id"]);

    let (action, member) = (format!("{one}/actions/{}", actions[0]), format!("{one}/members/{ada}"));
    for (path, logged) in [(&action, "role.action.add"), (&member, "role.member.add")] {
        assert_eq!(server.call("POST", path, Value::Null).await.0, 204);
        assert_eq!(server.logged(logged).await["target_id"], made["id"]);
    }
    let granted = async || server.store.read().await.unwrap().user_actions(workspace, ada, "notes").await.unwrap();
    assert_eq!(granted().await, ["notes:export"]);
    let shown = server.get(&one).await;
    assert_eq!((&shown["actions"][0]["action"], &shown["member_count"]), (&json!("notes:export"), &json!(1)));
    assert_eq!(each(&server.get(&format!("{one}/members")).await, "name"), ["ada"]);
    let elsewhere = server.workspace("other", &[]).await;
    let foreign = |path: &str| path.replace(&workspace.to_string(), &elsewhere.to_string());
    server
        .refused(&[
            ("POST", path.clone(), json!({ "name": "Out" }), 409),
            ("POST", path.clone(), json!({ "name": "x".repeat(201) }), 400),
            ("PATCH", one.clone(), json!({ "name": "Auditor" }), 409),
            ("POST", action.clone(), Value::Null, 409),
            ("POST", member.clone(), Value::Null, 409),
            ("POST", format!("{one}/members/{}", server.root), Value::Null, 404),
            ("POST", format!("{one}/actions/{ada}"), Value::Null, 404),
            ("GET", foreign(&one), Value::Null, 404),
            ("POST", foreign(&member), Value::Null, 404),
            ("DELETE", foreign(&action), Value::Null, 404),
        ])
        .await;
    for (path, logged) in [(&action, "role.action.remove"), (&member, "role.member.remove"), (&one, "role.delete")] {
        assert_eq!(server.call("DELETE", path, Value::Null).await.0, 204);
        assert_eq!(server.logged(logged).await["target_id"], made["id"]);
        server.refused(&[("DELETE", path.clone(), Value::Null, 404)]).await;
    }
    assert_eq!(granted().await, [""; 0]);
}

async fn actions(server: Arc<Server>) {
    let ids = registered(&server, &["notes:export", "notes:import"]).await;
    let list = "/admin/actions";
    assert_eq!(each(&server.get(list).await, "action"), ["notes:export", "notes:import"]);
    assert_eq!(each(&server.get(&format!("{list}?service_name=notes&q=imp")).await, "action"), ["notes:import"]);
    assert_eq!(server.get(&format!("{list}?service_name=other")).await, json!([]));
    assert_eq!(server.pages(&format!("{list}?limit=1")).await.len(), 2);
    let one = format!("{list}/{}", ids[0]);
    let (status, changed) = server.call("PATCH", &one, json!({ "description": "Takes notes away" })).await;
    assert_eq!((status, &changed["description"]), (200, &json!("Takes notes away")));
    assert_eq!(server.logged("action.update").await["target_id"], json!(ids[0]));
    server
        .refused(&[
            ("PATCH", one.clone(), json!({ "description": "x".repeat(2001) }), 400),
            ("PATCH", one.clone(), json!({ "description": 1 }), 422),
            ("GET", format!("{list}?limit=1001"), Value::Null, 400),
        ])
        .await;
    let (status, changed) = server.call("PATCH", &one, json!({ "description": null })).await;
    assert_eq!((status, &changed["description"]), (200, &Value::Null));
    assert_eq!(server.call("DELETE", &one, Value::Null).await.0, 204);
    assert_eq!(server.logged("action.delete").await["detail"]["action"], "notes:export");
    server.refused(&[("DELETE", one, Value::Null, 404)]).await;
}

async fn permissions(server: Arc<Server>) {
    let (ada, grace) = (server.user("ada").await, server.user("grace").await);
    let members = [(ada, WorkspaceRole::Owner), (grace, WorkspaceRole::Viewer)];
    let workspace = server.workspace("ops", &members).await;
    registered(&server, &[]).await;
    let ids = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    let mut db = server.store.begin().await.unwrap();
    for (place, id) in (0..).zip(ids) {
        let (resource_type, owner_id) = if place == 0 { ("note", ada) } else { ("folder", grace) };
        let at = Coordinates { service_name: "notes", resource_type, resource_id: Uuid::new_v4() };
        let new = NewResource { id, at, workspace_id: workspace, owner_id, visibility: Visibility::Private };
        db.insert_resource(&new, now() + place).await.unwrap();
    }
    let share = NewShare {
        id: Uuid::new_v4(),
        permission_id: ids[0],
        grantee: Grantee::User(grace),
        permission: Permission::View,
        granted_by: Some(ada),
    };
    db.insert_share(&share, now()).await.unwrap();
    db.commit().await.unwrap();

    let list = "/admin/permissions";
    let found = async |query: String| server.get(&format!("{list}?{query}")).await.as_array().unwrap().len();
    assert_eq!(found(String::new()).await, 3);
    assert_eq!(found(format!("workspace_id={workspace}&service_name=notes&resource_type=note")).await, 1);
    assert_eq!(found(format!("owner_id={grace}")).await, 2);
    assert_eq!(found(format!("workspace_id={grace}")).await, 0);
    assert_eq!(server.pages(&format!("{list}?limit=2")).await.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    let one = format!("{list}/{}", ids[0]);
    let shown = server.get(&one).await;
    assert_eq!(
        (&shown["owner_id"], &shown["shares"][0]["grantee_id"], &shown["shares"][0]["grantee_name"]),
        (&json!(ada), &json!(grace), &json!("grace"))
    );
    // A cursor of a list that is ordered by names.
    let link = server.request("GET", "/admin/users?limit=1", &server.cookie).send().await.unwrap();
    let cursor = link.headers()["link"].to_str().unwrap().split("cursor=").nth(1).unwrap();
    let cursor = cursor.split('>').next().unwrap().to_owned();
    server
        .refused(&[
            ("GET", format!("{list}?cursor={cursor}"), Value::Null, 400),
            ("GET", format!("/admin/activity?cursor={cursor}"), Value::Null, 400),
            ("GET", format!("{list}?owner_id=me"), Value::Null, 422),
        ])
        .await;
    assert_eq!(server.call("DELETE", &one, Value::Null).await.0, 204);
    assert_eq!(server.logged("resource.deregister").await["target_id"], json!(ids[0]));
    server.refused(&[("DELETE", one.clone(), Value::Null, 404), ("GET", one, Value::Null, 404)]).await;
}
