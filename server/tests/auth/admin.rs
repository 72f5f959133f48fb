//! Administrators: who becomes one, how they come in, how they leave.

use sentinel_server::service::admin_login::bootstrap_link;
use sentinel_storage::StoreOptions;

use crate::browser::{Browser, form_of};
use crate::deployment::{Deployment, body, cases};

cases! {
    a_proven_address_of_the_list,
    strangers_stay_out,
    only_the_first_login_counts,
    a_cookie_of_before_a_demotion,
    the_link_from_the_terminal,
    two_links_at_once_make_one_administrator,
    leaving,
}

async fn a_proven_address_of_the_list(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.admin_emails = vec!["Root@Example.test".into()]).await;
    assert!(server.service.needs_first_administrator().await.unwrap());
    let mut browser = Browser::new();
    let back = server.admin_callback(&mut browser, "root").await;
    let answer = browser.get(back.as_str()).await;
    assert_eq!(answer.status(), 200);
    let cookies: Vec<_> =
        answer.headers().get_all("set-cookie").iter().map(|line| line.to_str().unwrap().to_owned()).collect();
    let cookie = cookies.iter().find(|line| line.starts_with("admin_token=")).unwrap();
    // No `Secure` on plain http, which is loopback here.
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"),
        "{cookie}"
    );
    assert!(
        answer.text().await.unwrap().contains("http-equiv=\"refresh\""),
        "a page, so that the Strict cookie goes with the next request"
    );
    let me = body(browser.get(&format!("{}/auth/admin/me", server.base)).await).await;
    assert_eq!((me["email"].as_str(), me["is_admin"].as_bool()), (Some("root@example.test"), Some(true)));
    assert!(!server.service.needs_first_administrator().await.unwrap());
}

async fn strangers_stay_out(place: StoreOptions) {
    let server = Deployment::start(place, |config, provider| {
        config.admin_emails = vec!["root@example.test".into()];
        // This provider's word is no proof of an address.
        provider.trust_email = false;
    })
    .await;
    for name in ["root", "mallory"] {
        let mut browser = Browser::new();
        let back = server.admin_callback(&mut browser, name).await;
        let answer = browser.get(back.as_str()).await;
        assert_eq!(answer.status(), 403, "{name}");
        assert!(!browser.jar.contains_key("admin_token"));
    }
    // Login CSRF.
    let back = server.admin_callback(&mut Browser::new(), "root").await;
    assert_eq!(Browser::new().get(back.as_str()).await.status(), 400);
}

async fn only_the_first_login_counts(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.admin_emails = vec!["root@example.test".into()]).await;
    let cookie = server.admin_cookie("root").await;
    let root = server.log_in("root").await.user();
    let mut db = server.begin().await;
    db.set_user_admin(root, false, server.now()).await.unwrap();
    db.commit().await.unwrap();
    assert_eq!(server.admin(&cookie).await, 403);
    server.pass(60 * 60 * 1000);
    let mut browser = Browser::new();
    let back = server.admin_callback(&mut browser, "root").await;
    assert_eq!(browser.get(back.as_str()).await.status(), 403, "who was demoted does not come back by the list");
}

/// Whoever is made an administrator again logs in again.
async fn a_cookie_of_before_a_demotion(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.admin_emails = vec!["root@example.test".into()]).await;
    let cookie = server.admin_cookie("root").await;
    let root = server.log_in("root").await.user();
    for (is_admin, expected) in [(true, 200), (false, 403), (true, 401)] {
        let mut db = server.begin().await;
        db.set_user_admin(root, is_admin, server.now()).await.unwrap();
        db.commit().await.unwrap();
        assert_eq!(server.admin(&cookie).await, expected);
    }
    assert_eq!(server.admin(&server.admin_cookie("root").await).await, 200);
}

async fn two_links_at_once_make_one_administrator(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let mut uses = tokio::task::JoinSet::new();
    for number in 0..6 {
        let link = bootstrap_link(&server.store, &server.base, None, 60_000, server.now()).await.unwrap();
        let token = link.split_once("token=").unwrap().1.to_owned();
        let service = server.service.clone();
        uses.spawn(async move {
            let (name, email) = (format!("Root {number}"), format!("root{number}@example.test"));
            let caller = sentinel_server::service::Caller::default();
            service.bootstrap(&token, Some(&name), Some(&email), &caller).await.is_ok()
        });
    }
    let made = uses.join_all().await.into_iter().filter(|made| *made).count();
    assert_eq!((made, server.begin().await.lock_admins().await.unwrap().len()), (1, 1));
}

async fn the_link_from_the_terminal(place: StoreOptions) {
    let server = Deployment::start(place, |_, _| {}).await;
    let link = async || bootstrap_link(&server.store, &server.base, None, 60_000, server.now()).await.unwrap();
    let (first, second) = (link().await, link().await);
    let page = server.http.get(&first).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(
        (page.headers()["cache-control"].clone(), page.headers()["referrer-policy"].clone()),
        ("no-store".parse().unwrap(), "no-referrer".parse().unwrap())
    );
    assert!(page.text().await.unwrap().contains("method=\"post\""));

    let post = async |link: &str, name: &str, email: &str| {
        let token = link.split_once("token=").unwrap().1;
        let form = form_of(&[("token", token), ("name", name), ("email", email)]);
        let request = server.http.post(format!("{}/auth/admin/bootstrap", server.base)).body(form);
        request.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap()
    };
    assert_eq!(post(&first, "", "root@example.test").await.status(), 400);
    assert_eq!(post(&first, "Root", "nothing").await.status(), 400);
    assert_eq!(post("?token=guessed", "Root", "root@example.test").await.status(), 404);
    // Looking and failing did not use it up; now it is.
    let answer = post(&first, "Root", "root@example.test").await;
    assert_eq!(answer.status(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(server.admin(cookie.strip_prefix("admin_token=").unwrap()).await, 200);
    assert_eq!(post(&first, "Root", "root@example.test").await.status(), 404);
    assert_eq!(server.http.get(&first).send().await.unwrap().status(), 404);
    assert_eq!(post(&second, "Second", "second@example.test").await.status(), 409, "there is an administrator");

    let late = link().await;
    server.pass(60_000);
    assert_eq!(server.http.get(&late).send().await.unwrap().status(), 404);
    // What was typed is no proof: who proves the address is someone else.
    let root = server.log_in("root").await;
    assert!(!server.begin().await.user(root.user()).await.unwrap().unwrap().is_admin);
}

async fn leaving(place: StoreOptions) {
    let server = Deployment::start(place, |config, _| config.admin_emails = vec!["root@example.test".into()]).await;
    let (cookie, other) = (server.admin_cookie("root").await, server.admin_cookie("root").await);
    let logout = || {
        server.http.post(format!("{}/auth/admin/logout", server.base)).header("cookie", format!("admin_token={cookie}"))
    };
    assert_eq!(logout().send().await.unwrap().status(), 403, "CSRF: a foreign page cannot set the header");
    assert_eq!(server.admin(&cookie).await, 200);
    let answer = logout().header("x-requested-with", "XMLHttpRequest").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!((server.admin(&cookie).await, server.admin(&other).await), (401, 200));
}
