//! Local accounts: the owner out of a PIN file, logins with a username and a PIN, and who may change whose account.

use std::net::IpAddr;

use reqwest::{Method, Response};
use secrecy::SecretString;
use sentinel_keys::passwords::Parameters;
use sentinel_server::service::admin_login::bootstrap_link;
use sentinel_server::service::local::{Bootstrapped, LocalLogin};
use sentinel_server::service::passwords::Hashing;
use sentinel_server::service::{Caller, Config, ErrorKind, WorkspaceRole};
use sentinel_storage::{SecretKind, StoreOptions};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::deployment::{Deployment, body, cases, claims};

cases! {
    the_pin_of_a_file_is_good_on_this_machine_alone, the_owner_is_made_once, an_administrator_s_link_and_a_pin_file,
    a_pin_is_changed_by_who_knows_it, guesses_are_counted_and_cost_the_same, what_is_no_name_is_a_wrong_one,
    accounts_are_made_and_changed, an_account_gets_another_name,
}

/// The file's.
pub(crate) const DEFAULT: &str = "1234";
/// What the owner chooses.
pub(crate) const OWNERS: &str = "739154";
/// Everyone else's first one.
pub(crate) const FIRST: &str = "582047";

/// As quick as Argon2 gets; what it costs has tests of its own.
pub(crate) fn quick(config: &mut Config) {
    let parameters = Parameters { memory: 64, iterations: 1, lanes: 1 };
    config.hashing = Hashing { parameters, at_once: 4, waiting: 400 };
}

/// Somebody at this address.
pub(crate) fn at(ip: [u8; 4]) -> Caller {
    Caller { ip: Some(IpAddr::from(ip)), user_agent: None }
}

/// A deployment with an owner who has changed the PIN.
pub(crate) struct Home {
    pub(crate) server: Deployment,
    /// The owner's token.
    pub(crate) owner: String,
}

impl Home {
    pub(crate) async fn start(place: StoreOptions) -> Self {
        Self::start_with(place, |_| {}).await
    }

