//! Who, what and to what.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::http::openfga::dialect::{Ask, AtLeast, Refused};
use crate::http::openfga::wire::consistency;
use crate::service::policy::{Circumstances, PolicyError, weight};

/// A subject or a resource. In a search one of them has no `id`.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(super) struct Entity {
    pub(super) r#type: Option<String>,
    pub(super) id: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub(super) properties: Option<Map<String, Value>>,
}

/// An action.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(super) struct Action {
    pub(super) name: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub(super) properties: Option<Map<String, Value>>,
}

/// A question, or what questions have in common.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub(super) struct Evaluation {
    pub(super) subject: Option<Entity>,
    pub(super) action: Option<Action>,
    pub(super) resource: Option<Entity>,
    #[schema(value_type = Option<Object>)]
    pub(super) context: Option<Map<String, Value>>,
}

/// A member that must be there and say something.
pub(super) fn needed<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, PolicyError> {
    let value = value.filter(|value| !value.is_empty());
    value.ok_or_else(|| PolicyError::validation(format!("{name} is missing")))
}

impl Entity {
    pub(super) fn kind(&self, name: &str) -> Result<&str, PolicyError> {
        needed(self.r#type.as_deref(), &format!("{name}.type"))
    }

    /// `type:id`.
    pub(super) fn text(&self, name: &str) -> Result<String, PolicyError> {
        Ok(format!("{}:{}", self.kind(name)?, needed(self.id.as_deref(), &format!("{name}.id"))?))
    }
}

impl Evaluation {
    pub(super) fn subject(&self) -> Result<&Entity, PolicyError> {
        self.subject.as_ref().ok_or_else(|| PolicyError::validation("subject is missing"))
    }

    pub(super) fn resource(&self) -> Result<&Entity, PolicyError> {
        self.resource.as_ref().ok_or_else(|| PolicyError::validation("resource is missing"))
    }

    pub(super) fn action(&self) -> Result<&str, PolicyError> {
        let action = self.action.as_ref().ok_or_else(|| PolicyError::validation("action is missing"))?;
        needed(action.name.as_deref(), "action.name")
    }

    /// About how many values it has.
    pub(super) fn weight(&self) -> usize {
        let entities = [&self.subject, &self.resource].into_iter().flatten().map(|one| &one.properties);
        let action = self.action.iter().map(|one| &one.properties);
        let all = entities.chain(action).chain([&self.context]);
        all.flatten().flatten().map(|(_, value)| weight(value)).sum()
    }

    /// What conditions are evaluated with: the properties, each with the name of its entity before it, and the request's
    /// context over them.
    pub(super) fn context(&self) -> Map<String, Value> {
        let mut context = Map::new();
        let subject = self.subject.as_ref().and_then(|one| one.properties.as_ref());
        let resource = self.resource.as_ref().and_then(|one| one.properties.as_ref());
        let action = self.action.as_ref().and_then(|one| one.properties.as_ref());
        for (prefix, properties) in [("subject", subject), ("resource", resource), ("action", action)] {
            for (name, value) in properties.into_iter().flatten() {
                context.insert(format!("{prefix}_{name}"), value.clone());
            }
        }
        for (name, value) in self.context.iter().flatten() {
            context.insert(name.clone(), value.clone());
        }
        context
    }
}

/// A JSON body that says that it is one (Authorization API 1.0, section 10.1).
pub(super) struct Json<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refused;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refused> {
        let said = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let said = said.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if !said.eq_ignore_ascii_case("application/json") {
            return Err(PolicyError::validation("the content type must be application/json").into());
        }
        Ask::from_request(request, state).await.map(|Ask(body)| Self(body))
    }
}

/// What the headers say: which model, and which state at least.
pub(super) struct Said {
    model: Option<String>,
    at_least: AtLeast,
}

impl<S: Send + Sync> FromRequestParts<S> for Said {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let model = parts.headers.get("openfga-authorization-model-id").and_then(|value| value.to_str().ok());
        Ok(Self { model: model.map(str::to_owned), at_least: AtLeast::from_request_parts(parts, state).await? })
    }
}

impl Said {
    /// What a question brings along.
    pub(super) fn with(&self, store: &str, asked: &Evaluation) -> Result<Circumstances, PolicyError> {
        Ok(Circumstances {
            model: self.model.clone(),
            consistency: consistency(None, store, self.at_least.0.clone())?,
            context: Some(asked.context()),
            ..Circumstances::default()
        })
    }
}
