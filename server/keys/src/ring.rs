use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sentinel_core::{Algorithms, KeySet, Limits, SymmetricKeys};
use serde::Serialize;
use serde_json::json;

use crate::sign::Signer;
use crate::{KeyRecord, KeysError, MasterKey, Millis, PublicKey, Purpose, SigningAlgorithm, lifecycle};

/// The keys in use at one moment: what signs, what is published, what our own tokens are verified with.
///
/// Never changes. It is made anew when a stored key was added or changed, and at [`next_change`](Self::next_change).
pub struct KeyRing {
    signing: Option<Signing>,
    jwks: String,
    key_set: KeySet,
    algorithms: Algorithms,
    next_change: Option<Millis>,
}

struct Signing {
    kid: String,
    algorithm: SigningAlgorithm,
    signer: Signer,
}

impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyRing").field("kid", &self.kid()).field("keys", &self.key_set.len()).finish_non_exhaustive()
    }
}

/// RFC 7515 §4.1. Always in this order, so that the same claims give the same token where the algorithm is
/// deterministic.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'a str,
    kid: &'a str,
}

impl KeyRing {
    /// The ring at `now`, of records in any order. All that are not retired are opened and checked, so that a wrong
    /// master key or a damaged row is noticed before its turn to sign; only the one that signs is kept.
    ///
    /// # Errors
    /// [`KeysError::KeySealed`] and [`KeysError::KeyUnusable`] for a record, by its `kid`.
    pub fn new(
        records: &[KeyRecord],
        master: &MasterKey,
        algorithm: SigningAlgorithm,
        now: Millis,
    ) -> Result<Self, KeysError> {
        let (mut signing, mut members, mut algorithms) = (None, Vec::new(), Algorithms::NONE);
        let signs = lifecycle::signing(records, algorithm, now).map(|record| record.kid.as_str());
        for record in lifecycle::published(records, algorithm, now) {
            let public = record.public()?;
            let signer = open(record, &public, master)?;
            if signs == Some(&record.kid) {
                signing = Some(Signing { kid: record.kid.clone(), algorithm: record.algorithm, signer });
            }
            members.push(public.members().clone());
            algorithms = algorithms.with(record.algorithm.in_core());
        }
        let jwks = json!({ "keys": members }).to_string();
        let key_set = KeySet::from_jwks(jwks.as_bytes(), SymmetricKeys::Refuse, &Limits::DEFAULT);
        Ok(Self {
            signing,
            key_set: key_set.map_err(KeysError::Refused)?,
            jwks,
            algorithms,
            next_change: lifecycle::next_change(records, now),
        })
    }

    /// Signs claims as a compact JWS (RFC 7515 §7.1) whose header names the key, the algorithm and this `typ`. No
    /// claim is added or changed.
    ///
    /// # Errors
    /// [`KeysError::NoSigningKey`], [`KeysError::Claims`], [`KeysError::Signing`].
    pub fn sign(&self, claims: &impl Serialize, typ: &str) -> Result<String, KeysError> {
        let Signing { kid, algorithm, signer } = self.signing.as_ref().ok_or(KeysError::NoSigningKey)?;
        let header = Header { alg: algorithm.as_str(), typ, kid };
        let header = serde_json::to_vec(&header).map_err(KeysError::Claims)?;
        let payload = serde_json::to_vec(claims).map_err(KeysError::Claims)?;
        // Four characters for three octets; 3072 bits of signature are 512 characters.
        let mut token = String::with_capacity((header.len() + payload.len()) * 4 / 3 + 520);
        URL_SAFE_NO_PAD.encode_string(header, &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = signer.sign(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    /// The id of the key that signs, where there is one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.signing.as_ref().map(|signing| signing.kid.as_str())
    }

    /// What new tokens are signed with. Another than was configured, while a new key waits for its time.
    #[must_use]
    pub fn algorithm(&self) -> Option<SigningAlgorithm> {
        self.signing.as_ref().map(|signing| signing.algorithm)
    }

    /// The published keys as a JWK Set (RFC 7517 §5) in JSON, the one that signs first.
    #[must_use]
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// The same keys for core's verifier.
    #[must_use]
    pub fn key_set(&self) -> &KeySet {
        &self.key_set
    }

    /// The algorithms of the published keys: the allow-list for our own tokens.
    #[must_use]
    pub fn algorithms(&self) -> Algorithms {
        self.algorithms
    }

    /// When another key starts to sign or a key retires: from then on this ring is out of date.
    #[must_use]
    pub fn next_change(&self) -> Option<Millis> {
        self.next_change
    }
}

/// The private half of a record, known to belong to its public one.
fn open(record: &KeyRecord, public: &PublicKey, master: &MasterKey) -> Result<Signer, KeysError> {
    let unusable = |why| KeysError::KeyUnusable { kid: record.kid.clone(), why };
    let private = master
        .open(Purpose::SIGNING_KEY, record.kid.as_bytes(), &record.sealed_private)
        .map_err(|_| KeysError::KeySealed { kid: record.kid.clone() })?;
    let signer = Signer::from_pkcs8(record.algorithm, &private)
        .ok_or_else(|| unusable("its private key is not one for its algorithm"))?;
    if signer.belongs_to(public.material()) {
        Ok(signer)
    } else {
        Err(unusable("its two halves are of different keys"))
    }
}