    pub(crate) async fn start_with(place: StoreOptions, change: impl FnOnce(&mut Config)) -> Self {
        let server = Deployment::start(place, |config, _| {
            quick(config);
            change(config);
        })
        .await;
        assert_eq!(server.service.bootstrap_owner("owner", "home", DEFAULT).await.unwrap(), Bootstrapped::Made);
        let here = login_from(&server, "owner", DEFAULT, &at([127, 0, 0, 1])).await.unwrap();
        let home = Self { server, owner: here.access_token };
        assert_eq!(home.change_pin(&home.owner, DEFAULT, OWNERS).await.status(), 200);
        let owner = home.log_in("owner", OWNERS).await;
        Self { owner, ..home }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, token: &str, value: Option<Value>) -> Response {
        let request = self.server.http.request(method, format!("{}{path}", self.server.base)).bearer_auth(token);
        let request = match value {
            Some(value) => request.header("content-type", "application/json").body(value.to_string()),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Response {
        self.ask(Method::GET, path, token, None).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, value: Value) -> Response {
        self.ask(Method::POST, path, token, Some(value)).await
    }

    pub(crate) async fn login(&self, username: &str, pin: &str) -> Response {
        self.server.post("/local/login", json!({ "username": username, "pin": pin })).await
    }

    /// The token of a login that is good.
    pub(crate) async fn log_in(&self, username: &str, pin: &str) -> String {
        let answer = self.login(username, pin).await;
        assert_eq!(answer.status(), 200, "{username}");
        body(answer).await["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn change_pin(&self, token: &str, current: &str, new: &str) -> Response {
        self.post("/local/pin", token, json!({ "current_pin": current, "new_pin": new })).await
    }

    /// Makes an account, by the owner.
    pub(crate) async fn make(&self, username: &str, role: &str) -> Uuid {
        let new = json!({ "username": username, "pin": FIRST, "role": role });
        let answer = self.post("/local/users", &self.owner, new).await;
        assert_eq!(answer.status(), 201, "{username}");
        body(answer).await["id"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) async fn change(&self, token: &str, id: Uuid, change: Value) -> Response {
        self.ask(Method::PATCH, &format!("/local/users/{id}"), token, Some(change)).await
    }

    pub(crate) async fn reset(&self, token: &str, id: Uuid, pin: &str) -> u16 {
        self.post(&format!("/local/users/{id}/pin"), token, json!({ "pin": pin })).await.status().as_u16()
    }

    /// A token of the tenant API, for who gets a password and an address for it. The PIN is gone then.
    pub(crate) async fn by_password(&self, id: Uuid, email: &str) -> String {
        const PASSWORD: &str = "secure-Passw0rd-of-mine";
        let (service, caller) = (&self.server.service, Caller::default());
        let secret = SecretString::from(PASSWORD);
        let prepared = service.prepare_secret(id, SecretKind::Password, &secret, None, &caller).await.unwrap();
        let mut db = self.server.begin().await;
        service.put_secret(&mut db, &prepared, false).await.unwrap();
        db.set_user_email(id, email, true, self.server.now()).await.unwrap();
        db.commit().await.unwrap();
        let login = json!({ "email": email, "password": PASSWORD });
        let login = body(self.server.post("/api/v1/auth/login", login).await).await;
        login["access_token"].as_str().unwrap_or_else(|| panic!("{login}")).to_owned()
    }

    pub(crate) async fn holds(&self, token: &str) -> bool {
        self.server.holds(token).await
    }
}

pub(crate) async fn login_from(
    server: &Deployment,
    username: &str,
    pin: &str,
    caller: &Caller,
) -> Result<LocalLogin, sentinel_server::service::Error> {
    server.service.local_login(username, &SecretString::from(pin), caller, true).await
}

async fn the_pin_of_a_file_is_good_on_this_machine_alone(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| quick(config)).await;
    let made = server.service.bootstrap_owner("Owner", "home", " 1234\n").await.unwrap();
    assert_eq!(made, Bootstrapped::Made);
    // Nobody learns elsewhere that it is the right one.
    let mut told = Vec::new();
    for (pin, caller) in [(DEFAULT, at([203, 0, 113, 1])), ("9876", at([203, 0, 113, 2])), (DEFAULT, Caller::default())]
    {
        let error = login_from(&server, "owner", pin, &caller).await.unwrap_err();
        told.push((error.kind(), error.detail().to_owned()));
    }
    assert!(told.iter().all(|one| *one == told[0]) && told[0].0 == ErrorKind::Unauthenticated, "{told:?}");
    let mapped = Caller { ip: Some("::ffff:127.0.0.1".parse().unwrap()), user_agent: None };
    for caller in [at([127, 0, 0, 1]), mapped, Caller { ip: Some("::1".parse().unwrap()), user_agent: None }] {
        let login = login_from(&server, "OWNER", DEFAULT, &caller).await.unwrap();
        assert!(login.account.must_change_pin && login.account.is_admin);
        let said = claims(&login.access_token);
        assert_eq!((&said["must_change_pin"], &said["username"]), (&json!(true), &json!("owner")));
        assert_eq!((&said["wrole"], &said["wslug"]), (&json!("owner"), &json!("home")));
        assert_eq!(login.expires_in, 3600);
    }
    // A proxy on this machine that the settings do not name: everybody comes from here.
    let typed = SecretString::from(DEFAULT);
    let passed_on = server.service.local_login("owner", &typed, &at([127, 0, 0, 1]), false).await.unwrap_err();
    assert_eq!((passed_on.kind(), passed_on.detail().to_owned()), told[0]);
    let token = login_from(&server, "owner", DEFAULT, &at([127, 0, 0, 1])).await.unwrap().access_token;
    let home = Home { owner: token, server };
    let answer = home.change_pin(&home.owner, DEFAULT, OWNERS).await;
    assert_eq!(answer.status(), 200);
    // What the token says is so at once.
    let fresh = answer.headers()["x-refreshed-token"].to_str().unwrap().to_owned();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(claims(&fresh)["must_change_pin"], json!(false));
    assert_ne!(claims(&fresh)["sid"], claims(&home.owner)["sid"]);
    assert!(
        home.holds(&fresh).await && !home.holds(&home.owner).await,
        "no copy of the token of before opens anything"
    );
    assert_eq!(body(answer).await["must_change_pin"], json!(false));
    assert!(login_from(&home.server, "owner", DEFAULT, &at([127, 0, 0, 1])).await.is_err());
    assert!(login_from(&home.server, "owner", OWNERS, &at([203, 0, 113, 1])).await.is_ok());
    assert!(!home.server.service.needs_first_administrator().await.unwrap());
}

async fn the_owner_is_made_once(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| quick(config)).await;
    let mut starts = tokio::task::JoinSet::new();
    for number in 0..6 {
        let service = server.service.clone();
        starts.spawn(
            async move { service.bootstrap_owner("owner", "home", &format!("{}", 1110 + number)).await.unwrap() },
        );
    }
    let made = starts.join_all().await.into_iter().filter(|made| *made == Bootstrapped::Made).count();
    assert_eq!((made, server.begin().await.lock_admins().await.unwrap().len()), (1, 1));
    // Also with what is no PIN: nobody reads it.
    for pin in ["9999", "", "no PIN"] {
        assert_eq!(server.service.bootstrap_owner("other", "other", pin).await.unwrap(), Bootstrapped::Ignored);
    }
    assert_eq!(server.post("/local/login", json!({ "username": "other", "pin": "9999" })).await.status(), 401);
}

async fn an_administrator_s_link_and_a_pin_file(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| quick(config)).await;
    for (username, slug, pin) in
        [("", "home", "1234"), ("owner", "-", "1234"), ("owner", "home", "12"), ("owner", "home", "x")]
    {
        let error = server.service.bootstrap_owner(username, slug, pin).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{username} {slug} {pin}");
    }
    let link = bootstrap_link(&server.store, &server.base, None, 60_000, server.now()).await.unwrap();
    let token = link.split_once("token=").unwrap().1;
    let second = bootstrap_link(&server.store, &server.base, None, 60_000, server.now()).await.unwrap();
    let caller = Caller::default();
    server.service.bootstrap(token, Some("Root"), Some("root@example.test"), &caller).await.unwrap();
    assert_eq!(server.service.bootstrap_owner("owner", "home", "1234").await.unwrap(), Bootstrapped::Ignored);
    let token = second.split_once("token=").unwrap().1;
    let late = server.service.bootstrap(token, Some("Late"), Some("late@example.test"), &caller).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict);
}

