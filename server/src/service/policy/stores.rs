//! Stores, and who may open them.

use sentinel_storage::{NewPolicyStore, PolicyKey, PolicyStoreFilter, StorageError, StoreAccess, Transaction};
use uuid::Uuid;

use super::ids::is_ulid;
use super::mandate::opens_nothing;
use super::{DEFAULT_PAGE, PAGE, PolicyCaller, PolicyError, PolicyStore, RefusalCode};
use crate::service::activity::Change;
use crate::service::{Actor, Caller, Error, Service};

/// A store's name, by OpenFGA's rule: letters, digits and these.
const NAME_MARKS: &str = " \t\n\r/.-_&^@";
/// Its length, by the same rule.
const NAME_LENGTH: std::ops::RangeInclusive<usize> = 3..=64;

impl Service {
    /// The service whose key this is, where the key opens stores of policy.
    ///
    /// # Errors
    /// Unauthenticated for an unknown, expired or inactive key; forbidden for one that opens no store.
    pub async fn authenticate_policy(&self, key: &str) -> Result<PolicyCaller, Error> {
        let (PolicyKey { service_id, service_name, access, .. }, key_hash) = self.service_of_key(key).await?;
        let access = access.ok_or_else(opens_nothing)?;
        Ok(PolicyCaller { service_id, service_name, access, key_hash })
    }

    /// The store with this id, where the caller's key opens it. One that it does not open is not found either.
    ///
    /// # Errors
    /// [`RefusalCode::StoreNotFound`].
    pub async fn open_store(&self, caller: &PolicyCaller, id: &str) -> Result<PolicyStore, PolicyError> {
        if !is_ulid(id) {
            return Err(PolicyError::validation(
                "invalid StoreId: value does not match regex pattern \"^[ABCDEFGHJKMNPQRSTVWXYZ0-9]{26}$\"",
            ));
        }
        let found = self.store().read().await?.policy_store(id).await?;
        found.filter(|store| opens(caller.access, store)).ok_or_else(unknown)
    }

    /// The one store that the caller's key is bound to.
    ///
    /// # Errors
    /// [`RefusalCode::StoreNotFound`] where the key opens all stores, or its workspace has none.
    pub async fn own_store(&self, caller: &PolicyCaller) -> Result<PolicyStore, PolicyError> {
        let mut connection = self.store().read().await?;
        let found = match caller.access {
            StoreAccess::Store(number) => connection.policy_store_by_number(number).await?,
            StoreAccess::Workspace(workspace) => connection.policy_store_of_workspace(workspace).await?,
            StoreAccess::All => None,
        };
        found.ok_or_else(unknown)
    }

    /// Makes a store.
    ///
    /// # Errors
    /// Forbidden for a key that is bound to one store or to a workspace, which has its store;
    /// [`RefusalCode::ValidationError`] for the name; [`RefusalCode::ExceededEntityLimit`] where there are as many as the
    /// settings allow.
    pub async fn create_store(
        &self,
        caller: &PolicyCaller,
        from: &Caller,
        name: &str,
    ) -> Result<PolicyStore, PolicyError> {
        check_name(name)?;
        let (mut transaction, access) = self.begin_by_key(caller).await?;
        match access {
            StoreAccess::All => {}
            StoreAccess::Workspace(_) => return Err(Error::forbidden("The workspace has its store").into()),
            StoreAccess::Store(_) => return Err(Error::forbidden("The key is bound to one store").into()),
        }
        let most = self.config().policy.stores;
        if transaction.count_stores_of_their_own(most).await? >= most {
            let why = format!("The number of stores exceeds the allowed limit of {most}");
            return Err(PolicyError::refused(RefusalCode::ExceededEntityLimit, why));
        }
        let actor = Actor::Service(caller.service_name.clone());
        self.insert_store(transaction, (&actor, from), name).await
    }

    /// Makes a store that belongs to no workspace.
    ///
    /// # Errors
    /// As every use case that writes.
    pub async fn new_store(&self, actor: &Actor, from: &Caller, name: &str) -> Result<PolicyStore, PolicyError> {
        let transaction = self.begin_as(actor).await?;
        self.insert_store(transaction, (actor, from), name).await
    }

    async fn insert_store(
        &self,
        mut transaction: Transaction,
        (actor, from): (&Actor, &Caller),
        name: &str,
    ) -> Result<PolicyStore, PolicyError> {
        let now = self.now();
        let id = self.policy().ids.next(now, None)?;
        let made = transaction.insert_policy_store(&NewPolicyStore { id: &id, name }, now).await?;
        let change = Change::new("store.create").on("store", &made.id).detail("name", name);
        self.commit_as(transaction, actor, from, change).await?;
        Ok(made)
    }

    /// Deletes a store and all that is in it.
    ///
    /// # Errors
    /// Forbidden for a key that is bound to it or its workspace: it could not make another one in its place; and for a
    /// workspace's own, which goes with the workspace.
    pub async fn delete_store(&self, caller: &PolicyCaller, from: &Caller, id: &str) -> Result<(), PolicyError> {
        let store = self.open_store(caller, id).await?;
        let (mut transaction, access) = self.begin_by_key(caller).await?;
        if access != StoreAccess::All {
            return Err(Error::forbidden("The key is bound to this store").into());
        }
        if store.workspace_id.is_some() {
            return Err(Error::forbidden("The store is a workspace's and goes with it").into());
        }
        let actor = Actor::Service(caller.service_name.clone());
        if !transaction.delete_policy_store(&store.id, self.now()).await? {
            return Err(unknown());
        }
        let change = Change::new("store.delete").on("store", &store.id);
        self.commit_as(transaction, &actor, from, change).await?;
        self.policy().forget(store.number);
        self.policy().cool(&store.id);
        Ok(())
    }

