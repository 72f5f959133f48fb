//! Services: registered by an administrator or from the command line, each with keys that are shown once.

use sentinel_keys::secrets;
use sentinel_storage::{self as storage, NewService, ServiceChange, ServiceKey, StorageError};
use uuid::Uuid;

use super::activity::{Actor, Change};
use super::{Caller, Error, Millis, Service, input};

/// Before every key: secret scanners know a key by it, and so do people.
const PREFIX: &str = "sk_";
/// How much of a key is shown afterwards: enough to tell keys apart, 30 of 256 bits.
const SHOWN: usize = 8;
/// Longest time for which a key outlives its successor: 30 days.
const LONGEST_GRACE: u64 = 30 * 24 * 60 * 60;
/// Most services of one page.
const PAGE: u32 = 1000;

/// What a service is registered as.
#[derive(Clone, Debug, Default)]
pub struct NewServiceApp<'a> {
    /// What tokens, actions and resources are named by; never changes.
    pub service_name: &'a str,
    /// For people; without it the service's name.
    pub name: Option<&'a str>,
    /// Origins whose browsers may resolve tokens for it.
    pub allowed_origins: &'a [String],
    /// The client ids whose identity provider's tokens it takes; none: those of the deployment.
    pub idp_audiences: &'a [String],
    /// Where a login whose code only this server can exchange may lead back to.
    pub relay_redirect_uris: &'a [String],
    /// The slug of the realm that it joins.
    pub realm: Option<&'a str>,
    /// Which stores of policy its keys open ([`Service::set_policy_access`]); none until it is said.
    pub stores: Option<&'a str>,
    /// Which bundles its keys open ([`Service::set_bundle_access`]); none until it is said.
    pub bundles: Option<&'a str>,
}

/// What of a service is to change; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ServiceAppChange<'a> {
    /// For people.
    pub name: Option<&'a str>,
    /// See [`NewServiceApp`].
    pub allowed_origins: Option<&'a [String]>,
    /// See [`NewServiceApp`].
    pub idp_audiences: Option<&'a [String]>,
    /// See [`NewServiceApp`].
    pub relay_redirect_uris: Option<&'a [String]>,
    /// Whether its keys and origins open anything.
    pub is_active: Option<bool>,
    /// The realm's id, or out of any realm.
    pub realm_id: Option<Option<Uuid>>,
}

/// A registered service and its keys, without what they open.
#[derive(Clone, Debug)]
pub struct RegisteredService {
    /// The registration.
    pub service: storage::Service,
    /// The newest first.
    pub keys: Vec<ServiceKey>,
}

/// A key, at the one moment when it is known.
#[derive(Clone)]
pub struct IssuedKey {
    /// The key itself: stored by nobody.
    pub key: String,
    /// What of it is shown later.
    pub prefix: String,
    hash: [u8; 32],
}

impl std::fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedKey").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl IssuedKey {
    fn new() -> Result<Self, Error> {
        let key = format!("{PREFIX}{}", secrets::random_token()?);
        let prefix = key.chars().take(SHOWN).collect();
        Ok(Self { hash: secrets::hash(key.as_bytes()), prefix, key })
    }
}

impl Service {
    /// Registers a service with its first key.
    ///
    /// # Errors
    /// [`super::ErrorKind::Conflict`] for a name that is taken, by a service or by a realm; [`super::ErrorKind::NotFound`]
    /// for an unknown realm, store or workspace.
    pub async fn create_service_app(
        &self,
        actor: &Actor,
        caller: &Caller,
        new: &NewServiceApp<'_>,
    ) -> Result<(RegisteredService, IssuedKey), Error> {
        let service_name = input::service_name(new.service_name)?;
        let name = input::name(new.name.unwrap_or(service_name))?;
        let allowed_origins = input::origins(new.allowed_origins)?;
        let idp_audiences = input::client_ids(new.idp_audiences)?;
        let relay_redirect_uris = input::pages(new.relay_redirect_uris)?;
        let key = IssuedKey::new()?;
        let (id, now) = (Uuid::new_v4(), self.now());
        let mut transaction = self.begin_as(actor).await?;
        let realm_id = match new.realm {
            Some(slug) => Some(transaction.realm_by_slug(slug).await?.ok_or_else(unknown_realm)?.id),
            None => None,
        };
        let created_by = actor.account();
        let row = NewService {
            id,
            service_name,
            name,
            realm_id,
            allowed_origins: &allowed_origins,
            idp_audiences: &idp_audiences,
            relay_redirect_uris: &relay_redirect_uris,
            created_by,
        };
        transaction.insert_service(&row, now).await.map_err(|error| match error {
            StorageError::Conflict => Error::conflict("A service or a realm of this name exists"),
            other => other.into(),
        })?;
        transaction.rotate_service_key(id, &key.hash, &key.prefix, now, now).await?;
        let change = Change::new("service.create").on("service", id).detail("service_name", service_name);
        self.record(&mut transaction, actor, caller, change).await?;
        // What a key opens is said with it or not at all: of a service that was half made nobody would have the key.
        if let Some(words) = new.stores {
            self.open_stores(&mut transaction, (actor, caller), id, words).await?;
        }
        if let Some(words) = new.bundles {
            self.open_bundles(&mut transaction, (actor, caller), id, words).await?;
        }
        let service = transaction.service(id).await?.ok_or_else(unknown)?;
        let keys = transaction.service_keys(id).await?;
        transaction.commit().await?;
        Ok((RegisteredService { service, keys }, key))
    }

