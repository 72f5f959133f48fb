//! Passwords: what a guess costs, how often one may guess, whom guesses of others concern, and which passwords are taken.

use std::collections::BTreeMap;
use std::net::IpAddr;

use secrecy::SecretString;
use sentinel_keys::passwords::Parameters;
use sentinel_server::service::passwords::Hashing;
use sentinel_server::service::tenant::{TenantError, TenantLogin};
use sentinel_server::service::{Actor, Caller, ErrorKind};
use sentinel_storage::{StoreOptions, UserFilter, WorkspaceRole};
use serde_json::json;

use crate::deployment::{Deployment, body, cases};
use crate::tenant::{EMAIL, Firm, PASSWORD, QUICK, account, link, refusal, reset, set_password};

cases! {
    none_of_the_last_five_comes_back, every_guess_costs_one_hash, guesses_are_slowed_by_network,
    guesses_from_everywhere_do_not_lock_the_owner_out, one_network_does_not_try_everybody,
    guesses_at_the_same_moment_are_counted, a_hash_follows_the_parameters, what_is_stored_is_a_hash, a_flood_is_bounded,
}

const WRONG: &str = "wrong-Passw0rd-of-mine";

/// Somebody at this address.
fn at(ip: [u8; 4]) -> Caller {
    Caller { ip: Some(IpAddr::from(ip)), user_agent: None }
}

/// What a login from there comes to: in, wrong, or how many seconds to wait.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    In,
    Wrong,
    Wait(u64),
}

async fn try_in(server: &Deployment, email: &str, password: &str, caller: &Caller) -> Came {
    let password = SecretString::from(password);
    let ask = TenantLogin { email, password: &password, tenant_id: None };
    match server.service.tenant_login(ask, caller).await {
        Ok(_) => Came::In,
        Err(TenantError::Refused(_)) => Came::Wrong,
        Err(TenantError::Failed(error)) => match error.kind() {
            ErrorKind::RateLimited { retry_after } => Came::Wait(retry_after),
            other => panic!("{other:?} {error}"),
        },
        Err(other) => panic!("{other:?}"),
    }
}

async fn none_of_the_last_five_comes_back(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let number = |number: usize| format!("number-{number}-Of-my-passwords");
    for next in 1..=5 {
        set_password(&firm.server, firm.user, &number(next)).await;
    }
    // 5 is the one of now, 1 the fifth from the end; the first of all has left.
    let secret = link(&firm.server, firm.user).await;
    for used in (1..=5).rev() {
        let answer = reset(&firm.server, &secret, &number(used)).await;
        assert_eq!(answer.status(), 422);
        let problem = body(answer).await;
        assert_eq!(problem["violations"][0]["code"], "used_before", "{used}");
    }
    assert_eq!(reset(&firm.server, &secret, PASSWORD).await.status(), 204);
    // The same for who changes it themselves, however it is written.
    let session = firm.session().await;
    let token = session["access_token"].as_str().unwrap();
    for (new, status) in
        [(number(2), 422), (number(5), 422), (number(5).replace("number", "ｎumber"), 422), (number(1), 204)]
    {
        let request = firm.server.http.post(format!("{}/api/v1/auth/password", firm.server.base)).bearer_auth(token);
        let text = json!({ "current_password": PASSWORD, "new_password": new }).to_string();
        let answer = request.header("content-type", "application/json").body(text).send().await.unwrap();
        assert_eq!(answer.status(), status, "{new}");
    }
}

async fn every_guess_costs_one_hash(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let server = &firm.server;
    let bare = account(server, "bare@firm.com").await;
    server.workspace("bare", &[(bare, WorkspaceRole::Viewer)]).await;
    let gone = account(server, "gone@firm.com").await;
    set_password(server, gone, PASSWORD).await;
    server.service.set_account_active(&Actor::System, &Caller::default(), gone, false).await.unwrap();
    for (what, email, password) in [
        ("the right one", EMAIL, PASSWORD),
        ("a wrong one", EMAIL, WRONG),
        ("nobody", "nobody@firm.com", WRONG),
        ("no address", "nobody", WRONG),
        ("an account without a password", "bare@firm.com", PASSWORD),
        ("a deactivated one", "gone@firm.com", PASSWORD),
        ("a deactivated one, wrong", "gone@firm.com", WRONG),
    ] {
        let before = server.service.hashed().hashes;
        let known = server.begin().await.count_users(&UserFilter::default()).await.unwrap();
        firm.login(email, password).await;
        assert_eq!(server.service.hashed().hashes - before, 1, "{what}");
        // There is no password that makes an account, or opens another one.
        assert_eq!(server.begin().await.count_users(&UserFilter::default()).await.unwrap(), known, "{what}");
    }
}

