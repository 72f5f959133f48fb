//! The convergence of identities, as the system that it was made from tells it: a normalized name for disparate logins, an
//! account and a place in the default workspace at the first one, and tokens that front ends judge without the database.

use sentinel_core::jose::signature::Ring;
use sentinel_core::{
    Algorithm, Algorithms, ClaimsProfile, Expected, KeySet, Limits, RevocationFeed, RoleOrder, SymmetricKeys, Verifier,
};
use sentinel_server::service::accounts::AccountChange;
use sentinel_server::service::converge::Directory;
use sentinel_server::service::{Actor, Caller, Config, Newcomers, client_apps::NewClientApp};
use sentinel_storage::{SessionDialect, StoreOptions, WorkspaceRole};
use serde_json::{Value, json};

use crate::browser::{Browser, form_of, parameter};
use crate::deployment::{CHALLENGE, Deployment, KEY, Tokens, VERIFIER, body, cases, claims};
use crate::{local, tenant};

cases! {
    the_normalization_handshake, one_person_is_one_record, two_people_stay_two, known_people_by_proof_alone,
    what_was_taken_back_is_taken_back_elsewhere, an_oauth_login_and_a_password_are_one_person,
    an_oauth_login_and_a_pin_are_one_person, a_new_name_is_in_the_next_token, a_front_end_says_which_claims_it_reads,
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

/// With passwords that cost nothing.
async fn start_quick(place: StoreOptions) -> Deployment {
    Deployment::start(place, |config, _| {
        converged(config, r#"{"default_role": "GUEST"}"#);
        tenant::quick(config);
    })
    .await
}

/// Whom a login with an address and a password comes to.
async fn by_password(server: &Deployment, email: &str) -> String {
    let login = json!({ "email": email, "password": tenant::PASSWORD });
    let said = body(server.post("/api/v1/auth/login", login).await).await;
    said["user"]["id"].as_str().unwrap_or_else(|| panic!("{said}")).to_owned()
}

async fn an_oauth_login_and_a_password_are_one_person(place: StoreOptions) {
    let server = start_quick(place).await;
    let id_of = |tokens: &Tokens| format!("usr_{}", tokens.user());
    // The password first, then the provider.
    let ada = tenant::account(&server, "Ada.Lovelace@example.test").await;
    server.workspace("firm", &[(ada, WorkspaceRole::Editor)]).await;
    tenant::set_password(&server, ada, tenant::PASSWORD).await;
    let by_password_first = by_password(&server, "ada.lovelace@example.test").await;
    assert_eq!(id_of(&server.log_in("ada.lovelace").await), by_password_first);
    // The provider first, then the password.
    let grace = server.log_in("grace").await;
    tenant::set_password(&server, grace.user(), tenant::PASSWORD).await;
    assert_eq!(by_password(&server, "GRACE@example.test").await, id_of(&grace));
    // Each has one name, whichever way they came first.
    for (id, name) in [(ada, "ada_lovelace"), (grace.user(), "grace")] {
        assert_eq!(server.begin().await.names_of(id).await.unwrap().username.as_deref(), Some(name));
    }
    // Who only says that the address is theirs, and who has that local part elsewhere, is somebody else; a password of
    // theirs cannot even be asked for.
    for name in ["ada-unproven", "ada-elsewhere"] {
        assert_ne!(server.log_in(name).await.user(), ada, "{name}");
    }
    let unproven = server.log_in("ada-unproven").await.user();
    assert!(server.service.new_password_link(&Actor::System, &Caller::default(), unproven).await.is_err());
    assert_eq!(by_password(&server, "ada.lovelace@example.test").await, by_password_first);
    assert_eq!(server.log_in("ada.lovelace").await.user(), ada);
}

async fn an_oauth_login_and_a_pin_are_one_person(place: StoreOptions) {
    let home = local::Home::start(place).await;
    let (server, caller) = (&home.server, Caller::default());
    let bob = home.make("bob", "editor").await;
    // Nobody has proven anything of a local account: the same name at a provider is somebody else's.
    let stranger = server.log_in("bob").await.user();
    assert_ne!(stranger, bob);
    // Its address is of a domain that nobody can have, and is not proven.
    let account = server.begin().await.user(bob).await.unwrap().unwrap();
    assert_eq!((account.email.as_str(), account.email_verified), ("bob@local.invalid", false));
    // With the operator's word for it, it is one account from the next login on.
    let eve = home.make("eve", "editor").await;
    let change = AccountChange { email: Some("eve@example.test"), ..AccountChange::default() };
    server.service.change_account(&Actor::System, &caller, eve, &change).await.unwrap();
    assert_eq!(server.log_in("eve").await.user(), eve);
    let pin = home.log_in("eve", local::FIRST).await;
    assert_eq!((&claims(&pin)["sub"], &claims(&pin)["username"]), (&json!(eve), &json!("eve")));
    // The address of somebody is not given to another one.
    let change = AccountChange { email: Some("bob@example.test"), ..AccountChange::default() };
    assert!(server.service.change_account(&Actor::System, &caller, bob, &change).await.is_err());
    assert_eq!(
        (server.log_in("bob").await.user(), home.log_in("bob", local::FIRST).await.is_empty()),
        (stranger, false)
    );
}

async fn a_new_name_is_in_the_next_token(place: StoreOptions) {
    let server = start(place, DIRECTORY).await;
    let caller = Caller::default();
    let rename = async |id, username| {
        let change = AccountChange { username: Some(username), ..AccountChange::default() };
        server.service.change_account(&Actor::System, &caller, id, &change).await
    };
    let grace = log_in(&server, FLEET[0], "grace.hopper").await;
    let id = grace.user();
    rename(id, "admiral").await.unwrap();
    let next = Tokens::of(body(server.refresh(&grace.refresh).await).await);
    let said = claims(&next.access);
    assert_eq!((&said["username"], &said["uid"], &said["sub"]), (&json!("admiral"), &json!("uid-admiral"), &json!(id)));
    // Nothing was taken back, and she keeps the name however she logs in.
    assert!(server.holds(&grace.access).await);
    assert_eq!(claims(&log_in(&server, FLEET[1], "grace.hopper").await.access)["username"], json!("admiral"));
    // What front ends have stored leads to her, and to nobody who comes later with that name.
    assert_eq!(server.service.account_named("uid-grace_hopper").await.unwrap().id, id);
    let later = claims(&log_in(&server, FLEET[0], "grace_hopper").await.access);
    assert_ne!(later["sub"], json!(id));
    assert!(later["username"].as_str().unwrap().starts_with("grace_hopper-"), "{later}");
    // Names of known people are kept for them; who is known by it may have it back.
    assert!(rename(id, "ada_lovelace").await.is_err());
    let ada = log_in(&server, FLEET[0], "ada.lovelace").await.user();
    rename(ada, "countess").await.unwrap();
    assert!(rename(id, "ada_lovelace").await.is_err());
    rename(ada, "ada_lovelace").await.unwrap();
    assert_eq!(claims(&log_in(&server, FLEET[2], "ada.lovelace").await.access)["role"], json!("ADMIN"));
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
