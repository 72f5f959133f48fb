//! The convergence of identities, as the system that it was made from tells it: a normalized name for disparate logins, an
//! account and a place in the default workspace at the first one, and tokens that front ends judge without the database.

use sentinel_core::jose::signature::Ring;
use sentinel_core::{
    Algorithm, Algorithms, ClaimsProfile, Expected, KeySet, Limits, RevocationFeed, RoleOrder, SymmetricKeys, Verifier,
};
use sentinel_server::service::converge::Directory;
use sentinel_server::service::{Actor, Caller, Config, Newcomers, client_apps::NewClientApp};
use sentinel_storage::{SessionDialect, StoreOptions, WorkspaceRole};
use serde_json::{Value, json};

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{CHALLENGE, Deployment, KEY, Tokens, VERIFIER, body, cases, claims};

cases! {
    the_normalization_handshake, one_person_is_one_record, two_people_stay_two, known_people_by_proof_alone,
    what_was_taken_back_is_taken_back_elsewhere, a_front_end_says_which_claims_it_reads,
}

/// Three front ends of one fleet, each on a port of its own.
const FLEET: [&str; 3] =
    ["https://ata.example.test/back", "https://acw.example.test/back", "http://localhost:3002/back"];

const DIRECTORY: &str = r#"{
    "default_role": "GUEST",
    "people": { "ada_lovelace": { "role": "ADMIN", "email": "ada.lovelace@example.test" } }
}"#;

fn converged(config: &mut Config, directory: &str) {
    config.newcomers = Newcomers::DefaultWorkspace { slug: "default".into(), role: WorkspaceRole::Viewer };
    config.directory = Directory::from_json(directory).unwrap();
}

async fn start(place: StoreOptions, directory: &str) -> Deployment {
    let server = Deployment::start(place, |config, _| converged(config, directory)).await;
    for uri in FLEET {
        let app = NewClientApp {
            name: uri,
            redirect_uris: &[uri.to_owned()],
            allowed_origins: &[],
            workspaces: &[],
            dialect: Some(SessionDialect::Converged),
        };
        server.service.create_client_app(&Actor::System, &Caller::default(), &app).await.unwrap();
    }
    server
}

