//! Why and how a socket is closed.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use http::StatusCode;

use crate::refusal::Refusal;

/// How long the other end has for its part of closing.
const FAREWELL: Duration = Duration::from_secs(1);

/// A close code (RFC 6455 §7.4) and its reason: fixed text, at most 123 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closing {
    code: u16,
    reason: &'static str,
}

impl Closing {
    /// The other end closed it, or is gone.
    pub(super) const GONE: Self = Self { code: 0, reason: "" };
    pub(super) const DONE: Self = Self { code: close_code::NORMAL, reason: "" };
    pub(super) const TOO_LATE: Self = Self::policy("no token came in time");
    pub(super) const NOT_TEXT: Self = Self::policy("the first message is the token, as text");
    /// Or is none: only in the first case will the other end still learn of it.
    pub(super) const TOO_LONG: Self = Self { code: close_code::SIZE, reason: "the message is too long" };
    /// As [`ErrorCode::TokenExpired`](sentinel_core::ErrorCode::TokenExpired).
    pub(super) const EXPIRED: Self = Self { code: 4401, reason: "token_expired" };

    const fn policy(reason: &'static str) -> Self {
        Self { code: close_code::POLICY, reason }
    }

    /// As HTTP would answer, in the range that is an application's own (RFC 6455 §7.4.2).
    pub(super) fn of(refusal: &Refusal) -> Self {
        let code = match refusal.status() {
            StatusCode::UNAUTHORIZED => 4401,
            StatusCode::FORBIDDEN => 4403,
            StatusCode::SERVICE_UNAVAILABLE => close_code::AGAIN,
            StatusCode::BAD_REQUEST => close_code::POLICY,
            _ => close_code::ERROR,
        };
        let reason = match refusal {
            Refusal::Token(_, error) | Refusal::Undecided(error) => error.code().as_str(),
            Refusal::Denied(decision) => decision.reason().as_str(),
            Refusal::Unauthenticated | Refusal::Incomplete(_) => "unauthenticated",
            Refusal::Malformed(_) | Refusal::Misconfigured(_) => "",
        };
        Self { code, reason }
    }

    /// Says so, and waits a moment for the other end: what is cut off at once may never arrive there.
    pub(super) async fn close(self, mut socket: WebSocket) {
        let farewell = async {
            if self != Self::GONE {
                let frame = CloseFrame { code: self.code, reason: Utf8Bytes::from_static(self.reason) };
                if socket.send(Message::Close(Some(frame))).await.is_err() {
                    return;
                }
            }
            while let Some(Ok(_)) = socket.recv().await {}
        };
        let _ = tokio::time::timeout(FAREWELL, farewell).await;
    }
}
