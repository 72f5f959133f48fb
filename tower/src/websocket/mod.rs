//! WebSockets whose other end is known.
//!
//! A browser cannot put a token into a socket's opening request, and must not put it into the URL. The first message is the
//! token instead: until it is verified, like any other, nothing else is read. A client that can set headers sends its token
//! there; then the layer knows it already, and the first message is the application's.
//!
//! Where the service [takes tickets](crate::Sentinel::socket_tickets), a client may also put one into the URL, `?ticket=wst_…`: it is redeemed at the
//! server before the socket opens, and 401 where that refuses it.
//!
//! The socket ends when the token does, or is taken back: see [`SocketSettings::recheck`].
//!
//! ```
//! use axum::{Router, response::Response, routing::any};
//! use sentinel_tower::websocket::{Socket, SocketUpgrade};
//! use sentinel_tower::{Sentinel, current};
//!
//! async fn live(upgrade: SocketUpgrade) -> Response {
//!     upgrade.on_upgrade(|mut socket: Socket| async move {
//!         // In the name of whoever is at its other end.
//!         let Ok(user) = current() else { return };
//!         let _ = socket.send(format!("welcome, {}", user.user_id())).await;
//!         while let Some(message) = socket.recv().await {
//!             if socket.send(message).await.is_err() { break }
//!         }
//!     })
//! }
//!
//! fn app(sentinel: Sentinel) -> Result<Router, sentinel_tower::core::Error> {
//!     // The socket's path is open: who it is for shows in the first message.
//!     Ok(Router::new().route("/live", any(live)).layer(sentinel.exclude_paths(["/live"])?.layer()))
//! }
//! ```
//!
//! | closed with | when |
//! |---|---|
//! | 4401 | the token was refused, ended or was taken back; the reason is the [error code](crate::core::ErrorCode) |
//! | 4403 | the caller is known and may not: of a workspace that is not allowed |
//! | 1008 | the first message did not come in time, or is no text |
//! | 1009 | a message is longer than [`SocketSettings::message_bytes`] |
//! | 1013 | the keys or the revocations cannot be had: try again later |
//!
//! Of a [pair](crate::Sentinel::pair), the first message is both tokens with a space between them, the identity provider's first.
//! Behind a [gateway](crate::Sentinel::behind) the opening request has the gateway's proof, and no first message counts.

mod closing;
mod run;
#[cfg(feature = "http-client")]
mod tickets;

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use tokio::sync::mpsc;

use crate::identity::{Identity, session};
use crate::layer::Session;
use crate::sentinel::Sender;

#[cfg(feature = "http-client")]
pub use tickets::Tickets;

/// What a socket may cost, and how long it goes on.
#[derive(Clone, Copy, Debug)]
pub struct SocketSettings {
    /// How long a client may take to say who it is.
    pub first_message: Duration,
    /// The longest message in bytes, also the first.
    pub message_bytes: usize,
    /// After how long it is asked again whether the caller's token still holds: its end, and the service's
    /// [revocations](crate::Sentinel::revocations). The socket ends within this time.
    pub recheck: Duration,
    /// How long a socket stays open whose token does not say when it ends: one without `exp`, or behind a gateway, whose
    /// proof is for the opening request alone.
    pub longest: Duration,
}

impl SocketSettings {
    /// Five seconds, 64 KiB, one second, one hour.
    pub const DEFAULT: Self = Self {
        first_message: Duration::from_secs(5),
        message_bytes: 64 * 1024,
        recheck: Duration::from_secs(1),
        longest: Duration::from_secs(3600),
    };
}

impl Default for SocketSettings {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A request to open a socket, as an argument of an axum handler. On a route without a
/// [`SentinelLayer`](crate::SentinelLayer) it answers 500, to what is no such request 4xx, and to a token in a header that was
/// refused 401.
pub struct SocketUpgrade {
    upgrade: WebSocketUpgrade,
    session: Session,
    settings: SocketSettings,
}

/// A socket whose other end is known.
#[derive(Debug)]
pub struct Socket {
    identity: Identity,
    incoming: mpsc::Receiver<Message>,
    outgoing: mpsc::Sender<Message>,
}

/// The socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketClosed;

impl<S: Send + Sync> FromRequestParts<S> for SocketUpgrade {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = session(&parts.extensions).cloned().map_err(IntoResponse::into_response)?;
        if let Sender::Refused(refusal) = &session.sender {
            return Err(session.guard.reject(*refusal).into_response());
        }
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        // Only where a socket is opened is a ticket used up, and only where nobody is known yet.
        #[cfg(feature = "http-client")]
        let session = with_ticket(session, parts.uri.query()).await?;
        Ok(Self { upgrade, session, settings: SocketSettings::DEFAULT })
    }
}

/// Whoever the ticket in the URL is for, where the service takes tickets.
#[cfg(feature = "http-client")]
async fn with_ticket(mut session: Session, query: Option<&str>) -> Result<Session, Response> {
    if let (Sender::Anonymous, Some(tickets)) = (&session.sender, session.guard.tickets()) {
        let redeemed = async {
            let Some(ticket) = tickets::of(query)? else { return Ok(None) };
            session.guard.admit_message(&tickets.redeem(ticket).await?).await.map(Some)
        };
        match redeemed.await {
            Ok(None) => {}
            Ok(Some(caller)) => session.sender = Sender::Known(std::sync::Arc::new(caller)),
            Err(refusal) => return Err(session.guard.reject(refusal).into_response()),
        }
    }
    Ok(session)
}

impl SocketUpgrade {
    /// Other settings than the default.
    #[must_use]
    pub fn settings(mut self, settings: SocketSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The subprotocols that the service speaks, by preference.
    #[must_use]
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = &'static str>) -> Self {
        self.upgrade = self.upgrade.protocols(protocols);
        self
    }

    /// Opens the socket, and once its other end is known hands it to `handler`, which runs [in its name](mod@crate::current).
    /// The socket ends with the handler, and the handler, wherever it waits, with the socket.
    #[must_use = "the socket is opened by this answer"]
    pub fn on_upgrade<H, F>(self, handler: H) -> Response
    where
        H: FnOnce(Socket) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { upgrade, session, settings } = self;
        let limited = upgrade.max_message_size(settings.message_bytes).max_frame_size(settings.message_bytes);
        limited.on_upgrade(move |socket| run::run(socket, session, settings, handler))
    }
}

impl std::fmt::Debug for SocketUpgrade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SocketUpgrade").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Socket {
    /// Who is at its other end.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The next message of the application's: text or binary. `None` once the socket is closed.
    pub async fn recv(&mut self) -> Option<Message> {
        self.incoming.recv().await
    }

    /// Sends a message; waits while others are on their way.
    ///
    /// # Errors
    /// [`SocketClosed`].
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), SocketClosed> {
        self.outgoing.send(message.into()).await.map_err(|_| SocketClosed)
    }
}

impl std::fmt::Display for SocketClosed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the socket is closed")
    }
}

impl std::error::Error for SocketClosed {}
