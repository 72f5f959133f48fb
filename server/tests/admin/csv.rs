//! Accounts and members as CSV files.

use std::sync::Arc;

use sentinel_storage::WorkspaceRole;
use serde_json::{Value, json};

use crate::server::{Server, cases, each};

cases! { an_import, a_file_with_faults_changes_nothing, an_import_is_text_of_a_bounded_size, exports }

async fn import(server: &Server, query: &str, file: impl Into<reqwest::Body>) -> (u16, Value) {
    let request = server.request("POST", &format!("/admin/users/import{query}"), &server.cookie);
    let answer = request.header("content-type", "text/csv; charset=utf-8").body(file).send().await.unwrap();
    (answer.status().as_u16(), serde_json::from_str(&answer.text().await.unwrap()).unwrap())
}

/// The file, and its headers.
async fn export(server: &Server, path: &str) -> (String, reqwest::header::HeaderMap) {
    let answer = server.request("GET", path, &server.cookie).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let headers = answer.headers().clone();
    (answer.text().await.unwrap(), headers)
}

async fn an_import(server: Arc<Server>) {
    let ada = server.user("ada").await;
    let workspace = server.workspace("ops", &[(ada, WorkspaceRole::Owner)]).await;
    let file = "email,name,workspace_slug,role\r\n\
                ADA@example.test,Another name,ops,owner\r\n\
                grace@example.test,\"Hopper, Grace\",ops,\r\n\
                Grace@example.test,Grace,,\r\n\
                linus@example.test,Linus,,\r\n";
    let expected = json!({ "lines": 4, "users_created": 2, "users_found": 1, "members_added": 1, "members_found": 1 });
    assert_eq!(import(&server, "?dry_run=true", file).await, (200, expected.clone()));
    assert_eq!(server.get("/admin/stats").await["users"], 2, "a dry run changes nothing");
    assert_eq!(server.get("/admin/activity?action=users.import").await, json!([]));

    assert_eq!(import(&server, "", file).await, (200, expected));
    let users = server.get("/admin/users").await;
    assert_eq!(each(&users, "name"), ["ada", "Hopper, Grace", "Linus", "root"], "who was there keeps the name");
    let members = server.get(&format!("/admin/workspaces/{workspace}/members?q=grace")).await;
    assert_eq!(each(&members, "role"), ["viewer"]);
    assert_eq!(server.logged("users.import").await["detail"]["users_created"], "2");
    assert_eq!(server.logged("member.add").await["workspace_id"], json!(workspace));
    assert_eq!(server.logged("user.create").await["detail"]["why"], "import");
    // Once more: everything is there.
    let again = json!({ "lines": 4, "users_created": 0, "users_found": 3, "members_added": 0, "members_found": 2 });
    assert_eq!(import(&server, "?dry_run=false", file).await, (200, again));
}

async fn a_file_with_faults_changes_nothing(server: Arc<Server>) {
    let ada = server.user("ada").await;
    server.workspace("ops", &[(ada, WorkspaceRole::Owner)]).await;
    let file = "email,name,workspace_slug,role\ngrace@example.test,Grace,ops,editor\n";
    for (line, place) in [
        ("nothing,Name,,", json!(["body", 3, "email"])),
        ("x@example.test,,,", json!(["body", 3, "name"])),
        ("x@example.test,X,ops,king", json!(["body", 3, "role"])),
        ("x@example.test,X,,admin", json!(["body", 3, "workspace_slug"])),
        ("x@example.test,X", json!(["body", 3])),
        ("x@example.test,X,nowhere,admin", json!(["body", 3, "workspace_slug"])),
        ("ada@example.test,Ada,ops,viewer", json!(["body", 3, "role"])),
        ("grace@example.test,Grace,ops,editor", json!(["body", 3, "email"])),
        ("x@example.test,X\u{0},,", json!(["body", 3, "name"])),
    ] {
        for query in ["", "?dry_run=true"] {
            let (status, answer) = import(&server, query, format!("{file}{line}\n")).await;
            assert_eq!((status, &answer["detail"][0]["loc"]), (422, &place), "{line}: {answer}");
            assert!(answer["detail"][0]["msg"].is_string() && answer["detail"][1].is_null(), "{answer}");
        }
    }
    for header in ["", "email\n", "email,name,admin\n", "email,name,role\n"] {
        let (status, answer) = import(&server, "", header).await;
        assert_eq!((status, &answer["detail"][0]["loc"]), (422, &json!(["body", 1])), "{header}");
    }
    assert_eq!(server.get("/admin/stats").await["users"], 2);
    assert_eq!(server.get("/admin/activity?action=user.create").await, json!([]));
}

async fn an_import_is_text_of_a_bounded_size(server: Arc<Server>) {
    assert_eq!(import(&server, "?dry_run=perhaps", "email,name\n").await.0, 422);
    assert_eq!(import(&server, "", vec![0xff; 10]).await.0, 422);
    assert_eq!(import(&server, "", "email,name\n".to_owned() + &"x".repeat(2 << 20)).await.0, 413);
    let path = "/admin/users/import";
    let answer = server.request("POST", path, &server.cookie).body("email,name\n").send().await.unwrap();
    assert_eq!(answer.status(), 422, "not text/csv");
}

async fn exports(server: Arc<Server>) {
    let file = "email,name,workspace_slug,role\n\
                evil@example.test,\"=HYPERLINK(\"\"https://evil.example\"\")\",ops,owner\n\
                +plus@example.test,@SUM(A1),ops,viewer\n\
                tis@example.test,'tis,ops,viewer\n";
    let workspace = server.workspace("ops", &[]).await;
    assert_eq!(import(&server, "", file).await.0, 200);
    let (members, headers) = export(&server, &format!("/admin/workspaces/{workspace}/members/export")).await;
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv; charset=utf-8"));
    assert_eq!(headers["content-disposition"], "attachment; filename=\"members.csv\"");
    assert_eq!(headers["cache-control"], "no-store");
    let mut lines: Vec<_> = members.lines().collect();
    lines[1..].sort_unstable();
    assert_eq!(
        lines,
        [
            "\"email\",\"name\",\"workspace_slug\",\"role\"",
            "\"'+plus@example.test\",\"'@SUM(A1)\",\"ops\",\"viewer\"",
            "\"evil@example.test\",\"'=HYPERLINK(\"\"https://evil.example\"\")\",\"ops\",\"owner\"",
            "\"tis@example.test\",\"''tis\",\"ops\",\"viewer\"",
        ]
    );
    // What was exported imports as it was.
    let found = json!({ "lines": 3, "users_created": 0, "users_found": 3, "members_added": 0, "members_found": 3 });
    assert_eq!(import(&server, "", members).await, (200, found));

    let (users, _) = export(&server, "/admin/users/export?q=@SUM").await;
    let lines: Vec<_> = users.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("\"'+plus@example.test\",\"'@SUM(A1)\",") && lines[1].contains("\"true\",\"false\""));
    server
        .refused(&[
            ("GET", "/admin/users/export?is_admin=x".into(), Value::Null, 422),
            ("GET", format!("/admin/workspaces/{}/members/export", server.root), Value::Null, 404),
        ])
        .await;
}
