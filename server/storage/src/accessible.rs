//! Which resources a user may use, asked the other way round: not one by one but all at once, and of the rows. What is
//! answered to callers follows from the tuples of the workspace's store, which are compared with this.

use const_format::concatcp;
use uuid::Uuid;

use crate::columns::IdList;
use crate::connection::on;
use crate::{Connection, Permission, StorageError};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct AccessibleQuery<'a> {
    /// The workspace: nothing outside of it is accessible.
    pub workspace_id: Uuid,
    /// The scope.
    pub service_name: &'a str,
    /// The type of resource.
    pub resource_type: &'a str,
    /// Who asks. Their groups are read by the statement.
    pub user_id: Uuid,
    /// What they want to do.
    pub permission: Permission,
    /// Whether the user's role in the workspace lets them do it with what every member sees.
    pub by_visibility: bool,
    /// Most ids of the answer; all without one.
    pub limit: Option<u32>,
}

const OF: &str = "r.workspace_id = $1 AND r.service_name = $2 AND r.resource_type = $3";
const ENOUGH: &str = " AND ($5 OR s.permission = 'edit')";
/// The user's groups: those that they are in, and those that these are in.
const MINE: &str = "WITH RECURSIVE mine (group_id) AS (\
     SELECT g.group_id FROM group_members g WHERE g.workspace_id = $1 AND g.user_id = $4 \
     UNION SELECT n.group_id FROM mine CROSS JOIN group_groups n \
     WHERE n.workspace_id = $1 AND n.member_group_id = mine.group_id) ";
/// Each way has an index of its own: what is neither the user's nor shared with them is never looked at. The tables are
/// joined in the order written (`CROSS JOIN`), and the ids come as they are found, some twice: asked to order them, SQLite
/// walks through all resources of the type. They are answered in one row: a thousand rows cost it ten times as much.
const WAYS: &str = concatcp!(
    " FROM (SELECT r.resource_id FROM resources r WHERE ",
    OF,
    " AND r.owner_id = $4 \
     UNION ALL SELECT r.resource_id FROM resources r WHERE ",
    OF,
    " AND r.visibility = 'workspace' AND $6 \
     UNION ALL SELECT r.resource_id FROM shares s CROSS JOIN resources r \
     WHERE s.workspace_id = $1 AND s.user_id = $4",
    ENOUGH,
    " AND r.id = s.permission_id AND ",
    OF,
    " \
     UNION ALL SELECT r.resource_id FROM mine CROSS JOIN shares s CROSS JOIN resources r \
     WHERE s.workspace_id = $1 AND s.group_id = mine.group_id",
    ENOUGH,
    " AND r.id = s.permission_id AND ",
    OF,
    ") found"
);
/// All of a workspace's, as far as they are asked for.
const ALL: &str = concatcp!(" FROM (SELECT r.resource_id FROM resources r WHERE ", OF, " LIMIT $4) found");
/// An [`IdList`] of what is found.
const IDS_SQLITE: &str = "SELECT COALESCE(group_concat(hex(resource_id)), '')";
/// As [`IDS_SQLITE`].
const IDS_POSTGRES: &str = "SELECT COALESCE(string_agg(resource_id::text, ','), '')";

impl Connection {
    /// The services' own ids of the resources that the user owns, sees as a member or has been given, in order.
    ///
    /// # Errors
    /// As every statement: [`StorageError::Unavailable`], [`StorageError::Broken`].
    pub async fn accessible_resources(&mut self, query: &AccessibleQuery<'_>) -> Result<Vec<Uuid>, StorageError> {
        let sql = self.either(concatcp!(MINE, IDS_SQLITE, WAYS), concatcp!(MINE, IDS_POSTGRES, WAYS));
        let found: IdList = on!(self, db => sqlx::query_scalar(sql)
            .bind(query.workspace_id)
            .bind(query.service_name)
            .bind(query.resource_type)
            .bind(query.user_id)
            .bind(query.permission == Permission::View)
            .bind(query.by_visibility)
            .fetch_one(db));
        let mut ids = found.ids()?;
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(query.limit.map_or(usize::MAX, |limit| limit as usize));
        Ok(ids)
    }

    /// The services' own ids of the `limit` resources of a type in a workspace, in no order: for who may use them all.
    ///
    /// # Errors
    /// As every statement.
    pub async fn workspace_resources(
        &mut self,
        workspace_id: Uuid,
        service_name: &str,
        resource_type: &str,
        limit: u32,
    ) -> Result<Vec<Uuid>, StorageError> {
        let sql = self.either(concatcp!(IDS_SQLITE, ALL), concatcp!(IDS_POSTGRES, ALL));
        let found: IdList = on!(self, db => sqlx::query_scalar(sql)
            .bind(workspace_id)
            .bind(service_name)
            .bind(resource_type)
            .bind(i64::from(limit))
            .fetch_one(db));
        found.ids()
    }
}

#[cfg(test)]
mod tests {
    use const_format::concatcp;

    use super::{IDS_SQLITE, MINE, WAYS};
    use crate::plans::assert_plan;

    #[tokio::test]
    async fn each_way_has_its_index() {
        let indexes = [
            "resources_by_owner",
            "resources_by_visibility",
            "shares_by_user",
            "sqlite_autoindex_resources_3",
            "group_members_by_user",
            "group_groups_by_member",
            "shares_by_group",
            "sqlite_autoindex_resources_3",
        ];
        assert_plan(concatcp!(MINE, IDS_SQLITE, WAYS), &indexes).await;
    }
}
