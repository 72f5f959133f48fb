//! What of a resource has been given to whom.

use const_format::concatcp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::connection::{affected, on};
use crate::derived::Scope;
use crate::{Connection, Millis, Permission, StorageError, Transaction};

/// Who can be given something: a member or a group of the resource's workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grantee {
    /// A member.
    User(Uuid),
    /// A group, and so its members.
    Group(Uuid),
}

impl Grantee {
    /// The user's id; the group's.
    pub(crate) fn columns(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::User(id) => (Some(id), None),
            Self::Group(id) => (None, Some(id)),
        }
    }
}

/// A share of a resource, with the names that people know its grantee by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its id.
    pub id: Uuid,
    /// The id of the resource's record.
    pub permission_id: Uuid,
    /// Who has it.
    pub grantee: Grantee,
    /// What it allows.
    pub permission: Permission,
    /// Who gave it.
    pub granted_by: Option<Uuid>,
    /// When.
    pub granted_at: Millis,
    /// The user's or the group's name.
    pub grantee_name: String,
    /// The user's e-mail address.
    pub grantee_email: Option<String>,
}

/// What a share begins with.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs, reason = "as in Share")]
pub struct NewShare {
    pub id: Uuid,
    pub permission_id: Uuid,
    pub grantee: Grantee,
    pub permission: Permission,
    pub granted_by: Option<Uuid>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    permission_id: Uuid,
    user_id: Option<Uuid>,
    group_id: Option<Uuid>,
    permission: Permission,
    granted_by: Option<Uuid>,
    granted_at: Millis,
    name: String,
    email: Option<String>,
}

impl Row {
    /// `None` cannot be: the schema demands one of the two.
    fn share(self) -> Option<Share> {
        Some(Share {
            id: self.id,
            permission_id: self.permission_id,
            grantee: self.user_id.map(Grantee::User).or(self.group_id.map(Grantee::Group))?,
            permission: self.permission,
            granted_by: self.granted_by,
            granted_at: self.granted_at,
            grantee_name: self.name,
            grantee_email: self.email,
        })
    }
}

/// At most one is the grantee's: the other parameter is NULL, which nothing equals.
const OF: &str = " WHERE permission_id = $1 AND (user_id = $2 OR group_id = $3)";

impl Connection {
    /// A resource's shares, the oldest first.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn shares(&mut self, permission_id: Uuid) -> Result<Vec<Share>, StorageError> {
        let sql = "SELECT s.id, s.permission_id, s.user_id, s.group_id, s.permission, s.granted_by, s.granted_at, \
                   COALESCE(u.name, g.name) AS name, u.email FROM shares s LEFT JOIN users u ON u.id = s.user_id \
                   LEFT JOIN groups g ON g.id = s.group_id WHERE s.permission_id = $1 ORDER BY s.granted_at, s.id";
        let rows: Vec<Row> = on!(self, db => sqlx::query_as(sql).bind(permission_id).fetch_all(db));
        Ok(rows.into_iter().filter_map(Row::share).collect())
    }
}

impl Transaction {
    /// Shares a resource.
    ///
    /// # Errors
    /// [`StorageError::Conflict`] where the grantee has a share of it, [`StorageError::Reference`] where there is no such
    /// resource, or the grantee is not of its workspace.
    pub async fn insert_share(&mut self, share: &NewShare, now: Millis) -> Result<(), StorageError> {
        let sql = "INSERT INTO shares (id, permission_id, workspace_id, user_id, group_id, permission, granted_by, granted_at) \
                   SELECT $1, r.id, r.workspace_id, $3, $4, $5, $6, $7 FROM resources r WHERE r.id = $2";
        let (user_id, group_id) = share.grantee.columns();
        let made = affected!(self, db => sqlx::query(sql)
            .bind(share.id)
            .bind(share.permission_id)
            .bind(user_id)
            .bind(group_id)
            .bind(share.permission)
            .bind(share.granted_by)
            .bind(now)
            .execute(db));
        if made == 0 {
            return Err(StorageError::Reference);
        }
        self.touch_share(share.permission_id, share.grantee, now).await
    }

    /// Changes what a grantee's share allows. False: the grantee has none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn set_share_permission(
        &mut self,
        permission_id: Uuid,
        grantee: Grantee,
        permission: Permission,
        granted_by: Option<Uuid>,
        now: Millis,
    ) -> Result<bool, StorageError> {
        let sql = concatcp!("UPDATE shares SET permission = $4, granted_by = $5, granted_at = $6", OF);
        let (user_id, group_id) = grantee.columns();
        let changed = affected!(self, db => sqlx::query(sql)
            .bind(permission_id)
            .bind(user_id)
            .bind(group_id)
            .bind(permission)
            .bind(granted_by)
            .bind(now)
            .execute(db));
        self.touch_share(permission_id, grantee, now).await?;
        Ok(changed > 0)
    }

    /// Takes a grantee's share back, and answers what it allowed. `None`: the grantee has none.
    ///
    /// # Errors
    /// As every statement.
    pub async fn delete_share(
        &mut self,
        permission_id: Uuid,
        grantee: Grantee,
        now: Millis,
    ) -> Result<Option<Permission>, StorageError> {
        let sql = concatcp!("DELETE FROM shares", OF, " RETURNING permission");
        let (user_id, group_id) = grantee.columns();
        let taken = on!(self, db => sqlx::query_scalar(sql)
            .bind(permission_id)
            .bind(user_id)
            .bind(group_id)
            .fetch_optional(db));
        self.touch_share(permission_id, grantee, now).await?;
        Ok(taken)
    }

    async fn touch_share(&mut self, permission_id: Uuid, grantee: Grantee, now: Millis) -> Result<(), StorageError> {
        if let Some(resource) = self.resource(permission_id).await? {
            self.touch(resource.workspace_id, Scope::share(&resource, grantee), now);
        }
        Ok(())
    }
}
