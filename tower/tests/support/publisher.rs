//! A publisher of bundles on loopback: a store, its signed frames, and the word that it changed.
#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "part of tests")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use jwt_simple::prelude::*;
use sentinel_tower::bundle::BundleSettings;
use sentinel_tower::core::bundle::{
    Change, Draft, Kind, Manifest, RevocationList, Revoked, Roles, Scope, Snapshot, TYPE, frame,
};
use sentinel_tower::core::policy::Index;
use sentinel_tower::core::policy::model::AuthorizationModel;
use sentinel_tower::core::policy::tuple::TupleKey;
use sentinel_tower::core::{Algorithm, Algorithms};
use sentinel_tower::fetch::FetchPolicy;
use serde_json::{Map, Value};
use tokio::sync::broadcast;

use super::support::{ISSUER, Signer, WORKSPACE, serve};

pub(crate) const SERVICE: &str = "notes";
pub(crate) const NOW: i64 = 1_900_000_000;
pub(crate) const LIFE: i64 = 300;
const MODEL: &str = "
model
  schema 1.1
type user
type group
  relations
    define member: [user]
type note
  relations
    define blocked: [group#member]
    define editor: [user]
    define viewer: [user, group#member] or editor
    define can_read: viewer but not blocked
";

/// What is published next.
pub(crate) struct Store {
    pub(crate) tuples: Vec<TupleKey>,
    pub(crate) roles: Roles,
    pub(crate) revision: u64,
    pub(crate) issued_at: i64,
    pub(crate) revoked: Vec<String>,
    pub(crate) audience: String,
    pub(crate) scope: Scope,
    /// Answers nothing but 503.
    pub(crate) down: bool,
    /// Knows no state that a holder could have.
    pub(crate) forgets: bool,
    /// Tuples by the state of each revision that was published.
    states: HashMap<String, (u64, Vec<TupleKey>)>,
}

/// The publisher. Clones share one store.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) url: String,
    pub(crate) events: String,
    pub(crate) store: Arc<Mutex<Store>>,
    /// Every query that was asked.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    changed: broadcast::Sender<()>,
}

pub(crate) fn tuples(all: &[&str]) -> Vec<TupleKey> {
    all.iter().map(|text| TupleKey::parse(text).unwrap()).collect()
}

pub(crate) fn scope() -> Scope {
    Scope::workspace(WORKSPACE).of_service(SERVICE)
}

impl Publisher {
    pub(crate) async fn new(signer: Arc<Signer>, first: &[&str]) -> Self {
        let store = Store {
            roles: Roles::default(),
            tuples: tuples(first),
            revision: 1,
            issued_at: NOW,
            revoked: Vec::new(),
            audience: SERVICE.to_owned(),
            scope: scope(),
            down: false,
            forgets: false,
            states: HashMap::new(),
        };
        let (changed, _) = broadcast::channel(16);
        let mut publisher = Self {
            url: String::new(),
            events: String::new(),
            store: Arc::new(Mutex::new(store)),
            asked: Arc::default(),
            changed,
        };
        let (bundles, events) = (publisher.clone(), publisher.clone());
        let app = Router::new()
            .route(
                "/bundle",
                axum::routing::get(move |request: Request| async move {
                    assert_eq!(request.headers()["x-service-key"], "sk_test");
                    let query = request.uri().query().unwrap_or_default();
                    bundles.asked.lock().unwrap().push(query.to_owned());
                    bundles.answer(&signer, query.strip_prefix("since="))
                }),
            )
            .route("/events", axum::routing::get(move || async move { events.stream() }));
        let address = serve(app).await;
        publisher.url = format!("http://{address}/bundle");
        publisher.events = format!("http://{address}/events");
        publisher
    }

    /// On loopback, asked for again after an hour: what is seen earlier was asked for earlier.
    pub(crate) fn settings(&self) -> BundleSettings {
        let settings = BundleSettings::new(&self.url, ISSUER, scope(), "sk_test");
        let fetch = FetchPolicy { loopback: true, ..settings.fetch };
        BundleSettings {
            algorithms: Algorithms::of(&[Algorithm::Es256]),
            max_age: std::time::Duration::from_secs(3600),
            fetch,
            ..settings
        }
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Store)) {
        change(&mut self.store.lock().unwrap());
    }

    /// Changes the store, and says so.
    pub(crate) fn publish(&self, change: impl FnOnce(&mut Store)) {
        self.change(|store| {
            store.revision += 1;
            change(store);
        });
        let _ = self.changed.send(());
    }

    fn answer(&self, signer: &Signer, since: Option<&str>) -> Response {
        let mut store = self.store.lock().unwrap();
        if store.down {
            return Response::builder().status(503).body(Body::empty()).unwrap();
        }
        let revoked: Vec<Revoked<'_>> = store.revoked.iter().map(|id| Revoked::Token(id)).collect();
        let revocations = RevocationList::new(b"salt", &revoked);
        let draft = Draft {
            issuer: ISSUER.to_owned(),
            audience: store.audience.clone(),
            scope: store.scope.clone(),
            revision: store.revision,
            issued_at: store.issued_at,
            not_after: store.issued_at + LIFE,
        };
        let index = Index::from_tuples(&store.tuples).unwrap();
        let model = AuthorizationModel::from_valid_dsl(MODEL).unwrap();
        let roles = store.roles.clone();
        let snapshot = Snapshot {
            model: &model,
            index: &index,
            roles: &roles,
            revocations: &revocations,
            claims: &[],
            types: None,
        };
        let whole = snapshot.body().unwrap();
        let full = draft.clone().full(Kind::Full, &whole, None, None);
        let held = since.and_then(|state| store.states.get(state).cloned()).filter(|_| !store.forgets);
        let (manifest, body) = match held {
            None => (full, whole),
            Some((revision, before)) => {
                let without = |these: &[TupleKey], those: &[TupleKey]| -> Vec<TupleKey> {
                    these.iter().filter(|tuple| !those.contains(tuple)).cloned().collect()
                };
                let (added, removed) = (without(&store.tuples, &before), without(&before, &store.tuples));
                let change =
                    Change { added: &added, removed: &removed, revocations: Some(&revocations), ..Change::default() };
                let body = change.body().unwrap();
                let from = (revision, sentinel_tower::core::bundle::Digest::parse(since.unwrap()).unwrap());
                (draft.following(Kind::Delta, &body, from, Some(full.state)), body)
            }
        };
        let tuples = store.tuples.clone();
        store.states.insert(manifest.state.to_string(), (manifest.revision, tuples));
        Response::new(Body::from(frame(&seal(signer, &manifest), &body)))
    }

    fn stream(&self) -> Response {
        let mut changes = self.changed.subscribe();
        let (sender, pieces) = tokio::sync::mpsc::channel::<Result<Bytes, Infallible>>(4);
        tokio::spawn(async move {
            loop {
                let piece = Bytes::from_static(b": well\n\nevent: changed\ndata: {}\n\n");
                if sender.send(Ok(piece)).await.is_err() || changes.recv().await.is_err() {
                    return;
                }
            }
        });
        let stream = tokio_stream::wrappers::ReceiverStream::new(pieces);
        Response::builder().header("content-type", "text/event-stream").body(Body::from_stream(stream)).unwrap()
    }
}

/// The signed manifest.
fn seal(signer: &Signer, manifest: &Manifest) -> String {
    let mut said: Map<String, Value> = serde_json::from_str(&manifest.to_json()).unwrap();
    said.retain(|name, _| name == "bundle");
    let mut claims = Claims::with_custom_claims(said, Duration::from_secs(1))
        .with_issuer(&manifest.issuer)
        .with_audience(&manifest.audience);
    let seconds = |at: i64| Some(Duration::from_secs(u64::try_from(at).unwrap()));
    (claims.issued_at, claims.expires_at, claims.invalid_before) =
        (seconds(manifest.issued_at), seconds(manifest.not_after), None);
    let options = HeaderOptions { signature_type: Some(TYPE.into()), ..HeaderOptions::default() };
    signer.0.sign_with_options(claims, &options).unwrap()
}