async fn guesses_are_slowed_by_network(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let (server, attacker) = (&firm.server, at([203, 0, 113, 7]));
    for _ in 0..5 {
        assert_eq!(try_in(server, EMAIL, WRONG, &attacker).await, Came::Wrong);
    }
    let before = server.service.hashed().hashes;
    assert_eq!(try_in(server, EMAIL, PASSWORD, &attacker).await, Came::Wait(30), "the right one, too");
    assert_eq!(server.service.hashed().hashes, before, "who waits costs no hash");
    // Another network, another name: not concerned.
    assert_eq!(try_in(server, EMAIL, PASSWORD, &at([198, 51, 100, 1])).await, Came::In);
    server.pass(30_000);
    assert_eq!(try_in(server, EMAIL, WRONG, &attacker).await, Came::Wrong);
    assert_eq!(try_in(server, EMAIL, WRONG, &attacker).await, Came::Wait(60), "twice as long");
    server.pass(60_000);
    assert_eq!(try_in(server, EMAIL, PASSWORD, &attacker).await, Came::In);
    for _ in 0..5 {
        assert_eq!(try_in(server, EMAIL, WRONG, &attacker).await, Came::Wrong, "a success begins anew");
    }
    assert_eq!(try_in(server, EMAIL, WRONG, &attacker).await, Came::Wait(30));
    // A name without an account is slowed like one with one.
    for _ in 0..5 {
        assert_eq!(try_in(server, "nobody@firm.com", WRONG, &attacker).await, Came::Wrong);
    }
    assert_eq!(try_in(server, " Nobody@firm.com", WRONG, &attacker).await, Came::Wait(30));
    // An administrator opens it again.
    server.service.unlock_password(&Actor::System, &Caller::default(), firm.user).await.unwrap();
    assert_eq!(try_in(server, EMAIL, PASSWORD, &attacker).await, Came::In);
}

async fn guesses_from_everywhere_do_not_lock_the_owner_out(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let (server, home) = (&firm.server, at([192, 0, 2, 1]));
    assert_eq!(try_in(server, EMAIL, PASSWORD, &home).await, Came::In);
    let session = firm.session().await;
    for email in [EMAIL, "nobody@firm.com"] {
        for number in 0..100 {
            let from = at([198, 18, number, 1]);
            assert_eq!(try_in(server, email, WRONG, &from).await, Came::Wrong, "{email} {number}");
        }
        let rest = try_in(server, email, PASSWORD, &at([198, 19, 0, 1])).await;
        assert!(matches!(rest, Came::Wait(seconds) if seconds > 86_000), "{email}: {rest:?}");
    }
    assert_eq!(try_in(server, EMAIL, PASSWORD, &home).await, Came::In, "from where its owner has logged in");
    assert!(server.holds(session["access_token"].as_str().unwrap()).await, "and who is in stays in");
    // A new password opens it everywhere: what was guessed is no longer there.
    set_password(server, firm.user, "another-Passw0rd-of-mine").await;
    assert_eq!(try_in(server, EMAIL, "another-Passw0rd-of-mine", &at([198, 19, 0, 1])).await, Came::In);
    // The next day it would have been open again anyway.
    let other = try_in(server, "nobody@firm.com", WRONG, &at([198, 19, 0, 2])).await;
    assert!(matches!(other, Came::Wait(_)));
    server.pass(24 * 3_600_000);
    assert_eq!(try_in(server, "nobody@firm.com", WRONG, &at([198, 19, 0, 2])).await, Came::Wrong);
}

async fn one_network_does_not_try_everybody(place: StoreOptions) {
    let firm = Firm::start(place).await;
    let server = &firm.server;
    let shared = Caller { ip: Some("2001:db8:1:2::7".parse().unwrap()), user_agent: None };
    assert_eq!(try_in(server, EMAIL, PASSWORD, &shared).await, Came::In);
    for number in 0..100_u16 {
        // Each from another address of the same customer's.
        let ip = format!("2001:db8:1:2::{number:x}").parse().unwrap();
        let from = Caller { ip: Some(ip), user_agent: None };
        assert_eq!(try_in(server, &format!("nobody-{number}@firm.com"), WRONG, &from).await, Came::Wrong);
    }
    let newcomer = account(server, "new@firm.com").await;
    server.workspace("new", &[(newcomer, WorkspaceRole::Viewer)]).await;
    set_password(server, newcomer, PASSWORD).await;
    assert!(matches!(try_in(server, "new@firm.com", PASSWORD, &shared).await, Came::Wait(seconds) if seconds <= 3600));
    assert_eq!(try_in(server, EMAIL, PASSWORD, &shared).await, Came::In, "who has logged in from there still does");
    assert_eq!(try_in(server, "new@firm.com", PASSWORD, &at([192, 0, 2, 9])).await, Came::In);
    server.pass(3_600_000);
    assert_eq!(try_in(server, "new@firm.com", PASSWORD, &shared).await, Came::In);
}

