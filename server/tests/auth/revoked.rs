//! What takes a token back takes it back on the very next request, for every kind of token.

use sentinel_storage::{ClientChange, StoreOptions, Transaction, WorkspaceRole};
use serde_json::json;
use uuid::Uuid;

use crate::deployment::{Deployment, KEY, SCOPE, Tokens, VERIFIER, body, cases, claims};

cases! { logout, deactivation, a_lost_membership, another_role_and_group, invalidated_sessions, a_code_that_somebody_holds, a_disabled_front_end, a_demoted_administrator, a_rotated_service_key }

/// Everything that one person can have.
struct All {
    tokens: Tokens,
    idp_token: String,
    authz: String,
    cookie: String,
}

impl All {
    async fn of(server: &Deployment, name: &str) -> Self {
        let tokens = server.log_in(name).await;
        let (idp_token, authz) = server.pair(name).await;
        let mut db = server.begin().await;
        db.set_user_admin(tokens.user(), true, server.now()).await.unwrap();
        db.commit().await.unwrap();
        Self { cookie: server.admin_cookie(name).await, tokens, idp_token, authz }
    }

    /// Which of them open something: access token, authz token with the service's key, the pair, the admin cookie.
    async fn open(&self, server: &Deployment) -> [bool; 4] {
        let pair = server.http.get(format!("{}/probe/directory", server.base)).bearer_auth(&self.idp_token);
        let pair = pair.header("x-authz-token", &self.authz).send().await.unwrap();
        [
            server.holds(&self.tokens.access).await,
            server.probe(&self.authz, Some(KEY)).await.0 == 200,
            pair.status() == 200,
            server.admin(&self.cookie).await == 200,
        ]
    }
}

async fn change(server: &Deployment, change: impl AsyncFnOnce(&mut Transaction)) {
    let mut db = server.begin().await;
    change(&mut db).await;
    db.commit().await.unwrap();
}

async fn logout(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let tokens = server.log_in("ada").await;
    let elsewhere = server.log_in("ada").await;
    let answer = body(
        server.http.post(format!("{}/auth/logout", server.base)).bearer_auth(&tokens.access).send().await.unwrap(),
    )
    .await;
    assert_eq!(answer, json!({ "ok": true }));
    assert!(!server.holds(&tokens.access).await);
    assert_eq!(server.refresh(&tokens.refresh).await.status(), 401);
    assert!(server.holds(&elsewhere.access).await);
    // An authz token has no session: itself it is.
    let (_, authz) = server.pair("ada").await;
    let request = server.http.post(format!("{}/auth/logout", server.base)).bearer_auth(&authz);
    assert_eq!(request.header("x-service-key", KEY).send().await.unwrap().status(), 200);
    assert_eq!(server.probe(&authz, Some(KEY)).await.0, 401);
}

async fn deactivation(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada, bob) = (All::of(&server, "ada").await, server.log_in("bob").await);
    assert_eq!(ada.open(&server).await, [true; 4]);
    change(&server, async |db| drop(db.set_user_active(ada.tokens.user(), false, 0).await.unwrap())).await;
    assert_eq!(ada.open(&server).await, [false; 4]);
    assert!(server.holds(&bob.access).await);
    let again = json!({ "idp_token": ada.idp_token, "provider": "real" });
    assert_eq!(server.resolve(Some(KEY), again).await.status(), 403);
}

async fn a_lost_membership(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = All::of(&server, "ada").await;
    change(&server, async |db| {
        assert!(db.delete_member(ada.tokens.workspace(), ada.tokens.user(), 0).await.unwrap());
    })
    .await;
    // The admin cookie is for the deployment, not for a workspace.
    assert_eq!(ada.open(&server).await, [false, false, false, true]);
    let asked = json!({ "idp_token": ada.idp_token, "provider": "real", "workspace_id": ada.tokens.workspace() });
    assert_eq!(server.resolve(Some(KEY), asked).await.status(), 403);
}

