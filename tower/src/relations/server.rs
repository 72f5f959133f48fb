//! Relations that a server is asked for, question by question.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use sentinel_core::{Error, ErrorCode};
use serde_json::{Value, json};

use super::{Answering, Realm, RelationQuestion, RelationSource};
use crate::fetch::{FetchPolicy, Fetcher};

/// Longest answer in bytes: a decision is one word.
const ANSWER_BYTES: usize = 16 * 1024;

/// What the server is asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// OpenID AuthZEN Authorization API 1.0: `…/access/v1/evaluation`. It has no place for what a token claims: a question
    /// with claims is not asked.
    AuthZen,
    /// OpenFGA's API: `…/stores/{id}/check`. What a token claims goes along as contextual tuples.
    OpenFga,
}

/// Which server is asked, and for whom.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where questions are sent.
    pub url: String,
    /// What they are asked in.
    pub dialect: Dialect,
    /// The service's key, sent as a bearer token.
    pub key: String,
    /// Whose users the server knows: the `iss` of their tokens.
    pub issuer: String,
    /// The workspace that the store is of. A token for another one has no relations here.
    pub workspace: Option<String>,
    /// What a question may reach and cost.
    pub fetch: FetchPolicy,
}

/// Relations by asking a server.
pub struct ServerRelations {
    fetcher: Fetcher,
    url: String,
    dialect: Dialect,
    key: HeaderValue,
    realm: Realm,
}

impl ServerRelations {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// `configuration_invalid` where the policy refuses the URL, or the key cannot stand in a header.
    pub fn new(settings: ServerSettings) -> Result<Self, Error> {
        let ServerSettings { url, dialect, key, issuer, workspace, fetch } = settings;
        let policy = FetchPolicy { max_bytes: fetch.max_bytes.min(ANSWER_BYTES), ..fetch };
        let fetcher = Fetcher::new(policy)
            .map_err(|_| Error::with(ErrorCode::Unavailable, "the system's certificate store cannot be used"))?;
        fetcher.check(&url).map_err(|_| {
            Error::with(ErrorCode::ConfigurationInvalid, "the URL of relations is not one that may be asked")
        })?;
        let mut key = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| Error::with(ErrorCode::ConfigurationInvalid, "the service key is no header's text"))?;
        key.set_sensitive(true);
        Ok(Self { fetcher, url, dialect, key, realm: Realm { issuer, workspace } })
    }

    async fn ask(&self, asked: RelationQuestion<'_>) -> Result<bool, Error> {
        if !self.realm.admits(asked.identity)? {
            return Ok(false);
        }
        let (question, answer) = match self.dialect {
            Dialect::AuthZen if !asked.claimed.is_empty() => {
                return Err(Error::with(ErrorCode::Undecided, "AuthZEN has no place for what the token claims"));
            }
            Dialect::AuthZen => (authzen(&asked).ok_or(ErrorCode::Undecided)?, "decision"),
            Dialect::OpenFga => (openfga(&asked), "allowed"),
        };
        let request = http::Request::post(&self.url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, self.key.clone())
            .body(question.to_string().into_bytes())
            .map_err(|_| ErrorCode::Unavailable)?;
        let response = self.fetcher.send(request).await.map_err(|why| {
            tracing::warn!(reason = %why, "the server could not be asked for a relation");
            ErrorCode::Unavailable
        })?;
        let status = response.status().as_u16();
        let said = serde_json::from_slice::<Value>(response.body()).ok();
        match said.as_ref().and_then(|said| said.get(answer)).and_then(Value::as_bool) {
            Some(has) if status == 200 => Ok(has),
            _ => {
                tracing::warn!(status, "the server did not say whether there is a relation");
                Err(ErrorCode::Undecided.into())
            }
        }
    }
}

impl RelationSource for ServerRelations {
    fn has<'a>(&'a self, asked: RelationQuestion<'a>) -> Answering<'a> {
        Box::pin(self.ask(asked))
    }
}

impl std::fmt::Debug for ServerRelations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerRelations").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}

fn authzen(asked: &RelationQuestion<'_>) -> Option<Value> {
    let entity = |text: &str| text.split_once(':').map(|(of, id)| json!({ "type": of, "id": id }));
    let (subject, resource) = (entity(asked.user)?, entity(asked.object)?);
    Some(json!({ "subject": subject, "action": { "name": asked.relation }, "resource": resource }))
}

fn openfga(asked: &RelationQuestion<'_>) -> Value {
    let key =
        |object: &str, relation: &str, user: &str| json!({ "object": object, "relation": relation, "user": user });
    let claimed: Vec<Value> =
        asked.claimed.iter().map(|tuple| key(tuple.object(), tuple.relation(), tuple.user())).collect();
    let mut question = json!({ "tuple_key": key(asked.object, asked.relation, asked.user) });
    if let (false, Some(members)) = (claimed.is_empty(), question.as_object_mut()) {
        members.insert("contextual_tuples".to_owned(), json!({ "tuple_keys": claimed }));
    }
    question
}
