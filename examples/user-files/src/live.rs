//! What changes, told to whom it belongs.

use axum::extract::State;
use axum::response::Response;
use sentinel_tower::current::actor;
use sentinel_tower::websocket::{Socket, SocketUpgrade};
use serde_json::json;

use crate::Shared;

/// A change of somebody's file.
#[derive(Clone)]
pub(crate) struct Change {
    user_id: String,
    path: String,
}

/// Whom this runs for, in the spelling that their folder has.
fn user_id(app: &Shared) -> Option<String> {
    app.workspaces.user_id_of(&actor().ok()?).ok().map(str::to_owned)
}

/// Tells the user's own sockets.
pub(crate) fn tell(app: &Shared, path: &str) {
    if let Some(user_id) = user_id(app) {
        // Nobody listens: fine.
        let _ = app.changes.send(Change { user_id, path: path.to_owned() });
    }
}

pub(crate) async fn live(State(app): State<Shared>, upgrade: SocketUpgrade) -> Response {
    upgrade.on_upgrade(move |mut socket: Socket| async move {
        let mut changes = app.changes.subscribe();
        let Some(me) = user_id(&app) else { return };
        if socket.send(json!({ "ready": true }).to_string()).await.is_err() {
            return;
        }
        loop {
            tokio::select! {
                message = socket.recv() => if message.is_none() { return },
                change = changes.recv() => match change {
                    Ok(change) if change.user_id == me => {
                        if socket.send(json!({ "changed": change.path }).to_string()).await.is_err() {
                            return;
                        }
                    }
                    // Another one's, or too many at once.
                    Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(_) => return,
                },
            }
        }
    })
}
