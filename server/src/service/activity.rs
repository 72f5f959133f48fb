//! The activity log: every change, who made it, in the same transaction as the change itself.

use sentinel_storage::{NewActivity, Transaction};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Caller, Error, Service, WorkspaceRole};

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, of what is their own.
    User(Uuid),
    /// A person in a workspace.
    Member {
        /// The account.
        user_id: Uuid,
        /// Where.
        workspace_id: Uuid,
        /// What they must at least be there when the change is written.
        role: WorkspaceRole,
    },
    /// An administrator of the deployment.
    Administrator(Uuid),
    /// A service, by its name.
    Service(String),
    /// A service that provisions a workspace.
    Provisioner {
        /// Its registration.
        id: Uuid,
        /// Its name.
        name: String,
    },
    /// The command line, or the server itself.
    System,
}

impl Actor {
    /// The account behind it, where there is one.
    pub(crate) fn account(&self) -> Option<Uuid> {
        match self {
            Self::User(id) | Self::Administrator(id) | Self::Member { user_id: id, .. } => Some(*id),
            Self::Service(_) | Self::Provisioner { .. } | Self::System => None,
        }
    }
}

/// What was changed: `Change::new("group.create").on("group", id).within(workspace)`.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    action: &'static str,
    target: Option<(&'static str, String)>,
    workspace_id: Option<Uuid>,
    detail: Map<String, Value>,
}

impl Change {
    /// A change by its name, `subject.verb`.
    pub(crate) fn new(action: &'static str) -> Self {
        Self { action, target: None, workspace_id: None, detail: Map::new() }
    }

    /// What it was done to.
    pub(crate) fn on(mut self, kind: &'static str, id: impl ToString) -> Self {
        self.target = Some((kind, id.to_string()));
        self
    }

    /// The workspace that it happened in.
    pub(crate) fn within(mut self, workspace_id: Uuid) -> Self {
        self.workspace_id = Some(workspace_id);
        self
    }

    /// A fact that a reader of the log needs; never a secret.
    pub(crate) fn detail(mut self, name: &str, value: impl ToString) -> Self {
        self.detail.insert(name.into(), Value::String(value.to_string()));
        self
    }
}

impl Service {
    /// Writes a change into the log; it stands once the transaction does.
    pub(crate) async fn record(
        &self,
        transaction: &mut Transaction,
        actor: &Actor,
        caller: &Caller,
        change: Change,
    ) -> Result<(), Error> {
        let (actor_kind, actor_id) = match actor {
            Actor::User(id) | Actor::Member { user_id: id, .. } => ("user", Some(id.to_string())),
            Actor::Administrator(id) => ("admin", Some(id.to_string())),
            Actor::Service(name) => ("service", Some(name.clone())),
            Actor::Provisioner { id, .. } => ("scim", Some(id.to_string())),
            Actor::System => ("system", None),
        };
        let detail = Value::Object(change.detail);
        let ip_address = caller.ip.map(|ip| ip.to_string());
        let new = NewActivity {
            actor_kind,
            actor_id: actor_id.as_deref(),
            action: change.action,
            target_kind: change.target.as_ref().map(|(kind, _)| *kind),
            target_id: change.target.as_ref().map(|(_, id)| id.as_str()),
            workspace_id: change.workspace_id,
            detail: &detail,
            ip_address: ip_address.as_deref(),
        };
        transaction.append_activity(&new, self.now()).await?;
        let user_id = change.target.as_ref().filter(|(kind, _)| *kind == "user").and_then(|(_, id)| id.parse().ok());
        self.tell_of(transaction, change.action, user_id, change.workspace_id).await
    }

    /// Writes the last change of a transaction into the log, and commits: how every change ends that began as somebody's
    /// (see [`Service::begin_as`]).
    pub(crate) async fn commit_as(
        &self,
        mut transaction: Transaction,
        actor: &Actor,
        caller: &Caller,
        change: Change,
    ) -> Result<(), Error> {
        self.record(&mut transaction, actor, caller, change).await?;
        Ok(transaction.commit().await?)
    }
}
