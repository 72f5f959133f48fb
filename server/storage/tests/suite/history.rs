//! What happens in workspaces, at random: members, groups, resources and shares come, change and go, in transactions of
//! which some fail and some are given up.

use sentinel_storage::{
    Coordinates, Grantee, NewGroup, NewResource, Permission, StorageError, Store, Transaction, Visibility,
    WorkspaceRole as Role,
};
use uuid::Uuid;

use crate::harness::{NOW, begin};
use crate::shares::share;
use crate::workspaces::named;

/// Kinds of resources: the second one with a colon, which no id of a tuple may have.
pub(crate) const KINDS: [(&str, &str); 3] = [("notes", "document"), ("notes", "file:pdf"), ("tasks", "document")];

/// A generator of numbers (Marsaglia's xorshift): the same history for the same seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Whom and what it may be about. The ids are known before the rows are there.
#[derive(Clone)]
pub(crate) struct Cast {
    pub(crate) workspaces: Vec<Uuid>,
    pub(crate) users: Vec<Uuid>,
    pub(crate) groups: Vec<Uuid>,
    /// Records and the coordinates that they would have.
    pub(crate) resources: Vec<(Uuid, Coordinates<'static>)>,
}

impl Cast {
    pub(crate) async fn new(store: &Store) -> Self {
        let users = crate::users::people(store, ["ada", "bob", "cyd", "dan", "eve"]).await.to_vec();
        let ids = |count: usize| (0..count).map(|_| Uuid::new_v4()).collect::<Vec<_>>();
        let resource = |at: usize| {
            let (service_name, resource_type) = KINDS[at % KINDS.len()];
            (Uuid::new_v4(), Coordinates { service_name, resource_type, resource_id: Uuid::new_v4() })
        };
        let cast = Self { workspaces: ids(2), users, groups: ids(4), resources: (0..9).map(resource).collect() };
        let mut db = begin(store).await;
        for at in 0..2 {
            cast.make_workspace(&mut db, at).await.unwrap();
        }
        db.commit().await.unwrap();
        cast
    }

    async fn make_workspace(&self, db: &mut Transaction, at: usize) -> Result<(), StorageError> {
        let slug = ["lab", "club"][at];
        db.insert_workspace(&sentinel_storage::NewWorkspace { id: self.workspaces[at], ..named(slug) }, NOW).await?;
        Ok(())
    }

    /// Up to three changes in one transaction. What fails has not happened, nor has what is given up.
    pub(crate) async fn something_happens(&self, store: &Store, random: &mut Random) {
        let mut db = begin(store).await;
        for _ in 0..=random.below(3) {
            if self.change(&mut db, random).await.is_err() {
                return;
            }
        }
        if random.below(10) > 0 {
            // Of two that wait for each other one may be undone by the database.
            drop(db.commit().await);
        }
    }

    async fn change(&self, db: &mut Transaction, random: &mut Random) -> Result<(), StorageError> {
        let at = random.below(self.workspaces.len());
        let (workspace, user) = (self.workspaces[at], random.one_of(&self.users));
        let (group, (record, coordinates)) = (random.one_of(&self.groups), random.one_of(&self.resources));
        let role = random.one_of(Role::ALL);
        let visibility = random.one_of(&[Visibility::Private, Visibility::Workspace]);
        let permission = random.one_of(&[Permission::View, Permission::Edit]);
        let grantee = random.one_of(&[Grantee::User(user), Grantee::Group(group)]);
        let other = random.one_of(&self.groups);
        match random.below(44) {
            0..=5 => db.insert_member(workspace, user, role, NOW).await?,
            6..=8 => drop(db.set_member_role(workspace, user, role, NOW).await?),
            9..=10 => drop(db.delete_member(workspace, user, NOW).await?),
            11..=13 => {
                let name = group.to_string();
                let new =
                    NewGroup { id: group, workspace_id: workspace, name: &name, description: None, created_by: None };
                db.insert_group(&new, NOW).await?;
            }
            14 => drop(db.delete_group(workspace, group, NOW).await?),
            15..=18 => db.insert_group_member(workspace, group, user, NOW).await?,
            19 => drop(db.delete_group_member(workspace, group, user, NOW).await?),
            20..=24 => {
                let new =
                    NewResource { id: record, at: coordinates, workspace_id: workspace, owner_id: user, visibility };
                db.insert_resource(&new, NOW).await?;
            }
            25..=26 => drop(db.set_resource_visibility(record, visibility, NOW).await?),
            27..=28 => drop(db.set_resource_owner(record, user, NOW).await?),
            29 => drop(db.delete_resource(record, NOW).await?),
            30..=34 => db.insert_share(&share(record, grantee, permission), NOW).await?,
            35 => drop(db.set_share_permission(record, grantee, permission, None, NOW).await?),
            36 => drop(db.delete_share(record, grantee, NOW).await?),
            37 => drop(db.set_user_active(user, false, NOW).await?),
            38 => drop(db.set_user_active(user, true, NOW).await?),
            39..=42 if group != other => db.insert_group_in_group(workspace, group, other, NOW).await?,
            43 => drop(db.delete_group_in_group(workspace, group, other, NOW).await?),
            _ if random.below(8) == 0 => {
                db.delete_workspace(workspace).await?;
                self.make_workspace(db, at).await?;
            }
            _ => {}
        }
        Ok(())
    }
}
