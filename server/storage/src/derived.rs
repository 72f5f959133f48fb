//! The built-in tuples of a workspace's store, written with the rows that they come from.
//!
//! Whoever changes rows of memberships, groups, resources or shares says which tuples that may concern
//! ([`Transaction::touch`]); at the end of the transaction what the rows say now is compared with the tuples that are
//! there, and the difference is one write of the store.
//!
//! INVARIANT: in every committed state the built-in tuples of a workspace's store are exactly those that its rows say.
//! Proof: the comparison holds the store's row, and reads only afterwards. So it sees the rows of every transaction
//! whose comparison came before it, and its own; and a transaction whose rows it does not see yet compares after it and
//! sees these. Locks on accounts and stores are taken last and in their order: nobody waits in a circle for them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::built_in::{self, BUILT_IN_TYPES, GROUP_RELATIONS, RESOURCE_RELATIONS, is_built_in};
use crate::connection::on;
use crate::statement::execute;
use crate::stores::STORE_COLUMNS;
use crate::{
    Coordinates, Grantee, Millis, NewTuple, Permission, PolicyStore, Resource, StorageError, Transaction, TupleName,
    Visibility, WorkspaceRole,
};

/// Which tuples of a workspace's store a change may concern.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// A member's role.
    Role(Uuid),
    /// Whatever names a user.
    User(Uuid),
    /// A user in a group.
    GroupMember(Uuid, Uuid),
    /// A group in a group.
    GroupInGroup(Uuid, Uuid),
    /// Whatever names a group.
    Group(Uuid),
    /// Whatever is about a resource: the id of its record, and its name.
    Resource(Uuid, String),
    /// What of it a grantee has been given.
    Share(Uuid, String, Grantee),
    /// All of the workspace's.
    All,
}

/// What a transaction has touched so far, by workspace.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    scopes: BTreeMap<Uuid, BTreeSet<Scope>>,
    at: Millis,
}

/// How often this process has changed built-in tuples. Workspaces share numbers: one that did not change costs whoever
/// looks a look at the database.
#[derive(Debug)]
pub(crate) struct Written([AtomicU64; 256]);

impl Default for Written {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Written {
    fn slot(&self, workspace_id: Uuid) -> Option<&AtomicU64> {
        self.0.get(usize::from(workspace_id.as_bytes()[0]))
    }

    pub(crate) fn of(&self, workspace_id: Uuid) -> u64 {
        self.slot(workspace_id).map_or(0, |count| count.load(Ordering::Acquire))
    }

