//! Local accounts: who may not change what of whom.

use reqwest::StatusCode;
use sentinel_server::service::converge::Directory;
use sentinel_server::service::{Actor, Caller, Config, WorkspaceRole};
use sentinel_storage::{NewLocalAccount, RevocationKind, StoreOptions};
use serde_json::json;
use uuid::Uuid;

use crate::deployment::{body, cases, claims};
use crate::local::{FIRST, Home};

cases! {
    nobody_reaches_above_themselves, other_workspaces_are_not_concerned, who_is_somebody_elsewhere_is_not_one_workspace_s,
    less_trust_is_told_elsewhere, names_of_the_directory_are_not_given_away,
    what_the_deployment_has_closed_the_workspace_does_not_open,
}

async fn nobody_reaches_above_themselves(place: StoreOptions) {
    let home = Home::start(place).await;
    let owner: Uuid = claims(&home.owner)["sub"].as_str().unwrap().parse().unwrap();
    let [ann, ada, bob] =
        [home.make("ann", "admin").await, home.make("ada", "admin").await, home.make("bob", "viewer").await];
    let [admin, viewer] = [home.log_in("ann", FIRST).await, home.log_in("bob", FIRST).await];
    // A viewer sees and changes nothing of this.
    assert_eq!(home.get("/local/users", &viewer).await.status(), 403);
    assert_eq!(home.get(&format!("/local/users/{ann}/sessions"), &viewer).await.status(), 403);
    assert_eq!(home.post("/local/users", &viewer, json!({ "username": "eve", "pin": FIRST })).await.status(), 403);
    assert_eq!(home.change(&viewer, bob, json!({ "trust_level": 10 })).await.status(), 403);
    // An admin changes who stands below, and gives no more than they have.
    let own = json!({ "trust_level": 3, "channels": ["web"] });
    assert_eq!(home.change(&home.owner, ann, own).await.status(), 200);
    for more in [json!({ "trust_level": 4 }), json!({ "channels": ["web", "root"] })] {
        assert_eq!(home.change(&admin, bob, more.clone()).await.status(), 403, "{more}");
        let mut puppet = json!({ "username": "puppet", "pin": FIRST, "role": "admin" });
        puppet.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(home.post("/local/users", &admin, puppet).await.status(), 403, "{more}");
    }
    let new = json!({ "username": "eric", "pin": FIRST, "trust_level": 3, "channels": ["web"] });
    assert_eq!(home.post("/local/users", &admin, new).await.status(), 201);
    // What an owner has given may stay and be taken, and who was given it does not get another PIN by who has less.
    let much = json!({ "trust_level": 9, "channels": ["root"] });
    assert_eq!(home.change(&home.owner, bob, much).await.status(), 200);
    assert_eq!(home.reset(&admin, bob, "640281").await, 403);
    assert_eq!(home.change(&admin, bob, json!({ "trust_level": 9, "channels": ["root", "web"] })).await.status(), 200);
    assert_eq!(home.change(&admin, bob, json!({ "trust_level": 5, "channels": [] })).await.status(), 200);
    assert_eq!(home.change(&admin, bob, json!({ "trust_level": 6 })).await.status(), 403);
    assert_eq!(home.change(&admin, bob, json!({ "trust_level": 2, "role": "editor" })).await.status(), 200);
    assert_eq!(home.change(&admin, bob, json!({ "role": "owner" })).await.status(), 403);
    let new = json!({ "username": "eve", "pin": FIRST, "role": "owner" });
    assert_eq!(home.post("/local/users", &admin, new).await.status(), 403);
    for id in [owner, ada, ann] {
        assert_eq!(home.reset(&admin, id, "640281").await, 403);
        for change in [json!({ "trust_level": 10 }), json!({ "is_active": false }), json!({ "role": "viewer" })] {
            assert_eq!(home.change(&admin, id, change).await.status(), 403);
        }
        let revoke = home.post(&format!("/local/users/{id}/revoke-tokens"), &admin, json!({})).await;
        assert_eq!(revoke.status(), 403);
        let watched = home.get(&format!("/local/users/{id}/sessions"), &admin).await;
        assert_eq!(watched.status(), 403, "where owners and equals log in from");
    }
    // The owner stays, and changes the PIN by knowing it.
    assert_eq!(home.change(&home.owner, owner, json!({ "is_active": false })).await.status(), 409);
    assert_eq!(home.change(&home.owner, owner, json!({ "role": "viewer" })).await.status(), 409);
    assert_eq!(home.reset(&home.owner, owner, "640281").await, 403);
    assert!(home.holds(&home.owner).await);
    // Who was an admin a moment ago is none.
    assert_eq!(home.change(&home.owner, ann, json!({ "role": "viewer" })).await.status(), 200);
    assert_eq!(home.change(&admin, bob, json!({ "trust_level": 3 })).await.status(), 403);
    assert_eq!(home.get("/local/me", "no token").await.status(), 401);
}

