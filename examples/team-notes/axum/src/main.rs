//! Team Notes, the backend: notes of workspaces, behind Sentinel's gateway.
//!
//! ```text
//! SENTINEL_URL=https://auth.example.com SENTINEL_SERVICE_KEY=sk_… SENTINEL_GATEWAY_KEY=… cargo run -p team-notes
//! ```
//!
//! | route | asks for | where that is decided |
//! |---|---|---|
//! | `GET /api/notes` | a role: viewer | gateway; which notes, Sentinel says |
//! | `POST /api/notes` | a role: editor | gateway, and `RequireRole` |
//! | `GET /api/notes/export` | an action: `notes:export` | gateway, and `RequireAction` |
//! | `GET`, `PUT /api/notes/{id}` | a relation to this note: `view`, `edit` | gateway, by Sentinel's signed policy |
//! | `POST`, `DELETE /api/notes/{id}/shares` | to own it | Sentinel's `/permissions` |
#![forbid(unsafe_code)]

mod notes;
mod permissions;

use std::env;
use std::error::Error;

use axum::Router;
use axum::routing::{get, post};
use notes::{App, create, edit, export, list, read, share, unshare};
use permissions::Permissions;
use sentinel_tower::Sentinel;
use sentinel_tower::core::gateway::Gateway;

fn router(sentinel: Sentinel, app: App) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/api/notes", get(list).post(create))
        .route("/api/notes/export", get(export))
        .route("/api/notes/{id}", get(read).put(edit))
        .route("/api/notes/{id}/shares", post(share).delete(unshare))
        .layer(sentinel.layer())
        .with_state(app)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Which cryptography TLS to Sentinel uses: one of a process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let permissions = Permissions::new(&env::var("SENTINEL_URL")?, &env::var("SENTINEL_SERVICE_KEY")?)?;
    permissions.register_actions().await?;
    // Who asks, the gateway proves with each request. Around it there is no way in.
    let gateway = Gateway::new("sentinel-gateway", "team-notes");
    let sentinel = Sentinel::behind(gateway, env::var("SENTINEL_GATEWAY_KEY")?.as_bytes())?;

    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:8200".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router(sentinel.exclude_paths(["/health"])?, App::new(permissions))).await?;
    Ok(())
}