/// Many at once are not one: each is counted before it is judged, here and on every replica.
async fn guesses_at_the_same_moment_are_counted(place: StoreOptions) {
    let firm = Firm::start(place.clone()).await;
    let replica = Deployment::start(place, |config, _| crate::tenant::quick(config)).await;
    let attacker = at([203, 0, 113, 7]);
    let guess = |server: &Deployment| {
        let (service, caller) = (server.service.clone(), attacker.clone());
        tokio::spawn(async move {
            let password = SecretString::from(WRONG);
            let ask = TenantLogin { email: EMAIL, password: &password, tenant_id: None };
            match service.tenant_login(ask, &caller).await {
                Err(TenantError::Refused(_)) => true,
                Err(TenantError::Failed(error)) => {
                    assert!(matches!(error.kind(), ErrorKind::RateLimited { .. }), "{error}");
                    false
                }
                other => panic!("{other:?}"),
            }
        })
    };
    let guesses: Vec<_> = (0..20).flat_map(|_| [guess(&firm.server), guess(&replica)]).collect();
    let mut judged = 0;
    for guess in guesses {
        judged += usize::from(guess.await.unwrap());
    }
    assert_eq!(judged, 5);
}

async fn a_hash_follows_the_parameters(place: StoreOptions) {
    let firm = Firm::start(place.clone()).await;
    let stored = async || firm.server.store.read().await.unwrap().password(firm.user).await.unwrap().unwrap().hash;
    let before = stored().await;
    assert!(before.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{before}");
    assert_eq!(firm.login(EMAIL, PASSWORD).await.status(), 200);
    assert_eq!(stored().await, before, "nothing has changed");
    let dearer = Parameters { memory: 128, lanes: 2, ..QUICK };
    let next = Deployment::start(place, |config, _| {
        config.hashing = Hashing { parameters: dearer, ..Hashing::default() };
    })
    .await;
    assert_eq!(try_in(&next, EMAIL, WRONG, &Caller::default()).await, Came::Wrong);
    assert_eq!(stored().await, before, "only its owner can be hashed anew");
    assert_eq!(try_in(&next, EMAIL, PASSWORD, &Caller::default()).await, Came::In);
    let after = stored().await;
    assert!(after.starts_with("$argon2id$v=19$m=128,t=1,p=2$"), "{after}");
    assert_eq!(firm.login(EMAIL, PASSWORD).await.status(), 200);
}

async fn what_is_stored_is_a_hash(place: StoreOptions) {
    // With the parameters that are the default.
    let firm = Firm::start_with(place, |config| config.hashing = Hashing::default()).await;
    let stored = firm.server.store.read().await.unwrap().password(firm.user).await.unwrap().unwrap();
    assert!(stored.hash.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{}", stored.hash);
    assert_eq!(firm.login(EMAIL, PASSWORD).await.status(), 200);
    assert_eq!(firm.login(EMAIL, WRONG).await.status(), 401);
}

/// 200 wrong logins at once, of the real cost: memory is bounded by the turns, who finds no place is told to come again,
/// and other endpoints answer meanwhile.
async fn a_flood_is_bounded(place: StoreOptions) {
    let firm = Firm::start_with(place, |config| config.hashing = Hashing { waiting: 6, ..Hashing::default() }).await;
    let session = firm.session().await;
    let token = session["access_token"].as_str().unwrap().to_owned();
    let server = &firm.server;
    let before = server.service.hashed();
    let mut flood = tokio::task::JoinSet::new();
    for number in 0..200 {
        let (http, url) = (server.http.clone(), format!("{}/api/v1/auth/login", server.base));
        let text = json!({ "email": format!("nobody-{number}@firm.com"), "password": WRONG }).to_string();
        flood.spawn(async move {
            let answer = http.post(url).header("content-type", "application/json").body(text).send().await.unwrap();
            if answer.status() == 503 {
                assert!(answer.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
            }
            refusal(answer).await
        });
    }
    // Until the flood has ended others are answered.
    let mut answered = 0;
    while server.service.hashed().hashes == before.hashes || !flood.is_empty() {
        assert!(server.holds(&token).await);
        answered += 1;
        while flood.try_join_next().map(|refused| counts(refused.unwrap())).is_some() {}
        if flood.is_empty() {
            break;
        }
    }
    assert!(answered > 0);
    let after = server.service.hashed();
    let (hashes, refused) = (after.hashes - before.hashes, after.refused - before.refused);
    assert!(after.at_once <= 2, "at most two hashes have memory at the same moment: {after:?}");
    assert_eq!(hashes + refused, 200, "each costs one hash or none: {after:?}");
    // One of the eight places is for who is known.
    assert!(refused > 0 && hashes >= 7, "{after:?}");
    // Afterwards everything is as it was.
    assert_eq!(firm.login(EMAIL, PASSWORD).await.status(), 200);
}

fn counts((status, code): (u16, String)) {
    let known = BTreeMap::from([(401, "invalid_credentials"), (429, "too_many_requests"), (503, "unavailable")]);
    assert_eq!(known.get(&status), Some(&code.as_str()));
}
