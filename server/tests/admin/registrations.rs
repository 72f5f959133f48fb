//! Services and their keys, front ends, realms.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::server::{Server, cases, each};

cases! { services_and_keys, what_keys_open, front_ends, realms }

/// The status of a service's own question by its key, and its scope.
async fn whoami(server: &Server, key: &str) -> (u16, Value) {
    let request = server.http.get(format!("{}/realm/whoami", server.base)).header("x-service-key", key);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let said: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    (status, said["effective_scope"].clone())
}

fn key(answer: &Value) -> String {
    let key = answer["api_key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("sk_") && key.len() > 40 && key.starts_with(answer["key_prefix"].as_str().unwrap()));
    key
}

/// Stores of policy, or single services' bundles: said by an administrator, from the next request on.
async fn what_keys_open(server: Arc<Server>) {
    let lab = server.workspace("lab", &[]).await;
    let mut ids = Vec::new();
    for name in ["notes", "gateway"] {
        let (_, made) = server.call("POST", "/admin/service-apps", json!({ "service_name": name })).await;
        ids.push((made["id"].as_str().unwrap().to_owned(), key(&made)));
    }
    let [_, (gateway, key)] = &ids[..] else { panic!("two services") };
    let bundle = format!("{}/bundles/v1/workspaces/{lab}/services/notes", server.base);
    let fetched =
        async || server.http.get(&bundle).header("x-service-key", key).send().await.unwrap().status().as_u16();
    let path = |what: &str| format!("/admin/service-apps/{gateway}/{what}-access");
    assert_eq!(server.get(&path("bundle")).await, json!({ "bundles": "none" }));
    assert_eq!(server.get(&path("policy")).await, json!({ "stores": "none" }));
    assert_eq!(fetched().await, 403);
    for (what, member, words, status) in [
        ("bundle", "bundles", "notes/workspace:lab", 200),
        ("bundle", "bundles", "notes/all", 200),
        ("bundle", "bundles", "workspace:lab", 403),
        ("bundle", "bundles", "none", 403),
        ("policy", "stores", "workspace:lab", 403),
        ("policy", "stores", "all", 200),
        ("policy", "stores", "none", 403),
    ] {
        let said = json!({ member: words });
        assert_eq!(server.call("PUT", &path(what), said.clone()).await, (200, said.clone()));
        assert_eq!(server.get(&path(what)).await, said);
        assert_eq!(fetched().await, status, "{what} {words}");
    }
    let refused = [("workspace:nowhere", 404), ("nobody/all", 404), ("store:1", 400), ("", 400)];
    let refused = refused.map(|(words, status)| ("PUT", path("bundle"), json!({ "bundles": words }), status));
    server.refused(&refused).await;
    server.logged("service.bundle_access").await;
}

async fn services_and_keys(server: Arc<Server>) {
    let body = json!({ "service_name": "notes", "allowed_origins": ["https://notes.example.test"] });
    let (status, made) = server.call("POST", "/admin/service-apps", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!((&made["name"], &made["effective_scope"]), (&json!("notes"), &json!("notes")));
    let (first, id) = (key(&made), made["id"].as_str().unwrap());
    let path = format!("/admin/service-apps/{id}");
    assert_eq!(whoami(&server, &first).await, (200, json!("notes")));
    let logged = server.logged("service.create").await;
    assert!(!logged.to_string().contains(&first), "{logged}");

    // Its key is not to be had a second time.
    let shown = server.get(&path).await;
    assert!(shown.get("api_key").is_none() && !shown.to_string().contains(&first), "{shown}");
    assert!(!server.get("/admin/service-apps").await.to_string().contains(&first));
    assert_eq!((&shown["created_by"], &shown["is_active"]), (&json!(server.root), &json!(true)));
    assert_eq!(shown["keys"].as_array().unwrap().len(), 1);

    let (status, rotated) = server.call("POST", &format!("{path}/rotate-key?grace_seconds=600"), Value::Null).await;
    assert_eq!(status, 200, "{rotated}");
    let second = key(&rotated);
    assert_eq!((whoami(&server, &first).await.0, whoami(&server, &second).await.0), (200, 200));
    let keys = rotated["keys"].as_array().unwrap();
    assert!(keys.len() == 2 && keys[0]["expires_at"].is_null() && keys[1]["expires_at"].is_string(), "{rotated}");
    let (_, rotated) = server.call("POST", &format!("{path}/rotate-key"), Value::Null).await;
    let third = key(&rotated);
    let opened = [&first, &second, &third];
    let statuses =
        [whoami(&server, opened[0]).await.0, whoami(&server, opened[1]).await.0, whoami(&server, opened[2]).await.0];
    assert_eq!(statuses, [401, 401, 200]);
    server.logged("service.rotate_key").await;

    let change = json!({ "name": "The notes", "is_active": false, "allowed_origins": [] });
    let (status, changed) = server.call("PATCH", &path, change).await;
    assert_eq!((status, &changed["name"], &changed["allowed_origins"]), (200, &json!("The notes"), &json!([])));
    assert_eq!(whoami(&server, &third).await.0, 401);
    assert_eq!(server.call("PATCH", &path, json!({ "is_active": true })).await.0, 200);
    assert_eq!(whoami(&server, &third).await.0, 200);
    server.logged("service.update").await;

    for name in ["a-one", "z-last"] {
        assert_eq!(server.call("POST", "/admin/service-apps", json!({ "service_name": name })).await.0, 201);
    }
    let all = server.get("/admin/service-apps").await;
    assert_eq!(each(&all, "service_name"), ["a-one", "notes", "z-last"]);
    let part = server.get("/admin/service-apps?after=a-one&limit=1").await;
    assert_eq!(each(&part, "service_name"), ["notes"]);

    server
        .refused(&[
            ("POST", "/admin/service-apps".into(), body, 409),
            ("POST", "/admin/service-apps".into(), json!({ "service_name": "" }), 400),
            ("POST", "/admin/service-apps".into(), json!({ "service_name": "No Spaces" }), 400),
            ("POST", "/admin/service-apps".into(), json!({ "service_name": "a\0b" }), 422),
            ("POST", "/admin/service-apps".into(), json!({ "service_name": "x".repeat(500) }), 400),
            ("POST", "/admin/service-apps".into(), json!({}), 422),
            (
                "POST",
                "/admin/service-apps".into(),
                json!({ "service_name": "b", "allowed_origins": ["no origin"] }),
                400,
            ),
            ("POST", "/admin/service-apps".into(), json!({ "service_name": "b", "realm_id": Uuid::new_v4() }), 404),
            ("POST", format!("{path}/rotate-key?grace_seconds=99999999999"), Value::Null, 400),
            ("POST", format!("{path}/rotate-key?grace_seconds=-1"), Value::Null, 422),
            ("PATCH", path.clone(), json!({ "realm_id": Uuid::new_v4() }), 404),
            ("PATCH", path.clone(), json!({ "allowed_origins": ["https://notes.example.test/path"] }), 400),
            ("GET", "/admin/service-apps?limit=0".into(), Value::Null, 400),
            ("GET", "/admin/service-apps?limit=x".into(), Value::Null, 422),
        ])
        .await;
    assert_eq!(server.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(whoami(&server, &third).await.0, 401);
    server.logged("service.delete").await;
    server.refused(&[("GET", path.clone(), Value::Null, 404), ("DELETE", path, Value::Null, 404)]).await;
}

async fn front_ends(server: Arc<Server>) {
    let body = json!({
        "name": "Web", "redirect_uris": ["https://web.example.test/callback"],
        "allowed_origins": ["https://web.example.test"],
    });
    let (status, made) = server.call("POST", "/admin/client-apps", body.clone()).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["redirect_uris"], body["redirect_uris"]);
    let path = format!("/admin/client-apps/{}", made["id"].as_str().unwrap());
    assert_eq!(server.get(&path).await, made);
    server.logged("client.create").await;

    let change = json!({ "name": "Webbed", "redirect_uris": ["https://web.example.test/back"], "is_active": false });
    let (status, changed) = server.call("PATCH", &path, change).await;
    assert_eq!((status, &changed["name"], &changed["is_active"]), (200, &json!("Webbed"), &json!(false)));
    assert_eq!(changed["allowed_origins"], body["allowed_origins"], "what is left out stays");
    server.logged("client.update").await;

    for name in ["b", "c"] {
        let more = json!({ "name": name, "redirect_uris": ["https://more.example.test/"] });
        assert_eq!(server.call("POST", "/admin/client-apps", more).await.0, 201);
    }
    let pages = server.pages("/admin/client-apps?limit=2").await;
    let names: Vec<_> = pages.iter().flatten().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!((pages.len(), names), (2, vec!["app", "b", "c", "Webbed"]));

    let with = |redirect: &str| json!({ "name": "x", "redirect_uris": [redirect] });
    let create = |body: Value, status| ("POST", "/admin/client-apps".to_owned(), body, status);
    server
        .refused(&[
            create(with("http://web.example.test/plain"), 400),
            create(with("https://web.example.test/#fragment"), 400),
            create(with("javascript:alert(1)"), 400),
            create(with("/callback"), 400),
            create(with("https://user:password@web.example.test/"), 400),
            create(with(""), 400),
            create(json!({ "name": "x", "redirect_uris": [] }), 400),
            create(json!({ "name": "", "redirect_uris": ["https://a.example.test/"] }), 400),
            create(json!({ "name": "x", "redirect_uris": "https://a.example.test/" }), 422),
            create(json!({ "name": "x\0", "redirect_uris": ["https://a.example.test/"] }), 422),
            create(json!({ "name": "x", "redirect_uris": ["https://a.example.test/"], "allowed_origins": ["*"] }), 400),
            ("PATCH", path.clone(), json!({ "redirect_uris": [] }), 400),
            ("GET", "/admin/client-apps?cursor=nonsense".into(), Value::Null, 400),
        ])
        .await;
    assert_eq!(server.call("DELETE", &path, Value::Null).await.0, 204);
    server.logged("client.delete").await;
    server.refused(&[("GET", path.clone(), Value::Null, 404), ("DELETE", path, Value::Null, 404)]).await;
}

async fn realms(server: Arc<Server>) {
    let (status, made) = server.call("POST", "/admin/realms", json!({ "slug": "back", "name": "Back office" })).await;
    assert_eq!(status, 201, "{made}");
    let (id, path) = (made["id"].clone(), format!("/admin/realms/{}", made["id"].as_str().unwrap()));
    server.logged("realm.create").await;
    let body = json!({ "service_name": "billing", "realm_id": id });
    let (status, billing) = server.call("POST", "/admin/service-apps", body).await;
    assert_eq!((status, &billing["effective_scope"]), (201, &json!("back")), "{billing}");
    assert_eq!(whoami(&server, &key(&billing)).await, (200, json!("back")));
    assert_eq!(server.get(&path).await["services"], json!(["billing"]));

    let (status, renamed) = server.call("PATCH", &path, json!({ "name": "Office" })).await;
    assert_eq!((status, &renamed["name"], &renamed["slug"]), (200, &json!("Office"), &json!("back")));
    assert_eq!(server.call("POST", "/admin/realms", json!({ "slug": "a-front", "name": "Front" })).await.0, 201);
    assert_eq!(each(&server.get("/admin/realms").await, "slug"), ["a-front", "back"]);
    assert_eq!(each(&server.get("/admin/realms?after=a-front").await, "slug"), ["back"]);

    let create = |body: Value, status| ("POST", "/admin/realms".to_owned(), body, status);
    server
        .refused(&[
            create(json!({ "slug": "back", "name": "Again" }), 409),
            // What a service is named by is nobody else's scope, nor the other way round.
            create(json!({ "slug": "billing", "name": "Taken" }), 409),
            ("POST", "/admin/service-apps".into(), json!({ "service_name": "a-front" }), 409),
            create(json!({ "slug": "No Slug", "name": "x" }), 400),
            create(json!({ "slug": "good", "name": "" }), 400),
            create(json!({ "slug": "good" }), 422),
            ("DELETE", path.clone(), Value::Null, 409),
            ("PATCH", path.clone(), json!({ "name": "" }), 400),
        ])
        .await;

    let service = format!("/admin/service-apps/{}", billing["id"].as_str().unwrap());
    let (status, alone) = server.call("PATCH", &service, json!({ "realm_id": null })).await;
    assert_eq!((status, &alone["effective_scope"]), (200, &json!("billing")), "{alone}");
    assert_eq!(whoami(&server, &key(&billing)).await, (200, json!("billing")));
    assert_eq!(server.call("DELETE", &path, Value::Null).await.0, 204);
    server.logged("realm.delete").await;
    server.refused(&[("GET", path, Value::Null, 404)]).await;
}
