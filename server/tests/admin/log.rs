//! The activity log and the counts.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::server::{Server, cases};

cases! { the_log, the_counts }

async fn the_log(server: Arc<Server>) {
    let ada = server.user("ada").await;
    for name in ["One", "Two", "Three"] {
        let (status, _) = server.call("PATCH", &format!("/admin/users/{ada}"), json!({ "name": name })).await;
        assert_eq!(status, 200);
    }
    let found = async |query: &str| server.get(&format!("/admin/activity?{query}")).await.as_array().unwrap().len();
    assert_eq!(found("action=user.update").await, 3);
    assert_eq!(found(&format!("target_kind=user&target_id={ada}&actor_id={}", server.root)).await, 3);
    assert_eq!(found(&format!("actor_id={ada}")).await, 0);
    assert_eq!(found("action=user.update&since=2020-01-01T00:00:00Z").await, 3);
    assert_eq!(found("action=user.update&since=2020-01-01T00:00:00%2B02:00&until=2020-01-02T00:00:00Z").await, 0);
    assert_eq!(found(&format!("workspace_id={ada}")).await, 0);
    let pages = server.pages("/admin/activity?action=user.update&limit=2").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    assert!(pages[0][0]["seq"].as_i64() > pages[0][1]["seq"].as_i64(), "the latest first");
    // What changes nothing is no change.
    server.call("PATCH", &format!("/admin/users/{ada}"), json!({ "name": "Three", "is_active": true })).await;
    assert_eq!(found("action=user.update").await, 3);
    let path = |query: &str| format!("/admin/activity?{query}");
    server
        .refused(&[
            ("GET", path("since=yesterday"), Value::Null, 422),
            ("GET", path("workspace_id=1"), Value::Null, 422),
            ("GET", path("cursor=00"), Value::Null, 400),
        ])
        .await;
}

async fn the_counts(server: Arc<Server>) {
    server.user("ada").await;
    let stats = server.get("/admin/stats").await;
    assert_eq!((&stats["users"], &stats["admins"], &stats["clients"]), (&json!(2), &json!(1), &json!(1)), "{stats}");
}
