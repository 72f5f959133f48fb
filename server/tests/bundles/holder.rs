//! Whoever holds a bundle: asks for what is new, verifies it as any holder does, and remembers what it has seen.

use sentinel_core::bundle::{Bundle, BundleVerifier, Given, Kind, Known, Manifest, Opened, RevocationBundle, Scope};
use sentinel_core::jose::signature::Ring;
use sentinel_core::policy::tuple::TupleKey;
use sentinel_core::{Algorithm, Algorithms, Error, ErrorCode, KeySet, Limits, SymmetricKeys};
use uuid::Uuid;

use crate::server::{Credential, Server};

/// What a request for news came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Full,
    Delta,
    Unchanged,
}

pub(crate) struct Holder {
    pub(crate) path: String,
    verifier: BundleVerifier,
    pub(crate) bundle: Option<Bundle>,
    pub(crate) known: Option<Known>,
    pub(crate) tag: Option<String>,
    /// The last frame.
    pub(crate) frame: Vec<u8>,
}

pub(crate) fn workspace(lab: Uuid) -> Scope {
    Scope::workspace(&lab.to_string())
}

pub(crate) async fn keys(server: &Server) -> KeySet {
    let jwks = server.get("/.well-known/jwks.json", &Credential::None).await.text().await.unwrap();
    KeySet::from_jwks(jwks.as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT).unwrap()
}

pub(crate) fn verifier(server: &Server, audience: &str, scope: Scope) -> BundleVerifier {
    BundleVerifier::new(&server.issuer, audience, scope, Algorithms::NONE.with(Algorithm::Es256))
}

impl Holder {
    pub(crate) fn new(server: &Server, path: &str, audience: &str, scope: Scope) -> Self {
        let verifier = verifier(server, audience, scope);
        Self { path: path.to_owned(), verifier, bundle: None, known: None, tag: None, frame: Vec::new() }
    }

    pub(crate) fn bundle(&self) -> &Bundle {
        self.bundle.as_ref().unwrap()
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        self.bundle().manifest()
    }

    /// Fetches what is new and takes it.
    pub(crate) async fn refresh(&mut self, server: &Server, credential: &Credential<'_>) -> Got {
        let since = self.bundle.as_ref().map(|bundle| format!("?since={}", bundle.manifest().state));
        self.refresh_by(server, credential, &since.unwrap_or_default()).await
    }

    /// Fetches all of it anew, and takes it where it is not older than what was seen before.
    pub(crate) async fn renew(&mut self, server: &Server, credential: &Credential<'_>) -> Got {
        self.refresh_by(server, credential, "").await
    }

    async fn refresh_by(&mut self, server: &Server, credential: &Credential<'_>, query: &str) -> Got {
        let mut request = credential.on(server.request("GET", &format!("{}{query}", self.path)));
        if let Some(tag) = &self.tag {
            request = request.header("if-none-match", tag);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap().to_vec();
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        if status == 304 {
            assert_eq!((bytes.len(), header("etag")), (0, self.tag.clone()));
            return Got::Unchanged;
        }
        assert_eq!(status, 200, "{} {}", self.path, String::from_utf8_lossy(&bytes));
        assert_eq!(header("content-type").as_deref(), Some("application/vnd.sentinel.bundle"));
        self.tag = Some(header("etag").unwrap());
        let (keys, verifier) = (keys(server).await, self.verifier.clone());
        let opened = verifier.verify(&bytes, &keys, &Ring, server.now() / 1000).unwrap();
        let got = self.take(&opened).unwrap();
        self.frame = bytes;
        got
    }

    fn take(&mut self, opened: &Opened<'_>) -> Result<Got, Error> {
        let got = match opened.manifest().kind {
            Kind::Delta => {
                self.bundle.as_mut().unwrap().apply(opened)?;
                Got::Delta
            }
            _ => {
                self.bundle = Some(Bundle::load(opened, self.known.as_ref())?);
                Got::Full
            }
        };
        self.known = Some(self.bundle().known());
        Ok(got)
    }

    pub(crate) fn check(&self, server: &Server, object: &str, relation: &str, user: Uuid) -> Result<bool, ErrorCode> {
        self.check_named(server, object, relation, &format!("user:{user}"))
    }

    pub(crate) fn check_named(
        &self,
        server: &Server,
        object: &str,
        relation: &str,
        user: &str,
    ) -> Result<bool, ErrorCode> {
        let at = self.bundle().at(server.now() / 1000, None);
        let found = at.and_then(|bundle| bundle.check(object, relation, user, &Given::default()));
        found.map_err(|error| error.code())
    }

    /// Its tuples as text, sorted.
    pub(crate) fn tuples(&self) -> Vec<String> {
        let mut all: Vec<String> = self.bundle().tuples().map(|tuple: TupleKey| tuple.text()).collect();
        all.sort_unstable();
        all
    }
}

/// A list of revocations, fetched and read.
pub(crate) async fn revocations(
    server: &Server,
    (path, audience, scope): (&str, &str, Scope),
    credential: &Credential<'_>,
    held: &mut Option<RevocationBundle>,
) -> Manifest {
    let since = held.as_ref().map(|held| format!("?since={}", held.manifest().state)).unwrap_or_default();
    let answer = server.get(&format!("{path}{since}"), credential).await;
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.unwrap();
    let (keys, verifier) = (keys(server).await, verifier(server, audience, scope));
    let opened = verifier.verify(&bytes, &keys, &Ring, server.now() / 1000).unwrap();
    match held {
        Some(held) if opened.manifest().from.is_some() => held.apply(&opened).unwrap(),
        _ => {
            *held = Some(RevocationBundle::load(&opened, held.as_ref().map(RevocationBundle::known).as_ref()).unwrap())
        }
    }
    opened.manifest().clone()
}
