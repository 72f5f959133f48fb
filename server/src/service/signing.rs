//! The signing keys in use, and how they follow what is stored: another replica or the command line may change it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sentinel_keys::lifecycle::{self, Retirement};
use sentinel_keys::{KeyRecord, KeyRing, KeysError, MasterKey, NewKey, RsaBits, SigningAlgorithm, secrets};
use sentinel_storage::{Millis, SigningKey, Store, Transaction};

use super::tokens::Verifiers;
use super::{Config, Error, Service};

/// How often the store is asked whether the keys have changed: a change is followed within a second.
const INTERVAL: Duration = Duration::from_millis(500);

/// The keys of a moment, and what is made of them once.
pub(crate) struct LiveKeys {
    pub(crate) ring: KeyRing,
    pub(crate) verifiers: Verifiers,
    etag: String,
}

/// The live keys, replaced as a whole.
pub(crate) struct Signing {
    live: RwLock<Arc<LiveKeys>>,
    marker: AtomicI64,
}

/// The published keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKeys {
    /// A JWK Set (RFC 7517 §5) in JSON.
    pub jwks: String,
    /// Its entity tag, quoted (RFC 9110 §8.8.3).
    pub etag: String,
}

impl Signing {
    /// Loads the keys; where none of the algorithm is to stay, makes one.
    pub(crate) async fn open(
        store: &Store,
        master: &Arc<MasterKey>,
        config: &Config,
        now: Millis,
    ) -> Result<Self, Error> {
        let records = records(store.read().await?.signing_keys().await?)?;
        if !lifecycle::is_provided(&records, config.algorithm) {
            let new = generate(config.algorithm, config.rsa, master).await?;
            let mut transaction = store.begin().await?;
            transaction.lock_signing_keys().await?;
            // Another replica may have been faster.
            let records = self::records(transaction.signing_keys().await?)?;
            if !lifecycle::is_provided(&records, config.algorithm) {
                bring_in(&mut transaction, &records, new, WAIT, config.lifetimes.longest(), now).await?;
                transaction.commit().await?;
            }
        }
        let (live, marker) = load(store, master, config, now).await?;
        Ok(Self { live: RwLock::new(Arc::new(live)), marker: AtomicI64::new(marker) })
    }

    fn current(&self) -> Arc<LiveKeys> {
        // Whoever panicked while holding the lock replaced nothing: what is in it is whole.
        Arc::clone(&self.live.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, live: LiveKeys, marker: i64) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
        self.marker.store(marker, Ordering::Release);
    }
}

/// How long a new key is published before it signs: longer than verifiers keep a key set.
pub const WAIT: Millis = 10 * 60 * 1000;

async fn load(store: &Store, master: &MasterKey, config: &Config, now: Millis) -> Result<(LiveKeys, i64), Error> {
    let mut connection = store.read().await?;
    // First, so that a change in between is seen at the next look.
    let marker = connection.signing_keys_marker().await?;
    let records = records(connection.signing_keys().await?)?;
    let ring = KeyRing::new(&records, master, config.algorithm, now)?;
    let verifiers = Verifiers::new(&config.issuer, ring.algorithms());
    let hash: String =
        secrets::hash(ring.jwks().as_bytes()).iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    Ok((LiveKeys { ring, verifiers, etag: format!("\"{hash}\"") }, marker))
}

impl Service {
    /// The keys of this moment.
    pub(crate) fn keys(&self) -> Arc<LiveKeys> {
        self.inner.signing.current()
    }

    /// The published keys, for verifiers elsewhere.
    #[must_use]
    pub fn published_keys(&self) -> PublishedKeys {
        let keys = self.keys();
        PublishedKeys { jwks: keys.ring.jwks().to_owned(), etag: keys.etag.clone() }
    }

    /// Takes up changed keys, and keys whose time has come, within a second of it. Never returns: runs beside the server.
    pub async fn follow_keys(&self) {
        loop {
            tokio::time::sleep(INTERVAL).await;
            if let Err(error) = self.refresh_keys().await {
                // The keys at hand go on; the next look may succeed.
                tracing::warn!(cause = %error, "the signing keys could not be looked at");
            }
        }
    }

