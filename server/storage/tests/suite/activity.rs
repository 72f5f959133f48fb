//! The activity log, and the counts.

use sentinel_storage::{Activity, ActivityFilter, NewActivity, PageRequest, Stats, Store, WorkspaceRole as Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{NOW, begin, cases, read};
use crate::users::people;
use crate::workspaces::workspace;

fn entry<'a>(action: &'a str, detail: &'a Value) -> NewActivity<'a> {
    NewActivity {
        actor_kind: "system",
        actor_id: None,
        action,
        target_kind: None,
        target_id: None,
        workspace_id: None,
        detail,
        ip_address: None,
    }
}

async fn appended_and_listed(store: Store) {
    let lab = Uuid::new_v4();
    let none = json!({});
    let detail = json!({ "role": { "from": "viewer", "to": "admin" }, "name": "Zoë" });
    let entries = [
        entry("server.started", &none),
        NewActivity {
            actor_kind: "user",
            actor_id: Some("ada"),
            target_kind: Some("user"),
            target_id: Some("bob"),
            workspace_id: Some(lab),
            ip_address: Some("2001:db8::1"),
            ..entry("member.role", &detail)
        },
        NewActivity { actor_id: Some("ada"), target_kind: Some("group"), ..entry("group.created", &none) },
        NewActivity { workspace_id: Some(lab), ..entry("group.created", &none) },
    ];
    let mut db = begin(&store).await;
    for (at, entry) in (NOW..).zip(&entries) {
        db.append_activity(entry, at).await.unwrap();
    }
    db.commit().await.unwrap();

    let mut db = read(&store).await;
    let first = db.activity(&ActivityFilter::default(), &PageRequest::first(3)).await.unwrap();
    assert_eq!(first.rows.iter().map(|row| row.at).collect::<Vec<_>>(), [NOW + 3, NOW + 2, NOW + 1]);
    let found = &first.rows[2];
    let expected = Activity {
        seq: found.seq,
        at: NOW + 1,
        actor_kind: "user".into(),
        actor_id: Some("ada".into()),
        action: "member.role".into(),
        target_kind: Some("user".into()),
        target_id: Some("bob".into()),
        workspace_id: Some(lab),
        detail: detail.clone(),
        ip_address: Some("2001:db8::1".into()),
    };
    assert_eq!(found, &expected);
    let after = first.next.map(|next| next.to_string().parse().unwrap());
    let rest = db.activity(&ActivityFilter::default(), &PageRequest { after, limit: 3 }).await.unwrap();
    assert_eq!(rest.rows.iter().map(|row| row.at).collect::<Vec<_>>(), [NOW]);
    assert_eq!(rest.next, None);

    for (filter, expected) in [
        (ActivityFilter { workspace_id: Some(lab), ..Default::default() }, vec![3, 1]),
        (ActivityFilter { actor_id: Some("ada"), ..Default::default() }, vec![2, 1]),
        (ActivityFilter { action: Some("group.created"), ..Default::default() }, vec![3, 2]),
        (ActivityFilter { target_kind: Some("user"), target_id: Some("bob"), ..Default::default() }, vec![1]),
        (ActivityFilter { since: Some(NOW + 1), until: Some(NOW + 3), ..Default::default() }, vec![2, 1]),
        (ActivityFilter { workspace_id: Some(lab), action: Some("group.created"), ..Default::default() }, vec![3]),
        (ActivityFilter { actor_id: Some("' OR 1 = 1 --"), ..Default::default() }, vec![]),
    ] {
        let found = db.activity(&filter, &PageRequest::first(9)).await.unwrap();
        assert_eq!(found.rows.iter().map(|row| row.at - NOW).collect::<Vec<_>>(), expected, "{filter:?}");
    }
}

async fn undone_with_the_change(store: Store) {
    let mut db = begin(&store).await;
    db.append_activity(&entry("never", &json!({})), NOW).await.unwrap();
    drop(db);
    let found = read(&store).await.activity(&ActivityFilter::default(), &PageRequest::first(9)).await.unwrap();
    assert_eq!(found.rows, []);
}

async fn counts(store: Store) {
    assert_eq!(read(&store).await.stats(NOW).await.unwrap(), Stats::default());
    let [ada, bob] = people(&store, ["ada", "bob"]).await;
    workspace(&store, "lab", [(ada, Role::Owner), (bob, Role::Viewer)]).await;
    let mut db = begin(&store).await;
    db.set_user_active(bob, false, NOW).await.unwrap();
    let expected = Stats { users: 2, active_users: 1, workspaces: 1, memberships: 2, ..Default::default() };
    assert_eq!(db.stats(NOW).await.unwrap(), expected);
}

cases! { appended_and_listed, undone_with_the_change, counts }
