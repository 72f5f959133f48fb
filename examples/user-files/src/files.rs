//! The caller's files.

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::IntoResponse;
use sentinel_tower::workspace_dir::{Entry, FilesError, WorkspaceDir};
use sentinel_tower::{spawn, spawn_blocking};
use serde_json::{Value, json};

use crate::{Shared, background, live};

/// The largest file.
pub(crate) const MOST_BYTES: usize = 1024 * 1024;
/// As many as a folder may hold to be listed.
const MOST_ENTRIES: usize = 1000;

/// A file is for whoever asked, and never a page: what is in it may be anyone's.
const AS_IT_IS: [(HeaderName, &str); 5] = [
    (CONTENT_TYPE, "application/octet-stream"),
    (CONTENT_DISPOSITION, "attachment"),
    (CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (CACHE_CONTROL, "private, no-store"),
];

/// Works in the folder of whoever this runs for, off the threads that serve requests.
pub(crate) async fn in_folder<T: Send + 'static>(
    app: &Shared,
    work: impl FnOnce(WorkspaceDir) -> Result<T, FilesError> + Send + 'static,
) -> Result<T, FilesError> {
    let app = Arc::clone(app);
    let worked = spawn_blocking(move || work(app.workspaces.workspace_dir()?));
    worked.await.unwrap_or_else(|error| Err(io::Error::other(error).into()))
}

fn listed(entries: Vec<Entry>) -> Json<Value> {
    let entry = |Entry { name, is_folder, bytes }| json!({ "name": name, "folder": is_folder, "bytes": bytes });
    Json(json!({ "entries": entries.into_iter().map(entry).collect::<Vec<_>>() }))
}

pub(crate) async fn list_all(State(app): State<Shared>) -> Result<Json<Value>, FilesError> {
    Ok(listed(in_folder(&app, |folder| folder.list("", MOST_ENTRIES)).await?))
}

pub(crate) async fn list(State(app): State<Shared>, Path(path): Path<String>) -> Result<Json<Value>, FilesError> {
    Ok(listed(in_folder(&app, move |folder| folder.list(&path, MOST_ENTRIES)).await?))
}

pub(crate) async fn make_folder(State(app): State<Shared>, Path(path): Path<String>) -> Result<StatusCode, FilesError> {
    in_folder(&app, move |folder| folder.create_dir_all(&path)).await?;
    Ok(StatusCode::CREATED)
}

pub(crate) async fn read(State(app): State<Shared>, Path(path): Path<String>) -> Result<impl IntoResponse, FilesError> {
    Ok((AS_IT_IS, in_folder(&app, move |folder| folder.read(&path, MOST_BYTES)).await?))
}

pub(crate) async fn write(
    State(app): State<Shared>,
    Path(path): Path<String>,
    bytes: Bytes,
) -> Result<StatusCode, FilesError> {
    let written = path.clone();
    in_folder(&app, move |folder| folder.write(&written, &bytes)).await?;
    live::tell(&app, &path);
    // Goes on after the answer, for whoever asked.
    spawn(background::preview(app, path));
    Ok(StatusCode::CREATED)
}

pub(crate) async fn remove(State(app): State<Shared>, Path(path): Path<String>) -> Result<StatusCode, FilesError> {
    let removed = path.clone();
    in_folder(&app, move |folder| folder.remove_file(&removed)).await?;
    live::tell(&app, &path);
    Ok(StatusCode::NO_CONTENT)
}
