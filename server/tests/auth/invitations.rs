//! Invitations of people without an account: who makes them, what they come to at a real login, what ends them.

use std::collections::HashMap;

use sentinel_storage::{ActivityFilter, PageRequest, StoreOptions, WorkspaceRole};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, Tokens, cases, claims};

cases! {
    at_the_first_login, an_address_that_nobody_proved, who_may, expired, whose_inviter_may_no_longer,
    an_account_is_no_invitation,
}

struct Lab<'a> {
    server: &'a Deployment,
    id: Uuid,
    /// The members' tokens for it: those of another workspace change nothing here.
    tokens: HashMap<Uuid, Tokens>,
}

impl<'a> Lab<'a> {
    async fn new(server: &'a Deployment, slug: &str, members: &[(&Tokens, WorkspaceRole)]) -> Self {
        let with_roles: Vec<_> = members.iter().map(|(tokens, role)| (tokens.user(), *role)).collect();
        let (id, mut tokens) = (server.workspace(slug, &with_roles).await, HashMap::new());
        for (member, _) in members {
            let email = claims(&member.access)["email"].as_str().unwrap().to_owned();
            tokens.insert(member.user(), server.log_in_at(email.split('@').next().unwrap(), id).await);
        }
        Self { server, id, tokens }
    }

    async fn ask(&self, who: &Tokens, method: &str, path: &str, value: Value) -> (u16, Value) {
        let url = format!("{}/workspaces/{}/{path}", self.server.base, self.id);
        let who = self.tokens.get(&who.user()).unwrap_or(who);
        let request = self.server.http.request(method.parse().unwrap(), url).bearer_auth(&who.access);
        let answer = request.header("content-type", "application/json").body(value.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn invite(&self, who: &Tokens, email: &str, role: &str) -> (u16, Value) {
        self.ask(who, "POST", "members/invite", json!({ "email": email, "role": role })).await
    }

    async fn waiting(&self, who: &Tokens) -> Vec<String> {
        let (status, list) = self.ask(who, "GET", "invitations", Value::Null).await;
        assert_eq!(status, 200, "{list}");
        list.as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned()).collect()
    }

    async fn revoke(&self, who: &Tokens, id: &str) -> u16 {
        self.ask(who, "DELETE", &format!("invitations/{id}"), Value::Null).await.0
    }

    /// The slugs of where someone belongs who logs in now, and their roles.
    async fn log_in(&self, name: &str) -> Vec<(String, String)> {
        let code = self.server.code(name).await;
        let text = |one: &Value, name: &str| one[name].as_str().unwrap().to_owned();
        let mut found: Vec<_> =
            self.server.choices(&code).await.iter().map(|one| (text(one, "slug"), text(one, "role"))).collect();
        found.sort();
        found
    }
}

async fn lab<'a>(server: &'a Deployment, members: &[(&Tokens, WorkspaceRole)]) -> Lab<'a> {
    Lab::new(server, "lab", members).await
}

fn in_lab(role: &str) -> Vec<(String, String)> {
    vec![("lab".to_owned(), role.to_owned())]
}

async fn at_the_first_login(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let ada = server.log_in("ada").await;
    let lab = lab(&server, &[(&ada, WorkspaceRole::Owner)]).await;
    let (status, first) = lab.invite(&ada, "Newcomer@Example.test", "viewer").await;
    assert_eq!((status, first["role"].as_str()), (202, Some("viewer")), "{first}");
    assert_eq!(first["invited_by"], ada.user().to_string());
    let (status, again) = lab.invite(&ada, "newcomer@example.test", "editor").await;
    assert_eq!((status, &again["id"], again["role"].as_str()), (202, &first["id"], Some("editor")));
    assert_eq!(lab.waiting(&ada).await, ["newcomer@example.test"]);

    // Not also in a workspace of their own: they belong somewhere.
    assert_eq!(lab.log_in("newcomer").await, in_lab("editor"));
    assert_eq!(lab.waiting(&ada).await, [""; 0]);
    let newcomer = server.log_in("newcomer").await;
    assert_eq!(claims(&newcomer.access)["wrole"], "editor");

    let (_, members) = lab.ask(&ada, "GET", "members", Value::Null).await;
    assert_eq!(members.as_array().unwrap().len(), 2);
    let filter = ActivityFilter { workspace_id: Some(lab.id), ..ActivityFilter::default() };
    let log = server.store.read().await.unwrap().activity(&filter, &PageRequest::first(9)).await.unwrap().rows;
    let mut actions: Vec<_> = log.iter().map(|row| row.action.as_str()).collect();
    actions.retain(|action| !action.starts_with("session") && !action.starts_with("user"));
    assert_eq!(actions, ["member.add", "invitation.create", "invitation.create"], "{log:?}");

    // It was for once.
    let removed = lab.ask(&ada, "DELETE", &format!("members/{}", newcomer.user()), Value::Null).await;
    assert_eq!(removed.0, 204);
    assert!(!lab.log_in("newcomer").await.contains(&in_lab("editor")[0]));
}

async fn an_address_that_nobody_proved(place: StoreOptions) {
    // This provider's word is no proof of an address.
    let server = Deployment::start(place, |_, provider| provider.trust_email = false).await;
    let ada = server.log_in("ada").await;
    let lab = lab(&server, &[(&ada, WorkspaceRole::Owner)]).await;
    assert_eq!(lab.invite(&ada, "newcomer@example.test", "owner").await.0, 202);
    assert!(!lab.log_in("newcomer").await.contains(&in_lab("owner")[0]));
    assert_eq!(lab.waiting(&ada).await, ["newcomer@example.test"]);
}

