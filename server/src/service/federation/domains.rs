//! Domains for whose addresses a tenant's provider may speak: proven by their DNS, or by an administrator's decision. Of
//! all tenants one has a domain.

use sentinel_keys::secrets;
use sentinel_storage::{DomainProof, RevokedFor, SsoDomain, SsoEnded, StorageError};
use uuid::Uuid;

use super::configuration::domain as spelled;
use super::{SsoError, dns};
use crate::service::activity::{Actor, Change};
use crate::service::{Caller, Error, ErrorKind, Millis, Service, User, WorkspaceRole};

/// Most domains of a tenant.
const MOST: i64 = 50;

/// A domain that a tenant claims.
#[derive(Clone, Debug)]
pub struct DomainView {
    /// In lower case.
    pub domain: String,
    /// Where the record belongs.
    pub record: String,
    /// What the record says.
    pub value: String,
    /// When it was proven.
    pub proven_at: Option<Millis>,
    /// `dns` or `administrator`.
    pub how: Option<DomainProof>,
}

impl From<SsoDomain> for DomainView {
    fn from(found: SsoDomain) -> Self {
        Self {
            record: format!("{}.{}", dns::LABEL, found.domain),
            value: format!("{}{}", dns::PREFIX, found.token),
            domain: found.domain,
            proven_at: found.proven_at,
            how: found.how,
        }
    }
}

impl Service {
    /// The domains of the user's tenant; its admins see them.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`].
    pub async fn sso_domains(&self, user: &User) -> Result<Vec<DomainView>, Error> {
        user.require(user.workspace_id, WorkspaceRole::Admin)?;
        self.sso_domains_of(user.workspace_id).await
    }

    /// The domains of a workspace. Who may is the caller's to know.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] for a workspace that does not exist.
    pub async fn sso_domains_of(&self, workspace_id: Uuid) -> Result<Vec<DomainView>, Error> {
        let mut connection = self.store().read().await?;
        connection.workspace(workspace_id).await?.ok_or_else(|| Error::not_found("Workspace not found"))?;
        let found = connection.sso_domains(workspace_id, MOST).await?;
        Ok(found.into_iter().map(DomainView::from).collect())
    }

    /// Claims a domain for the user's tenant: what its DNS has to show. Again: the same.
    ///
    /// # Errors
    /// [`SsoError`] for what is no domain, or too many.
    pub async fn claim_sso_domain(&self, user: &User, caller: &Caller, name: &str) -> Result<DomainView, SsoError> {
        let actor = user.acting(user.workspace_id, WorkspaceRole::Admin)?;
        self.claim(&actor, caller, user.workspace_id, name).await
    }

    async fn claim(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        name: &str,
    ) -> Result<DomainView, SsoError> {
        let domain = spelled(name.trim()).ok_or_else(no_domain)?;
        let mut transaction = self.begin_as(actor).await?;
        if let Some(known) = transaction.sso_domain(workspace_id, &domain).await? {
            return Ok(known.into());
        }
        if i64::try_from(transaction.sso_domains(workspace_id, MOST).await?.len()).unwrap_or(MOST) >= MOST {
            return Err(SsoError::invalid(format!("a tenant has at most {MOST} domains")));
        }
        let token = secrets::random_token()?;
        transaction.insert_sso_domain(workspace_id, &domain, &token, self.now()).await.map_err(
            |error| match error {
                StorageError::Conflict => Error::conflict("The domain is being claimed at this moment"),
                StorageError::Reference => Error::not_found("Workspace not found"),
                other => other.into(),
            },
        )?;
        let change = Change::new("sso.domain.claim").on("domain", &domain).within(workspace_id);
        self.record(&mut transaction, actor, caller, change).await?;
        let made = transaction.sso_domain(workspace_id, &domain).await?;
        transaction.commit().await?;
        Ok(made.ok_or_else(|| Error::internal("a domain that was just claimed is not there"))?.into())
    }