    /// Counts once what is answered is dropped: when the commit has ended, however it did.
    pub(crate) fn note(self: &Arc<Self>, workspaces: Vec<Uuid>) -> Noted {
        Noted { written: Arc::clone(self), workspaces }
    }
}

pub(crate) struct Noted {
    written: Arc<Written>,
    workspaces: Vec<Uuid>,
}

impl Drop for Noted {
    fn drop(&mut self) {
        for count in self.workspaces.iter().filter_map(|id| self.written.slot(*id)) {
            count.fetch_add(1, Ordering::AcqRel);
        }
    }
}

#[derive(FromRow)]
struct ResourceRow {
    service_name: String,
    resource_type: String,
    resource_id: Uuid,
    visibility: Visibility,
    owner_id: Option<Uuid>,
}

#[derive(FromRow)]
struct ShareRow {
    service_name: String,
    resource_type: String,
    resource_id: Uuid,
    permission: Permission,
    user_id: Option<Uuid>,
    group_id: Option<Uuid>,
}

/// A closed account has no tuples, and neither has who owns a resource without being a member: both are shut out wherever
/// tokens are asked for, and tuples are read without tokens too.
const ROLES: &str = "SELECT m.user_id, m.role FROM memberships m JOIN users u ON u.id = m.user_id \
                     WHERE u.is_active AND m.workspace_id = $1";
const GROUP_MEMBERS: &str = "SELECT g.group_id, g.user_id FROM group_members g JOIN users u ON u.id = g.user_id \
                             WHERE u.is_active AND g.workspace_id = $1";
const GROUPS_IN_GROUPS: &str = "SELECT n.group_id, n.member_group_id FROM group_groups n WHERE n.workspace_id = $1";
const RESOURCES: &str = "SELECT r.service_name, r.resource_type, r.resource_id, r.visibility, \
     (SELECT m.user_id FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.is_active \
      AND m.workspace_id = r.workspace_id AND m.user_id = r.owner_id) AS owner_id \
     FROM resources r WHERE r.workspace_id = $1";
const SHARES: &str = "SELECT r.service_name, r.resource_type, r.resource_id, s.permission, s.user_id, s.group_id \
     FROM shares s JOIN resources r ON r.id = s.permission_id LEFT JOIN users u ON u.id = s.user_id \
     WHERE (s.user_id IS NULL OR u.is_active) AND s.workspace_id = $1";
const TUPLES: &str = "SELECT object_type, object_id, relation, subject FROM tuples WHERE store_number = $1";

/// The rows of a statement with these parameters.
macro_rules! rows {
    ($transaction:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        on!($transaction, db => sqlx::query_as($sql)$(.bind($value))*.fetch_all(db))
    };
}

impl ResourceRow {
    fn name(&self) -> String {
        named(&self.service_name, &self.resource_type, self.resource_id)
    }
}

fn named(service_name: &str, resource_type: &str, resource_id: Uuid) -> String {
    built_in::resource_id(&Coordinates { service_name, resource_type, resource_id })
}

impl Scope {
    pub(crate) fn resource(resource: &Resource) -> Self {
        Self::Resource(resource.id, resource.name())
    }

    pub(crate) fn share(resource: &Resource, grantee: Grantee) -> Self {
        Self::Share(resource.id, resource.name(), grantee)
    }
}

impl Resource {
    fn name(&self) -> String {
        named(&self.service_name, &self.resource_type, self.resource_id)
    }
}

impl Transaction {
    /// Says that what the rows say about these tuples may have changed.
    pub(crate) fn touch(&mut self, workspace_id: Uuid, scope: Scope, now: Millis) {
        let touched = self.touched();
        touched.scopes.entry(workspace_id).or_default().insert(scope);
        touched.at = touched.at.max(now);
    }

    /// Writes what the rows that were touched say, one revision for each store that it changes. Answers whose stores.
    pub(crate) async fn derive(&mut self) -> Result<Vec<Uuid>, StorageError> {
        let Touched { scopes, at } = std::mem::take(self.touched());
        let users = scopes.values().flatten().filter_map(|scope| match scope {
            Scope::User(user) => Some(*user),
            _ => None,
        });
        for user in users.collect::<BTreeSet<_>>() {
            self.hold_account(user).await?;
        }
        let mut changed = Vec::new();
        for (workspace_id, scopes) in scopes {
            // Gone together with its workspace.
            let Some(store) = self.lock_store_of_workspace(workspace_id).await? else { continue };
            let (mut said, mut found) = (BTreeSet::new(), BTreeSet::new());
            for scope in &scopes {
                self.said(workspace_id, scope, &mut said).await?;
                self.found(&store, workspace_id, scope, &mut found).await?;
            }
            let gone: Vec<_> = found.difference(&said).collect();
            let new: Vec<_> = said.difference(&found).map(|name| plain(name.clone())).collect();
            if !gone.is_empty() || !new.is_empty() {
                self.change_tuples(&store, &gone, &new.iter().collect::<Vec<_>>(), at).await?;
                changed.push(workspace_id);
            }
        }
        Ok(changed)
    }

