//! docs/guide/quickstarts.md: a protected route and a public one.

use std::{env, error::Error};

use axum::{Router, routing::get};
use sentinel_tower::core::{Algorithm, Algorithms, Expected, Verifier};
use sentinel_tower::{Keys, RequireRole, Sentinel, fetch::FetchPolicy, jwks::JwksSettings, role::Viewer};

async fn notes(user: RequireRole<Viewer>) -> String {
    format!("the notes of {}", user.user_id())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = env::var("SENTINEL_URL")?;
    // A server on this machine speaks plain http.
    let fetch = FetchPolicy { loopback: true, ..FetchPolicy::default() };
    let jwks = format!("{issuer}/.well-known/jwks.json");
    let keys = Keys::jwks_url_with(&jwks, JwksSettings { fetch, ..JwksSettings::default() })?;
    let algorithms = Algorithms::of(&[Algorithm::Rs256]);
    let verifier = Verifier::new(Expected::exactly(&issuer), Expected::exactly("sentinel:access"), algorithms);
    let sentinel = Sentinel::new(verifier.token_use("access"), keys).exclude_paths(["/health"])?;

    let app: Router =
        Router::new().route("/health", get(|| async { "ok" })).route("/notes", get(notes)).layer(sentinel.layer());
    let listener = tokio::net::TcpListener::bind(env::var("ADDRESS")?).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
