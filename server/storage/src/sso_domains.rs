//! Domains for whose addresses a workspace's provider may speak.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::on;
use crate::statement::execute;
use crate::{Connection, DomainProof, Millis, StorageError, Transaction};

/// A domain that a workspace claims.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
#[allow(missing_docs, reason = "the columns say it: see the schema")]
pub struct SsoDomain {
    pub workspace_id: Uuid,
    pub domain: String,
    pub token: String,
    pub proven_at: Option<Millis>,
    pub how: Option<DomainProof>,
    pub created_at: Millis,
}

const DOMAIN: &str = "SELECT workspace_id, domain, token, proven_at, how, created_at FROM sso_domains WHERE ";

impl Connection {
    /// The domains that a workspace claims, at most `limit`.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn sso_domains(&mut self, workspace_id: Uuid, limit: i64) -> Result<Vec<SsoDomain>, StorageError> {
        let sql = concatcp!(DOMAIN, "workspace_id = $1 ORDER BY domain LIMIT $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(limit).fetch_all(db)))
    }

    /// The domain as a workspace claims it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn sso_domain(&mut self, workspace_id: Uuid, domain: &str) -> Result<Option<SsoDomain>, StorageError> {
        let sql = concatcp!(DOMAIN, "workspace_id = $1 AND domain = $2");
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).bind(domain).fetch_optional(db)))
    }

    /// The domain as the one workspace has it that has proven it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn proven_sso_domain(&mut self, domain: &str) -> Result<Option<SsoDomain>, StorageError> {
        let sql = concatcp!(DOMAIN, "domain = $1 AND proven_at IS NOT NULL");
        Ok(on!(self, db => sqlx::query_as(sql).bind(domain).fetch_optional(db)))
    }
}

impl Transaction {
    /// Notes that a workspace claims a domain.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where it does already, [`StorageError::Reference`] where there is no such workspace.
    pub async fn insert_sso_domain(
        &mut self,
        workspace_id: Uuid,
        domain: &str,
        token: &str,
        now: Millis,
    ) -> Result<(), StorageError> {
        let sql = "INSERT INTO sso_domains (workspace_id, domain, token, created_at) VALUES ($1, $2, $3, $4)";
        execute!(self, sql, workspace_id, domain, token, now);
        Ok(())
    }

    /// Notes that a workspace has proven a domain that it claims. False: it does not claim it.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where another workspace has proven it.
    pub async fn prove_sso_domain(
        &mut self,
        workspace_id: Uuid,
        domain: &str,
        how: DomainProof,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = "UPDATE sso_domains SET proven_at = $3, how = $4 WHERE workspace_id = $1 AND domain = $2";
        Ok(execute!(self, sql, workspace_id, domain, now, how.as_str()) == 1)
    }

    /// Takes a domain from a workspace. False: it does not claim it.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_sso_domain(&mut self, workspace_id: Uuid, domain: &str) -> Result<bool, StorageError> {
        let sql = "DELETE FROM sso_domains WHERE workspace_id = $1 AND domain = $2";
        Ok(execute!(self, sql, workspace_id, domain) == 1)
    }
}
