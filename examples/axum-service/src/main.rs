//! Documents of workspaces: everyone in a workspace reads, editors write, admins delete.
//!
//! ```text
//! PUBLIC_KEY=keys/public.pem ISSUER=https://sentinel.example.com cargo run -p axum-service
//! JWKS_URL=https://sentinel.example.com/.well-known/jwks.json ISSUER=https://sentinel.example.com cargo run -p axum-service
//! ```
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::{Json, Router};
use sentinel_tower::core::{Algorithm, Algorithms, Expected, Verifier};
use sentinel_tower::role::{Admin, Editor};
use sentinel_tower::{Identity, Keys, RequireRole, Sentinel};
use serde_json::{Value, json};

/// Every document belongs to a workspace, and every query says which.
#[derive(Clone, Default)]
struct Documents(Arc<Mutex<BTreeMap<(String, String), String>>>);

impl Documents {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(String, String), String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A token without a workspace has no documents: the caller's fault, not ours.
fn workspace(user: &Identity) -> Result<String, StatusCode> {
    user.workspace_id().map(str::to_owned).ok_or(StatusCode::FORBIDDEN)
}

async fn list(user: Identity, State(documents): State<Documents>) -> Result<Json<Value>, StatusCode> {
    let workspace = workspace(&user)?;
    let names: Vec<String> =
        documents.all().keys().filter(|(owner, _)| *owner == workspace).map(|(_, name)| name.clone()).collect();
    Ok(Json(json!({ "documents": names })))
}

async fn write(
    user: RequireRole<Editor>,
    State(documents): State<Documents>,
    Path(name): Path<String>,
    text: String,
) -> Result<StatusCode, StatusCode> {
    documents.all().insert((workspace(&user)?, name), text);
    Ok(StatusCode::CREATED)
}

async fn delete(
    user: RequireRole<Admin>,
    State(documents): State<Documents>,
    Path(name): Path<String>,
) -> Result<StatusCode, StatusCode> {
    let found = documents.all().remove(&(workspace(&user)?, name));
    found.map(|_| StatusCode::NO_CONTENT).ok_or(StatusCode::NOT_FOUND)
}

fn app(sentinel: Sentinel) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/documents", get(list))
        .route("/documents/{name}", put(write).delete(delete))
        .layer(sentinel.layer())
        .with_state(Documents::default())
}

fn sentinel() -> Result<Sentinel, Box<dyn Error>> {
    let keys = match env::var("JWKS_URL") {
        Ok(url) => Keys::jwks_url(&url)?,
        Err(_) => Keys::pem_file(env::var("PUBLIC_KEY")?, Algorithm::Rs256)?,
    };
    let verifier = Verifier::new(
        Expected::exactly(&env::var("ISSUER")?),
        Expected::exactly("sentinel:access"),
        Algorithms::of(&[Algorithm::Rs256]),
    )
    .token_use("access");
    Ok(Sentinel::new(verifier, keys).exclude_paths(["/health"])?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:8200".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app(sentinel()?)).await?;
    Ok(())
}