    /// Looks once whether the keys have changed, and takes them up if so.
    ///
    /// # Errors
    /// [`super::ErrorKind::Unavailable`], [`super::ErrorKind::Internal`]; the keys at hand stay.
    pub async fn refresh_keys(&self) -> Result<(), Error> {
        let now = self.now();
        let due = self.keys().ring.next_change().is_some_and(|at| at <= now);
        let marker = self.store().read().await?.signing_keys_marker().await?;
        if due || marker != self.inner.signing.marker.load(Ordering::Acquire) {
            let (live, marker) = load(self.store(), &self.inner.master, self.config(), now).await?;
            self.inner.signing.replace(live, marker);
            tracing::info!(kid = self.keys().ring.kid(), "the signing keys have changed");
        }
        Ok(())
    }
}

/// All stored keys, for `sentinel keys list`.
///
/// # Errors
/// As storage; [`super::ErrorKind::Internal`] for a record that is none.
pub async fn list(store: &Store) -> Result<Vec<KeyRecord>, Error> {
    records(store.read().await?.signing_keys().await?)
}

/// Makes a new key that signs after `wait` ms; the others stay published while anything lives that they signed.
/// Answers its `kid`.
///
/// # Errors
/// As storage and [`KeysError`].
pub async fn rotate(
    store: &Store,
    master: &Arc<MasterKey>,
    algorithm: SigningAlgorithm,
    rsa: RsaBits,
    wait: Millis,
    longest_life: Millis,
    now: Millis,
) -> Result<String, Error> {
    let new = generate(algorithm, rsa, master).await?;
    let kid = new.kid().to_owned();
    let mut transaction = store.begin().await?;
    transaction.lock_signing_keys().await?;
    let records = records(transaction.signing_keys().await?)?;
    bring_in(&mut transaction, &records, new, wait, longest_life, now).await?;
    transaction.commit().await?;
    Ok(kid)
}

/// Ends a key now: what it signed is refused from here on.
///
/// # Errors
/// [`super::ErrorKind::NotFound`], [`super::ErrorKind::Conflict`] for the last key.
pub async fn retire(store: &Store, kid: &str, now: Millis) -> Result<(), Error> {
    let mut transaction = store.begin().await?;
    transaction.lock_signing_keys().await?;
    let records = records(transaction.signing_keys().await?)?;
    let Retirement { kid, retires_at } = lifecycle::retire(&records, kid, now).map_err(|error| match error {
        KeysError::KeyUnknown { .. } => Error::not_found("There is no signing key of this name"),
        KeysError::LastKey { .. } => Error::conflict("This is the last signing key: rotate first, then retire it"),
        other => other.into(),
    })?;
    transaction.set_signing_key_retires_at(&kid, Some(retires_at), now).await?;
    Ok(transaction.commit().await?)
}

async fn bring_in(
    transaction: &mut Transaction,
    records: &[KeyRecord],
    new: NewKey,
    wait: Millis,
    longest_life: Millis,
    now: Millis,
) -> Result<(), Error> {
    let rotation = lifecycle::rotate(records, new, now, wait, longest_life);
    for Retirement { kid, retires_at } in rotation.retirements {
        transaction.set_signing_key_retires_at(&kid, Some(retires_at), now).await?;
    }
    let KeyRecord { kid, algorithm, public_jwk, sealed_private, created_at, signs_from, retires_at } = rotation.new;
    let algorithm = algorithm.as_str().to_owned();
    let key = SigningKey { kid, algorithm, public_jwk, sealed_private, created_at, signs_from, retires_at };
    Ok(transaction.insert_signing_key(&key, now).await?)
}

/// RSA takes long: not on a thread that answers requests.
async fn generate(algorithm: SigningAlgorithm, rsa: RsaBits, master: &Arc<MasterKey>) -> Result<NewKey, Error> {
    let master = Arc::clone(master);
    let made = tokio::task::spawn_blocking(move || NewKey::generate(algorithm, rsa, &master)).await;
    Ok(made.map_err(Error::internal)??)
}

fn records(keys: Vec<SigningKey>) -> Result<Vec<KeyRecord>, Error> {
    keys.into_iter()
        .map(|SigningKey { kid, algorithm, public_jwk, sealed_private, created_at, signs_from, retires_at }| {
            let algorithm =
                algorithm.parse().map_err(|error: sentinel_keys::UnknownAlgorithm| Error::internal(error))?;
            Ok(KeyRecord { kid, algorithm, public_jwk, sealed_private, created_at, signs_from, retires_at })
        })
        .collect()
}
