//! Key sets by URL, against real endpoints: what is fetched, when, how often, and what is refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use std::convert::Infallible;
use std::pin::Pin;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Redirect;
use sentinel_tower::Keys;
use sentinel_tower::fetch::FetchPolicy;
use sentinel_tower::jwks::JwksSettings;
use support::{Endpoint, Service, Signer, jwks, ok, refused, sentinel, serve, settings};
use tower::{Layer, ServiceExt};

fn unavailable() -> (u16, String) {
    refused(503, "unavailable")
}

async fn pause(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Many at once; how many were accepted.
async fn storm(service: &Service, tokens: Vec<String>) -> usize {
    let requests: Vec<_> = tokens
        .into_iter()
        .map(|token| {
            let service = service.clone();
            tokio::spawn(async move { service.verdict(&token).await == ok() })
        })
        .collect();
    let mut accepted = 0;
    for request in requests {
        accepted += usize::from(request.await.unwrap());
    }
    accepted
}

#[tokio::test(flavor = "multi_thread")]
async fn many_first_requests_share_one_fetch() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    endpoint.set(|answer| answer.delay = Duration::from_millis(200));
    let service = Service::of(sentinel(&endpoint, settings())).await;
    assert_eq!(storm(&service, vec![signer.access("viewer"); 50]).await, 50);
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_unknown_kids_costs_one_fetch() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    let service = Service::of(sentinel(&endpoint, settings())).await;
    assert_eq!(service.verdict(&signer.access("viewer")).await, ok());
    assert_eq!(endpoint.asked(), 1);

    let invented: Vec<_> = (0..100).map(|n| Signer::new(&format!("invented-{n}")).access("owner")).collect();
    assert_eq!(storm(&service, invented.clone()).await, 0);
    assert_eq!(endpoint.asked(), 2, "one fetch for all of them");
    assert_eq!(service.verdict(&invented[0]).await, refused(401, "key_not_found"));
    assert_eq!(service.verdict(&signer.access("viewer")).await, ok(), "others are not hurt");
    assert_eq!(endpoint.asked(), 2);
}

#[tokio::test]
async fn a_rotated_key_is_found_at_once_and_then_at_most_once_in_the_pause() {
    let (first, second, third) = (Signer::new("k1"), Signer::new("k2"), Signer::new("k3"));
    let endpoint = Endpoint::new(first.jwks()).await;
    let pause_for = Duration::from_millis(1500);
    let service = Service::of(sentinel(&endpoint, JwksSettings { unknown_kid_pause: pause_for, ..settings() })).await;
    assert_eq!(service.verdict(&first.access("viewer")).await, ok());

    endpoint.set(|answer| answer.body = jwks([&first, &second]));
    let rotated = Instant::now();
    assert_eq!(service.verdict(&second.access("viewer")).await, ok());
    endpoint.set(|answer| answer.body = jwks([&second, &third]));
    assert_eq!(service.verdict(&third.access("viewer")).await, refused(401, "key_not_found"));
    assert_eq!(endpoint.asked(), 2);
    tokio::time::sleep(pause_for.saturating_sub(rotated.elapsed())).await;
    assert_eq!(service.verdict(&third.access("viewer")).await, ok());
    assert_eq!(service.verdict(&first.access("viewer")).await, refused(401, "key_not_found"), "withdrawn");
    assert_eq!(endpoint.asked(), 3);
}

#[tokio::test]
async fn only_an_unknown_kid_asks_for_newer_keys() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    let service = Service::of(sentinel(&endpoint, settings())).await;
    assert_eq!(service.verdict(&Signer::new("k1").access("owner")).await, refused(401, "signature_invalid"));
    assert_eq!(service.verdict("not.a.token").await, refused(401, "token_malformed"));
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn a_set_is_used_as_long_as_its_header_says() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    endpoint.set(|answer| answer.headers = vec![("cache-control", "max-age=2".to_owned())]);
    let service = Service::of(sentinel(&endpoint, JwksSettings { min_age: Duration::ZERO, ..settings() })).await;
    for _ in 0..5 {
        assert_eq!(service.verdict(&signer.access("viewer")).await, ok());
    }
    assert_eq!(endpoint.asked(), 1);
    endpoint.set(|answer| answer.body = Signer::new("k2").jwks());
    pause(2100).await;
    assert_eq!(service.verdict(&signer.access("viewer")).await, refused(401, "key_not_found"), "withdrawn");
    assert!(endpoint.asked() >= 2);
}

#[tokio::test]
async fn an_answer_that_says_no_store_is_still_kept_for_the_shortest_time() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    endpoint.set(|answer| answer.headers = vec![("cache-control", "no-store".to_owned())]);
    let service = Service::of(sentinel(&endpoint, settings())).await;
    for _ in 0..5 {
        assert_eq!(service.verdict(&signer.access("viewer")).await, ok());
    }
    assert_eq!(endpoint.asked(), 1);
}