async fn a_pin_is_changed_by_who_knows_it(place: StoreOptions) {
    let home = Home::start(place).await;
    home.make("bob", "viewer").await;
    let (here, elsewhere) = (home.log_in("bob", FIRST).await, home.log_in("bob", FIRST).await);
    for (current, new, expected) in [
        ("000001", "917364", "The current PIN is wrong"),
        (&"1".repeat(99), "917364", "The current PIN is wrong"),
        (FIRST, "1234", "A PIN has 6 to 12 digits"),
        (FIRST, "123456", "This PIN is among the first that are guessed: no repetition, no row of digits"),
        (FIRST, FIRST, "The new PIN must be another one"),
    ] {
        let answer = home.change_pin(&here, current, new).await;
        assert_eq!(answer.status(), 400, "{new}");
        assert_eq!(body(answer).await["detail"], json!(expected));
    }
    assert!(home.holds(&elsewhere).await);
    let changed = home.change_pin(&here, FIRST, "917364").await;
    assert_eq!(changed.status(), 200);
    let fresh = changed.headers()["x-refreshed-token"].to_str().unwrap();
    assert!(home.holds(fresh).await && !home.holds(&here).await && !home.holds(&elsewhere).await);
    let mine = body(home.get("/users/me/sessions", fresh).await).await;
    assert_eq!(mine.as_array().unwrap().len(), 1, "{mine}");
    assert_eq!(home.login("bob", FIRST).await.status(), 401);
    home.log_in("bob", "917364").await;
}

