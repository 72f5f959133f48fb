//! Files of users, each in a folder of their own, and pages that they publish.
//!
//! ```text
//! PUBLIC_KEY=keys/public.pem ISSUER=https://sentinel.example.com DATA=data cargo run -p user-files
//! DATA=data cargo run -p user-files migrate USER_ID --dry-run
//! ```
//!
//! With `SENTINEL_URL` and the service's key in `SENTINEL_SERVICE_KEY`, what the server takes back ends here within seconds,
//! open sockets too, and `/live?ticket=wst_…` is a way in. `ALLOW_LOOPBACK=true` is for a server on this machine.
//!
//! No function here takes a user's id: whose files they are says the request, or whoever started the task.
#![forbid(unsafe_code)]

mod background;
mod files;
mod live;
mod pages;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, delete, get};
use sentinel_tower::core::{Algorithm, Algorithms, Expected, Verifier};
use sentinel_tower::current::sync_scope;
use sentinel_tower::fetch::FetchPolicy;
use sentinel_tower::jwks::JwksSettings;
use sentinel_tower::websocket::Tickets;
use sentinel_tower::workspace_dir::Workspaces;
use sentinel_tower::workspace_dir::migration::{Migration, migrate, plan};
use sentinel_tower::{FollowedRevocations, Keys, RevocationSettings, Sentinel, System, spawn};
use tokio::sync::broadcast;

use live::Change;
use pages::Pages;

/// What all requests share.
struct App {
    workspaces: Workspaces,
    pages: Pages,
    changes: broadcast::Sender<Change>,
}

type Shared = Arc<App>;

fn routes(app: Shared, sentinel: Sentinel) -> Router {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/files", get(files::list_all))
        .route("/files/{*path}", get(files::read).put(files::write).delete(files::remove))
        .route("/folders/{*path}", get(files::list).post(files::make_folder))
        .route("/pages", get(pages::list).post(pages::publish))
        .route("/pages/{id}", delete(pages::unpublish))
        .route("/p/{id}", get(pages::to_start))
        .route("/p/{id}/", get(pages::start))
        .route("/p/{id}/{*path}", get(pages::show))
        .route("/live", any(live::live))
        .layer(DefaultBodyLimit::max(files::MOST_BYTES))
        .layer(sentinel.layer())
        .with_state(app)
}

async fn sentinel(issuer: &str) -> Result<Sentinel, Box<dyn Error>> {
    let loopback = env::var("ALLOW_LOOPBACK").is_ok_and(|allowed| allowed == "true");
    let keys = match env::var("JWKS_URL") {
        Ok(url) => {
            let settings = JwksSettings::default();
            let fetch = FetchPolicy { loopback, ..settings.fetch };
            Keys::jwks_url_with(&url, JwksSettings { fetch, ..settings })?
        }
        Err(_) => Keys::pem_file(env::var("PUBLIC_KEY")?, Algorithm::Rs256)?,
    };
    let verifier = Verifier::new(
        Expected::exactly(issuer),
        Expected::exactly("sentinel:access"),
        Algorithms::of(&[Algorithm::Rs256]),
    )
    .token_use("access");
    // What is published is for everyone; a socket says in its first message who it is for.
    let sentinel = Sentinel::new(verifier, keys).exclude_paths(["/health", "/p", "/live"])?;
    let Ok(server) = env::var("SENTINEL_URL") else { return Ok(sentinel) };
    let key = env::var("SENTINEL_SERVICE_KEY")?;
    let settings = RevocationSettings::new(&server, &key);
    let fetch = FetchPolicy { loopback, ..settings.fetch };
    let revocations = FollowedRevocations::follow(RevocationSettings { fetch, ..settings })?;
    revocations.ready().await?;
    Ok(sentinel.follow_revocations(revocations).socket_tickets(Tickets::new(&server, &key, fetch)?))
}

async fn serve(data: PathBuf) -> Result<(), Box<dyn Error>> {
    let issuer = env::var("ISSUER")?;
    for folder in ["workspace", "pages"] {
        fs::create_dir_all(data.join(folder))?;
    }
    let app = Arc::new(App {
        workspaces: Workspaces::open(data.join("workspace"), &issuer)?,
        pages: Pages::open(data.join("pages"))?,
        changes: broadcast::Sender::new(64),
    });
    let seconds = env::var("CLEANUP_SECONDS").map_or(Ok(3600), |seconds| seconds.parse())?;
    let clean_up = background::clean_up(Arc::clone(&app), Duration::from_secs(seconds));
    sync_scope(System::named("cleanup"), || spawn(clean_up));
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:8200".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, routes(app, sentinel(&issuer).await?)).await?;
    Ok(())
}

/// From a folder that was one user's until now.
fn move_to(user_id: &str, data: &Path, dry_run: bool) -> Result<(), Box<dyn Error>> {
    let root = data.join("workspace");
    match if dry_run { plan(root, user_id)? } else { migrate(root, user_id)? } {
        Migration::Moves { user_id, entries } => {
            let verb = if dry_run { "would move" } else { "moved" };
            println!("{verb} {} entries to {user_id}", entries.len());
        }
        _ => println!("nothing to move: every user has a folder"),
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data = PathBuf::from(env::var("DATA").unwrap_or_else(|_| "data".to_owned()));
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => serve(data).await,
        ["migrate", user_id] => move_to(user_id, &data, false),
        ["migrate", user_id, "--dry-run"] => move_to(user_id, &data, true),
        _ => Err("usage: user-files [migrate USER_ID [--dry-run]]".into()),
    }
}
