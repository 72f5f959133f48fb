//! Which bundles a service's key opens: those of the stores that it opens anyway, or, as the least that a gateway needs, a
//! service's in the workspaces that were named. The latter opens nothing else: no store, no tuple, no question.
//!
//! The workspaces are named by an administrator and not found by where the service has resources: a service registers
//! those by itself, and would open whichever workspace it likes.

use std::fmt;

use sentinel_storage::{BundleGrant, PolicyKey, StoreAccess, Transaction};
use uuid::Uuid;

use crate::service::activity::Change;
use crate::service::policy::gone;
use crate::service::{Actor, Caller, Error, Service, input};

/// Most bundles that are named for one service. For more there is `all`.
const GRANTS: usize = 100;
const NONE: &str = "none";
const ALL: &str = "all";

/// A service that came with a key that opens some bundle. Whether one of a workspace is asked there.
#[derive(Clone, PartialEq, Eq)]
pub struct BundleCaller {
    pub(super) service_id: Uuid,
    pub(super) service_name: String,
    /// Which stores its keys open.
    pub(super) stores: Option<StoreAccess>,
    granted: Vec<BundleGrant>,
    /// What the key is found by again, for as long as somebody listens.
    key_hash: [u8; 32],
}

/// Without what the key is found by.
impl fmt::Debug for BundleCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BundleCaller").field("service_name", &self.service_name).finish_non_exhaustive()
    }
}

/// What a key opens of a workspace: something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    /// Whether the workspace's store is open to it, and so everything.
    pub(super) is_all: bool,
    /// The services whose bundles it opens. Whoever holds one needs to hear what was taken back and that something changed.
    pub(super) of: Vec<Uuid>,
}

impl Service {
    /// The service whose key this is, where the key opens any bundle.
    ///
    /// # Errors
    /// Unauthenticated for an unknown, expired or inactive key; forbidden for one that opens none.
    pub async fn authenticate_bundle(&self, key: &str) -> Result<BundleCaller, Error> {
        let (found, key_hash) = self.service_of_key(key).await?;
        self.bundle_caller(found, key_hash).await
    }

    /// The caller as the key has it now.
    ///
    /// # Errors
    /// Unauthenticated for a key that is none any more, or another service's; forbidden for one that opens none.
    pub(super) async fn still_calls(&self, caller: &BundleCaller) -> Result<BundleCaller, Error> {
        let found = self.service_by_key(&caller.key_hash, caller.service_id).await?;
        self.bundle_caller(found, caller.key_hash).await
    }

    async fn bundle_caller(&self, found: PolicyKey, key_hash: [u8; 32]) -> Result<BundleCaller, Error> {
        let PolicyKey { service_id, service_name, access: stores, .. } = found;
        let granted = self.store().read().await?.bundle_access(service_id).await?;
        if stores.is_none() && granted.is_empty() {
            return Err(Error::forbidden("The service's keys open no bundles"));
        }
        Ok(BundleCaller { service_id, service_name, stores, granted, key_hash })
    }

    /// What a caller's key opens of a workspace.
    ///
    /// # Errors
    /// Not found for a workspace of which it opens nothing. (One that does not exist may seem open: whatever is asked of
    /// it is not found.)
    pub(super) async fn opened(&self, caller: &BundleCaller, workspace: Uuid) -> Result<Opened, Error> {
        let is_all = match caller.stores {
            Some(access) => self.opens_workspace(access, workspace).await?,
            None => false,
        };
        let here = caller.granted.iter().filter(|grant| grant.workspace_id.is_none_or(|id| id == workspace));
        let of: Vec<Uuid> = here.map(|grant| grant.of_service_id).collect();
        if is_all || !of.is_empty() { Ok(Opened { is_all, of }) } else { Err(Error::not_found("Workspace not found")) }
    }

    /// Says which bundles a service's keys open from now on, whatever stores they open: `none`, or of its own `all` or
    /// `workspace:SLUG`, of another service's `SERVICE/all` or `SERVICE/workspace:SLUG`; several with commas between them.
    ///
    /// # Errors
    /// Not found for the service or a workspace; invalid for other words.
    pub async fn set_bundle_access(
        &self,
        actor: &Actor,
        from: &Caller,
        service_id: Uuid,
        words: &str,
    ) -> Result<(), Error> {
        let mut transaction = self.begin_as(actor).await?;
        transaction.service(service_id).await?.ok_or_else(unknown)?;
        self.open_bundles(&mut transaction, (actor, from), service_id, words).await?;
        Ok(transaction.commit().await?)
    }

