use sentinel_server::service::federation::{DomainView, SsoError};
use sentinel_server::service::{Error, Service};
use serde_json::Value;

use super::{ACTOR, caller, row, time};

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Domains for whose addresses a workspace's provider may speak.
    #[command(subcommand)]
    Domain(Domain),
}

#[derive(clap::Subcommand)]
pub(crate) enum Domain {
    /// Decide that a domain is a workspace's, in place of the proof by DNS.
    Approve {
        /// The domain
        domain: String,
        /// The workspace, by its slug
        #[arg(long, value_name = "SLUG")]
        workspace: String,
    },
    /// Take a domain from a workspace. The sessions that came of its provider end.
    Remove {
        /// The domain
        domain: String,
        /// The workspace, by its slug
        #[arg(long, value_name = "SLUG")]
        workspace: String,
    },
    /// List the domains that a workspace claims.
    List {
        /// The workspace, by its slug
        #[arg(long, value_name = "SLUG")]
        workspace: String,
    },
}

pub(super) async fn run(service: &Service, command: Command) -> Result<Value, Error> {
    let Command::Domain(command) = command;
    match command {
        Domain::Approve { domain, workspace } => {
            let id = service.workspace_by_slug(&workspace).await?.id;
            let approved = service.approve_sso_domain(&ACTOR, &caller(), id, &domain).await;
            Ok(shown(approved.map_err(SsoError::into_error)?))
        }
        Domain::Remove { domain, workspace } => {
            let id = service.workspace_by_slug(&workspace).await?.id;
            let taken = service.take_sso_domain(&ACTOR, &caller(), id, &domain).await;
            taken.map_err(SsoError::into_error)?;
            Ok(row([("removed", domain.into())]))
        }
        Domain::List { workspace } => {
            let id = service.workspace_by_slug(&workspace).await?.id;
            Ok(service.sso_domains_of(id).await?.into_iter().map(shown).collect())
        }
    }
}

fn shown(domain: DomainView) -> Value {
    row([
        ("domain", domain.domain.into()),
        ("proven_at", domain.proven_at.map_or(Value::Null, time)),
        ("how", domain.how.map_or(Value::Null, |how| how.as_str().into())),
        ("record", domain.record.into()),
        ("value", domain.value.into()),
    ])
}