async fn other_workspaces_are_not_concerned(place: StoreOptions) {
    let home = Home::start(place).await;
    let bob = home.make("bob", "viewer").await;
    let carol = home.make("carol", "viewer").await;
    // Carol gets a workspace of her own there, and is no more than its owner.
    let token = home.log_in("carol", FIRST).await;
    let own = home.server.workspace("carols", &[(carol, WorkspaceRole::Owner)]).await;
    let mut db = home.server.begin().await;
    db.delete_member(claims(&token)["wid"].as_str().unwrap().parse().unwrap(), carol, home.server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert!(!home.holds(&token).await);
    assert_eq!(home.login("carol", FIRST).await.status(), 403, "the PIN opens the workspace that made the account");
    // The owner of the other workspace, with whatever login: here the tenant API's.
    let token = home.by_password(carol, "carol@firm.com").await;
    assert_eq!(claims(&token)["wid"], json!(own));
    assert_eq!(home.post("/local/users", &token, json!({ "username": "eve", "pin": FIRST })).await.status(), 403);
    assert_eq!(body(home.get("/local/users", &token).await).await, json!([]));
    assert_eq!(home.change(&token, bob, json!({ "trust_level": 1 })).await.status(), 404);
    assert_eq!(home.reset(&token, bob, "640281").await, 404);
    assert_eq!(home.get(&format!("/local/users/{bob}/sessions"), &token).await.status(), 404);
    // Of a local account of her own workspace she says much, but no username: these are the deployment's, and never free
    // again.
    let (service, now) = (&home.server.service, home.server.now());
    let dave =
        service.create_account(&Actor::System, &Caller::default(), "dave@firm.com", "Dave", false).await.unwrap();
    let mut db = home.server.begin().await;
    assert!(db.claim_username(dave.id, "dave", now).await.unwrap());
    db.insert_member(own, dave.id, WorkspaceRole::Viewer, now).await.unwrap();
    let new = NewLocalAccount {
        user_id: dave.id,
        workspace_id: own,
        has_default_pin: false,
        trust_level: 0,
        channels: &[],
        created_by: None,
    };
    db.insert_local_account(&new, now).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(home.change(&token, dave.id, json!({ "name": "David" })).await.status(), 200);
    assert_eq!(home.change(&token, dave.id, json!({ "username": "ada_lovelace" })).await.status(), 403);
}

/// Who resets a PIN could log in with it: not where that would open more than the workspace.
async fn who_is_somebody_elsewhere_is_not_one_workspace_s(place: StoreOptions) {
    let home = Home::start(place).await;
    let [_, bob] = [home.make("ann", "owner").await, home.make("bob", "viewer").await];
    let ann = home.log_in("ann", FIRST).await;
    assert_eq!(home.reset(&ann, bob, "640281").await, 204);
    home.server.workspace("bobs", &[(bob, WorkspaceRole::Owner)]).await;
    assert_eq!(home.reset(&ann, bob, "739150").await, 403);
    assert_eq!(home.change(&ann, bob, json!({ "is_active": false })).await.status(), 403);
    let name = json!({ "name": "The Administrator" });
    assert_eq!(home.change(&ann, bob, name.clone()).await.status(), 403, "shown in the other workspace, too");
    assert_eq!(
        home.change(&ann, bob, json!({ "trust_level": 4 })).await.status(),
        200,
        "what is the workspace's own to say"
    );
    // An administrator of the deployment may, and nobody else with the administrator.
    assert_eq!(home.change(&home.owner, bob, name).await.status(), 200);
    assert_eq!(home.reset(&home.owner, bob, "739150").await, 204);
    let owner: Uuid = claims(&home.owner)["sub"].as_str().unwrap().parse().unwrap();
    assert_eq!(home.reset(&ann, owner, "739150").await, 403);
}

/// Services elsewhere trust a token as far as it says.
async fn less_trust_is_told_elsewhere(place: StoreOptions) {
    let home = Home::start(place).await;
    let bob = home.make("bob", "viewer").await;
    assert_eq!(home.change(&home.owner, bob, json!({ "trust_level": 5 })).await.status(), 200);
    let token = home.log_in("bob", FIRST).await;
    let member = format!("{bob}/{}", claims(&token)["wid"].as_str().unwrap());
    let told = async || {
        let all = home.server.begin().await.revocations_after(0, 100).await.unwrap();
        all.iter().filter(|one| one.kind == RevocationKind::Member && one.value == member).count()
    };
    assert_eq!(home.change(&home.owner, bob, json!({ "trust_level": 6, "channels": ["web"] })).await.status(), 200);
    assert_eq!(told().await, 0);
    assert_eq!(home.change(&home.owner, bob, json!({ "trust_level": 2 })).await.status(), 200);
    assert_eq!(told().await, 1);
    // The session goes on, and its next token says what is so.
    home.server.pass(10 * 60_000);
    let answer = home.get("/local/me", &token).await;
    let fresh = answer.headers()["x-refreshed-token"].to_str().unwrap();
    assert_eq!(claims(fresh)["trust_level"], json!(2));
}

/// Who is in the directory finds their name free, however late they come.
async fn names_of_the_directory_are_not_given_away(place: StoreOptions) {
    let known = r#"{"domain": "firm.example", "people": {"the_ceo": {"role": "OWNER", "email": "ceo@firm.example"}}}"#;
    let with = |config: &mut Config| config.directory = Directory::from_json(known).unwrap();
    let home = Home::start_with(place.clone(), with).await;
    for name in ["the_ceo", "The.CEO", "the_ceo@elsewhere.example"] {
        let new = json!({ "username": name, "pin": FIRST });
        assert_eq!(home.post("/local/users", &home.owner, new).await.status(), 409, "{name}");
    }
    home.make("the_cto", "viewer").await;
}

async fn what_the_deployment_has_closed_the_workspace_does_not_open(place: StoreOptions) {
    let home = Home::start(place).await;
    let [_, bob] = [home.make("ann", "owner").await, home.make("bob", "viewer").await];
    let ann = home.log_in("ann", FIRST).await;
    let set =
        async |token: &str, is_active: bool| home.change(token, bob, json!({ "is_active": is_active })).await.status();
    // What the workspace has closed it opens.
    assert_eq!((set(&ann, false).await, set(&ann, true).await), (StatusCode::OK, StatusCode::OK));
    let (system, caller) = (Actor::System, Caller::default());
    for closed_before in [false, true] {
        if closed_before {
            assert_eq!(set(&ann, false).await, StatusCode::OK);
        }
        home.server.service.set_account_active(&system, &caller, bob, false).await.unwrap();
        assert_eq!(set(&ann, true).await, StatusCode::FORBIDDEN);
        assert_eq!((set(&ann, false).await, set(&ann, true).await), (StatusCode::OK, StatusCode::FORBIDDEN));
        assert_eq!(home.login("bob", FIRST).await.status(), 403);
        assert_eq!(set(&home.owner, true).await, StatusCode::OK);
    }
    assert_eq!(set(&home.owner, false).await, StatusCode::OK);
    assert_eq!(set(&ann, true).await, StatusCode::FORBIDDEN, "the owner administers the deployment");
}
