//! A socket from its opening to its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::closing::Closing;
use super::{Socket, SocketSettings};
use crate::current::scope;
use crate::identity::Identity;
use crate::layer::Session;
use crate::sentinel::{Caller, Guard, Sender};

/// How many messages wait on each way.
const WAITING: usize = 16;

pub(super) async fn run<H, F>(mut socket: WebSocket, session: Session, settings: SocketSettings, handler: H)
where
    H: FnOnce(Socket) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let Session { sender, guard } = session;
    let known = match sender {
        // However the layer knows whose request this is: by its header, by a gateway's proof. Whatever else can stand in an
        // opening request belongs there, too, and nothing changes here.
        Sender::Known(caller) => Ok(caller),
        Sender::Anonymous | Sender::Refused(_) => introduction(&mut socket, &guard, &settings).await.map(Arc::new),
    };
    let closing = match known {
        Ok(caller) => serve(&mut socket, &guard, caller, &settings, handler).await,
        Err(closing) => closing,
    };
    tracing::debug!(?closing, "a socket is closed");
    closing.close(socket).await;
}

/// Who the first message says it is.
async fn introduction(socket: &mut WebSocket, guard: &Guard, settings: &SocketSettings) -> Result<Caller, Closing> {
    let first = timeout(settings.first_message, async {
        loop {
            match socket.recv().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(Closing::NOT_TEXT),
                Some(Err(_)) => return Err(Closing::TOO_LONG),
                Some(Ok(Message::Close(_))) | None => return Err(Closing::GONE),
            }
        }
    });
    let text = first.await.unwrap_or(Err(Closing::TOO_LATE))?;
    guard.admit_message(&text).await.map_err(|refusal| Closing::of(&refusal))
}

/// The handler and the socket, until one of them ends or the caller's token does.
async fn serve<H, F>(
    socket: &mut WebSocket,
    guard: &Guard,
    caller: Arc<Caller>,
    settings: &SocketSettings,
    handler: H,
) -> Closing
where
    H: FnOnce(Socket) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let (to_handler, incoming) = mpsc::channel(WAITING);
    let (outgoing, from_handler) = mpsc::channel(WAITING);
    let identity = Identity::new(Arc::clone(&caller));
    let handed = Socket { identity: identity.clone(), incoming, outgoing };
    let handler = scope(identity, async move { handler(handed).await });
    tokio::select! {
        // Also while something is being sent to an end that does not read.
        biased;
        closing = watch(guard, &caller, settings) => closing,
        closing = pump(socket, to_handler, from_handler, handler) => closing,
    }
}

/// Ends when the caller's token does.
async fn watch(guard: &Guard, caller: &Caller, settings: &SocketSettings) -> Closing {
    let opened = Instant::now();
    let mut ticks = interval(settings.recheck.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(refusal) = guard.recheck(caller) {
            return Closing::of(&refusal);
        }
        if !guard.knows_end(caller) && opened.elapsed() >= settings.longest {
            return Closing::EXPIRED;
        }
    }
}

/// Carries messages both ways while the handler runs.
async fn pump(
    socket: &mut WebSocket,
    to_handler: mpsc::Sender<Message>,
    mut from_handler: mpsc::Receiver<Message>,
    handler: impl Future<Output = ()>,
) -> Closing {
    let mut handler = pin!(handler);
    loop {
        let next = async {
            // What the handler has no room for is not read yet: the other end waits. A handler that only sends still has its
            // socket read, for pings and the end.
            let room = to_handler.reserve().await.ok();
            (socket.recv().await, room)
        };
        tokio::select! {
            () = &mut handler => break,
            Some(message) = from_handler.recv() => {
                if socket.send(message).await.is_err() {
                    return Closing::GONE;
                }
            }
            (message, room) = next => match message {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_))) | None => return Closing::GONE,
                Some(Ok(message)) => {
                    if let Some(room) = room {
                        room.send(message);
                    }
                }
                Some(Err(_)) => return Closing::TOO_LONG,
            },
        }
    }
    while let Ok(message) = from_handler.try_recv() {
        if socket.send(message).await.is_err() {
            return Closing::GONE;
        }
    }
    Closing::DONE
}