/// The tokens of `name` at a front end of the fleet.
async fn log_in(server: &Deployment, uri: &str, name: &str) -> Tokens {
    let query = [("redirect_uri", uri), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let url = format!("{}/auth/login/real?{}", server.base, form_of(&query));
    let back = Browser::new().log_in(&url, name, uri).await;
    let code = parameter(&back, "code").unwrap_or_else(|| panic!("no code: {back}"));
    let workspace = server.choices(&code).await[0]["id"].as_str().unwrap().to_owned();
    Tokens::of(body(server.exchange(&code, &workspace, VERIFIER).await).await)
}

/// A front end: what it was told once, and nothing else.
struct FrontEnd {
    verifier: Verifier,
    keys: KeySet,
}

impl FrontEnd {
    async fn new(server: &Deployment) -> Self {
        let keys = server.http.get(format!("{}/.well-known/jwks.json", server.base)).send().await.unwrap();
        let keys = KeySet::from_jwks(&keys.bytes().await.unwrap(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
        let (issuer, audience) = (Expected::exactly(&server.base), Expected::exactly("sentinel:access"));
        Self { verifier: Verifier::new(issuer, audience, Algorithms::of(&[Algorithm::Es256])), keys }
    }

    fn verified(&self, server: &Deployment, token: &str) -> sentinel_core::VerifiedToken {
        self.verifier.verify(token, &self.keys, &Ring, server.now() / 1000).unwrap()
    }
}

async fn the_normalization_handshake(place: StoreOptions) {
    let server = start(place, DIRECTORY).await;
    // Somebody who is in the directory logs in for the first time, by OAuth.
    let tokens = log_in(&server, FLEET[0], "ada.lovelace").await;
    let payload = claims(&tokens.access);
    for (name, value) in [
        ("uid", json!("uid-ada_lovelace")),
        ("username", json!("ada_lovelace")),
        ("first_name", json!("Ada")),
        ("last_name", json!("Lovelace")),
        ("role", json!("ADMIN")),
    ] {
        assert_eq!(payload[name], value, "{payload}");
    }
    assert_eq!(payload["exp"].as_i64().unwrap() - payload["iat"].as_i64().unwrap(), 900);
    // Somebody whom nobody knows is a guest of the same workspace.
    let guest = claims(&log_in(&server, FLEET[1], "grace.hopper").await.access);
    assert_eq!((&guest["uid"], &guest["role"]), (&json!("uid-grace_hopper"), &json!("GUEST")));
    assert_eq!((&guest["first_name"], &guest["last_name"]), (&Value::Null, &Value::Null));
    assert_eq!(guest["workspace_id"], payload["workspace_id"]);
    assert_ne!(guest["sub"], payload["sub"]);

    // Each front end of the fleet judges what any of them was given, by the published keys alone.
    let mut fleet = Vec::new();
    for _ in FLEET {
        fleet.push(FrontEnd::new(&server).await);
    }
    let order = RoleOrder::new(["GUEST", "EDITOR", "ADMIN", "OWNER"]).unwrap();
    for front_end in &fleet {
        let verified = front_end.verified(&server, &tokens.access);
        let identity = ClaimsProfile::CONVERGENCE.identity(&verified).unwrap();
        assert_eq!(identity.user_id(), payload["sub"].as_str().unwrap());
        assert_eq!((identity.username(), identity.name()), (Some("ada_lovelace"), Some("Ada Lovelace")));
        assert_eq!(identity.workspace_id(), payload["workspace_id"].as_str());
        assert!(identity.require_role(&order, "EDITOR").allow() && !identity.require_role(&order, "OWNER").allow());
    }
    // And this server knows it, too, and gives the next one.
    assert!(server.holds(&tokens.access).await);
    let next = Tokens::of(body(server.refresh(&tokens.refresh).await).await);
    assert_eq!(claims(&next.access)["uid"], "uid-ada_lovelace");
    // A role that changed is in the next one.
    let id = payload["sub"].as_str().unwrap().parse().unwrap();
    let workspace = payload["workspace_id"].as_str().unwrap().parse().unwrap();
    let role = Some(WorkspaceRole::Editor);
    server.service.change_member(&Actor::System, &Caller::default(), workspace, id, role).await.unwrap();
    let next = Tokens::of(body(server.refresh(&next.refresh).await).await);
    assert_eq!(claims(&next.access)["role"], "EDITOR");
}

async fn one_person_is_one_record(place: StoreOptions) {
    let server = start(place, DIRECTORY).await;
    // An administrator made the account; the person comes by one provider, and by another one.
    let caller = Caller::default();
    let made = server.service.create_account(&Actor::System, &caller, "Octocat@example.test", "Octo", false);
    let made = made.await.unwrap();
    let tokens = log_in(&server, FLEET[0], "octocat").await;
    assert_eq!(tokens.user(), made.id);
    let answer = server.resolve(Some(KEY), json!({ "idp_token": "gho_1", "provider": "github" })).await;
    assert_eq!(body(answer).await["user"]["id"], json!(made.id));
    let names = server.service.names(&made).await.unwrap();
    assert_eq!(names.username.as_deref(), Some("octocat"));
    // What people type, in any of its forms; and the alias where an id is asked for.
    for text in ["octocat", " OctoCat ", "uid-octocat", "octocat@EXAMPLE.test"] {
        let found = server.service.account_of_username(text).await.unwrap();
        assert_eq!(found.map(|account| account.id), Some(made.id), "{text}");
    }
    assert_eq!(server.service.account_named("uid-octocat").await.unwrap().id, made.id);
    for text in ["octocat@other.test", "uid-Octocat", "octo", ""] {
        assert!(server.service.account_of_username(text).await.unwrap().is_none(), "{text}");
    }
}

async fn two_people_stay_two(place: StoreOptions) {
    let server = start(place, r#"{"default_role": "GUEST"}"#).await;
    let tokens = [
        log_in(&server, FLEET[0], "ada.lovelace").await,
        // Another domain, nothing proven, an underscore of their own.
        log_in(&server, FLEET[0], "ada-elsewhere").await,
        log_in(&server, FLEET[0], "ada-unproven").await,
        log_in(&server, FLEET[0], "ada_lovelace").await,
    ];
    let said: Vec<Value> = tokens.iter().map(|tokens| claims(&tokens.access)).collect();
    for name in ["sub", "uid", "username"] {
        let all: std::collections::BTreeSet<_> = said.iter().map(|said| said[name].as_str().unwrap()).collect();
        assert_eq!(all.len(), 4, "{name}: {said:?}");
    }
    assert_eq!(said[0]["username"], "ada_lovelace");
    for other in &said[1..] {
        assert!(other["username"].as_str().unwrap().starts_with("ada_lovelace-"), "{other}");
    }
    // They stay who they are, and what they are called.
    for (name, before) in ["ada.lovelace", "ada-elsewhere", "ada-unproven", "ada_lovelace"].iter().zip(&said) {
        let again = claims(&log_in(&server, FLEET[2], name).await.access);
        assert_eq!((&again["sub"], &again["uid"]), (&before["sub"], &before["uid"]));
    }
}

async fn known_people_by_proof_alone(place: StoreOptions) {
    let server = start(place, DIRECTORY).await;
    // Whoever only has the name comes first, and gets neither it nor the role.
    for name in ["ada-elsewhere", "ada-unproven", "ada_lovelace"] {
        let said = claims(&log_in(&server, FLEET[0], name).await.access);
        assert_eq!(said["role"], "GUEST", "{said}");
        assert_ne!(said["username"], "ada_lovelace", "{said}");
    }
    let said = claims(&log_in(&server, FLEET[0], "ada.lovelace").await.access);
    assert_eq!((&said["username"], &said["role"]), (&json!("ada_lovelace"), &json!("ADMIN")));
}

async fn what_was_taken_back_is_taken_back_elsewhere(place: StoreOptions) {
    let server = start(place, DIRECTORY).await;
    let (ada, grace) = (log_in(&server, FLEET[0], "ada.lovelace").await, log_in(&server, FLEET[1], "grace").await);
    let front_end = FrontEnd::new(&server).await;
    server.service.set_account_active(&Actor::System, &Caller::default(), ada.user(), false).await.unwrap();
    let workspace = claims(&grace.access)["workspace_id"].as_str().unwrap().parse().unwrap();
    server.service.change_member(&Actor::System, &Caller::default(), workspace, grace.user(), None).await.unwrap();
    let request = server.http.get(format!("{}/revocations?after=0", server.base)).header("x-service-key", KEY);
    let mut feed = RevocationFeed::default();
    feed.read(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
    for tokens in [&ada, &grace] {
        assert!(feed.check(&front_end.verified(&server, &tokens.access)).is_err());
        assert!(!server.holds(&tokens.access).await);
        assert_eq!(server.refresh(&tokens.refresh).await.status(), 401);
    }
    // Their names stay theirs.
    let other = claims(&log_in(&server, FLEET[0], "ada-elsewhere").await.access);
    assert_ne!(other["username"], "ada_lovelace");
}

async fn a_front_end_says_which_claims_it_reads(place: StoreOptions) {
    let server = start(place, DIRECTORY).await;
    // The one of every other test has this server's own.
    let own = claims(&server.log_in("grace").await.access);
    assert!(own["username"].is_null() && own["wrole"] == "viewer", "{own}");
    let app = NewClientApp {
        name: "x",
        redirect_uris: &["https://x.example.test/".to_owned()],
        allowed_origins: &[],
        workspaces: &[],
        dialect: Some(SessionDialect::Local),
    };
    assert!(server.service.create_client_app(&Actor::System, &Caller::default(), &app).await.is_err());
}