    /// Gives every workspace that has no store one, and all of them the tuples that their rows say.
    pub(crate) async fn derive_all(&mut self, now: Millis) -> Result<(), StorageError> {
        let sql = "SELECT w.id, w.slug FROM workspaces w WHERE NOT EXISTS \
                   (SELECT 1 FROM stores s WHERE s.workspace_id = w.id)";
        let without: Vec<(Uuid, String)> = rows!(self, sql);
        for (id, slug) in without {
            self.insert_store_of_workspace(id, &slug, now).await?;
        }
        let all: Vec<(Uuid,)> = rows!(self, "SELECT id FROM workspaces");
        for (id,) in all {
            self.touch(id, Scope::All, now);
        }
        Ok(())
    }

    /// Makes a workspace's store, with a model in which only the built-in types are.
    pub(crate) async fn insert_store_of_workspace(
        &mut self,
        workspace_id: Uuid,
        slug: &str,
        now: Millis,
    ) -> Result<(), StorageError> {
        // As random as the workspace's id, and as old as the store.
        let id = ulid::Ulid::from_parts(u64::try_from(now).unwrap_or_default(), workspace_id.as_u128()).to_string();
        let sql = "INSERT INTO stores (id, name, workspace_id, revision, tuple_count, created_at, updated_at) \
                   VALUES ($1, $2, $3, 0, 0, $4, $4) RETURNING number";
        let number: i64 = on!(self, db => sqlx::query_scalar(sql)
            .bind(&id)
            .bind(slug)
            .bind(workspace_id)
            .bind(now)
            .fetch_one(db));
        let none = r#"{"schema_version":"1.1","type_definitions":[]}"#;
        self.insert_authorization_model(number, &id, none, now).await
    }

    /// A user's row, so that nobody closes or opens the account until this transaction has ended: who does finds the
    /// memberships that it made, or was first.
    async fn hold_account(&mut self, user_id: Uuid) -> Result<(), StorageError> {
        const SQL: &str = "SELECT 1 FROM users WHERE id = $1";
        let sql = self.either(SQL, concatcp!(SQL, " FOR NO KEY UPDATE"));
        execute!(self, sql, user_id);
        Ok(())
    }

    /// A workspace's store, whose writes wait from here on until this transaction has ended.
    async fn lock_store_of_workspace(&mut self, workspace_id: Uuid) -> Result<Option<PolicyStore>, StorageError> {
        const SELECT: &str = concatcp!("SELECT ", STORE_COLUMNS, " FROM stores WHERE workspace_id = $1");
        let sql = self.either(SELECT, concatcp!(SELECT, " FOR UPDATE"));
        Ok(on!(self, db => sqlx::query_as(sql).bind(workspace_id).fetch_optional(db)))
    }

