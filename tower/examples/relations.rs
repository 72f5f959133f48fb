//! A service whose rules and handlers ask for relations: of the bundle that it holds, or of the server each time.
//!
//! `SENTINEL_URL=… SENTINEL_WORKSPACE=… SENTINEL_SERVICE_KEY=… cargo run -p sentinel-tower --example relations`
//!
//! `SENTINEL_ASK` names a URL to ask instead of the bundle: `…/stores/{id}/check` or `…/stores/{id}/access/v1/evaluation`.

use std::env;
use std::error::Error;

use axum::extract::Path;
use axum::routing::get;
use axum::{Router, serve};
use sentinel_tower::bundle::{BundleSettings, FollowedBundle};
use sentinel_tower::core::bundle::Scope;
use sentinel_tower::fetch::FetchPolicy;
use sentinel_tower::jwks::JwksSettings;
use sentinel_tower::{Dialect, Keys, Rejection, Relations, Sentinel, ServerRelations, ServerSettings};

async fn shared_by(Path(id): Path<String>, relations: Relations) -> Result<String, Rejection> {
    relations.require("owner", &format!("resource:notes/note/{id}")).await?;
    Ok(format!("you share note {id}"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (server, workspace) = (env::var("SENTINEL_URL")?, env::var("SENTINEL_WORKSPACE")?);
    let key = env::var("SENTINEL_SERVICE_KEY")?;
    let configuration = format!(
        r#"{{
            "issuer": "{server}", "audience": "sentinel:access", "tokenUse": "access", "algorithms": ["RS256"],
            "rules": [
                {{ "method": "GET", "path": "/notes/:id",
                   "allow": {{ "relation": "view", "object": "resource:notes/note/{{id}}" }} }},
                {{ "method": "GET", "path": "/notes/:id/shares", "allow": "authenticated" }}
            ]
        }}"#
    );
    // For a server on this machine.
    let fetch = FetchPolicy { loopback: true, ..FetchPolicy::default() };
    let keys = Keys::jwks_url_with(
        &format!("{server}/.well-known/jwks.json"),
        JwksSettings { fetch, ..JwksSettings::default() },
    )?;
    let sentinel = Sentinel::from_json(configuration.as_bytes(), keys.clone())?;
    let sentinel = match env::var("SENTINEL_ASK").ok() {
        Some(url) => {
            let dialect = if url.ends_with("/check") { Dialect::OpenFga } else { Dialect::AuthZen };
            let workspace = Some(workspace);
            let settings = ServerSettings { url, dialect, key, issuer: server, workspace, fetch };
            sentinel.relations(ServerRelations::new(settings)?)
        }
        None => {
            let place = format!("{server}/bundles/v1/workspaces/{workspace}");
            let scope = Scope::workspace(&workspace).of_service("notes");
            let settings = BundleSettings::new(&format!("{place}/services/notes"), &server, scope, &key);
            let bundle = FollowedBundle::follow(
                BundleSettings {
                    events: Some(format!("{place}/events")),
                    fetch: FetchPolicy { loopback: true, ..settings.fetch },
                    ..settings
                },
                keys,
            )?;
            bundle.ready().await?;
            sentinel.relations(bundle)
        }
    };
    let routes =
        Router::new().route("/notes/{id}", get(|| async { "a note" })).route("/notes/{id}/shares", get(shared_by));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    serve(listener, routes.layer(sentinel.layer())).await?;
    Ok(())
}