    /// The stores that the caller's key opens, the newest first, and the token of the next page.
    ///
    /// # Errors
    /// [`RefusalCode::PageSizeInvalid`], [`RefusalCode::InvalidContinuationToken`].
    pub async fn list_stores(
        &self,
        caller: &PolicyCaller,
        name: Option<&str>,
        page_size: Option<i64>,
        token: &str,
    ) -> Result<(Vec<PolicyStore>, String), PolicyError> {
        if let Some(name) = name {
            named("ListStoresRequest", name)?;
        }
        let size = page(page_size)?;
        let [before] = super::token::page_read("stores", token)?;
        let filter = match caller.access {
            StoreAccess::All => PolicyStoreFilter { name, ..PolicyStoreFilter::default() },
            StoreAccess::Store(number) => PolicyStoreFilter { name, number: Some(number), workspace_id: None },
            StoreAccess::Workspace(id) => PolicyStoreFilter { name, number: None, workspace_id: Some(id) },
        };
        let before = (!before.is_empty()).then_some(before.as_str());
        let mut found = self.store().read().await?.policy_stores(&filter, before, size + 1).await?;
        let more = super::cut(&mut found, size);
        let next = found.last().filter(|_| more).map(|last| super::token::page_write("stores", [&last.id]));
        Ok((found, next.unwrap_or_default()))
    }

    /// Says which stores a service's keys open from now on: `all`, `none`, `store:ID` or `workspace:SLUG`.
    ///
    /// # Errors
    /// Not found for the service, the store or the workspace; invalid for other words.
    pub async fn set_policy_access(
        &self,
        actor: &Actor,
        from: &Caller,
        service_id: Uuid,
        words: &str,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.service(service_id).await?.ok_or_else(|| Error::not_found("Service not found"))?;
        self.open_stores(&mut transaction, (actor, from), service_id, words).await?;
        Ok(transaction.commit().await?)
    }

    /// The same in a transaction that goes on, of a service that is there.
    pub(in crate::service) async fn open_stores(
        &self,
        transaction: &mut Transaction,
        (actor, from): (&Actor, &Caller),
        service_id: Uuid,
        words: &str,
    ) -> Result<(), Error> {
        let access = match words.split_once(':') {
            None if words == "all" => Some(StoreAccess::All),
            None if words == "none" => None,
            Some(("store", id)) => {
                let found = transaction.policy_store(id).await?;
                Some(StoreAccess::Store(found.ok_or_else(|| Error::not_found("Store not found"))?.number))
            }
            Some(("workspace", slug)) => {
                let found = transaction.workspace_by_slug(slug).await?;
                Some(StoreAccess::Workspace(found.ok_or_else(|| Error::not_found("Workspace not found"))?.id))
            }
            _ => return Err(Error::invalid("policy access must be all, none, store:ID or workspace:SLUG")),
        };
        transaction.set_store_access(service_id, access).await.map_err(gone)?;
        let change = Change::new("service.policy_access").on("service", service_id).detail("access", words);
        self.record(transaction, actor, from, change).await
    }

    /// Which stores a service's keys open, in the words of [`Service::set_policy_access`].
    ///
    /// # Errors
    /// As every use case that reads.
    pub async fn policy_access(&self, service_id: Uuid) -> Result<String, Error> {
        let mut connection = self.store().read().await?;
        Ok(match connection.store_access(service_id).await? {
            None => "none".to_owned(),
            Some(StoreAccess::All) => "all".to_owned(),
            Some(StoreAccess::Store(number)) => match connection.policy_store_by_number(number).await? {
                Some(store) => format!("store:{}", store.id),
                None => "none".to_owned(),
            },
            Some(StoreAccess::Workspace(id)) => match connection.workspace(id).await? {
                Some(workspace) => format!("workspace:{}", workspace.slug),
                None => "none".to_owned(),
            },
        })
    }
}

/// What was found in a transaction, and is not there any more when something is to refer to it.
pub(in crate::service) fn gone(error: StorageError) -> Error {
    match error {
        StorageError::Reference => Error::not_found("The service, the store or the workspace is gone"),
        other => other.into(),
    }
}

/// That a store may have this name.
pub(super) fn check_name(name: &str) -> Result<(), PolicyError> {
    named("CreateStoreRequest", name)
}

fn named(request: &str, name: &str) -> Result<(), PolicyError> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || NAME_MARKS.contains(character);
    if !NAME_LENGTH.contains(&name.len()) || !name.chars().all(is_name) {
        return Err(PolicyError::validation(format!(
            "invalid {request}.Name: value does not match regex pattern \"^[a-zA-Z0-9\\\\s\\\\.\\\\-\\\\/^_&@]{{3,64}}$\""
        )));
    }
    Ok(())
}

pub(super) fn opens(access: StoreAccess, store: &PolicyStore) -> bool {
    match access {
        StoreAccess::All => true,
        StoreAccess::Store(number) => store.number == number,
        StoreAccess::Workspace(id) => store.workspace_id == Some(id),
    }
}

pub(super) fn unknown() -> PolicyError {
    PolicyError::refused(RefusalCode::StoreNotFound, "Store ID not found")
}

/// How many entries a page has.
pub(super) fn page(size: Option<i64>) -> Result<i64, PolicyError> {
    match size {
        None => Ok(i64::from(DEFAULT_PAGE)),
        Some(size) if (1..=i64::from(PAGE)).contains(&size) => Ok(size),
        Some(_) => Err(PolicyError::refused(
            RefusalCode::PageSizeInvalid,
            format!("invalid PageSize: value must be inside range [1, {PAGE}]"),
        )),
    }
}
