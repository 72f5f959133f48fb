//! Folders that users publish, for everyone who has been given the address.
//!
//! An address holds 128 random bits and nothing of its user. What is behind it is the user's own HTML and script, of which
//! nothing is believed: the sandbox gives each page an origin that no other page and no part of this service shares, so that it
//! reads neither storage nor cookies nor answers of this host. A service for many puts them on a host of their own besides.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use sentinel_tower::current::{current, scope};
use sentinel_tower::workspace_dir::FilesError;
use sentinel_tower::{Actor, System};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Shared;
use crate::files::{MOST_BYTES, in_folder};

/// Without `allow-same-origin`: the page's origin is its own, and nobody else's. It may not call, send forms or be framed.
const POLICY: &str = "sandbox allow-scripts; default-src 'self' 'unsafe-inline' data:; connect-src 'none'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // The address is what opens it: it must not go on to where a page links.
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    // What is unpublished is gone at once.
    (CACHE_CONTROL, "no-store"),
];

/// What is published. The files stay where they are, so that a page shows what its user has written since.
pub(crate) struct Pages {
    folder: PathBuf,
    known: Mutex<BTreeMap<String, Page>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Page {
    user_id: String,
    path: String,
}

#[derive(Deserialize)]
pub(crate) struct Publication {
    path: String,
}

impl Pages {
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        let mut known = BTreeMap::new();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if let Some(id) = entry.file_name().into_string().ok().filter(|name| is_id(name)) {
                known.insert(id, serde_json::from_slice(&fs::read(entry.path())?)?);
            }
        }
        Ok(Self { folder, known: Mutex::new(known) })
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Page>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, page: Page) -> io::Result<String> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file = fs::File::create_new(self.folder.join(&id))?;
        file.write_all(&serde_json::to_vec(&page)?)?;
        file.sync_all()?;
        self.all().insert(id.clone(), page);
        Ok(id)
    }

    /// Whether it was there, and this user's.
    fn remove(&self, id: &str, user_id: &str) -> io::Result<bool> {
        let mut all = self.all();
        if all.get(id).is_none_or(|page| page.user_id != user_id) {
            return Ok(false);
        }
        // INVARIANT: what is known has an id of our own making, so this is a name in our folder.
        fs::remove_file(self.folder.join(id))?;
        all.remove(id);
        Ok(true)
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The caller, who is a user: what the system does for one is not theirs to publish.
fn user_id(app: &Shared) -> Result<String, FilesError> {
    Ok(app.workspaces.user_id_of(&Actor::User(current()?))?.to_owned())
}

pub(crate) async fn publish(
    State(app): State<Shared>,
    Json(Publication { path }): Json<Publication>,
) -> Result<(StatusCode, Json<Value>), FilesError> {
    let page = Page { user_id: user_id(&app)?, path: path.clone() };
    // It is there, and a folder below the user's own: not all that is theirs.
    in_folder(&app, move |folder| if path.is_empty() { Err(FilesError::NotFound) } else { folder.subdir(&path) })
        .await?;
    let id = app.pages.add(page)?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "url": format!("/p/{id}/") }))))
}

pub(crate) async fn list(State(app): State<Shared>) -> Result<Json<Value>, FilesError> {
    let me = user_id(&app)?;
    let all = app.pages.all();
    let mine = all.iter().filter(|(_, page)| page.user_id == me);
    Ok(Json(json!({ "pages": mine.map(|(id, page)| json!({ "id": id, "path": page.path })).collect::<Vec<_>>() })))
}

pub(crate) async fn unpublish(State(app): State<Shared>, Path(id): Path<String>) -> Result<StatusCode, FilesError> {
    if app.pages.remove(&id, &user_id(&app)?)? { Ok(StatusCode::NO_CONTENT) } else { Err(FilesError::NotFound) }
}

/// Links in a page are relative to its folder.
pub(crate) async fn to_start(Path(id): Path<String>) -> Response {
    if is_id(&id) { Redirect::permanent(&format!("/p/{id}/")).into_response() } else { not_found().into_response() }
}

pub(crate) async fn start(state: State<Shared>, Path(id): Path<String>) -> Response {
    show(state, Path((id, "index.html".to_owned()))).await
}

/// Whoever asks, nobody is asked who they are; the files are read for the one who published them.
pub(crate) async fn show(State(app): State<Shared>, Path((id, path)): Path<(String, String)>) -> Response {
    let Some(Page { user_id, path: folder }) = app.pages.all().get(&id).cloned() else {
        return not_found().into_response();
    };
    let kind = kind_of(&path);
    let reading = in_folder(&app, move |all| all.subdir(&folder)?.read(&path, MOST_BYTES));
    match scope(System::named("pages").on_behalf_of(&user_id), reading).await {
        Ok(bytes) => (HEADERS, [(CONTENT_TYPE, kind)], bytes).into_response(),
        Err(FilesError::System(error)) => FilesError::System(error).into_response(),
        // Whatever it is, it is not published.
        Err(_) => not_found().into_response(),
    }
}

fn not_found() -> impl IntoResponse {
    (StatusCode::NOT_FOUND, HEADERS, "there is no such page")
}

/// By the name alone; what is not known is no page.
fn kind_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    }
}
