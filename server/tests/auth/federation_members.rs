//! Whom a tenant's provider speaks for, of those who are members already, or were.

use sentinel_server::service::WorkspaceRole;
use sentinel_storage::{ScimUser, StoreOptions};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{cases, claims};
use crate::federation::{Tenant, access, start};

cases! {
    owners_come_in_where_an_owner_set_it_up, who_was_deprovisioned_stays_out,
}

/// An administrator who sets a provider of their own up comes in as no owner by it: they may change none.
async fn owners_come_in_where_an_owner_set_it_up(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({ "max_role": "admin", "role_mapping": { "it": "admin" } })).await;
    let person = |session: &Value| claims(access(session))["sub"].as_str().unwrap().parse::<Uuid>().unwrap();
    let admin = firm.session(&server, "groups-it").await;
    let owner = person(&firm.session(&server, "groups-none").await);
    let mut db = server.begin().await;
    db.set_member_role(firm.id, owner, WorkspaceRole::Owner, server.now()).await.unwrap();
    db.commit().await.unwrap();
    let administrator = Tenant { id: firm.id, admin: person(&admin), token: access(&admin).to_owned() };
    administrator.connect(&server, json!({ "max_role": "viewer" })).await;
    assert_eq!(firm.refused(&server, "groups-none").await, "account_not_allowed");
    assert_eq!(administrator.test(&server, "groups-none").await["code"], "account_not_allowed");
    // What an owner set up is an owner's word, and the report says as what they come in.
    firm.configure(&server, json!({ "max_role": "viewer" })).await;
    let report = firm.test(&server, "groups-none").await;
    assert_eq!((&report["ok"], &report["role"]), (&json!(true), &json!("admin")));
    assert_eq!(firm.post(&server, "enable", json!({})).await.status(), 200);
    assert_eq!(person(&firm.session(&server, "groups-none").await), owner);
}

async fn who_was_deprovisioned_stays_out(place: StoreOptions) {
    let server = start(place, |_| {}).await;
    let firm = Tenant::make(&server, "firm").await;
    firm.approve(&server, "example.test").await;
    firm.connect(&server, json!({})).await;
    let ada = claims(access(&firm.session(&server, "ada.lovelace").await))["sub"].as_str().unwrap().parse().unwrap();
    let mut db = server.begin().await;
    let user = ScimUser {
        workspace_id: firm.id,
        user_id: ada,
        user_name_key: "ada".to_owned(),
        email_key: None,
        external_id: None,
        is_active: true,
        role: WorkspaceRole::Viewer,
        is_managed: false,
        resource: "{}".to_owned(),
        version: 1,
        created_at: server.now(),
        updated_at: server.now(),
    };
    db.insert_scim_user(&user).await.unwrap();
    assert!(db.delete_scim_user(firm.id, ada, server.now()).await.unwrap());
    db.commit().await.unwrap();
    assert_eq!(firm.refused(&server, "ada.lovelace").await, "deprovisioned");
}
