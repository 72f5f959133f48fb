//! The notes, and what can be done with them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use reqwest::Method;
use sentinel_tower::role::Editor;
use sentinel_tower::{Identity, RequireAction, RequireRole};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::permissions::{Failure, Permission, Permissions, Token};

sentinel_tower::actions! {
    /// Take all notes along.
    pub(crate) ExportNotes = "notes:export";
}

/// What every handler has: the notes, and Sentinel.
#[derive(Clone)]
pub(crate) struct App {
    /// Stands for your database.
    notes: Arc<Mutex<BTreeMap<Uuid, Note>>>,
    permissions: Permissions,
}

#[derive(Clone, Serialize)]
pub(crate) struct Note {
    id: Uuid,
    title: String,
    text: String,
    owner_id: String,
    #[serde(skip)]
    workspace: String,
    /// What it is called at Sentinel, where shares go by it.
    #[serde(skip)]
    permission: Uuid,
}

#[derive(Deserialize)]
pub(crate) struct Draft {
    title: String,
    text: String,
}

#[derive(Deserialize)]
pub(crate) struct Share {
    user_id: Uuid,
    permission: Permission,
}

impl App {
    pub(crate) fn new(permissions: Permissions) -> Self {
        Self { notes: Arc::default(), permissions }
    }

    fn notes(&self) -> MutexGuard<'_, BTreeMap<Uuid, Note>> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A note of the user's workspace. Those of others do not exist.
    fn find(&self, user: &Identity, id: Uuid) -> Result<Note, Failure> {
        let workspace = workspace(user)?;
        self.notes().get(&id).filter(|note| note.workspace == workspace).cloned().ok_or(Failure::NOT_FOUND)
    }

    /// The notes of the workspace that the user may see.
    async fn visible(&self, user: &Identity, token: &Token) -> Result<Vec<Note>, Failure> {
        let workspace = workspace(user)?;
        let visible = self.permissions.visible(token, workspace).await?;
        let notes = self.notes();
        Ok(notes.values().filter(|note| note.workspace == workspace && visible.has(&note.id)).cloned().collect())
    }
}

fn workspace(user: &Identity) -> Result<&str, Failure> {
    user.workspace_id().ok_or(Failure::FORBIDDEN)
}

pub(crate) async fn list(user: Identity, token: Token, State(app): State<App>) -> Result<Json<Vec<Note>>, Failure> {
    app.visible(&user, &token).await.map(Json)
}

/// A role: editors create.
pub(crate) async fn create(
    user: RequireRole<Editor>,
    State(app): State<App>,
    Json(Draft { title, text }): Json<Draft>,
) -> Result<(StatusCode, Json<Note>), Failure> {
    let (id, workspace, owner_id) = (Uuid::new_v4(), workspace(&user)?.to_owned(), user.user_id().to_owned());
    // First: a note that Sentinel does not know is one that nobody may see.
    let permission = app.permissions.register(id, &workspace, &owner_id).await?;
    let note = Note { id, title, text, owner_id, workspace, permission };
    app.notes().insert(id, note.clone());
    Ok((StatusCode::CREATED, Json(note)))
}

/// An action: whoever has a role that it was given to.
pub(crate) async fn export(
    user: RequireAction<ExportNotes>,
    token: Token,
    State(app): State<App>,
) -> Result<String, Failure> {
    let notes = app.visible(&user, &token).await?;
    Ok(notes.iter().map(|Note { title, text, .. }| format!("# {title}\n\n{text}\n\n")).collect())
}

/// A relation: whoever may view this very note. The gateway has asked.
pub(crate) async fn read(user: Identity, State(app): State<App>, Path(id): Path<Uuid>) -> Result<Json<Note>, Failure> {
    app.find(&user, id).map(Json)
}

/// A relation: whoever may edit this very note. The gateway has asked.
pub(crate) async fn edit(
    user: Identity,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(Draft { title, text }): Json<Draft>,
) -> Result<Json<Note>, Failure> {
    let note = Note { title, text, ..app.find(&user, id)? };
    app.notes().insert(id, note.clone());
    Ok(Json(note))
}

/// Its owner says who else may view or edit it.
pub(crate) async fn share(
    user: Identity,
    token: Token,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(Share { user_id, permission }): Json<Share>,
) -> Result<StatusCode, Failure> {
    let body = json!({ "grantee_type": "user", "grantee_id": user_id, "permission": permission });
    app.permissions.share(&token, Method::POST, app.find(&user, id)?.permission, body).await?;
    Ok(StatusCode::CREATED)
}

/// And takes that back.
pub(crate) async fn unshare(
    user: Identity,
    token: Token,
    State(app): State<App>,
    Path(id): Path<Uuid>,
    Json(Share { user_id, permission }): Json<Share>,
) -> Result<StatusCode, Failure> {
    let body = json!({ "grantee_type": "user", "grantee_id": user_id, "permission": permission });
    app.permissions.share(&token, Method::DELETE, app.find(&user, id)?.permission, body).await?;
    Ok(StatusCode::NO_CONTENT)
}
