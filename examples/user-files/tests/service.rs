//! Files of two users, what runs in the background for them, and what they are told.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

mod support;

use futures_util::{SinkExt, StreamExt};
use support::{ADA, BEN, Folder, Service, token, token_for, tree, until};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

#[test]
fn everyone_has_files_of_their_own() {
    let service = Service::start();
    let (ada, ben) = (token(ADA), token(BEN));
    for (user, text) in [(&ada, "ada's"), (&ben, "ben's")] {
        assert_eq!(service.send("POST", b"/folders/notes", Some(user), b"", "text/plain").status, 201);
        assert_eq!(service.put("/files/notes/today.md", user, text).status, 201);
    }
    assert_eq!(service.put("/files/only-bens.md", &ben, "x").status, 201);
    for (user, text, names) in [(&ada, "ada's", &["notes"][..]), (&ben, "ben's", &["notes", "only-bens.md"])] {
        let read = service.get("/files/notes/today.md", user);
        assert_eq!((read.status, read.text().as_str()), (200, text));
        assert_eq!(read.header("content-type"), "application/octet-stream");
        assert_eq!(read.header("content-disposition"), "attachment");
        assert_eq!(read.header("x-content-type-options"), "nosniff");
        assert_eq!(read.header("cache-control"), "private, no-store");
        assert_eq!(service.get("/files", user).names(), names);
        assert_eq!(service.get("/folders/notes", user).names(), ["today.md"]);
    }
    assert_eq!(service.get("/files/only-bens.md", &ada).status, 404);
    assert_eq!(service.delete("/files/only-bens.md", &ada).status, 404);
    assert_eq!(service.delete("/files/notes/today.md", &ada).status, 204);
    assert_eq!(service.get("/files/notes/today.md", &ada).status, 404);
    assert_eq!(service.get("/files/notes/today.md", &ben).text(), "ben's");
    assert_eq!(service.get("/files/notes", &ben).status, 404, "a folder is no file");
    assert_eq!(service.put("/files/notes", &ben, "x").status, 409);
    assert_eq!(service.put("/files/large", &ben, &"x".repeat(1024 * 1024 + 1)).status, 413);
    assert_eq!(service.visit("/files/notes/today.md").status, 401);
    assert_eq!(service.get("/files", "a.b.c").status, 401);
    assert_eq!(service.get("/files", &token_for(ADA, 0)).status, 401);
    for stranger in
        ["u1", "..", "../bbbbbbbb-2222-4222-8222-222222222222", "uid-ben", "00000000-0000-0000-0000-000000000000"]
    {
        assert_eq!(service.get("/files", &token(stranger)).status, 403, "{stranger}");
    }
    assert_eq!(
        service.get("/files", &token(&format!("usr_{BEN}"))).names(),
        ["notes", "only-bens.md"],
        "the same user"
    );
    let service = service.restart();
    assert_eq!(service.get("/files/notes/today.md", &ben).text(), "ben's");
}

#[test]
fn what_goes_on_after_the_answer_is_the_callers_too() {
    let service = Service::start();
    let (ada, ben) = (token(ADA), token(BEN));
    // At the same time, so that their tasks mix.
    std::thread::scope(|threads| {
        for (user, name) in [(&ada, "ada"), (&ben, "ben")] {
            let service = &service;
            threads.spawn(move || {
                for number in 0..20 {
                    let text = format!("{name} {number} {}", "x".repeat(200));
                    assert_eq!(service.put(&format!("/files/{name}-{number}.txt"), user, &text).status, 201);
                }
            });
        }
    });
    for (user, name) in [(&ada, "ada"), (&ben, "ben")] {
        until(|| {
            service.get("/folders/previews", user).status == 200
                && service.get("/folders/previews", user).names().len() == 20
        });
        for number in 0..20 {
            until(|| service.get(&format!("/files/previews/{name}-{number}.txt"), user).status == 200);
            let preview = service.get(&format!("/files/previews/{name}-{number}.txt"), user).text();
            assert!(preview.len() == 100 && preview.starts_with(&format!("{name} {number} ")), "{preview}");
        }
    }
}

#[test]
fn a_scheduler_works_for_one_user_after_the_other() {
    let service = Service::start_in(Folder::new(), 1);
    let (ada, ben) = (token(ADA), token(BEN));
    for user in [&ada, &ben] {
        service.send("POST", b"/folders/trash/kept", Some(user), b"", "text/plain");
        service.put("/files/kept.md", user, "kept");
        service.put("/files/trash/old.md", user, "old");
    }
    for user in [&ada, &ben] {
        until(|| service.get("/folders/trash", user).names() == ["kept"]);
        assert_eq!(service.get("/files/kept.md", user).status, 200);
    }
    // It made no folder for itself.
    let users: Vec<_> =
        tree(&service.data.0.join("workspace")).into_keys().filter(|name| name.matches('/').count() == 1).collect();
    assert_eq!(users, ["/.sentinel-workspaces".to_owned(), format!("/{ADA}"), format!("/{BEN}")]);
}

async fn socket(service: &Service, first: String) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(&service.address).await.unwrap();
    let (mut socket, _) = client_async(format!("ws://{}/live", service.address), stream).await.unwrap();
    socket.send(Message::text(first)).await.unwrap();
    socket
}

#[tokio::test]
async fn a_socket_is_told_of_its_users_changes_alone() {
    let service = Service::start();
    let (ada, ben) = (token(ADA), token(BEN));
    let (mut of_ada, mut of_ben) = (socket(&service, ada.clone()).await, socket(&service, ben.clone()).await);
    for socket in [&mut of_ada, &mut of_ben] {
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(r#"{"ready":true}"#));
    }
    for (user, path) in [(&ben, "/files/b.md"), (&ada, "/files/a.md"), (&ben, "/files/c.md")] {
        assert_eq!(service.put(path, user, "x").status, 201);
    }
    assert_eq!(of_ada.next().await.unwrap().unwrap(), Message::text(r#"{"changed":"a.md"}"#));
    for path in ["b.md", "c.md"] {
        assert_eq!(of_ben.next().await.unwrap().unwrap(), Message::text(format!(r#"{{"changed":"{path}"}}"#)));
    }
    let mut forged = socket(&service, format!("{ada}x")).await;
    let Message::Close(Some(frame)) = forged.next().await.unwrap().unwrap() else { panic!("not closed") };
    assert_eq!(u16::from(frame.code), 4401);
    // Ends with its token.
    let mut short = socket(&service, token_for(ADA, 2)).await;
    assert_eq!(short.next().await.unwrap().unwrap(), Message::text(r#"{"ready":true}"#));
    let Message::Close(Some(frame)) = short.next().await.unwrap().unwrap() else { panic!("not closed") };
    assert_eq!((u16::from(frame.code), frame.reason.as_str()), (4401, "token_expired"));
}