async fn who_may(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada, bob, eve) = (server.log_in("ada").await, server.log_in("bob").await, server.log_in("eve").await);
    let viewer = server.log_in("vic").await;
    let members = [(&ada, WorkspaceRole::Owner), (&bob, WorkspaceRole::Admin), (&viewer, WorkspaceRole::Editor)];
    let lab = lab(&server, &members).await;
    let other = Lab::new(&server, "other", &[(&eve, WorkspaceRole::Owner)]).await;

    let (_, owner) = lab.invite(&ada, "an-owner@example.test", "owner").await;
    let (_, editor) = lab.invite(&bob, "an-editor@example.test", "editor").await;
    let (owner, editor) = (owner["id"].as_str().unwrap(), editor["id"].as_str().unwrap());
    // Nobody gives or takes what is above them, and strangers nothing.
    assert_eq!(lab.invite(&bob, "more@example.test", "owner").await.0, 403);
    assert_eq!(lab.revoke(&bob, owner).await, 403);
    for stranger in [&viewer, &eve] {
        assert_eq!(lab.ask(stranger, "GET", "invitations", Value::Null).await.0, 403);
        assert_eq!(lab.invite(stranger, "more@example.test", "viewer").await.0, 403);
        assert_eq!(lab.revoke(stranger, editor).await, 403);
    }
    assert_eq!(other.revoke(&eve, editor).await, 404);
    assert_eq!(lab.revoke(&ada, &Uuid::new_v4().to_string()).await, 404);
    assert_eq!(lab.revoke(&ada, "nonsense").await, 422);
    for wrong in ["", "no-address", "a\0@example.test", &format!("{}@example.test", "a".repeat(400))] {
        let (status, said) = lab.invite(&ada, wrong, "viewer").await;
        assert!([400, 422].contains(&status), "{wrong}: {status} {said}");
    }
    assert_eq!(lab.waiting(&bob).await, ["an-editor@example.test", "an-owner@example.test"]);
    // An admin does not lower an owner's invitation by inviting again.
    assert_eq!(lab.invite(&bob, "an-owner@example.test", "viewer").await.0, 403);

    assert_eq!(lab.revoke(&bob, editor).await, 204);
    assert_eq!(lab.revoke(&bob, editor).await, 404);
    assert_eq!(lab.waiting(&bob).await, ["an-owner@example.test"]);
    assert!(!lab.log_in("an-editor").await.contains(&in_lab("editor")[0]));
    assert_eq!(lab.log_in("an-owner").await, in_lab("owner"));
}

async fn expired(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.lifetimes.invitation = 0).await;
    let ada = server.log_in("ada").await;
    let lab = lab(&server, &[(&ada, WorkspaceRole::Owner)]).await;
    let (status, made) = lab.invite(&ada, "newcomer@example.test", "editor").await;
    assert_eq!(status, 202);
    assert_eq!(lab.waiting(&ada).await, [""; 0]);
    assert_eq!(lab.revoke(&ada, made["id"].as_str().unwrap()).await, 404);
    assert!(!lab.log_in("newcomer").await.contains(&in_lab("editor")[0]));
}

async fn whose_inviter_may_no_longer(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada, bob) = (server.log_in("ada").await, server.log_in("bob").await);
    let (cyd, dan) = (server.log_in("cyd").await, server.log_in("dan").await);
    let admin = WorkspaceRole::Admin;
    let lab = lab(&server, &[(&ada, WorkspaceRole::Owner), (&bob, admin), (&cyd, admin), (&dan, admin)]).await;
    for (inviter, name) in [(&bob, "by-bob"), (&cyd, "by-cyd"), (&dan, "by-dan")] {
        assert_eq!(lab.invite(inviter, &format!("{name}@example.test"), "admin").await.0, 202);
    }
    // Removed, demoted, deactivated: what they left behind opens nothing.
    assert_eq!(lab.ask(&ada, "DELETE", &format!("members/{}", bob.user()), Value::Null).await.0, 204);
    let demoted = lab.ask(&ada, "PATCH", &format!("members/{}", cyd.user()), json!({ "role": "viewer" })).await;
    assert_eq!(demoted.0, 200);
    let mut db = server.begin().await;
    db.set_user_active(dan.user(), false, server.now()).await.unwrap();
    db.commit().await.unwrap();
    for name in ["by-bob", "by-cyd", "by-dan"] {
        assert!(!lab.log_in(name).await.contains(&in_lab("admin")[0]), "{name}");
    }
}

async fn an_account_is_no_invitation(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (ada, bob) = (server.log_in("ada").await, server.log_in("bob").await);
    let lab = lab(&server, &[(&ada, WorkspaceRole::Owner)]).await;
    let (status, member) = lab.invite(&ada, "BOB@example.test", "viewer").await;
    assert_eq!((status, member["user_id"].as_str()), (201, Some(bob.user().to_string().as_str())));
    assert_eq!(lab.invite(&ada, "bob@example.test", "viewer").await.0, 409);

    // An account that an operator makes meanwhile is a member by invitation alone: at its first login.
    assert_eq!(lab.invite(&ada, "cyd@example.test", "editor").await.0, 202);
    let system = sentinel_server::service::Actor::System;
    let caller = sentinel_server::service::Caller::default();
    server.service.create_account(&system, &caller, "cyd@example.test", "Cyd", false).await.unwrap();
    // Invited again, now that there is an account: a member at once, with the role of now.
    assert_eq!(lab.invite(&ada, "cyd@example.test", "viewer").await.0, 201);
    assert_eq!(lab.waiting(&ada).await, [""; 0]);
    assert_eq!(lab.log_in("cyd").await, in_lab("viewer"));
}