#[tokio::test]
async fn stale_keys_are_kept_while_the_endpoint_is_down_and_then_refused() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    let age = Duration::from_millis(200);
    let service = Service::of(sentinel(
        &endpoint,
        JwksSettings {
            min_age: age,
            default_age: age,
            max_stale: Duration::from_millis(1500),
            min_retry: Duration::from_millis(50),
            max_retry: Duration::from_millis(50),
            ..settings()
        },
    ))
    .await;
    let token = signer.access("viewer");
    assert_eq!(service.verdict(&token).await, ok());

    endpoint.set(|answer| answer.status = 500);
    pause(400).await;
    assert_eq!(service.verdict(&token).await, ok(), "stale, while the endpoint is down");
    assert!(endpoint.asked() >= 2);
    pause(1500).await;
    let reply = service.get("/", &token).await;
    assert_eq!(reply.verdict(), unavailable(), "too stale");
    assert!(!reply.header("retry-after").is_empty() && reply.header("www-authenticate").is_empty());

    endpoint.set(|answer| answer.status = 200);
    pause(100).await;
    assert_eq!(service.verdict(&token).await, ok(), "back again");
}

#[tokio::test]
async fn an_endpoint_that_is_known_to_hang_is_not_waited_for() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    let age = Duration::from_millis(100);
    let fetch = FetchPolicy { timeout: Duration::from_millis(1500), ..settings().fetch };
    let settings = JwksSettings { min_age: age, default_age: age, min_retry: Duration::ZERO, fetch, ..settings() };
    let service = Service::of(sentinel(&endpoint, settings)).await;
    let token = signer.access("viewer");
    assert_eq!(service.verdict(&token).await, ok());
    endpoint.set(|answer| answer.delay = Duration::from_secs(60));
    pause(150).await;
    assert_eq!(service.verdict(&token).await, ok(), "waits once, for the timeout");
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(service.verdict(&token).await, ok());
        assert!(start.elapsed() < Duration::from_millis(750), "{:?}", start.elapsed());
        pause(20).await;
    }
}

#[tokio::test]
async fn without_any_keys_nothing_is_accepted_and_the_endpoint_is_spared() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new("not JSON".to_owned()).await;
    let service =
        Service::of(sentinel(&endpoint, JwksSettings { min_retry: Duration::from_secs(2), ..settings() })).await;
    for _ in 0..10 {
        assert_eq!(service.verdict(&signer.access("owner")).await, unavailable());
    }
    assert_eq!(endpoint.asked(), 1, "a pause after a failure");
    endpoint.set(|answer| answer.body = signer.jwks());
    pause(2100).await;
    assert_eq!(service.verdict(&signer.access("owner")).await, ok());
}

#[tokio::test]
async fn an_empty_set_withdraws_every_key() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(r#"{"keys":[]}"#.to_owned()).await;
    let service = Service::of(sentinel(&endpoint, settings())).await;
    assert_eq!(service.verdict(&signer.access("owner")).await, refused(401, "key_not_found"));
}