    /// Looks whether the domain's DNS shows what it has to, and proves it then.
    ///
    /// # Errors
    /// `domain_not_shown` where it does not; `domain_taken` where another tenant has proven it: an administrator of the
    /// deployment decides then.
    pub async fn verify_sso_domain(&self, user: &User, caller: &Caller, name: &str) -> Result<DomainView, SsoError> {
        let actor = user.acting(user.workspace_id, WorkspaceRole::Admin)?;
        let domain = spelled(name).ok_or_else(unknown_domain)?;
        let claimed = self.store().read().await?.sso_domain(user.workspace_id, &domain).await?;
        let claimed = claimed.ok_or_else(unknown_domain)?;
        if claimed.proven_at.is_some() {
            return Ok(claimed.into());
        }
        let resolver = self.inner.federation.resolver(&self.config().federation)?;
        if !dns::shows(resolver, &domain, &claimed.token).await {
            let detail = format!(
                "No TXT record {}.{domain} says {}{}: it may take a while until it is seen",
                dns::LABEL,
                dns::PREFIX,
                claimed.token
            );
            return Err(SsoError::refused(ErrorKind::Conflict, "domain_not_shown", detail));
        }
        self.prove(&actor, caller, &claimed, DomainProof::Dns).await
    }

    /// Gives a domain to a workspace by the word of whoever runs the deployment, which is noted.
    ///
    /// # Errors
    /// As [`Service::verify_sso_domain`].
    pub async fn approve_sso_domain(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        name: &str,
    ) -> Result<DomainView, SsoError> {
        let claimed = self.claim(actor, caller, workspace_id, name).await?;
        let found = self.store().read().await?.sso_domain(workspace_id, &claimed.domain).await?;
        let found = found.ok_or_else(unknown_domain)?;
        self.prove(actor, caller, &found, DomainProof::Administrator).await
    }

    async fn prove(
        &self,
        actor: &Actor,
        caller: &Caller,
        claimed: &SsoDomain,
        how: DomainProof,
    ) -> Result<DomainView, SsoError> {
        let SsoDomain { workspace_id, domain, token, .. } = claimed;
        let mut transaction = self.begin_as(actor).await?;
        // What was looked for is what is claimed now: it may have been taken back and claimed anew meanwhile.
        let now = transaction.sso_domain(*workspace_id, domain).await?.filter(|now| now.token == *token);
        now.ok_or_else(unknown_domain)?;
        let proven = transaction.prove_sso_domain(*workspace_id, domain, how, self.now()).await;
        proven.map_err(|error| match error {
            StorageError::Conflict => SsoError::refused(
                ErrorKind::Conflict,
                "domain_taken",
                "Another tenant has proven this domain: ask whoever runs this server",
            ),
            other => other.into(),
        })?;
        let change = Change::new("sso.domain.prove").on("domain", domain).within(*workspace_id);
        self.record(&mut transaction, actor, caller, change.detail("how", how.as_str())).await?;
        let view = transaction.sso_domain(*workspace_id, domain).await?;
        transaction.commit().await?;
        Ok(view.ok_or_else(unknown_domain)?.into())
    }

    /// Takes a domain from the user's tenant.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::Forbidden`].
    pub async fn remove_sso_domain(&self, user: &User, caller: &Caller, name: &str) -> Result<(), SsoError> {
        let actor = user.acting(user.workspace_id, WorkspaceRole::Admin)?;
        self.take_sso_domain(&actor, caller, user.workspace_id, name).await
    }

    /// Takes a domain from a workspace, and ends the sessions that came of its provider. Who may is the caller's to know.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`].
    pub async fn take_sso_domain(
        &self,
        actor: &Actor,
        caller: &Caller,
        workspace_id: Uuid,
        name: &str,
    ) -> Result<(), SsoError> {
        let domain = spelled(name).ok_or_else(unknown_domain)?;
        let mut transaction = self.begin_as(actor).await?;
        let connection = transaction.sso_connection_of(workspace_id).await?;
        if let Some(connection) = connection {
            // A login that is under way is waited for, and its session is then found.
            transaction.hold_sso_connection(connection.id).await?;
            let end = self.session_end(RevokedFor::Admin);
            transaction.end_sessions_of_sso(connection.id, SsoEnded::default(), end).await?;
        }
        if !transaction.delete_sso_domain(workspace_id, &domain).await? {
            return Err(unknown_domain());
        }
        let change = Change::new("sso.domain.remove").on("domain", &domain).within(workspace_id);
        self.record(&mut transaction, actor, caller, change).await?;
        Ok(transaction.commit().await?)
    }

    /// The tenant that has proven a domain, by a domain or by an address of it.
    pub(super) async fn tenant_of_domain(&self, domain: &str) -> Result<Option<Uuid>, Error> {
        let found = self.store().read().await?.proven_sso_domain(domain).await?;
        Ok(found.map(|found| found.workspace_id))
    }
}

fn no_domain() -> SsoError {
    SsoError::invalid("a domain is a host name like firm.example")
}

fn unknown_domain() -> SsoError {
    SsoError::refused(ErrorKind::NotFound, "not_found", "This tenant claims no such domain")
}
