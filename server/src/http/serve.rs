//! Listening: connections come in, are bounded in number and in how long they may take to say what they want, and
//! end when the server is told to stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tower::ServiceExt as _;

use super::unread::Unread;

/// How long a client may take to send the head of a request: one that never does costs a connection, no more.
const HEAD: Duration = Duration::from_secs(10);
/// Longest head of a request: tokens of 8 KiB in three headers fit.
const HEAD_BYTES: usize = 64 * 1024;
/// Most connections at once; more wait in the system's own queue.
const CONNECTIONS: usize = 8192;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// How often an idle HTTP/2 connection is asked whether it is still there.
const PING: Duration = Duration::from_secs(30);

/// The address at the other end of the connection: a client, or a proxy before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Answers connections until `stop` says so, then ends those that are idle and lets requests in work end, for as
/// long as `drain` at most.
pub async fn serve(listener: TcpListener, router: Router, mut stop: watch::Receiver<bool>, drain: Duration) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(Some(PING));
    let builder = Arc::new(builder);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // Each connection holds a sender: when all are gone, so are they.
    let (alive, mut ended) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let Some((socket, peer, place)) = accepted else { continue };
        let (builder, router, stop, alive) = (Arc::clone(&builder), router.clone(), stop.clone(), alive.clone());
        tokio::spawn(async move {
            connection(&builder, socket, peer, router, stop).await;
            drop((place, alive));
        });
    }
    drop(listener);
    drop(alive);
    if tokio::time::timeout(drain, ended.recv()).await.is_err() {
        tracing::warn!("requests were still in work when the time to stop was over");
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((socket, peer)) => Some((socket, peer, place)),
        Err(error) => {
            // Out of file descriptors, say: what is open ends in time; asking again at once would only burn.
            tracing::warn!(cause = %error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(
    builder: &Builder<TokioExecutor>,
    socket: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    // Small answers go out at once. Where it fails the connection is gone already.
    let _ = socket.set_nodelay(true);
    let asked = Arc::new(AtomicBool::new(false));
    let router = {
        let asked = Arc::clone(&asked);
        router.map_request(move |mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(Peer(peer));
            request.map(|body| Body::new(Unread::new(body)))
        })
    };
    // hyper's own time for a head begins once it knows the protocol: who sends nothing, or only the beginning of what
    // could be HTTP/2, would wait for ever.
    let silent = async {
        tokio::time::sleep(HEAD).await;
        if asked.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    };
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(socket), TowerToHyperService::new(router));
    tokio::pin!(connection);
    tokio::select! {
        // A client that breaks the protocol or goes away is its own business.
        _ = connection.as_mut() => return,
        () = silent => return,
        _ = stop.wait_for(|stop| *stop) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
