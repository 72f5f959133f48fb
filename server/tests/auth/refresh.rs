//! Rotation: one live child, the same one for a lost answer, and the end of the family for a copy.

use sentinel_storage::StoreOptions;

use crate::deployment::{Deployment, Tokens, body, cases, claims};

cases! { a_token_is_replaced, a_lost_answer_comes_again, a_copy_ends_the_family, without_grace, without_grace_clocks_may_differ, without_grace_one_of_two_at_once, a_hundred_at_once, sessions_slide_and_end, what_ends_a_session_ends_its_refresh }

const DAY: i64 = 24 * 60 * 60 * 1000;

async fn next(server: &Deployment, token: &str) -> Option<Tokens> {
    let answer = server.refresh(token).await;
    match answer.status().as_u16() {
        200 => Some(Tokens::of(body(answer).await)),
        401 => None,
        other => panic!("{other}: {}", answer.text().await.unwrap()),
    }
}

async fn a_token_is_replaced(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let first = server.log_in("ada").await;
    let second = next(&server, &first.refresh).await.unwrap();
    let third = next(&server, &second.refresh).await.unwrap();
    assert!(first.refresh != second.refresh && second.refresh != third.refresh);
    let id = |tokens: &Tokens| claims(&tokens.refresh)["jti"].clone();
    assert!(id(&first) != id(&second) && id(&second) != id(&third));
    assert!(server.holds(&third.access).await && server.holds(&first.access).await);
    for bad in ["", "x", "a.b.c", &third.access, &format!("{}x", third.refresh)] {
        assert_eq!(server.refresh(bad).await.status(), 401, "{bad}");
    }
}

async fn a_lost_answer_comes_again(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let first = server.log_in("ada").await;
    let second = next(&server, &first.refresh).await.unwrap();
    server.pass(9_000);
    let again = next(&server, &first.refresh).await.unwrap();
    assert_eq!(claims(&again.refresh), claims(&second.refresh), "the same child");
    // Once the child was used the answer had not been lost.
    next(&server, &again.refresh).await.unwrap();
    assert_eq!(next(&server, &first.refresh).await, None);
    assert!(!server.holds(&second.access).await);
}

async fn a_copy_ends_the_family(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (first, elsewhere) = (server.log_in("ada").await, server.log_in("ada").await);
    let second = next(&server, &first.refresh).await.unwrap();
    server.pass(10_000);
    assert_eq!(next(&server, &first.refresh).await, None);
    assert_eq!(next(&server, &second.refresh).await, None, "the live one too");
    assert!(!server.holds(&first.access).await && !server.holds(&second.access).await);
    assert!(server.holds(&elsewhere.access).await, "another login is another family");
}

async fn without_grace(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.refresh_grace = 0).await;
    let first = server.log_in("ada").await;
    let second = next(&server, &first.refresh).await.unwrap();
    assert_eq!(next(&server, &first.refresh).await, None);
    assert_eq!(next(&server, &second.refresh).await, None);
}

/// Where a token is used twice at two replicas whose clocks differ, the second use lies before the first.
async fn without_grace_clocks_may_differ(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.refresh_grace = 0).await;
    let first = server.log_in("ada").await;
    server.pass(10_000);
    let second = next(&server, &first.refresh).await.unwrap();
    server.pass(-2_000);
    assert_eq!(next(&server, &first.refresh).await, None, "seen two seconds before it was used first");
    assert_eq!(next(&server, &second.refresh).await, None);
}

async fn without_grace_one_of_two_at_once(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.refresh_grace = 0).await;
    for round in 0..8 {
        let first = server.log_in("ada").await;
        let (one, other) = tokio::join!(next(&server, &first.refresh), next(&server, &first.refresh));
        let child = match (one, other) {
            (Some(child), None) | (None, Some(child)) => child,
            (one, other) => panic!("{round}: {} answered", [one, other].iter().flatten().count()),
        };
        assert_eq!(next(&server, &child.refresh).await, None, "{round}: it was noticed");
    }
}

async fn a_hundred_at_once(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let first = server.log_in("ada").await;
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let (http, url) = (server.http.clone(), format!("{}/auth/refresh", server.base));
            let text = serde_json::json!({ "refresh_token": first.refresh }).to_string();
            tokio::spawn(async move {
                let answer = http.post(url).header("content-type", "application/json").body(text).send().await.unwrap();
                (answer.status().as_u16(), answer.text().await.unwrap())
            })
        })
        .collect();
    let mut children = Vec::new();
    for asked in asking {
        match asked.await.unwrap() {
            (200, text) => children.push(Tokens::of(serde_json::from_str(&text).unwrap())),
            // A refusal for want of a connection in time is no second child.
            (status, text) => assert_eq!(status, 503, "{text}"),
        }
    }
    let child = claims(&children[0].refresh);
    assert!(children.iter().all(|other| claims(&other.refresh) == child), "one child");
    assert!(next(&server, &children[0].refresh).await.is_some(), "it is alive");
}

async fn sessions_slide_and_end(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let mut tokens = server.log_in("ada").await;
    let begun = claims(&tokens.refresh)["iat"].as_i64().unwrap();
    for _ in 0..3 {
        server.pass(29 * DAY);
        tokens = next(&server, &tokens.refresh).await.expect("used within 30 days");
    }
    let end = claims(&tokens.refresh)["exp"].as_i64().unwrap();
    assert!((end - begun - 90 * DAY / 1000).abs() <= 1, "90 days at most, however often it is used");
    server.pass(4 * DAY);
    assert_eq!(next(&server, &tokens.refresh).await, None);
    let idle = server.log_in("bob").await;
    server.pass(30 * DAY + 1000);
    assert_eq!(next(&server, &idle.refresh).await, None);
}

async fn what_ends_a_session_ends_its_refresh(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let (removed, gone, voided) = (server.log_in("ada").await, server.log_in("bob").await, server.log_in("eve").await);
    let mut db = server.begin().await;
    db.delete_member(removed.workspace(), removed.user(), server.now()).await.unwrap();
    db.set_user_active(gone.user(), false, server.now()).await.unwrap();
    db.invalidate_user_sessions(voided.user(), server.now()).await.unwrap();
    db.commit().await.unwrap();
    for tokens in [&removed, &gone, &voided] {
        assert_eq!(next(&server, &tokens.refresh).await, None);
    }
}