    /// Services by name, those after `after`.
    ///
    /// # Errors
    /// [`super::ErrorKind::Invalid`] for a wrong limit.
    pub async fn service_apps(&self, after: &str, limit: Option<u32>) -> Result<Vec<RegisteredService>, Error> {
        let limit = limit.unwrap_or(PAGE);
        if !(1..=PAGE).contains(&limit) {
            return Err(Error::invalid(format!("limit must be 1 to {PAGE}")));
        }
        let mut connection = self.store().read().await?;
        let mut all = Vec::new();
        for service in connection.services(after, i64::from(limit)).await? {
            let keys = connection.service_keys(service.id).await?;
            all.push(RegisteredService { service, keys });
        }
        Ok(all)
    }

    /// One of them.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn service_app(&self, id: Uuid) -> Result<RegisteredService, Error> {
        let mut connection = self.store().read().await?;
        let service = connection.service(id).await?.ok_or_else(unknown)?;
        let keys = connection.service_keys(id).await?;
        Ok(RegisteredService { service, keys })
    }

    /// The id of the service of this name.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn service_app_named(&self, service_name: &str) -> Result<Uuid, Error> {
        let found = self.store().read().await?.service_by_name(service_name).await?;
        found.map(|service| service.id).ok_or_else(unknown)
    }

    /// Changes a service. Where it is no longer active, its keys open nothing from the next request on.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`] for it or the realm.
    pub async fn update_service_app(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        change: &ServiceAppChange<'_>,
    ) -> Result<RegisteredService, Error> {
        let origins = change.allowed_origins.map(input::origins).transpose()?;
        let audiences = change.idp_audiences.map(input::client_ids).transpose()?;
        let relays = change.relay_redirect_uris.map(input::pages).transpose()?;
        let row = ServiceChange {
            name: change.name.map(input::name).transpose()?,
            realm_id: change.realm_id,
            allowed_origins: origins.as_deref(),
            idp_audiences: audiences.as_deref(),
            relay_redirect_uris: relays.as_deref(),
            is_active: change.is_active,
        };
        let mut transaction = self.begin_as(actor).await?;
        let found = transaction.update_service(id, &row, self.now()).await.map_err(|error| match error {
            StorageError::Reference => unknown_realm(),
            other => other.into(),
        })?;
        if !found {
            return Err(unknown());
        }
        let mut record = Change::new("service.update").on("service", id);
        if let Some(is_active) = change.is_active {
            record = record.detail("is_active", is_active);
        }
        self.commit_as(transaction, actor, caller, record).await?;
        self.service_app(id).await
    }

    /// Removes a service and its keys. What was registered under its name stays.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`].
    pub async fn delete_service_app(&self, actor: &Actor, caller: &Caller, id: Uuid) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        if !transaction.delete_service(id).await? {
            return Err(unknown());
        }
        self.commit_as(transaction, actor, caller, Change::new("service.delete").on("service", id)).await
    }

    /// Gives a service a new key. Those before it open for `grace` seconds more: 0 ends them now.
    ///
    /// # Errors
    /// [`super::ErrorKind::NotFound`], [`super::ErrorKind::Invalid`] for a grace of more than 30 days.
    pub async fn rotate_service_app_key(
        &self,
        actor: &Actor,
        caller: &Caller,
        id: Uuid,
        grace: u64,
    ) -> Result<(RegisteredService, IssuedKey), Error> {
        if grace > LONGEST_GRACE {
            return Err(Error::invalid(format!("the grace must be 0 to {LONGEST_GRACE} seconds")));
        }
        let key = IssuedKey::new()?;
        let now = self.now();
        let until = now.saturating_add(Millis::try_from(grace.saturating_mul(1000)).unwrap_or(Millis::MAX));
        let mut transaction = self.begin_as(actor).await?;
        transaction.rotate_service_key(id, &key.hash, &key.prefix, until, now).await.map_err(|error| match error {
            StorageError::Reference => unknown(),
            other => other.into(),
        })?;
        let change = Change::new("service.rotate_key").on("service", id).detail("grace_seconds", grace);
        self.commit_as(transaction, actor, caller, change).await?;
        Ok((self.service_app(id).await?, key))
    }
}

fn unknown() -> Error {
    Error::not_found("Service not found")
}

pub(super) fn unknown_realm() -> Error {
    Error::not_found("Realm not found")
}