    /// The same in a transaction that goes on, of a service that is there.
    pub(in crate::service) async fn open_bundles(
        &self,
        transaction: &mut Transaction,
        (actor, from): (&Actor, &Caller),
        service_id: Uuid,
        words: &str,
    ) -> Result<(), Error> {
        let mut access = Vec::new();
        for Named { service, workspace } in named(words)? {
            let of_service_id = match service {
                Some(name) => transaction.service_by_name(name).await?.ok_or_else(unknown)?.id,
                None => service_id,
            };
            let workspace_id = match workspace {
                Some(slug) => {
                    let found = transaction.workspace_by_slug(slug).await?;
                    Some(found.ok_or_else(|| Error::not_found("Workspace not found"))?.id)
                }
                None => None,
            };
            access.push(BundleGrant { of_service_id, workspace_id });
        }
        transaction.set_bundle_access(service_id, &access).await.map_err(gone)?;
        let change = Change::new("service.bundle_access").on("service", service_id).detail("access", words);
        self.record(transaction, actor, from, change).await
    }

    /// Which bundles a service's keys open, in the words of [`Service::set_bundle_access`].
    ///
    /// # Errors
    /// As every use case that reads.
    pub async fn bundle_access(&self, service_id: Uuid) -> Result<String, Error> {
        let mut connection = self.store().read().await?;
        let mut words = Vec::new();
        for BundleGrant { of_service_id, workspace_id } in connection.bundle_access(service_id).await? {
            let service = match of_service_id == service_id {
                true => String::new(),
                false => match connection.service(of_service_id).await? {
                    Some(service) => format!("{}/", service.service_name),
                    None => continue,
                },
            };
            let workspace = match workspace_id {
                Some(id) => match connection.workspace(id).await? {
                    Some(workspace) => format!("{WORKSPACE}{}", workspace.slug),
                    None => continue,
                },
                None => ALL.to_owned(),
            };
            words.push(service + &workspace);
        }
        words.sort_unstable();
        Ok(if words.is_empty() { NONE.to_owned() } else { words.join(",") })
    }
}

fn unknown() -> Error {
    Error::not_found("Service not found")
}

const WORKSPACE: &str = "workspace:";

/// One of the words.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    /// Whose bundle; `None`: the service's own.
    service: Option<&'a str>,
    /// Of which workspace, by its slug; `None`: of all.
    workspace: Option<&'a str>,
}

fn named(words: &str) -> Result<Vec<Named<'_>>, Error> {
    const WORDS: &str =
        "bundle access must be none, all, workspace:SLUG, SERVICE/all or SERVICE/workspace:SLUG, several with commas";
    if words == NONE {
        return Ok(Vec::new());
    }
    if words.split(',').count() > GRANTS {
        return Err(Error::invalid(format!("bundle access names at most {GRANTS} bundles")));
    }
    let one = |word| {
        let (service, workspace) = match str::split_once(word, '/') {
            Some((service, workspace)) => (Some(input::service_name(service)?), workspace),
            None => (None, word),
        };
        let workspace = match (workspace, workspace.strip_prefix(WORKSPACE)) {
            (ALL, _) => None,
            (_, Some(slug)) => Some(input::slug(slug)?),
            _ => return Err(Error::invalid(WORDS)),
        };
        Ok(Named { service, workspace })
    };
    words.split(',').map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named() {
        let one = |service, workspace| Named { service, workspace };
        assert_eq!(named("none").unwrap(), []);
        assert_eq!(named("all").unwrap(), [one(None, None)]);
        assert_eq!(named("workspace:lab,workspace:den").unwrap(), [one(None, Some("lab")), one(None, Some("den"))]);
        assert_eq!(
            named("notes/workspace:lab,tasks/all").unwrap(),
            [one(Some("notes"), Some("lab")), one(Some("tasks"), None)]
        );
        for wrong in [
            "",
            "lab",
            "store:x",
            "workspace:",
            "workspace:lab,",
            "workspace:lab, workspace:den",
            "all,none",
            "/all",
            "a b/all",
            "notes/",
            "notes/none",
            "notes/tasks/all",
        ] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
        assert!(named(&vec!["workspace:lab"; GRANTS].join(",")).is_ok());
        assert!(named(&vec!["workspace:lab"; GRANTS + 1].join(",")).is_err());
    }
}