async fn guesses_are_counted_and_cost_the_same(place: StoreOptions) {
    let home = Home::start(place).await;
    home.make("bob", "viewer").await;
    let before = home.server.service.hashed().hashes;
    assert_eq!(home.login("bob", "000001").await.status(), 401);
    let known = home.server.service.hashed().hashes - before;
    assert_eq!(home.login("nobody", "000001").await.status(), 401);
    assert_eq!((known, home.server.service.hashed().hashes - before), (1, 2));
    for _ in 0..4 {
        assert_eq!(home.login("Bob", "000001").await.status(), 401);
    }
    let locked = home.login("bob", FIRST).await;
    assert_eq!(locked.status(), 429, "also the right one");
    assert!(locked.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    // A session that is there is not concerned, and an administrator opens the account.
    assert!(home.holds(&home.owner).await);
    home.server.pass(60_000);
    home.log_in("bob", FIRST).await;
}

async fn what_is_no_name_is_a_wrong_one(place: StoreOptions) {
    let home = Home::start(place).await;
    for (username, pin) in [
        ("", ""),
        ("owner", ""),
        ("owner ", "000001"),
        ("оwner", OWNERS),
        ("owner'; --", OWNERS),
        (&"x".repeat(5000), OWNERS),
        ("owner", &"7".repeat(100_000)),
        ("owner", "٧٣٩١٥٤"),
    ] {
        assert_eq!(home.login(username, pin).await.status(), 401, "{}", username.chars().take(20).collect::<String>());
    }
    assert_eq!(home.login("own\0er", OWNERS).await.status(), 422);
    assert_eq!(home.server.post("/local/login", json!({ "username": "owner" })).await.status(), 422);
    home.log_in(" Owner ", OWNERS).await;
}

async fn an_account_gets_another_name(place: StoreOptions) {
    let home = Home::start(place).await;
    let bob = home.make("bob", "admin").await;
    let eve = home.make("eve", "viewer").await;
    let (by_bob, token) = (home.log_in("bob", FIRST).await, home.log_in("eve", FIRST).await);
    let answer = home.change(&by_bob, eve, json!({ "username": "Eve.Adams" })).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(body(answer).await["username"], json!("eve_adams"));
    // Whoever is logged in stays so; the next login is by the new name, and no longer by the one before.
    assert_eq!(body(home.get("/local/me", &token).await).await["username"], json!("eve_adams"));
    assert_eq!(claims(&home.log_in("eve.adams", FIRST).await)["email"], json!("eve_adams@local.invalid"));
    assert_eq!(home.login("eve", FIRST).await.status(), 401);
    // Which nobody else gets: no new account, and none that is renamed.
    let new = json!({ "username": "eve", "pin": FIRST });
    assert_eq!(home.post("/local/users", &home.owner, new).await.status(), 409);
    assert_eq!(home.change(&home.owner, bob, json!({ "username": "eve" })).await.status(), 409);
    assert_eq!(home.change(&home.owner, bob, json!({ "username": "e e" })).await.status(), 400);
    assert_eq!(home.change(&home.owner, eve, json!({ "username": "eve" })).await.status(), 200);
    assert_eq!(claims(&home.log_in("eve", FIRST).await)["username"], json!("eve"));
    // Not upwards, not oneself, and nobody's who is somebody elsewhere, too.
    let owner: Uuid = claims(&home.owner)["sub"].as_str().unwrap().parse().unwrap();
    for (id, token) in [(owner, &by_bob), (bob, &by_bob), (bob, &token)] {
        assert_eq!(home.change(token, id, json!({ "username": "root" })).await.status(), 403);
    }
    home.server.workspace("elsewhere", &[(eve, WorkspaceRole::Viewer)]).await;
    assert_eq!(home.change(&by_bob, eve, json!({ "username": "mallory" })).await.status(), 403);
    assert_eq!(home.change(&home.owner, eve, json!({ "username": "mallory" })).await.status(), 200);
}

async fn accounts_are_made_and_changed(place: StoreOptions) {
    let home = Home::start(place).await;
    let new = json!({ "username": "Bob.Smith", "name": "Bob", "pin": FIRST, "role": "editor", "trust_level": 3,
        "channels": ["web", "signal", "web"] });
    let made = home.post("/local/users", &home.owner, new.clone()).await;
    assert_eq!(made.status(), 201);
    let made = body(made).await;
    assert_eq!(
        (&made["username"], &made["name"], &made["role"]),
        (&json!("bob_smith"), &json!("Bob"), &json!("editor"))
    );
    assert_eq!((&made["trust_level"], &made["channels"]), (&json!(3), &json!(["signal", "web"])));
    assert_eq!((&made["must_change_pin"], &made["is_active"]), (&json!(true), &json!(true)));
    assert_eq!(home.post("/local/users", &home.owner, new.clone()).await.status(), 409, "one has the name");
    for (member, value) in [
        ("username", json!("b b")),
        ("pin", json!("111111")),
        ("trust_level", json!(11)),
        ("channels", json!(["a b"])),
        ("name", json!("")),
    ] {
        let mut wrong = new.clone();
        wrong["username"] = json!("carol");
        wrong[member] = value;
        assert_eq!(home.post("/local/users", &home.owner, wrong).await.status(), 400, "{member}");
    }
    let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
    let token = home.log_in("bob.smith", FIRST).await;
    let said = claims(&token);
    assert_eq!(
        (&said["username"], &said["trust_level"], &said["wrole"]),
        (&json!("bob_smith"), &json!(3), &json!("editor"))
    );
    let me = body(home.get("/local/me", &token).await).await;
    assert_eq!(
        (&me["id"], &me["channels"], &me["must_change_pin"]),
        (&json!(id), &json!(["signal", "web"]), &json!(true))
    );
    let list = body(home.get("/local/users", &home.owner).await).await;
    let names: Vec<_> = list.as_array().unwrap().iter().map(|one| one["username"].as_str().unwrap()).collect();
    assert_eq!(names, ["bob_smith", "owner"]);
    assert_eq!(body(home.get("/local/users?after=bob_smith", &home.owner).await).await.as_array().unwrap().len(), 1);

    let changed =
        home.change(&home.owner, id, json!({ "role": "viewer", "trust_level": 0, "channels": [], "name": "B" })).await;
    assert_eq!(changed.status(), 200);
    let me = body(home.get("/local/me", &token).await).await;
    assert_eq!(
        (&me["role"], &me["trust_level"], &me["channels"], &me["name"]),
        (&json!("viewer"), &json!(0), &json!([]), &json!("B"))
    );

    // Another PIN ends what there was; its owner is asked for one of their own.
    assert_eq!(home.reset(&home.owner, id, "640281").await, 204);
    assert!(!home.holds(&token).await);
    assert_eq!(home.login("bob_smith", FIRST).await.status(), 401);
    let token = home.log_in("bob_smith", "640281").await;
    assert_eq!(claims(&token)["must_change_pin"], json!(true));

    let sessions = body(home.get(&format!("/local/users/{id}/sessions"), &home.owner).await).await;
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    let session = sessions[0]["id"].as_str().unwrap();
    let path = format!("/local/users/{id}/sessions/{session}");
    assert_eq!(home.ask(Method::DELETE, &path, &home.owner, None).await.status(), 204);
    assert!(!home.holds(&token).await);
    assert_eq!(home.ask(Method::DELETE, &path, &home.owner, None).await.status(), 404);
    let token = home.log_in("bob_smith", "640281").await;
    let ended = home.post(&format!("/local/users/{id}/revoke-tokens"), &home.owner, json!({})).await;
    assert_eq!(body(ended).await, json!({ "sessions": 1 }));
    assert!(!home.holds(&token).await);

    let token = home.log_in("bob_smith", "640281").await;
    assert_eq!(home.change(&home.owner, id, json!({ "is_active": false })).await.status(), 200);
    assert!(!home.holds(&token).await);
    assert_eq!(home.login("bob_smith", "640281").await.status(), 403);
    assert_eq!(home.change(&home.owner, id, json!({ "is_active": true })).await.status(), 200);
    assert!(!home.holds(&token).await, "what was ended stays so");
    home.log_in("bob_smith", "640281").await;
}