    /// What the rows say, as far as it is in the scope.
    async fn said(&mut self, of: Uuid, scope: &Scope, said: &mut BTreeSet<TupleName>) -> Result<(), StorageError> {
        let mut roles: Vec<(Uuid, WorkspaceRole)> = Vec::new();
        let mut members: Vec<(Uuid, Uuid)> = Vec::new();
        let mut nested: Vec<(Uuid, Uuid)> = Vec::new();
        let mut resources: Vec<ResourceRow> = Vec::new();
        let mut shares: Vec<ShareRow> = Vec::new();
        match scope {
            Scope::Role(user) => roles = rows!(self, concatcp!(ROLES, " AND m.user_id = $2"), of, user),
            Scope::User(user) => {
                roles = rows!(self, concatcp!(ROLES, " AND m.user_id = $2"), of, user);
                members = rows!(self, concatcp!(GROUP_MEMBERS, " AND g.user_id = $2"), of, user);
                shares = rows!(self, concatcp!(SHARES, " AND s.user_id = $2"), of, user);
                let owned: Vec<ResourceRow> = rows!(self, concatcp!(RESOURCES, " AND r.owner_id = $2"), of, user);
                // What else is said of it does not name its owner.
                said.extend(owned.iter().filter_map(|row| Some(built_in::owner(&row.name(), row.owner_id?))));
            }
            Scope::GroupMember(group, user) => {
                let sql = concatcp!(GROUP_MEMBERS, " AND g.group_id = $2 AND g.user_id = $3");
                members = rows!(self, sql, of, group, user);
            }
            Scope::GroupInGroup(group, member) => {
                let sql = concatcp!(GROUPS_IN_GROUPS, " AND n.group_id = $2 AND n.member_group_id = $3");
                nested = rows!(self, sql, of, group, member);
            }
            Scope::Group(group) => {
                nested = rows!(self, concatcp!(GROUPS_IN_GROUPS, " AND n.group_id = $2"), of, group);
                let within: Vec<(Uuid, Uuid)> =
                    rows!(self, concatcp!(GROUPS_IN_GROUPS, " AND n.member_group_id = $2"), of, group);
                nested.extend(within);
                members = rows!(self, concatcp!(GROUP_MEMBERS, " AND g.group_id = $2"), of, group);
                shares = rows!(self, concatcp!(SHARES, " AND s.group_id = $2"), of, group);
            }
            Scope::Resource(id, _) => {
                resources = rows!(self, concatcp!(RESOURCES, " AND r.id = $2"), of, id);
                shares = rows!(self, concatcp!(SHARES, " AND s.permission_id = $2"), of, id);
            }
            Scope::Share(id, _, grantee) => {
                let sql = concatcp!(SHARES, " AND s.permission_id = $2 AND (s.user_id = $3 OR s.group_id = $4)");
                let (user, group) = grantee.columns();
                shares = rows!(self, sql, of, id, user, group);
            }
            Scope::All => {
                roles = rows!(self, ROLES, of);
                members = rows!(self, GROUP_MEMBERS, of);
                nested = rows!(self, GROUPS_IN_GROUPS, of);
                resources = rows!(self, RESOURCES, of);
                shares = rows!(self, SHARES, of);
            }
        }
        said.extend(roles.into_iter().map(|(user, role)| built_in::role(of, user, role)));
        said.extend(members.into_iter().map(|(group, user)| built_in::group_member(group, user)));
        said.extend(nested.into_iter().map(|(group, member)| built_in::group_in_group(group, member)));
        for row in resources {
            let name = row.name();
            said.extend(row.owner_id.map(|owner| built_in::owner(&name, owner)));
            said.extend((row.visibility == Visibility::Workspace).then(|| built_in::shown(&name, of)));
            said.insert(built_in::within(&name, of));
        }
        for row in shares {
            let grantee = row.user_id.map(Grantee::User).or(row.group_id.map(Grantee::Group));
            let name = named(&row.service_name, &row.resource_type, row.resource_id);
            said.extend(grantee.map(|grantee| built_in::shared(&name, row.permission, grantee)));
        }
        Ok(())
    }

