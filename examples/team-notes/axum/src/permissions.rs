//! What Sentinel is told and asked: which notes there are, whose they are, and who else may see or edit them.

use std::error::Error;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

/// What this service is called at Sentinel, and what its resources are.
const SERVICE: &str = "notes";
const NOTE: &str = "note";

/// Sentinel's `/permissions`, opened by this service's key.
#[derive(Clone)]
pub(crate) struct Permissions {
    client: Client,
    url: String,
    key: String,
}

/// What a share lets someone do.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Permission {
    View,
    Edit,
}

/// The notes of a workspace that someone may see.
#[derive(Deserialize)]
pub(crate) struct Visible {
    resource_ids: Vec<Uuid>,
    /// For admins: all.
    has_full_access: bool,
}

impl Visible {
    pub(crate) fn has(&self, note: &Uuid) -> bool {
        self.has_full_access || self.resource_ids.contains(note)
    }
}

#[derive(Deserialize)]
struct Registered {
    id: Uuid,
}

impl Permissions {
    pub(crate) fn new(url: &str, key: &str) -> Result<Self, Box<dyn Error>> {
        let client = Client::builder().timeout(Duration::from_secs(5)).build()?;
        Ok(Self { client, url: url.trim_end_matches('/').to_owned(), key: key.to_owned() })
    }

    /// Names what roles can be given. Harmless when repeated.
    pub(crate) async fn register_actions(&self) -> Result<(), Box<dyn Error>> {
        let body = json!({ "service_name": SERVICE, "actions": [{ "action": "notes:export" }] });
        let request = self.client.post(format!("{}/roles/actions/register", self.url));
        request.header("x-service-key", &self.key).json(&body).send().await?.error_for_status()?;
        Ok(())
    }

    /// Makes a new note known. Nobody but its owner may see it. Shares go by the id that it has at Sentinel.
    pub(crate) async fn register(&self, note: Uuid, workspace: &str, owner: &str) -> Result<Uuid, Failure> {
        let body = json!({
            "service_name": SERVICE, "resource_type": NOTE, "resource_id": note,
            "workspace_id": workspace, "owner_id": owner, "visibility": "private",
        });
        let Registered { id } = self.ask(Method::POST, "/permissions/register", None, body).await?;
        Ok(id)
    }

    pub(crate) async fn visible(&self, user: &Token, workspace: &str) -> Result<Visible, Failure> {
        let body = json!({
            "service_name": SERVICE, "resource_type": NOTE, "action": Permission::View, "workspace_id": workspace,
        });
        self.ask(Method::POST, "/permissions/accessible", Some(user), body).await
    }

    /// Shares a note, or with DELETE takes the share back. Sentinel refuses whoever may not.
    pub(crate) async fn share(&self, user: &Token, method: Method, id: Uuid, body: Value) -> Result<(), Failure> {
        let _: Value = self.ask(method, &format!("/permissions/{id}/share"), Some(user), body).await?;
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        user: Option<&Token>,
        body: Value,
    ) -> Result<T, Failure> {
        let request = self.client.request(method, format!("{}{path}", self.url)).header("x-service-key", &self.key);
        let request = match user {
            Some(Token(token)) => request.bearer_auth(token),
            None => request,
        };
        // Without an answer nothing is allowed.
        let response = request.json(&body).send().await.map_err(|_| Failure::UNAVAILABLE)?;
        match response.status() {
            status if status.is_success() => response.json().await.map_err(|_| Failure::UNAVAILABLE),
            StatusCode::FORBIDDEN => Err(Failure::FORBIDDEN),
            status @ (StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND | StatusCode::CONFLICT) => {
                Err(Failure(status, "refused"))
            }
            StatusCode::UNAUTHORIZED => Err(Failure(StatusCode::UNAUTHORIZED, "token_revoked")),
            _ => Err(Failure::UNAVAILABLE),
        }
    }
}

/// The user's token for Sentinel, which the gateway hands on.
pub(crate) struct Token(String);

impl<S: Sync> FromRequestParts<S> for Token {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let token = parts.headers.get("x-authz-token").and_then(|value| value.to_str().ok());
        token.map(|token| Self(token.to_owned())).ok_or(Failure(StatusCode::UNAUTHORIZED, "unauthenticated"))
    }
}

/// Why there is no good answer: a status, and a word for it.
pub(crate) struct Failure(StatusCode, &'static str);

impl Failure {
    pub(crate) const NOT_FOUND: Self = Self(StatusCode::NOT_FOUND, "not_found");
    pub(crate) const FORBIDDEN: Self = Self(StatusCode::FORBIDDEN, "relation_required");
    pub(crate) const UNAVAILABLE: Self = Self(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self(status, reason) = self;
        let problem = json!({ "type": "about:blank", "status": status.as_u16(), "reason": reason });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    }
}