async fn another_role_and_group(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = All::of(&server, "ada").await;
    let (user, workspace, group) = (ada.tokens.user(), ada.tokens.workspace(), Uuid::new_v4());
    assert_eq!(server.probe(&ada.tokens.access, None).await.1["role"], "owner");
    change(&server, async |db| {
        db.set_member_role(workspace, user, WorkspaceRole::Viewer, 0).await.unwrap();
        let new = sentinel_storage::NewGroup {
            id: group,
            workspace_id: workspace,
            name: "g",
            description: None,
            created_by: None,
        };
        db.insert_group(&new, 0).await.unwrap();
        db.insert_group_member(workspace, group, user, 0).await.unwrap();
    })
    .await;
    for (token, key) in [(&ada.tokens.access, None), (&ada.authz, Some(KEY))] {
        let (status, said) = server.probe(token, key).await;
        assert_eq!((status, &said["role"], &said["groups"]), (200, &json!("viewer"), &json!([group])));
    }
    let next = Tokens::of(body(server.refresh(&ada.tokens.refresh).await).await);
    let said = claims(&next.access);
    assert_eq!((&said["wrole"], &said["groups"]), (&json!("viewer"), &json!([group])));
}

async fn invalidated_sessions(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = All::of(&server, "ada").await;
    change(&server, async |db| drop(db.invalidate_user_sessions(ada.tokens.user(), server.now()).await.unwrap())).await;
    assert_eq!(ada.open(&server).await, [false; 4]);
    // A new login holds, even in the same second.
    assert!(server.holds(&server.log_in("ada").await.access).await);
}

/// Voiding all of a person's tokens voids what would become one.
async fn a_code_that_somebody_holds(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = server.log_in("ada").await;
    let code = server.code("ada").await;
    server.pass(1000);
    change(&server, async |db| drop(db.invalidate_user_sessions(ada.user(), server.now()).await.unwrap())).await;
    let workspace = ada.workspace().to_string();
    assert_eq!(server.exchange(&code, &workspace, VERIFIER).await.status(), 400);
    let fresh = server.code("ada").await;
    assert_eq!(server.exchange(&fresh, &workspace, VERIFIER).await.status(), 200);
}

/// A front end that is switched off gets no further tokens: not by a code, not by a refresh token.
async fn a_disabled_front_end(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = server.log_in("ada").await;
    let code = server.code("ada").await;
    let switch = async |on: bool| {
        change(&server, async |db| {
            let fid: Uuid = claims(&ada.refresh)["fid"].as_str().unwrap().parse().unwrap();
            let client = db.session(fid).await.unwrap().unwrap().client_id.unwrap();
            let switched = ClientChange { is_active: Some(on), ..Default::default() };
            drop(db.update_client(client, &switched, server.now()).await.unwrap());
        })
        .await;
    };
    switch(false).await;
    assert_eq!(server.refresh(&ada.refresh).await.status(), 401);
    assert_eq!(server.exchange(&code, &ada.workspace().to_string(), VERIFIER).await.status(), 403);
    switch(true).await;
    assert_eq!(server.refresh(&ada.refresh).await.status(), 200);
}

async fn a_demoted_administrator(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = All::of(&server, "ada").await;
    change(&server, async |db| drop(db.set_user_admin(ada.tokens.user(), false, 0).await.unwrap())).await;
    assert_eq!(ada.open(&server).await, [true, true, true, false]);
    assert_eq!(server.admin(&ada.cookie).await, 403);
}

async fn a_rotated_service_key(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let whoami = async || {
        let request = server.http.get(format!("{}/realm/whoami", server.base)).header("x-service-key", KEY);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(whoami().await, 200);
    let id = server.begin().await.service_by_name(SCOPE).await.unwrap().unwrap().id;
    let now = server.now();
    change(&server, async |db| db.rotate_service_key(id, b"another hash", "sk_", now + 60_000, now).await.unwrap())
        .await;
    assert_eq!(whoami().await, 200, "both open until the old one ends");
    server.pass(60_000);
    assert_eq!(whoami().await, 401);
}