#[tokio::test]
async fn a_shared_secret_from_a_url_is_never_used() {
    use jwt_simple::prelude::{Claims, Duration, HS256Key, MACLike};
    let secret = HS256Key::from_bytes(&[b'a'; 33]).with_key_id("k1");
    let claims = Claims::create(Duration::from_secs(60));
    let token = secret.authenticate(claims.with_issuer(support::ISSUER).with_audience(support::AUDIENCE)).unwrap();
    let k = "YWFh".repeat(11);
    let endpoint = Endpoint::new(format!(r#"{{"keys":[{{"kty":"oct","kid":"k1","k":"{k}"}}]}}"#)).await;
    let service = Service::of(sentinel(&endpoint, settings())).await;
    assert_eq!(service.verdict(&token).await, refused(401, "key_not_found"));
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_refused() {
    let signer = Signer::new("k1");
    let elsewhere = Endpoint::new(signer.jwks()).await;
    for status in [301, 302, 303, 307, 308] {
        let endpoint = Endpoint::new(String::new()).await;
        let to = elsewhere.url.clone();
        endpoint.set(|answer| (answer.status, answer.headers) = (status, vec![("location", to)]));
        let service = Service::of(sentinel(&endpoint, settings())).await;
        assert_eq!(service.verdict(&signer.access("owner")).await, unavailable(), "{status}");
        assert_eq!((endpoint.asked(), elsewhere.asked()), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn a_redirect_within_the_origin_is_followed_but_not_for_ever() {
    let signer = Signer::new("k1");
    let keys = signer.jwks();
    let app = Router::new()
        .route("/jwks", axum::routing::get(|| async { Redirect::to("/new/jwks") }))
        .route("/new/jwks", axum::routing::get(|| async { keys }))
        .route("/loop", axum::routing::get(|| async { Redirect::to("/loop") }));
    let address = serve(app).await;
    for (path, expected) in [("jwks", ok()), ("loop", unavailable())] {
        let keys = Keys::jwks_url_with(&format!("http://{address}/{path}"), settings()).unwrap();
        let service = Service::of(sentinel_tower::Sentinel::new(support::verifier(), keys)).await;
        assert_eq!(service.verdict(&signer.access("viewer")).await, expected, "{path}");
    }
}

#[tokio::test]
async fn an_oversized_answer_is_refused() {
    let signer = Signer::new("k1");
    let declared = Endpoint::new(format!("{}{}", signer.jwks(), " ".repeat(600 * 1024))).await;
    let service = Service::of(sentinel(&declared, settings())).await;
    assert_eq!(service.verdict(&signer.access("owner")).await, unavailable());

    // Without a length, and without an end.
    let app = Router::new().fallback(|| async {
        Body::from_stream(tokio_stream::iter(std::iter::repeat(Ok::<_, Infallible>([b' '; 1024].to_vec()))))
    });
    let keys = Keys::jwks_url_with(&format!("http://{}/", serve(app).await), settings()).unwrap();
    let service = Service::of(sentinel_tower::Sentinel::new(support::verifier(), keys)).await;
    let start = Instant::now();
    assert_eq!(service.verdict(&signer.access("owner")).await, unavailable());
    assert!(start.elapsed() < Duration::from_secs(4), "by its size, before the timeout: {:?}", start.elapsed());
}

#[tokio::test]
async fn a_slow_answer_times_out() {
    let signer = Signer::new("k1");
    let fetch = FetchPolicy { timeout: Duration::from_millis(300), ..settings().fetch };
    let settings = JwksSettings { fetch, ..settings() };

    let silent = Endpoint::new(signer.jwks()).await;
    silent.set(|answer| answer.delay = Duration::from_secs(60));
    // One byte at a time: no single read is slow.
    let trickle = Router::new().fallback(|| async { Body::from_stream(drops()) });
    let trickle = format!("http://{}/", serve(trickle).await);
    for url in [&silent.url, &trickle] {
        let keys = Keys::jwks_url_with(url, settings).unwrap();
        let service = Service::of(sentinel_tower::Sentinel::new(support::verifier(), keys)).await;
        let start = Instant::now();
        assert_eq!(service.verdict(&signer.access("owner")).await, unavailable(), "{url}");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

fn drops() -> impl tokio_stream::Stream<Item = Result<&'static str, Infallible>> + Send {
    use tokio_stream::StreamExt;
    tokio_stream::iter(std::iter::repeat(Ok(" "))).then(|byte| async move {
        pause(20).await;
        byte
    })
}

#[tokio::test]
async fn cancelled_requests_take_nothing_down_with_them() {
    let signer = Signer::new("k1");
    let endpoint = Endpoint::new(signer.jwks()).await;
    endpoint.set(|answer| answer.delay = Duration::from_millis(500));
    let request = bare(&endpoint);
    let waiting: Vec<_> = (0..10).map(|_| tokio::spawn(request(&signer))).collect();
    endpoint.until_asked(1).await;
    for request in waiting {
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
    }
    assert_eq!((request(&signer).await, endpoint.asked()), (200, 1), "of the fetch that they began");
}

/// The fetch dies with the runtime that it runs on; the next one, on another, must start anew.
#[test]
fn a_fetch_that_died_does_not_block_the_next() {
    let outer = tokio::runtime::Runtime::new().unwrap();
    let signer = Signer::new("k1");
    let endpoint = outer.block_on(Endpoint::new(signer.jwks()));
    endpoint.set(|answer| answer.delay = Duration::from_secs(60));
    let request = bare(&endpoint);
    let inner = tokio::runtime::Runtime::new().unwrap();
    inner.spawn(request(&signer));
    outer.block_on(endpoint.until_asked(1));
    inner.shutdown_timeout(Duration::from_secs(10));
    endpoint.set(|answer| answer.delay = Duration::ZERO);
    let status = outer.block_on(async { tokio::time::timeout(Duration::from_secs(5), request(&signer)).await });
    assert_eq!((status.unwrap(), endpoint.asked()), (200, 2));
}

/// A protected service without a server around it, whose requests can be dropped half-way: the status of each.
fn bare(endpoint: &Endpoint) -> impl Fn(&Signer) -> Pin<Box<dyn Future<Output = u16> + Send>> + use<> {
    let service = sentinel(endpoint, settings()).layer().layer(tower::service_fn(|_: Request<Body>| async {
        Ok::<_, Infallible>(axum::response::Response::new(Body::empty()))
    }));
    move |signer| {
        let authorization = format!("Bearer {}", signer.access("viewer"));
        let request = Request::get("/").header("authorization", authorization).body(Body::empty()).unwrap();
        let answer = service.clone().oneshot(request);
        Box::pin(async move { answer.await.unwrap().status().as_u16() })
    }
}

#[test]
fn a_url_that_may_not_be_fetched_is_refused_when_it_is_set() {
    for url in
        ["http://id.example/jwks", "http://127.0.0.1/jwks", "https://127.0.0.1/jwks", "https://10.0.0.1/", "jwks", ""]
    {
        let error = Keys::jwks_url(url).unwrap_err();
        assert!(matches!(error, sentinel_tower::KeysError::Refused(_)), "{url}: {error}");
    }
    assert!(Keys::jwks_url("https://id.example/jwks").is_ok());
}