    /// The tuples in the scope. Where what they name is no longer there, also those that are not built in: none of them
    /// may come to mean someone or something else.
    async fn found(
        &mut self,
        store: &PolicyStore,
        of: Uuid,
        scope: &Scope,
        found: &mut BTreeSet<TupleName>,
    ) -> Result<(), StorageError> {
        const OBJECT: &str = concatcp!(TUPLES, " AND object_type = $2 AND object_id = $3");
        const BETWEEN: &str = concatcp!(OBJECT, " AND subject = $4");
        let number = store.number;
        let mut there: Vec<TupleName> = Vec::new();
        match scope {
            Scope::Role(user) => {
                there = rows!(self, BETWEEN, number, "workspace", of.to_string(), built_in::user_name(*user));
            }
            Scope::User(user) => {
                let gone = self.member_role(of, *user).await?.is_none();
                self.naming(number, built_in::user_name(*user), gone, found).await?;
            }
            Scope::GroupMember(group, user) => {
                there = rows!(self, BETWEEN, number, "group", group.to_string(), built_in::user_name(*user));
            }
            Scope::GroupInGroup(group, member) => {
                let member = built_in::grantee_name(Grantee::Group(*member));
                there = rows!(self, BETWEEN, number, "group", group.to_string(), member);
            }
            Scope::Group(group) => {
                there = rows!(self, OBJECT, number, "group", group.to_string());
                let gone = self.group(of, *group).await?.is_none();
                let name = format!("group:{group}");
                for relation in GROUP_RELATIONS {
                    self.naming(number, format!("{name}#{relation}"), gone, found).await?;
                }
                self.naming(number, name, gone, found).await?;
            }
            Scope::Resource(id, name) => {
                there = rows!(self, OBJECT, number, "resource", name);
                if self.resource(*id).await?.is_none() {
                    let name = format!("resource:{name}");
                    for relation in RESOURCE_RELATIONS {
                        self.naming(number, format!("{name}#{relation}"), true, found).await?;
                    }
                    self.naming(number, name, true, found).await?;
                }
            }
            Scope::Share(_, name, grantee) => {
                there = rows!(self, BETWEEN, number, "resource", name, built_in::grantee_name(*grantee));
                there.retain(|tuple| tuple.relation.starts_with("shared_"));
            }
            Scope::All => {
                for of_type in BUILT_IN_TYPES {
                    let of_type: Vec<TupleName> =
                        rows!(self, concatcp!(TUPLES, " AND object_type = $2"), number, of_type);
                    there.extend(of_type);
                }
            }
        }
        found.extend(there);
        Ok(())
    }

    /// The tuples with this subject; those of a workspace's own types only with `all`.
    async fn naming(
        &mut self,
        store: i64,
        subject: String,
        all: bool,
        found: &mut BTreeSet<TupleName>,
    ) -> Result<(), StorageError> {
        let there: Vec<TupleName> = rows!(self, concatcp!(TUPLES, " AND subject = $2"), store, &subject);
        found.extend(there.into_iter().filter(|tuple| all || is_built_in(&tuple.object_type)));
        Ok(())
    }
}

fn plain(name: TupleName) -> NewTuple {
    NewTuple { name, condition: None, context: None, expires_at: None }
}

#[cfg(test)]
mod tests {
    use const_format::concatcp;

    use super::{GROUP_MEMBERS, GROUPS_IN_GROUPS, RESOURCES, ROLES, SHARES, TUPLES};
    use crate::plans::assert_indexes;

    #[tokio::test]
    async fn what_is_compared_has_its_index() {
        let (users, member) = ("sqlite_autoindex_users_1", "sqlite_autoindex_memberships_1");
        assert_indexes(concatcp!(ROLES, " AND m.user_id = $2"), &[member, users]).await;
        assert_indexes(concatcp!(GROUP_MEMBERS, " AND g.user_id = $2"), &["group_members_by_user", users]).await;
        let nested = "sqlite_autoindex_group_groups_1";
        assert_indexes(concatcp!(GROUPS_IN_GROUPS, " AND n.group_id = $2"), &[nested]).await;
        assert_indexes(concatcp!(GROUPS_IN_GROUPS, " AND n.member_group_id = $2"), &["group_groups_by_member"]).await;
        assert_indexes(concatcp!(RESOURCES, " AND r.owner_id = $2"), &["resources_of_owner", member, users]).await;
        // Of its unique indexes any leads to one row.
        let resource = "sqlite_autoindex_resources_";
        assert_indexes(concatcp!(RESOURCES, " AND r.id = $2"), &[resource, member, users]).await;
        assert_indexes(concatcp!(SHARES, " AND s.user_id = $2"), &["shares_by_user", resource, users]).await;
        assert_indexes(concatcp!(SHARES, " AND s.group_id = $2"), &["shares_by_group", resource, users]).await;
        assert_indexes(concatcp!(TUPLES, " AND subject = $2"), &["tuples_by_subject"]).await;
    }
}
