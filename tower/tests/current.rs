//! In whose name code runs: in requests, in tasks of theirs on many threads, and where nobody said it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::routing::{get, post};
use sentinel_tower::current::{actor, scope, sync_scope};
use sentinel_tower::{Identity, Keys, Rejection, Sentinel, System, carry, current, spawn, spawn_blocking};
use serde_json::json;
use support::{AUDIENCE, ISSUER, Service, Signer, verifier};
use tokio::task::{JoinSet, yield_now};
use tokio_stream::StreamExt;

fn sentinel(signer: &Signer) -> Sentinel {
    use sentinel_tower::core::{KeySet, Limits, SymmetricKeys};
    let keys = KeySet::from_jwks(signer.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
    Sentinel::new(verifier(), Keys::fixed(keys))
}

fn token(signer: &Signer, user: &str) -> String {
    signer.sign(ISSUER, AUDIENCE, user, json!({}))
}

/// Who this is, three calls below a handler.
fn who() -> String {
    current().map_or_else(|why| format!("{}", why.refusal().status().as_u16()), |user| user.user_id().to_owned())
}

/// A service of these routes, and tokens of two users.
async fn service(routes: Router) -> (Service, String, String) {
    let signer = Signer::new("k1");
    let layer = sentinel(&signer).exclude_paths(["/public"]).unwrap().layer();
    (Service::new(routes.layer(layer)).await, token(&signer, "ada"), token(&signer, "ben"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handler_and_what_it_spawns_are_the_callers() {
    async fn everywhere(user: Identity) -> String {
        let mut names = vec![who(), user.user_id().to_owned()];
        names.push(spawn(async { who() }).await.unwrap());
        // A task of a task of a task, which moves between threads.
        let deep = spawn(async {
            spawn(async {
                for _ in 0..100 {
                    yield_now().await;
                }
                spawn(async { spawn_blocking(who).await.unwrap() }).await.unwrap()
            })
            .await
            .unwrap()
        });
        names.push(deep.await.unwrap());
        let mut set = JoinSet::new();
        for _ in 0..10 {
            set.spawn(carry(async { who() }));
        }
        names.extend(set.join_all().await);
        names.join(" ")
    }
    let (service, ada, ben) = service(Router::new().route("/", get(everywhere))).await;
    for (token, name) in [(&ada, "ada"), (&ben, "ben"), (&ada, "ada")] {
        assert_eq!(service.get("/", token).await.body, vec![name; 14].join(" "));
    }
}

/// The point of it all: where it is lost it is an error, and never the one whom the thread served before.
#[tokio::test]
async fn a_bare_spawn_knows_nobody() {
    async fn bare() -> String {
        let mut names = vec![who()];
        names.push(tokio::spawn(async { who() }).await.unwrap());
        names.push(tokio::task::spawn_blocking(who).await.unwrap());
        let mut set = JoinSet::new();
        set.spawn(async { who() });
        names.extend(set.join_all().await);
        names.push(std::thread::spawn(who).join().unwrap());
        // Nor does a task of ours that such a one spawns.
        names.push(tokio::spawn(async { spawn(async { who() }).await.unwrap() }).await.unwrap());
        names.push(who());
        names.join(" ")
    }
    // One thread: what one task holds is nearest to all others.
    let (service, ada, ben) = service(Router::new().route("/", get(bare))).await;
    for (token, name) in [(&ada, "ada"), (&ben, "ben")] {
        assert_eq!(service.get("/", token).await.body, format!("{name} 500 500 500 500 500 {name}"));
    }
    assert_eq!(who(), "500", "outside of any request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_the_same_time_never_see_each_other() {
    async fn mixed(Path(times): Path<usize>) -> String {
        let mut seen = Vec::new();
        for _ in 0..times {
            seen.push(who());
            yield_now().await;
            seen.push(spawn(async { (yield_now().await, who()).1 }).await.unwrap());
        }
        seen.sort();
        seen.dedup();
        seen.join(" ")
    }
    let signer = Signer::new("k1");
    let layer = sentinel(&signer).layer();
    let service = Service::new(Router::new().route("/{times}", get(mixed)).layer(layer)).await;
    let mut requests = JoinSet::new();
    for number in 0..64 {
        let (service, user) = (service.clone(), format!("user-{number}"));
        let token = token(&signer, &user);
        requests.spawn(async move { (service.get("/50", &token).await.body, user) });
    }
    for (seen, user) in requests.join_all().await {
        assert_eq!(seen, user);
    }
}

#[tokio::test]
async fn a_panic_leaves_nobody_behind() {
    async fn panicking() -> String {
        let inner = spawn(async { scope(System::named("inner"), async { panic!("on purpose: {}", who()) }).await });
        assert!(inner.await.unwrap_err().is_panic());
        let blocking = spawn_blocking(|| sync_scope(System::named("inner"), || panic!("on purpose")));
        assert!(blocking.await.unwrap_err().is_panic());
        who()
    }
    let (service, ada, _) = service(Router::new().route("/", get(panicking))).await;
    assert_eq!(service.get("/", &ada).await.body, "ada");
    let caught = std::panic::catch_unwind(|| sync_scope(System::named("x"), || panic!("on purpose")));
    assert!(caught.is_err());
    assert_eq!(who(), "500");
}

#[tokio::test]
async fn scopes_nest_and_end() {
    let name = || actor().map_or("nobody".to_owned(), |actor| actor.to_string());
    let cleanup = System::named("cleanup");
    let text = scope(cleanup.clone(), async {
        let outer = name();
        let inner = scope(cleanup.clone().on_behalf_of("u7"), async { (yield_now().await, name()).1 }).await;
        let sync = sync_scope(System::named("hooks"), name);
        format!("{outer}, {inner}, {sync}, {}", name())
    });
    assert_eq!(text.await, "system:cleanup, system:cleanup for u7, system:hooks, system:cleanup");
    assert_eq!(name(), "nobody");
    // What was made where nobody was known stays so, whoever polls it.
    let made_outside = carry(async { name() });
    assert_eq!(scope(cleanup.clone(), made_outside).await, "nobody");
    // What was made inside stays so, too.
    let made_inside = sync_scope(cleanup, || carry(async { (yield_now().await, name()).1 }));
    assert_eq!(scope(System::named("other"), made_inside).await, "system:cleanup");
    assert_eq!(name(), "nobody");
}

#[tokio::test]
async fn a_system_is_no_user() {
    let signer = Signer::new("k1");
    let named_so = token(&signer, "system:cleanup");
    let routes = Router::new()
        .route("/", get(|| async { format!("{:?}", actor().unwrap()).split('(').next().unwrap().to_owned() }));
    let service = Service::new(routes.layer(sentinel(&signer).layer())).await;
    assert_eq!(service.get("/", &named_so).await.body, "User", "whatever its id is called");
    scope(System::named("cleanup").on_behalf_of("ada"), async {
        assert_eq!(who(), "500", "not even the one whom it works for");
        assert_eq!(actor().unwrap().to_string(), "system:cleanup for ada");
    })
    .await;
}

#[tokio::test]
async fn public_routes_have_nobody_and_refused_tokens_are_refused() {
    let inner = Signer::new("k1");
    // Around an application whose caller is known, another layer whose path is public: nobody, not the outer one's caller.
    let outer = sentinel(&inner).layer();
    let public = sentinel(&inner).exclude_paths(["/public"]).unwrap().layer();
    let routes =
        Router::new().route("/public", get(|| async { who() })).route("/mine", get(|| async { who() })).layer(public);
    let service = Service::new(routes.layer(outer)).await;
    let ada = token(&inner, "ada");
    assert_eq!(service.get("/public", &ada).await.body, "401");
    assert_eq!(service.get("/mine", &ada).await.body, "ada");
    let rules = json!({
        "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ["ES256"],
        "rules": [{ "method": "GET", "path": "/", "allow": "public" }],
    });
    use sentinel_tower::core::{KeySet, Limits, SymmetricKeys};
    let keys = KeySet::from_jwks(inner.jwks().as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap();
    let rules = Sentinel::from_json(rules.to_string().as_bytes(), Keys::fixed(keys)).unwrap();
    async fn handler() -> Result<String, Rejection> {
        Ok(actor()?.to_string())
    }
    let service = Service::new(Router::new().route("/", get(handler)).layer(rules.layer())).await;
    assert_eq!(service.get("/", &ada).await.body, "ada");
    assert_eq!(service.send("GET", "/", &[]).await.body, "anonymous");
    assert_eq!(service.get("/", "a.b.c").await.verdict(), (401, "token_malformed".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_that_is_made_while_it_is_sent_is_the_callers() {
    async fn streaming() -> Body {
        let pieces = tokio_stream::iter(0..20).then(|_| async {
            yield_now().await;
            let inner = spawn(async { who() }).await.unwrap();
            Ok::<_, Infallible>(Bytes::from(format!("{} {inner},", who())))
        });
        Body::from_stream(pieces)
    }
    let (service, ada, ben) =
        service(Router::new().route("/", get(streaming)).route("/plain", get(|| async { "plain" }))).await;
    let (of_ada, of_ben) = tokio::join!(service.get("/", &ada), service.get("/", &ben));
    assert_eq!(of_ada.body, "ada ada,".repeat(20));
    assert_eq!(of_ben.body, "ben ben,".repeat(20));
    let plain = service.get("/plain", &ada).await;
    assert_eq!((plain.body.as_str(), plain.header("content-length")), ("plain", "5"));
}

#[tokio::test]
async fn what_is_dropped_is_dropped_in_its_name() {
    struct Says(Arc<Mutex<Vec<String>>>);
    impl Drop for Says {
        fn drop(&mut self) {
            self.0.lock().unwrap().push(who());
        }
    }
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let said = Arc::clone(&seen);
    let handler = move || {
        let says = Says(Arc::clone(&said));
        async move {
            // Aborted while it waits, then dropped by the runtime.
            let task = spawn(async move {
                let _says = says;
                std::future::pending::<()>().await;
            });
            yield_now().await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        }
    };
    let (service, ada, _) = service(Router::new().route("/", post(handler))).await;
    assert_eq!(service.send("POST", "/", &[("authorization", &format!("Bearer {ada}"))]).await.status, 200);
    assert_eq!(*seen.lock().unwrap(), ["ada"]);
}
